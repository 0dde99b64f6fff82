//! The entries of management roles: which cmdlets a role contains, each with some of its parameters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::exchange::ObjectName;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::powershell::{CMDLET_RULE, PARAMETER_RULE, is_cmdlet_name, is_parameter_name};
use crate::ids::InvalidValue;
use crate::text::Printable;

/// The identity of one role entry: `role\cmdlet`, such as `Room keepers\Set-Mailbox`.
///
/// It holds no wildcard (`*`), which would select other entries as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RoleEntryIdentity(String);

impl RoleEntryIdentity {
    /// The entry of a role for a cmdlet.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless `cmdlet` has the form `Verb-Noun`, and when the role's name holds `*`.
    pub fn new(role: &ObjectName, cmdlet: &str) -> Result<Self, InvalidValue> {
        format!("{}\\{cmdlet}", role.as_str()).parse()
    }

    /// The identity as it goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleEntryIdentity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        // A child role may be named together with its parents: what is behind the last `\` is the cmdlet.
        match text.rsplit_once('\\') {
            Some((role, cmdlet)) if !role.trim().is_empty() && !role.contains('*') && is_cmdlet_name(cmdlet) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidValue::new("role entry", text, "must have the form role\\Verb-Noun and hold no wildcard")),
        }
    }
}

impl fmt::Display for RoleEntryIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

impl<'de> Deserialize<'de> for RoleEntryIdentity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn check_parameters(parameters: &[String]) -> Result<(), InvalidValue> {
    match parameters.iter().find(|name| !is_parameter_name(name)) {
        Some(name) => Err(InvalidValue::new("parameter", name, PARAMETER_RULE)),
        None => Ok(()),
    }
}

cmdlet! {
    /// reads the entries of management roles: the cmdlets and parameters that a role contains.
    Read "Get-ManagementRoleEntry" => GetManagementRoleEntry -> Vec<ManagementRoleEntry>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match self.parts() {
        Some(("*", cmdlet)) => write!(f, "List the role entries of {}", Printable(cmdlet)),
        Some((role, "*")) => write!(f, "List the entries of the role \"{}\"", Printable(role)),
        _ => write!(f, "Read the role entry {}", Printable(&self.identity)),
    };

    fn pattern {
        required identity: String;
        /// Limits the list to entries that contain this parameter.
        list parameters as parameter: impl Into<String>;
        result_size;
    }
    impl {
        /// A wildcard inside a name would list what nobody asked for, and a misspelt name nothing.
        fn check(&self) -> Result<(), InvalidValue> {
            let is_clear = |(role, cmdlet): (&str, &str)| match (role, cmdlet) {
                ("*", cmdlet) => is_cmdlet_name(cmdlet),
                (role, cmdlet) => !role.contains('*') && (cmdlet == "*" || is_cmdlet_name(cmdlet)),
            };
            if !self.parts().is_some_and(is_clear) {
                let rule = "must be one entry, all entries of a role, or those of a cmdlet";
                return Err(InvalidValue::new("role entry", &self.identity, rule));
            }
            check_parameters(&self.parameters)
        }
    }
}

impl GetManagementRoleEntry {
    /// One entry.
    #[must_use]
    pub fn one(entry: &RoleEntryIdentity) -> Self {
        Self::pattern(entry.as_str().to_owned())
    }

    /// All entries of a role.
    #[must_use]
    pub fn of_role(role: &ObjectName) -> Self {
        Self::pattern(format!("{}\\*", role.as_str()))
    }

    /// The entries of all roles for a cmdlet.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless `cmdlet` has the form `Verb-Noun`.
    pub fn of_cmdlet(cmdlet: &str) -> Result<Self, InvalidValue> {
        if is_cmdlet_name(cmdlet) {
            Ok(Self::pattern(format!("*\\{cmdlet}")))
        } else {
            Err(InvalidValue::new("cmdlet", cmdlet, CMDLET_RULE))
        }
    }

    fn parts(&self) -> Option<(&str, &str)> {
        self.identity.rsplit_once('\\')
    }
}

cmdlet! {
    /// adds an entry to a custom role. The cmdlet and its parameters must be in the parent role.
    // GUESS: it may return the entry, or nothing; the page does not say. Wrong if a live run's response is neither.
    Write "Add-ManagementRoleEntry" => AddManagementRoleEntry -> Vec<ManagementRoleEntry>;
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        write!(f, "Add the role entry {}", self.identity)?;
        match &*self.parameters {
            [] => Ok(()),
            parameters => write!(f, " with {}", Printable(parameters.join(", "))),
        }
    };

    /// Adds an entry as the parent role has it, with all its parameters.
    fn new {
        required identity as entry: RoleEntryIdentity;
        /// Adds the entry with this parameter, and others that are named, alone.
        list parameters as parameter: impl Into<String>;
        /// Replaces the role's entry for the same cmdlet.
        switch overwrite;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            check_parameters(&self.parameters)
        }
    }
}

cmdlet! {
    /// removes one entry from a custom role.
    Write "Remove-ManagementRoleEntry" => RemoveManagementRoleEntry -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Remove the role entry {identity}";

    /// Removes the entry with exactly this identity.
    fn new {
        required identity as entry: RoleEntryIdentity;
        confirm;
    }
}

record! {
    /// An entry of a management role: a cmdlet with some of its parameters.
    pub struct ManagementRoleEntry {
        /// The role, as a name.
        pub role: Option<String>,
        /// The name of the cmdlet, the script or the application permission.
        pub name: Option<String>,
        /// The parameters that the role contains.
        pub parameters: Vec<String>,
        /// `Cmdlet`, `Script` or `ApplicationPermission`.
        #[serde(rename = "Type")]
        pub kind: Option<String>,
    }
}

impl ManagementRoleEntry {
    /// The identity to remove the entry by.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the service sent no role or no name, or the entry is not for a cmdlet.
    pub fn identity(&self) -> Result<RoleEntryIdentity, InvalidValue> {
        // GUESS: `Role` is what an identity has before its `\`; wrong if a live entry is not found by the two.
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{}\\{}", part(&self.role), part(&self.name)).parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

    #[test]
    fn an_entry_is_one_cmdlet_of_one_role() {
        for text in ["Tier 2 Help Desk\\Set-Mailbox", "Journaling\\View-Only\\Get-JournalRule"] {
            assert_eq!(text.parse::<RoleEntryIdentity>().unwrap().as_str(), text);
        }
        for text in
            ["", "Set-Mailbox", "\\Set-Mailbox", "*\\Set-Mailbox", "Tier*\\Set-Mailbox", "Tier\\*", "Tier\\Set-*"]
        {
            assert!(text.parse::<RoleEntryIdentity>().is_err(), "{text:?}");
            assert!(
                serde_json::from_value::<RemoveManagementRoleEntry>(serde_json::json!({ "Identity": text })).is_err()
            );
        }
    }

    #[test]
    fn a_list_is_that_of_a_role_or_of_a_cmdlet_and_never_a_pattern() {
        let list = |identity: &str| GetManagementRoleEntry::pattern(identity.to_owned());
        for identity in ["Transport Rules\\*", "*\\Get-Recipient", "Transport Rules\\Get-TransportRule"] {
            assert!(list(identity).check().is_ok(), "{identity}");
        }
        for identity in ["*\\*", "*", "Transport*\\*", "*\\Get-*", "Transport Rules"] {
            assert!(list(identity).check().is_err(), "{identity}");
        }
        assert!(list("Transport Rules\\*").parameter("Na*").check().is_err());
    }
}
