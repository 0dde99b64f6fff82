//! What is run: plans, procedures and proofs, the rotation of a secret, and an application from its registration on.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange_groups::graph_client::{ClientId, ClientSecret, ExposeSecret as _};
use exchange_groups::{
    ErrorKind, ExchangeGroups, Goal, NewSecret, Registration, RestrictedCalendarGroup, Result, Stop,
};
use exchange_groups_tests::{Contoso, credential, quick_retries, quick_wait};
use fake_tenant::FakeTenant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The secret that a rotation adds.
const NEW: &str = "PlaceOS 2026-11";

/// How one run ended.
#[derive(Debug)]
pub(super) enum End {
    Complete,
    /// It says that something is not done, or not verified.
    Reported(String),
    Failed(String),
    /// The process was gone.
    Gone,
}

impl End {
    fn of(is_complete: bool, said: &impl fmt::Display) -> Self {
        if is_complete { Self::Complete } else { Self::Reported(said.to_string()) }
    }

    /// What whoever ran it has read.
    fn said(&self) -> &str {
        match self {
            Self::Complete | Self::Gone => "",
            Self::Reported(said) | Self::Failed(said) => said,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Reported(_) => f.write_str("something is not done"),
            Self::Failed(error) => write!(f, "error: {error}"),
            Self::Gone => f.write_str("gone"),
        }
    }
}

/// Where whoever runs it keeps a secret that was added: the place outlives the process.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<NewSecret>>>);

impl Kept {
    fn put(&self, secret: &NewSecret) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret.clone());
    }

    fn get(&self) -> Option<NewSecret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A rotation as the guide has it.
#[derive(Clone)]
pub(super) struct Rotation {
    application: ClientId,
    /// The key id of the secret that the product has until the new one is handed over.
    old: String,
    kept: Kept,
    is_handed_over: Arc<AtomicBool>,
}

impl Rotation {
    pub(super) fn of(contoso: &Contoso) -> Self {
        let old = contoso.tenant.secrets(&contoso.booking).swap_remove(0).key_id;
        let application = contoso.booking.client_id.parse().expect("a client id");
        Self { application, old, kept: Kept::default(), is_handed_over: Arc::default() }
    }

    async fn run(&self, groups: &ExchangeGroups) -> Result<End> {
        let new = match self.kept.get() {
            Some(new) => new,
            None => self.add(groups).await?,
        };
        groups.verify_secret(&new).await?;
        self.is_handed_over.store(true, Ordering::SeqCst);
        let there = groups.credentials(self.application, DAY).await?;
        if there.credentials.iter().any(|it| it.key_id.as_ref() == Some(&self.old)) {
            groups.remove_secret(self.application, &self.old).await?;
        }
        Ok(End::Complete)
    }

    async fn add(&self, groups: &ExchangeGroups) -> Result<NewSecret> {
        let added = match groups.add_secret(self.application, NEW, 90 * DAY).await {
            // The rotation that added it has lost it: it begins anew, as the advice says.
            Err(error) if error.kind() == ErrorKind::Blocked => {
                let there = groups.credentials(self.application, DAY).await?;
                for lost in there.credentials.iter().filter(|it| it.name.as_deref() == Some(NEW)) {
                    groups.remove_secret(self.application, lost.key_id.as_deref().unwrap_or_default()).await?;
                }
                groups.add_secret(self.application, NEW, 90 * DAY).await?
            }
            added => added?,
        };
        self.kept.put(&added);
        Ok(added)
    }

    /// The product can sign in at every moment.
    pub(super) fn locks_out(&self, tenant: &FakeTenant) -> bool {
        let has_old = tenant.secrets(self.application.to_string()).iter().any(|it| it.key_id == self.old);
        !has_old && !self.is_handed_over.load(Ordering::SeqCst)
    }
}

/// An application that is registered, consented to, and restricted before its secret goes anywhere.
pub(super) struct Onboarding {
    registration: Registration,
    spec: Box<dyn Fn(ClientId) -> RestrictedCalendarGroup + Send + Sync>,
    kept: Kept,
}

impl Onboarding {
    pub(super) fn new(
        registration: Registration,
        spec: impl Fn(ClientId) -> RestrictedCalendarGroup + Send + Sync + 'static,
    ) -> Self {
        Self {
            registration: registration.secret("PlaceOS rooms", 180 * DAY),
            spec: Box::new(spec),
            kept: Kept::default(),
        }
    }

    async fn run(&self, groups: &ExchangeGroups, stop: &Stop) -> Result<End> {
        let plan = groups.plan_registration(&self.registration).await?;
        let report = groups.apply_registration(&plan).await?;
        if let Some(secret) = &report.secret {
            self.kept.put(secret);
        }
        let (Some(application), true) = (report.application, report.is_complete()) else {
            return Ok(End::Reported(format!("{plan}\n{report}")));
        };
        let secret = if let Some(secret) = self.kept.get() {
            secret
        } else {
            // One is there that nobody has. The finding says what to do about it.
            let another = groups.add_secret(application, NEW, 180 * DAY).await?;
            self.kept.put(&another);
            another
        };
        for lost in groups.credentials(application, DAY).await?.credentials {
            if let Some(key_id) = lost.key_id.filter(|it| *it != secret.key_id) {
                groups.remove_secret(application, &key_id).await?;
            }
        }
        let plan = groups.plan(&(self.spec)(application)).await?;
        let report = groups.apply(&plan).stopped_by(stop).await?;
        if report.is_complete() {
            groups.verify_secret(&secret).await?;
        }
        Ok(End::of(report.is_complete(), &report))
    }
}

pub(super) enum Work {
    Apply(RestrictedCalendarGroup),
    Carry(Goal),
    Prove(RestrictedCalendarGroup),
    Rotate(Rotation),
    Onboard(Onboarding),
}

impl Work {
    pub(super) async fn run(&self, groups: &ExchangeGroups, stop: &Stop) -> Result<End> {
        Ok(match self {
            Self::Apply(spec) => {
                let plan = groups.plan(spec).await?;
                let report = groups.apply(&plan).stopped_by(stop).await?;
                End::of(report.is_complete(), &report)
            }
            Self::Carry(goal) => {
                let procedure = groups.procedure(goal.clone()).await?;
                let report = groups.carry_out(&procedure).stopped_by(stop).await?;
                End::of(report.is_complete(), &report)
            }
            Self::Prove(spec) => {
                let proof = groups.prove(spec).stopped_by(stop).await?;
                End::of(proof.is_verified(), &proof)
            }
            Self::Rotate(rotation) => rotation.run(groups).await?,
            Self::Onboard(onboarding) => onboarding.run(groups, stop).await?,
        })
    }

    fn kept(&self) -> Option<NewSecret> {
        match self {
            Self::Rotate(Rotation { kept, .. }) | Self::Onboard(Onboarding { kept, .. }) => kept.get(),
            Self::Apply(_) | Self::Carry(_) | Self::Prove(_) => None,
        }
    }

    /// A client that was not there before, a new process, with the secret that the product has by now.
    pub(super) fn groups(&self, contoso: &Contoso) -> ExchangeGroups {
        // What is not there after two looks is taken for not made: real seconds pass in between.
        let retry = quick_retries().with_max_elapsed(Duration::from_secs(4));
        let groups = ExchangeGroups::new(contoso.new_client_that_retries(retry)).wait(quick_wait());
        groups.application(match self.kept() {
            Some(kept) => ClientSecret::new(kept.application, kept.secret.expose_secret()),
            None => credential(&contoso.booking),
        })
    }

    /// What a proof shows at the end of an onboarding.
    pub(super) fn onboarded(&self) -> Option<RestrictedCalendarGroup> {
        let Self::Onboard(onboarding) = self else { return None };
        Some((onboarding.spec)(self.kept()?.application))
    }

    /// Whether a secret that was made is lost, and nobody was told that there may be one.
    pub(super) fn loses(&self, tenant: &FakeTenant, application: &str, end: &End) -> bool {
        let old = match self {
            Self::Rotate(rotation) => Some(&rotation.old),
            Self::Onboard(_) => None,
            Self::Apply(_) | Self::Carry(_) | Self::Prove(_) => return false,
        };
        if matches!(end, End::Gone) || tenant.application(application).is_none() {
            return false;
        }
        let kept = self.kept().map(|it| it.key_id);
        let secrets = tenant.secrets(application).into_iter().map(|it| it.key_id);
        let is_lost = secrets.filter(|it| Some(it) != old && Some(it) != kept.as_ref()).count() > 0;
        is_lost && !end.said().contains("may have happened") && !end.said().contains("is valid already")
    }

    /// What is wrong with the application and its secrets, once it is done.
    pub(super) async fn faults(&self, contoso: &Contoso, application: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if let Self::Rotate(_) | Self::Onboard(_) = self {
            let kept = self.kept().map(|it| (it.key_id.clone(), it.secret.expose_secret().to_owned()));
            let there: Vec<_> =
                contoso.tenant.secrets(application).into_iter().map(|it| (it.key_id, it.text)).collect();
            if there.len() != 1 || there.first() != kept.as_ref() {
                faults.push(format!("{} secrets are there at the end, and one is meant, that was kept", there.len()));
            }
        }
        if let Self::Onboard(onboarding) = self {
            match self.groups(contoso).observe_registration(&onboarding.registration).await {
                Ok(facts) if facts.of_name.len() == 1 => {}
                Ok(facts) => faults.push(format!("applications of the name: {:?}", facts.of_name)),
                Err(error) => faults.push(format!("the registration is not read: {error}")),
            }
        }
        faults
    }
}
