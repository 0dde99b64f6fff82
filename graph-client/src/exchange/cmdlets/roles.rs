use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::exchange::powershell::{CMDLET_RULE, PARAMETER_RULE, is_cmdlet_name, is_parameter_name};
use crate::exchange::{Cmdlet, Effect, Identity, lenient};
use crate::ids::InvalidValue;

/// `Get-ManagementRole`: roles, among others those that give a cmdlet or a parameter.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetManagementRole {
    identity: Option<Identity>,
    cmdlet: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cmdlet_parameters: Vec<String>,
}

impl GetManagementRole {
    /// One role, by its name.
    #[must_use]
    pub fn one(role: impl Into<Identity>) -> Self {
        Self { identity: Some(role.into()), ..Self::default() }
    }

    /// All roles.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The roles that give a cmdlet with all of these parameters.
    #[must_use]
    pub fn giving(cmdlet: impl Into<String>, parameters: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            identity: None,
            cmdlet: Some(cmdlet.into()),
            cmdlet_parameters: parameters.into_iter().map(Into::into).collect(),
        }
    }
}

impl Cmdlet for GetManagementRole {
    const NAME: &'static str = "Get-ManagementRole";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ManagementRole>;

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

impl fmt::Display for GetManagementRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.identity, &self.cmdlet) {
            (Some(identity), _) => write!(f, "Read the role {identity}"),
            (None, Some(cmdlet)) => {
                write!(f, "List the roles that give {cmdlet}")?;
                match &*self.cmdlet_parameters {
                    [] => Ok(()),
                    parameters => write!(f, " with {}", parameters.join(", ")),
                }
            }
            (None, None) => f.write_str("List all roles"),
        }
    }
}

/// A role of Exchange: a set of cmdlets and parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ManagementRole {
    /// The name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The identity.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// The kind of role that it descends from.
    #[serde(deserialize_with = "lenient::text")]
    pub role_type: Option<String>,
    /// What it is for.
    #[serde(deserialize_with = "lenient::lines")]
    pub description: Option<String>,
    /// Whether no other role is its parent.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_root_role: Option<bool>,
}
