use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};

cmdlet! {
    /// reads the administrative units of Microsoft Entra ID, as Exchange knows them.
    ///
    /// They are created and changed in Entra ID, and need Microsoft Entra ID P1 or P2.
    Read "Get-AdministrativeUnit" => GetAdministrativeUnit -> Vec<ExchangeAdministrativeUnit>;
    // GUESS: these roles, as the page names none; wrong if `Get-ManagementRole -Cmdlet Get-AdministrativeUnit` has others.
    permissions "View-Only Recipients or View-Only Configuration.";
    display |self, f| match &self.identity {
        Some(identity) => write!(f, "Read the administrative unit {identity}"),
        None => f.write_str("List all administrative units"),
    };

    /// All administrative units.
    fn all {
        /// One administrative unit, by its object id in Entra ID, display name, name, distinguished name or GUID.
        one identity as unit;
    }
}

record! {
    /// An administrative unit, as Exchange knows it.
    pub struct ExchangeAdministrativeUnit {
        /// The object id in Entra ID, which [`AssignmentScope::AdministrativeUnit`] takes.
        ///
        /// [`AssignmentScope::AdministrativeUnit`]: crate::exchange::AssignmentScope::AdministrativeUnit
        pub external_directory_object_id: Option<Uuid>,
        /// The display name, which is that in Entra ID.
        pub display_name: Option<String>,
        /// The name in Exchange's directory, which has the form of a GUID.
        pub name: Option<String>,
        /// The object's GUID in Exchange, which is another one than the name.
        pub guid: Option<Uuid>,
        /// The distinguished name.
        pub distinguished_name: Option<String>,
    }
}
