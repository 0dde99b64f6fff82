//! Exchange Online administration: cmdlets as typed values, run over HTTPS without PowerShell.
//!
//! A cmdlet is a value with three readings: it serialises to the parameters that go on the wire, its `Display` is the
//! sentence for a plan or a log, and [`Cmdlet::powershell`] is the line that an administrator can paste.
//! [`Exchange::run`] runs one, [`Exchange::run_all`] runs many of a kind in batches. [`RawCmdlet`] is any cmdlet that has
//! no type here.
//!
//! A response is held against what its cmdlet promises: a list that is missing is an error and not an empty list. An
//! identity may fit an object by its name; [`Exchange::recipient_at`] and its siblings tell who is at an address.
//!
//! # Permissions
//!
//! Every call needs the app role `Exchange.ManageAsApp` on *Office 365 Exchange Online*, and an Entra directory role
//! or an Exchange role group that gives the cmdlet. `Exchange Administrator` gives all that this crate types. A role
//! that was granted after the access token was issued is not in the token; the client signs in once more before it
//! reports a missing role.
//!
//! # Sources
//!
//! `InvokeCommand`, the end point that Microsoft's own PowerShell module uses, is not documented by Microsoft. Its form
//! is taken from published captures and from clients in use. Parameters, limits and defaults are those of the cmdlets'
//! documentation. [`Exchange::prefer_documented`] uses the few end points that Microsoft documents.

mod anchor;
mod batch;
mod cmdlet;
mod cmdlets;
mod error;
mod filter;
mod invoke;
mod lenient;
mod list;
mod macros;
mod powershell;
mod raw;
mod rows;
mod values;
mod wait;
mod warnings;

pub use self::cmdlet::{Cmdlet, Effect, Output, Shape};
pub use self::cmdlets::*;
pub use self::error::{CmdletError, CmdletErrorKind};
pub use self::filter::{DistinguishedName, OpathFilter, Property};
pub use self::invoke::{CmdletSet, Exchange};
pub use self::lenient::Quota;
pub use self::list::{RowList, RowPage, RowPages, Rows};
pub use self::powershell::{PowerShellArgument, powershell_text};
pub use self::raw::RawCmdlet;
pub use self::values::{Alias, GroupName, Identity, ListChange, ObjectName, ProxyAddress};
pub use self::wait::{CreatedObject, Wait};
pub use self::warnings::{Warning, Warnings};

/// The end point that Microsoft documents for the cmdlet of this name, whatever value stands for it: a cmdlet may be named
/// by a [`RawCmdlet`] or have a type of the caller's own.
fn documented_end_point(cmdlet: &str) -> Option<&'static str> {
    const fn entry<C: Cmdlet>() -> (&'static str, Option<&'static str>) {
        (C::NAME, C::DOCUMENTED_END_POINT)
    }
    let entries = [
        entry::<GetAcceptedDomain>(),
        entry::<GetDistributionGroupMember>(),
        entry::<GetDynamicDistributionGroupMember>(),
        entry::<GetMailbox>(),
        entry::<GetMailboxFolderPermission>(),
        entry::<GetOrganizationConfig>(),
    ];
    entries.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(cmdlet))?.1
}
