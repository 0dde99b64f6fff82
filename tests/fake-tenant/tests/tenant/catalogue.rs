//! Opening access paths one by one.

use fake_tenant::{AccessPath, Application, FakeTenant, Level, Opened, PathKind, Resource, Supposition};
use serde_json::Value;

const CEO: &str = "ceo@contoso.com";

fn world() -> (FakeTenant, Application) {
    let tenant = FakeTenant::builder().build();
    tenant.add_person("ceo");
    let app = tenant.add_application("A", "fake");
    (tenant, app)
}

fn app_role(resource: Resource, role: &str) -> AccessPath<'_> {
    AccessPath::AppRole { resource, role }
}

/// What is reached when one path is open.
#[track_caller]
fn opens(path: AccessPath<'_>, expected: Opened, level: Option<Level>) {
    let (tenant, app) = world();
    assert_eq!(tenant.open(&app, path), expected, "{path:?}");
    let reached = [Level::Write, Level::Events, Level::Brief, Level::Times]
        .into_iter()
        .find(|level| tenant.reaches(&app, CEO, *level).allowed);
    assert_eq!(reached, level, "{path:?}");
}

#[test]
fn a_path_opens_what_the_sources_say() {
    use Opened::{HeldOnly, Modelled, Unknown};
    use Resource::{Exchange, Graph};
    for (path, expected, level) in [
        (app_role(Graph, "798ee544-9d2d-430c-a058-570e29e34338"), Modelled, Some(Level::Events)),
        (app_role(Graph, "Calendars.ReadWrite"), Modelled, Some(Level::Write)),
        (app_role(Graph, "8ba4a692-bc31-4128-9094-475872af8a53"), Modelled, Some(Level::Events)),
        // Work hours and locations.
        (app_role(Graph, "470229df-a15a-4b08-9d95-8c534862b362"), Modelled, None),
        (app_role(Graph, "Mail.Read"), Modelled, None),
        (app_role(Graph, "7d9f353d-a7bd-4fbb-822a-26d5dd39a3ce"), Modelled, Some(Level::Events)),
        (app_role(Graph, "76577085-e73d-4f1d-b26a-85fb33892327"), Modelled, Some(Level::Write)),
        (app_role(Graph, "Bookings.Read.All"), HeldOnly, None),
        (app_role(Graph, "AppRoleAssignment.ReadWrite.All"), Modelled, None),
        (app_role(Graph, "11111111-2222-3333-4444-555555555555"), HeldOnly, None),
        (app_role(Graph, "No.Such.Role"), Unknown, None),
        // Nothing is known to answer the old API, and IMAP wants a mailbox permission.
        (app_role(Exchange, "798ee544-9d2d-430c-a058-570e29e34338"), Modelled, None),
        (app_role(Exchange, "28b54159-e98b-4a00-9d52-10c8c7cbd7f3"), Modelled, None),
        (app_role(Exchange, "Mailbox.Migration"), HeldOnly, None),
        (AccessPath::ExchangeRole("Application Calendars.Read"), Modelled, Some(Level::Events)),
        (AccessPath::ExchangeRole("Application Exchange Full Access"), Modelled, Some(Level::Write)),
        (AccessPath::ExchangeRole("Application MailboxItem.Export"), Modelled, Some(Level::Events)),
        (AccessPath::ExchangeRole("Application Mail.Read"), Modelled, None),
        (AccessPath::ExchangeRole("ApplicationImpersonation"), HeldOnly, None),
        (AccessPath::DelegatingExchangeRole("Application Calendars.Read"), Modelled, None),
        (AccessPath::RoleGroup("Organization Management"), Modelled, None),
        (AccessPath::DirectoryRole("29232cdf-9323-42fd-ade2-1d097af3e4de"), Modelled, None),
        (AccessPath::DirectoryRole("00000000-0000-0000-0000-000000000000"), Unknown, None),
        (AccessPath::DelegatedScope { resource: Graph, scope: "Calendars.ReadWrite" }, HeldOnly, None),
        (AccessPath::MailboxPermission, Modelled, None),
        (AccessPath::OwnApplication, Modelled, None),
        (AccessPath::Other("Microsoft Graph Data Connect"), Unknown, None),
    ] {
        opens(path, expected, level);
    }
}

#[test]
fn ews_is_open_while_its_switches_are() {
    for path in
        [app_role(Resource::Exchange, "full_access_as_app"), AccessPath::ExchangeRole("Application EWS.AccessAsApp")]
    {
        let (tenant, app) = world();
        tenant.set_ews(Some(true), [&app.client_id]);
        tenant.set_time(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_794_700_800));
        assert_eq!(tenant.open(&app, path), Opened::Modelled);
        assert!(tenant.reaches(&app, CEO, Level::Write).allowed, "{path:?}");
    }
}

/// Every row of a catalogue of access paths, whose file a variable names: each can be opened, and what a
/// row says it opens is what the tenant lets through, with every open question answered with yes.
#[test]
fn every_row_of_a_catalogue_opens_what_it_says() {
    let Ok(file) = std::env::var("ACCESS_PATHS") else {
        return;
    };
    let catalogue: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let rows = catalogue["access_paths"].as_array().unwrap();
    let mut unknown = Vec::new();
    for row in rows {
        let field = |name: &str| row[name].as_str().unwrap_or_default();
        let key = if field("id").is_empty() { field("value") } else { field("id") };
        let resource = if field("resource") == "graph" { Resource::Graph } else { Resource::Exchange };
        let path = match field("kind") {
            "application" => app_role(resource, key),
            "delegated" => AccessPath::DelegatedScope { resource, scope: field("value") },
            "application-role" | "management-role" => AccessPath::ExchangeRole(field("value")),
            "assignment" => AccessPath::DelegatingExchangeRole("Application Calendars.Read"),
            "role-group" => AccessPath::RoleGroup(field("value")),
            "directory-role" => AccessPath::DirectoryRole(key),
            _ if field("value").starts_with("mailbox permission") => AccessPath::MailboxPermission,
            _ if field("value").starts_with("owner of its own") => AccessPath::OwnApplication,
            _ if field("value").contains("Microsoft 365 group)") => AccessPath::Microsoft365GroupOwner,
            _ => AccessPath::Other(field("value")),
        };
        let (tenant, app) = world();
        for supposition in [Supposition::OutlookRestAnswers, Supposition::ImapShowsCalendars] {
            tenant.suppose(supposition, true);
        }
        tenant.set_time(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_786_752_000));
        tenant.add_purview_role(&app);
        let opened = tenant.open(&app, path);
        if opened == Opened::Unknown {
            unknown.push(field("value").to_owned());
        }
        let app_only = matches!(field("kind"), "application" | "application-role");
        if opened == Opened::Modelled && app_only {
            let says = |what: &str| row["opens"].as_array().unwrap().iter().any(|opens| opens == what);
            let reach = |level: Level| tenant.reaches(&app, CEO, level).allowed;
            assert_eq!(reach(Level::Events), says("calendar_read"), "{row}");
            assert_eq!(reach(Level::Write), says("calendar_write"), "{row}");
            let covered = row["access_policy_coverage"] == "documented";
            tenant.add_access_policy(&app.client_id, fake_tenant::PolicyRight::Deny, CEO);
            let left = says("calendar_read") && !covered && field("value") != "Calendars.ReadBasic.All";
            assert_eq!(reach(Level::Events), left, "{row}");
        }
        if field("resource") == "exchange" && opened == Opened::Modelled && says_ews(row) {
            assert!(!tenant.reaches(&app, CEO, Level::Events).is_by(PathKind::GraphGrant), "{row}");
        }
    }
    assert!(unknown.len() <= 12, "{unknown:?}");
}

fn says_ews(row: &Value) -> bool {
    row["narrowed_by"].as_array().is_some_and(|narrowed| narrowed.iter().any(|by| by == "ews_switch"))
}
