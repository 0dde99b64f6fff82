use std::fmt;

use graph_client::{AppRoleId, ObjectId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts::Resource;
use super::{Access, Level};
use crate::names::named;
use crate::text::plain;

named! {
    /// A way by which an application reaches a mailbox.
    #[non_exhaustive]
    pub enum AccessPath as "access path" {
        /// An application permission on Microsoft Graph.
        GraphGrant = "graph_grant",
        /// An application permission on Office 365 Exchange Online for Exchange Web Services.
        EwsGrant = "ews_grant",
        /// A permission on Office 365 Exchange Online that was for the Outlook REST API, decommissioned in March 2024.
        LegacyRest = "legacy_rest",
        /// An application permission that the catalogue does not know.
        UnlistedGrant = "unlisted_grant",
        /// A role of RBAC for Applications.
        Rbac = "rbac",
        /// A role of RBAC for Applications, through Exchange Web Services.
        EwsRbac = "ews_rbac",
        /// IMAP or POP with `FullAccess` on the mailbox.
        Imap = "imap",
        /// An entry of the service principal in the calendar's folder permissions.
        FolderPermission = "folder_permission",
        /// eDiscovery in Microsoft Purview.
        Ediscovery = "ediscovery",
        /// `getSchedule` through another mailbox that the application reaches.
        GetSchedule = "get_schedule",
    }
}

/// What an access path, or a way to widen access, rests on: the thing to remove in order to end it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Via {
    /// An application permission.
    Grant {
        /// The resource.
        resource: Resource,
        /// The app role.
        role: AppRoleId,
        /// Its name, or its id where the name is not known.
        name: String,
        /// The grant's own id, to revoke it.
        assignment: Option<String>,
    },
    /// A delegated permission.
    DelegatedGrant {
        /// The resource.
        resource: Resource,
        /// The scope.
        scope: String,
        /// The one user that it is for.
        user: Option<ObjectId>,
        /// The grant's own id, to revoke it.
        id: Option<String>,
    },
    /// A role assignment in Exchange.
    RoleAssignment {
        /// The assignment's name.
        name: String,
        /// The role.
        role: String,
    },
    /// A role group of Exchange.
    RoleGroup(String),
    /// A directory role.
    DirectoryRole {
        /// The role template's id.
        template: Uuid,
        /// Its name.
        name: String,
    },
    /// An entry in the calendar's folder permissions.
    FolderEntry,
    /// The entry of the mailbox's own calendar that lets others see it.
    CalendarSharing,
    /// Ownership of a group.
    GroupOwner {
        /// The group.
        group: String,
        /// The owner.
        owner: String,
    },
    /// Facts that were not read.
    Unread(String),
}

/// Names are shown without control and direction characters: they are chosen by whoever made the object.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&match self {
            Self::Grant { resource, name, .. } => format!("the application permission {name} on {resource}"),
            Self::DelegatedGrant { resource, scope, .. } => format!("the delegated permission {scope} on {resource}"),
            Self::RoleAssignment { name, role } => format!("the role assignment \"{name}\" of {role}"),
            Self::RoleGroup(name) => format!("the role group {name}"),
            Self::DirectoryRole { name, .. } => format!("the directory role {name}"),
            Self::FolderEntry => "an entry in the folder permissions of the calendar".to_owned(),
            Self::CalendarSharing => "the sharing of the calendar".to_owned(),
            Self::GroupOwner { group, owner } => format!("{owner} as an owner of the group {group}"),
            Self::Unread(what) => format!("{what}, which could not be read"),
        }))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph => f.write_str("Microsoft Graph"),
            Self::Exchange => f.write_str("Office 365 Exchange Online"),
            Self::Other(id) => write!(f, "the resource {id}"),
        }
    }
}

/// One access path to one mailbox, with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PathReach {
    /// The access path.
    pub path: AccessPath,
    /// What it rests on.
    pub via: Via,
    /// Whether it leads to the mailbox.
    pub verdict: Access,
    /// Why, in a sentence.
    pub because: String,
}

/// Whether an application reaches a mailbox at one level, and by which access paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reach {
    /// The level.
    pub level: Level,
    /// The verdict over all access paths.
    pub verdict: Access,
    /// What the mailbox is. Only [`MailboxPresence::Mailbox`] can serve as a control in a proof.
    pub subject: MailboxPresence,
    /// Every access path that the application has at this level, those denied for this mailbox included.
    pub paths: Vec<PathReach>,
    /// What a reader must know beside the verdict.
    pub notes: Vec<String>,
}

impl Reach {
    /// The access paths that are allowed.
    pub fn allowed(&self) -> impl Iterator<Item = &PathReach> {
        self.paths.iter().filter(|path| path.verdict == Access::Allowed)
    }

    /// The access paths that are not denied.
    pub fn not_denied(&self) -> impl Iterator<Item = &PathReach> {
        self.paths.iter().filter(|path| path.verdict != Access::Denied)
    }
}

named! {
    /// What was found at the address that is asked about.
    #[non_exhaustive]
    pub enum MailboxPresence as "presence" {
        /// A mailbox of Exchange Online.
        Mailbox = "mailbox",
        /// A soft-deleted or inactive mailbox.
        DeletedMailbox = "deleted_mailbox",
        /// No mailbox of Exchange Online: nobody, a mail user, a contact, a distribution list, an on-premises mailbox. It
        /// is neither allowed nor denied, and proves nothing.
        NoMailbox = "no_mailbox",
        /// What is there is not known.
        Unknown = "unknown",
    }
}

/// How an access path is ended: who does what, with which command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remedy {
    /// Who does it.
    pub actor: String,
    /// What to do, naming the setting and the object.
    pub step: String,
    /// The command, where there is one.
    pub command: Option<String>,
    /// What to mind before doing it.
    pub caution: Option<String>,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.actor, self.step)?;
        if let Some(command) = &self.command {
            write!(f, " `{command}`")?;
        }
        if let Some(caution) = &self.caution {
            write!(f, " {caution}")?;
        }
        Ok(())
    }
}
