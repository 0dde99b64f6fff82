//! Ids that are the same in every tenant.
//!
//! Sources: Microsoft's permissions reference and the roles of a Graph service principal as published in 2026. Where it
//! matters, look the id up by its name in the resource's own `appRoles`
//! ([`ServicePrincipal::app_role`](crate::graph::ServicePrincipal::app_role)) and use these as a cross-check.

use uuid::Uuid;

use crate::ids::{AppRoleId, ClientId};

const fn app(id: u128) -> ClientId {
    ClientId::from_uuid(Uuid::from_u128(id))
}

/// The application id of Microsoft Graph.
pub const MICROSOFT_GRAPH: ClientId = app(0x0000_0003_0000_0000_c000_0000_0000_0000);

/// The application id of Office 365 Exchange Online.
pub const EXCHANGE_ONLINE: ClientId = app(0x0000_0002_0000_0ff1_ce00_0000_0000_0000);

/// The application id of Azure AD Graph, which is retired and still the audience of some proofs.
pub const AZURE_AD_GRAPH: ClientId = app(0x0000_0002_0000_0000_c000_0000_0000_0000);

/// The application id of `SharePoint` Online.
pub const SHAREPOINT_ONLINE: ClientId = app(0x0000_0003_0000_0ff1_ce00_0000_0000_0000);

/// The application id of the Office 365 portal.
pub const OFFICE_PORTAL: ClientId = app(0x0000_0006_0000_0ff1_ce00_0000_0000_0000);

/// App roles (application permissions), each with the name that it has in tokens.
///
/// `Calendars.Read.All` and `Calendars.ReadWrite.All` of Graph are not here on purpose: they are about working hours
/// and places, not about events.
pub mod app_roles {
    use super::{AppRoleId, Uuid};

    const fn role(id: u128) -> AppRoleId {
        AppRoleId::from_uuid(Uuid::from_u128(id))
    }

    /// Graph: `Calendars.Read`
    pub const CALENDARS_READ: AppRoleId = role(0x798e_e544_9d2d_430c_a058_570e_29e3_4338);
    /// Graph: `Calendars.ReadWrite`
    pub const CALENDARS_READ_WRITE: AppRoleId = role(0xef54_d2bf_783f_4e0f_bca1_3210_c044_4d99);
    /// Graph: `Calendars.ReadBasic.All`
    pub const CALENDARS_READ_BASIC_ALL: AppRoleId = role(0x8ba4_a692_bc31_4128_9094_4758_72af_8a53);
    /// Graph: `Place.Read.All`
    pub const PLACE_READ_ALL: AppRoleId = role(0x913b_9306_0ce1_42b8_9137_6a7d_f690_a760);
    /// Graph: `Place.ReadWrite.All`
    pub const PLACE_READ_WRITE_ALL: AppRoleId = role(0xf1f5_e9aa_ad18_4b97_883e_6aa7_e95b_7a5f);
    /// Graph: `User.ReadBasic.All`
    pub const USER_READ_BASIC_ALL: AppRoleId = role(0x9723_5f07_e226_4f63_ace3_3958_8e11_d3a1);
    /// Graph: `User.Read.All`
    pub const USER_READ_ALL: AppRoleId = role(0xdf02_1288_bdef_4463_88db_98f2_2de8_9214);
    /// Graph: `Group.Read.All`
    pub const GROUP_READ_ALL: AppRoleId = role(0x5b56_7255_7703_4780_807c_7be8_301a_e99b);
    /// Graph: `Group.Create`
    pub const GROUP_CREATE: AppRoleId = role(0xbf7b_1a76_6e77_406b_b258_bf5c_7720_e98f);
    /// Graph: `Group.ReadWrite.All`
    pub const GROUP_READ_WRITE_ALL: AppRoleId = role(0x62a8_2d76_70ea_41e2_9197_3705_8180_4d09);
    /// Graph: `GroupMember.Read.All`
    pub const GROUP_MEMBER_READ_ALL: AppRoleId = role(0x9883_0695_27a2_44f7_8c18_0c3e_bc96_98f6);
    /// Graph: `GroupMember.ReadWrite.All`
    pub const GROUP_MEMBER_READ_WRITE_ALL: AppRoleId = role(0xdbaa_e8cf_10b5_4b86_a4a1_f871_c94c_6695);
    /// Graph: `MailboxSettings.Read`
    pub const MAILBOX_SETTINGS_READ: AppRoleId = role(0x40f9_7065_369a_49f4_947c_6a25_5697_ae91);
    /// Graph: `MailboxSettings.ReadWrite`
    pub const MAILBOX_SETTINGS_READ_WRITE: AppRoleId = role(0x6931_bccd_447a_43d1_b442_00a1_9547_4933);
    /// Graph: `Mail.Send`
    pub const MAIL_SEND: AppRoleId = role(0xb633_e1c5_b582_4048_a93e_9f11_b44c_7e96);
    /// Graph: `Application.Read.All`
    pub const APPLICATION_READ_ALL: AppRoleId = role(0x9a5d_68dd_52b0_4cc2_bd40_abcf_44ac_3a30);
    /// Graph: `Application.ReadWrite.All`
    pub const APPLICATION_READ_WRITE_ALL: AppRoleId = role(0x1bfe_fb4e_e0b5_418b_a88f_73c4_6d2c_c8e9);
    /// Graph: `Application.ReadWrite.OwnedBy`
    pub const APPLICATION_READ_WRITE_OWNED_BY: AppRoleId = role(0x18a4_783c_866b_4cc7_a460_3d5e_5662_c884);
    /// Graph: `AppRoleAssignment.ReadWrite.All`
    pub const APP_ROLE_ASSIGNMENT_READ_WRITE_ALL: AppRoleId = role(0x06b7_08a9_e830_4db3_a914_8e69_da51_d44f);
    /// Graph: `DelegatedPermissionGrant.ReadWrite.All`
    pub const DELEGATED_PERMISSION_GRANT_READ_WRITE_ALL: AppRoleId = role(0x8e8e_4742_1d95_4f68_9d56_6ee7_5648_c72a);
    /// Graph: `Directory.Read.All`
    pub const DIRECTORY_READ_ALL: AppRoleId = role(0x7ab1_d382_f21e_4acd_a863_ba3e_13f7_da61);
    /// Graph: `RoleManagement.Read.Directory`
    pub const ROLE_MANAGEMENT_READ_DIRECTORY: AppRoleId = role(0x483b_ed4a_2ad3_4361_a73b_c83c_cdbd_c53c);
    /// Graph: `RoleManagement.ReadWrite.Directory`
    pub const ROLE_MANAGEMENT_READ_WRITE_DIRECTORY: AppRoleId = role(0x9e3f_62cf_ca93_4989_b6ce_bf83_c28f_9fe8);
    /// Graph: `RoleManagement.Read.Exchange`
    pub const ROLE_MANAGEMENT_READ_EXCHANGE: AppRoleId = role(0xc769_435f_f061_4d0b_8ff1_3d39_870e_5f85);
    /// Graph: `RoleAssignmentSchedule.Read.Directory`
    pub const ROLE_ASSIGNMENT_SCHEDULE_READ_DIRECTORY: AppRoleId = role(0xd5fe_8ce8_684c_4c83_a52c_46e8_82ce_4be1);
    /// Graph: `RoleEligibilitySchedule.Read.Directory`
    pub const ROLE_ELIGIBILITY_SCHEDULE_READ_DIRECTORY: AppRoleId = role(0xff27_8e11_4a33_4d0c_83d2_d01d_c589_29a5);
    /// Graph: `Organization.Read.All`
    pub const ORGANIZATION_READ_ALL: AppRoleId = role(0x4984_76ce_e0fe_48b0_b801_37ba_7e26_85c6);
    /// Graph: `Domain.Read.All`
    pub const DOMAIN_READ_ALL: AppRoleId = role(0xdbb9_058a_0e50_45d7_ae91_6690_9b5d_4664);
    /// Graph: `LicenseAssignment.Read.All`
    pub const LICENSE_ASSIGNMENT_READ_ALL: AppRoleId = role(0xe2f9_8668_2877_4f38_a2f4_8202_e071_7aa1);
    /// Graph: `User.Invite.All`
    pub const USER_INVITE_ALL: AppRoleId = role(0x0985_0681_111b_4a89_9bed_3f2c_ae46_d706);
    /// Exchange: `Exchange.ManageAsApp`
    pub const EXCHANGE_MANAGE_AS_APP: AppRoleId = role(0xdc50_a0fb_09a3_484d_be87_e023_b12c_6440);
    /// Exchange: `full_access_as_app`, every mailbox through Exchange Web Services
    pub const FULL_ACCESS_AS_APP: AppRoleId = role(0xdc89_0d15_9560_4a4c_9b7f_a736_ec74_ec40);
}

/// Delegated permissions (scopes), each with the name that it has in tokens.
pub mod scopes {
    use super::Uuid;

    /// Graph: `Calendars.Read`
    pub const CALENDARS_READ: Uuid = Uuid::from_u128(0x465a_38f9_76ea_45b9_9f34_9e8b_0d4b_0b42);
    /// Graph: `Calendars.ReadWrite`
    pub const CALENDARS_READ_WRITE: Uuid = Uuid::from_u128(0x1ec2_39c2_d7c9_4623_a91a_a977_5856_bb36);
    /// Graph: `Calendars.ReadBasic`
    pub const CALENDARS_READ_BASIC: Uuid = Uuid::from_u128(0x662d_75ba_a364_42ad_adee_f5f8_80ea_4878);
    /// Graph: `Calendars.Read.Shared`
    pub const CALENDARS_READ_SHARED: Uuid = Uuid::from_u128(0x2b9c_4092_424d_4249_948d_b438_7997_7640);
    /// Graph: `Calendars.ReadWrite.Shared`
    pub const CALENDARS_READ_WRITE_SHARED: Uuid = Uuid::from_u128(0x1246_6101_c9b8_439a_8589_dd09_ee67_e8e9);
    /// Graph: `Place.Read.All`
    pub const PLACE_READ_ALL: Uuid = Uuid::from_u128(0xcb8f_45a0_5c2e_4ea1_b803_84b8_70a7_d7ec);
    /// Graph: `Place.ReadWrite.All`
    pub const PLACE_READ_WRITE_ALL: Uuid = Uuid::from_u128(0x4c06_a06a_098a_4063_868e_5dfe_e382_7264);
    /// Graph: `User.Read`
    pub const USER_READ: Uuid = Uuid::from_u128(0xe1fe_6dd8_ba31_4d61_89e7_8863_9da4_683d);
    /// Graph: `User.ReadBasic.All`
    pub const USER_READ_BASIC_ALL: Uuid = Uuid::from_u128(0xb340_eb25_3456_403f_be2f_af7a_0d37_0277);
    /// Graph: `User.Read.All`
    pub const USER_READ_ALL: Uuid = Uuid::from_u128(0xa154_be20_db9c_4678_8ab7_66f6_cc09_9a59);
    /// Graph: `Group.Read.All`
    pub const GROUP_READ_ALL: Uuid = Uuid::from_u128(0x5f8c_59db_677d_491f_a6b8_5f17_4b11_ec1d);
    /// Graph: `Group.ReadWrite.All`
    pub const GROUP_READ_WRITE_ALL: Uuid = Uuid::from_u128(0x4e46_008b_f24c_477d_8fff_7bb4_ec7a_afe0);
    /// Graph: `GroupMember.Read.All`
    pub const GROUP_MEMBER_READ_ALL: Uuid = Uuid::from_u128(0xbc02_4368_1153_4739_b217_4326_f2e9_66d0);
    /// Graph: `GroupMember.ReadWrite.All`
    pub const GROUP_MEMBER_READ_WRITE_ALL: Uuid = Uuid::from_u128(0xf811_25ac_d3b7_4573_a3b2_7099_cc39_df9e);
    /// Graph: `MailboxSettings.Read`
    pub const MAILBOX_SETTINGS_READ: Uuid = Uuid::from_u128(0x87f4_47af_9fa4_4c32_9dfa_4a57_a73d_18ce);
    /// Graph: `MailboxSettings.ReadWrite`
    pub const MAILBOX_SETTINGS_READ_WRITE: Uuid = Uuid::from_u128(0x818c_620a_27a9_40bd_a6a5_d96f_7d61_0b4b);
    /// Graph: `Mail.Send`
    pub const MAIL_SEND: Uuid = Uuid::from_u128(0xe383_f46e_2787_4529_855e_0e47_9a3f_fac0);
    /// Graph: `Application.Read.All`
    pub const APPLICATION_READ_ALL: Uuid = Uuid::from_u128(0xc79f_8feb_a9db_4090_85f9_90d8_20ca_a0eb);
    /// Graph: `Application.ReadWrite.All`
    pub const APPLICATION_READ_WRITE_ALL: Uuid = Uuid::from_u128(0xbdfb_f15f_ee85_4955_8675_146e_8e52_96b5);
    /// Graph: `AppRoleAssignment.ReadWrite.All`
    pub const APP_ROLE_ASSIGNMENT_READ_WRITE_ALL: Uuid = Uuid::from_u128(0x84bc_cea3_f856_4a8a_967b_dbe0_a3d5_3a64);
    /// Graph: `DelegatedPermissionGrant.ReadWrite.All`
    pub const DELEGATED_PERMISSION_GRANT_READ_WRITE_ALL: Uuid =
        Uuid::from_u128(0x41ce_6ca6_6826_4807_84f1_1c82_854f_7ee5);
    /// Graph: `Directory.Read.All`
    pub const DIRECTORY_READ_ALL: Uuid = Uuid::from_u128(0x06da_0dbc_49e2_44d2_8312_53f1_66ab_848a);
    /// Graph: `RoleManagement.Read.Directory`
    pub const ROLE_MANAGEMENT_READ_DIRECTORY: Uuid = Uuid::from_u128(0x741c_54c3_0c1e_44a1_818b_3f97_ab4e_8c83);
    /// Graph: `RoleManagement.ReadWrite.Directory`
    pub const ROLE_MANAGEMENT_READ_WRITE_DIRECTORY: Uuid = Uuid::from_u128(0xd01b_97e9_cbc0_49fe_810a_750a_fd55_27a3);
    /// Graph: `RoleManagement.Read.Exchange`
    pub const ROLE_MANAGEMENT_READ_EXCHANGE: Uuid = Uuid::from_u128(0x3bc1_5058_7858_4141_b24f_ae43_b4e8_0b52);
    /// Graph: `RoleAssignmentSchedule.Read.Directory`
    pub const ROLE_ASSIGNMENT_SCHEDULE_READ_DIRECTORY: Uuid =
        Uuid::from_u128(0x344a_729c_0285_42c6_9014_f12b_9b8d_6129);
    /// Graph: `RoleEligibilitySchedule.Read.Directory`
    pub const ROLE_ELIGIBILITY_SCHEDULE_READ_DIRECTORY: Uuid =
        Uuid::from_u128(0xeb07_88c2_6d4e_4658_8c9e_c0fb_8053_f03d);
    /// Graph: `Organization.Read.All`
    pub const ORGANIZATION_READ_ALL: Uuid = Uuid::from_u128(0x4908_d5b9_3fb2_4b1e_9336_1888_b793_7185);
    /// Graph: `Domain.Read.All`
    pub const DOMAIN_READ_ALL: Uuid = Uuid::from_u128(0x2f9e_e017_59c1_4f1d_9472_bd55_29a7_b311);
    /// Graph: `User.Invite.All`
    pub const USER_INVITE_ALL: Uuid = Uuid::from_u128(0x63dd_7cd9_b489_4adf_a28c_ac38_b9a0_f962);
    /// Graph: `offline_access`
    pub const OFFLINE_ACCESS: Uuid = Uuid::from_u128(0x7427_e0e9_2fba_42fe_b0c0_848c_9e6a_8182);
    /// Graph: `openid`
    pub const OPENID: Uuid = Uuid::from_u128(0x37f7_f235_527c_4136_accd_4a02_d197_296e);
    /// Graph: `profile`
    pub const PROFILE: Uuid = Uuid::from_u128(0x14da_d69e_099b_42c9_810b_d002_981f_eec1);
    /// Graph: `email`
    pub const EMAIL: Uuid = Uuid::from_u128(0x64a6_cdd6_aab1_4aaf_94b8_3cc8_405e_90d0);
    /// Exchange: `Exchange.Manage`
    pub const EXCHANGE_MANAGE: Uuid = Uuid::from_u128(0xab4f_2b77_0b06_4fc1_a9de_0211_3fc2_ab7c);
}

/// Directory roles, by the template id that is the same in every tenant.
pub mod directory_roles {
    use super::Uuid;
    use crate::ids::ObjectId;

    const fn role(id: u128) -> ObjectId {
        ObjectId::from_uuid(Uuid::from_u128(id))
    }

    /// Exchange Administrator
    pub const EXCHANGE_ADMINISTRATOR: ObjectId = role(0x2923_2cdf_9323_42fd_ade2_1d09_7af3_e4de);
    /// Exchange Recipient Administrator
    pub const EXCHANGE_RECIPIENT_ADMINISTRATOR: ObjectId = role(0x3139_2ffb_586c_42d1_9346_e594_15a2_cc4e);
    /// Global Reader
    pub const GLOBAL_READER: ObjectId = role(0xf2ef_992c_3afb_46b9_b7cf_a126_ee74_c451);
    /// Global Administrator
    pub const GLOBAL_ADMINISTRATOR: ObjectId = role(0x62e9_0394_69f5_4237_9190_0121_7714_5e10);
    /// Privileged Role Administrator
    pub const PRIVILEGED_ROLE_ADMINISTRATOR: ObjectId = role(0xe861_1ab8_c189_46e8_94e1_6021_3ab1_f814);
    /// Application Administrator
    pub const APPLICATION_ADMINISTRATOR: ObjectId = role(0x9b89_5d92_2cd3_44c7_9d02_a6ac_2d5e_a5c3);
    /// Cloud Application Administrator
    pub const CLOUD_APPLICATION_ADMINISTRATOR: ObjectId = role(0x158c_047a_c907_4556_b7ef_4465_51a6_b5f7);
}
