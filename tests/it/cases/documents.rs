//! Documents that are stored and read again: what they say, and that nothing of it is lost.

use exchange_groups::{
    Digest, FindingKind, Observation, Plan, Proof, Report, RestrictedCalendarGroup, Restriction, Rooms, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{DirectoryRole, NewMailbox, NewRoleAssignment, PolicyRight};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::has;

fn again<T: Serialize + DeserializeOwned>(document: &T) -> T {
    let text = serde_json::to_string(document).expect("a document");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A tenant in which much is set: other roles and policies, scopes, owners, rights, odd mailboxes.
async fn busy_contoso() -> Contoso {
    let contoso = Contoso::start().await;
    let (tenant, app) = (&contoso.tenant, &contoso.booking);
    tenant.add_mailbox(NewMailbox::room("hall@contoso.com").proxy_address("old.hall@contoso.com"));
    tenant.add_mailbox(NewMailbox::workspace("desk-1@contoso.com"));
    tenant.assign_role(app, NewRoleAssignment::new("Application Mail.Read").group("board@contoso.com"));
    tenant.assign_role(app, NewRoleAssignment::new("Application Calendars.Read").filter("Office -eq 'Building 1'"));
    let unit = tenant.add_unit("Building 2", ["room-b2-0101@contoso.com"]);
    tenant.assign_role(app, NewRoleAssignment::new("Application Calendars.Read").unit(&unit).disabled());
    tenant.add_access_policy(&app.client_id, PolicyRight::Deny, "executives@contoso.com");
    tenant.add_access_policy("*", PolicyRight::Restrict, "everyone@contoso.com");
    tenant.add_application_owner(app, "adele.vance@contoso.com");
    tenant.grant_delegated(app, "Calendars.Read User.Read");
    tenant.assign_directory_role(app, DirectoryRole::ExchangeAdministrator);
    tenant.make_application_eligible(app, DirectoryRole::GlobalAdministrator);
    tenant.set_default_calendar_permission("ceo@contoso.com", "LimitedDetails");
    contoso
}

fn specs(contoso: &Contoso) -> Vec<RestrictedCalendarGroup> {
    let except = || Rooms::all().except("old.hall@contoso.com");
    [
        contoso.rbac().rooms(except()),
        contoso.policy().rooms(except()),
        contoso.rbac().rooms(Rooms::in_list("building-1@contoso.com")).other_group("board@contoso.com"),
        contoso
            .rbac()
            .rooms(Rooms::at(["nobody@contoso.com"]))
            .owner("nobody@contoso.com")
            .mailbox("reception@contoso.com"),
    ]
    .map(|spec| spec.build().expect("a spec"))
    .into()
}

/// What a plan says, apart from when it was made.
fn said(plan: &Plan) -> Value {
    let mut document = serde_json::to_value(plan).expect("a document");
    document["origin"] = json!(null);
    document
}

#[tokio::test]
async fn p4_an_observation_that_was_stored_gives_the_same_plan() {
    let contoso = busy_contoso().await;
    for spec in specs(&contoso) {
        let seen = contoso.groups.observe(&spec).await.unwrap();
        let stored: Observation = again(&seen);
        assert_eq!(stored, seen);
        assert_eq!(stored.digest(), seen.digest());
        let (plan, same) = (Plan::new(&spec, &seen), Plan::new(&spec, &stored));
        assert_eq!(said(&same), said(&plan));
        // The exception by the second address of a room holds with what was stored, too.
        if spec.rooms().to_string().contains("old.hall") {
            assert_eq!(same.excluded.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hall@contoso.com"]);
        }
        // Every record by itself.
        for room in &seen.rooms {
            assert_eq!(&again(room), room);
            assert!(!room.email_addresses.is_empty());
        }
        let group = seen.room_lists.iter().filter_map(|list| list.group.as_ref());
        group.chain(seen.other_groups.values().flatten().map(|it| &it.group)).for_each(|it| assert_eq!(&again(it), it));
        for recipient in seen.room_lists.iter().flat_map(|list| &list.members) {
            assert_eq!(&again(recipient), recipient);
        }
    }
}

#[tokio::test]
async fn p4_plan_report_and_proof_survive_being_stored() {
    let contoso = busy_contoso().await;
    for spec in specs(&contoso) {
        let plan = contoso.plan(&spec).await;
        let stored = again(&plan);
        assert!(stored == plan && stored.digest() == plan.digest(), "{stored}\n{plan}");
        if let Ok(report) = contoso.groups.apply(&stored).await {
            let same: Report = again(&report);
            assert_eq!(serde_json::to_value(&same).unwrap(), serde_json::to_value(&report).unwrap());
            assert_eq!((same.is_complete(), same.changes()), (report.is_complete(), report.changes()));
        }
        let proof = contoso.prove(&spec).await;
        let same: Proof = again(&proof);
        assert!(same == proof && same.is_verified() == proof.is_verified(), "{same}\n{proof}");
        assert_eq!(same.to_string(), proof.to_string());
        assert_ne!(proof.verdict, Verdict::Verified, "the directory role lifts every restriction");
    }
}

#[tokio::test]
async fn p11_report_and_proof_say_whose_restriction_they_are_about_when_and_by_what() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        let before = jiff_now();
        let plan = contoso.plan(&spec).await;
        let report = contoso.groups.apply(&plan).await.unwrap();
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Verified);
        assert!(!has(&proof.findings, FindingKind::Drift));
        let restriction = if policy { Restriction::Policy } else { Restriction::Rbac };
        assert_eq!((report.restriction, proof.restriction), (restriction, restriction));
        for (document, text) in [
            (serde_json::to_value(&report).unwrap(), report.to_string()),
            (serde_json::to_value(&proof).unwrap(), proof.to_string()),
        ] {
            let origin = &document["origin"];
            assert_eq!((&origin["format"], &origin["tenant"]), (&json!(1), &json!("contoso.onmicrosoft.com")));
            assert!(origin["software"].as_str().is_some_and(|it| it.starts_with("exchange-groups ")), "{origin}");
            assert!(origin["made_at"].as_str().is_some_and(|at| at >= &*before && at.ends_with('Z')), "{origin}");
            assert_eq!(document["application"], json!(contoso.booking.client_id));
            let how = if policy { "application access policy" } else { "RBAC for Applications" };
            for part in ["contoso.onmicrosoft.com", &contoso.booking.client_id, how, GROUP] {
                assert!(text.contains(part), "{part} is not said\n{text}");
            }
        }
        assert_eq!(
            proof.observation.digest,
            contoso.groups.observe(&spec).await.unwrap().digest(),
            "what it was judged by"
        );
    }
}

/// A document of another format version is refused, not read as far as it goes.
#[tokio::test]
async fn p11_a_document_of_another_format_is_refused() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let mut document = serde_json::to_value(&plan).unwrap();
    document["origin"]["format"] = json!(2);
    let error = serde_json::from_value::<Plan>(document).unwrap_err();
    assert!(error.to_string().contains("format version 2"), "{error}");
    assert_eq!(Digest::from(plan.digest().as_str()), plan.digest());
}

/// Now, as documents write it, to the second: what is made later compares as greater.
fn jiff_now() -> String {
    let now = exchange_groups::graph_client::graph::Timestamp::from(std::time::SystemTime::now());
    now.to_string().chars().take(19).collect()
}
