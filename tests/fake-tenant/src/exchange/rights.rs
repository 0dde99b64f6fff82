//! Which roles give which cmdlets.

use super::cmdlets::{Area, Cmdlet};
use crate::roles::DirectoryRole;
use crate::world::RoleGroup;

/// A management role, as far as it matters to the cmdlets here. Which cmdlet needs which role is taken
/// from Microsoft's pages where they say, and from the role's description elsewhere.
// GUESS: the latter; wrong if `Get-ManagementRole -Cmdlet` of a tenant names other roles.
pub(super) struct ManagementRole {
    pub(super) name: &'static str,
    description: &'static str,
    cmdlets: fn(&Cmdlet) -> bool,
}

fn is_about(cmdlet: &Cmdlet, nouns: &[&str]) -> bool {
    let noun = cmdlet.name.split_once('-').map_or("", |(_, noun)| noun);
    nouns.iter().any(|known| noun.starts_with(known))
}

const RECIPIENTS: &[&str] = &["Mailbox", "CASMailbox", "Recipient", "CalendarProcessing", "Place"];
const GROUPS: &[&str] = &["DistributionGroup", "DynamicDistributionGroup", "Group", "UnifiedGroup"];
const CONFIGURATION: &[&str] = &["ApplicationAccessPolicy", "OrganizationC", "AcceptedDomain"];
const ROLES_AND_SCOPES: &[&str] = &["Management", "RoleGroup", "ServicePrincipal"];

pub(super) const ROLES: &[ManagementRole] = &[
    ManagementRole {
        name: "Mail Recipients",
        description: "This role enables administrators to manage existing mailboxes, mail users, and mail contacts in an organization.",
        cmdlets: |cmdlet| is_about(cmdlet, RECIPIENTS),
    },
    ManagementRole {
        name: "Distribution Groups",
        description: "This role enables administrators to create and manage distribution groups and distribution group members in an organization.",
        cmdlets: |cmdlet| is_about(cmdlet, GROUPS),
    },
    ManagementRole {
        name: "Security Group Creation and Membership",
        description: "This role enables administrators to create and manage security groups and their memberships in an organization.",
        cmdlets: |cmdlet| is_about(cmdlet, GROUPS),
    },
    ManagementRole {
        name: "Organization Configuration",
        description: "This role enables administrators to manage organization-wide settings.",
        cmdlets: |cmdlet| is_about(cmdlet, CONFIGURATION),
    },
    ManagementRole {
        name: "Role Management",
        description: "This role enables administrators to manage management role groups, role assignment policies, management roles, role entries, assignments, and scopes in an organization.",
        cmdlets: |cmdlet| is_about(cmdlet, ROLES_AND_SCOPES),
    },
    ManagementRole {
        name: "View-Only Configuration",
        description: "This role enables administrators to view all of the non-recipient Exchange configuration settings in an organization.",
        cmdlets: |cmdlet| cmdlet.reads() && (is_about(cmdlet, CONFIGURATION) || is_about(cmdlet, ROLES_AND_SCOPES)),
    },
    ManagementRole {
        name: "View-Only Recipients",
        description: "This role enables administrators to view the configuration of recipients, including mailboxes, mail users, mail contacts, distribution groups, and dynamic distribution groups.",
        cmdlets: |cmdlet| cmdlet.reads() && (is_about(cmdlet, RECIPIENTS) || is_about(cmdlet, GROUPS)),
    },
];

impl ManagementRole {
    pub(super) fn gives(&self, cmdlet: &Cmdlet) -> bool {
        (self.cmdlets)(cmdlet)
    }

    /// Acting on groups that one does not manage takes a role of its own (Microsoft documentation).
    pub(super) fn gives_parameter(&self, parameter: &str) -> bool {
        !parameter.eq_ignore_ascii_case("BypassSecurityGroupManagerCheck")
            || self.name == "Security Group Creation and Membership"
    }
}

pub(super) fn description(name: &str) -> &'static str {
    ROLES.iter().find(|role| role.name == name).map_or("", |role| role.description)
}

/// The role groups that every organisation has, and their roles.
pub(crate) const BUILT_IN: &[(&str, &[&str])] = &[
    (
        "Organization Management",
        &[
            "Mail Recipients",
            "Distribution Groups",
            "Security Group Creation and Membership",
            "Organization Configuration",
            "Role Management",
            "View-Only Configuration",
            "View-Only Recipients",
        ],
    ),
    ("Recipient Management", &["Mail Recipients", "Distribution Groups"]),
    ("View-Only Organization Management", &["View-Only Configuration", "View-Only Recipients"]),
];

#[derive(Clone, Debug, Default)]
pub(super) struct Rights {
    everything: bool,
    recipients: bool,
    view: bool,
    /// What role groups that somebody made give.
    roles: Vec<&'static str>,
    /// The role groups that it belongs to, a directory role as the one that it amounts to.
    role_groups: Vec<String>,
}

impl Rights {
    /// The sum of directory roles, by template id, and of Exchange role groups, by name.
    pub(super) fn of<'a>(
        directory_roles: impl Iterator<Item = &'a str>,
        held: impl Iterator<Item = &'a str>,
        role_groups: &[RoleGroup],
    ) -> Self {
        let mut rights = Self::default();
        for id in directory_roles {
            let is = |role: DirectoryRole| role.template_id() == id;
            rights.everything |= is(DirectoryRole::ExchangeAdministrator) || is(DirectoryRole::GlobalAdministrator);
            rights.recipients |= is(DirectoryRole::ExchangeRecipientAdministrator);
            rights.view |= is(DirectoryRole::GlobalReader);
        }
        if rights.everything {
            rights.role_groups.push("Organization Management".to_owned());
        }
        for name in held {
            rights.role_groups.push(name.to_owned());
            rights.everything |= name == "Organization Management";
            rights.recipients |= name == "Recipient Management";
            rights.view |= name == "View-Only Organization Management";
            let made = role_groups.iter().find(|group| group.name == name && !group.built_in);
            let roles = made.into_iter().flat_map(|group| &group.roles);
            rights
                .roles
                .extend(roles.filter_map(|name| ROLES.iter().find(|role| role.name == name).map(|role| role.name)));
        }
        rights
    }

    fn roles(&self) -> impl Iterator<Item = &'static ManagementRole> + '_ {
        ROLES.iter().filter(|role| self.roles.contains(&role.name))
    }

    pub(super) fn role_groups(&self) -> impl Iterator<Item = &str> {
        self.role_groups.iter().map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        !(self.everything || self.recipients || self.view) && self.roles.is_empty()
    }

    pub(super) fn may_run(&self, cmdlet: &Cmdlet) -> bool {
        self.everything
            || (self.recipients && cmdlet.area == Area::Recipients)
            || (self.view && cmdlet.reads())
            || self.roles().any(|role| role.gives(cmdlet))
    }

    /// Acting on groups that one does not manage takes more than managing recipients.
    pub(super) fn may_use(&self, parameter: &str) -> bool {
        self.everything
            || parameter != "BypassSecurityGroupManagerCheck"
            || self.roles().any(|role| role.gives_parameter(parameter))
    }
}
