use reqwest::Method;

use crate::client::Client;
use crate::graph::macros::{open_enum, resource};
use crate::graph::{List, Operation, SecretText, Timestamp, call};
use crate::ids::{DeviceId, UserRef};

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
    pub fn of_user(&self, id_or_name: impl Into<UserRef>) -> List<ManagedDevice> {
        let id_or_name: UserRef = id_or_name.into();
        let path = "/v1.0/users/{}/managedDevices";
        List::records(call(&self.client, Method::GET, "list a user's managed devices", path, &[id_or_name.as_str()]))
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
    pub fn get(&self, id: impl Into<DeviceId>) -> Operation<ManagedDevice> {
        let id: DeviceId = id.into();
        let path = "/v1.0/deviceManagement/managedDevices/{}";
        call(&self.client, Method::GET, "read a managed device", path, &[id.as_str()]).record()
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

resource! {
    /// A device that Intune manages.
    pub struct ManagedDevice {
        /// The id in Intune.
        id: String,
        /// The name.
        device_name: Option<String>,
        /// The name that Intune made, which an administrator may change.
        managed_device_name: Option<String>,
        /// The object id of the user.
        user_id: Option<String>,
        /// The name by which the user signs in.
        user_principal_name: Option<String>,
        /// The user's name.
        user_display_name: Option<String>,
        /// The user's address.
        email_address: Option<String>,
        /// Whose it is.
        managed_device_owner_type: Option<DeviceOwnerType>,
        /// The device's id in the directory.
        azure_ad_device_id: Option<String> = "azureADDeviceId",
        /// Whether the directory knows it.
        azure_ad_registered: Option<bool> = "azureADRegistered",
        /// The operating system.
        operating_system: Option<String>,
        /// Its version.
        os_version: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The serial number.
        serial_number: Option<String>,
        /// The address of its wireless network, as twelve hexadecimal digits.
        wi_fi_mac_address: Option<String>,
        /// The address of its wired network.
        ethernet_mac_address: Option<String>,
        /// Whether it keeps to the rules.
        compliance_state: Option<ComplianceState>,
        /// What it is managed by, such as `mdm`.
        management_agent: Option<String>,
        /// Whether its storage is encrypted.
        is_encrypted: Option<bool>,
        /// Whether it is supervised.
        is_supervised: Option<bool>,
        /// Its category.
        device_category_display_name: Option<String>,
        /// Since when it is managed.
        enrolled_date_time: Option<Timestamp>,
        /// When it was last heard of.
        last_sync_date_time: Option<Timestamp>,
        /// Its storage in bytes.
        total_storage_space_in_bytes: Option<i64>,
        /// What of it is free, in bytes.
        free_storage_space_in_bytes: Option<i64>,
        /// The code that lifts the activation lock. Whoever has it can take the device over.
        activation_lock_bypass_code: Option<SecretText>,
        /// The link to a session of remote assistance. Whoever has it can join.
        remote_assistance_session_url: Option<SecretText>,
    }
}

impl Client {
    /// Devices that Intune manages.
    #[must_use]
    pub fn managed_devices(&self) -> ManagedDevices {
        ManagedDevices { client: self.clone() }
    }
}
