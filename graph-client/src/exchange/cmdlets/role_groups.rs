use uuid::Uuid;

use super::distribution_groups::is_same;
use super::members::check_members;
use super::recipients::ExchangeRecipient;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::values::check_display_name;
use crate::exchange::{Identity, ObjectName, lenient};
use crate::ids::InvalidValue;
use crate::text::Printable;

cmdlet! {
    /// creates a role group, whose members hold management roles of Exchange.
    Write "New-RoleGroup" => NewRoleGroup -> RoleGroup;
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        write!(f, "Create the role group \"{}\"", self.name)?;
        if !self.roles.is_empty() {
            write!(f, " with the roles {}", Printable(self.roles.join(", ")))?;
        }
        Ok(())
    };

    /// Creates a role group without roles and members.
    fn new {
        required name: ObjectName;
        /// Assigns a role to the group, such as `Security Group Creation and Membership`.
        list roles as role: impl Into<String>;
        /// Adds a member: a user, a group, or an application whose service principal is registered in Exchange.
        list members as member: impl Into<Identity>;
        /// Adds a manager, who may change the group's members and roles.
        list managed_by as manager: impl Into<Identity>;
        /// Limits what the roles may change to the recipients of a management scope.
        optional custom_recipient_write_scope as write_scope: ObjectName;
        /// Sets the description that administrators see.
        optional description: impl Into<String>;
        /// Sets the display name.
        optional display_name: impl Into<String>;
    }
    impl {
        fn check_output(&self, made: &RoleGroup) -> Result<(), String> {
            match &made.name {
                Some(name) if !is_same(name, self.name.as_str()) => {
                    Err("the role group that came back has another name".into())
                }
                _ => Ok(()),
            }
        }

        fn check(&self) -> Result<(), InvalidValue> {
            check_display_name(self.display_name.as_deref())?;
            check_members(&self.members)
        }
    }
}

cmdlet! {
    /// reads role groups.
    Read "Get-RoleGroup" => GetRoleGroup -> Vec<RoleGroup>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match &self.identity {
        Some(identity) => write!(f, "Read the role group {identity}"),
        None => f.write_str("List all role groups"),
    };

    /// All role groups.
    fn all {
        /// One role group.
        one identity as group;
        result_size;
    }
}

cmdlet! {
    /// removes a role group.
    Write "Remove-RoleGroup" => RemoveRoleGroup -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Remove the role group {identity}";

    /// Removes the role group, also if the caller does not manage it.
    fn new {
        required identity as group: impl Into<Identity>;
        bypass_manager_check;
        confirm;
    }
}

cmdlet! {
    /// lists the members of a role group.
    Read "Get-RoleGroupMember" => GetRoleGroupMember -> Vec<ExchangeRecipient>;
    permissions "View-Only Configuration or Role Management.";
    sentence "List the members of the role group {identity}";

    /// The members of a role group.
    fn new {
        required identity as group: impl Into<Identity>;
        result_size;
    }
}

cmdlet! {
    /// adds one member to a role group.
    Write "Add-RoleGroupMember" => AddRoleGroupMember -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Add {member} to the role group {identity}";

    /// Adds `member` to the role group, also if the caller does not manage it.
    fn new {
        required identity as group: impl Into<Identity>;
        required member: impl Into<Identity>;
        bypass_manager_check;
    }
}

cmdlet! {
    /// removes one member from a role group.
    Write "Remove-RoleGroupMember" => RemoveRoleGroupMember -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Remove {member} from the role group {identity}";

    /// Removes `member` from the role group, also if the caller does not manage it.
    fn new {
        required identity as group: impl Into<Identity>;
        required member: impl Into<Identity>;
        bypass_manager_check;
        confirm;
    }
}

record! {
    /// A role group: its members hold management roles of Exchange.
    pub struct RoleGroup {
        /// The name.
        pub name: Option<String>,
        /// The display name.
        pub display_name: Option<String>,
        /// The GUID.
        pub guid: Option<Uuid>,
        /// The names of the roles that are assigned to the group.
        pub roles: Vec<String>,
        /// The members, as names or object ids.
        pub members: Vec<String>,
        /// The managers, who may change the group, as names or object ids.
        pub managed_by: Vec<String>,
        /// The description that administrators see.
        pub description: Option<String> = "lenient::lines",
    }
}
