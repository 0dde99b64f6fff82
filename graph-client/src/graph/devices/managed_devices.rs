use reqwest::Method;

use crate::client::Client;
use crate::graph::model::{model, open_enum};
use crate::graph::{List, Operation, SecretText, Timestamp, call};

/// Devices that Intune manages. Made by [`Client::managed_devices`]. The tenant needs a licence of Intune.
#[derive(Debug, Clone)]
pub struct ManagedDevices {
    pub(crate) client: Client,
}

impl ManagedDevices {
    /// All devices. A name is looked for by a filter: `Filter::eq("deviceName", name)`.
    ///
    /// # Permissions
    ///
    /// `DeviceManagementManagedDevices.Read.All`
    pub fn list(&self) -> List<ManagedDevice> {
        List::records(call(
            &self.client,
            Method::GET,
            "list managed devices",
            "/v1.0/deviceManagement/managedDevices",
            &[],
        ))
    }

    /// The devices of one user.
    ///
    /// # Permissions
    ///
    /// `DeviceManagementManagedDevices.Read.All`
    pub fn of_user(&self, id_or_name: &str) -> List<ManagedDevice> {
        let path = "/v1.0/users/{}/managedDevices";
        List::records(call(&self.client, Method::GET, "list a user's managed devices", path, &[id_or_name]))
    }

    /// One device.
    ///
    /// # Permissions
    ///
    /// `DeviceManagementManagedDevices.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn get(&self, id: &str) -> Operation<ManagedDevice> {
        let path = "/v1.0/deviceManagement/managedDevices/{}";
        call(&self.client, Method::GET, "read a managed device", path, &[id]).record()
    }
}

open_enum! {
    /// Whether a device keeps to the rules.
    pub enum ComplianceState {
        /// It does.
        Compliant = "compliant",
        /// It does not.
        Noncompliant = "noncompliant",
        /// Rules contradict each other.
        Conflict = "conflict",
        /// It could not be told.
        Error = "error",
        /// It does not, and has time to change that.
        InGracePeriod = "inGracePeriod",
        /// Configuration Manager knows.
        ConfigManager = "configManager",
    }

    /// Whose device it is.
    pub enum DeviceOwnerType {
        /// The organisation's.
        Company = "company",
        /// A person's.
        Personal = "personal",
    }
}

model! {
    /// A device that Intune manages.
    #[derive(Default)]
    pub struct ManagedDevice {
        /// The id in Intune.
        pub id: String = "id",
        /// The name.
        pub device_name: Option<String> = "deviceName",
        /// The name that Intune made, which an administrator may change.
        pub managed_device_name: Option<String> = "managedDeviceName",
        /// The object id of the user.
        pub user_id: Option<String> = "userId",
        /// The name by which the user signs in.
        pub user_principal_name: Option<String> = "userPrincipalName",
        /// The user's name.
        pub user_display_name: Option<String> = "userDisplayName",
        /// The user's address.
        pub email_address: Option<String> = "emailAddress",
        /// Whose it is.
        pub managed_device_owner_type: Option<DeviceOwnerType> = "managedDeviceOwnerType",
        /// The device's id in the directory.
        pub azure_ad_device_id: Option<String> = "azureADDeviceId",
        /// Whether the directory knows it.
        pub azure_ad_registered: Option<bool> = "azureADRegistered",
        /// The operating system.
        pub operating_system: Option<String> = "operatingSystem",
        /// Its version.
        pub os_version: Option<String> = "osVersion",
        /// The maker.
        pub manufacturer: Option<String> = "manufacturer",
        /// The model.
        pub model: Option<String> = "model",
        /// The serial number.
        pub serial_number: Option<String> = "serialNumber",
        /// The address of its wireless network, as twelve hexadecimal digits.
        pub wi_fi_mac_address: Option<String> = "wiFiMacAddress",
        /// The address of its wired network.
        pub ethernet_mac_address: Option<String> = "ethernetMacAddress",
        /// Whether it keeps to the rules.
        pub compliance_state: Option<ComplianceState> = "complianceState",
        /// What it is managed by, such as `mdm`.
        pub management_agent: Option<String> = "managementAgent",
        /// Whether its storage is encrypted.
        pub is_encrypted: Option<bool> = "isEncrypted",
        /// Whether it is supervised.
        pub is_supervised: Option<bool> = "isSupervised",
        /// Its category.
        pub device_category_display_name: Option<String> = "deviceCategoryDisplayName",
        /// Since when it is managed.
        pub enrolled_date_time: Option<Timestamp> = "enrolledDateTime",
        /// When it was last heard of.
        pub last_sync_date_time: Option<Timestamp> = "lastSyncDateTime",
        /// Its storage in bytes.
        pub total_storage_space_in_bytes: Option<i64> = "totalStorageSpaceInBytes",
        /// What of it is free, in bytes.
        pub free_storage_space_in_bytes: Option<i64> = "freeStorageSpaceInBytes",
        /// The code that lifts the activation lock. Whoever has it can take the device over.
        pub activation_lock_bypass_code: Option<SecretText> = "activationLockBypassCode",
        /// The link to a session of remote assistance. Whoever has it can join.
        pub remote_assistance_session_url: Option<SecretText> = "remoteAssistanceSessionUrl",
    }
}

impl Client {
    /// Devices that Intune manages.
    #[must_use]
    pub fn managed_devices(&self) -> ManagedDevices {
        ManagedDevices { client: self.clone() }
    }
}
