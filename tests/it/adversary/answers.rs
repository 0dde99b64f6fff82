//! Every answer that a proof reads, replaced by what is none, while something is open.

use exchange_groups::RestrictedCalendarGroup;
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{
    DirectoryRole, Fault, Matcher, NewGroup, NewRoleAssignment, PolicyRight, RecordedRequest, Resource, When,
};
use serde_json::json;

use super::{ADELE, CEO, Mode, Tally, provisioned, reached_beyond};

/// What takes the place of an answer.
fn replacements(is_exchange: bool) -> Vec<(&'static str, Fault)> {
    let body = |text: &str| Fault::body(200, text);
    let page = |status| Fault::Body {
        when: When::BeforeEffect,
        status,
        content_type: "text/html".to_owned(),
        body: b"<!DOCTYPE html><html><body>Blocked by the proxy</body></html>".to_vec(),
    };
    let other = "11111111-2222-4333-8444-555555555555";
    let mut all = vec![
        ("no body", body("")),
        ("NUL bytes", Fault::nul_bytes()),
        ("an empty object", body("{}")),
        ("an empty list", body("[]")),
        ("null", body("null")),
        ("a value of null", body(r#"{"value":null}"#)),
        ("a value that is an object", body(r#"{"value":{}}"#)),
        ("a value that is a text", body(r#"{"value":"maintenance"}"#)),
        ("rows of null", body(r#"{"value":[null]}"#)),
        ("rows without properties", body(r#"{"value":[{}]}"#)),
        ("a message", body(r#"{"message":"maintenance"}"#)),
        ("a Message", body(r#"{"Message":"An error has occurred."}"#)),
        ("an error after the context", body(r#"{"@odata.context":"c","error":{"code":"x","message":"m"}}"#)),
        (
            "an error beside an empty list",
            body(r#"{"@odata.context":"c","value":[],"error":{"code":"x","message":"m"}}"#),
        ),
        (
            "another record",
            Fault::status(
                200,
                json!({"id": other, "appId": other, "displayName": "Other", "accountEnabled": true, "appRoles": []}),
            ),
        ),
        (
            "a row of another record",
            Fault::status(
                200,
                json!({"value": [{"Identity": "other", "Name": "other", "Guid": other, "DisplayName": "Other"}]}),
            ),
        ),
        ("a page", page(200)),
        ("a page with 403", page(403)),
        ("a page with 404", page(404)),
        ("a proxy's 404", Fault::status(404, json!({"error": {"code": "NotFound", "message": "No such route."}}))),
        ("an empty 404", Fault::status(404, serde_json::Value::Null)),
        ("a gateway's 502", Fault::Html { status: 502 }),
        ("an empty 204", Fault::status(204, serde_json::Value::Null)),
    ];
    if is_exchange {
        // With the warning by which a cut list is known. Graph has no such mark.
        all.extend([
            ("a list cut to nothing", Fault::CutList { rows: 0 }),
            ("a list cut to one", Fault::CutList { rows: 1 }),
        ]);
    }
    all
}

/// What is open behind the product's back.
const OPENINGS: [(&str, Mode); 16] = [
    ("the CEO is a member", Mode::Rbac),
    ("the CEO is a member", Mode::Policy),
    ("a role over everything", Mode::Rbac),
    ("a role over everything", Mode::Policy),
    ("a role over people", Mode::Rbac),
    ("a role over a unit", Mode::Rbac),
    ("a grant that stays", Mode::Rbac),
    ("an unlisted permission", Mode::Policy),
    ("a policy over another group", Mode::Policy),
    ("a nested group", Mode::Policy),
    ("a role that exports", Mode::Rbac),
    ("the right to grant permissions", Mode::Policy),
    ("the right to administer Exchange", Mode::Rbac),
    ("the right to be a member who administers Exchange", Mode::Policy),
    ("the right to act as another application", Mode::Rbac),
    ("the right to change the team that is a scope", Mode::Rbac),
];

fn open(contoso: &Contoso, what: &str) {
    let (tenant, app) = (&contoso.tenant, &contoso.booking);
    let read = || NewRoleAssignment::new("Application Calendars.Read");
    match what {
        "the CEO is a member" => tenant.add_member(GROUP, CEO),
        "a role over everything" => drop(tenant.assign_role(app, read())),
        "a role over people" => drop(tenant.assign_role(app, read().filter("RecipientTypeDetails -eq 'UserMailbox'"))),
        "a role over a unit" => {
            tenant.add_unit("Board", [ADELE]);
            tenant.assign_role(app, read().unit("Board"));
        }
        "a grant that stays" => tenant.grant(app, Resource::Graph, "Calendars.Read"),
        "an unlisted permission" => tenant.grant(app, Resource::Graph, "11111111-2222-4333-8444-666666666666"),
        "a policy over another group" => {
            let group = tenant.add_group(NewGroup::security("other").members([ADELE]));
            tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, &group);
        }
        "a nested group" => {
            let inner = tenant.add_group(NewGroup::security("inner").members([ADELE]));
            tenant.add_member(GROUP, &inner);
        }
        "a role that exports" => {
            drop(tenant.assign_role(app, NewRoleAssignment::new("Application MailboxItem.Export")));
        }
        "the right to grant permissions" => tenant.grant(app, Resource::Graph, "AppRoleAssignment.ReadWrite.All"),
        "the right to administer Exchange" => {
            tenant.grant(app, Resource::Exchange, "Exchange.ManageAsApp");
            tenant.assign_directory_role(app, DirectoryRole::ExchangeAdministrator);
        }
        "the right to be a member who administers Exchange" => {
            tenant.grant(app, Resource::Exchange, "Exchange.ManageAsApp");
            tenant.assign_role(app, NewRoleAssignment::new("Application Mail.Send").filter("Alias -eq 'nobody'"));
            tenant.add_to_role_group(app, "Organization Management");
        }
        "the right to act as another application" => tenant.grant(app, Resource::Graph, "Application.ReadWrite.All"),
        "the right to change the team that is a scope" => {
            let team = tenant.add_group(NewGroup::microsoft_365("team").members(["room-00001"]));
            tenant.assign_role(app, read().group(&team));
            tenant.grant(app, Resource::Graph, "GroupMember.ReadWrite.All");
        }
        other => panic!("nothing opens {other}"),
    }
}

/// The reads of one proof, each as what finds it again: the cmdlet or the path, and how many like it come before.
async fn reads(contoso: &Contoso, spec: &RestrictedCalendarGroup) -> Vec<(String, Matcher)> {
    contoso.tenant.clear_requests();
    let _ = contoso.groups.prove(spec).await;
    let requests: Vec<RecordedRequest> =
        contoso.tenant.requests().into_iter().filter(|request| !request.path.contains("/oauth2/")).collect();
    let path_of = |request: &RecordedRequest| request.path.split('?').next().unwrap_or_default().to_owned();
    let mut reads = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let before = &requests[..index];
        let (name, matcher, count) = if let Some(cmdlet) = &request.cmdlet {
            let count = before.iter().filter(|other| other.cmdlet.as_ref() == Some(cmdlet)).count();
            (cmdlet.clone(), Matcher::cmdlet(cmdlet), count)
        } else {
            let path = path_of(request);
            let count = before.iter().filter(|other| other.path.contains(&path)).count();
            (path.clone(), Matcher::path(&path), count)
        };
        reads.push((format!("{name} ({})", count + 1), matcher.after(count)));
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_replaced_answer_hides_what_is_open() {
    // A prime, so that each read meets other replacements from opening to opening.
    let stride: usize = std::env::var("ADVERSARY").ok().and_then(|text| text.parse().ok()).unwrap_or(61);
    let mut tally = Tally::default();
    let work = OPENINGS.into_iter().enumerate().map(|(at, (what, mode))| async move {
        let mut tally = Tally::default();
        let (contoso, spec) = provisioned(mode).await;
        open(&contoso, what);
        let reached = reached_beyond(&contoso, &contoso.tenant.rooms()).map(|mailbox| format!("{mailbox} is reached"));
        let reached = reached.or_else(|| what.contains("the right").then(|| "it widens its own access".to_owned()));
        let open = format!("{what} ({mode:?}): {}", reached.expect("something is open"));
        let mut number = at;
        for (read, matcher) in reads(&contoso, &spec).await {
            for (name, fault) in replacements(!read.starts_with('/')) {
                for times in [1, 99] {
                    number += 1;
                    if number % stride != 0 {
                        continue;
                    }
                    contoso.tenant.clear_faults();
                    contoso.tenant.fail_next(matcher.clone().times(times), fault.clone());
                    let proof = contoso.groups.prove(&spec).await;
                    tally.note(&format!("{name} for {read}, {times} times"), &proof, Some(&open));
                }
            }
        }
        tally
    });
    let mut done = futures_util::StreamExt::buffer_unordered(futures_util::stream::iter(work), 2);
    while let Some(one) = futures_util::StreamExt::next(&mut done).await {
        tally.merge(one);
    }
    tally.conclude("a replaced answer");
}

/// Found by trying one in thirteen of the combinations: the 404 of a proxy is no word of Exchange on who is registered.
#[tokio::test]
async fn the_404_of_a_proxy_does_not_say_that_the_application_is_unknown_to_exchange() {
    let mut tally = Tally::default();
    let what = "the right to be a member who administers Exchange";
    let (contoso, spec) = provisioned(Mode::Policy).await;
    open(&contoso, what);
    let fault = Fault::status(404, json!({"error": {"code": "NotFound", "message": "No such route."}}));
    contoso.tenant.fail_next(Matcher::cmdlet("Get-ServicePrincipal").times(99), fault);
    tally.note("a proxy's 404", &contoso.groups.prove(&spec).await, Some(what));
    tally.conclude("the 404 of a proxy");
}

/// Found by trying one in two: a record of something else is neither the application nor a role group.
#[tokio::test]
async fn a_record_of_something_else_does_not_hide_who_is_in_a_role_group() {
    let mut tally = Tally::default();
    let what = "the right to be a member who administers Exchange";
    let (contoso, spec) = provisioned(Mode::Policy).await;
    open(&contoso, what);
    let other = "99999999-8888-4777-8666-555555555555";
    let row = json!({"value": [{"Identity": "other", "Name": "other", "Guid": other, "DisplayName": "Other"}]});
    for cmdlet in ["Get-ServicePrincipal", "Get-RoleGroup"] {
        contoso.tenant.clear_faults();
        contoso.tenant.fail_next(Matcher::cmdlet(cmdlet).times(9), Fault::status(200, row.clone()));
        let proof = contoso.groups.prove(&spec).await;
        tally.note(&format!("a row of another record for {cmdlet}"), &proof, Some(what));
        let plan = contoso.plan(&spec).await;
        let is_told = |finding: &exchange_groups::Finding| finding.kind == exchange_groups::FindingKind::NotRead;
        assert!(plan.findings.iter().any(is_told), "{cmdlet}: what could not be read is not hidden\n{plan}");
    }
    tally.conclude("a record of something else");
}
