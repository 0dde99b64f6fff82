use crate::ids::InvalidValue;

/// What a resource does with query options: which it takes, and when the directory's advanced engine is needed.
///
/// Graph ignores in silence much of what it does not support. So each list knows, and refuses to be sent with an
/// option that would not be honoured. The resource is told by its path; a typed resource may say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Support {
    engine: Engine,
    /// What the options are refused for, in a message.
    name: &'static str,
    options: u8,
    pub(super) largest_page: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// Entra's directory, where some queries need `ConsistencyLevel: eventual` and `$count=true`.
    Directory(Needs),
    /// Exchange's mailboxes.
    Outlook,
    /// Any other service behind Graph.
    Other,
}

/// How soon the advanced engine is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// For what the default engine cannot do.
    Sometimes,
    /// For each condition and order: a relation of an object.
    IfAnyCondition,
    /// As soon as anything is asked for: a list that is cast to one type.
    IfAnyOption,
    Always,
}

/// A system query option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum QueryOption {
    Select = 1,
    Filter = 2,
    Search = 4,
    OrderBy = 8,
    Expand = 16,
    Top = 32,
    Count = 64,
}

use QueryOption::{Count, Expand, Filter, OrderBy, Search, Select, Top};

impl QueryOption {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Select => "$select",
            Filter => "$filter",
            Search => "$search",
            OrderBy => "$orderby",
            Expand => "$expand",
            Top => "$top",
            Count => "$count",
        }
    }
}

const fn all_of(options: &[QueryOption]) -> u8 {
    let mut bits = 0;
    let mut at = 0;
    while at < options.len() {
        bits |= options[at] as u8;
        at += 1;
    }
    bits
}

impl Support {
    const fn new(engine: Engine, name: &'static str, options: &[QueryOption], largest_page: Option<u32>) -> Self {
        Self { engine, name, options: all_of(options), largest_page }
    }

    /// What a resource of a service supports that is neither the directory nor Outlook: said beside the resource.
    #[cfg(any(feature = "teams", feature = "planner"))]
    pub(crate) const fn other(name: &'static str, options: &[QueryOption], largest_page: Option<u32>) -> Self {
        Self::new(Engine::Other, name, options, largest_page)
    }

    const fn directory(needs: Needs, options: &[QueryOption]) -> Self {
        Self::new(Engine::Directory(needs), "directory objects", options, Some(999))
    }

    /// Directory objects: users, groups, service principals, applications, devices.
    pub(crate) const DIRECTORY: Self =
        Self::directory(Needs::Sometimes, &[Select, Filter, Search, OrderBy, Expand, Top, Count]);
    /// Relations of directory objects that are cast to one type.
    pub(crate) const DIRECTORY_CAST: Self =
        Self::directory(Needs::IfAnyOption, &[Select, Filter, Search, OrderBy, Expand, Top, Count]);
    /// Relations of directory objects (members, owners and so on).
    pub(crate) const DIRECTORY_RELATION: Self =
        Self::directory(Needs::IfAnyCondition, &[Select, Filter, Search, OrderBy, Expand, Top, Count]);
    /// App role assignments and delegated permission grants.
    pub(crate) const GRANTS: Self = Self::directory(Needs::Sometimes, &[Select, Filter, Expand, Top, Count]);
    /// Directory roles held through groups as well: only the advanced engine knows them.
    pub(crate) const TRANSITIVE_ROLES: Self = Self::directory(Needs::Always, &[Select, Filter, Expand, Top, Count]);
    /// Directory roles, which come in one page.
    pub(crate) const DIRECTORY_ROLES: Self = Self::new(Engine::Other, "directory roles", &[], None);
    /// The tenant's licences, which come in one page.
    pub(crate) const LICENSES: Self = Self::new(Engine::Other, "licences", &[], None);
    /// Calendars, events and contacts.
    pub(crate) const OUTLOOK: Self =
        Self::new(Engine::Outlook, "calendars and contacts", &[Select, Filter, OrderBy, Expand, Top, Count], None);
    /// Mail.
    pub(crate) const MAIL: Self =
        Self::new(Engine::Outlook, "mail", &[Select, Filter, Search, OrderBy, Expand, Top, Count], None);
    /// Rooms, workspaces and room lists.
    pub(crate) const PLACES: Self = Self::new(Engine::Other, "places", &[Select, Filter, Top, Count], None);
    /// Buildings, floors, sections and desks.
    pub(crate) const OTHER_PLACES: Self =
        Self::new(Engine::Other, "buildings, floors, sections and desks", &[Select, Top], None);
    /// A place's descendants, which come in one page.
    pub(crate) const DESCENDANTS: Self = Self::new(Engine::Other, "descendants of a place", &[Select], None);
    /// Changes of directory objects.
    const DIRECTORY_DELTA: Self = Self::directory(Needs::Sometimes, &[Select, Filter]);
    /// Changes of calendars.
    const OUTLOOK_DELTA: Self = Self::new(Engine::Outlook, "changes of calendars", &[], None);
    /// Changes of mail and contacts.
    const MAIL_DELTA: Self = Self::new(Engine::Outlook, "changes of mail and contacts", &[Select, Filter], None);
    /// Small lists of the directory that are no directory objects.
    pub(crate) const PLAIN: Self = Self::new(Engine::Other, "this resource", &[Select, Filter, Expand, Top], None);
    /// A resource that this crate does not know: everything is sent as asked.
    pub(crate) const UNKNOWN: Self =
        Self::new(Engine::Other, "this resource", &[Select, Filter, Search, OrderBy, Expand, Top, Count], None);

    pub(super) fn takes(self, option: QueryOption) -> bool {
        self.options & option as u8 != 0
    }

    /// Refuses an option that the resource would ignore or reject.
    pub(super) fn check(self, option: QueryOption) -> Result<(), InvalidValue> {
        if self.takes(option) {
            return Ok(());
        }
        Err(InvalidValue::new(
            "query",
            option.name(),
            format!("must not be used: Graph does not support it for {}", self.name),
        ))
    }

    pub(super) fn is_directory(self) -> bool {
        matches!(self.engine, Engine::Directory(_))
    }

    pub(super) fn is_outlook(self) -> bool {
        self.engine == Engine::Outlook
    }

    pub(super) fn is_always_advanced(self) -> bool {
        self.engine == Engine::Directory(Needs::Always)
    }

    /// Whether each condition and order needs the advanced engine.
    pub(super) fn is_relation(self) -> bool {
        matches!(self.engine, Engine::Directory(Needs::IfAnyCondition | Needs::IfAnyOption))
    }

    pub(super) fn is_cast(self) -> bool {
        self.engine == Engine::Directory(Needs::IfAnyOption)
    }

    /// What the resource of a path supports.
    pub(crate) fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let mut segments = lower.split('/').skip_while(|segment| !matches!(*segment, "v1.0" | "beta")).skip(1);
        let first = segments.next().unwrap_or_default();
        // `groups('id')` and `applications(appId='id')` name one object, as `groups/id` does.
        let (first, is_keyed) = first.split_once('(').map_or((first, false), |(first, _)| (first, true));
        let mut rest: Vec<&str> = segments.filter(|segment| !segment.is_empty()).collect();
        let cast = rest.pop_if(|last| last.starts_with("microsoft.graph."));
        if first == "places" {
            return match (cast, rest.last().copied()) {
                (_, Some("descendants")) => Self::DESCENDANTS,
                (Some(kind), _)
                    if matches!(kind.trim_start_matches("microsoft.graph."), "room" | "workspace" | "roomlist") =>
                {
                    Self::PLACES
                }
                (_, Some("rooms" | "workspaces")) => Self::PLACES,
                _ => Self::OTHER_PLACES,
            };
        }
        let has_key = !is_keyed && first != "me";
        let inner = if has_key { rest.get(1..).unwrap_or_default() } else { &*rest };
        let is_collection = has_key && rest.is_empty();
        match first {
            "users"
            | "me"
            | "groups"
            | "applications"
            | "serviceprincipals"
            | "devices"
            | "contacts"
            | "administrativeunits"
            | "directoryobjects" => match inner.last() {
                None if is_collection && cast.is_none() => Self::DIRECTORY,
                None => Self::DIRECTORY_CAST,
                Some(last) => match Self::below_object(inner, last) {
                    relation if cast.is_some() && relation.is_relation() => Self::DIRECTORY_CAST,
                    other => other,
                },
            },
            "directory" if rest.first() == Some(&"deleteditems") => Self::DIRECTORY_RELATION,
            "directory" if rest == ["administrativeunits"] => Self::DIRECTORY,
            "directory" if rest.first() == Some(&"administrativeunits") && rest.last() == Some(&"members") => {
                if cast.is_some() { Self::DIRECTORY_CAST } else { Self::DIRECTORY_RELATION }
            }
            "directoryroles" => Self::DIRECTORY_ROLES,
            "subscribedskus" => Self::LICENSES,
            "oauth2permissiongrants" => Self::GRANTS,
            "rolemanagement" if rest.last() == Some(&"transitiveroleassignments") => Self::TRANSITIVE_ROLES,
            "rolemanagement" | "organization" | "domains" | "subscriptions" => Self::PLAIN,
            _ => Self::UNKNOWN,
        }
    }

    /// What the delta query of a resource supports: less than its list.
    pub(super) fn of_delta(path: &str) -> Self {
        let resource = path.trim_end_matches('/').rsplit_once('/').map_or("", |(resource, _)| resource);
        let support = Self::of(resource);
        if support.is_directory() {
            return Self::DIRECTORY_DELTA;
        }
        if !support.is_outlook() {
            return Self::UNKNOWN;
        }
        let lower = resource.to_ascii_lowercase();
        if lower.contains("/calendar") || lower.contains("/events") { Self::OUTLOOK_DELTA } else { Self::MAIL_DELTA }
    }

    fn below_object(inner: &[&str], last: &str) -> Self {
        match inner.first().copied().unwrap_or_default() {
            "messages" | "mailfolders" => return Self::MAIL,
            "calendar" | "calendars" | "calendarview" | "calendargroups" | "events" | "contacts" | "contactfolders" => {
                return Self::OUTLOOK;
            }
            _ => {}
        }
        match last {
            "approleassignments" | "approleassignedto" | "oauth2permissiongrants" => Self::GRANTS,
            "members" | "transitivemembers" | "owners" | "memberof" | "transitivememberof" | "ownedobjects"
            | "createdobjects" | "owneddevices" | "registereddevices" | "registeredowners" | "registeredusers"
            | "directreports" | "transitivereports" => Self::DIRECTORY_RELATION,
            _ => Self::PLAIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_told_by_its_path() {
        for (path, expected) in [
            ("/v1.0/users", Support::DIRECTORY),
            ("/graph/beta/Groups", Support::DIRECTORY),
            ("/v1.0/groups/microsoft.graph.group", Support::DIRECTORY_CAST),
            ("/v1.0/groups/1/members", Support::DIRECTORY_RELATION),
            ("/v1.0/groups/1/transitiveMembers/microsoft.graph.user", Support::DIRECTORY_CAST),
            ("/v1.0/subscribedSkus", Support::LICENSES),
            ("/v1.0/me/memberOf", Support::DIRECTORY_RELATION),
            ("/v1.0/applications(appId='x')/owners", Support::DIRECTORY_RELATION),
            ("/v1.0/applications/1/federatedIdentityCredentials", Support::PLAIN),
            ("/v1.0/servicePrincipals/1/appRoleAssignedTo", Support::GRANTS),
            ("/v1.0/users/a@b.c/calendarView", Support::OUTLOOK),
            ("/v1.0/users/a@b.c/events/AAA=/instances", Support::OUTLOOK),
            ("/v1.0/me/mailFolders/inbox/messages", Support::MAIL),
            ("/v1.0/places/microsoft.graph.room", Support::PLACES),
            ("/v1.0/places/list@b.c/microsoft.graph.roomlist/rooms", Support::PLACES),
            ("/v1.0/places/microsoft.graph.building", Support::OTHER_PLACES),
            ("/v1.0/places/1/descendants", Support::DESCENDANTS),
            ("/v1.0/roleManagement/directory/transitiveRoleAssignments", Support::TRANSITIVE_ROLES),
            ("/v1.0/roleManagement/directory/roleAssignments", Support::PLAIN),
            ("/v1.0/sites", Support::UNKNOWN),
        ] {
            assert_eq!(Support::of(path), expected, "{path}");
        }
        for (path, expected) in [
            ("/v1.0/groups/delta", Support::DIRECTORY_DELTA),
            ("/v1.0/users/a@b.c/calendarView/delta()", Support::OUTLOOK_DELTA),
            ("/v1.0/me/mailFolders/inbox/messages/delta", Support::MAIL_DELTA),
            ("/v1.0/drive/root/delta", Support::UNKNOWN),
        ] {
            assert_eq!(Support::of_delta(path), expected, "{path}");
        }
    }
}
