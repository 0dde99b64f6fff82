use crate::exchange::lenient;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::powershell::{CMDLET_RULE, PARAMETER_RULE, is_cmdlet_name, is_parameter_name};
use crate::ids::InvalidValue;

cmdlet! {
    /// reads management roles, such as those that give a cmdlet or a parameter.
    Read "Get-ManagementRole" => GetManagementRole -> Vec<ManagementRole>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match (&self.identity, &self.cmdlet) {
        (Some(identity), _) => write!(f, "Read the role {identity}"),
        (None, Some(cmdlet)) => {
            write!(f, "List the roles that give {cmdlet}")?;
            match &*self.cmdlet_parameters {
                [] => Ok(()),
                parameters => write!(f, " with {}", parameters.join(", ")),
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
    /// The roles that give a cmdlet with all of these parameters.
    #[must_use]
    pub fn giving(cmdlet: impl Into<String>, parameters: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let cmdlet_parameters = parameters.into_iter().map(Into::into).collect();
        Self { cmdlet: Some(cmdlet.into()), cmdlet_parameters, ..Self::default() }
    }
}

record! {
    /// A management role of Exchange: a set of cmdlets and their parameters.
    pub struct ManagementRole {
        /// The name.
        pub name: Option<String>,
        /// The identity, which is the name.
        pub identity: Option<String>,
        /// The type of the built-in role that it descends from, such as `MailRecipients`.
        pub role_type: Option<String>,
        /// The description.
        pub description: Option<String> = "lenient::lines",
        /// Whether the role is built in and has no parent.
        pub is_root_role: Option<bool>,
    }
}
