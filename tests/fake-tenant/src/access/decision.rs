//! The decision: by which access paths an application reaches a mailbox.

use jiff::Timestamp;
use uuid::Uuid;

use super::oracle::{OpenPath, PathKind};
use super::permissions::{Api, Coverage, Level, PERMISSIONS, Permission, Purpose, ROLES};
use super::supposition::Supposition;
use super::{Assignment, Configuration};
use crate::calendar::{FolderPermission, Grantee};
use crate::exchange_state::MailboxUser;
use crate::recipient::{Recipient, RecipientId};
use crate::roles::{DirectoryRole, Resource, app_role_by_id};
use crate::sign_in::Token;
use crate::world::{App, World};

/// 2026-10-01: a blank switch of EWS is off from here on.
const EWS_OFF_UNLESS_SET: i64 = 1_790_812_800;
/// 2027-04-01: EWS is off for everybody.
const EWS_GONE: i64 = 1_806_537_600;

/// An application that asks, with what its tokens carry.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) client_id: Uuid,
    pub(crate) object_id: Uuid,
    /// App roles by value.
    held: Vec<(Resource, String)>,
    /// App roles that nobody knows, by id or value.
    unlisted: Vec<String>,
    /// The resources for which it has a token, or gets one.
    tokens: Vec<Resource>,
    /// Whether a role of Purview lets it search mailboxes.
    searches: bool,
}

impl Asker {
    /// The application with fresh tokens, if it gets any.
    pub(crate) fn fresh(world: &World, app: &App) -> Self {
        let mut asker = Self {
            client_id: app.client_id,
            object_id: app.object_id,
            held: Vec::new(),
            unlisted: Vec::new(),
            tokens: Vec::new(),
            searches: world.links.searchers.contains(&app.object_id),
        };
        if app.enabled && app.principal {
            asker.tokens.extend(Resource::ALL);
            for held in &app.assignments {
                match app_role_by_id(held.resource, held.role) {
                    Some(value) => asker.held.push((held.resource, value.to_owned())),
                    None => asker.unlisted.push(held.role.to_string()),
                }
            }
        }
        asker
    }

    /// The bearer of a token.
    pub(crate) fn of_token(world: &World, token: &Token) -> Self {
        let mut asker = Self {
            client_id: token.client_id,
            object_id: token.object_id,
            held: Vec::new(),
            unlisted: Vec::new(),
            tokens: Vec::new(),
            searches: world.links.searchers.contains(&token.object_id),
        };
        asker.add_token(token);
        asker
    }

    pub(crate) fn add_token(&mut self, token: &Token) {
        self.tokens.push(token.resource);
        for role in &token.roles {
            if token.resource.app_roles().iter().any(|(value, _)| value == role) {
                self.held.push((token.resource, role.clone()));
            } else {
                self.unlisted.push(role.clone());
            }
        }
    }

    fn holds(&self, permission: &Permission) -> bool {
        self.held.iter().any(|(resource, value)| *resource == permission.resource && value == permission.value)
    }
}

/// What a call is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Granted,
    /// A permission was granted, and something narrows it to other mailboxes.
    Excluded,
    /// Only roles were assigned, and their scopes leave this mailbox out.
    OutOfScope,
    /// Nothing that fits was ever granted.
    Denied,
}

/// The decision over one application by one configuration.
pub(crate) struct Decision<'a> {
    pub(crate) world: &'a World,
    pub(crate) configuration: &'a Configuration,
    pub(crate) asker: &'a Asker,
}

impl Decision<'_> {
    /// What a call is told about a mailbox.
    pub(crate) fn verdict(&self, mailbox: &Recipient, purpose: Purpose) -> Verdict {
        if self.direct(mailbox, purpose.level, &|api| api == purpose.api).next().is_some() {
            return Verdict::Granted;
        }
        let (consented, assigned) = self.chances(purpose);
        match (consented, assigned) {
            (true, _) => Verdict::Excluded,
            (false, true) if self.is_refused_administrator(mailbox) => Verdict::Excluded,
            (false, true) => Verdict::OutOfScope,
            (false, false) => Verdict::Denied,
        }
    }

    /// Whether a permission was granted, and whether a role was assigned, for any mailbox at all.
    pub(crate) fn chances(&self, purpose: Purpose) -> (bool, bool) {
        let consented = PERMISSIONS
            .iter()
            .any(|permission| purpose.is_served_by(permission.api, permission.level) && self.asker.holds(permission));
        let assigned = self.assignments().any(|assignment| {
            ROLES.iter().any(|role| role.name == assignment.role && purpose.is_served_by(role.api, role.level))
        });
        (consented, assigned)
    }

    /// Every path by which the application reaches that much of a mailbox's calendar.
    pub(crate) fn paths(&self, mailbox: &Recipient, level: Level) -> Vec<OpenPath> {
        if !mailbox.kind.is_mailbox() {
            return Vec::new();
        }
        let mut paths: Vec<OpenPath> = self.direct(mailbox, level, &Api::shows_calendars).collect();
        if self.configuration.supposes(Supposition::UnlistedRolesOpenEverything) {
            paths.extend(self.asker.unlisted.iter().map(|role| OpenPath::by_unlisted(role)));
        }
        paths.extend(self.schedule(mailbox, level));
        paths.extend(self.second_hand(mailbox, level));
        paths
    }

    /// The paths by what the application itself was given.
    fn direct<'d>(
        &'d self,
        mailbox: &'d Recipient,
        level: Level,
        wanted: &'d dyn Fn(Api) -> bool,
    ) -> impl Iterator<Item = OpenPath> + 'd {
        let permissions = PERMISSIONS
            .iter()
            .filter(move |permission| permission.level >= level && wanted(permission.api))
            .filter(|permission| self.asker.holds(permission) && self.permits(permission, mailbox))
            .map(|permission| OpenPath::by_permission(permission.api, permission.value));
        let roles = self.assignments().flat_map(move |assignment| {
            ROLES
                .iter()
                .filter(move |role| role.name == assignment.role && role.level >= level && wanted(role.api))
                .filter(|role| self.asker.tokens.contains(&role.api.resource()))
                .filter(|role| role.needs.is_none_or(|needs| self.configuration.supposes(needs)))
                .filter(|role| role.api != Api::Ews || self.ews_answers(mailbox))
                .filter(|_| !self.is_refused_administrator(mailbox))
                .filter(|_| self.configuration.covers(&self.world.directory, &assignment.reach, mailbox))
                .map(|role| OpenPath::by_role(role.api, &assignment.role, &assignment.name))
        });
        permissions.chain(roles)
    }

    fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.configuration.effective_assignments(self.asker.object_id)
    }

    /// Whether a permission that was granted opens a mailbox.
    fn permits(&self, permission: &Permission, mailbox: &Recipient) -> bool {
        let configuration = self.configuration;
        let covered = match permission.coverage {
            Coverage::Listed => true,
            Coverage::Unlisted(supposition) => configuration.supposes(supposition),
            Coverage::Outside => false,
        };
        let enforced = permission.coverage != Coverage::Outside
            && self.world.organization.enforce_app_rbac
            && configuration.supposes(Supposition::EnforcementShutsGrants);
        let own_condition = match permission.api {
            Api::Ews => self.ews_answers(mailbox),
            Api::Imap => self.has_mailbox_permission(mailbox.id),
            Api::EDiscovery => self.asker.searches,
            _ => true,
        };
        own_condition
            && !enforced
            && permission.needs.is_none_or(|needs| configuration.supposes(needs))
            && (!covered || configuration.policies_allow(&self.asker.client_id.to_string(), mailbox.id))
            && !self.is_refused_administrator(mailbox)
    }

    fn is_refused_administrator(&self, mailbox: &Recipient) -> bool {
        self.configuration.supposes(Supposition::AdministratorsAreRefused)
            && mailbox.object_id.is_some_and(|id| {
                let reads_only = [DirectoryRole::GlobalReader, DirectoryRole::SecurityReader];
                self.world
                    .user_directory_roles(id)
                    .iter()
                    .any(|role| reads_only.iter().all(|reader| reader.template_id() != *role))
            })
    }

    fn has_mailbox_permission(&self, mailbox: RecipientId) -> bool {
        let user = MailboxUser::ServicePrincipal(self.asker.object_id);
        let entries = self.world.exchange.mailbox_permissions.get(&mailbox).map(Vec::as_slice).unwrap_or_default();
        let own = |deny: bool| {
            let mut own = entries.iter().filter(|entry| entry.user == user && entry.deny == deny);
            own.any(|entry| entry.rights.iter().any(|right| right == "FullAccess"))
        };
        own(false) && !own(true)
    }

    /// Whether EWS answers the application about a mailbox at all. The lists of user agents restrict no
    /// application, since each names its own.
    fn ews_answers(&self, mailbox: &Recipient) -> bool {
        let now = self.world.now();
        let past = |second: i64| Timestamp::from_second(second).is_ok_and(|at| now >= at);
        let organization = &self.world.organization;
        let client_id = self.asker.client_id.to_string();
        let listed = organization.ews_allowed_app_ids.iter().any(|id| id.eq_ignore_ascii_case(&client_id));
        let allowed = match organization.ews.enabled {
            Some(false) => false,
            Some(true) if organization.ews_allowed_app_ids.is_empty() => {
                !(past(EWS_OFF_UNLESS_SET) && self.configuration.supposes(Supposition::EmptyEwsListBlocks))
            }
            Some(true) => listed,
            None => !(past(EWS_OFF_UNLESS_SET) && self.configuration.supposes(Supposition::BlankEwsIsOff)),
        };
        allowed && !past(EWS_GONE) && mailbox.client_access.ews.enabled != Some(false)
    }

    /// `getSchedule` through a mailbox that is reached: only that one is held against policies, the other's
    /// own calendar permissions decide over the rest.
    fn schedule(&self, mailbox: &Recipient, level: Level) -> Option<OpenPath> {
        if level > Level::Brief {
            return None;
        }
        let entries = self.world.folder_permissions(mailbox.id);
        let mut others = self.world.directory.iter().filter(|other| other.kind.is_mailbox());
        others
            .find(|through| {
                shown_to(self.world, &entries, mailbox.id, through.id) >= Some(level) && self.asks_through(through)
            })
            .map(|through| OpenPath {
                kind: PathKind::GetSchedule,
                by: "getSchedule".to_owned(),
                assignment: None,
                through: Some(through.primary().to_owned()),
            })
    }

    /// Whether the application may ask through a mailbox for the times of others.
    pub(crate) fn asks_through(&self, mailbox: &Recipient) -> bool {
        let beyond = self.configuration.supposes(Supposition::SchedulesAnswerBeyondRoleScopes);
        self.direct(mailbox, Level::Times, &|api| api == Api::Calendar)
            .any(|path| beyond || path.kind == PathKind::GraphGrant)
    }

    /// By the rights of a mailbox that is reached on this one's calendar.
    fn second_hand(&self, mailbox: &Recipient, level: Level) -> Option<OpenPath> {
        let shared = self.configuration.supposes(Supposition::SharedCalendarsAreReached);
        let impersonated = self.configuration.supposes(Supposition::ImpersonationOpensOthers);
        if !shared && !impersonated {
            return None;
        }
        let entries = self.world.folder_permissions(mailbox.id);
        let others = self.world.directory.iter().filter(|other| other.kind.is_mailbox() && other.id != mailbox.id);
        others.into_iter().find_map(|through| {
            let explicit = entries.iter().find(|entry| entry.grantee == Grantee::Recipient(through.id));
            let reaches = |api: Api| self.direct(through, level, &|other| other == api).next().is_some();
            let kind = if shared && explicit.is_some_and(|entry| rights(entry) >= Some(level)) && reaches(Api::Calendar)
            {
                PathKind::SharedCalendar
            } else if impersonated && rights_of(self.world, &entries, through.id) >= Some(level) && reaches(Api::Ews) {
                PathKind::Impersonation
            } else {
                return None;
            };
            Some(OpenPath {
                kind,
                by: "calendar permission".to_owned(),
                assignment: None,
                through: Some(through.primary().to_owned()),
            })
        })
    }
}

/// How much of a calendar an entry opens to its grantee.
fn rights(entry: &FolderPermission) -> Option<Level> {
    match entry.role() {
        "none" => None,
        "freeBusyRead" => Some(Level::Times),
        "limitedRead" => Some(Level::Brief),
        "read" => Some(Level::Events),
        _ => Some(Level::Write),
    }
}

/// How much a mailbox may see of a calendar: by its own entry, else by those of its groups, else by the
/// default one.
///
/// GUESS: that entries of groups come before the default one; wrong if a wider default counts beside them.
fn rights_of(world: &World, entries: &[FolderPermission], reader: RecipientId) -> Option<Level> {
    let own = entries.iter().find(|entry| entry.grantee == Grantee::Recipient(reader));
    if let Some(own) = own {
        return rights(own);
    }
    let of_groups: Vec<Option<Level>> = entries
        .iter()
        .filter(|entry| {
            matches!(entry.grantee, Grantee::Recipient(group) if world.access.current.is_nested_member(group, reader))
        })
        .map(rights)
        .collect();
    match of_groups.into_iter().max() {
        Some(widest) => widest,
        None => entries.iter().find(|entry| entry.grantee == Grantee::Default).and_then(rights),
    }
}

/// How much free/busy shows of a mailbox to a reader: times, or subject and place too, as far as the
/// calendar's permissions go. To itself, everything.
pub(crate) fn shown_to(
    world: &World,
    entries: &[FolderPermission],
    mailbox: RecipientId,
    reader: RecipientId,
) -> Option<Level> {
    let level = if mailbox == reader { Some(Level::Write) } else { rights_of(world, entries, reader) };
    level.map(|level| level.min(Level::Brief))
}
