//! A change to the tenant as a value: the JSON on the wire, the sentence of a plan, the command of a script and the stage
//! are all read from it.

mod graph;

use std::fmt;

use graph_client::exchange::{
    AddDistributionGroupMember, Cmdlet, EnableOrganizationCustomization, NewApplicationAccessPolicy,
    NewDistributionGroup, NewManagementRoleAssignment, NewManagementScope, NewServicePrincipal, PowerShellArgument,
    RemoveApplicationAccessPolicy, RemoveDistributionGroup, RemoveDistributionGroupMember,
    RemoveManagementRoleAssignment, RemoveManagementScope, RemoveServicePrincipal, SetDistributionGroup,
    SetManagementRoleAssignment, SetManagementScope, UpdateDistributionGroupMember,
};
use graph_client::{Client, printable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::graph::{DisableSignIn, GrantPermission, RevokePermission};
use crate::names::named;

named! {
    /// The stages of applying a plan, in order. After each of them the application reaches no more than before, or no more
    /// than the spec allows.
    #[non_exhaustive]
    pub enum Stage as "stage" {
        /// The observation of the tenant.
        Observe = "observe",
        /// The group itself.
        Group = "group",
        /// Its members, read back at the end.
        Members = "members",
        /// The restriction of the application.
        Restriction = "restriction",
        /// The tenant-wide permission of the application: as a rule its revocation.
        Revocation = "revocation",
        /// The credentials of the application.
        Credentials = "credentials",
        /// The rights of the administering application itself.
        Administration = "administration",
    }
}

impl Stage {
    /// The heading of the stage in plans and reports.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Group => "Group",
            Self::Members => "Members",
            Self::Restriction => "Restriction",
            Self::Revocation => "Tenant-wide permission",
            Self::Credentials => "Credentials",
            Self::Administration => "Administering application",
        }
    }
}

macro_rules! changes {
    (
        cmdlets { $($(#[$doc:meta])+ $variant:ident($cmdlet:ty) = $wire:literal, $stage:ident;)+ }
        graph { $($(#[$graph_doc:meta])+ $graph_variant:ident($graph:ty) = $graph_wire:literal, $graph_stage:ident;)+ }
    ) => {
        /// A change to the tenant: a cmdlet of Exchange, or a call of Graph.
        ///
        /// As JSON it is the cmdlet's name and the parameters exactly as they go on the wire. `Display` is the change as
        /// a sentence; [`command`](Self::command) is what an administrator would type.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "command", content = "parameters")]
        #[non_exhaustive]
        pub enum Change {
            $($(#[$doc])+ #[serde(rename = $wire)] $variant($cmdlet),)+
            $($(#[$graph_doc])+ #[serde(rename = $graph_wire)] $graph_variant($graph),)+
        }

        impl Change {
            /// The cmdlet's name; `None` for a call of Graph.
            #[must_use]
            pub fn cmdlet(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant(_) => Some(<$cmdlet as Cmdlet>::NAME),)+
                    $(Self::$graph_variant(_) => None,)+
                }
            }

            /// The stage in which it is made.
            #[must_use]
            pub fn stage(&self) -> Stage {
                match self {
                    $(Self::$variant(_) => Stage::$stage,)+
                    $(Self::$graph_variant(_) => Stage::$graph_stage,)+
                }
            }

            /// The command that makes it: a line of PowerShell for the Exchange module, or a call of Graph.
            #[must_use]
            pub fn command(&self) -> String {
                match self {
                    // A value that does not serialise cannot be sent either; its sentence still says what it is.
                    $(Self::$variant(cmdlet) => cmdlet.powershell().unwrap_or_else(|_| cmdlet.to_string()),)+
                    $(Self::$graph_variant(call) => call.command(),)+
                }
            }

            /// The arguments of its cmdlet as expressions of PowerShell; `None` for a call of Graph.
            pub(crate) fn arguments(&self) -> Option<graph_client::Result<Vec<PowerShellArgument>>> {
                match self {
                    $(Self::$variant(cmdlet) => Some(cmdlet.powershell_arguments()),)+
                    $(Self::$graph_variant(_) => None,)+
                }
            }

            /// Makes the change, once and without the checks of a plan.
            ///
            /// # Errors
            ///
            /// The error of the service.
            pub async fn make(&self, client: &Client) -> graph_client::Result<()> {
                match self {
                    $(Self::$variant(cmdlet) => client.exchange().run_ref(cmdlet).await.map(drop),)+
                    $(Self::$graph_variant(call) => call.make(client).await,)+
                }
            }
        }

        impl fmt::Display for Change {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let sentence = match self {
                    $(Self::$variant(cmdlet) => cmdlet.to_string(),)+
                    $(Self::$graph_variant(call) => call.to_string(),)+
                };
                f.write_str(&printable(&sentence))
            }
        }
    };
}

changes! {
    cmdlets {
        /// Creates the group.
        CreateGroup(NewDistributionGroup) = "New-DistributionGroup", Group;
        /// Changes the group's properties.
        AlterGroup(SetDistributionGroup) = "Set-DistributionGroup", Group;
        /// Sets all members of a group that has none.
        FillGroup(UpdateDistributionGroupMember) = "Update-DistributionGroupMember", Members;
        /// Adds a member.
        AddMember(AddDistributionGroupMember) = "Add-DistributionGroupMember", Members;
        /// Removes a member.
        RemoveMember(RemoveDistributionGroupMember) = "Remove-DistributionGroupMember", Members;
        /// Prepares the organisation for role assignments, once.
        CustomizeOrganization(EnableOrganizationCustomization) = "Enable-OrganizationCustomization", Restriction;
        /// Registers the application's service principal in Exchange.
        RegisterApplication(NewServicePrincipal) = "New-ServicePrincipal", Restriction;
        /// Removes the application's service principal from Exchange.
        UnregisterApplication(RemoveServicePrincipal) = "Remove-ServicePrincipal", Restriction;
        /// Assigns the application a role over the group.
        AssignRole(NewManagementRoleAssignment) = "New-ManagementRoleAssignment", Restriction;
        /// Enables a role assignment, or moves it to another scope.
        AlterRole(SetManagementRoleAssignment) = "Set-ManagementRoleAssignment", Restriction;
        /// Removes a role assignment.
        RemoveRole(RemoveManagementRoleAssignment) = "Remove-ManagementRoleAssignment", Restriction;
        /// Restricts the application to the group.
        RestrictApplication(NewApplicationAccessPolicy) = "New-ApplicationAccessPolicy", Restriction;
        /// Removes an access policy.
        RemovePolicy(RemoveApplicationAccessPolicy) = "Remove-ApplicationAccessPolicy", Restriction;
        /// Removes the group.
        RemoveGroup(RemoveDistributionGroup) = "Remove-DistributionGroup", Group;
        /// Creates a management scope.
        CreateScope(NewManagementScope) = "New-ManagementScope", Restriction;
        /// Changes a management scope, and with it every role assignment that uses it.
        AlterScope(SetManagementScope) = "Set-ManagementScope", Restriction;
        /// Removes a management scope.
        RemoveScope(RemoveManagementScope) = "Remove-ManagementScope", Restriction;
    }
    graph {
        /// Revokes a tenant-wide permission of the application.
        RevokePermission(RevokePermission) = "DELETE appRoleAssignments", Revocation;
        /// Disables the sign-in of the application.
        DisableSignIn(DisableSignIn) = "PATCH servicePrincipals", Revocation;
        /// Grants the application a tenant-wide permission.
        GrantPermission(GrantPermission) = "POST appRoleAssignedTo", Revocation;
    }
}

impl Change {
    /// The effects of the change, one text each, without the name of the group: a plan for a group that does not exist yet
    /// can only name its address, and later its id is used.
    pub(crate) fn effects(&self) -> Vec<String> {
        let each = |kind: &str, values: &Value| {
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            values.iter().map(|value| format!("{kind} {value}")).collect()
        };
        let wire = serde_json::to_value(self).unwrap_or_default();
        let (command, mut parameters) = (wire["command"].to_string(), wire["parameters"].clone());
        match self {
            Self::FillGroup(_) => each("member", &parameters["Members"]),
            Self::AddMember(_) => vec![format!("member {}", parameters["Member"])],
            Self::RemoveMember(_) => vec![format!("no member {}", parameters["Member"])],
            Self::AlterGroup(_) => {
                let properties = parameters.as_object_mut().map(std::mem::take).unwrap_or_default();
                let is_property =
                    |name: &str| !matches!(name, "Identity" | "Confirm" | "BypassSecurityGroupManagerCheck");
                let properties = properties.into_iter().filter(|(name, _)| is_property(name));
                properties.map(|(name, value)| format!("{command} {name} {value}")).collect()
            }
            Self::AssignRole(_) | Self::AlterRole(_) | Self::RestrictApplication(_) => {
                for scope in ["RecipientGroupScope", "PolicyScopeGroupId"] {
                    if let Some(group) = parameters.get_mut(scope) {
                        *group = "the group".into();
                    }
                }
                vec![format!("{command} {parameters}")]
            }
            _ => vec![format!("{command} {parameters}")],
        }
    }
}

/// One change and why it is needed. Its stage, its sentence and its command are read from the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// Why it is needed.
    pub reason: String,
    /// The change itself.
    pub change: Change,
}

impl Step {
    /// The stage in which it is made.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.change.stage()
    }

    /// The change as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.change.to_string()
    }

    /// The command that makes it: a line of PowerShell, or a call of Graph.
    #[must_use]
    pub fn command(&self) -> String {
        self.change.command()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (because {})", self.change, printable(&self.reason))
    }
}
