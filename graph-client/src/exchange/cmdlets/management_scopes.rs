use uuid::Uuid;

use super::distribution_groups::is_same;
use crate::exchange::filter::values_of;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{DistinguishedName, Identity, ObjectName, OpathFilter, Property};

cmdlet! {
    /// creates a management scope: a named condition for the recipients that a role may be limited to.
    Write "New-ManagementScope" => NewManagementScope -> ManagementScope;
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        let kind = if self.exclusive { "exclusive management scope" } else { "management scope" };
        write!(f, "Create the {kind} \"{}\" of recipients with {}", self.name, self.recipient_restriction_filter)
    };

    /// A scope of the recipients that meet a condition. The condition is required: without one the scope would hold every
    /// recipient.
    fn new {
        required name: ObjectName;
        required recipient_restriction_filter as filter: OpathFilter;
        /// Makes the scope exclusive: from its creation on, only roles that are limited to an exclusive scope may change
        /// its recipients.
        switch exclusive;
        /// The name of the scope.
        get name: ObjectName;
        /// The condition for the recipients.
        get recipient_restriction_filter: OpathFilter;
    }
    impl {
        fn check_output(&self, made: &ManagementScope) -> Result<(), String> {
            match &made.name {
                Some(name) if !is_same(name, self.name.as_str()) => {
                    Err("the management scope that came back has another name".into())
                }
                _ => Ok(()),
            }
        }
    }
}

impl NewManagementScope {
    /// A scope of the direct members of a group.
    #[must_use]
    pub fn members_of(name: ObjectName, group: &DistinguishedName) -> Self {
        Self::new(name, OpathFilter::member_of(group))
    }
}

cmdlet! {
    /// reads management scopes.
    Read "Get-ManagementScope" => GetManagementScope -> Vec<ManagementScope>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match &self.identity {
        Some(identity) => write!(f, "Read the management scope {identity}"),
        None if self.orphan => f.write_str("List the management scopes that nothing uses"),
        None => f.write_str("List all management scopes"),
    };

    /// All scopes. Those of a group are found by [`ManagementScope::groups`]: Exchange has no way to ask for them.
    fn all {
        /// One scope, by its name.
        one identity as scope;
        switch orphan;
        /// Limits the list to scopes that are exclusive, or to those that are not.
        optional exclusive: bool;
    }
}

impl GetManagementScope {
    /// The scopes that no role assignment uses.
    #[must_use]
    pub fn unused() -> Self {
        Self { orphan: true, ..Self::default() }
    }
}

cmdlet! {
    /// changes a scope, and with it **every** role assignment that uses it.
    Write "Set-ManagementScope" => SetManagementScope -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    changes "Change the management scope {identity}";

    fn of {
        required identity as scope: impl Into<Identity>;
        optional name: ObjectName;
        optional recipient_restriction_filter: OpathFilter;
        confirm;
    }
}

impl SetManagementScope {
    /// Sets another condition for the recipients of a scope.
    #[must_use]
    pub fn filter(scope: impl Into<Identity>, filter: OpathFilter) -> Self {
        Self { recipient_restriction_filter: Some(filter), ..Self::of(scope) }
    }

    /// Renames a scope.
    #[must_use]
    pub fn name(scope: impl Into<Identity>, name: ObjectName) -> Self {
        Self { name: Some(name), ..Self::of(scope) }
    }
}

cmdlet! {
    /// removes a scope. It fails while a role assignment uses it.
    Write "Remove-ManagementScope" => RemoveManagementScope -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Remove the management scope {identity}";

    /// Removes the scope with this name or GUID.
    fn new {
        required identity as scope: impl Into<Identity>;
        confirm;
        /// The scope that is removed.
        get identity: Identity;
    }
}

record! {
    /// A management scope.
    pub struct ManagementScope {
        /// The name.
        pub name: Option<String>,
        /// The identity, which is the name.
        pub identity: Option<String>,
        /// The GUID.
        pub guid: Option<Uuid>,
        /// The condition for the recipients, in the form that Exchange returns it in: with brackets, other spaces and another
        /// case than it was written with.
        pub recipient_filter: Option<String>,
        /// The organisational unit that the recipients must be in.
        pub recipient_root: Option<String>,
        /// `RecipientScope`, …
        pub scope_restriction_type: Option<String>,
        /// Whether the scope is exclusive: only roles that are limited to an exclusive scope may change its recipients.
        pub exclusive: Option<bool>,
    }
}

impl ManagementScope {
    /// The distinguished names of the groups whose direct members the condition asks for, as far as it can be read.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.recipient_filter.as_deref().map(|filter| values_of(filter, &Property::MEMBER_OF_GROUP)).unwrap_or_default()
    }

    /// Whether the condition is about this group's members: a different case is the same name.
    #[must_use]
    pub fn is_about(&self, group: &DistinguishedName) -> bool {
        self.groups().iter().any(|name| name.eq_ignore_ascii_case(group.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_found_by_its_group_in_any_form_of_the_filter() {
        let group: DistinguishedName = "CN=rooms,OU=contoso.onmicrosoft.com,DC=COM".parse().unwrap();
        let scope = ManagementScope {
            recipient_filter: Some("((MemberOfGroup -eq 'CN=ROOMS,OU=CONTOSO.ONMICROSOFT.COM,DC=COM'))".into()),
            ..ManagementScope::default()
        };
        assert!(scope.is_about(&group));
        assert!(!ManagementScope::default().is_about(&group));
    }

    #[test]
    fn no_filter_is_empty() {
        let wire = r#"{"Name":"x","RecipientRestrictionFilter":" "}"#;
        assert!(serde_json::from_str::<NewManagementScope>(wire).is_err());
    }
}
