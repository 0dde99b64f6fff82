//! Which paths of Graph are answered. What is not in this table is not, whatever a handler says.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A path of Graph that the tenant answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedPath {
    /// With a placeholder for each key, and for each cast: `/groups/{id}/members/{cast}`. Below `/me` is what is below
    /// `/users/{id}`, and every list has its `$count`, and every list of the directory its `$ref`.
    pub path: String,
    /// The methods: `GET`, `POST`, …
    pub methods: Vec<&'static str>,
}

/// The paths of Graph that the tenant answers, in order. Any other is answered with 501 where Graph has it, and in Graph's
/// words where it has not.
pub fn paths() -> impl Iterator<Item = AcceptedPath> {
    all().iter().cloned()
}

const TABLE: &[&str] = &[
    "POST /$batch",
    "GET /organization",
    "GET /organization/{id}",
    "GET /domains",
    "GET /domains/{id}",
    "GET /subscribedSkus",
    "GET /subscribedSkus/{id}",
    "POST /places",
    "GET /places/{cast}",
    "GET PATCH DELETE /places/{id}",
    "GET /places/{id}/descendants/{cast}",
    "GET /places/{id}/microsoft.graph.roomList/rooms",
    "GET /places/{id}/microsoft.graph.roomList/workspaces",
    "GET /users",
    "GET /users/delta",
    "GET /users/{id}",
    "GET /users/{id}/manager",
    "PUT DELETE /users/{id}/manager/$ref",
    "GET /users/{id}/mailboxSettings/{name}",
    "GET PATCH /users/{id}/mailboxSettings",
    "GET /users/{id}/outlook/supportedTimeZones",
    "POST /users/{id}/sendMail",
    "GET /users/{id}/calendarView",
    "GET /users/{id}/calendarView/delta",
    "GET /users/{id}/calendarGroups",
    "GET /users/{id}/calendar",
    "GET /users/{id}/calendar/calendarView",
    "GET /users/{id}/calendar/calendarView/delta",
    "POST /users/{id}/calendar/getSchedule",
    "POST /users/{id}/calendars/{id}/getSchedule",
    "GET POST /groups",
    "GET /groups/delta",
    "GET PATCH DELETE /groups/{id}",
    "POST /groups/{id}/members/$ref",
    "DELETE /groups/{id}/members/{id}/$ref",
    "POST /groups/{id}/owners/$ref",
    "DELETE /groups/{id}/owners/{id}/$ref",
    "GET POST /subscriptions",
    "GET PATCH DELETE /subscriptions/{id}",
    "POST /subscriptions/{id}/reauthorize",
    "GET /directoryObjects/{id}",
    "GET /directory/administrativeUnits",
    "GET /directory/administrativeUnits/{id}",
    "GET POST /oauth2PermissionGrants",
    "GET /oauth2PermissionGrants/delta",
    "GET PATCH DELETE /oauth2PermissionGrants/{id}",
    "GET /directoryRoles",
    "GET /directoryRoles/delta",
    "GET /directoryRoles/{id}",
    "GET /directoryRoleTemplates",
    "GET /directoryRoleTemplates/{id}",
    "GET /roleManagement/directory/roleDefinitions",
    "GET /roleManagement/directory/roleDefinitions/{id}",
    "GET POST /roleManagement/directory/roleAssignments",
    "GET DELETE /roleManagement/directory/roleAssignments/{id}",
    "GET /roleManagement/directory/transitiveRoleAssignments",
    "GET /roleManagement/directory/roleAssignmentScheduleInstances",
    "GET /roleManagement/directory/roleEligibilityScheduleInstances",
    "GET POST /applications",
    "GET /applications/delta",
    "GET PATCH DELETE /applications/{id}",
    "POST /applications/{id}/addPassword",
    "POST /applications/{id}/removePassword",
    "GET POST /applications/{id}/federatedIdentityCredentials",
    "GET PATCH DELETE /applications/{id}/federatedIdentityCredentials/{id}",
    "GET POST /servicePrincipals",
    "GET /servicePrincipals/delta",
    "GET PATCH DELETE /servicePrincipals/{id}",
    "GET POST /servicePrincipals/{id}/appRoleAssignments",
    "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}",
    "GET POST /servicePrincipals/{id}/appRoleAssignedTo",
    "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}",
    "GET /servicePrincipals/{id}/oauth2PermissionGrants",
    "GET POST /admin/configurationManagement/configurationMonitors",
    "GET PATCH DELETE /admin/configurationManagement/configurationMonitors/{id}",
    "GET /admin/configurationManagement/configurationMonitors/{id}/baseline",
    "GET /admin/configurationManagement/configurationDrifts",
    "GET /admin/configurationManagement/configurationDrifts/{id}",
    "GET /admin/configurationManagement/configurationMonitoringResults",
    "GET /admin/configurationManagement/configurationMonitoringResults/{id}",
    "POST /admin/configurationManagement/configurationSnapshots/createSnapshot",
    "GET /admin/configurationManagement/configurationSnapshots/{id}",
    "GET /admin/configurationManagement/configurationSnapshotJobs",
    "GET DELETE /admin/configurationManagement/configurationSnapshotJobs/{id}",
];

/// Lists of the directory, which can be cast.
const RELATIONS: &[&str] = &[
    "/users/{id}/directReports",
    "/users/{id}/memberOf",
    "/users/{id}/transitiveMemberOf",
    "/groups/{id}/members",
    "/groups/{id}/transitiveMembers",
    "/groups/{id}/owners",
    "/groups/{id}/memberOf",
    "/groups/{id}/transitiveMemberOf",
    "/applications/{id}/owners",
    "/servicePrincipals/{id}/owners",
    "/servicePrincipals/{id}/ownedObjects",
    "/servicePrincipals/{id}/memberOf",
    "/servicePrincipals/{id}/transitiveMemberOf",
    "/directory/administrativeUnits/{id}/members",
    "/directoryRoles/{id}/members",
];

const CHECKED: &[&str] = &["/users/{id}", "/groups/{id}", "/directoryObjects/{id}"];
const CHECKS: &[&str] = &["checkMemberGroups", "getMemberGroups", "checkMemberObjects", "getMemberObjects"];

/// Where calendars are.
const CALENDARS: &[&str] =
    &["/users/{id}/calendars", "/users/{id}/calendarGroup/calendars", "/users/{id}/calendarGroups/{id}/calendars"];

/// What a calendar has, whichever way leads to it.
const CALENDAR: &[&str] = &["GET POST /calendarPermissions", "GET PATCH DELETE /calendarPermissions/{id}"];

/// Where events are, besides in calendars.
const EVENTS: &[&str] = &["/users/{id}/events", "/users/{id}/calendar/events"];

const EVENT: &[&str] = &[
    "GET POST ",
    "GET PATCH DELETE /{id}",
    "GET /{id}/instances",
    "POST /{id}/cancel",
    "POST /{id}/accept",
    "POST /{id}/decline",
    "POST /{id}/tentativelyAccept",
    "POST /{id}/forward",
    "GET POST /{id}/attachments",
    "GET DELETE /{id}/attachments/{id}",
    "GET POST /{id}/extensions",
    "GET PATCH DELETE /{id}/extensions/{id}",
];

/// All paths, in the order of the alphabet.
fn all() -> &'static [AcceptedPath] {
    static ALL: OnceLock<Vec<AcceptedPath>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut paths: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        let mut add = |prefix: &str, row: &'static str| {
            let (methods, rest) = row.rsplit_once(' ').unwrap_or_default();
            paths.entry(format!("{prefix}{rest}")).or_default().extend(methods.split(' '));
        };
        for row in TABLE {
            add("", row);
        }
        for relation in RELATIONS {
            add(relation, "GET ");
            add(relation, "GET /{cast}");
        }
        for object in CHECKED {
            for check in CHECKS {
                add(&format!("{object}/{check}"), "POST ");
            }
        }
        for collection in super::members::COLLECTIONS {
            add(&format!("/{}", super::schema::spelled(collection)), "POST /getByIds");
        }
        for calendars in CALENDARS {
            add(calendars, "GET POST ");
            add(calendars, "GET PATCH DELETE /{id}");
            add(calendars, "GET /{id}/calendarView");
        }
        let calendars = CALENDARS.iter().map(|calendars| format!("{calendars}/{{id}}"));
        for calendar in calendars.clone().chain(["/users/{id}/calendar".to_owned()]) {
            for row in CALENDAR {
                add(&calendar, row);
            }
        }
        let events = calendars.map(|calendar| format!("{calendar}/events"));
        for events in events.chain(EVENTS.iter().map(|&events| events.to_owned())) {
            for row in EVENT {
                add(&events, row);
            }
        }
        paths.into_iter().map(|(path, methods)| AcceptedPath { path, methods }).collect()
    })
}

/// Whether the table has the path, which stands without its version and without what is asked of a list.
pub(super) fn is_accepted(method: &str, path: &[&str]) -> bool {
    let mut asked: Vec<&str> = Vec::new();
    for (at, segment) in path.iter().enumerate() {
        match segment.split_once('(') {
            _ if at == 0 && segment.eq_ignore_ascii_case("me") => asked.extend(["users", "me"]),
            // A cast to what it is anyway.
            _ if at == 2 && segment.eq_ignore_ascii_case("microsoft.graph.user") => {}
            Some((function, _)) if super::is_operation(function) => asked.push(function),
            Some((name, key)) => asked.extend([name, key]),
            None => asked.push(segment),
        }
    }
    all().iter().any(|accepted| accepted.methods.contains(&method) && is_path(&accepted.path, &asked))
}

fn is_path(accepted: &str, asked: &[&str]) -> bool {
    let mut asked = asked.iter();
    let fits = |segment: &str| {
        asked.next().is_some_and(|asked| match segment {
            "{cast}" => asked.to_ascii_lowercase().starts_with("microsoft.graph."),
            _ if segment.starts_with('{') => true,
            _ => segment.eq_ignore_ascii_case(asked),
        })
    };
    accepted[1..].split('/').all(fits) && asked.next().is_none()
}
