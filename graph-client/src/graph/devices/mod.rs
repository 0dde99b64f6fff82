//! Devices that Intune manages.

mod managed_devices;

pub use self::managed_devices::{ComplianceState, DeviceOwnerType, ManagedDevice, ManagedDevices};
