use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{DistributionGroup, ExchangeRecipient, Identity};
use crate::ids::{ClientId, InvalidValue};
use crate::text::Printable;

/// What an application access policy does with its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccessRight {
    /// The application may access the mailboxes of the scope and no others.
    RestrictAccess,
    /// The application may access all mailboxes but those of the scope.
    DenyAccess,
}

cmdlet! {
    /// creates an application access policy, which limits the tenant-wide permissions of an application.
    ///
    /// Microsoft asks to use RBAC for Applications instead. Propagation takes an hour or more, also when
    /// [`TestApplicationAccessPolicy`] says otherwise. Members of nested groups count.
    Write "New-ApplicationAccessPolicy" => NewApplicationAccessPolicy -> ApplicationAccessPolicy;
    permissions "Organization Configuration: Organization Management or Exchange Administrator.";
    display |self, f| {
        let (app, group) = (&self.app_id, &self.policy_scope_group_id);
        match self.access_right {
            AccessRight::RestrictAccess => write!(f, "Restrict application {app} to the members of {group}"),
            AccessRight::DenyAccess => write!(f, "Deny application {app} the members of {group}"),
        }
    };

    fn of {
        required access_right: AccessRight;
        required app_id: ClientId;
        required policy_scope_group_id as group: impl Into<Identity>;
        /// Sets the description. All policies of a tenant share a limited space, which descriptions use up.
        optional description: impl Into<String>;
    }
    impl {
        fn check_output(&self, policy: &ApplicationAccessPolicy) -> Result<(), String> {
            if policy.concerns(&self.app_id) && policy.right().is_none_or(|right| right == self.access_right) {
                return Ok(());
            }
            Err("the policy that came back is not the one that was asked for".into())
        }
    }
}

impl NewApplicationAccessPolicy {
    /// Restricts the application to the members of `group`, a mail-enabled security group.
    #[must_use]
    pub fn restrict(app_id: ClientId, group: impl Into<Identity>) -> Self {
        Self::of(AccessRight::RestrictAccess, app_id, group)
    }

    /// Denies the application access to the members of `group`.
    #[must_use]
    pub fn deny(app_id: ClientId, group: impl Into<Identity>) -> Self {
        Self::of(AccessRight::DenyAccess, app_id, group)
    }

    /// Restricts the application to a recipient that was looked up.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when Exchange would refuse it as a scope: it must be a security principal, and room, equipment
    /// and shared mailboxes are taken only inside a mail-enabled security group.
    pub fn restrict_to(app_id: ClientId, scope: &ExchangeRecipient) -> Result<Self, InvalidValue> {
        Ok(Self::restrict(app_id, policy_scope(scope)?))
    }

    /// Denies the application access to a recipient that was looked up.
    ///
    /// # Errors
    ///
    /// As [`restrict_to`](Self::restrict_to).
    pub fn deny_to(app_id: ClientId, scope: &ExchangeRecipient) -> Result<Self, InvalidValue> {
        Ok(Self::deny(app_id, policy_scope(scope)?))
    }

    /// Sets another group as the scope.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.policy_scope_group_id = group.into();
        self
    }
}

/// The identity of a recipient that can be the scope of a policy.
fn policy_scope(recipient: &ExchangeRecipient) -> Result<Identity, InvalidValue> {
    const REFUSED: &[&str] =
        &["RoomMailbox", "EquipmentMailbox", "SharedMailbox", "SchedulingMailbox", "DiscoveryMailbox"];
    const TAKEN: &[&str] = &["UserMailbox", "MailUser", "MailUniversalSecurityGroup"];
    let kind = recipient.recipient_type_details.as_deref().or(recipient.recipient_type.as_deref()).unwrap_or_default();
    let is = |known: &&str| known.eq_ignore_ascii_case(kind);
    if REFUSED.iter().any(is) {
        return Err(InvalidValue::new(
            "scope",
            kind,
            "must be put into a mail-enabled security group, and that be the scope",
        ));
    }
    if recipient.is_valid_security_principal == Some(false) || (!kind.is_empty() && !TAKEN.iter().any(is)) {
        return Err(InvalidValue::new(
            "scope",
            kind,
            "must be a security principal, such as a mail-enabled security group",
        ));
    }
    recipient.identity().ok_or_else(|| InvalidValue::new("scope", kind, "must have an id or an address"))
}

cmdlet! {
    /// lists all application access policies of the tenant.
    ///
    /// One policy cannot be read here: with an identity that is empty or unknown the cmdlet returns all of them, and a caller
    /// that removes what was returned would remove every policy.
    Read "Get-ApplicationAccessPolicy" => GetApplicationAccessPolicy -> Vec<ApplicationAccessPolicy>;
    permissions "View-Only Configuration.";
    sentence "List the application access policies";

    /// All policies.
    fn all {}
    impl {
        /// A tenant that never had a policy was seen to respond that the object couldn't be found, in place of an
        /// empty list.
        fn if_not_found(&self) -> Option<Vec<ApplicationAccessPolicy>> {
            Some(Vec::new())
        }
    }
}

record! {
    /// An application access policy.
    pub struct ApplicationAccessPolicy {
        /// `{tenant GUID}\{application id}:{scope's SID};{scope's GUID}`
        pub identity: String,
        /// The client id of the application, or `*` for all applications.
        pub app_id: String,
        /// The scope's display name.
        pub scope_name: Option<String>,
        /// The scope's identity, as a name.
        pub scope_identity: Option<String>,
        /// `RestrictAccess` or `DenyAccess`.
        pub access_right: Option<String>,
        /// The description.
        pub description: Option<String>,
        /// Whether Exchange can evaluate the policy; it cannot, for example, when the scope was deleted.
        pub is_valid: Option<bool>,
    }
}

impl ApplicationAccessPolicy {
    /// The identity to change or remove the policy by.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the service sent less than the whole of it.
    pub fn exact_identity(&self) -> Result<PolicyIdentity, InvalidValue> {
        self.identity.parse()
    }

    /// Whether the policy applies to this application: by its client id, or because it applies to all.
    ///
    /// A policy that does not say which application it applies to is taken to apply to this one.
    #[must_use]
    pub fn concerns(&self, app: &ClientId) -> bool {
        let app = app.to_string();
        let of_identity = || self.identity.split_once('\\').and_then(|(_, rest)| rest.split_once(':'));
        let apps = match self.app_id.trim() {
            "" => of_identity().map_or("*", |(app, _)| app),
            apps => apps,
        };
        apps.split(',').map(str::trim).any(|named| named == "*" || named.eq_ignore_ascii_case(&app))
    }

    /// The right, when it is one of the two that are known.
    #[must_use]
    pub fn right(&self) -> Option<AccessRight> {
        match self.access_right.as_deref() {
            Some(text) if text.eq_ignore_ascii_case("RestrictAccess") => Some(AccessRight::RestrictAccess),
            Some(text) if text.eq_ignore_ascii_case("DenyAccess") => Some(AccessRight::DenyAccess),
            _ => None,
        }
    }

    /// Whether the group is the policy's scope, by the GUID that the identity ends in. The scope's name is for people:
    /// several groups may have it.
    #[must_use]
    pub fn has_scope(&self, group: &DistributionGroup) -> bool {
        let guid = self.scope_guid();
        guid.is_some() && (guid == group.guid || guid == group.external_directory_object_id)
    }

    /// The GUID of the scope, which the identity ends in.
    #[must_use]
    pub fn scope_guid(&self) -> Option<Uuid> {
        Uuid::try_parse(self.identity.rsplit(';').next()?).ok()
    }
}

/// The identity of one application access policy, in full: `{tenant}\{application}:{scope's SID};{scope's GUID}`.
///
/// A shorter identity may select another policy, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct PolicyIdentity(String);

impl PolicyIdentity {
    /// The identity as it goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyIdentity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let is_whole = text.split_once('\\').is_some_and(|(tenant, rest)| {
            let parts = rest.split_once(':').and_then(|(app, scope)| Some((app, scope.split_once(';')?)));
            parts.is_some_and(|(app, (sid, guid))| {
                Uuid::try_parse(tenant).is_ok()
                    && (app == "*" || Uuid::try_parse(app).is_ok())
                    && sid.starts_with("S-1-")
                    && Uuid::try_parse(guid).is_ok()
            })
        });
        if is_whole {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidValue::new("policy", text, "must be the whole identity, as Get-ApplicationAccessPolicy gives it"))
    }
}

impl fmt::Display for PolicyIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

impl<'de> Deserialize<'de> for PolicyIdentity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

cmdlet! {
    /// changes the description of a policy, which is all that can be changed.
    Write "Set-ApplicationAccessPolicy" => SetApplicationAccessPolicy -> ();
    permissions "Organization Configuration.";
    display |self, f| {
        let description = Printable(&self.description);
        write!(f, "Describe the application access policy {} as \"{description}\"", self.identity)
    };

    /// Sets the description of a policy.
    fn new {
        required identity as policy: PolicyIdentity;
        required description: impl Into<String>;
    }
}

cmdlet! {
    /// removes one policy. It may stay effective for 30 minutes more.
    Write "Remove-ApplicationAccessPolicy" => RemoveApplicationAccessPolicy -> ();
    permissions "Organization Configuration.";
    sentence "Remove the application access policy {identity}";

    /// Removes the policy with exactly this identity.
    fn new {
        required identity as policy: PolicyIdentity;
        confirm;
        /// The policy that is removed.
        get identity: PolicyIdentity;
    }
}

cmdlet! {
    /// tests whether the policies allow an application to access a mailbox.
    ///
    /// The result comes from the configuration. Propagation to the live service may take an hour or more.
    Read "Test-ApplicationAccessPolicy" => TestApplicationAccessPolicy -> AccessCheck;
    permissions "View-Only Configuration.";
    sentence "Test whether the policies let application {app_id} reach {identity}";

    /// Tests whether `app_id` may access `mailbox`.
    fn new {
        required identity as mailbox: impl Into<Identity>;
        required app_id: ClientId;
    }
    impl {
        fn check_output(&self, check: &AccessCheck) -> Result<(), String> {
            match &check.app_id {
                Some(app) if !app.eq_ignore_ascii_case(&self.app_id.to_string()) => {
                    Err("the test that came back is about another application".into())
                }
                _ => Ok(()),
            }
        }
    }
}

record! {
    /// The output of [`TestApplicationAccessPolicy`].
    pub struct AccessCheck {
        /// The client id of the application.
        pub app_id: Option<String>,
        /// The mailbox's name.
        pub mailbox: Option<String>,
        /// The mailbox's object id.
        pub mailbox_id: Option<Uuid>,
        /// Whether the policies allow the access.
        pub access_check_result: AccessCheckResult = "Deserialize::deserialize",
    }
}

/// The result of [`TestApplicationAccessPolicy`]. Exchange was seen to translate it, so any other text is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[non_exhaustive]
pub enum AccessCheckResult {
    /// The policies allow access.
    Granted,
    /// The policies deny access.
    Denied,
    /// The response is not understood.
    #[default]
    Unknown,
}

impl<'de> Deserialize<'de> for AccessCheckResult {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(true) => Self::Granted,
            serde_json::Value::Bool(false) => Self::Denied,
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("granted") => Self::Granted,
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("denied") => Self::Denied,
            _ => Self::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "3c8fb1f0-6f4e-4b1e-9c5b-2f6f0a4d7e11\\8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01:\
                         S-1-5-21-1-2-3-4;0d4c7a88-2d0a-4a35-9a0e-6c1f2b3a4d06";

    #[test]
    fn a_policy_is_removed_by_its_whole_identity_alone() {
        assert_eq!(WHOLE.parse::<PolicyIdentity>().unwrap().as_str(), WHOLE);
        for part in ["", "*", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01", &WHOLE[..60], &WHOLE.replace(';', ":")] {
            assert!(part.parse::<PolicyIdentity>().is_err(), "{part:?}");
        }
    }

    #[test]
    fn a_scope_must_be_a_security_principal_and_no_resource() {
        let app: ClientId = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
        let recipient = |kind: &str, principal| ExchangeRecipient {
            recipient_type_details: Some(kind.into()),
            is_valid_security_principal: principal,
            primary_smtp_address: "x@contoso.com".parse().ok(),
            ..ExchangeRecipient::default()
        };
        for kind in ["RoomMailbox", "EquipmentMailbox", "SharedMailbox", "RoomList", "GroupMailbox", "MailContact"] {
            assert!(NewApplicationAccessPolicy::restrict_to(app, &recipient(kind, Some(true))).is_err(), "{kind}");
        }
        let group = recipient("MailUniversalSecurityGroup", None);
        assert!(NewApplicationAccessPolicy::restrict_to(app, &group).is_ok());
        let broken = recipient("MailUniversalSecurityGroup", Some(false));
        assert!(NewApplicationAccessPolicy::deny_to(app, &broken).is_err());
    }
}
