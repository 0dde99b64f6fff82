//! The steps, in the order in which nothing is open that was closed, and nothing runs before it is verified.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use exchange_groups::graph_client::{ClientId, ClientSecret, ExposeSecret as _, SecretString};
use exchange_groups::placeos::{CalendarCredentials, HandOver, StaffAccess, UserSignIn, ZoneMap};
use exchange_groups::{NewSecret, Proof, Verdict};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Options;
use crate::world::World;

/// What is shown: as text, and as one document.
#[derive(Default)]
struct Shown {
    text: String,
    document: serde_json::Map<String, Value>,
}

impl Shown {
    fn add(&mut self, title: &str, key: &str, value: &(impl Display + Serialize)) -> anyhow::Result<()> {
        writeln!(self.text, "== {title}\n{value}")?;
        self.document.insert(key.to_owned(), serde_json::to_value(value)?);
        Ok(())
    }

    fn say(&mut self, sentence: &str) {
        self.text.push_str(sentence);
        self.text.push('\n');
    }

    fn done(mut self, exit: u8, options: &Options) -> anyhow::Result<(u8, String)> {
        self.document.insert("exit".to_owned(), json!(exit));
        let shown = if options.json { serde_json::to_string_pretty(&self.document)? } else { self.text };
        Ok((exit, shown.trim_end().to_owned()))
    }
}

pub(crate) async fn onboard(world: &World, options: &Options) -> anyhow::Result<(u8, String)> {
    let mut shown = Shown::default();
    let registration = world.registration(options.another)?;
    let plan = world.groups.plan_registration(&registration).await?;
    shown.add("Application that reads rooms: plan", "registration_plan", &plan)?;
    if plan.is_blocked() {
        return shown.done(3, options);
    }
    if world.is_dry_run {
        return Box::pin(dry_run(world, shown, plan.application, options)).await;
    }
    let report = world.groups.apply_registration(&plan).await?;
    shown.add("Application that reads rooms", "registration", &report)?;
    let (Some(application), true) = (report.application, report.is_complete()) else {
        return shown.done(4, options);
    };

    // Restricted before its secret goes anywhere.
    let spec = world.spec(application)?;
    let plan = world.groups.plan(&spec).await?;
    shown.add("Restriction: plan", "plan", &plan)?;
    if plan.is_blocked() {
        return shown.done(3, options);
    }
    let applied = world.groups.apply(&plan).await?;
    shown.add("Restriction", "report", &applied)?;
    if !applied.is_complete() {
        return shown.done(4, options);
    }
    let Some(secret) = secret(world, report.secret, options).await? else {
        shown.say(
            "A secret of the name is valid already, and cannot be read again: give the file of the run that added it by \
             --secret-file, or remove the secret in Entra.",
        );
        return shown.done(3, options);
    };

    // Everything is made that runs nothing, while the restriction propagates.
    let hand_over = hand_over(world, application, Some(&secret))?;
    let prepared = hand_over.apply(&hand_over.plan(&hand_over.observe().await?)).await?;
    shown.add("PlaceOS, prepared", "prepared", &prepared)?;

    let groups = world.groups.clone().application(ClientSecret::new(application, secret.text.expose_secret()));
    let proof = groups.prove(&spec).wait_up_to(Duration::from_secs(options.wait * 60)).await?;
    shown.add("Verification", "proof", &proof)?;
    if !proof.is_verified() {
        shown.say("Nothing was started in PlaceOS.");
        return shown.done(exit_of(&proof), options);
    }
    let hand_over = hand_over.proof(proof);
    let plan = hand_over.plan(&hand_over.observe().await?);
    if plan.is_blocked() {
        shown.add("Hand-over: plan", "hand_over_plan", &plan)?;
        return shown.done(3, options);
    }
    let handed = hand_over.apply(&plan).await?;
    shown.add("Hand-over", "hand_over", &handed)?;
    let mut is_complete = handed.is_complete();

    if world.sign_in {
        let sign_in = sign_in(world);
        let report = sign_in.apply(&sign_in.plan().await?).await?;
        shown.add("Sign-in of people", "sign_in", &report)?;
        is_complete &= report.is_complete();
    }
    if let Some(sharing) = &world.sharing {
        let report = world.groups.apply_sharing(&world.groups.plan_sharing(&spec, sharing).await?).await?;
        shown.add("Concierge", "concierge", &report)?;
        is_complete &= report.is_complete();
    }
    let reconciliation = hand_over.reconcile(&hand_over.observe().await?);
    shown.add("Exchange, group and PlaceOS", "reconciliation", &reconciliation)?;
    is_complete &= reconciliation.is_agreed();
    shown.done(if is_complete { 0 } else { 4 }, options)
}

/// What would be done, as far as it can be said before the application is there.
async fn dry_run(
    world: &World,
    mut shown: Shown,
    application: Option<ClientId>,
    options: &Options,
) -> anyhow::Result<(u8, String)> {
    if let Some(application) = application {
        let spec = world.spec(application)?;
        let plan = world.groups.plan(&spec).await?;
        shown.add("Restriction: plan", "plan", &plan)?;
        let hand_over = hand_over(world, application, None)?;
        shown.add("Hand-over: plan", "hand_over_plan", &hand_over.plan(&hand_over.observe().await?))?;
        if let Some(sharing) = &world.sharing {
            shown.add("Concierge: plan", "concierge_plan", &world.groups.plan_sharing(&spec, sharing).await?)?;
        }
    } else {
        shown.say("The restriction and the hand-over are planned once the application is registered.");
    }
    if world.sign_in {
        shown.add("Sign-in of people: plan", "sign_in_plan", &sign_in(world).plan().await?)?;
    }
    shown.say("This was a dry run: nothing was changed.");
    shown.done(7, options)
}

/// The secret that PlaceOS gets, and the id by which it is told apart from others, where that is known.
struct Secret {
    text: SecretString,
    key_id: Option<String>,
}

/// The secret that was just added, or that of the run before this one.
async fn secret(world: &World, added: Option<NewSecret>, options: &Options) -> anyhow::Result<Option<Secret>> {
    if let Some(secret) = added {
        if let Some(file) = &options.secret_file {
            let lines = format!("{}\n{}\n", secret.secret.expose_secret(), secret.key_id);
            keep(file, &lines).with_context(|| format!("keep the secret in {}", file.display()))?;
        }
        world.groups.verify_secret(&secret).await?;
        return Ok(Some(Secret { text: secret.secret, key_id: Some(secret.key_id) }));
    }
    let Some(file) = options.secret_file.as_ref().filter(|file| file.exists()) else { return Ok(None) };
    let kept = std::fs::read_to_string(file).with_context(|| format!("read the secret from {}", file.display()))?;
    // The first line is the secret, the second its id.
    let mut lines = kept.lines().map(str::trim);
    let text = lines.next().unwrap_or_default().to_owned();
    Ok(Some(Secret { text: text.into(), key_id: lines.next().map(str::to_owned) }))
}

/// Writes a file that only its owner may read, and none over another.
fn keep(file: &std::path::Path, secret: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(file)?, secret.as_bytes())
}

fn hand_over(world: &World, application: ClientId, secret: Option<&Secret>) -> anyhow::Result<HandOver> {
    let spec = world.spec(application)?;
    let mut hand_over = HandOver::new(world.groups.clone(), world.placeos.clone(), spec)
        .staff_access(StaffAccess::Delegated)
        .conference_type("teamsForBusiness")
        .zones(ZoneMap::new().create_missing(true));
    if let Some(domain) = &world.domain {
        hand_over = hand_over.domain(domain);
    }
    if let Some(Secret { text, key_id }) = secret {
        let credentials = CalendarCredentials::new(world.tenant.clone(), application, text.clone());
        let credentials = key_id.iter().fold(credentials, CalendarCredentials::key_id);
        hand_over = hand_over.credentials(credentials);
    }
    Ok(hand_over)
}

fn sign_in(world: &World) -> UserSignIn {
    let sign_in = UserSignIn::new(world.groups.clone(), world.placeos.clone(), world.tenant.clone());
    let sign_in = match &world.domain {
        Some(domain) => sign_in.domain(domain),
        None => sign_in,
    };
    let name = exchange_groups::Profile::PLACEOS.sign_in.map_or("secret", |profile| profile.secret_name);
    let half_a_year = Duration::from_secs(180 * 24 * 60 * 60);
    sign_in.registration(|it| it.secret(name, half_a_year))
}

fn exit_of(proof: &Proof) -> u8 {
    match proof.verdict {
        Verdict::Verified => 0,
        Verdict::Violated => 5,
        Verdict::NotPropagated => 8,
        _ => 6,
    }
}
