//! From a spec and an observation to ordered steps and findings. Pure: the same input gives the same plan.

mod findings;
mod show;
mod steps;
#[cfg(test)]
mod tests;

use std::time::Duration;

use graph_client::exchange::{
    AddDistributionGroupMember, Cmdlet, NewApplicationAccessPolicy, NewDistributionGroup, NewManagementRoleAssignment,
    NewServicePrincipal, RemoveDistributionGroupMember, SetDistributionGroup, UpdateDistributionGroupMember,
};
use graph_client::{AppRoleAssignmentId, ClientId, ServicePrincipalId, SmtpAddress};
use serde::{Deserialize, Serialize};

pub use self::findings::{Finding, FindingKind, Severity};
use crate::discover::{Selection, Target};
use crate::{Observation, RestrictedCalendarGroup};

/// What is to be done so that the tenant is as the spec says, in order, and what stands in the way.
///
/// A plan is a value: print it for a review, store it as JSON, apply it later. `Display` is what an administrator
/// reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// What should be true.
    pub spec: RestrictedCalendarGroup,
    /// The changes, in the order in which they are made.
    pub steps: Vec<Step>,
    /// What an administrator should know, the blocking ones first.
    pub findings: Vec<Finding>,
    /// How many rooms the spec selects.
    pub rooms: usize,
    /// How many room mailboxes the tenant has.
    pub rooms_in_tenant: usize,
    /// The rooms that the spec leaves out.
    pub left_out: Vec<SmtpAddress>,
    /// The application's name.
    pub application_name: Option<String>,
    /// The requests that it took to observe the tenant.
    pub requests: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// The first domain of the tenant that was observed.
    pub organization: String,
    pub(crate) members: Vec<Target>,
    pub(crate) closed: Vec<Target>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// When it is made.
    pub stage: Stage,
    /// The change as a sentence.
    pub sentence: String,
    /// Why it is needed.
    pub reason: String,
    /// The change itself.
    pub change: Change,
}

/// The stages of applying a plan, in order. After each of them the application reaches no more than it did before,
/// or than the spec allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Reading what is there.
    Observe,
    /// The group itself.
    Group,
    /// Its members, read back at the end.
    Members,
    /// The restriction of the application.
    Restriction,
    /// The end of its tenant-wide permission.
    Revocation,
}

/// A change to the tenant: a cmdlet of Exchange, or a call of Graph.
///
/// As JSON it is the cmdlet's name and the parameters exactly as they go on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", content = "parameters")]
#[non_exhaustive]
pub enum Change {
    /// Makes the group.
    #[serde(rename = "New-DistributionGroup")]
    CreateGroup(NewDistributionGroup),
    /// Changes the group's properties.
    #[serde(rename = "Set-DistributionGroup")]
    AlterGroup(SetDistributionGroup),
    /// Replaces all members of a group that has none.
    #[serde(rename = "Update-DistributionGroupMember")]
    FillGroup(UpdateDistributionGroupMember),
    /// Adds a member.
    #[serde(rename = "Add-DistributionGroupMember")]
    AddMember(AddDistributionGroupMember),
    /// Removes a member.
    #[serde(rename = "Remove-DistributionGroupMember")]
    RemoveMember(RemoveDistributionGroupMember),
    /// Makes the application known to Exchange.
    #[serde(rename = "New-ServicePrincipal")]
    RegisterApplication(NewServicePrincipal),
    /// Gives the application a role over the group.
    #[serde(rename = "New-ManagementRoleAssignment")]
    AssignRole(NewManagementRoleAssignment),
    /// Restricts the application to the group.
    #[serde(rename = "New-ApplicationAccessPolicy")]
    RestrictApplication(NewApplicationAccessPolicy),
    /// Takes a tenant-wide permission away from the application.
    #[serde(rename = "DELETE appRoleAssignments")]
    RevokeGrant(RevokeGrant),
}

impl Change {
    /// The cmdlet's name; `None` for a call of Graph.
    #[must_use]
    pub fn cmdlet(&self) -> Option<&'static str> {
        fn name<C: Cmdlet>(_: &C) -> &'static str {
            C::NAME
        }
        Some(match self {
            Self::CreateGroup(cmdlet) => name(cmdlet),
            Self::AlterGroup(cmdlet) => name(cmdlet),
            Self::FillGroup(cmdlet) => name(cmdlet),
            Self::AddMember(cmdlet) => name(cmdlet),
            Self::RemoveMember(cmdlet) => name(cmdlet),
            Self::RegisterApplication(cmdlet) => name(cmdlet),
            Self::AssignRole(cmdlet) => name(cmdlet),
            Self::RestrictApplication(cmdlet) => name(cmdlet),
            Self::RevokeGrant(_) => return None,
        })
    }

    fn stage(&self) -> Stage {
        match self {
            Self::CreateGroup(_) | Self::AlterGroup(_) => Stage::Group,
            Self::FillGroup(_) | Self::AddMember(_) | Self::RemoveMember(_) => Stage::Members,
            Self::RegisterApplication(_) | Self::AssignRole(_) | Self::RestrictApplication(_) => Stage::Restriction,
            Self::RevokeGrant(_) => Stage::Revocation,
        }
    }
}

/// Takes a tenant-wide permission away from an application, through Graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevokeGrant {
    /// The application.
    pub application: ClientId,
    /// Its service principal.
    pub service_principal: ServicePrincipalId,
    /// The grant.
    pub assignment: AppRoleAssignmentId,
    /// The permission, such as `Calendars.ReadWrite`.
    pub permission: String,
}

impl Plan {
    /// The plan that makes a tenant, as it was observed, what the spec says.
    #[must_use]
    pub fn new(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let selection = Selection::of(spec, seen);
        let steps = steps::steps(spec, seen, &selection);
        let findings = findings::findings(spec, seen, &selection, &steps);
        Self {
            spec: spec.clone(),
            steps,
            findings,
            rooms: selection.rooms.len(),
            rooms_in_tenant: seen.rooms.len(),
            left_out: selection.left_out.iter().map(|room| room.address.clone()).collect(),
            application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
            requests: seen.requests,
            elapsed: seen.elapsed,
            organization: seen.organization.name.clone(),
            members: selection.members().cloned().collect(),
            closed: selection.closed(spec, seen),
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether something must be dealt with before the plan can be applied.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// What must be dealt with before the plan can be applied.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocking)
    }
}
