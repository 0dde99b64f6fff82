//! Groups of every kind, as Exchange knows them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::values::ResultSize;
use crate::exchange::{Cmdlet, Effect, Filter, Identity, lenient};
use crate::ids::SmtpAddress;

macro_rules! reads_groups {
    ($(#[$doc:meta])* $cmdlet:ident, $name:literal, $record:ty, $one:literal, $all:literal) => {
        $(#[$doc])*
        ///
        /// # Permissions
        ///
        /// View-Only Recipients.
        #[skip_serializing_none]
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $cmdlet {
            identity: Option<Identity>,
            filter: Option<Filter>,
            #[serde(default)]
            result_size: ResultSize,
        }

        impl $cmdlet {
            /// The group with this identity, or none with [`NotFound`](crate::ErrorKind::NotFound).
            #[must_use]
            pub fn one(identity: impl Into<Identity>) -> Self {
                Self { identity: Some(identity.into()), ..Self::default() }
            }

            /// All groups.
            #[must_use]
            pub fn all() -> Self {
                Self::default()
            }

            /// All groups that meet a condition. None is an empty list, where [`one`](Self::one) is an error.
            #[must_use]
            pub fn matching(filter: Filter) -> Self {
                Self { filter: Some(filter), ..Self::default() }
            }
        }

        impl Cmdlet for $cmdlet {
            const NAME: &'static str = $name;
            const EFFECT: Effect = Effect::Read;
            type Output = Vec<$record>;
        }

        impl fmt::Display for $cmdlet {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match (&self.identity, &self.filter) {
                    (Some(identity), _) => write!(f, concat!("Read the ", $one, " {}"), identity),
                    (None, Some(filter)) => write!(f, concat!("List the ", $all, " with {}"), filter),
                    (None, None) => f.write_str(concat!("List all ", $all)),
                }
            }
        }
    };
}

reads_groups! {
    /// `Get-Group`: groups of every kind, Microsoft 365 groups and groups without mail among them.
    GetGroup, "Get-Group", ExchangeGroup, "group", "groups"
}

reads_groups! {
    /// `Get-UnifiedGroup`: Microsoft 365 groups.
    GetUnifiedGroup, "Get-UnifiedGroup", UnifiedGroup, "Microsoft 365 group", "Microsoft 365 groups"
}

/// A group of any kind, as `Get-Group` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ExchangeGroup {
    /// The object id in Entra.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The object's GUID in Exchange.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The name in the directory.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The distinguished name.
    #[serde(deserialize_with = "lenient::text")]
    pub distinguished_name: Option<String>,
    /// The address, if the group has one.
    #[serde(deserialize_with = "lenient::address")]
    pub windows_email_address: Option<SmtpAddress>,
    /// `MailUniversalSecurityGroup`, `Group` (without mail), …
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type: Option<String>,
    /// `MailUniversalSecurityGroup`, `GroupMailbox` (Microsoft 365), `UniversalSecurityGroup`, …
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type_details: Option<String>,
    /// Flags such as `Universal` and `SecurityEnabled`.
    #[serde(deserialize_with = "lenient::flags")]
    pub group_type: Vec<String>,
    /// The owners, as names or object ids, not as addresses.
    #[serde(deserialize_with = "lenient::names")]
    pub managed_by: Vec<String>,
    /// The direct members, as names or object ids, where the service sends them.
    #[serde(deserialize_with = "lenient::names")]
    pub members: Vec<String>,
    /// Whether the group is synchronised from on-premises Active Directory.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
}

/// A Microsoft 365 group, as Exchange knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct UnifiedGroup {
    /// The object id in Entra.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The object's GUID in Exchange.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The primary address.
    #[serde(deserialize_with = "lenient::address")]
    pub primary_smtp_address: Option<SmtpAddress>,
    /// All addresses of type SMTP, the primary one among them.
    #[serde(deserialize_with = "lenient::smtp_addresses")]
    pub email_addresses: Vec<SmtpAddress>,
    /// The name in the directory, often with a suffix.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The alias.
    #[serde(deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// The distinguished name.
    #[serde(deserialize_with = "lenient::text")]
    pub distinguished_name: Option<String>,
    /// `Private`, or `Public`: any user may become a member.
    #[serde(deserialize_with = "lenient::text")]
    pub access_type: Option<String>,
    /// The owners, as names or object ids, not as addresses.
    #[serde(deserialize_with = "lenient::names")]
    pub managed_by: Vec<String>,
    /// Whether a rule decides who is a member.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_membership_dynamic: Option<bool>,
}
