//! The steps, in the order in which nothing is open that was closed, and nothing runs before it is verified.

use std::fmt::{Display, Write as _};

use exchange_groups::graph_client::{ClientId, ClientSecret, ExposeSecret as _};
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
    let Some(secret) = report.secret else {
        shown.say("A secret of the name is valid already, and cannot be read again: the hand-over needs a new one.");
        return shown.done(3, options);
    };
    world.groups.verify_secret(&secret).await?;

    // Everything is made that runs nothing, while the restriction propagates.
    let hand_over = hand_over(world, application, Some(&secret))?;
    let prepared = hand_over.apply(&hand_over.plan(&hand_over.observe().await?)).await?;
    shown.add("PlaceOS, prepared", "prepared", &prepared)?;

    let credential = ClientSecret::new(application, secret.secret.expose_secret());
    let groups = world.groups.clone().application(credential);
    let proof = groups.prove(&spec).await?;
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
        let sign_in = sign_in(world, secret.end.is_some());
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
        shown.add("Sign-in of people: plan", "sign_in_plan", &sign_in(world, true).plan().await?)?;
    }
    shown.say("This was a dry run: nothing was changed.");
    shown.done(7, options)
}

fn hand_over(world: &World, application: ClientId, secret: Option<&NewSecret>) -> anyhow::Result<HandOver> {
    let spec = world.spec(application)?;
    let mut hand_over = HandOver::new(world.groups.clone(), world.placeos.clone(), spec)
        .staff_access(StaffAccess::Delegated)
        .conference_type("teamsForBusiness")
        .zones(ZoneMap::new().create_missing(true));
    if let Some(domain) = &world.domain {
        hand_over = hand_over.domain(domain);
    }
    if let Some(secret) = secret {
        hand_over = hand_over.credentials(CalendarCredentials::of(world.tenant.clone(), secret));
    }
    Ok(hand_over)
}

fn sign_in(world: &World, with_secret: bool) -> UserSignIn {
    let sign_in = UserSignIn::new(world.groups.clone(), world.placeos.clone(), world.tenant.clone());
    let sign_in = match &world.domain {
        Some(domain) => sign_in.domain(domain),
        None => sign_in,
    };
    let name = exchange_groups::Profile::PLACEOS.sign_in.map_or("secret", |profile| profile.secret_name);
    let half_a_year = std::time::Duration::from_secs(180 * 24 * 60 * 60);
    if with_secret { sign_in.registration(|it| it.secret(name, half_a_year)) } else { sign_in }
}

fn exit_of(proof: &Proof) -> u8 {
    match proof.verdict {
        Verdict::Verified => 0,
        Verdict::Violated => 5,
        Verdict::NotPropagated => 8,
        _ => 6,
    }
}
