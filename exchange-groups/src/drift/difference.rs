//! One difference: its kind, its effect, its owner and what mends it.

use std::fmt;

use graph_client::printable;
use serde::{Deserialize, Serialize};

use crate::change::Step;
use crate::finding::{Actor, Advice, Subject};
use crate::names::named;

named! {
    /// What has drifted. Most kinds can be told without a snapshot, from the spec alone; those that need one say so.
    #[non_exhaustive]
    pub enum DriftKind as "kind of drift" {
        /// A room was added. Needs a snapshot.
        RoomAdded = "room_added",
        /// A room mailbox is gone. Its membership goes with it. Needs a snapshot.
        RoomDeleted = "room_deleted",
        /// A room has another primary address. Needs a snapshot.
        RoomAddressChanged = "room_address_changed",
        /// A room has another display name. Needs a snapshot.
        RoomRenamed = "room_renamed",
        /// A room was hidden from address lists, and so from lists of places. Needs a snapshot.
        RoomHidden = "room_hidden",
        /// A member that was a room has become a mailbox of another kind, such as a person's. Needs a snapshot.
        KindChanged = "kind_changed",
        /// The group has a member that the spec does not name.
        MemberAdded = "member_added",
        /// A mailbox that the spec wants is no member.
        MemberRemoved = "member_removed",
        /// A group is a member of the group.
        NestedGroupAdded = "nested_group_added",
        /// The group has another name.
        GroupRenamed = "group_renamed",
        /// The group has another primary address. Needs a snapshot.
        GroupAddressChanged = "group_address_changed",
        /// The group is not there.
        GroupDeleted = "group_deleted",
        /// Another group has taken the place of the one in the snapshot.
        GroupReplaced = "group_replaced",
        /// The group is of another type. Needs a snapshot.
        GroupTypeChanged = "group_type_changed",
        /// The group is synchronised from on-premises Active Directory: changes here are refused.
        GroupSynchronised = "group_synchronised",
        /// The group has another owner. Needs a snapshot.
        OwnerAdded = "owner_added",
        /// An owner of the group is gone. Needs a snapshot.
        OwnerRemoved = "owner_removed",
        /// The application owns the group.
        ApplicationOwnsGroup = "application_owns_group",
        /// Members may join without an owner. Needs a snapshot.
        JoiningOpened = "joining_opened",
        /// A property of the group differs, which decides over no access.
        GroupPropertyChanged = "group_property_changed",
        /// An access policy is gone.
        PolicyRemoved = "policy_removed",
        /// There is a further access policy for the application. Needs a snapshot.
        PolicyAdded = "policy_added",
        /// An access policy has another scope, or is not valid any more. Needs a snapshot.
        PolicyChanged = "policy_changed",
        /// A role assignment is gone.
        AssignmentRemoved = "assignment_removed",
        /// A role assignment is disabled, or enabled.
        AssignmentSwitched = "assignment_switched",
        /// A role assignment has another scope, or role.
        AssignmentChanged = "assignment_changed",
        /// There is a further role assignment.
        AssignmentAdded = "assignment_added",
        /// The filter of a management scope was edited. Needs a snapshot.
        ScopeFilterChanged = "scope_filter_changed",
        /// The application holds a tenant-wide permission that the spec does not want, or the snapshot does not have.
        GrantGiven = "grant_given",
        /// The application has lost a tenant-wide permission. Needs a snapshot.
        GrantRevoked = "grant_revoked",
        /// The application's service principal is gone.
        ServicePrincipalDeleted = "service_principal_deleted",
        /// The service principal has another object id: it was made anew. Needs a snapshot.
        ServicePrincipalReplaced = "service_principal_replaced",
        /// The service principal is disabled: the application gets no new tokens.
        ServicePrincipalDisabled = "service_principal_disabled",
        /// Exchange has not registered the application, or under another object id.
        RegistrationChanged = "registration_changed",
        /// Another application reaches the members of the group. Needs a snapshot.
        OtherApplicationAdded = "other_application_added",
        /// Another application of the application's name, or of one that the product gives its own, is there: the product may
        /// use that one. One that is no wider is told with a snapshot alone.
        Namesake = "namesake",
        /// `EnforceExoAppRbacPermissions` was turned on or off. Needs a snapshot.
        AppRbacSwitched = "app_rbac_switched",
        /// An accepted domain is gone. Needs a snapshot.
        DomainRemoved = "domain_removed",
        /// The spec cannot be met as the tenant is, or it is not known whether it is met: what blocks the plan, or would keep
        /// a proof from a verdict.
        SpecUnmet = "spec_unmet",
        /// Access differs from the spec by a cause that is none of the others.
        AccessChanged = "access_changed",
        /// Something else that was read differs from the snapshot.
        OtherChange = "other_change",
        /// Something could not be read, so what changed in it is unknown.
        Unreadable = "unreadable",
        /// The snapshot is of another tenant or application, so nothing can be compared with it.
        UnfitSnapshot = "unfit_snapshot",
    }

    /// What a difference does to access.
    #[non_exhaustive]
    pub enum DriftEffect as "effect of drift" {
        /// The application reaches more than the spec says, or can make itself do so.
        Wider = "wider",
        /// Whether it does either is not known.
        Unknown = "unknown",
        /// Something that is to be reached is not, or not under the name that the product knows.
        Outage = "outage",
        /// Neither, so far.
        Neither = "neither",
    }

    /// The outcome for a scheduled run.
    #[non_exhaustive]
    pub enum DriftStatus as "drift status" {
        /// Nothing differs.
        InSync = "in_sync",
        /// Something differs, and neither widens nor interrupts access.
        Harmless = "harmless",
        /// Something that is to be reached is not, and nothing is wider or unknown.
        Outage = "outage",
        /// The application reaches more than the spec says.
        Wider = "wider",
        /// Something is not known, and nothing that is known is wider.
        Unknown = "unknown",
    }
}

impl DriftStatus {
    /// An exit code for a program: 0 in sync, 3 harmless, 4 outage, 5 wider, 6 unknown. 1 and 2 are left for failures
    /// and bad input.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::InSync => 0,
            Self::Harmless => 3,
            Self::Outage => 4,
            Self::Wider => 5,
            Self::Unknown => 6,
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DriftDifference {
    /// What it is, to branch on.
    pub kind: DriftKind,
    /// What it does to access.
    pub effect: DriftEffect,
    /// What differs, as a sentence without a full stop.
    pub message: String,
    /// What it is about.
    #[serde(default)]
    pub subject: Subject,
    /// What to do about it. Its actor owns the difference.
    pub advice: Advice,
    /// The steps of the plan that mend it. Empty where the plan does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

impl DriftDifference {
    /// Who owns the difference.
    #[must_use]
    pub const fn owner(&self) -> Actor {
        self.advice.actor
    }
}

impl fmt::Display for DriftDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}. {}", self.effect, printable(&self.message), self.advice)
    }
}
