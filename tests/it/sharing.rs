//! Calendars of rooms shared with a group of people.

use exchange_groups::{ErrorKind, Outcome, SharedRight, Sharing};
use exchange_groups_tests::{Contoso, OWNER};
use fake_tenant::{Fault, Matcher, NewGroup};
use serde_json::json;

const CONCIERGE: &str = "concierge@contoso.com";

async fn start() -> Contoso {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(CONCIERGE).owner(OWNER).members(["adele.vance@contoso.com"]));
    contoso
}

fn sharing() -> Sharing {
    Sharing::new(CONCIERGE.parse().expect("an address"))
}

/// #1.6 of the PlaceOS procedure: the second loop over all rooms, in step with the first.
#[tokio::test]
async fn every_room_of_the_spec_is_shared_and_nothing_else_is_touched() {
    let contoso = start().await;
    let spec = contoso.rbac().mailbox("adele.vance@contoso.com").build().unwrap();
    let plan = contoso.groups.plan_sharing(&spec, &sharing()).await.unwrap();
    assert_eq!((plan.steps.len(), plan.already, contoso.tenant.write_count()), (40, 0, 0), "{plan}");
    let rooms: Vec<_> = plan.steps.iter().map(|step| step.room.to_string()).collect();
    assert_eq!(rooms, contoso.rooms(), "the rooms, and no further mailbox of the spec");
    let report = contoso.groups.apply_sharing(&plan).await.unwrap();
    assert!(report.is_complete() && report.steps.len() == 40, "{report}");
    // Forty reads, writes and read-backs go ten to a request.
    assert!(report.requests <= 16, "{} requests", report.requests);
    let again = contoso.groups.plan_sharing(&spec, &sharing()).await.unwrap();
    assert_eq!((again.steps.len(), again.already), (0, 40), "{again}");
    // What the application reaches is another matter.
    contoso.provision(&spec).await;
    assert!(!contoso.tenant.can_read(&contoso.booking.client_id, "ceo@contoso.com"));

    // Another right replaces the one that is there.
    let edit = contoso.groups.plan_sharing(&spec, &sharing().right(SharedRight::Edit)).await.unwrap();
    assert!(edit.steps.iter().all(|step| step.now == ["Reviewer"]), "{edit}");
    assert!(contoso.groups.apply_sharing(&edit).await.unwrap().is_complete());
    let edited = contoso.groups.plan_sharing(&spec, &sharing().right(SharedRight::Edit)).await.unwrap();
    assert_eq!(edited.already, 40, "{edited}");
    assert_eq!(edited, serde_json::from_str(&serde_json::to_string(&edited).unwrap()).unwrap());
}

/// What could not be read is not written to, and what failed is told and done by the next run.
#[tokio::test]
async fn a_room_that_could_not_be_read_is_left_alone_and_one_that_fails_is_told() {
    let contoso = start().await;
    let spec = contoso.rbac().build().unwrap();
    let no = |text: &str| Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", text);
    contoso.tenant.fail_next(Matcher::cmdlet("Get-MailboxFolderPermission").times(1_000), no("Unreadable."));
    let unread = contoso.groups.plan_sharing(&spec, &sharing()).await.unwrap();
    assert_eq!((unread.steps.len(), unread.unread.len(), unread.already), (0, 40, 0), "{unread}");
    let report = contoso.groups.apply_sharing(&unread).await.unwrap();
    assert!(!report.is_complete() && report.to_string().contains("NOT READ"), "{report}");
    assert_eq!(contoso.tenant.write_count(), 0);

    contoso.tenant.clear_faults();
    let plan = contoso.groups.plan_sharing(&spec, &sharing()).await.unwrap();
    contoso.tenant.fail_next(Matcher::cmdlet("Add-MailboxFolderPermission").after(30).times(1_000), no("No."));
    let report = contoso.groups.apply_sharing(&plan).await.unwrap();
    let failed = report.steps.iter().filter(|step| matches!(step.outcome, Outcome::Failed { .. })).count();
    assert_eq!((failed, report.is_complete()), (10, false), "{report}");
    contoso.tenant.clear_faults();
    let rest = contoso.groups.plan_sharing(&spec, &sharing()).await.unwrap();
    assert_eq!((rest.steps.len(), rest.already), (10, 30), "{rest}");
    assert!(contoso.groups.apply_sharing(&rest).await.unwrap().is_complete());
}

#[tokio::test]
async fn only_a_mail_enabled_security_group_takes_folder_permissions() {
    let contoso = start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.tenant.add_group(NewGroup::distribution("front.desk@contoso.com").owner(OWNER));
    for address in ["front.desk@contoso.com", "nobody@contoso.com", "adele.vance@contoso.com"] {
        let sharing = Sharing::new(address.parse().unwrap());
        let error = contoso.groups.plan_sharing(&spec, &sharing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Blocked, "{address}: {error}");
    }
    let error = contoso.groups.plan_sharing(&spec, &sharing().folder("Kalender")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spec, "{error}");
    assert_eq!(contoso.tenant.write_count(), 0);
    let written = json!(sharing());
    assert_eq!(serde_json::from_value::<Sharing>(written).unwrap(), sharing());
}
