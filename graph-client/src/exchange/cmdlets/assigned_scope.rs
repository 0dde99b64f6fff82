use std::fmt;

use serde::{Deserialize, Serialize};

use super::distribution_groups::is_same;
use crate::exchange::{DistributionGroup, ManagementRoleAssignment};
use crate::text::Printable;

/// The scope of a role assignment, as Exchange returns it.
///
/// Source: live records of 2026-09 and 2026-10; no column is for group scopes alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AssignedScope {
    /// The whole organisation.
    Organization,
    /// The direct members of a group: its name, or another text that [`DistributionGroup::is_scope`] knows it by.
    Group(String),
    /// The recipients of a management scope, by its name.
    ManagementScope(String),
    /// The members of an administrative unit: its id, or its name.
    AdministrativeUnit(String),
    /// Another combination of columns. Which recipients are in the scope is unknown.
    Unrecognised {
        /// The value of `RecipientWriteScope`.
        recipient_write_scope: Option<String>,
        /// The value of `CustomResourceScope`.
        custom_resource_scope: Option<String>,
        /// The value of `CustomRecipientWriteScope`.
        custom_recipient_write_scope: Option<String>,
    },
}

impl AssignedScope {
    /// Whether the scope is the direct members of this group. Another group may have the same name.
    #[must_use]
    pub fn is_group(&self, group: &DistributionGroup) -> bool {
        matches!(self, Self::Group(text) if group.is_scope(text))
    }
}

impl fmt::Display for AssignedScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("the whole organisation"),
            Self::Group(group) => write!(f, "the members of the group \"{}\"", Printable(group)),
            Self::ManagementScope(scope) => write!(f, "the management scope \"{}\"", Printable(scope)),
            Self::AdministrativeUnit(unit) => write!(f, "the administrative unit \"{}\"", Printable(unit)),
            Self::Unrecognised { recipient_write_scope, custom_resource_scope, custom_recipient_write_scope } => {
                f.write_str("a scope that is not understood (")?;
                let mut columns = [recipient_write_scope, custom_resource_scope, custom_recipient_write_scope]
                    .into_iter()
                    .flatten()
                    .peekable();
                while let Some(text) = columns.next() {
                    write!(f, "\"{}\"{}", Printable(text), if columns.peek().is_some() { ", " } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

impl ManagementRoleAssignment {
    /// The scope of the assignment, by the columns that the service returns.
    #[must_use]
    pub fn scope(&self) -> AssignedScope {
        let column = |column: &Option<String>| {
            column.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let resource = column(&self.custom_resource_scope);
        let write = column(&self.custom_recipient_write_scope);
        let unrecognised = || AssignedScope::Unrecognised {
            recipient_write_scope: column(&self.recipient_write_scope),
            custom_resource_scope: column(&self.custom_resource_scope),
            custom_recipient_write_scope: column(&self.custom_recipient_write_scope),
        };
        let one = |wrap: fn(String) -> AssignedScope| match (&resource, &write) {
            (Some(text), None) | (None, Some(text)) => wrap(text.clone()),
            (Some(text), Some(other)) if is_same(text, other) => wrap(text.clone()),
            _ => unrecognised(),
        };
        match &*self.recipient_write_scope.as_deref().unwrap_or_default().trim().to_ascii_lowercase() {
            "organization" if resource.is_none() && write.is_none() => AssignedScope::Organization,
            "group" => one(AssignedScope::Group),
            "customrecipientscope" => one(AssignedScope::ManagementScope),
            // The second column holds the unit's id; what the first one holds is not known.
            "administrativeunit" => match write.clone().or_else(|| resource.clone()) {
                Some(unit) => AssignedScope::AdministrativeUnit(unit),
                None => unrecognised(),
            },
            _ => unrecognised(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: exchange-wire, section 6.4, "How a scope reads back".
    #[test]
    fn each_row_of_how_a_scope_reads_back_is_one_scope_and_anything_else_is_none() {
        let scope = |kind: &str, resource: &str, write: &str| {
            let row = serde_json::json!({
                "RecipientWriteScope": kind, "CustomResourceScope": resource, "CustomRecipientWriteScope": write,
            });
            serde_json::from_value::<ManagementRoleAssignment>(row).unwrap().scope()
        };
        let unit = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05";
        assert_eq!(scope("Organization", "", ""), AssignedScope::Organization);
        assert_eq!(scope("Group", "Rooms_1f2e", ""), AssignedScope::Group("Rooms_1f2e".into()));
        assert_eq!(scope("Group", "", "Rooms"), AssignedScope::Group("Rooms".into()));
        assert_eq!(scope("CustomRecipientScope", "app-rooms", ""), AssignedScope::ManagementScope("app-rooms".into()));
        assert_eq!(scope("AdministrativeUnit", "", unit), AssignedScope::AdministrativeUnit(unit.into()));
        assert_eq!(scope("AdministrativeUnit", "B42", unit), AssignedScope::AdministrativeUnit(unit.into()));
        for (kind, resource, write) in [
            ("", "", ""),
            ("Organization", "Rooms", ""),
            ("Group", "", ""),
            ("Group", "Rooms", "Others"),
            ("CustomRecipientScope", "", ""),
            ("MyGAL", "", ""),
            ("NotApplicable", "x", ""),
        ] {
            let read = scope(kind, resource, write);
            assert!(matches!(read, AssignedScope::Unrecognised { .. }), "{kind} {resource} {write}: {read:?}");
        }
    }

    #[test]
    fn a_group_is_told_by_name_and_ids_whole_and_never_by_an_address_or_what_people_see() {
        let group: DistributionGroup = serde_json::from_value(serde_json::json!({
            "Name": "Räume_1f2e", "DisplayName": "Rooms", "Alias": "rooms-alias",
            "PrimarySmtpAddress": "rooms@contoso.com", "EmailAddresses": ["SMTP:rooms@contoso.com"],
            "Guid": "2a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05",
            "ExternalDirectoryObjectId": "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05",
            "DistinguishedName": "CN=Räume_1f2e,OU=contoso.onmicrosoft.com,DC=PROD",
        }))
        .unwrap();
        let is = |text: &str| AssignedScope::Group(text.into()).is_group(&group);
        for text in [
            "RÄUME_1F2E",
            "2A0D9C1E-7C34-4F0B-B8F4-9A1C2F3D4E05",
            "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05",
            "cn=räume_1f2e,ou=contoso.onmicrosoft.com,dc=prod",
        ] {
            assert!(is(text), "{text}");
        }
        for text in ["Räume", "Räume_1f2e2", "Rooms", "rooms-alias", "rooms@contoso.com", ""] {
            assert!(!is(text), "{text}");
        }
        assert!(!AssignedScope::ManagementScope("Räume_1f2e".into()).is_group(&group));
    }
}
