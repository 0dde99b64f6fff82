//! The credentials of the restricted application: what expires when, and the steps of a rotation.

use std::fmt;
use std::time::{Duration, SystemTime};

use graph_client::exchange::Wait;
use graph_client::graph::{Applications, NewPassword, PasswordCredential, Timestamp};
use graph_client::{Client, ClientId, ClientSecret, ExposeSecret as _, SecretString, Service, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use tracing::Instrument as _;

use crate::document::whole_seconds;
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::text::count;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest life of a secret and of a certificate by `ScubaGear` (5.6v1 and 5.7v1).
const LONGEST_SECRET: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const LONGEST_CERTIFICATE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The number by which sign-in refuses a secret that is wrong, or too new to be known everywhere.
const WRONG_SECRET: u32 = 7_000_215;

/// The secrets and certificates of an application, and what is to be said of them at one moment. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credentials {
    /// The application.
    pub application: ClientId,
    /// Its name.
    pub name: Option<String>,
    /// When it was looked at.
    pub at: Timestamp,
    /// Its secrets and certificates: what expires first comes first.
    pub credentials: Vec<Credential>,
    /// What is to be said of them all.
    pub states: Vec<CredentialState>,
}

/// A secret or certificate. The secret itself cannot be read.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credential {
    /// The id by which it is removed.
    pub key_id: Option<String>,
    /// The name that administrators see.
    pub name: Option<String>,
    /// What it is.
    pub kind: CredentialKind,
    /// From when it is valid.
    pub start: Option<Timestamp>,
    /// Until when it is valid.
    pub end: Option<Timestamp>,
    /// The whole days that are left; negative once it has expired.
    pub days_left: Option<i64>,
    /// What is to be said of it.
    pub states: Vec<CredentialState>,
}

named! {
    /// What a credential is.
    #[non_exhaustive]
    pub enum CredentialKind as "kind of credential" {
        /// A client secret.
        Secret = "secret",
        /// A certificate.
        Certificate = "certificate",
    }
}

named! {
    /// What is to be said of a credential, or of all.
    #[non_exhaustive]
    pub enum CredentialState as "state" {
        /// It has expired.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not_yet_valid",
        /// It is a key for something else than to sign in with, such as to encrypt tokens.
        NotForSignIn = "not_for_sign_in",
        /// It expires soon.
        ExpiresSoon = "expires_soon",
        /// Until when it is valid is not shown.
        NoEnd = "no_end",
        /// It lives for longer than reviewers accept: 180 days for a secret, 365 for a certificate.
        LongLived = "long_lived",
        /// It is valid: nothing is to be said.
        Valid = "valid",
        /// The application has no credential that is valid.
        NoneValid = "none_valid",
        /// More than two secrets are valid: a rotation needs two, and no more.
        TooMany = "too_many",
        /// It has certificates alone, which a product that takes a secret cannot use.
        CertificatesOnly = "certificates_only",
    }
}

impl Credentials {
    /// The credentials that the application can sign in with now.
    pub fn valid(&self) -> impl Iterator<Item = &Credential> {
        use CredentialState::{Expired, NotForSignIn, NotYetValid};
        let is_in_force =
            |it: &&Credential| !it.states.iter().any(|state| [Expired, NotYetValid, NotForSignIn].contains(state));
        self.credentials.iter().filter(is_in_force)
    }

    fn valid_secrets(&self) -> impl Iterator<Item = &Credential> {
        self.valid().filter(|it| it.kind == CredentialKind::Secret)
    }

    /// The days until the first credential that is valid expires; for a metric.
    #[must_use]
    pub fn days_to_first_expiry(&self) -> Option<i64> {
        self.valid().filter_map(|it| it.days_left).min()
    }

    fn judge(
        application: ClientId,
        name: Option<String>,
        mut found: Vec<Credential>,
        now: SystemTime,
        soon: Duration,
    ) -> Self {
        for credential in &mut found {
            let time = |time: &Option<Timestamp>| time.as_ref().and_then(Timestamp::to_system_time);
            let (start, end) = (time(&credential.start), time(&credential.end));
            credential.days_left = end.map(|end| days_between(now, end));
            // What is no key to sign in with was noted when it was read.
            let mut states = std::mem::take(&mut credential.states);
            if start.is_some_and(|start| start > now) {
                states.push(CredentialState::NotYetValid);
            }
            match end {
                None => states.push(CredentialState::NoEnd),
                Some(end) if end <= now => states.push(CredentialState::Expired),
                Some(end) if end <= now + soon => states.push(CredentialState::ExpiresSoon),
                Some(_) => {}
            }
            let longest = match credential.kind {
                CredentialKind::Secret => LONGEST_SECRET,
                CredentialKind::Certificate => LONGEST_CERTIFICATE,
            };
            // A day more is what the portal makes of the same number of days.
            if let (Some(start), Some(end)) = (start, end)
                && end.duration_since(start).is_ok_and(|life| life > longest + DAY)
            {
                states.push(CredentialState::LongLived);
            }
            if states.is_empty() {
                states.push(CredentialState::Valid);
            }
            credential.states = states;
        }
        found.sort_by_key(|it| (it.days_left.is_none(), it.days_left));
        let mut credentials =
            Self { application, name, at: whole_seconds(now).into(), credentials: found, states: Vec::new() };
        let is = |kind| credentials.valid().filter(move |it| it.kind == kind).count();
        let (secrets, certificates) = (is(CredentialKind::Secret), is(CredentialKind::Certificate));
        let mut states = Vec::new();
        match (secrets, certificates) {
            (0, 0) => states.push(CredentialState::NoneValid),
            (0, _) => states.push(CredentialState::CertificatesOnly),
            (3.., _) => states.push(CredentialState::TooMany),
            _ => {}
        }
        credentials.states = states;
        credentials
    }
}

fn days_between(now: SystemTime, end: SystemTime) -> i64 {
    let days = |life: Duration| i64::try_from(life.as_secs() / DAY.as_secs()).unwrap_or(i64::MAX);
    match end.duration_since(now) {
        Ok(left) => days(left),
        Err(since) => -1 - days(since.duration()),
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("(without a name)");
        writeln!(f, "Credentials of {}, client id {}", printable(name), self.application)?;
        for it in &self.credentials {
            let states: Vec<&str> = it.states.iter().map(|state| state.as_str()).collect();
            let left = match it.days_left {
                Some(days @ 0..) => format!("{} left", count(usize::try_from(days).unwrap_or_default(), "day")),
                Some(_) => "expired".to_owned(),
                None => "no end shown".to_owned(),
            };
            let name = it.name.as_deref().unwrap_or("without a name");
            writeln!(f, "  {} \"{}\": {left} ({})", it.kind, printable(name), states.join(", "))?;
        }
        for state in &self.states {
            writeln!(f, "  {}", state.as_str().replace('_', " "))?;
        }
        Ok(())
    }
}

/// A secret that was just added. It is nowhere else: hand it over, and drop it.
///
/// `Debug` does not show it, and it does not serialise.
#[derive(Clone)]
pub struct NewSecret {
    /// The application.
    pub application: ClientId,
    /// The id by which it is removed.
    pub key_id: String,
    /// Until when it is valid.
    pub end: Option<Timestamp>,
    /// The secret.
    pub secret: SecretString,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret")
            .field("application", &self.application)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The credentials of an application, judged now.
pub(crate) async fn read_credentials(client: &Client, application: ClientId, soon: Duration) -> Result<Credentials> {
    let found = client.applications().get(application).await;
    let found = found.map_err(Error::during("read the credentials of the application"))?;
    let secret = |it: PasswordCredential| Credential {
        key_id: it.key_id,
        name: it.display_name,
        kind: CredentialKind::Secret,
        start: it.start_date_time,
        end: it.end_date_time,
        days_left: None,
        states: Vec::new(),
    };
    let certificate = |it: graph_client::graph::KeyCredential| Credential {
        key_id: it.key_id,
        name: it.display_name,
        kind: CredentialKind::Certificate,
        start: it.start_date_time,
        end: it.end_date_time,
        days_left: None,
        // A public key verifies what the application signs when it signs in. Graph has no other usage for that.
        states: match it.usage.as_deref() {
            Some(usage) if !usage.eq_ignore_ascii_case("Verify") => vec![CredentialState::NotForSignIn],
            _ => Vec::new(),
        },
    };
    let mut credentials: Vec<Credential> = found.password_credentials.into_iter().map(secret).collect();
    credentials.extend(found.key_credentials.into_iter().map(certificate));
    Ok(Credentials::judge(application, found.display_name, credentials, SystemTime::now(), soon))
}

/// Adds a secret. Where no answer says whether it was made, nobody has its text: if it is there, it is taken away again.
pub(crate) async fn add_password(
    applications: &Applications,
    application: ClientId,
    name: &str,
    valid_for: Duration,
) -> graph_client::Result<NewSecret> {
    let now = whole_seconds(SystemTime::now());
    let end = now.checked_add(valid_for).unwrap_or(now);
    let error = match applications.add_password(application, name, Some(end)).await {
        Ok(NewPassword { key_id, end_date_time, secret, .. }) => {
            return Ok(NewSecret { application, key_id, end: end_date_time, secret });
        }
        Err(error) if error.is_outcome_unknown() => error,
        Err(error) => return Err(error),
    };
    let Ok(found) = applications.get(application).await else { return Err(error) };
    // By its end it is told from one that somebody else adds under the name.
    let ends = |it: &PasswordCredential| it.end_date_time.as_ref().and_then(Timestamp::to_system_time) == Some(end);
    let is_it = |it: &PasswordCredential| it.display_name.as_deref() == Some(name) && ends(it);
    let key_id = found.password_credentials.into_iter().find(is_it).and_then(|it| it.key_id);
    let Some(key_id) = key_id else { return Err(error) };
    match applications.remove_password(application, key_id).await {
        Ok(()) => Err(error.with_outcome_unknown(false)),
        Err(_) => Err(error),
    }
}

fn refused(message: String, advice: &str) -> Error {
    let finding = Finding::new(Severity::Blocking, FindingKind::ObsoletePermission, message, Advice::entra(advice));
    Error::blocked(vec![finding])
}

impl ExchangeGroups {
    /// The secrets and certificates of an application, and which of them expire within `soon`: 30 days are usual. Nothing
    /// is changed.
    ///
    /// # Permissions
    ///
    /// Graph: `Application.Read.All`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when they cannot be read: nothing is said of what was not read.
    pub async fn credentials(&self, application: ClientId, soon: Duration) -> Result<Credentials> {
        let span = tracing::info_span!("exchange_groups.credentials", %application, run_id = %uuid::Uuid::new_v4());
        read_credentials(&self.client, application, soon).instrument(span).await
    }

    /// Adds a secret: the first step of a rotation. The old one stays valid.
    ///
    /// The steps are: add one, [verify](Self::verify_secret) it here, hand it over to the product and see it used, then
    /// [remove](Self::remove_secret) the old one. A name that a valid secret has already is refused: running twice adds one.
    /// Where the response with the secret is lost, the secret is taken away again if it can be; if not, the error says that
    /// the change may have happened.
    ///
    /// # Permissions
    ///
    /// Graph: `Application.ReadWrite.OwnedBy` for an application that the caller owns, else `Application.ReadWrite.All`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when a valid secret has the name, or two are valid already;
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when Graph refuses.
    pub async fn add_secret(&self, application: ClientId, name: &str, valid_for: Duration) -> Result<NewSecret> {
        let credentials = read_credentials(&self.client, application, Duration::ZERO).await?;
        // One that becomes valid later belongs to a rotation as well.
        let is_live =
            |it: &&Credential| it.kind == CredentialKind::Secret && !it.states.contains(&CredentialState::Expired);
        let secrets: Vec<_> = credentials.credentials.iter().filter(is_live).collect();
        if secrets.iter().any(|it| it.name.as_deref() == Some(name)) {
            return Err(refused(
                format!("The application has a valid secret \"{}\" already", printable(name)),
                "Go on with the rotation that added it, or remove it and begin anew: the secret itself cannot be read again.",
            ));
        }
        if secrets.len() > 1 {
            return Err(refused(
                format!("The application has {} already", count(secrets.len(), "valid secret")),
                "Finish the rotation that added the last one: remove the secret that is not used any more.",
            ));
        }
        let added = add_password(&self.client.applications(), application, name, valid_for).await;
        added.map_err(Error::during("add a secret"))
    }

    /// Gets a token with a secret that was just added. That it is not known everywhere yet is waited for, and nothing else.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when sign-in refuses it for another reason, or until the wait ends.
    pub async fn verify_secret(&self, new: &NewSecret) -> Result<()> {
        let Wait { deadline, initial_interval, max_interval, .. } = self.wait.clone();
        let started = std::time::Instant::now();
        let mut interval = initial_interval;
        loop {
            let credential = ClientSecret::new(new.application, new.secret.expose_secret());
            match self.client.with_credential(credential).token_claims(Service::Graph).await {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let is_new = error.sign_in().is_some_and(|it| it.codes().contains(&WRONG_SECRET));
                    if !is_new || started.elapsed() + interval > deadline {
                        return Err(Error::of_service("get a token with the new secret", error));
                    }
                }
            }
            tokio::time::sleep(interval).await;
            interval = (interval * 2).min(max_interval);
        }
    }

    /// Removes a secret: the last step of a rotation, once the new one is seen to be used. Who still uses it cannot be
    /// asked: the sign-in log shows key ids, and a product holds its token for an hour. One that is not valid any more, or not
    /// yet, is removed without ado.
    ///
    /// # Permissions
    ///
    /// As [`add_secret`](Self::add_secret).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when it is the last secret that is valid now, certificates or not, or
    /// there is none of this id;
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when Graph refuses.
    pub async fn remove_secret(&self, application: ClientId, key_id: &str) -> Result<()> {
        let credentials = read_credentials(&self.client, application, Duration::ZERO).await?;
        let is_it = |it: &&Credential| it.key_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(key_id));
        if !credentials.credentials.iter().any(|it| is_it(&it) && it.kind == CredentialKind::Secret) {
            return Err(refused(
                format!("The application has no secret with the key id {}", printable(key_id)),
                "Read the credentials again: it may have been removed already.",
            ));
        }
        let is_valid = credentials.valid_secrets().any(|it| is_it(&it));
        if is_valid && credentials.valid_secrets().all(|it| is_it(&it)) {
            return Err(refused(
                "It is the last secret of the application that is valid now".to_owned(),
                "Add another one first, and hand it over: without one a product that takes a secret gets no token. If the \
                 product signs in with a certificate, remove the secret in Entra under Certificates & secrets.",
            ));
        }
        let removed = self.client.applications().remove_password(application, key_id).await;
        removed.map_err(Error::during("remove a secret"))
    }
}
