//! The directory: people, groups, applications, what they hold, and the organisation itself.

mod administrative_units;
mod application_models;
#[cfg(feature = "applications")]
mod applications;
mod directory_object;
mod groups;
mod identities;
mod organization;
mod permission_grants;
mod provisioning;
mod role_assignments;
mod service_principals;
mod users;

pub use self::administrative_units::{AdministrativeUnit, AdministrativeUnits, ScopedRoleMembership};
pub use self::application_models::{
    ApiApplication, Application, ApplicationUpdate, FederatedCredential, InformationalUrls, KeyCredential,
    NewApplication, NewPassword, PasswordCredential, PreAuthorizedApplication, PublicClient, RequiredResourceAccess,
    ResourceAccess, ResourceAccessType, SignInAudience, SinglePageApplication, WebApplication,
};
#[cfg(feature = "applications")]
pub use self::applications::{ApplicationRef, Applications};
pub use self::directory_object::DirectoryObject;
pub use self::groups::{Group, GroupKind, GroupRef, GroupUpdate, GroupVisibility, Groups, NewGroup, OWNED_BY_EXCHANGE};
pub use self::identities::{GraphIdentity, IdentitySet};
pub use self::organization::{
    Domain, DomainAuthentication, DomainState, LicenseUnits, Organization, Organizations, PrivacyProfile,
    ProvisionedPlan, ServicePlan, SubscribedSku, VerifiedDomain,
};
pub use self::permission_grants::{ConsentType, PermissionGrant, PermissionGrants};
pub use self::provisioning::{OnPremisesProvisioningError, ServiceProvisioningError};
pub use self::role_assignments::{
    DirectoryRole, DirectoryRoles, MemberType, RoleAssignment, RoleDefinition, RoleHolding, RolePermission,
    RoleScheduleInstance,
};
pub use self::service_principals::{
    AppRole, AppRoleAssignment, GrantOutcome, PermissionScope, ServicePrincipal, ServicePrincipalType,
    ServicePrincipals,
};
pub use self::users::{
    AssignedLicense, AssignedPlan, ExtensionAttributes, InitialPassword, Invitation, NewInvitation, NewUser,
    ObjectIdentity, USER_PROPERTIES, User, UserUpdate, Users,
};
