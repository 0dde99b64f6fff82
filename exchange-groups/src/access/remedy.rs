//! Remedies: how an access path is removed, by whom, where, and with which command.

use super::model::AccessModel;
use super::path::{Remedy, Via};
use crate::text::plain;

const ENTRA: &str = "An administrator of Entra (Cloud Application Administrator)";
const PRIVILEGED: &str = "An administrator of Entra (Privileged Role Administrator)";
const EXCHANGE: &str = "An Exchange administrator (Organization Management)";

impl AccessModel<'_> {
    /// How what an access path rests on is removed.
    #[must_use]
    pub fn remedy(&self, via: &Via) -> Remedy {
        let principal = match self.facts.service_principal.known() {
            Some(Some(id)) => Some(id.to_string()),
            _ => None,
        };
        let by_principal = |command: &str| principal.as_ref().map(|id| command.replace("{principal}", id));
        let old_tokens =
            Some("Tokens issued before keep the permission until they expire, for up to 24 hours.".to_owned());
        match via {
            Via::Grant { resource, name, assignment, .. } => Remedy {
                actor: ENTRA.into(),
                step: format!(
                    "Revoke the permission {} on {resource} under Enterprise applications > the application > \
                     Permissions.",
                    plain(name)
                ),
                command: assignment.as_deref().and_then(quoted).and_then(|assignment| {
                    by_principal(&format!(
                        "Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {{principal}} \
                         -AppRoleAssignmentId {assignment}"
                    ))
                }),
                caution: old_tokens,
            },
            Via::DelegatedGrant { resource, scope, id, .. } => Remedy {
                actor: ENTRA.into(),
                step: format!(
                    "Revoke the delegated permission {} on {resource} under Enterprise applications > the application > \
                     Permissions.",
                    plain(scope)
                ),
                command: id.as_deref().and_then(quoted).map(|id| {
                    format!("Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId {id}")
                }),
                caution: Some("The command revokes every scope of that grant. Refresh tokens must be revoked too.".into()),
            },
            Via::RoleAssignment { name, role } => Remedy {
                actor: EXCHANGE.into(),
                step: format!("Remove the role assignment \"{}\" of {}.", plain(name), plain(role)),
                command: quoted(name)
                    .map(|name| format!("Remove-ManagementRoleAssignment -Identity {name} -Confirm:$false")),
                caution: Some("It takes up to two hours until an active application loses the role.".into()),
            },
            Via::RoleGroup(name) => Remedy {
                actor: EXCHANGE.into(),
                step: format!("Remove the service principal from the role group {}.", plain(name)),
                command: quoted(name).and_then(|name| {
                    by_principal(&format!(
                        "Remove-RoleGroupMember -Identity {name} -Member {{principal}} -Confirm:$false"
                    ))
                }),
                caution: None,
            },
            Via::DirectoryRole { name, .. } => Remedy {
                actor: PRIVILEGED.into(),
                step: format!(
                    "Remove the application from the role {} under Roles and administrators, with its eligible \
                     assignments and the groups by which it holds it.",
                    plain(name)
                ),
                command: None,
                caution: Some("The role stays in tokens issued before.".into()),
            },
            Via::FolderEntry => Remedy {
                actor: EXCHANGE.into(),
                step: "Remove the entry of the service principal from the calendar's permissions.".into(),
                command: by_principal(
                    "Remove-MailboxFolderPermission -Identity <mailbox>:\\Calendar -User {principal} -Confirm:$false",
                ),
                caution: Some("The name of the calendar folder is in the mailbox's language.".into()),
            },
            Via::CalendarSharing => Remedy {
                actor: EXCHANGE.into(),
                step: "Set the entry Default of the calendar's permissions to None.".into(),
                command: Some(
                    "Set-MailboxFolderPermission -Identity <mailbox>:\\Calendar -User Default -AccessRights None".into(),
                ),
                caution: Some(
                    "It hides free/busy from everybody in the organisation, so that nobody can look up a free time. The \
                     name of the calendar folder is in the mailbox's language."
                        .into(),
                ),
            },
            Via::GroupOwner { group, owner } => Remedy {
                // Only a Microsoft 365 group has a service principal as an owner.
                actor: "An administrator of Entra (Groups Administrator)".into(),
                step: format!("Remove {} under Groups > {} > Owners.", plain(owner), plain(group)),
                command: None,
                caution: Some("A group needs at least one owner: add another first.".into()),
            },
            Via::Unread(what) => Remedy {
                actor: "Whoever runs this check".into(),
                step: format!("Read {} with an account that may.", plain(what)),
                command: None,
                caution: None,
            },
        }
    }
}

/// A value in single quotes for PowerShell. A name that could break out of them, or out of the line, gives no command.
fn quoted(text: &str) -> Option<String> {
    // PowerShell takes the typographic quotes for single quotes too.
    if text.is_empty() || text.contains(['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']) || text != plain(text) {
        return None;
    }
    Some(format!("'{}'", text.replace('\'', "''")))
}
