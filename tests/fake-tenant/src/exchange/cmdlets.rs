//! The cmdlets: their parameters, the rights that they need, and what runs them.

use super::parameters::{Arguments, Parameter, ParameterType};
use super::{
    Invocation, Outcome, access_policies, calendar_processing, client_access, folder_permissions, groups,
    mailbox_permissions, members, organization, places, recipients, role_assignments, role_groups, scopes,
    service_principals,
};
use crate::exchange_state::AgentAccess;

/// Which administrative roles give a cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Recipients, groups, members and what one has to know to work on them.
    Recipients,
    /// Policies, roles, scopes and the organisation.
    Organization,
}

pub(crate) struct Cmdlet {
    pub(crate) name: &'static str,
    pub(crate) area: Area,
    pub(crate) parameters: &'static [&'static [Parameter]],
    pub(crate) required: &'static [&'static str],
    pub(crate) run: fn(&mut Invocation<'_>, &Arguments) -> Outcome,
}

impl Cmdlet {
    pub(crate) fn verb(&self) -> &'static str {
        self.name.split('-').next().unwrap_or_default()
    }

    pub(crate) fn reads(&self) -> bool {
        matches!(self.verb(), "Get" | "Test")
    }

    /// Whether it takes a parameter, by its exact name.
    pub(crate) fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().flat_map(|set| set.iter()).any(|(name, _)| *name == parameter)
    }
}

/// A cmdlet that the tenant answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcceptedCmdlet {
    /// The name, as in `Get-Mailbox`.
    pub name: &'static str,
    /// The parameters that it takes, apart from those that every cmdlet takes, such as `Confirm`.
    pub parameters: Vec<AcceptedParameter>,
}

/// A parameter of an [`AcceptedCmdlet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedParameter {
    /// The name, without its hyphen.
    pub name: &'static str,
    /// What it takes.
    pub takes: ParameterType,
    /// Whether the cmdlet is refused without it.
    pub required: bool,
}

/// The cmdlets that the tenant answers, with all parameters that it takes. Any other cmdlet is one that
/// the caller may not run, and any other parameter one that the caller may not use.
pub fn cmdlets() -> impl Iterator<Item = AcceptedCmdlet> {
    ALL.iter().map(|cmdlet| AcceptedCmdlet {
        name: cmdlet.name,
        parameters: cmdlet
            .parameters
            .iter()
            .flat_map(|set| set.iter())
            .map(|(name, takes)| AcceptedParameter { name, takes: *takes, required: cmdlet.required.contains(name) })
            .collect(),
    })
}

pub(crate) fn find(name: &str) -> Option<&'static Cmdlet> {
    ALL.iter().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
}

use ParameterType::{Flag, List, Number, OneOf, Size, SomeOf, Text};

const NONE: &[Parameter] = &[];
const IDENTITY: &[Parameter] = &[("Identity", Text)];
const BYPASS: &[Parameter] = &[("BypassSecurityGroupManagerCheck", Flag)];
const FORCE: &[Parameter] = &[("Force", Flag)];
const LISTING: &[Parameter] =
    &[("Anr", Text), ("Filter", Text), ("ResultSize", Size), ("SortBy", Text), ("OrganizationalUnit", Text)];

const RECIPIENT_DETAILS: &str = "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails";
const MAILBOX_KINDS: ParameterType = SomeOf(
    RECIPIENT_DETAILS,
    &[
        "DiscoveryMailbox",
        "EquipmentMailbox",
        "GroupMailbox",
        "LegacyMailbox",
        "LinkedMailbox",
        "RoomMailbox",
        "SchedulingMailbox",
        "SharedMailbox",
        "TeamMailbox",
        "UserMailbox",
    ],
);
const GROUP_KINDS: ParameterType = SomeOf(
    RECIPIENT_DETAILS,
    &["MailNonUniversalGroup", "MailUniversalDistributionGroup", "MailUniversalSecurityGroup", "RoomList"],
);
const ALL_GROUP_KINDS: ParameterType = SomeOf(
    RECIPIENT_DETAILS,
    &[
        "GroupMailbox",
        "MailNonUniversalGroup",
        "MailUniversalDistributionGroup",
        "MailUniversalSecurityGroup",
        "NonUniversalGroup",
        "RoomList",
        "UniversalDistributionGroup",
        "UniversalSecurityGroup",
    ],
);
const CLIENT_ACCESS_KINDS: ParameterType = SomeOf(
    RECIPIENT_DETAILS,
    &[
        "DiscoveryMailbox",
        "EquipmentMailbox",
        "LegacyMailbox",
        "LinkedMailbox",
        "LinkedRoomMailbox",
        "MailUser",
        "RoomMailbox",
        "SharedMailbox",
        "TeamMailbox",
        "UserMailbox",
    ],
);
const RECIPIENT_KINDS: ParameterType = SomeOf(
    RECIPIENT_DETAILS,
    &[
        "DiscoveryMailbox",
        "DynamicDistributionGroup",
        "EquipmentMailbox",
        "GroupMailbox",
        "GuestMailUser",
        "LegacyMailbox",
        "MailContact",
        "MailNonUniversalGroup",
        "MailUniversalDistributionGroup",
        "MailUniversalSecurityGroup",
        "MailUser",
        "RemoteEquipmentMailbox",
        "RemoteRoomMailbox",
        "RemoteSharedMailbox",
        "RemoteUserMailbox",
        "RoomList",
        "RoomMailbox",
        "SchedulingMailbox",
        "SharedMailbox",
        "TeamMailbox",
        "UserMailbox",
    ],
);

/// What `New-` and `Set-DistributionGroup` share.
const GROUP_SETTINGS: &[Parameter] = &[
    ("Name", Text),
    ("Alias", Text),
    ("DisplayName", Text),
    ("PrimarySmtpAddress", Text),
    ("ManagedBy", List),
    (
        "MemberJoinRestriction",
        OneOf("Microsoft.Exchange.Data.Directory.Recipient.MemberUpdateType", &["Closed", "Open", "ApprovalRequired"]),
    ),
    (
        "MemberDepartRestriction",
        OneOf("Microsoft.Exchange.Data.Directory.Recipient.MemberUpdateType", &["Closed", "Open", "ApprovalRequired"]),
    ),
    ("RequireSenderAuthenticationEnabled", Flag),
    ("RoomList", Flag),
    ("IgnoreNamingPolicy", Flag),
    ("HiddenGroupMembershipEnabled", Flag),
    ("ModerationEnabled", Flag),
    ("ModeratedBy", List),
    ("BypassNestedModerationEnabled", Flag),
    (
        "SendModerationNotifications",
        OneOf(
            "Microsoft.Exchange.Data.Directory.Recipient.TransportModerationNotificationFlags",
            &["Never", "Internal", "Always"],
        ),
    ),
    ("BccBlocked", Flag),
    ("Description", List),
];

const NEW_GROUP: &[Parameter] = &[
    ("Type", OneOf("Microsoft.Exchange.Management.RecipientTasks.GroupType", &["Distribution", "Security"])),
    ("Members", List),
    ("CopyOwnerToMember", Flag),
    ("Notes", Text),
    ("OrganizationalUnit", Text),
];

const SET_GROUP: &[Parameter] = &[
    ("HiddenFromAddressListsEnabled", Flag),
    ("EmailAddresses", List),
    ("WindowsEmailAddress", Text),
    ("SimpleDisplayName", Text),
    ("MailTip", Text),
    ("MailTipTranslations", List),
    ("GrantSendOnBehalfTo", List),
    ("AcceptMessagesOnlyFrom", List),
    ("AcceptMessagesOnlyFromDLMembers", List),
    ("AcceptMessagesOnlyFromSendersOrMembers", List),
    ("RejectMessagesFrom", List),
    ("RejectMessagesFromDLMembers", List),
    ("RejectMessagesFromSendersOrMembers", List),
    ("BypassModerationFromSendersOrMembers", List),
    ("ReportToManagerEnabled", Flag),
    ("ReportToOriginatorEnabled", Flag),
    ("SendOofMessageToOriginatorEnabled", Flag),
    ("ForceUpgrade", Flag),
    ("ResetMigrationToUnifiedGroup", Flag),
    ("UpdateMemberCount", Flag),
    ("ExtensionCustomAttribute1", List),
    ("ExtensionCustomAttribute2", List),
    ("ExtensionCustomAttribute3", List),
    ("ExtensionCustomAttribute4", List),
    ("ExtensionCustomAttribute5", List),
];

pub(super) const CUSTOM_ATTRIBUTES: &[Parameter] = &[
    ("CustomAttribute1", Text),
    ("CustomAttribute2", Text),
    ("CustomAttribute3", Text),
    ("CustomAttribute4", Text),
    ("CustomAttribute5", Text),
    ("CustomAttribute6", Text),
    ("CustomAttribute7", Text),
    ("CustomAttribute8", Text),
    ("CustomAttribute9", Text),
    ("CustomAttribute10", Text),
    ("CustomAttribute11", Text),
    ("CustomAttribute12", Text),
    ("CustomAttribute13", Text),
    ("CustomAttribute14", Text),
    ("CustomAttribute15", Text),
];

const CALENDAR_PROCESSING: &[Parameter] = &[
    (
        "AutomateProcessing",
        OneOf(
            "Microsoft.Exchange.Data.Storage.Management.CalendarProcessingFlags",
            &["None", "AutoUpdate", "AutoAccept"],
        ),
    ),
    ("BookingType", OneOf("Microsoft.Exchange.Data.Storage.Management.BookingType", &["Standard", "Reserved"])),
    ("AllowConflicts", Flag),
    ("AllowRecurringMeetings", Flag),
    ("AllBookInPolicy", Flag),
    ("AllRequestInPolicy", Flag),
    ("AllRequestOutOfPolicy", Flag),
    ("ScheduleOnlyDuringWorkHours", Flag),
    ("EnforceSchedulingHorizon", Flag),
    ("EnforceCapacity", Flag),
    ("ForwardRequestsToDelegates", Flag),
    ("DeleteAttachments", Flag),
    ("DeleteComments", Flag),
    ("DeleteSubject", Flag),
    ("DeleteNonCalendarItems", Flag),
    ("AddOrganizerToSubject", Flag),
    ("RemovePrivateProperty", Flag),
    ("RemoveOldMeetingMessages", Flag),
    ("RemoveForwardedMeetingNotifications", Flag),
    ("RemoveCanceledMeetings", Flag),
    ("TentativePendingApproval", Flag),
    ("OrganizerInfo", Flag),
    ("AddNewRequestsTentatively", Flag),
    ("AddAdditionalResponse", Flag),
    ("ProcessExternalMeetingMessages", Flag),
    ("EnableResponseDetails", Flag),
    ("EnableAutoRelease", Flag),
    ("AdditionalResponse", Text),
    ("BookingWindowInDays", Number),
    ("MaximumDurationInMinutes", Number),
    ("MinimumDurationInMinutes", Number),
    ("MaximumConflictInstances", Number),
    ("ConflictPercentageAllowed", Number),
    ("PostReservationMaxClaimTimeInMinutes", Number),
    ("BookInPolicy", List),
    ("RequestInPolicy", List),
    ("RequestOutOfPolicy", List),
    ("ResourceDelegates", List),
];

const PLACE: &[Parameter] = &[
    ("Building", Text),
    ("Capacity", Number),
    ("City", Text),
    ("CountryOrRegion", Text),
    ("Floor", Number),
    ("FloorLabel", Text),
    ("GeoCoordinates", Text),
    ("IsWheelChairAccessible", Flag),
    ("Label", Text),
    ("MTREnabled", Flag),
    ("ParentId", Text),
    ("Phone", Text),
    ("PostalCode", Text),
    ("State", Text),
    ("Street", Text),
    ("Tags", List),
    ("AudioDeviceName", Text),
    ("DisplayDeviceName", Text),
    ("VideoDeviceName", Text),
];

const FOLDER_PERMISSION: &[Parameter] = &[
    ("User", Text),
    (
        "AccessRights",
        SomeOf("Microsoft.Exchange.Management.StoreTasks.MailboxFolderAccessRight", folder_permissions::RIGHTS),
    ),
    (
        "SharingPermissionFlags",
        SomeOf(
            "Microsoft.Exchange.Management.StoreTasks.MailboxFolderPermissionFlags",
            &["None", "Delegate", "CanViewPrivateItems"],
        ),
    ),
    ("SendNotificationToUser", Flag),
];

/// What an organisation and a mailbox both have for EWS.
const EWS: &[Parameter] = &[
    ("EwsEnabled", Flag),
    (
        "EwsApplicationAccessPolicy",
        OneOf("Microsoft.Exchange.Data.Directory.EwsApplicationAccessPolicy", AgentAccess::NAMES),
    ),
    ("EwsAllowList", List),
    ("EwsBlockList", List),
    ("EwsAllowEntourage", Flag),
    ("EwsAllowMacOutlook", Flag),
    ("EwsAllowOutlook", Flag),
];

const CLIENT_ACCESS: &[Parameter] = &[
    ("ActiveSyncEnabled", Flag),
    ("ImapEnabled", Flag),
    ("MAPIEnabled", Flag),
    ("MacOutlookEnabled", Flag),
    ("OneWinNativeOutlookEnabled", Flag),
    ("OutlookMobileEnabled", Flag),
    ("OWAEnabled", Flag),
    ("OWAforDevicesEnabled", Flag),
    ("PopEnabled", Flag),
    ("SmtpClientAuthenticationDisabled", Flag),
    ("UniversalOutlookEnabled", Flag),
];

const MAILBOX_RIGHTS: ParameterType =
    SomeOf("Microsoft.Exchange.Management.RecipientTasks.MailboxRights", mailbox_permissions::RIGHTS);
const INHERITANCE: ParameterType = OneOf(
    "System.DirectoryServices.ActiveDirectorySecurityInheritance",
    &["None", "All", "Descendents", "SelfAndChildren", "Children"],
);

const ASSIGNMENT_REACH: &[Parameter] =
    &[("CustomResourceScope", Text), ("RecipientGroupScope", Text), ("RecipientAdministrativeUnitScope", Text)];

const ASSIGNEE_TYPE: ParameterType = OneOf(
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.RoleAssigneeType",
    &[
        "User",
        "SecurityGroup",
        "RoleAssignmentPolicy",
        "ForeignSecurityPrincipal",
        "RoleGroup",
        "LinkedRoleGroup",
        "Computer",
        "PartnerLinkedRoleGroup",
        "ServicePrincipal",
    ],
);

const fn cmdlet(
    name: &'static str,
    area: Area,
    required: &'static [&'static str],
    parameters: &'static [&'static [Parameter]],
    run: fn(&mut Invocation<'_>, &Arguments) -> Outcome,
) -> Cmdlet {
    Cmdlet { name, area, parameters, required, run }
}

use Area::{Organization, Recipients};

#[rustfmt::skip]
pub(crate) const ALL: &[Cmdlet] = &[
    cmdlet("Get-OrganizationConfig", Recipients, &[], &[&[("RetrieveEwsOperationAccessPolicy", Flag)]], organization::get_config),
    cmdlet("Set-OrganizationConfig", Organization, &[], &[EWS, &[
        ("EwsAllowedAppIDs", Text), ("EnforceExoAppRbacPermissions", Flag), ("DistributionGroupNamingPolicy", Text),
    ]], organization::set_config),
    cmdlet("Get-AcceptedDomain", Recipients, &[], &[IDENTITY, &[("ResultSize", Size)]], organization::get_accepted_domain),
    cmdlet("Enable-OrganizationCustomization", Organization, &[], &[NONE], organization::enable_customization),

    cmdlet("Get-Mailbox", Recipients, &[], &[IDENTITY, LISTING, &[
        ("RecipientTypeDetails", MAILBOX_KINDS), ("MailboxPlan", Text), ("GroupMailbox", Flag), ("IncludeInactiveMailbox", Flag),
        ("InactiveMailboxOnly", Flag), ("SoftDeletedMailbox", Flag), ("Archive", Flag),
        ("IncludeGrantSendOnBehalfToWithDisplayNames", Flag), ("IncludeForwardingAddressWithDisplayNames", Flag),
    ]], recipients::get_mailbox),
    cmdlet("Set-Mailbox", Recipients, &["Identity"], &[IDENTITY, FORCE, CUSTOM_ATTRIBUTES, &[
        ("DisplayName", Text), ("GrantSendOnBehalfTo", List), ("HiddenFromAddressListsEnabled", Flag), ("Office", Text),
        ("ResourceCapacity", Number),
    ]], recipients::set_mailbox),
    cmdlet("Get-CASMailbox", Recipients, &[], &[IDENTITY, LISTING, &[
        ("RecipientTypeDetails", CLIENT_ACCESS_KINDS), ("ActiveSyncDebugLogging", Flag), ("ProtocolSettings", Flag),
        ("ReadIsOptimizedForAccessibility", Flag), ("RecalculateHasActiveSyncDevicePartnership", Flag),
    ]], client_access::get),
    cmdlet("Set-CASMailbox", Recipients, &["Identity"], &[IDENTITY, EWS, CLIENT_ACCESS], client_access::set),
    cmdlet("Get-MailboxPermission", Recipients, &["Identity"], &[IDENTITY, &[
        ("User", Text), ("ResultSize", Size), ("IncludeUserWithDisplayName", Flag), ("IncludeUnresolvedPermissions", Flag),
        ("IncludeSoftDeletedUserPermissions", Flag), ("SoftDeletedMailbox", Flag), ("GroupMailbox", Flag), ("Owner", Flag),
    ]], mailbox_permissions::get),
    cmdlet("Add-MailboxPermission", Recipients, &["Identity", "User", "AccessRights"], &[IDENTITY, &[
        ("User", Text), ("AccessRights", MAILBOX_RIGHTS), ("InheritanceType", INHERITANCE), ("Deny", Flag), ("AutoMapping", Flag),
    ]], mailbox_permissions::add),
    cmdlet("Remove-MailboxPermission", Recipients, &["Identity", "User", "AccessRights"], &[IDENTITY, &[
        ("User", Text), ("AccessRights", MAILBOX_RIGHTS), ("InheritanceType", INHERITANCE), ("Deny", Flag),
    ]], mailbox_permissions::remove),
    cmdlet("Get-CalendarProcessing", Recipients, &["Identity"], &[IDENTITY, &[("ResultSize", Size)]], calendar_processing::get),
    cmdlet("Set-CalendarProcessing", Recipients, &["Identity"], &[IDENTITY, CALENDAR_PROCESSING], calendar_processing::set),
    cmdlet("Get-Place", Recipients, &[], &[IDENTITY, &[
        ("Type", OneOf("Microsoft.Exchange.Management.Places.GetPlaceType", &["Room", "RoomList", "Space"])), ("ResultSize", Size),
    ]], places::get),
    cmdlet("Set-Place", Recipients, &["Identity"], &[IDENTITY, PLACE], places::set),
    cmdlet("Get-MailboxFolderPermission", Recipients, &["Identity"], &[IDENTITY, &[("User", Text), ("ResultSize", Size)]], folder_permissions::get),
    cmdlet("Add-MailboxFolderPermission", Recipients, &["Identity", "User", "AccessRights"], &[IDENTITY, FOLDER_PERMISSION], folder_permissions::add),
    cmdlet("Set-MailboxFolderPermission", Recipients, &["Identity", "User", "AccessRights"], &[IDENTITY, FOLDER_PERMISSION], folder_permissions::set),
    cmdlet("Remove-MailboxFolderPermission", Recipients, &["Identity", "User"], &[IDENTITY, &[
        ("User", Text), ("SendNotificationToUser", Flag), ("ResetDelegateUserCollection", Flag),
    ]], folder_permissions::remove),
    cmdlet("Get-DynamicDistributionGroupMember", Recipients, &["Identity"], &[IDENTITY, &[
        ("ResultSize", Size), ("IncludeSoftDeletedObjects", Flag), ("Credential", Text),
    ]], members::get_dynamic),
    cmdlet("Get-Recipient", Recipients, &[], &[IDENTITY, LISTING, &[
        ("RecipientTypeDetails", RECIPIENT_KINDS), ("Properties", List), ("PropertySet", Text), ("IncludeSoftDeletedRecipients", Flag),
        ("RecipientType", SomeOf("Microsoft.Exchange.Data.Directory.Recipient.RecipientType", &[
            "DynamicDistributionGroup", "MailContact", "MailNonUniversalGroup", "MailUniversalDistributionGroup",
            "MailUniversalSecurityGroup", "MailUser", "PublicFolder", "UserMailbox",
        ])),
    ]], recipients::get_recipient),

    cmdlet("New-DistributionGroup", Recipients, &["Name"], &[GROUP_SETTINGS, NEW_GROUP], groups::new),
    cmdlet("Get-DistributionGroup", Recipients, &[], &[IDENTITY, LISTING, &[
        ("RecipientTypeDetails", GROUP_KINDS), ("ManagedBy", Text),
        ("IncludeManagedByWithDisplayNames", Flag), ("IncludeGrantSendOnBehalfToWithDisplayNames", Flag),
        ("IncludeModeratedByWithDisplayNames", Flag),
    ]], groups::get),
    cmdlet("Set-DistributionGroup", Recipients, &["Identity"], &[IDENTITY, BYPASS, GROUP_SETTINGS, SET_GROUP, CUSTOM_ATTRIBUTES], groups::set),
    cmdlet("Remove-DistributionGroup", Recipients, &["Identity"], &[IDENTITY, BYPASS], groups::remove),

    cmdlet("Get-Group", Recipients, &[], &[IDENTITY, LISTING, &[("RecipientTypeDetails", ALL_GROUP_KINDS)]], groups::get_group),
    cmdlet("Get-UnifiedGroup", Recipients, &[], &[IDENTITY, &[
        ("Anr", Text), ("Filter", Text), ("ResultSize", Size), ("SortBy", Text), ("IncludeAllProperties", Flag),
        ("IncludeSoftDeletedGroups", Flag),
    ]], groups::get_unified),

    cmdlet("Get-DistributionGroupMember", Recipients, &["Identity"], &[IDENTITY, &[("ResultSize", Size), ("IncludeSoftDeletedObjects", Flag)]], members::get),
    cmdlet("Add-DistributionGroupMember", Recipients, &["Identity", "Member"], &[IDENTITY, BYPASS, &[("Member", Text)]], members::add),
    cmdlet("Remove-DistributionGroupMember", Recipients, &["Identity", "Member"], &[IDENTITY, BYPASS, &[("Member", Text)]], members::remove),
    cmdlet("Update-DistributionGroupMember", Recipients, &["Identity", "Members"], &[IDENTITY, BYPASS, &[("Members", List)]], members::update),

    cmdlet("New-ServicePrincipal", Organization, &["AppId", "ObjectId"], &[&[("AppId", Text), ("ObjectId", Text), ("ServiceId", Text), ("DisplayName", Text)]], service_principals::new),
    cmdlet("Get-ServicePrincipal", Organization, &[], &[IDENTITY, &[("Organization", Text)]], service_principals::get),
    cmdlet("Set-ServicePrincipal", Organization, &["Identity"], &[IDENTITY, &[
        ("DisplayName", Text), ("OverrideEnforceExoAppRbacPermissions", Flag),
    ]], service_principals::set),
    cmdlet("Remove-ServicePrincipal", Organization, &["Identity"], &[IDENTITY], service_principals::remove),
    cmdlet("Test-ServicePrincipalAuthorization", Organization, &["Identity"], &[IDENTITY, &[("Resource", Text)]], service_principals::test),

    cmdlet("New-ManagementScope", Organization, &["Name", "RecipientRestrictionFilter"], &[FORCE, &[
        ("Name", Text), ("RecipientRestrictionFilter", Text), ("RecipientRoot", Text), ("Exclusive", Flag),
    ]], scopes::new),
    cmdlet("Get-ManagementScope", Organization, &[], &[IDENTITY, &[("Orphan", Flag), ("Exclusive", Flag)]], scopes::get),
    cmdlet("Set-ManagementScope", Organization, &["Identity"], &[IDENTITY, FORCE, &[
        ("Name", Text), ("RecipientRestrictionFilter", Text), ("RecipientRoot", Text),
    ]], scopes::set),
    cmdlet("Remove-ManagementScope", Organization, &["Identity"], &[IDENTITY, FORCE], scopes::remove),

    cmdlet("New-ManagementRoleAssignment", Organization, &["Role"], &[ASSIGNMENT_REACH, FORCE, &[
        ("App", Text), ("SecurityGroup", Text), ("Role", Text), ("Name", Text), ("Delegating", Flag),
    ]], role_assignments::new),
    cmdlet("Get-ManagementRoleAssignment", Organization, &[], &[IDENTITY, &[
        ("RoleAssignee", Text), ("Role", Text), ("RoleAssigneeType", ASSIGNEE_TYPE), ("RecipientGroupScope", Text),
        ("RecipientAdministrativeUnitScope", Text), ("CustomRecipientWriteScope", Text), ("Delegating", Flag), ("Enabled", Flag),
        ("GetEffectiveUsers", Flag), ("AssignmentMethod", List), ("Exclusive", Flag),
    ]], role_assignments::get),
    cmdlet("Set-ManagementRoleAssignment", Organization, &["Identity"], &[IDENTITY, ASSIGNMENT_REACH, FORCE, &[("Enabled", Flag)]], role_assignments::set),
    cmdlet("Remove-ManagementRoleAssignment", Organization, &["Identity"], &[IDENTITY, FORCE], role_assignments::remove),

    cmdlet("Get-ManagementRole", Organization, &[], &[IDENTITY, &[
        ("Cmdlet", Text), ("CmdletParameters", List), ("RoleType", Text), ("GetChildren", Flag), ("Recurse", Flag),
    ]], role_groups::roles),
    cmdlet("New-RoleGroup", Organization, &["Name"], &[FORCE, &[
        ("Name", Text), ("DisplayName", Text), ("Description", Text), ("Roles", List), ("Members", List), ("ManagedBy", List),
        ("CustomRecipientWriteScope", Text),
    ]], role_groups::new),
    cmdlet("Get-RoleGroup", Organization, &[], &[IDENTITY, &[("Filter", Text), ("ResultSize", Size), ("SortBy", Text), ("ShowPartnerLinked", Flag)]], role_groups::get),
    cmdlet("Remove-RoleGroup", Organization, &["Identity"], &[IDENTITY, FORCE, BYPASS], role_groups::remove),
    cmdlet("Get-RoleGroupMember", Organization, &["Identity"], &[IDENTITY, &[("ResultSize", Size)]], role_groups::members),
    cmdlet("Add-RoleGroupMember", Organization, &["Identity", "Member"], &[IDENTITY, BYPASS, &[("Member", Text)]], role_groups::add_member),
    cmdlet("Remove-RoleGroupMember", Organization, &["Identity", "Member"], &[IDENTITY, BYPASS, &[("Member", Text)]], role_groups::remove_member),

    cmdlet("New-ApplicationAccessPolicy", Organization, &["AccessRight", "AppId", "PolicyScopeGroupID"], &[&[
        ("AccessRight", OneOf("Microsoft.Exchange.Data.Directory.SystemConfiguration.ApplicationAccessPolicyRight", &["RestrictAccess", "DenyAccess"])),
        ("AppId", List), ("PolicyScopeGroupID", Text), ("Description", Text),
    ]], access_policies::new),
    cmdlet("Get-ApplicationAccessPolicy", Organization, &[], &[IDENTITY], access_policies::get),
    cmdlet("Set-ApplicationAccessPolicy", Organization, &["Identity", "Description"], &[IDENTITY, &[("Description", Text)]], access_policies::set),
    cmdlet("Remove-ApplicationAccessPolicy", Organization, &["Identity"], &[IDENTITY], access_policies::remove),
    cmdlet("Test-ApplicationAccessPolicy", Organization, &["Identity", "AppId"], &[IDENTITY, &[("AppId", Text)]], access_policies::test),
];
