//! The v2.0 end points: one per kind of object, a few cmdlets each, the envelope of `InvokeCommand`.

use serde_json::json;

use crate::request::Response;

/// Which cmdlets each end point runs (Microsoft documentation).
const END_POINTS: &[(&str, &[&str])] = &[
    ("OrganizationConfig", &["Get-OrganizationConfig"]),
    ("AcceptedDomain", &["Get-AcceptedDomain"]),
    ("Mailbox", &["Get-Mailbox", "Set-Mailbox"]),
    (
        "MailboxFolderPermission",
        &[
            "Get-MailboxFolderPermission",
            "Add-MailboxFolderPermission",
            "Set-MailboxFolderPermission",
            "Remove-MailboxFolderPermission",
        ],
    ),
    ("DistributionGroupMember", &["Get-DistributionGroupMember"]),
    ("DynamicDistributionGroupMember", &["Get-DynamicDistributionGroupMember"]),
];

/// The one parameter besides the identity that `Set-Mailbox` takes here.
const SET_MAILBOX: &[&str] = &["Identity", "GrantSendOnBehalfTo", "Confirm"];

pub(super) fn is_end_point(name: &str) -> bool {
    END_POINTS.iter().any(|(known, _)| *known == name)
}

/// Whether an end point runs a cmdlet with these parameters.
pub(super) fn allows<'p>(end_point: &str, cmdlet: &str, mut parameters: impl Iterator<Item = &'p String>) -> bool {
    let listed = END_POINTS
        .iter()
        .any(|(known, cmdlets)| *known == end_point && cmdlets.iter().any(|name| name.eq_ignore_ascii_case(cmdlet)));
    let is_set = cmdlet.eq_ignore_ascii_case("Set-Mailbox");
    listed && (!is_set || parameters.all(|name| SET_MAILBOX.iter().any(|known| known.eq_ignore_ascii_case(name))))
}

/// The refusal is documented.
// GUESS: its body; wrong if the end point answers otherwise than `InvokeCommand` does to a bad command.
pub(super) fn refused() -> Response {
    Response::of_json(400, &json!({"error": {"code": "BadRequest", "message": "Invalid Operation"}}))
}
