//! Role assignments: what they allow, and which mailboxes their scopes contain.

use graph_client::exchange::AssignedScope;

use super::catalogue::{exchange_role, role_permission};
use super::facts::{
    AdministrativeUnit, Fact, Group, GroupType, MailboxFacts, ManagementScope, RoleAssignment, RoleScope,
};
use super::filter::{Filter, same_name};
use super::row::{Narrowing, Need};
use super::{AccessModel, Level, Truth};

impl From<AssignedScope> for RoleScope {
    fn from(scope: AssignedScope) -> Self {
        match scope {
            AssignedScope::Organization => Self::Organization,
            AssignedScope::Group(name) => Self::Group(name),
            AssignedScope::ManagementScope(name) => Self::Management(name),
            AssignedScope::AdministrativeUnit(name) => Self::AdministrativeUnit(name),
            other => Self::Unrecognised(other.to_string()),
        }
    }
}

/// What a scope column names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resolved<'f> {
    Organization,
    Group(&'f Group),
    Management(&'f ManagementScope),
    Unit(&'f AdministrativeUnit),
    /// Nothing that was read, or several things.
    Nothing,
}

/// A management scope whose condition only Exchange's own list decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenScope {
    pub(crate) name: String,
    pub(crate) filter: String,
    /// Whether the condition holds for whoever gets a mailbox.
    pub(crate) takes_newcomers: Truth,
}

/// Whether a role allows what a call needs: on Graph, and through Exchange Web Services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RoleAccess {
    pub graph: Truth,
    pub ews: Truth,
}

impl RoleAccess {
    const NOTHING: Self = Self { graph: Truth::No, ews: Truth::No };

    fn or(self, other: Self) -> Self {
        Self { graph: self.graph.or(other.graph), ews: self.ews.or(other.ews) }
    }

    fn of(row: Option<&'static super::Row>, need: Need) -> Self {
        match row {
            None => Self { graph: Truth::Unknown, ews: Truth::No },
            Some(row) if !row.serves(need) => Self::NOTHING,
            Some(row) if row.is_narrowed_by(Narrowing::EwsSwitch) => Self { ews: Truth::Yes, ..Self::NOTHING },
            Some(_) => Self { graph: Truth::Yes, ..Self::NOTHING },
        }
    }
}

impl RoleAssignment {
    /// What the role allows: by the permissions that it contains where they were read, and by its name where the
    /// catalogue has it.
    pub(super) fn allows(&self, need: Need) -> RoleAccess {
        let by_name = exchange_role(&self.role);
        match &self.permissions {
            Fact::Read(permissions) => {
                let named = by_name.map_or(RoleAccess::NOTHING, |row| RoleAccess::of(Some(row), need));
                permissions.iter().map(|name| RoleAccess::of(role_permission(name), need)).fold(named, RoleAccess::or)
            }
            Fact::Partly(permissions, _) => permissions
                .iter()
                .map(|name| RoleAccess::of(role_permission(name), need))
                .fold(RoleAccess::of(by_name, need), RoleAccess::or),
            Fact::Unread(_) => RoleAccess::of(by_name, need),
        }
    }

    /// Whether it grants access at all: enabled, and not only the right to assign the role on.
    pub(super) fn is_effective(&self) -> Truth {
        // GUESS: a delegating assignment grants no access of its own; wrong if a tenant shows a call that it allowed.
        Truth::from(self.enabled).and(Truth::from(self.delegating).not())
    }
}

impl<'f> AccessModel<'f> {
    /// What the scope of an assignment is. A name must fit exactly one object.
    pub(super) fn resolve(&self, scope: &RoleScope) -> Resolved<'f> {
        match scope {
            RoleScope::Organization => Resolved::Organization,
            RoleScope::Group(name) => self.group_called(name).map_or(Resolved::Nothing, Resolved::Group),
            RoleScope::Management(name) => self.management_scope(name).map_or(Resolved::Nothing, Resolved::Management),
            RoleScope::AdministrativeUnit(name) => self.unit(name).map_or(Resolved::Nothing, Resolved::Unit),
            RoleScope::Unrecognised(_) => Resolved::Nothing,
        }
    }

    /// The only group that a scope column can mean. A name leads to one only if every group of that name was read; an id
    /// or a distinguished name is one group's anyway.
    fn group_called(&self, text: &str) -> Option<&'f Group> {
        let group = self.groups.only(|group| is_called(group, text))?;
        let is_only_a_name = group.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(text));
        (!is_only_a_name || self.facts.groups.missing().is_none()).then_some(group)
    }

    fn management_scope(&self, name: &str) -> Option<&'f ManagementScope> {
        // Another one of the name may be among those that were not read.
        self.facts.scopes.whole()?;
        let mut fitting = self.facts.scopes.entries().iter().filter(|scope| scope.name.eq_ignore_ascii_case(name));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    fn unit(&self, name: &str) -> Option<&'f AdministrativeUnit> {
        let fits = |unit: &&AdministrativeUnit| {
            unit.id.to_string().eq_ignore_ascii_case(name)
                || unit.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        let mut fitting = self.facts.administrative_units.entries().iter().filter(fits);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// Whether a scope contains a mailbox, and why.
    pub(super) fn scope_contains(&self, scope: &RoleScope, mailbox: &MailboxFacts) -> (Truth, String) {
        self.resolved_contains(self.resolve(scope), scope, mailbox)
    }

    fn resolved_contains(&self, resolved: Resolved<'_>, scope: &RoleScope, mailbox: &MailboxFacts) -> (Truth, String) {
        match resolved {
            Resolved::Organization => (Truth::Yes, "the assignment has no scope".into()),
            Resolved::Group(group) => {
                let held = self.role_group_contains(group, mailbox);
                let label = group.label();
                (
                    held,
                    match held {
                        Truth::Yes => format!("it is a direct member of the group {label}"),
                        Truth::No => format!("it is no direct member of the group {label}"),
                        Truth::Unknown => format!("whether it is a direct member of the group {label} is not known"),
                    },
                )
            }
            Resolved::Management(scope) => {
                let held = self.management_scope_holds(scope, mailbox);
                let name = &scope.name;
                (
                    held,
                    match held {
                        Truth::Yes => format!("the filter of the management scope {name} holds for it"),
                        Truth::No => format!("the filter of the management scope {name} does not hold for it"),
                        Truth::Unknown => {
                            format!("whether the filter of the management scope {name} holds is not known")
                        }
                    },
                )
            }
            Resolved::Unit(unit) => {
                // GUESS: a group in a unit does not bring its members; wrong if a tenant shows a call for one of them.
                let held = self.units.iter().find(|(known, _)| std::ptr::eq(*known, unit));
                let held = held.map_or(Truth::Unknown, |(_, members)| members.contain(&mailbox.ids));
                let name = unit.name.clone().unwrap_or_else(|| unit.id.to_string());
                (
                    held,
                    match held {
                        Truth::Yes => format!("its user is a member of the administrative unit {name}"),
                        Truth::No => format!("its user is no member of the administrative unit {name}"),
                        Truth::Unknown => format!("the members of the administrative unit {name} are not known"),
                    },
                )
            }
            Resolved::Nothing => {
                (Truth::Unknown, format!("the scope of the assignment, {scope}, leads to nothing that was read"))
            }
        }
    }

    /// Membership by the rules of role scopes: direct members only.
    fn role_group_contains(&self, group: &Group, mailbox: &MailboxFacts) -> Truth {
        match group.kind {
            // By Microsoft's page a group of Entra without mail contains nobody here, and a dynamic one cannot be a scope.
            Some(GroupType::Entra | GroupType::DynamicDistribution | GroupType::Other(_)) => Truth::Unknown,
            _ => self.groups.contains_directly(group, &mailbox.ids),
        }
    }

    fn management_scope_holds(&self, scope: &ManagementScope, mailbox: &MailboxFacts) -> Truth {
        let Fact::Read(filter) = &scope.filter else { return Truth::Unknown };
        let member_of = |name: &str| match self.group_by_distinguished_name(name) {
            Some(group) => self.role_group_contains(group, mailbox),
            // The name may be one that moved. It does not say that the scope is empty.
            None => Truth::Unknown,
        };
        let held = Filter::parse(filter).holds(mailbox, &member_of);
        let listed = self.scope_recipients.get(&scope.name.to_lowercase());
        let listed = listed.map_or(Truth::Unknown, |recipients| recipients.contain(&mailbox.ids));
        // Exchange's own list decides where the facts do not; where the two contradict each other, neither does.
        let held = match (held, listed) {
            (Truth::Unknown, decided) | (decided, Truth::Unknown) => decided,
            (one, other) if one == other => one,
            _ => Truth::Unknown,
        };
        match &scope.recipient_root {
            Some(root) if !root.trim().is_empty() => held.and(Truth::Unknown),
            _ => held,
        }
    }

    /// Whether the role of an assignment allows access to calendars at a level, whatever its scope.
    #[expect(clippy::unused_self, reason = "what a role allows may come to depend on the facts")]
    pub(crate) fn allows_calendars(&self, assignment: &RoleAssignment, level: Level) -> Truth {
        let allows = assignment.allows(Need::Level(level));
        allows.graph.or(allows.ews)
    }

    /// The management scopes of the application's assignments whose conditions the facts alone do not decide: those about
    /// anything but membership in groups.
    pub(crate) fn scopes_to_list(&self) -> Vec<OpenScope> {
        let named = |scope: &&ManagementScope| {
            self.facts.role_assignments.entries().iter().any(|assignment| {
                matches!(&assignment.scope, RoleScope::Management(name) if name.eq_ignore_ascii_case(&scope.name))
            })
        };
        let open = |scope: &ManagementScope| {
            let filter = scope.filter.known()?;
            let parsed = Filter::parse(filter);
            let is_about_groups = parsed
                .comparisons()
                .is_some_and(|all| !all.is_empty() && all.iter().all(|it| it.is_about("MemberOfGroup")));
            let held = parsed.takes_newcomers();
            (!is_about_groups).then(|| OpenScope {
                name: scope.name.clone(),
                filter: filter.clone(),
                takes_newcomers: if scope.recipient_root.is_some() { held.and(Truth::Unknown) } else { held },
            })
        };
        self.facts.scopes.entries().iter().filter(named).filter_map(open).collect()
    }

    /// The management scopes that have this condition, in whatever form Exchange shows it, and nothing beside it: no part
    /// of the directory, and not exclusive.
    pub(crate) fn scopes_with_filter(&self, filter: &str) -> Vec<&'f ManagementScope> {
        let wanted = Filter::parse(filter);
        let is_it = |scope: &&ManagementScope| {
            let is_plain =
                scope.recipient_root.as_deref().is_none_or(|root| root.trim().is_empty()) && !scope.exclusive;
            is_plain && matches!(&scope.filter, Fact::Read(text) if Filter::parse(text).is_same(&wanted))
        };
        self.facts.scopes.entries().iter().filter(is_it).collect()
    }

    pub(super) fn group_by_distinguished_name(&self, name: &str) -> Option<&'f Group> {
        self.groups.only(|group| group.distinguished_name.as_deref().is_some_and(|known| same_name(known, name)))
    }
}

/// Whether a scope column names this group: by name, id or distinguished name, whole and without regard to case.
pub(super) fn is_called(group: &Group, text: &str) -> bool {
    let is = |known: Option<&str>| known.is_some_and(|known| known.eq_ignore_ascii_case(text));
    is(group.name.as_deref())
        || group.distinguished_name.as_deref().is_some_and(|known| same_name(known, text))
        || text.parse().is_ok_and(|id| group.has_id(id))
}

impl std::fmt::Display for RoleScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Organization => f.write_str("the whole organisation"),
            Self::Group(name) => write!(f, "the group \"{name}\""),
            Self::Management(name) => write!(f, "the management scope \"{name}\""),
            Self::AdministrativeUnit(name) => write!(f, "the administrative unit \"{name}\""),
            Self::Unrecognised(name) => write!(f, "\"{name}\""),
        }
    }
}
