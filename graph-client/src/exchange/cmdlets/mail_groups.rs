//! Groups of every kind, as Exchange knows them.

use uuid::Uuid;

use crate::exchange::lenient;
use crate::exchange::macros::{cmdlet, record};
use crate::ids::SmtpAddress;

cmdlet! {
    /// reads groups of every kind, Microsoft 365 groups and groups without mail among them.
    Read "Get-Group" => GetGroup -> Vec<ExchangeGroup>;
    permissions "View-Only Recipients.";
    display |self, f| match (&self.identity, &self.filter) {
        (Some(identity), _) => write!(f, "Read the group {identity}"),
        (None, Some(filter)) => write!(f, "List the groups with {filter}"),
        (None, None) => f.write_str("List all groups"),
    };

    /// All groups.
    fn all {
        /// The group with this identity.
        one identity as identity;
        /// All groups that meet a condition. None is an empty list, where [`one`](Self::one) is an error.
        matching filter;
        result_size;
    }
}

cmdlet! {
    /// reads Microsoft 365 groups.
    Read "Get-UnifiedGroup" => GetUnifiedGroup -> Vec<UnifiedGroup>;
    permissions "View-Only Recipients.";
    display |self, f| match (&self.identity, &self.filter) {
        (Some(identity), _) => write!(f, "Read the Microsoft 365 group {identity}"),
        (None, Some(filter)) => write!(f, "List the Microsoft 365 groups with {filter}"),
        (None, None) => f.write_str("List all Microsoft 365 groups"),
    };

    /// All Microsoft 365 groups.
    fn all {
        /// The group with this identity.
        one identity as identity;
        /// All groups that meet a condition. None is an empty list, where [`one`](Self::one) is an error.
        matching filter;
        result_size;
    }
}

record! {
    /// A group of any kind, as `Get-Group` returns it.
    pub struct ExchangeGroup {
        /// The object id in Entra ID.
        pub external_directory_object_id: Option<Uuid>,
        /// The object's GUID in Exchange.
        pub guid: Option<Uuid>,
        /// The name in the directory.
        pub name: Option<String>,
        /// The display name.
        pub display_name: Option<String>,
        /// The distinguished name.
        pub distinguished_name: Option<String>,
        /// The address, if the group has one.
        pub windows_email_address: Option<SmtpAddress>,
        /// `MailUniversalSecurityGroup`, `Group` (without mail), …
        pub recipient_type: Option<String>,
        /// `MailUniversalSecurityGroup`, `GroupMailbox` (Microsoft 365), `UniversalSecurityGroup`, …
        pub recipient_type_details: Option<String>,
        /// Flags such as `Universal` and `SecurityEnabled`.
        pub group_type: Vec<String> = "lenient::flags",
        /// The owners, as names or object ids, not as addresses.
        pub managed_by: Vec<String>,
        /// The direct members, as names or object ids, where the service sends them.
        pub members: Vec<String>,
        /// Whether the group is synchronised from on-premises Active Directory.
        pub is_dir_synced: Option<bool>,
    }
}

record! {
    /// A Microsoft 365 group, as Exchange knows it.
    pub struct UnifiedGroup {
        /// The object id in Entra ID.
        pub external_directory_object_id: Option<Uuid>,
        /// The object's GUID in Exchange.
        pub guid: Option<Uuid>,
        /// The primary address.
        pub primary_smtp_address: Option<SmtpAddress>,
        /// All addresses of type SMTP, the primary one among them.
        pub email_addresses: Vec<SmtpAddress>,
        /// The name in the directory, often with a suffix.
        pub name: Option<String>,
        /// The display name.
        pub display_name: Option<String>,
        /// The alias.
        pub alias: Option<String>,
        /// The distinguished name.
        pub distinguished_name: Option<String>,
        /// `Private`, or `Public`: any user may become a member.
        pub access_type: Option<String>,
        /// The owners, as names or object ids, not as addresses.
        pub managed_by: Vec<String>,
        /// Whether the membership is dynamic: a rule decides who is a member.
        pub is_membership_dynamic: Option<bool>,
    }
}
