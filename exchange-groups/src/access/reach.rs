//! From facts to access: every access path of the application to one mailbox.

use super::catalogue::{Entry, application_permission};
use super::facts::{CalendarRight, Fact, Found, Grant, MailboxFacts, PolicyScope, RoleAssignment, SignIn, UserAgents};
use super::members::{MemberKind, member_kind};
use super::policies::PolicyVerdict;
use super::row::{Narrowing, Need, PolicyCoverage, Row, RowResource};
use super::{Access, AccessModel, AccessPath, Level, MailboxPresence, PathReach, Reach, Truth, Via, ews};
use crate::text::plain;

impl AccessModel<'_> {
    /// Whether the application reaches a mailbox at a level, and by which access paths.
    #[must_use]
    pub fn reach(&self, mailbox: &MailboxFacts, level: Level) -> Reach {
        let subject = subject(mailbox);
        let mut reach =
            Reach { level, verdict: Access::Unknown, subject, paths: Vec::new(), notes: self.notes(mailbox) };
        if matches!(subject, MailboxPresence::NoMailbox | MailboxPresence::Unknown) {
            reach.notes.insert(0, why_no_mailbox(mailbox));
            return reach;
        }
        reach.paths = self.paths(mailbox, Need::Level(level));
        if matches!(level, Level::Times | Level::Brief) {
            reach.paths.extend(self.schedule(mailbox, level));
        }
        for path in &mut reach.paths {
            path.because = plain(&path.because);
            if subject == MailboxPresence::DeletedMailbox && path.path != AccessPath::Ediscovery {
                path.verdict = Access::Denied;
                path.because = "the mailbox is deleted".into();
            }
            // No new tokens; the old ones live on. Nothing is certain until they have expired, and nobody knows when a
            // disabled service principal is enabled again.
            if path.verdict == Access::Allowed && self.facts.sign_in != Fact::Read(SignIn::Enabled) {
                path.verdict = Access::Unknown;
            }
        }
        reach.verdict = Access::any(reach.paths.iter().map(|path| path.verdict));
        reach
    }

    /// The access paths that serve a need, but for free/busy asked through another mailbox.
    pub(super) fn paths(&self, mailbox: &MailboxFacts, need: Need) -> Vec<PathReach> {
        let policy = self.policy_verdict(mailbox);
        let mut paths: Vec<_> = self
            .facts
            .grants
            .entries()
            .iter()
            .filter_map(|grant| self.grant_path(grant, mailbox, need, &policy))
            .collect();
        if let Some(why) = self.facts.grants.missing() {
            paths.push(unread(AccessPath::GraphGrant, "the application permissions", why));
        }
        paths.extend(self.role_paths(mailbox, need));
        if mailbox.has_folder_entry && matches!(need, Need::Level(_)) {
            paths.push(PathReach {
                path: AccessPath::FolderPermission,
                via: Via::FolderEntry,
                verdict: Access::Unknown,
                because: "no source says what an entry of a service principal allows".into(),
            });
        }
        paths
    }

    fn grant_path(
        &self,
        grant: &Grant,
        mailbox: &MailboxFacts,
        need: Need,
        policy: &PolicyVerdict,
    ) -> Option<PathReach> {
        let via = grant.via();
        let (path, verdict, because) = match application_permission(grant) {
            Entry::Unlisted { allows: Truth::No, .. } => return None,
            Entry::Unlisted { because, .. } => (AccessPath::UnlistedGrant, Access::Unknown, because),
            Entry::Listed(row) => self.listed_grant(row, mailbox, need, policy)?,
        };
        let (verdict, because) = if grant.eligible {
            (verdict.and(Access::Unknown), format!("{because}; the permission is eligible until it is activated"))
        } else {
            (verdict, because)
        };
        Some(PathReach { path, via, verdict, because })
    }

    fn listed_grant(
        &self,
        row: &Row,
        mailbox: &MailboxFacts,
        need: Need,
        policy: &PolicyVerdict,
    ) -> Option<(AccessPath, Access, String)> {
        if is_mail_protocol(row) {
            return imap(mailbox, need);
        }
        if !row.serves(need) {
            return None;
        }
        let (narrowed, because) = match (row.coverage, policy.access) {
            (PolicyCoverage::None, _) => (Access::Allowed, "no access policy covers the permission".to_owned()),
            (PolicyCoverage::Documented, access) => (access, policy.because.clone()),
            (PolicyCoverage::NotListed, Access::Allowed) => (Access::Allowed, policy.because.clone()),
            (PolicyCoverage::NotListed, _) => (
                Access::Unknown,
                format!("{}; whether access policies cover {} is not documented", policy.because, row.value),
            ),
        };
        let organization = self.facts.organization.known();
        let counts = if organization.is_some_and(|settings| settings.enforce_app_rbac == Some(true)) {
            // No page describes the switch. It may make the permissions of Entra count for nothing.
            Access::Unknown
        } else {
            Access::Allowed
        };
        if row.resource == RowResource::Exchange {
            if !row.is_narrowed_by(Narrowing::EwsSwitch) {
                let because = "it was for the Outlook REST API, which was shut in March 2024".to_owned();
                // GUESS: an end point may still honour these permissions; wrong if every call with them is refused.
                return Some((AccessPath::LegacyRest, narrowed.and(Access::Unknown), because));
            }
            let (open, why) = ews::is_allowed(self.facts, mailbox);
            let verdict = narrowed.and(counts).and(open.into()).and(group_mailbox(mailbox));
            let because = if open == Truth::Yes || narrowed == Access::Denied { because } else { why.to_owned() };
            return Some((AccessPath::EwsGrant, asks_for_others(verdict, need), because));
        }
        if row.value.starts_with("eDiscovery.") {
            let (verdict, because) = self.purview();
            return Some((AccessPath::Ediscovery, verdict, because.to_owned()));
        }
        let mut verdict = narrowed.and(counts).and(group_mailbox(mailbox));
        if row.value.starts_with("Bookings") {
            verdict = verdict.and(bookings(row, mailbox, need)?);
        }
        Some((AccessPath::GraphGrant, verdict, because))
    }

    fn purview(&self) -> (Access, &'static str) {
        let roles = self.facts.purview_roles.entries();
        if roles.iter().any(|role| role.to_ascii_lowercase().contains("ediscovery")) {
            return (Access::Allowed, "the service principal has an eDiscovery role in Microsoft Purview");
        }
        match &self.facts.purview_roles {
            Fact::Read(roles) if roles.is_empty() => {
                (Access::Denied, "the service principal has no role in Microsoft Purview")
            }
            Fact::Read(_) => {
                (Access::Unknown, "whether its roles in Microsoft Purview allow access to content is not known")
            }
            Fact::Partly(..) | Fact::Unread(_) => {
                (Access::Unknown, "the roles of the service principal in Microsoft Purview were not read")
            }
        }
    }

    /// Whether Exchange knows the service principal that the tokens name. Without that, no role counts.
    pub(super) fn is_registered(&self) -> (Truth, &'static str) {
        let registered = match &self.facts.exchange_principal {
            Fact::Read(None) => return (Truth::No, "the service principal is not registered in Exchange"),
            Fact::Read(Some(principal)) => principal.object_id,
            Fact::Partly(..) | Fact::Unread(_) => {
                return (Truth::Unknown, "whether the service principal is registered in Exchange was not read");
            }
        };
        match (registered, &self.facts.service_principal) {
            (_, Fact::Read(None)) => (Truth::No, "the tenant has no service principal of the application"),
            (Some(registered), Fact::Read(Some(id))) if registered == *id => {
                (Truth::Yes, "the service principal is registered in Exchange")
            }
            (Some(_), Fact::Read(Some(_))) => {
                (Truth::No, "Exchange has another service principal registered for the application")
            }
            _ => (Truth::Unknown, "the object ids of the service principal were not read"),
        }
    }

    fn role_paths(&self, mailbox: &MailboxFacts, need: Need) -> Vec<PathReach> {
        let (registered, unregistered) = self.is_registered();
        let mut paths = Vec::new();
        for assignment in self.facts.role_assignments.entries() {
            let allows = assignment.allows(need);
            if allows.graph == Truth::No && allows.ews == Truth::No {
                continue;
            }
            let in_effect = registered.and(assignment.is_effective());
            let (contains, why) = self.scope_contains(&assignment.scope, mailbox);
            let because = match (registered, assignment.is_effective()) {
                (Truth::No | Truth::Unknown, _) => unregistered.to_owned(),
                (_, Truth::No) => "the assignment is disabled, or only delegating".to_owned(),
                (_, Truth::Unknown) => "whether the assignment is enabled and not only delegating is not known".into(),
                (Truth::Yes, Truth::Yes) => why,
            };
            let held: Access = in_effect.and(contains).into();
            let via = assignment.via();
            if allows.graph != Truth::No {
                let verdict = held.and(allows.graph.into()).and(group_mailbox(mailbox));
                let because = if allows.graph == Truth::Unknown {
                    format!("what the role {} allows is not known; {because}", assignment.role)
                } else {
                    because.clone()
                };
                paths.push(PathReach { path: AccessPath::Rbac, via: via.clone(), verdict, because });
            }
            if allows.ews != Truth::No {
                let (open, switches) = ews::is_allowed(self.facts, mailbox);
                let verdict =
                    asks_for_others(held.and(allows.ews.into()).and(open.into()).and(group_mailbox(mailbox)), need);
                let because = if open == Truth::Yes || held == Access::Denied { because } else { switches.to_owned() };
                paths.push(PathReach { path: AccessPath::EwsRbac, via, verdict, because });
            }
        }
        if let Some(why) = self.facts.role_assignments.missing() {
            let mut path = unread(AccessPath::Rbac, "the role assignments", why);
            path.verdict = path.verdict.and(registered.into());
            paths.push(path);
        }
        paths
    }

    /// Whether there is a mailbox through which the application can ask for the free/busy times of others.
    pub(super) fn has_caller(&self) -> Truth {
        *self.callers.get_or_init(|| {
            let reaches = |mailbox: &MailboxFacts| {
                Access::any(self.paths(mailbox, Need::Schedule).into_iter().map(|path| path.verdict))
            };
            let mut found = Access::Denied;
            for mailbox in std::iter::once(MailboxFacts::stranger()).chain(self.members()) {
                found = found.or(reaches(&mailbox));
                if found == Access::Allowed {
                    return Truth::Yes;
                }
            }
            if found == Access::Denied { Truth::No } else { Truth::Unknown }
        })
    }

    /// Every mailbox that is seen as a member of a group or unit, or as the scope of a policy.
    pub(crate) fn members(&self) -> impl Iterator<Item = MailboxFacts> + '_ {
        let groups = self.facts.groups.entries().iter().map(|group| &group.members);
        let units = self.facts.administrative_units.entries().iter().map(|unit| &unit.members);
        let scopes = self.facts.scope_recipients.values();
        let users = self.policies().filter_map(|policy| match policy.scope {
            PolicyScope::User(ids) => Some(MailboxFacts { ids, ..MailboxFacts::default() }),
            _ => None,
        });
        groups
            .chain(units)
            .chain(scopes)
            .flat_map(Fact::entries)
            .filter(|member| matches!(member_kind(member.kind.as_deref()), MemberKind::Mailbox | MemberKind::Unknown))
            .map(MailboxFacts::of_member)
            .chain(users)
    }

    /// Whether any mailbox is reached, or may be, by an access path of some kind.
    pub(super) fn any_path(&self, is_kind: impl Fn(&PathReach) -> bool) -> bool {
        let mut mailboxes = std::iter::once(MailboxFacts::stranger()).chain(self.members());
        mailboxes.any(|mailbox| {
            let paths = self.paths(&mailbox, Need::Level(Level::Events));
            paths.iter().any(|path| path.verdict != Access::Denied && is_kind(path))
        })
    }

    /// Free/busy of the mailbox, asked through another one: only the mailbox in the path is held against the policy.
    // GUESS: a role scope is asked about the mailbox in the path alone too, as was seen for policies; wrong if a call
    // through a room in scope is refused for a mailbox out of scope.
    fn schedule(&self, mailbox: &MailboxFacts, level: Level) -> Option<PathReach> {
        let caller = self.has_caller();
        if caller == Truth::No {
            return None;
        }
        let shown = match &mailbox.sharing {
            Fact::Read(sharing) => {
                let entries = sharing.entries.iter().map(|entry| {
                    let shows = shows(&entry.right, level);
                    match (shows, member_kind(entry.holder.kind.as_deref())) {
                        (Truth::No, _) | (_, MemberKind::Neither) => Truth::No,
                        (_, MemberKind::Group | MemberKind::Unknown) => Truth::Unknown,
                        (_, MemberKind::Mailbox) => {
                            let holder = MailboxFacts::of_member(&entry.holder);
                            let paths = self.paths(&holder, Need::Schedule).into_iter();
                            match Access::any(paths.map(|path| path.verdict)) {
                                Access::Allowed => shows,
                                Access::Denied => Truth::No,
                                Access::Unknown => Truth::Unknown,
                            }
                        }
                    }
                });
                shows(&sharing.default, level).or(Truth::any(entries))
            }
            Fact::Partly(sharing, _) => shows(&sharing.default, level).or(Truth::Unknown),
            Fact::Unread(_) => Truth::Unknown,
        };
        let because = match shown {
            Truth::Yes => "the calendar shows it to everybody in the organisation, or to a mailbox that is reached",
            Truth::No => "the calendar shows it to no mailbox that is reached",
            Truth::Unknown => "the calendar's permissions are not known",
        };
        Some(PathReach {
            path: AccessPath::GetSchedule,
            via: Via::CalendarSharing,
            verdict: Access::from(caller.and(shown)).and(group_mailbox(mailbox)),
            because: because.into(),
        })
    }

    fn notes(&self, mailbox: &MailboxFacts) -> Vec<String> {
        let mut notes = Vec::new();
        match &self.facts.sign_in {
            Fact::Read(SignIn::Enabled) => {}
            Fact::Read(SignIn::Disabled { since }) => {
                let since = since.map(|day| format!(" since {day}")).unwrap_or_default();
                notes.push(format!(
                    "The service principal is disabled{since}: it gets no new tokens. Those issued before live on for up \
                     to 24 hours."
                ));
            }
            Fact::Partly(_, why) | Fact::Unread(why) => {
                notes.push(format!("Whether the service principal is enabled was not read: {why}"));
            }
        }
        match self.facts.organization.known() {
            Some(settings) if settings.enforce_app_rbac == Some(true) => notes.push(
                "EnforceExoAppRbacPermissions is on. No page of Microsoft describes it; the permissions of Entra may \
                 count for nothing."
                    .into(),
            ),
            Some(settings) if !matches!(settings.user_agents, Fact::Read(UserAgents::Any) | Fact::Unread(_)) => notes
                .push(
                "The organisation has a list of user agents. It refuses calls of Graph too, with \"Access to OData is \
                     disabled\"."
                    .into(),
            ),
            Some(_) => {}
            None => notes.push("The settings of the organisation were not read.".into()),
        }
        if mailbox.kind.known().is_some_and(|kind| kind.eq_ignore_ascii_case("GroupMailbox")) {
            notes.push("The sources disagree on whether applications reach calendars of Microsoft 365 groups.".into());
        }
        notes
    }
}

impl Grant {
    /// What the catalogue knows of this permission, by its resource and id. `None` where it does not know it, or where
    /// the tenant gives it another name.
    #[must_use]
    pub fn row(&self) -> Option<&'static Row> {
        match application_permission(self) {
            Entry::Listed(row) => Some(row),
            Entry::Unlisted { .. } => None,
        }
    }

    /// Whether access policies limit this permission, whatever it is for: mail and contacts are among what they cover. Where
    /// no page lists a permission, that is unknown.
    #[must_use]
    pub fn is_limited_by_policies(&self) -> Truth {
        match application_permission(self) {
            Entry::Listed(row) => match row.coverage {
                PolicyCoverage::Documented => Truth::Yes,
                PolicyCoverage::NotListed => Truth::Unknown,
                PolicyCoverage::None => Truth::No,
            },
            // A policy of Exchange is about mailboxes.
            Entry::Unlisted { allows: Truth::No, .. } => Truth::No,
            Entry::Unlisted { .. } => Truth::Unknown,
        }
    }

    /// What an access path by this permission rests on.
    #[must_use]
    pub fn via(&self) -> Via {
        let row = self.row().map(|row| row.value.to_owned());
        Via::Grant {
            resource: self.resource,
            role: self.role,
            name: self.value.clone().or(row).unwrap_or_else(|| self.role.to_string()),
            assignment: self.assignment.as_ref().map(ToString::to_string),
        }
    }
}

impl RoleAssignment {
    /// What an access path by this assignment rests on.
    #[must_use]
    pub fn via(&self) -> Via {
        Via::RoleAssignment { name: self.name.clone(), role: self.role.clone() }
    }
}

/// Free/busy of others through Exchange Web Services.
// GUESS: `GetUserAvailability` may show them as `getSchedule` does, which no source says; wrong to leave it unknown if a
// tenant answers for a mailbox that the application does not reach, or refuses it.
fn asks_for_others(verdict: Access, need: Need) -> Access {
    if need == Need::Schedule { verdict.and(Access::Unknown) } else { verdict }
}

fn unread(path: AccessPath, what: &str, why: &str) -> PathReach {
    PathReach { path, via: Via::Unread(what.into()), verdict: Access::Unknown, because: format!("not read: {why}") }
}

/// What a calendar right shows of free/busy.
fn shows(right: &CalendarRight, level: Level) -> Truth {
    match right {
        CalendarRight::Nothing => Truth::No,
        CalendarRight::Availability => Truth::from(level == Level::Times),
        CalendarRight::LimitedDetails | CalendarRight::Details => Truth::Yes,
        CalendarRight::Other(_) => Truth::Unknown,
    }
}

fn is_mail_protocol(row: &Row) -> bool {
    row.resource == RowResource::Exchange && matches!(row.value, "IMAP.AccessAsApp" | "POP.AccessAsApp")
}

// GUESS: `FullAccess` without a permission for IMAP or POP allows nothing; wrong if Graph shows such a mailbox.
/// IMAP and POP need `FullAccess` on the mailbox. Over IMAP the calendar folder is listed; what its items show is not
/// known.
fn imap(mailbox: &MailboxFacts, need: Need) -> Option<(AccessPath, Access, String)> {
    let Need::Level(_) = need else { return None };
    let (verdict, because) = match &mailbox.full_access {
        Fact::Read(false) => (Access::Denied, "the service principal has no FullAccess on the mailbox"),
        Fact::Read(true) => (
            Access::Unknown,
            "the service principal has FullAccess: mail is read, and what the calendar folder shows is not known",
        ),
        Fact::Partly(..) | Fact::Unread(_) => {
            (Access::Unknown, "the permissions on the mailbox (Get-MailboxPermission) were not read")
        }
    };
    Some((AccessPath::Imap, verdict, because.into()))
}

/// Permissions of Bookings are for booking mailboxes, and for the free/busy times of their staff.
fn bookings(row: &Row, mailbox: &MailboxFacts, need: Need) -> Option<Access> {
    let Need::Level(level) = need else { return None };
    let is_booking = mailbox.kind.known().map(|kind| kind.eq_ignore_ascii_case("SchedulingMailbox"));
    Some(match is_booking {
        Some(true) => Access::Allowed,
        None => Access::Unknown,
        // Whether it is one of the staff of a booking mailbox is not among the facts.
        Some(false) if level == Level::Times && !row.value.starts_with("BookingsAppointment") => Access::Unknown,
        Some(false) => Access::Denied,
    })
}

/// The sources disagree on calendars of Microsoft 365 groups: never allowed for certain.
fn group_mailbox(mailbox: &MailboxFacts) -> Access {
    match mailbox.kind.known() {
        Some(kind) if kind.eq_ignore_ascii_case("GroupMailbox") => Access::Unknown,
        _ => Access::Allowed,
    }
}

/// What is at the address that is asked about.
fn subject(mailbox: &MailboxFacts) -> MailboxPresence {
    match mailbox.found {
        Found::Ambiguous(_) | Found::Unread(_) => return MailboxPresence::Unknown,
        Found::Nobody => return MailboxPresence::NoMailbox,
        Found::Deleted => return MailboxPresence::DeletedMailbox,
        Found::One => {}
    }
    if mailbox.ids == super::Ids::default() {
        return MailboxPresence::Unknown;
    }
    let Some(kind) = mailbox.kind.known() else { return MailboxPresence::Mailbox };
    match member_kind(Some(kind)) {
        MemberKind::Mailbox => MailboxPresence::Mailbox,
        MemberKind::Unknown if kind.eq_ignore_ascii_case("GroupMailbox") => MailboxPresence::Mailbox,
        MemberKind::Group | MemberKind::Neither => MailboxPresence::NoMailbox,
        MemberKind::Unknown => MailboxPresence::Unknown,
    }
}

fn why_no_mailbox(mailbox: &MailboxFacts) -> String {
    match &mailbox.found {
        Found::Ambiguous(why) => format!("Which mailbox is meant is ambiguous: {why}"),
        Found::Unread(why) => format!("The mailbox could not be looked up: {why}"),
        Found::Nobody => "Nobody in the organisation has the address.".into(),
        Found::One | Found::Deleted => match mailbox.kind.known() {
            Some(kind) => format!("It is no mailbox of Exchange Online but of the type {kind}."),
            None => "It has no id by which it could be compared.".into(),
        },
    }
}
