//! The judge for tests: what the tenant itself holds an application to reach.

use super::decision::{Asker, Decision};
use super::permissions::{Api, Level, Purpose};
use super::{Configuration, decision};
use crate::recipient::Recipient;
use crate::setup::{expect, expect_app};
use crate::state::State;
use crate::tenant::FakeTenant;

/// The kind of way by which an application reaches a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathKind {
    /// A permission on Microsoft Graph, granted in Entra.
    GraphGrant,
    /// An application role of Exchange, by Graph.
    Rbac,
    /// `full_access_as_app`, by EWS.
    EwsGrant,
    /// An application role of Exchange, by EWS.
    EwsRbac,
    /// A calendar permission on Office 365 Exchange Online, by the Outlook REST API.
    LegacyRest,
    /// `IMAP.AccessAsApp` or `POP.AccessAsApp` with a mailbox permission.
    Imap,
    /// An eDiscovery permission with a role of Purview.
    EDiscovery,
    /// An app role that no source knows.
    Unlisted,
    /// Free/busy, asked through another mailbox that is reached.
    GetSchedule,
    /// A calendar that was shared with a mailbox that is reached.
    SharedCalendar,
    /// The rights of a mailbox that is reached by EWS.
    Impersonation,
}

/// One way by which an application reaches a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenPath {
    /// The kind.
    pub kind: PathKind,
    /// The permission or the role, by name.
    pub by: String,
    /// The name of the role assignment, if it is one.
    pub assignment: Option<String>,
    /// The address of the mailbox through which it leads, if through another.
    pub through: Option<String>,
}

impl OpenPath {
    pub(super) fn by_permission(api: Api, value: &str) -> Self {
        let kind = match api {
            Api::Ews => PathKind::EwsGrant,
            Api::Imap => PathKind::Imap,
            Api::OutlookRest => PathKind::LegacyRest,
            Api::EDiscovery => PathKind::EDiscovery,
            Api::Calendar | Api::MailboxItems | Api::Settings | Api::Mail => PathKind::GraphGrant,
        };
        Self { kind, by: value.to_owned(), assignment: None, through: None }
    }

    pub(super) fn by_unlisted(role: &str) -> Self {
        Self { kind: PathKind::Unlisted, by: role.to_owned(), assignment: None, through: None }
    }

    pub(super) fn by_role(api: Api, role: &str, assignment: &str) -> Self {
        let kind = if api == Api::Ews { PathKind::EwsRbac } else { PathKind::Rbac };
        Self { kind, by: role.to_owned(), assignment: Some(assignment.to_owned()), through: None }
    }
}

/// Whether an application reaches a calendar, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// Whether any path is open.
    pub allowed: bool,
    /// Every open path.
    pub paths: Vec<OpenPath>,
}

impl Reach {
    fn of(paths: Vec<OpenPath>) -> Self {
        Self { allowed: !paths.is_empty(), paths }
    }

    /// Whether a path of this kind is open.
    #[must_use]
    pub fn is_by(&self, kind: PathKind) -> bool {
        self.paths.iter().any(|path| path.kind == kind)
    }
}

impl FakeTenant {
    /// Whether an application reaches that much of a mailbox's calendar *as configured*: with the grants,
    /// policies, roles and members as they are now, whatever has propagated, and with fresh tokens. A
    /// disabled application gets none and reaches nothing. Where the sources leave something open the
    /// tenant's [`Supposition`](crate::Supposition)s decide.
    ///
    /// This is the judge for what a client concludes from the configuration. What somebody who signs in
    /// lets an application reach is no part of it.
    ///
    /// # Panics
    /// When the application or the mailbox is not in the tenant.
    #[must_use]
    pub fn reaches(&self, application: impl AsRef<str>, mailbox: &str, level: Level) -> Reach {
        let state = &*self.state();
        let asker = Asker::fresh(&state.world, expect_app(&state.world, application.as_ref()));
        judge(state, &state.world.access.current, &asker, mailbox, level)
    }

    /// Whether an application reaches that much of a mailbox's calendar *at this moment*: with the
    /// policies, roles and members that have propagated, and with any token that it has or gets. A token
    /// keeps the app roles with which it was issued until it expires.
    ///
    /// This is the judge for what live calls may answer.
    ///
    /// # Panics
    /// When the application or the mailbox is not in the tenant.
    #[must_use]
    pub fn reaches_now(&self, application: impl AsRef<str>, mailbox: &str, level: Level) -> Reach {
        let state = &mut *self.state();
        let now = state.world.now();
        state.world.access.propagate(now);
        let app = expect_app(&state.world, application.as_ref());
        let mut asker = Asker::fresh(&state.world, app);
        for token in state.tokens.living(&state.world, app.client_id) {
            asker.add_token(token);
        }
        judge(state, &state.world.access.effective, &asker, mailbox, level)
    }

    /// Whether the service would let the application read that calendar now by Graph's calendar calls,
    /// with a fresh token.
    ///
    /// # Panics
    /// When the application or the mailbox is not in the tenant.
    #[must_use]
    pub fn can_read(&self, application: impl AsRef<str>, mailbox: &str) -> bool {
        let world = &mut self.state().world;
        let now = world.now();
        world.access.propagate(now);
        let asker = Asker::fresh(world, expect_app(world, application.as_ref()));
        let id = expect(world, mailbox);
        let decision = Decision { world, configuration: &world.access.effective, asker: &asker };
        world.directory.get(id).is_some_and(|mailbox| {
            mailbox.kind.is_mailbox() && decision.verdict(mailbox, Purpose::READ_CALENDAR) == decision::Verdict::Granted
        })
    }

    /// The addresses of all mailboxes, in the order they were made.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<String> {
        let state = self.state();
        let mailboxes = state.world.directory.iter().filter(|recipient| recipient.kind.is_mailbox());
        mailboxes.map(|mailbox| mailbox.primary().to_owned()).collect()
    }
}

fn judge(state: &State, configuration: &Configuration, asker: &Asker, mailbox: &str, level: Level) -> Reach {
    let world = &state.world;
    let id = expect(world, mailbox);
    let decision = Decision { world, configuration, asker };
    Reach::of(world.directory.get(id).map(|mailbox: &Recipient| decision.paths(mailbox, level)).unwrap_or_default())
}
