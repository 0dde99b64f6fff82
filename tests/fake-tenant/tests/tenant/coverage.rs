//! What is modelled, as a page that is made from the code: the paths of Graph with the options that they take, and the
//! cmdlets of Exchange with their parameters.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fake_tenant::{
    AcceptedPath, DirectoryRole, FakeTenant, NewGroup, PolicyRight, Request, Resource, Response, cmdlets, paths,
};
use serde_json::{Value, json};

use crate::{GRAPH, Session};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/COVERAGE.md");

/// A tenant with something in most lists, and a session that may do everything.
fn world() -> Session {
    let tenant = FakeTenant::builder().rooms(3).people(3).build();
    let administrator = tenant.administrator();
    let graph =
        Session::of(&tenant, &administrator).get("/v1.0/servicePrincipals?$filter=displayName eq 'Microsoft Graph'");
    for role in graph.json()["value"][0]["appRoles"].as_array().into_iter().flatten() {
        tenant.grant(&administrator, Resource::Graph, role["value"].as_str().unwrap_or_default());
    }
    let people = tenant.people();
    for address in ["first@contoso.com", "second@contoso.com"] {
        tenant.add_group(NewGroup::microsoft_365(address).owner(&people[0]).owner(&people[1]).members(&people));
    }
    tenant.add_member("first@contoso.com", "second@contoso.com");
    tenant.add_room_list("floor@contoso.com", tenant.rooms());
    tenant.add_unit("One", &people);
    tenant.add_unit("Two", &people);
    tenant.add_access_policy(&administrator.client_id, PolicyRight::Restrict, "first@contoso.com");
    let booking = tenant.booking_application();
    tenant.grant_scopes(&booking, Resource::Graph, "User.Read", None);
    tenant.grant_scopes(&booking, Resource::Graph, "Calendars.Read", Some(&*people[0]));
    tenant.add_application_to_group(&booking, "first@contoso.com");
    tenant.make_eligible(&people[0], DirectoryRole::GlobalReader);
    tenant.add_application_owner(&booking, &people[0]);
    tenant.add_application_owner(&booking, &people[1]);
    tenant.assign_directory_role_to(&people[0], DirectoryRole::GlobalReader);
    tenant.assign_directory_role_to(&people[0], DirectoryRole::GroupsAdministrator);
    let session = Session::of(&tenant, &administrator);
    for (person, subject) in [(&people[0], "Planning"), (&people[0], "Review")] {
        tenant.add_event(person, subject, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    }
    session
}

impl Session {
    fn asked(&self, method: &str, path: &str, query: &str) -> Response {
        let url = format!("{GRAPH}/v1.0{path}{query}");
        let request = Request::new(method, url.parse().unwrap_or_else(|reason| panic!("{url}: {reason}")));
        let request = request.bearer(&self.graph).header("ConsistencyLevel", "eventual");
        self.tenant.handle(&if method == "GET" { request } else { request.json(&json!({})) })
    }

    /// The path with keys that are there, as far as lists show them.
    fn filled(&self, path: &str) -> String {
        let mut filled = String::new();
        for segment in path.split('/').skip(1) {
            let value = match segment {
                "{id}" => self.key(&filled),
                "{cast}" if filled.starts_with("/places") => "microsoft.graph.room".to_owned(),
                "{cast}" => "microsoft.graph.user".to_owned(),
                "{name}" => "timeZone".to_owned(),
                plain => plain.to_owned(),
            };
            filled = format!("{filled}/{value}");
        }
        filled
    }

    fn key(&self, list: &str) -> String {
        let tenant = &self.tenant;
        match list {
            "/users" => return tenant.people().swap_remove(0),
            "/places" => return "floor@contoso.com".to_owned(),
            "/applications" => return self.registration(),
            "/servicePrincipals" => return tenant.booking_application().object_id,
            "/groups" => return tenant.group("second@contoso.com").expect("a group").object_id,
            "/directoryObjects" => return tenant.group("first@contoso.com").expect("a group").object_id,
            _ => {}
        }
        self.asked("GET", list, "").json()["value"][0]["id"].as_str().unwrap_or("nothing").to_owned()
    }

    fn registration(&self) -> String {
        let booking = self.tenant.booking_application().client_id;
        let found = self.asked("GET", "/applications", &format!("?$filter=appId eq '{booking}'")).json();
        found["value"][0]["id"].as_str().unwrap_or("nothing").to_owned()
    }

    /// What a list or an object does of what is asked by options. Lists that are empty here show little of it.
    fn options(&self, path: &str) -> Vec<&'static str> {
        let needed = if path.to_ascii_lowercase().ends_with("calendarview") || path.ends_with("/instances") {
            "startDateTime=2026-11-20T00:00:00Z&endDateTime=2026-11-30T00:00:00Z&"
        } else {
            ""
        };
        let ask = |option: &str| {
            let response = self.asked("GET", path, &format!("?{needed}{option}"));
            (response.status() == 200 && response.header("Content-Type").is_some_and(|it| it.contains("json")))
                .then(|| response.json())
        };
        let rows = |body: &Value| body["value"].as_array().cloned();
        let Some(plain) = ask("") else { return Vec::new() };
        let first = one(&plain);
        let mut taken = Vec::new();
        let selected = ask("$select=id").map(|body| one(&body));
        let own = |row: &Value| row.as_object().map_or(0, |row| row.keys().filter(|key| !key.starts_with('@')).count());
        if selected.is_some_and(|row| own(&row) == 1 && own(&first) > 1) {
            taken.push("$select");
        }
        let Some(all) = rows(&plain).filter(|rows| !rows.is_empty()) else { return taken };
        let count = |option: &str| ask(option).and_then(|body| rows(&body)).map(|rows| rows.len());
        let named = ["displayName", "subject", "name", "id"];
        let empties = |option: &dyn Fn(&str) -> String| named.iter().any(|name| count(&option(name)) == Some(0));
        if empties(&|name| format!("$count=true&$filter={name} eq 'nothing'")) {
            taken.push("$filter");
        }
        if empties(&|name| format!("$count=true&$search=\"{name}:zzzz\"")) {
            taken.push("$search");
        }
        let turned = |name: &&str| {
            let ids = |option: &str| ask(option).and_then(|body| rows(&body)).map(|rows| rows.first().cloned());
            let (up, down) =
                (ids(&format!("$count=true&$orderby={name}")), ids(&format!("$count=true&$orderby={name} desc")));
            up.is_some() && down.is_some() && up != down
        };
        if named.iter().any(turned) {
            taken.push("$orderby");
        }
        if all.len() > 1 && count("$top=1") == Some(1) {
            taken.push("$top");
        }
        if all.len() > 1 && count("$skip=1") == Some(all.len() - 1) {
            taken.push("$skip");
        }
        if ask("$count=true").is_some_and(|body| body["@odata.count"].is_number()) {
            taken.push("$count");
        }
        taken
    }

    /// The relations that can be expanded.
    fn expanded(&self, path: &str) -> Vec<&'static str> {
        let relations = [
            "manager",
            "directReports",
            "memberOf",
            "transitiveMemberOf",
            "members",
            "owners",
            "appRoleAssignments",
            "appRoleAssignedTo",
            "roleDefinition",
            "principal",
            "attachments",
            "extensions",
            "calendar",
            "events",
        ];
        let shows = |name: &&str| {
            let response = self.asked("GET", path, &format!("?$expand={name}"));
            let body = if response.status() == 200 { response.json() } else { Value::Null };
            one(&body).get(*name).is_some()
        };
        relations.into_iter().filter(shows).collect()
    }
}

/// The first row of a list, or the object that the answer is.
fn one(body: &Value) -> Value {
    body["value"].as_array().map_or_else(|| body.clone(), |rows| rows.first().cloned().unwrap_or_default())
}

/// Whether the answer says that there is no such path, or that it is not modelled.
fn is_unknown(response: &Response) -> bool {
    response.header("fake-tenant").is_some()
        || response.status() == 405
        || (response.status() == 400 && response.text().contains("Resource not found for the segment"))
}

fn graph() -> String {
    let session = world();
    let mut table = String::from("| path | methods | options | `$expand` |\n|---|---|---|---|\n");
    for AcceptedPath { path, methods, .. } in paths() {
        let filled = session.filled(&path);
        let (options, relations) = if methods.contains(&"GET") {
            (session.options(&filled), session.expanded(&filled))
        } else {
            (Vec::new(), Vec::new())
        };
        let code = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "| `{path}` | {} | {} | {} |", methods.join(", "), code(&options), code(&relations));
    }
    table
}

fn exchange() -> String {
    let mut table = String::from("| cmdlet | parameters |\n|---|---|\n");
    let mut all: Vec<_> = cmdlets().collect();
    all.sort_by_key(|cmdlet| cmdlet.name);
    for cmdlet in all {
        let mut names: Vec<_> = cmdlet.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
        names.sort();
        let _ = writeln!(table, "| `{}` | {} |", cmdlet.name, names.join(", "));
    }
    table
}

#[test]
fn the_page_of_what_is_modelled_is_that_of_the_code() {
    let page = format!(
        "# What is modelled\n\nMade from the code by the test `coverage`; `UPDATE_COVERAGE=1` writes it anew.\n\n## Graph\n\n\
         Any other path is answered with 501 in the fake's own voice where Graph has it, and as one that there is not where \
         it\nhas not. Below `/me` is what is below `/users/{{id}}`; every list has its `$count`, every list of the directory \
         its `$ref`.\nThe options are those that were seen to act on a small tenant: what a list of nothing would do of them \
         is not said.\n\n{}\n## Exchange\n\nEvery other cmdlet is refused as one that the caller may not run, every other \
         parameter as one that the cmdlet does not have.\n\n{}",
        graph(),
        exchange()
    );
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "run with UPDATE_COVERAGE=1");
}

/// What the table says is there: by every method of every path something else is answered than that there is no such thing.
#[test]
fn every_path_of_the_table_is_answered() {
    let mut unknown = Vec::new();
    let mut session = world();
    for AcceptedPath { path, methods, .. } in paths() {
        for method in methods {
            let response = session.asked(method, &session.filled(&path), "");
            if is_unknown(&response) {
                unknown.push(format!("{method} {path}: {} {}", response.status(), response.text()));
            }
            if method == "DELETE" {
                session = world();
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

/// What Graph has and the fake has not is said in the fake's own voice, and listed.
#[test]
fn what_is_not_modelled_is_said_in_the_fakes_own_voice() {
    let session = world();
    let person = session.tenant.people().swap_remove(0);
    let asked: BTreeMap<&str, u16> = [
        ("/$metadata", 501),
        ("/users/{person}/outlook/masterCategories", 501),
        ("/users/{person}/messages", 501),
        ("/users/{person}/onlineMeetings", 501),
        ("/users/{person}/outlook/supportedTimeZones", 200),
        ("/users/{person}/nonsense", 400),
    ]
    .into();
    for (path, status) in &asked {
        let response = session.asked("GET", &path.replace("{person}", &person), "");
        assert_eq!(response.status(), *status, "{path}: {}", response.text());
        assert_eq!(response.header("fake-tenant").is_some(), *status == 501, "{path}");
    }
    let listed = session.tenant.unmodelled();
    assert_eq!(listed.len(), asked.values().filter(|status| **status == 501).count(), "{listed:?}");
    let zones = |standard: &str| {
        let path = format!("/users/{person}/outlook/supportedTimeZones{standard}");
        let rows = session.asked("GET", &path, "").json();
        crate::texts(rows["value"].as_array().map_or(&[], Vec::as_slice), "alias")
    };
    assert!(zones("").contains(&"W. Europe Standard Time".to_owned()));
    assert!(zones("(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')").contains(&"Europe/Berlin".to_owned()));
}
