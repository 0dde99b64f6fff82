//! The effect: what an application reaches after an administrator did something.

use std::time::Duration;

use fake_tenant::{Application, FakeTenant};
use serde_json::{Value, json};

use crate::{SECURITY_GROUP, Session, graph_error, texts, with_group};

const BOARDROOM: &str = "boardroom@contoso.com";
const CEO: &str = "ceo@contoso.com";
const RAOP: &str = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";

/// What the live call says, and what the tenant says of itself: they must agree.
fn reads(tenant: &FakeTenant, app: &Application, mailbox: &str) -> bool {
    let status = Session::of(tenant, app).calendar(mailbox).status();
    assert!(matches!(status, 200 | 403), "{mailbox}: {status}");
    assert_eq!(tenant.can_read(app, mailbox), status == 200, "{mailbox}");
    status == 200
}

fn tests_as(admin: &Session, app: &Application, mailbox: &str) -> String {
    let rows = admin.run("Test-ApplicationAccessPolicy", json!({"Identity": mailbox, "AppId": app.client_id}));
    texts(&rows, "AccessCheckResult").remove(0)
}

fn policy(admin: &Session, app: &str, right: &str, scope: &str) {
    admin.run("New-ApplicationAccessPolicy", json!({"AppId": app, "AccessRight": right, "PolicyScopeGroupId": scope}));
}

fn add(admin: &Session, member: &str) {
    admin.run(
        "Add-DistributionGroupMember",
        json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true}),
    );
}

#[test]
fn consent_reaches_every_mailbox() {
    let tenant = FakeTenant::contoso();
    let app = tenant.booking_application();
    assert!(reads(&tenant, &app, BOARDROOM) && reads(&tenant, &app, CEO));
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    assert!(!reads(&tenant, &app, BOARDROOM));
}

#[test]
fn a_policy_narrows_to_its_group_and_the_groups_in_it() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    add(&admin, "room-b1-0101@contoso.com");
    policy(&admin, &app.client_id, "RestrictAccess", SECURITY_GROUP);
    assert!(reads(&tenant, &app, "room-b1-0101@contoso.com"));
    assert!(!reads(&tenant, &app, BOARDROOM));
    assert_eq!(
        graph_error(&Session::of(&tenant, &app).calendar(CEO)),
        (403, "ErrorAccessDenied".to_owned(), RAOP.to_owned())
    );
    add(&admin, "board@contoso.com");
    assert!(reads(&tenant, &app, BOARDROOM), "nested groups count");
    assert_eq!((&*tests_as(&admin, &app, BOARDROOM), &*tests_as(&admin, &app, CEO)), ("Granted", "Denied"));
    // Another application is not concerned.
    let other = tenant.add_application("Other", "fake");
    tenant.grant_app_role(&other, "Calendars.Read");
    assert!(reads(&tenant, &other, CEO));
}

#[test]
fn denials_come_first_and_a_star_means_everyone() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    policy(&admin, &app.client_id, "DenyAccess", "board@contoso.com");
    assert!(!reads(&tenant, &app, BOARDROOM));
    assert!(reads(&tenant, &app, CEO), "a denial restricts nothing else");
    add(&admin, "board@contoso.com");
    policy(&admin, "*", "RestrictAccess", SECURITY_GROUP);
    assert!(!reads(&tenant, &app, BOARDROOM), "granted by one policy, denied by another");
    assert!(!reads(&tenant, &app, CEO));
    let other = tenant.add_application("Other", "fake");
    tenant.grant_app_role(&other, "Calendars.ReadBasic.All");
    assert!(reads(&tenant, &other, BOARDROOM));
    assert!(!reads(&tenant, &other, CEO));
    // A scope that was deleted matches nobody, and the restriction stays.
    admin.run(
        "Remove-DistributionGroup",
        json!({"Identity": SECURITY_GROUP, "BypassSecurityGroupManagerCheck": true, "Confirm": false}),
    );
    assert!(!reads(&tenant, &other, BOARDROOM));
}

fn register(admin: &Session, app: &Application) {
    admin.run(
        "New-ServicePrincipal",
        json!({"AppId": app.client_id, "ObjectId": app.object_id, "DisplayName": "Bookings"}),
    );
}

fn assign(admin: &Session, app: &Application, mut reach: Value) {
    reach["App"] = json!(app.object_id);
    reach["Role"] = json!("Application Calendars.Read");
    admin.run("New-ManagementRoleAssignment", reach);
}

#[test]
fn an_assignment_adds_and_counts_direct_members_only() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    register(&admin, &app);
    add(&admin, "room-b1-0101@contoso.com");
    add(&admin, "board@contoso.com");
    assign(&admin, &app, json!({"RecipientGroupScope": tenant.group(SECURITY_GROUP).unwrap().object_id}));
    assert!(reads(&tenant, &app, CEO), "the tenant-wide grant is still there");
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    assert!(reads(&tenant, &app, "room-b1-0101@contoso.com"));
    assert!(!reads(&tenant, &app, BOARDROOM), "a member of a member is none");
    assert_eq!(graph_error(&Session::of(&tenant, &app).calendar(CEO)).2, RAOP);
    // A policy has no say over what an assignment gives.
    policy(&admin, &app.client_id, "RestrictAccess", "board@contoso.com");
    assert!(reads(&tenant, &app, "room-b1-0101@contoso.com"));
    assert_eq!(tests_as(&admin, &app, "room-b1-0101@contoso.com"), "Denied");
    let name = tenant.role_assignments(&app)[0].name.clone();
    admin.run("Set-ManagementRoleAssignment", json!({"Identity": name, "Enabled": false}));
    assert!(!reads(&tenant, &app, "room-b1-0101@contoso.com"));
    assert_eq!(
        graph_error(&Session::of(&tenant, &app).calendar(CEO)).2,
        "Access is denied. Check credentials and try again."
    );
}

#[test]
fn a_scope_reaches_what_its_filter_matches() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    register(&admin, &app);
    add(&admin, "room-b1-0101@contoso.com");
    let names = [SECURITY_GROUP, "board@contoso.com"].map(|address| tenant.group(address).unwrap().distinguished_name);
    let filter = format!("MemberOfGroup -eq '{}' -or MemberOfGroup -eq '{}'", names[0], names[1]);
    admin.run("New-ManagementScope", json!({"Name": "rooms", "RecipientRestrictionFilter": filter}));
    assign(&admin, &app, json!({"CustomResourceScope": "rooms"}));
    assert!(reads(&tenant, &app, "room-b1-0101@contoso.com") && reads(&tenant, &app, BOARDROOM));
    assert!(!reads(&tenant, &app, CEO));

    let test = |parameters: Value| admin.run("Test-ServicePrincipalAuthorization", parameters);
    let expected = |in_scope: &str| {
        json!([{
            "RoleName": "Application Calendars.Read", "GrantedPermissions": "Calendars.Read",
            "AllowedResourceScope": "rooms", "ScopeType": "CustomRecipientScope", "InScope": in_scope,
        }])
    };
    assert_eq!(json!(test(json!({"Identity": app.client_id}))), expected("Not Run"));
    assert_eq!(json!(test(json!({"Identity": app.client_id, "Resource": BOARDROOM}))), expected("True"));
    assert_eq!(json!(test(json!({"Identity": app.object_id, "Resource": "ceo"}))), expected("False"));

    // Changing the scope changes every assignment that uses it.
    admin.run(
        "Set-ManagementScope",
        json!({"Identity": "rooms", "RecipientRestrictionFilter": "RecipientTypeDetails -eq 'RoomMailbox'"}),
    );
    assert!(reads(&tenant, &app, "room-b3-0101@contoso.com"));
    tenant.convert_mailbox("room-b3-0101", fake_tenant::RecipientKind::SharedMailbox);
    assert!(!reads(&tenant, &app, "room-b3-0101@contoso.com"));
}

#[test]
fn an_unscoped_assignment_reaches_everyone() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    register(&admin, &app);
    assign(&admin, &app, json!({}));
    assert!(reads(&tenant, &app, CEO));
    admin.run("Remove-ServicePrincipal", json!({"Identity": app.client_id, "Confirm": false}));
    assert!(!reads(&tenant, &app, CEO));
}

#[test]
fn configuration_takes_its_time_and_the_tests_do_not() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    tenant.freeze_clock();
    tenant.set_token_lifetime(Duration::from_secs(86_400));
    tenant.set_policy_delay(Duration::from_secs(3600));
    let admin = Session::of(&tenant, &admin.tenant.administrator());
    let booking = Session::of(&tenant, &app);
    let reads = |mailbox: &str| booking.calendar(mailbox).status() == 200;
    add(&admin, BOARDROOM);
    tenant.advance(Duration::from_secs(1800));
    policy(&admin, &app.client_id, "RestrictAccess", SECURITY_GROUP);
    assert_eq!(tests_as(&admin, &app, CEO), "Denied");
    assert!(reads(CEO), "the policy is not there yet");
    tenant.advance(Duration::from_secs(3599));
    assert!(reads(CEO));
    tenant.advance(Duration::from_secs(1));
    assert!(!reads(CEO));
    assert!(reads(BOARDROOM), "the member was there before the policy");
    add(&admin, "room-b1-0101@contoso.com");
    assert_eq!(tests_as(&admin, &app, "room-b1-0101"), "Granted");
    assert!(!reads("room-b1-0101@contoso.com"));
    tenant.set_policy_delay(Duration::ZERO);
    assert!(reads("room-b1-0101@contoso.com"));
}

#[test]
fn a_mailbox_that_is_disabled_stays_in_its_groups_and_a_deleted_one_does_not() {
    let (tenant, admin) = with_group();
    add(&admin, BOARDROOM);
    add(&admin, "room-b1-0101@contoso.com");
    tenant.disable_mailbox(BOARDROOM);
    tenant.remove_mailbox("room-b1-0101@contoso.com");
    assert_eq!(tenant.members(SECURITY_GROUP), [BOARDROOM]);
    let members = admin.run("Get-DistributionGroupMember", json!({"Identity": SECURITY_GROUP}));
    assert_eq!(texts(&members, "RecipientTypeDetails"), ["MailUser"]);
    assert!(!tenant.can_read(tenant.booking_application(), BOARDROOM));
}
