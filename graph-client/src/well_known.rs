//! Ids that are the same in every tenant.
//!
//! Sources: Microsoft's permissions reference and the roles of a Graph service principal as published in 2026.

use uuid::Uuid;

use crate::{AppRoleId, ClientId};

/// The application id of Microsoft Graph.
pub const MICROSOFT_GRAPH: ClientId = ClientId::from_uuid(Uuid::from_u128(0x0000_0003_0000_0000_c000_0000_0000_0000));

/// The application id of Office 365 Exchange Online.
pub const EXCHANGE_ONLINE: ClientId = ClientId::from_uuid(Uuid::from_u128(0x0000_0002_0000_0ff1_ce00_0000_0000_0000));

/// App roles (application permissions), each with the name that it has in tokens.
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
    /// Graph: `Application.Read.All`
    pub const APPLICATION_READ_ALL: AppRoleId = role(0x9a5d_68dd_52b0_4cc2_bd40_abcf_44ac_3a30);
    /// Graph: `AppRoleAssignment.ReadWrite.All`
    pub const APP_ROLE_ASSIGNMENT_READ_WRITE_ALL: AppRoleId = role(0x06b7_08a9_e830_4db3_a914_8e69_da51_d44f);
    /// Graph: `Organization.Read.All`
    pub const ORGANIZATION_READ_ALL: AppRoleId = role(0x4984_76ce_e0fe_48b0_b801_37ba_7e26_85c6);
    /// Exchange: `Exchange.ManageAsApp`
    pub const EXCHANGE_MANAGE_AS_APP: AppRoleId = role(0xdc50_a0fb_09a3_484d_be87_e023_b12c_6440);
    /// Exchange: `full_access_as_app`, every mailbox through Exchange Web Services
    pub const FULL_ACCESS_AS_APP: AppRoleId = role(0xdc89_0d15_9560_4a4c_9b7f_a736_ec74_ec40);
}
