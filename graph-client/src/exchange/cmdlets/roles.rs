use super::distribution_groups::is_same;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::powershell::{CMDLET_RULE, PARAMETER_RULE, is_cmdlet_name, is_parameter_name};
use crate::exchange::{Identity, ObjectName, lenient};
use crate::ids::InvalidValue;
use crate::text::Printable;

cmdlet! {
    /// reads management roles, such as those that contain a cmdlet or a parameter.
    Read "Get-ManagementRole" => GetManagementRole -> Vec<ManagementRole>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match (&self.identity, &self.cmdlet) {
        (Some(identity), _) => write!(f, "Read the role {identity}"),
        (None, Some(cmdlet)) => {
            write!(f, "List the roles that give {}", Printable(cmdlet))?;
            match &*self.cmdlet_parameters {
                [] => Ok(()),
                parameters => write!(f, " with {}", Printable(parameters.join(", "))),
            }
        }
        (None, None) => f.write_str("List all roles"),
    };

    /// All roles.
    fn all {
        /// One role, by its name.
        one identity as role;
        optional cmdlet: String;
        list cmdlet_parameters: impl Into<String>;
    }
    impl {
        /// A misspelt name here is no error to Exchange: it finds no role, which would read as "nobody may".
        fn check(&self) -> Result<(), InvalidValue> {
            if let Some(cmdlet) = self.cmdlet.as_ref().filter(|name| !is_cmdlet_name(name)) {
                return Err(InvalidValue::new("cmdlet", cmdlet, CMDLET_RULE));
            }
            match self.cmdlet_parameters.iter().find(|name| !is_parameter_name(name)) {
                Some(name) => Err(InvalidValue::new("parameter", name, PARAMETER_RULE)),
                None => Ok(()),
            }
        }
    }
}

impl GetManagementRole {
    /// The roles that contain a cmdlet with all of these parameters.
    #[must_use]
    pub fn giving(cmdlet: impl Into<String>, parameters: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let cmdlet_parameters = parameters.into_iter().map(Into::into).collect();
        Self { cmdlet: Some(cmdlet.into()), cmdlet_parameters, ..Self::default() }
    }
}

cmdlet! {
    /// creates a custom role as a copy of another one, its parent. The copy may contain less than its parent, never more.
    Write "New-ManagementRole" => NewManagementRole -> ManagementRole;
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        write!(f, "Create the role \"{}\" from the role {}", self.name, self.parent)?;
        match &*self.enabled_cmdlets {
            [] => Ok(()),
            cmdlets => write!(f, " with the cmdlets {}", Printable(cmdlets.join(", "))),
        }
    };

    /// Creates a role with all entries of its parent.
    fn new {
        required name: ObjectName;
        required parent: impl Into<Identity>;
        /// Copies the parent's entry for this cmdlet, and for others that are named, alone.
        list enabled_cmdlets as cmdlet: impl Into<String>;
        /// Sets the description that administrators see.
        optional description: impl Into<String>;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            match self.enabled_cmdlets.iter().find(|name| !is_cmdlet_name(name)) {
                Some(name) => Err(InvalidValue::new("cmdlet", name, CMDLET_RULE)),
                None => Ok(()),
            }
        }

        fn check_output(&self, made: &ManagementRole) -> Result<(), String> {
            match &made.name {
                Some(name) if !is_same(name, self.name.as_str()) => {
                    Err("the role that came back has another name".into())
                }
                _ => Ok(()),
            }
        }
    }
}

cmdlet! {
    /// removes a custom role. It fails while the role is assigned, or has child roles.
    Write "Remove-ManagementRole" => RemoveManagementRole -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        write!(f, "Remove the role {}{}", self.identity, if self.recurse { " with all its child roles" } else { "" })
    };

    /// Removes the role with this name.
    fn new {
        required identity as role: impl Into<Identity>;
        /// Removes **all child roles** as well.
        switch recurse as with_child_roles;
        confirm;
    }
}

record! {
    /// A management role of Exchange: a set of cmdlets and their parameters.
    pub struct ManagementRole {
        /// The name.
        pub name: Option<String>,
        /// The identity, which is the name.
        pub identity: Option<String>,
        // GUESS: a role that comes back holds `Parent` as a name; wrong if a live role has it under another property.
        /// The parent role, as a name; `None` for a built-in role.
        pub parent: Option<String>,
        /// The type of the built-in role that it descends from, such as `MailRecipients`.
        pub role_type: Option<String>,
        /// The description.
        pub description: Option<String> = "lenient::lines",
        /// Whether the role is built in and has no parent.
        pub is_root_role: Option<bool>,
    }
}
