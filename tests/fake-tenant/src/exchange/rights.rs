//! Which roles give which cmdlets.

use super::cmdlets::{Area, Cmdlet};
use crate::roles::DirectoryRole;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rights {
    everything: bool,
    recipients: bool,
    view: bool,
}

impl Rights {
    /// The sum of directory roles, by template id, and of Exchange role groups, by name.
    pub(super) fn of<'a>(directory_roles: impl Iterator<Item = &'a str>, role_groups: &[String]) -> Self {
        let mut rights = Self::default();
        for id in directory_roles {
            let is = |role: DirectoryRole| role.template_id() == id;
            rights.everything |= is(DirectoryRole::ExchangeAdministrator) || is(DirectoryRole::GlobalAdministrator);
            rights.recipients |= is(DirectoryRole::ExchangeRecipientAdministrator);
            rights.view |= is(DirectoryRole::GlobalReader);
        }
        for name in role_groups {
            rights.everything |= name == "Organization Management";
            rights.recipients |= name == "Recipient Management";
            rights.view |= name == "View-Only Organization Management";
        }
        rights
    }

    pub(super) fn is_empty(self) -> bool {
        !(self.everything || self.recipients || self.view)
    }

    pub(super) fn may_run(self, cmdlet: &Cmdlet) -> bool {
        self.everything || (self.recipients && cmdlet.area == Area::Recipients) || (self.view && cmdlet.reads())
    }

    /// Acting on groups that one does not manage takes more than managing recipients.
    pub(super) fn may_use(self, parameter: &str) -> bool {
        self.everything || parameter != "BypassSecurityGroupManagerCheck"
    }
}
