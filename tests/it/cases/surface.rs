//! What a user's own program does with the public types: define a product, branch on kinds, build values for its tests.

use exchange_groups::access::{Access, AccessPath, Level, Truth};
use exchange_groups::graph_client::InvalidValue;
use exchange_groups::{
    Actor, Advice, Awaited, CheckOutcome, Error, ErrorKind, Event, Expectation, Finding, FindingKind, Observation,
    OtherMembers, Outcome, Permission, Plan, Profile, Proof, Report, RestrictedCalendarGroup, Restriction, Severity,
    Stage, UnreadPart, Verdict, VerdictEffect, Workspaces,
};
use exchange_groups_tests::{Contoso, OWNER};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A product that is not PlaceOS, as its vendor would define it.
const SIGNAGE: Profile = Profile::new("Contoso Signage", "Signage Rooms")
    .description("Room calendars that Contoso Signage shows")
    .permission(Permission::Read)
    .other_members(OtherMembers::Keep)
    .longest_propagation("Contoso Signage saw three hours");

#[tokio::test]
async fn a_second_product_has_its_own_words_and_none_of_the_first() {
    let contoso = Contoso::start().await;
    let spec = SIGNAGE
        .spec("signage@contoso.com", &*contoso.booking.client_id)
        .owner(OWNER)
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let plan = contoso.plan(&spec).await;
    let (text, json) = (plan.to_string(), serde_json::to_string(&plan.steps).unwrap());
    for words in ["Signage Rooms", "Application Calendars.Read\"", "Contoso Signage saw three hours"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    assert!(json.contains("Room calendars that Contoso Signage shows"), "{json}");
    let report = contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    for document in [text, json, report.to_string(), proof.to_string()] {
        let others = document.replace("PlaceOS Bookings Visualiser", "(the application)");
        assert!(!others.contains("PlaceOS"), "{document}");
    }
    // What the profile sets can be set otherwise, and is kept in the document of the spec.
    let spec = SIGNAGE.spec("signage@contoso.com", &*contoso.booking.client_id).owner(OWNER).name("Panels");
    let spec = spec.build().unwrap();
    assert_eq!(serde_json::from_value::<RestrictedCalendarGroup>(json!(spec)).unwrap(), spec);
    assert_eq!((spec.name().as_str(), spec.permission()), ("Panels", Permission::Read));
}

/// One name in code, text and JSON, which can be parsed again.
fn assert_named<T>(all: &[T], name: impl Fn(&T) -> &'static str)
where
    T: std::fmt::Debug + std::fmt::Display + PartialEq + Serialize + DeserializeOwned,
    T: std::str::FromStr<Err = InvalidValue>,
{
    assert!(!all.is_empty());
    for value in all {
        let name = name(value);
        assert_eq!((&*value.to_string(), json!(value)), (name, json!(name)));
        assert_eq!(serde_json::from_value::<T>(json!(name)).expect("its name in JSON"), *value);
        assert_eq!(name.parse::<T>().expect("its name"), *value);
        // The name is that of the variant.
        let variant = format!("{value:?}");
        let words = variant.chars().flat_map(|c| {
            let separator = c.is_ascii_uppercase().then_some('_');
            separator.into_iter().chain(c.to_lowercase())
        });
        assert_eq!(words.collect::<String>().trim_start_matches('_'), name);
    }
    let error = "no such name".parse::<T>().expect_err("no name");
    assert!(error.to_string().contains("must be one of"), "{error}");
}

#[test]
fn every_kind_has_one_name() {
    assert_named(FindingKind::ALL, |it| it.as_str());
    assert_named(Severity::ALL, |it| it.as_str());
    assert_named(Actor::ALL, |it| it.as_str());
    assert_named(VerdictEffect::ALL, |it| it.as_str());
    assert_named(Verdict::ALL, |it| it.as_str());
    assert_named(Expectation::ALL, |it| it.as_str());
    assert_named(CheckOutcome::ALL, |it| it.as_str());
    assert_named(ErrorKind::ALL, |it| it.as_str());
    assert_named(Stage::ALL, |it| it.as_str());
    assert_named(Awaited::ALL, |it| it.as_str());
    assert_named(UnreadPart::ALL, |it| it.as_str());
    assert_named(Restriction::ALL, |it| it.as_str());
    assert_named(Permission::ALL, |it| it.as_str());
    assert_named(OtherMembers::ALL, |it| it.as_str());
    assert_named(Workspaces::ALL, |it| it.as_str());
    assert_named(Access::ALL, |it| it.as_str());
    assert_named(Truth::ALL, |it| it.as_str());
    assert_named(Level::ALL, |it| it.as_str());
    assert_named(AccessPath::ALL, |it| it.as_str());
}

#[test]
fn kinds_with_data_are_called_as_their_json_tags() {
    let reason = || "Not now".to_owned();
    let outcomes = [
        Outcome::Done,
        Outcome::AlreadyDone,
        Outcome::NotNeeded,
        Outcome::Unconfirmed { reason: reason() },
        Outcome::Failed { error: reason() },
        Outcome::NotRun { reason: reason() },
    ];
    for outcome in outcomes {
        assert_eq!(json!(outcome)["outcome"], outcome.as_str());
        assert_eq!(serde_json::from_value::<Outcome>(json!(outcome)).unwrap(), outcome);
    }
    let (what, until): (_, exchange_groups::graph_client::graph::Timestamp) =
        (Awaited::RoleVisible, std::time::SystemTime::UNIX_EPOCH.into());
    for event in [
        Event::Stage { stage: Stage::Members },
        Event::Waiting { what, until: until.clone() },
        Event::Throttled { until },
    ] {
        assert_eq!(json!(event)["event"], event.as_str());
        assert_eq!(serde_json::from_value::<Event>(json!(event)).unwrap(), event);
    }
}

/// A program that reacts to plans, reports, proofs and errors can be tested without a tenant.
#[tokio::test]
async fn what_a_users_test_needs_can_be_built() {
    let advice = Advice::exchange("Remove the member").with_danger("Only once the policy has propagated.");
    let finding = Finding::new(Severity::Blocking, FindingKind::NestedGroup, "A group is a member", advice).at("rooms");
    assert_eq!(serde_json::from_value::<Finding>(json!(finding)).unwrap(), finding);

    let error = Error::blocked(vec![finding.clone()]);
    assert_eq!((error.kind(), error.findings()), (ErrorKind::Blocked, &[finding][..]));

    let app = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    let spec = RestrictedCalendarGroup::placeos("rooms@contoso.com", app).owner(OWNER).build().unwrap();
    let seen = Observation::empty("contoso.onmicrosoft.com", app.parse().unwrap());
    assert_eq!(serde_json::from_value::<Observation>(json!(seen)).unwrap(), seen);
    let plan = Plan::new(&spec, &seen);
    assert_eq!(serde_json::from_value::<Plan>(json!(plan)).unwrap(), plan);
    let stale = Error::stale(&plan.observation, plan.steps.clone());
    assert_eq!((stale.kind(), stale.unplanned()), (ErrorKind::Stale, &plan.steps[..]));
    let not_approved = Error::not_approved("0".repeat(64).as_str(), plan.digest());
    assert_eq!(not_approved.kind(), ErrorKind::NotApproved);

    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let report = contoso.provision(&spec).await;
    let again: Report = serde_json::from_value(json!(report)).unwrap();
    assert_eq!(json!(again), json!(report));
    let proof = contoso.prove(&spec).await;
    assert_eq!(serde_json::from_value::<Proof>(json!(proof)).unwrap(), proof);
}
