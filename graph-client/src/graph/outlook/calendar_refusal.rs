use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Why Exchange Online refused an application's own call to a calendar, as far as its documented answer says.
///
/// A response that is not exactly one of these says nothing about what the application may reach: a page of a proxy, a
/// code such as `ErrorQuotaExceeded`, an overload, a directory's `Authorization_RequestDenied`.
///
/// The sentences are those of Microsoft's pages about
/// [application access policies](https://learn.microsoft.com/graph/auth-limit-mailbox-access) and of public reports; none
/// tells which mechanism refused. Only [`is_denial`](Self::is_denial) is evidence of a denial, and only for a mailbox
/// that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CalendarRefusal {
    /// 403 `ErrorAccessDenied`, `Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy
    /// settings.` An application access policy leaves the mailbox out, or no role assignment covers it. It also comes for
    /// hours after a change that lets the application in.
    AppOnlyAccessPolicy,
    /// 403 `ErrorAccessDenied`, "Access is denied. Check credentials and try again." Neither the token's roles nor a role
    /// assignment in Exchange allow the call.
    NoPermission,
    /// 403 `ErrorAccessDenied`, "Access to OData is disabled" without `[RAOP]`: the organisation's or the mailbox's list of
    /// user agents (`EwsApplicationAccessPolicy`) refuses the client, whatever the application may reach. Until about 2020
    /// access policies refused with this sentence as well.
    ODataDisabled,
    /// 404 `ErrorInvalidUser`: the address is that of no mailbox here.
    InvalidUser,
    /// 404 `MailboxNotEnabledForRESTAPI`: the mailbox has no licence, is deleted, or is on-premises.
    MailboxNotEnabled,
}

impl CalendarRefusal {
    /// The documented refusal that an error is. `None` for every other error.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let graph = error.graph()?;
        let message = graph.message.trim().trim_end_matches('.');
        match (error.status()?, graph.code.as_str()) {
            (403, "ErrorAccessDenied") => match message {
                "Access is denied. Check credentials and try again" => Some(Self::NoPermission),
                "Access to OData is disabled" => Some(Self::ODataDisabled),
                // The two marks by which the sentence is known; what stands between and after them has varied.
                _ if message.starts_with("Access to OData is disabled")
                    && message.contains("[RAOP]")
                    && message.contains("AppOnly AccessPolicy") =>
                {
                    Some(Self::AppOnlyAccessPolicy)
                }
                _ => None,
            },
            (404, "ErrorInvalidUser") => Some(Self::InvalidUser),
            (404, "MailboxNotEnabledForRESTAPI") => Some(Self::MailboxNotEnabled),
            _ => None,
        }
    }

    /// Whether the response is evidence that the application was denied access to the mailbox.
    #[must_use]
    pub fn is_denial(self) -> bool {
        matches!(self, Self::AppOnlyAccessPolicy | Self::NoPermission)
    }
}
