use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::values::check_display_name;
use crate::exchange::{Identity, lenient};
use crate::ids::{ClientId, InvalidValue, ServicePrincipalId};
use crate::text::Printable;

cmdlet! {
    /// registers the service principal of an application in Exchange.
    Write "New-ServicePrincipal" => NewServicePrincipal -> ExchangeServicePrincipal;
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        f.write_str("Register the service principal of application ")?;
        if let Some(name) = &self.display_name {
            write!(f, "\"{}\" ", Printable(name))?;
        }
        write!(f, "({}) in Exchange", self.app_id)
    };

    /// The application, by its client id and the object id of its *enterprise application*.
    ///
    /// Exchange does not check the ids. With the object id of the app registration, which looks the same, a
    /// restriction would apply to no application.
    fn new {
        required app_id: ClientId;
        required object_id: ServicePrincipalId;
        /// Sets the display name that administrators see.
        optional display_name: impl Into<String>;
    }
    impl {
        fn check_output(&self, made: &ExchangeServicePrincipal) -> Result<(), String> {
            let is = |id: Option<Uuid>, asked: &Uuid| id.is_none_or(|id| id == *asked);
            if is(made.app_id, self.app_id.as_uuid()) && is(made.object_id, self.object_id.as_uuid()) {
                return Ok(());
            }
            Err("the service principal that came back is not the one that was asked for".into())
        }
    }
}

impl NewServicePrincipal {
    /// The object id of the enterprise application.
    #[must_use]
    pub fn object_id(&self) -> ServicePrincipalId {
        self.object_id
    }
}

cmdlet! {
    /// reads the service principals that are registered in Exchange.
    Read "Get-ServicePrincipal" => GetServicePrincipal -> Vec<ExchangeServicePrincipal>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match &self.identity {
        Some(identity) => write!(f, "Look up the application {identity} in Exchange"),
        None => f.write_str("List the applications that Exchange knows"),
    };

    /// All service principals that are registered in Exchange.
    fn all {
        optional identity: Identity;
    }
}

impl GetServicePrincipal {
    /// One service principal, by client id, object id, name or GUID; [`NotFound`](crate::ErrorKind::NotFound) when it is
    /// not registered in Exchange.
    #[must_use]
    pub fn new(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()) }
    }
}

cmdlet! {
    /// changes the display name of an application in Exchange.
    Write "Set-ServicePrincipal" => SetServicePrincipal -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    display |self, f| {
        let name = Printable(&self.display_name);
        write!(f, "Name the application (service principal {}) \"{name}\" in Exchange", self.identity)
    };

    /// Sets the display name that administrators see.
    fn new {
        required identity as service_principal: ServicePrincipalId;
        required display_name: impl Into<String>;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            check_display_name(Some(&self.display_name))
        }
    }
}

cmdlet! {
    /// removes the registration of an application from Exchange. Its enterprise application in Entra ID stays.
    Write "Remove-ServicePrincipal" => RemoveServicePrincipal -> ();
    permissions "Role Management: Organization Management or Exchange Administrator.";
    sentence "Remove the service principal {identity} from Exchange";

    /// Removes the service principal with this object id from Exchange.
    fn new {
        required identity as service_principal: ServicePrincipalId;
        confirm;
        /// The service principal that is removed.
        get identity: ServicePrincipalId;
    }
}

record! {
    /// A service principal that is registered in Exchange.
    pub struct ExchangeServicePrincipal {
        /// The application (client) id.
        pub app_id: Option<Uuid>,
        /// The object id of the enterprise application in Entra ID.
        pub object_id: Option<Uuid>,
        /// The display name that administrators see.
        pub display_name: Option<String>,
        /// The identity in Exchange.
        pub identity: Option<String>,
        /// The GUID of the registration in Exchange.
        pub guid: Option<Uuid>,
        /// The application's own value beside the organisation's `EnforceExoAppRbacPermissions`; Microsoft does not
        /// describe it.
        pub override_enforce_exo_app_rbac_permissions: Option<bool>,
    }
}

cmdlet! {
    /// lists the role assignments of an application, and whether a mailbox is in their scope.
    ///
    /// The result comes from the configuration, not from the cache that Graph uses for up to two hours, and leaves out
    /// permissions that Entra ID grants: "in scope" does not mean that the application can read now, nor "not in scope"
    /// that it cannot.
    Read "Test-ServicePrincipalAuthorization" => TestServicePrincipalAuthorization -> Vec<AuthorizationRow>;
    permissions "Role Management or View-Only Configuration.";
    display |self, f| match &self.resource {
        Some(mailbox) => write!(f, "Test whether application {} is assigned to {mailbox}", self.identity),
        None => write!(f, "Test what application {} is assigned to", self.identity),
    };

    /// The role assignments of an application, by client id or object id.
    fn new {
        required identity as application: impl Into<Identity>;
        /// Tests whether this mailbox is in the scope of each assignment.
        optional resource: impl Into<Identity>;
    }
}

record! {
    /// One role assignment of an application, as [`TestServicePrincipalAuthorization`] shows it.
    pub struct AuthorizationRow {
        /// The role, such as `Application Calendars.Read`.
        pub role_name: Option<String>,
        /// The permissions that the role grants, such as `Calendars.Read`.
        pub granted_permissions: Vec<String> = "lenient::flags",
        /// The scope's name.
        pub allowed_resource_scope: Option<String>,
        /// `CustomRecipientScope`, `AdministrativeUnit`, `Group` or `Organization`.
        pub scope_type: Option<String>,
        /// Whether the mailbox is in scope. `None` when no mailbox was named, or the response is not understood.
        pub in_scope: Option<bool>,
    }
}
