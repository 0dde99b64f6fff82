//! Application registrations as plans and steps, and the ways in which a product is set up.

use std::time::Duration;

use exchange_groups::graph_client::{ClientId, ExposeSecret as _, Service};
use exchange_groups::{
    ErrorKind, MailboxUse, Profile, Registration, RegistrationFindingKind as Kind, RegistrationPlan,
    RegistrationStep as Step, Restriction, Severity,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{Fault, Matcher, PolicyRight, Resource};
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The administrator may register applications and consent here.
async fn start() -> Contoso {
    let contoso = Contoso::start().await;
    for role in ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"] {
        contoso.tenant.grant_app_role(contoso.tenant.administrator(), role);
    }
    contoso
}

fn kinds(plan: &RegistrationPlan) -> Vec<(Severity, Kind)> {
    plan.findings.iter().map(|finding| (finding.severity, finding.kind)).collect()
}

fn rooms(restriction: Restriction) -> Registration {
    Profile::PLACEOS.calendars.expect("PlaceOS has one").registration(restriction)
}

/// The name that PlaceOS gives it is taken by what its own flow of consent made: nothing is taken for it by its name.
#[tokio::test]
async fn an_application_of_the_name_is_never_taken_for_the_one_that_is_meant() {
    let contoso = start().await;
    let blocked = contoso.groups.plan_registration(&rooms(Restriction::Rbac)).await.unwrap();
    assert!(blocked.is_blocked() && blocked.is_empty(), "{blocked}");
    assert_eq!(kinds(&blocked), [(Severity::Blocking, Kind::NameTaken)]);
    assert!(blocked.to_string().contains(&contoso.booking.client_id), "{blocked}");
    let refused = contoso.groups.apply_registration(&blocked).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Blocked, "{refused}");
    assert_eq!(contoso.tenant.write_count(), 0);

    let own: ClientId = contoso.booking.client_id.parse().unwrap();
    let plan = contoso.groups.plan_registration(&rooms(Restriction::Rbac).application(own)).await.unwrap();
    assert_eq!(plan.application, Some(own), "{plan}");
    // It was given a permission for every calendar, which a role does without.
    assert_eq!(kinds(&plan), [(Severity::Warning, Kind::HoldsMore)], "{plan}");
    assert!(!plan.steps.iter().any(|step| matches!(step, Step::CreateApplication { .. })), "{plan}");
    let nowhere = Registration::new("x").application("00000000-0000-4000-8000-000000000001".parse().unwrap());
    let nowhere = contoso.groups.plan_registration(&nowhere).await.unwrap();
    assert_eq!(kinds(&nowhere), [(Severity::Blocking, Kind::NoApplication)], "{nowhere}");
}

#[tokio::test]
async fn a_registration_is_made_step_by_step_and_doing_it_again_does_nothing() {
    let contoso = start().await;
    // Under a name that nobody has.
    let wanted = rooms(Restriction::Rbac).called("PlaceOS rooms").secret("PlaceOS rooms 2026", 180 * DAY);
    let plan = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert_eq!(contoso.tenant.write_count(), 0, "planning reads");
    assert!(plan.application.is_none() && plan.findings.is_empty(), "{plan}");
    let grants = ["GroupMember.Read.All", "Place.Read.All", "User.Read.All"];
    let mut planned: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Grant { permission } => Some(permission.as_str()),
            _ => None,
        })
        .collect();
    planned.sort_unstable();
    assert_eq!(planned, grants, "no permission for calendars: {plan}");

    let report = contoso.groups.apply_registration(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    let application = report.application.unwrap();
    let secret = report.secret.as_ref().unwrap();
    assert!(!serde_json::to_string(&report).unwrap().contains(secret.secret.expose_secret()));
    assert!(!format!("{report:?}{report}").contains(secret.secret.expose_secret()));
    let mut held = contoso.tenant.app_roles(application.to_string());
    held.sort_unstable();
    assert_eq!(held, grants);
    contoso.groups.verify_secret(secret).await.unwrap();
    assert!(!contoso.tenant.can_read(application.to_string(), "ceo@contoso.com"), "it reaches no calendar");

    // The name in the directory finds it again: nothing is made twice.
    let before = contoso.tenant.write_count();
    let again = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert_eq!((again.application, again.is_empty()), (Some(application), true), "{again}");
    assert_eq!(kinds(&again), [(Severity::Note, Kind::SecretExists)], "{again}");
    let report = contoso.groups.apply_registration(&again).await.unwrap();
    assert!(report.is_complete() && report.secret.is_none(), "{report}");
    assert_eq!(contoso.tenant.write_count(), before);
    assert_eq!(again, serde_json::from_str(&serde_json::to_string(&again).unwrap()).unwrap());
}

/// A stop anywhere converges: whatever request fails, running again reaches the same registration, once.
#[tokio::test]
async fn a_registration_that_fails_anywhere_is_finished_by_the_next_run() {
    let mut cases = 0;
    for lost in [false, true] {
        for at in 0..40 {
            let contoso = start().await;
            let wanted = Registration::new("PlaceOS User Authentication")
                .application_permission("User.Read.All")
                .delegated_permission("User.Read")
                .delegated_permission("openid")
                .redirect_uri("https://contoso.placeos.run/auth/oauth2/callback?id=oauth_strat-1")
                .secret("PlaceOS User Auth Secret", 90 * DAY);
            let plan = contoso.groups.plan_registration(&wanted).await.unwrap();
            let fault = if lost {
                // Done, and the answer does not come.
                Fault::AnswerLost { status: 502 }
            } else {
                Fault::status(403, json!({ "error": { "code": "Authorization_RequestDenied", "message": "No." } }))
            };
            let groups = exchange_groups::ExchangeGroups::new(contoso.new_client());
            contoso.tenant.fail_next(Matcher::any().after(at).times(if lost { 4 } else { 1 }), fault);
            let first = groups.apply_registration(&plan).await;
            contoso.tenant.clear_faults();
            let was_hit = first.as_ref().map_or(true, |report| !report.is_complete());
            let again = contoso.groups.plan_registration(&wanted).await.unwrap();
            assert!(!again.is_blocked(), "{at} {lost}: {again}");
            let report = contoso.groups.apply_registration(&again).await.unwrap();
            assert!(report.is_complete(), "{at} {lost}: {report}");
            let facts = contoso.groups.observe_registration(&wanted).await.unwrap();
            assert_eq!(facts.of_name.len(), 1, "{at} {lost}: one application of the name");
            assert_eq!(facts.granted, ["User.Read.All"], "{at} {lost}");
            let consent = facts.consent.unwrap();
            assert_eq!(consent.scopes().collect::<Vec<_>>(), ["User.Read", "openid"], "{at} {lost}");
            let uris = facts.application.unwrap().web.unwrap().redirect_uris;
            assert_eq!(uris.len(), 1, "{at} {lost}: {uris:?}");
            cases += 1;
            if !was_hit {
                break;
            }
        }
    }
    assert!(cases > 10, "{cases} cases");
}

/// Under an access policy the permission comes after the policy, and never before.
#[tokio::test]
async fn a_permission_for_every_calendar_waits_for_the_policy() {
    let contoso = start().await;
    let tenant = &contoso.tenant;
    let own = tenant.add_application("PlaceOS rooms", "secret");
    let wanted = rooms(Restriction::Policy).application(own.client_id.parse().unwrap());
    let early = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert_eq!(kinds(&early), [(Severity::Warning, Kind::NameTaken), (Severity::Warning, Kind::HeldBack)], "{early}");
    let report = contoso.groups.apply_registration(&early).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(!tenant.app_roles(&own).iter().any(|role| role.starts_with("Calendars")), "{report}");
    assert!(!tenant.can_read(&own.client_id, "ceo@contoso.com"));

    contoso.provision(&contoso.policy().build().unwrap()).await;
    tenant.add_access_policy(&own.client_id, PolicyRight::Restrict, GROUP);
    // It is there; that it acts, somebody has to have seen.
    let unseen = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert!(kinds(&unseen).contains(&(Severity::Warning, Kind::HeldBack)) && unseen.is_empty(), "{unseen}");
    let wanted = wanted.policy_acts(true);
    let mut early = early;
    early.registration = wanted.clone();
    // The plan of before does not have it: the tenant has changed.
    let stale = contoso.groups.apply_registration(&early).await.unwrap_err();
    assert!(stale.kind() == ErrorKind::Blocked && stale.to_string().contains("Calendars.ReadWrite"), "{stale}");
    let late = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert!(late.steps.contains(&Step::Grant { permission: "Calendars.ReadWrite".into() }), "{late}");
    assert!(contoso.groups.apply_registration(&late).await.unwrap().is_complete());
    assert!(tenant.can_read(&own.client_id, "boardroom@contoso.com"));
    assert!(!tenant.can_read(&own.client_id, "ceo@contoso.com"));
    // Policies that could not be read are no policies that restrict.
    tenant.revoke(&own, Resource::Graph, "Calendars.ReadWrite");
    tenant.fail_next(
        Matcher::cmdlet("Get-ApplicationAccessPolicy").times(100),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    let unread = contoso.groups.plan_registration(&wanted).await.unwrap();
    assert!(kinds(&unread).contains(&(Severity::Warning, Kind::HeldBack)), "{unread}");
}

/// What no policy narrows, what widens access, and what nobody knows is not granted, whatever restricts the application.
#[tokio::test]
async fn a_permission_that_no_policy_narrows_blocks() {
    let contoso = start().await;
    let own = contoso.tenant.add_application("PlaceOS rooms", "secret");
    contoso.provision(&contoso.policy().build().unwrap()).await;
    contoso.tenant.add_access_policy(&own.client_id, PolicyRight::Restrict, GROUP);
    for permission in ["Calendars.ReadBasic.All", "AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"] {
        let wanted = Registration::new("PlaceOS rooms").application(own.client_id.parse().unwrap()).policy_acts(true);
        let plan = contoso.groups.plan_registration(&wanted.application_permission(permission)).await.unwrap();
        assert!(kinds(&plan).contains(&(Severity::Blocking, Kind::NotNarrowed)) && plan.is_empty(), "{plan}");
        assert!(plan.to_string().contains(permission), "{plan}");
        contoso.groups.apply_registration(&plan).await.unwrap_err();
        assert!(contoso.tenant.app_roles(&own).is_empty(), "{permission} was granted");
    }
}

#[tokio::test]
async fn every_fault_of_a_registration_is_told_before_any_request() {
    let contoso = start().await;
    contoso.tenant.clear_requests();
    let bad = Registration::new(" ")
        .application_permission("Calendars.Read All")
        .redirect_uri("http://contoso.placeos.run/callback")
        .redirect_uri("https://*.placeos.run/callback")
        .secret("", Duration::from_secs(1));
    let error = contoso.groups.plan_registration(&bad).await.unwrap_err();
    assert_eq!(error.spec().unwrap().faults().len(), 6, "{error}");
    assert!(error.to_string().contains("redirect_uris[1]"), "{error}");
    assert_eq!(contoso.tenant.requests().len(), 0);
    let unknown = Registration::new("x").application_permission("Calendar.ReadWrite").delegated_permission("User.reed");
    let plan = contoso.groups.plan_registration(&unknown).await.unwrap();
    assert_eq!(kinds(&plan), [(Severity::Blocking, Kind::UnknownPermission); 2], "{plan}");
}

/// The three ways in which PlaceOS is set up: rooms are enough for one, and break the booking of staff in the others.
#[tokio::test]
async fn rooms_alone_break_the_booking_of_staff_where_staff_api_acts_as_the_application() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let shape = |name: &str| Profile::PLACEOS.shape(name).unwrap();
    assert_eq!(shape("delegated").gaps(&spec, &[]), []);
    let gaps = shape("service_account").gaps(&spec, &[]);
    let missing: Vec<_> = gaps.iter().map(|gap| (gap.mailbox, gap.address.is_none())).collect();
    assert_eq!(missing, [(MailboxUse::ServiceAccount, true), (MailboxUse::Sender, true)]);
    assert!(gaps[0].breaks.contains(&"staff book a meeting"), "{}", gaps[0]);
    let host = ("adele.vance@contoso.com", MailboxUse::Host);
    let known = [(host.1, host.0.parse().unwrap()), (MailboxUse::Sender, host.0.parse().unwrap())];
    let gaps = shape("application").gaps(&spec, &known);
    assert!(gaps.iter().any(|gap| gap.address.is_some() && gap.mailbox == MailboxUse::Host), "{gaps:?}");
    let with_host = contoso.rbac().mailbox(host.0).build().unwrap();
    assert_eq!(shape("application").gaps(&with_host, &known), []);
    // What the way says of a call, the tenant decides: the host's own calendar, with and without being a member.
    for (spec, is_reached) in [(spec, false), (with_host, true)] {
        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.can_read(&contoso.booking.client_id, host.0), is_reached);
    }
    assert!(contoso.client_as(&contoso.booking).token_claims(Service::Graph).await.is_ok());
}

/// A second product is code of its vendor, and not much of it.
#[test]
fn the_profile_of_a_second_product_takes_under_forty_lines() {
    let lines = include_str!("../../examples/profile.rs").lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 40, "{lines} lines");
}
