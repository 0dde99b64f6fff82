//! Who may do what with a calendar, as Exchange's folder permissions and as Graph's calendar permissions.

use crate::recipient::{Recipient, RecipientId};
use crate::world::World;

/// Whom an entry is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// Everyone in the organisation.
    Default,
    Anonymous,
    Recipient(RecipientId),
}

impl Grantee {
    pub(crate) fn built_in(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Default") {
            Some(Self::Default)
        } else if name.eq_ignore_ascii_case("Anonymous") {
            Some(Self::Anonymous)
        } else {
            None
        }
    }

    pub(crate) fn is_built_in(&self) -> bool {
        !matches!(self, Self::Recipient(_))
    }

    pub(crate) fn display_name(&self, world: &World) -> String {
        match self {
            Self::Default => "Default".to_owned(),
            Self::Anonymous => "Anonymous".to_owned(),
            Self::Recipient(id) => {
                world.directory.get(*id).map(|recipient| recipient.display_name.clone()).unwrap_or_default()
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct FolderPermission {
    pub(crate) grantee: Grantee,
    /// Exchange's names of the rights.
    pub(crate) rights: Vec<String>,
    pub(crate) flags: Vec<String>,
}

impl FolderPermission {
    fn starting(grantee: Grantee, right: &str) -> Self {
        Self { grantee, rights: vec![right.to_owned()], flags: Vec::new() }
    }

    /// Graph's `calendarRoleType`, which knows fewer.
    pub(crate) fn role(&self) -> &'static str {
        let is = |names: &[&str]| self.rights.iter().any(|right| names.contains(&right.as_str()));
        if self.flags.iter().any(|flag| flag == "CanViewPrivateItems") {
            "delegateWithPrivateEventAccess"
        } else if self.flags.iter().any(|flag| flag == "Delegate") {
            "delegateWithoutPrivateEventAccess"
        } else if is(&["Editor", "PublishingEditor", "Owner", "Author", "PublishingAuthor"]) {
            "write"
        } else if is(&["Reviewer", "ReadItems", "NonEditingAuthor"]) {
            "read"
        } else if is(&["LimitedDetails"]) {
            "limitedRead"
        } else if is(&["AvailabilityOnly"]) {
            "freeBusyRead"
        } else {
            "none"
        }
    }

    /// The entry that a Graph role stands for.
    pub(crate) fn of_role(grantee: Grantee, role: &str) -> Option<Self> {
        let (right, flags): (&str, &[&str]) = match role {
            "none" => ("None", &[]),
            "freeBusyRead" => ("AvailabilityOnly", &[]),
            "limitedRead" => ("LimitedDetails", &[]),
            "read" => ("Reviewer", &[]),
            "write" => ("Editor", &[]),
            "delegateWithoutPrivateEventAccess" => ("Editor", &["Delegate"]),
            "delegateWithPrivateEventAccess" => ("Editor", &["Delegate", "CanViewPrivateItems"]),
            _ => return None,
        };
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Some(Self { flags, ..Self::starting(grantee, right) })
    }
}

impl World {
    /// The entries of a mailbox's calendar. One that nobody touched has the two that every calendar has.
    pub(crate) fn folder_permissions(&self, mailbox: RecipientId) -> Vec<FolderPermission> {
        self.folder_permissions.get(&mailbox).cloned().unwrap_or_else(|| {
            vec![
                FolderPermission::starting(Grantee::Default, "AvailabilityOnly"),
                FolderPermission::starting(Grantee::Anonymous, "None"),
            ]
        })
    }

    /// Whoever passes the filter of a dynamic distribution group.
    pub(crate) fn dynamic_members(&self, group: RecipientId) -> Vec<RecipientId> {
        let Some(filter) = self.dynamic_groups.get(&group) else {
            return Vec::new();
        };
        let joins = |recipient: &&Recipient| {
            recipient.kind.is_mailbox() && self.access.current.satisfies(&self.directory, recipient, filter)
        };
        self.directory.iter().filter(joins).map(|recipient| recipient.id).collect()
    }
}
