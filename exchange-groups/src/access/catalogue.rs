use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts::{Grant, Resource};
use super::row::{IdStatus, PolicyCoverage, Row, RowKind, RowResource};
use super::table::ROWS;
use super::verdict::Truth;

/// The catalogue of access paths: what each permission, role and other access path allows access to, and what it lets
/// an application change.
///
/// Sources: Microsoft's permission data and pages, `ScubaGear`'s and Maester's lists of risky permissions, the roles of
/// real tenants; state of November 2026. It is matched on resource and id: the Exchange resource has roles with Graph's
/// ids. The names of the tenant's own service principals are held against it.
#[must_use]
pub fn catalogue() -> &'static [Row] {
    ROWS
}

/// What the catalogue says about a permission or role.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// The catalogue knows it.
    Listed(&'static Row),
    /// The catalogue does not know it: whether it allows access to mailboxes, or widens access, is a no or unknown.
    Unlisted { allows: Truth, widens: Truth, because: String },
}

impl Entry {
    fn unknown(because: impl Into<String>) -> Self {
        Self::Unlisted { allows: Truth::Unknown, widens: Truth::Unknown, because: because.into() }
    }
}

fn find(resource: RowResource, kind: RowKind, fits: impl Fn(&Row) -> bool) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.is(resource, kind) && fits(row))
}

/// What is known about a granted application permission: by resource and id, with the tenant's own name for it.
pub(super) fn application_permission(grant: &Grant) -> Entry {
    let resource = match grant.resource {
        Resource::Graph => RowResource::Graph,
        Resource::Exchange => RowResource::Exchange,
        Resource::Other(_) => return unlisted_permission(grant),
    };
    let row = find(resource, RowKind::Application, |row| row.id.as_ref() == Some(grant.role.as_uuid()));
    match (row, grant.value.as_deref()) {
        (Some(row), Some(name)) if row.is_named(name) => Entry::Listed(row),
        (Some(row), Some(name)) => Entry::unknown(format!(
            "the tenant names this permission {name} and the catalogue of access paths {}",
            row.value
        )),
        (Some(row), None) if row.id_status == IdStatus::Confirmed => Entry::Listed(row),
        (Some(row), None) => {
            Entry::unknown(format!("its name was not read, and only one source has this id for {}", row.value))
        }
        (None, _) => unlisted_permission(grant),
    }
}

/// What an application permission opens when it is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opens {
    /// No mailbox, and no way to widen access: that is known of it.
    Nothing,
    /// Mailboxes, unless an access policy narrows it.
    UnlessPolicy,
    /// What no access policy narrows, a way to widen access, or what nobody knows.
    Anything,
}

impl Grant {
    pub(crate) fn opens(&self) -> Opens {
        match application_permission(self) {
            Entry::Listed(row) if !row.escalates.is_empty() => Opens::Anything,
            Entry::Listed(row) if row.allows.is_empty() => Opens::Nothing,
            Entry::Listed(row) if row.coverage == PolicyCoverage::Documented => Opens::UnlessPolicy,
            Entry::Unlisted { allows: Truth::No, widens: Truth::No, .. } => Opens::Nothing,
            Entry::Listed(_) | Entry::Unlisted { .. } => Opens::Anything,
        }
    }
}

/// The words in the name of a permission by which it may be about mailboxes.
const MAILBOX_WORDS: [&str; 10] =
    ["calendar", "mail", "exchange", "bookings", "ediscovery", "full_access", "ews", "imap", "pop.", "outlook"];

/// A permission that the catalogue lacks is harmless only where its name says so, and a role of the Exchange resource
/// never.
fn unlisted_permission(grant: &Grant) -> Entry {
    let Some(name) = grant.value.as_deref() else {
        return Entry::unknown("the catalogue of access paths does not have its id, and its name was not read");
    };
    if grant.resource == Resource::Exchange {
        let named = find(RowResource::Exchange, RowKind::Application, |row| row.id.is_none() && row.is_named(name));
        if let Some(row) = named.filter(|row| row.allows.is_empty() && !row.escalates.is_empty()) {
            // It is there for cmdlets, under an id that no source has.
            let because = format!("no source says what {} can do", row.value);
            return Entry::Unlisted { allows: Truth::No, widens: Truth::Unknown, because };
        }
        return Entry::unknown(format!("no source says what {name} of Office 365 Exchange Online allows access to"));
    }
    let lower = name.to_ascii_lowercase();
    // GUESS: a permission of another resource without these words allows access to no mailbox either; wrong if such a resource
    // forwards calls to Exchange under a name that does not show it.
    let allows = if MAILBOX_WORDS.iter().any(|word| lower.contains(word)) { Truth::Unknown } else { Truth::No };
    let widens = if only_reads(name) { Truth::No } else { Truth::Unknown };
    Entry::Unlisted { allows, widens, because: format!("the catalogue of access paths does not have {name}") }
}

/// Whether a permission only reads, by Microsoft's pattern `Resource.Operation.Constraint`.
// GUESS: nothing that only reads lets an application widen its access; wrong if such a permission reads credentials that
// Exchange or Entra accept.
fn only_reads(name: &str) -> bool {
    let mut segments = name.split('.').skip(1);
    let reads = |segment: &str| {
        let segment = segment.to_ascii_lowercase();
        segment.starts_with("read") && !segment.contains("write") && !segment.contains("update")
    };
    segments.next().is_some_and(reads) && segments.all(|segment| !segment.to_ascii_lowercase().contains("write"))
}

/// What is known about a delegated permission, by name: that is how a delegated grant holds it.
pub(super) fn delegated_permission(resource: Resource, scope: &str) -> Entry {
    const SIGN_IN: [&str; 5] = ["openid", "profile", "email", "offline_access", "User.Read"];
    let row_resource = match resource {
        Resource::Graph => Some(RowResource::Graph),
        Resource::Exchange => Some(RowResource::Exchange),
        Resource::Other(_) => None,
    };
    let row = row_resource.and_then(|resource| find(resource, RowKind::Delegated, |row| row.is_named(scope)));
    if let Some(row) = row {
        return Entry::Listed(row);
    }
    let because = format!("the catalogue of access paths does not have the delegated permission {scope}");
    let allows = MAILBOX_WORDS.iter().any(|word| scope.to_ascii_lowercase().contains(word));
    let is_harmless = only_reads(scope) || SIGN_IN.iter().any(|known| known.eq_ignore_ascii_case(scope));
    Entry::Unlisted {
        allows: if allows { Truth::Unknown } else { Truth::No },
        widens: if is_harmless { Truth::No } else { Truth::Unknown },
        because,
    }
}

/// The role of Exchange by name: an application role or a management role.
pub(super) fn exchange_role(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::ApplicationRole, |row| row.is_named(name))
        .or_else(|| find(RowResource::Rbac, RowKind::ManagementRole, |row| row.is_named(name)))
}

/// The row of a permission that a role of Exchange contains: of the role that is for this permission alone, so that the
/// protocol is known.
pub(super) fn role_permission(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::ApplicationRole, |row| {
        row.grants.len() == 1 && row.grants[0].eq_ignore_ascii_case(name)
    })
    .or_else(|| find(RowResource::Graph, RowKind::Application, |row| row.is_named(name)))
}

pub(super) fn role_group(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::RoleGroup, |row| row.is_named(name))
}

pub(crate) fn directory_role(template: Uuid) -> Option<&'static Row> {
    find(RowResource::DirectoryRole, RowKind::DirectoryRole, |row| row.id == Some(template))
}

/// The row for a delegating assignment.
pub(super) fn delegating_assignment() -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::Assignment, |_| true)
}
