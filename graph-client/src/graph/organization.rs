use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnNull, serde_as};

use crate::{Client, Error, ErrorKind, Method, Page, Result};

/// The organisation that the tenant belongs to. Made by [`Client::organization`].
#[derive(Debug, Clone)]
pub struct Organizations {
    pub(crate) client: Client,
}

impl Organizations {
    /// The one organisation of the tenant.
    ///
    /// # Permissions
    ///
    /// `Organization.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if the answer holds no organisation or several.
    pub async fn get(&self) -> Result<Organization> {
        let operation = "read the organization";
        let request = self.client.request(Method::GET, "/v1.0/organization").named(operation, operation);
        let mut page: Page<Organization> = request.json().await?;
        match (page.items.pop(), page.items.len()) {
            (Some(organization), 0) => Ok(organization),
            (_, others) => {
                let found = if others == 0 { 0 } else { others + 1 };
                let message = format!("the answer holds {found} organizations instead of one");
                Err(Error::new(ErrorKind::Decode, message).during(operation))
            }
        }
    }
}

/// An organisation.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Organization {
    /// The tenant's GUID.
    pub id: String,
    /// The organisation's name.
    pub display_name: Option<String>,
    /// The domains that the organisation has proven to own.
    #[serde_as(as = "DefaultOnNull<Vec<_>>")]
    pub verified_domains: Vec<VerifiedDomain>,
}

/// A domain that the organisation has proven to own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct VerifiedDomain {
    /// The domain's name.
    pub name: String,
    /// Whether new addresses are made in it.
    pub is_default: Option<bool>,
    /// Whether it is the tenant's first one, under `onmicrosoft.com`.
    pub is_initial: Option<bool>,
    /// What it is used for, as a list in one text: `Email, OfficeCommunicationsOnline`.
    pub capabilities: Option<String>,
    /// `Managed` or `Federated`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}
