//! Why a call was refused, or why a mailbox is reached: the cause that was made is the one that is ranked first.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::time::Duration;

use exchange_groups::{Cause, CauseKind, ExchangeGroups, Explanation};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{Fault, Matcher, NewGroup, NewRoleAssignment, PolicyRight, Resource};
use serde_json::json;

async fn explain(contoso: &Contoso, mailbox: &str) -> Explanation {
    let application = contoso.booking.client_id.parse().unwrap();
    contoso.groups.explain(application, &mailbox.parse().unwrap()).await.unwrap()
}

fn first(explanation: &Explanation) -> CauseKind {
    explanation.first().unwrap_or_else(|| panic!("no cause: {explanation}")).cause
}

/// The error that the tenant gives to the booking application for a mailbox.
async fn refusal(contoso: &Contoso, mailbox: &str) -> exchange_groups::graph_client::Error {
    let now = std::time::SystemTime::now();
    let client = contoso.client_as(&contoso.booking);
    let view = client.calendar(mailbox).view(now, now + Duration::from_secs(3_600)).page_size(1);
    client.batch().run(vec![view]).await.pop().unwrap().unwrap_err()
}

/// #12, #13, #43: the refusal of Outlook names nothing; its causes and their fixes are named here.
#[tokio::test]
async fn complaints_12_13_and_43_a_refusal_becomes_causes_with_who_fixes_what() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    let explanation = Explanation::of_error(&refusal(&contoso, "ceo@contoso.com").await);
    assert_eq!(first(&explanation), CauseKind::OutOfScope, "{explanation}");
    let kinds: Vec<CauseKind> = explanation.causes.iter().map(|cause| cause.cause).collect();
    assert!(kinds.contains(&CauseKind::NotPropagated) && kinds.contains(&CauseKind::Denied), "{explanation}");
    assert!(explanation.causes.iter().all(|cause| !cause.advice.text.is_empty() && !cause.evidence_for.is_empty()));
    assert_eq!(explanation, serde_json::from_str(&serde_json::to_string(&explanation).unwrap()).unwrap());
    let nobody = Explanation::of_error(&refusal(&contoso, "nobody@contoso.com").await);
    assert_eq!(first(&nobody), CauseKind::NoMailbox, "not a denial: {nobody}");
}

#[tokio::test]
async fn a_mailbox_outside_the_group_is_out_of_scope_and_the_group_is_named() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        contoso.provision(&if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap()).await;
        let explanation = explain(&contoso, "ceo@contoso.com").await;
        assert_eq!(first(&explanation), CauseKind::OutOfScope, "{explanation}");
        if !policy {
            assert!(explanation.to_string().contains("PlaceOS Room Booking"), "{explanation}");
        }
    }
}

/// What an advice warns of is so: whoever did it all the same would open what was kept out.
#[tokio::test]
async fn advice_that_could_open_mailboxes_says_what_it_opens() {
    let contoso = Contoso::start().await;
    let [room, other] = &contoso.tenant.rooms()[..2] else { panic!("two rooms") };
    contoso.tenant.add_group(NewGroup::security("denied@contoso.com").owner(OWNER).members([room, other]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "denied@contoso.com");
    let denied = explain(&contoso, room).await;
    assert_eq!(first(&denied), CauseKind::Denied, "{denied}");
    let danger = denied.first().unwrap().advice.danger.clone().unwrap_or_default();
    assert!(danger.contains("do not remove the policy") && danger.contains("every mailbox that it denies"), "{danger}");
    assert!(denied.to_string().contains(&danger), "a reader sees it: {denied}");
    assert!(!contoso.tenant.can_read(&contoso.booking, other));
    let identity = contoso.tenant.access_policies(&contoso.booking)[0].identity.clone();
    contoso.tenant.run_cmdlet("Remove-ApplicationAccessPolicy", json!({"Identity": identity, "Confirm": false}));
    assert!(contoso.tenant.can_read(&contoso.booking, other), "the mailbox that nobody asked about");

    contoso.tenant.set_application_enabled(&contoso.booking, false);
    let disabled = explain(&contoso, "ceo@contoso.com").await;
    let cause = disabled.causes.iter().find(|cause| cause.cause == CauseKind::ApplicationDisabled).unwrap();
    assert!(
        cause.advice.danger.as_ref().is_some_and(|danger| danger.contains("restriction is in place")),
        "{disabled}"
    );
}

/// The configuration allows it and the live service refuses: time, and nothing to change.
#[tokio::test]
async fn a_change_that_has_not_propagated_is_not_taken_for_a_fault() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let explanation = explain(&contoso, "boardroom@contoso.com").await;
    assert_eq!(first(&explanation), CauseKind::NotPropagated, "{explanation}");
    assert!(explanation.first().unwrap().advice.text.contains("Change nothing"), "{explanation}");
}

/// Why is it reached: each access path with the way to end it.
#[tokio::test]
async fn a_mailbox_that_is_reached_is_explained_by_its_paths() {
    let contoso = Contoso::start().await;
    let explanation = explain(&contoso, "ceo@contoso.com").await;
    let cause = explanation.first().unwrap();
    assert_eq!(cause.cause, CauseKind::AccessPath, "{explanation}");
    assert!(cause.text.contains("Calendars.ReadWrite") && cause.advice.text.contains("Revoke"), "{explanation}");
}

/// #4, U5: the object id looks like the client id and is another.
#[tokio::test]
async fn complaint_4_an_object_id_in_place_of_the_client_id_is_told() {
    let contoso = Contoso::start().await;
    let wrong = contoso.booking.object_id.parse().unwrap();
    let explanation = contoso.groups.explain(wrong, &"ceo@contoso.com".parse().unwrap()).await.unwrap();
    assert_eq!(first(&explanation), CauseKind::UnknownApplication, "{explanation}");
    assert!(explanation.to_string().contains("object id"), "{explanation}");
}

#[tokio::test]
async fn a_registration_of_another_object_is_found() {
    let contoso = Contoso::start().await;
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    contoso.tenant.add_group(NewGroup::security(GROUP).owner(OWNER).members(["boardroom@contoso.com"]));
    let other = "3f0c2f3e-6f0f-4a35-9a55-0d6f4e0f7a11";
    let role =
        NewRoleAssignment::new("Application Calendars.ReadWrite").name("by hand").group(GROUP).of_object_id(other);
    contoso.tenant.assign_role(&contoso.booking, role);
    let explanation = explain(&contoso, "boardroom@contoso.com").await;
    assert!(explanation.causes.iter().any(|cause| cause.cause == CauseKind::WrongObjectId), "{explanation}");
}

/// #6, #7, #9: a member of a nested group is in no scope of a role.
#[tokio::test]
async fn complaints_6_7_and_9_a_nested_member_is_out_of_a_roles_scope() {
    let contoso = Contoso::start().await;
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    contoso.tenant.add_group(NewGroup::security("inner@contoso.com").owner(OWNER).members(["boardroom@contoso.com"]));
    contoso.tenant.add_group(NewGroup::security(GROUP).owner(OWNER).members(["inner@contoso.com"]));
    let role = NewRoleAssignment::new("Application Calendars.Read").name("by hand").group(GROUP);
    contoso.tenant.assign_role(&contoso.booking, role);
    let explanation = explain(&contoso, "boardroom@contoso.com").await;
    assert_eq!(first(&explanation), CauseKind::OutOfScope, "{explanation}");
    assert!(explanation.to_string().contains("no direct member"), "{explanation}");
}

#[tokio::test]
async fn a_denying_policy_is_named() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security("denied@contoso.com").owner(OWNER).members(["ceo@contoso.com"]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "denied@contoso.com");
    let explanation = explain(&contoso, "ceo@contoso.com").await;
    assert_eq!(first(&explanation), CauseKind::Denied, "{explanation}");
}

#[tokio::test]
async fn what_stands_in_the_way_of_everything_comes_first() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.set_application_enabled(&contoso.booking, false);
    assert_eq!(first(&explain(&contoso, "boardroom@contoso.com").await), CauseKind::ApplicationDisabled);
    let contoso = Contoso::start().await;
    assert_eq!(first(&explain(&contoso, "nobody@contoso.com").await), CauseKind::NoMailbox);
    let none = contoso.tenant.add_application("Newsletter", "secret");
    contoso.tenant.grant(&none, Resource::Graph, "User.Read.All");
    let explanation =
        contoso.groups.explain(none.client_id.parse().unwrap(), &"ceo@contoso.com".parse().unwrap()).await;
    assert_eq!(first(&explanation.unwrap()), CauseKind::NoPermission);
}

/// The documented bodies of Graph, one by one.
#[tokio::test]
async fn each_documented_error_has_its_cause() {
    let contoso = Contoso::start().await;
    for (status, code, message, expected) in [
        (403, "ErrorAccessDenied", "Access to OData is disabled.", CauseKind::UserAgent),
        (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.", CauseKind::NoPermission),
        (
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
            CauseKind::DirectoryPermission,
        ),
        (
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive or on-premise.",
            CauseKind::MailboxNotEnabled,
        ),
        (404, "ErrorItemNotFound", "The specified object was not found in the store.", CauseKind::NotFound),
        (400, "InefficientFilter", "The restriction or sort order is too complex.", CauseKind::Query),
        (403, "ExtensionError", "Operation: Create; Exception: Access to OData is disabled.", CauseKind::UserAgent),
    ] {
        let body = json!({ "error": { "code": code, "message": message } });
        contoso.tenant.fail_next(Matcher::path("/calendarView"), Fault::status(status, body));
        let error = refusal(&contoso, "ceo@contoso.com").await;
        let explanation = Explanation::of_error(&error);
        assert_eq!(first(&explanation), expected, "{code}: {explanation}");
    }
}

/// #33: a group that Graph does not write is told as that.
#[tokio::test]
async fn complaint_33_a_group_of_exchange_is_told_by_graphs_own_refusal() {
    let contoso = Contoso::start().await;
    let body = json!({ "error": {
        "code": "Request_BadRequest",
        "message": "Cannot Update a mail-enabled security groups and or distribution list.",
    } });
    contoso.tenant.fail_next(Matcher::path("/calendarView"), Fault::status(400, body));
    let explanation = Explanation::of_error(&refusal(&contoso, "ceo@contoso.com").await);
    assert_eq!(first(&explanation), CauseKind::ExchangeGroup, "{explanation}");
}

#[tokio::test]
async fn a_sign_in_that_is_refused_is_explained_by_its_number() {
    let contoso = Contoso::start().await;
    contoso.tenant.expire_secrets(&contoso.booking);
    let error = contoso.client_as(&contoso.booking).token_claims(exchange_groups::graph_client::Service::Graph).await;
    assert_eq!(first(&Explanation::of_error(&error.unwrap_err())), CauseKind::ExpiredCredential);
}

/// #2: the policy is there, and the application still reads everything. A read that succeeds is never called a denial.
#[tokio::test]
async fn complaint_2_a_mailbox_that_is_still_read_is_not_called_denied() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    contoso.provision(&contoso.policy().build().unwrap()).await;
    assert!(contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"), "the setup is the judge");
    let explanation = explain(&contoso, "ceo@contoso.com").await;
    assert_eq!(first(&explanation), CauseKind::StillReached, "{explanation}");
    assert_eq!(explanation.causes.len(), 1, "{explanation}");
    assert!(explanation.excluded.iter().any(|cause| cause.cause == CauseKind::OutOfScope), "{explanation}");
}

/// Load, and a sign-in that fails, are no refusals: waiting for propagation would be the wrong advice.
#[tokio::test]
async fn a_read_that_fails_otherwise_is_no_sign_of_propagation() {
    let contoso = Contoso::start().await;
    let body = json!({ "error": { "code": "ServiceUnavailable", "message": "Try again." } });
    contoso.tenant.fail_next(Matcher::path("/calendarView").times(100), Fault::status(503, body));
    let busy = explain(&contoso, "boardroom@contoso.com").await;
    assert_eq!(first(&busy), CauseKind::AccessPath, "{busy}");
    assert!(busy.causes.iter().all(|cause| cause.cause != CauseKind::NotPropagated), "{busy}");
    assert!(busy.causes.iter().any(|cause| cause.cause == CauseKind::Load), "{busy}");

    let contoso = Contoso::start().await;
    contoso.tenant.expire_secrets(&contoso.booking);
    let expired = explain(&contoso, "boardroom@contoso.com").await;
    assert_eq!(first(&expired), CauseKind::ExpiredCredential, "{expired}");
    assert!(expired.causes.iter().all(|cause| cause.cause != CauseKind::NotPropagated), "{expired}");
}

/// What could not be read neither refuses a mailbox nor excludes a cause.
#[tokio::test]
async fn what_was_not_read_is_undecided_and_excludes_nothing() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    let fault = || Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No.");
    contoso.tenant.fail_next(Matcher::cmdlet("Get-ApplicationAccessPolicy").times(100), fault());
    // Without the application's credential, so that only the configuration speaks.
    let groups = ExchangeGroups::new(contoso.new_client());
    let application = contoso.booking.client_id.parse().unwrap();
    let unread = groups.explain(application, &"ceo@contoso.com".parse().unwrap()).await.unwrap();
    assert_eq!(first(&unread), CauseKind::Undecided, "{unread}");
    assert!(unread.to_string().contains("no read was tried"), "why no read decided it is evidence too: {unread}");

    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::cmdlet("Get-ServicePrincipal").times(100), fault());
    let body = json!({ "error": {
        "code": "ErrorAccessDenied",
        "message": "Access is denied. Check credentials and try again.",
    } });
    contoso.tenant.fail_next(Matcher::path("/calendarView").times(100), Fault::status(403, body));
    let refused = explain(&contoso, "ceo@contoso.com").await;
    let has = |causes: &[Cause], kind: CauseKind| causes.iter().any(|cause| cause.cause == kind);
    assert!(has(&refused.causes, CauseKind::WrongObjectId), "it is not known: {refused}");
    assert!(!has(&refused.excluded, CauseKind::WrongObjectId), "{refused}");
}

/// A policy does not bind a role: a denying policy is no reason why a role does not act yet.
#[tokio::test]
async fn a_policy_that_does_not_bind_the_role_is_not_the_first_cause() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.add_group(NewGroup::security("denied@contoso.com").owner(OWNER).members(["boardroom@contoso.com"]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "denied@contoso.com");
    let explanation = explain(&contoso, "boardroom@contoso.com").await;
    assert!(contoso.tenant.can_read(&contoso.booking, "boardroom@contoso.com"));
    assert_eq!(first(&explanation), CauseKind::AccessPath, "{explanation}");
    assert!(explanation.causes.iter().all(|cause| cause.cause != CauseKind::Denied), "{explanation}");
}

/// What somebody was shown, and no error at hand: the line of a log, the mail that bounced.
#[test]
fn a_text_is_explained_by_the_sentences_and_codes_in_it() {
    for (text, cause) in [
        // The symptom that PlaceOS documents of a domain whose modules ran before they had access.
        ("550 5.7.501 Service unavailable. Spam abuse detected from IP range.", CauseKind::BlockedAddress),
        ("AADSTS7000222: The provided client secret keys for app are expired.", CauseKind::ExpiredCredential),
        ("invalid_client: AADSTS7000215: Invalid client secret provided.", CauseKind::WrongSecret),
        (
            "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
            CauseKind::OutOfScope,
        ),
        ("{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied.\"}}", CauseKind::NoPermission),
        ("The term 'New-ManagementScope' is not recognized as the name of a cmdlet", CauseKind::CmdletRight),
        ("It is raining.", CauseKind::Unknown),
        ("AADSTS", CauseKind::Unknown),
    ] {
        let explanation = Explanation::of_text(text);
        assert_eq!(first(&explanation), cause, "{text}: {explanation}");
        assert!(cause == CauseKind::Unknown || !explanation.causes[0].evidence_for.is_empty(), "{explanation}");
    }
}
