//! What an application registration should be.

use std::time::Duration;

use graph_client::{ClientId, InvalidValue};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::spec::{RegistrationProfile, Restriction, SpecError};

const DAY: u64 = 24 * 60 * 60;

impl RegistrationProfile {
    /// The registration for a restriction, without a secret. Under [`Restriction::Rbac`] it has no permission for calendars:
    /// the role over the group allows what the product does.
    #[must_use]
    pub fn registration(&self, restriction: Restriction) -> Registration {
        let calendar: &[&str] = match restriction {
            Restriction::Rbac => &[],
            Restriction::Policy => self.calendar_permissions,
        };
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Registration {
            application_permissions: [texts(calendar), texts(self.application_permissions)].concat(),
            delegated_permissions: texts(self.delegated_permissions),
            ..Registration::new(self.name)
        }
    }
}

/// An application registration of one tenant: its name, its permissions on Microsoft Graph with consent, where people
/// sign in to it, and its secret.
///
/// An application of the name that is there is never taken for it: [`application`](Self::application) says which one to go
/// on with, [`another`](Self::another) that a further one is meant.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use exchange_groups::{Profile, Registration, Restriction};
///
/// // PlaceOS reads rooms by a role over its group, so that it needs no permission for calendars.
/// let rooms = Profile::PLACEOS.calendars.expect("PlaceOS has one").registration(Restriction::Rbac);
/// assert!(rooms.application_permissions().iter().all(|it| !it.starts_with("Calendars.")));
///
/// let sign_in = Registration::new("PlaceOS User Authentication")
///     .delegated_permission("User.Read")
///     .redirect_uri("https://contoso.placeos.run/auth/oauth2/callback?id=oauth_strat-1")
///     .secret("PlaceOS User Auth Secret", Duration::from_secs(180 * 24 * 60 * 60));
/// sign_in.check()?;
/// # Ok::<(), exchange_groups::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<ClientId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) another: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) policy_acts: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) application_permissions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) delegated_permissions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<SecretWanted>,
}

/// The secret that a registration is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretWanted {
    pub(crate) name: String,
    /// For how many seconds it is valid.
    pub(crate) valid_for: u64,
}

impl Registration {
    /// An application of this name for the people of its own tenant, without permissions and without a secret.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            application: None,
            another: false,
            policy_acts: false,
            application_permissions: Vec::new(),
            delegated_permissions: Vec::new(),
            redirect_uris: Vec::new(),
            secret: None,
        }
    }

    /// Calls it otherwise.
    #[must_use]
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Goes on with this application, whatever it is called.
    #[must_use]
    pub fn application(mut self, application: ClientId) -> Self {
        self.application = Some(application);
        self
    }

    /// Makes one although there are others of the name. Default: these block the plan.
    #[must_use]
    pub fn another(mut self, another: bool) -> Self {
        self.another = another;
        self
    }

    /// Says that the access policy of the application was seen to act: a mailbox outside its group is denied. A policy takes
    /// hours, and a permission for mailboxes that is granted before reaches every one of them. Default `false`: such a
    /// permission is held back.
    #[must_use]
    pub fn policy_acts(mut self, acts: bool) -> Self {
        self.policy_acts = acts;
        self
    }

    /// Adds an application permission of Microsoft Graph, by its value: `Place.Read.All`.
    #[must_use]
    pub fn application_permission(mut self, value: impl Into<String>) -> Self {
        self.application_permissions.push(value.into());
        self
    }

    /// Adds a delegated permission of Microsoft Graph, by its value, with consent for everybody: `User.Read`.
    #[must_use]
    pub fn delegated_permission(mut self, value: impl Into<String>) -> Self {
        self.delegated_permissions.push(value.into());
        self
    }

    /// Adds an address that people come back to when they have signed in.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Sets the secret that it is to have, and for how long it is valid. It is added unless a secret of this name is valid:
    /// a secret cannot be read again.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, valid_for: Duration) -> Self {
        self.secret = Some(SecretWanted { name: name.into(), valid_for: valid_for.as_secs() });
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its application permissions on Microsoft Graph.
    #[must_use]
    pub fn application_permissions(&self) -> &[String] {
        &self.application_permissions
    }

    /// Its delegated permissions on Microsoft Graph.
    #[must_use]
    pub fn delegated_permissions(&self) -> &[String] {
        &self.delegated_permissions
    }

    /// The name in the directory by which an application that was made here is found again, whatever became of its other
    /// names. `None` where another one is meant.
    pub(super) fn unique_name(&self) -> Option<String> {
        (!self.another).then(|| format!("exchange-groups:{}", self.name))
    }

    /// Checks it. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spec`](crate::ErrorKind::Spec) with every fault.
    pub fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        let mut fault = |field: String, value: &str, rule: &'static str| {
            faults.push(InvalidValue::at(InvalidValue::new("registration", value, rule), field));
        };
        let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= 120;
        if !is_name(&self.name) {
            fault("name".into(), &self.name, "must have 1 to 120 characters");
        }
        if self.another && self.application.is_some() {
            fault("another".into(), "true", "must be false where application says which one to go on with");
        }
        let lists = [
            ("application_permissions", &self.application_permissions),
            ("delegated_permissions", &self.delegated_permissions),
        ];
        for (field, list) in lists {
            for (index, value) in list.iter().enumerate() {
                if value.is_empty() || !value.chars().all(|it| it.is_ascii_alphanumeric() || ".-_".contains(it)) {
                    let rule = "must be the value of a permission, such as Place.Read.All";
                    fault(format!("{field}[{index}]"), value, rule);
                }
            }
        }
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            let is_local = ["http://localhost", "http://127.0.0.1"].iter().any(|start| uri.starts_with(start));
            let is_whole = !uri.contains(['*', '#', ' ']) && uri.len() > "https://".len() && uri.len() <= 256;
            if !is_whole || !(uri.starts_with("https://") || is_local) {
                let rule =
                    "must be https, or http on this machine, whole, without * and #, and of at most 256 characters";
                fault(format!("redirect_uris[{index}]"), uri, rule);
            }
        }
        if let Some(secret) = &self.secret {
            if !is_name(&secret.name) {
                fault("secret.name".into(), &secret.name, "must have 1 to 120 characters");
            }
            if secret.valid_for < DAY || secret.valid_for > 730 * DAY {
                let rule = "must be from a day to two years";
                fault("secret.valid_for".into(), &secret.valid_for.to_string(), rule);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(SpecError::new(faults).into()) }
    }
}
