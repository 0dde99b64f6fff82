//! The variables that name a real tenant: read and checked in one place for every program.

use std::collections::BTreeMap;
use std::fmt;

use exchange_groups::graph_client::{Client, ClientId, ClientSecret, Cloud};

/// All that is wrong with the command line, the environment and the files, at once.
#[derive(Debug)]
pub(crate) struct BadInput(pub(crate) Vec<String>);

impl From<String> for BadInput {
    fn from(fault: String) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n       "))
    }
}

impl std::error::Error for BadInput {}

const NAMES: [&str; 5] = ["TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "APP_CLIENT_ID", "APP_CLIENT_SECRET"];
const URLS: [&str; 3] = ["GRAPH_URL", "EXCHANGE_URL", "LOGIN_URL"];

/// The variables that are set. An empty one counts as none.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<&'static str, String>);

impl FromIterator<(&'static str, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (&'static str, String)>>(variables: I) -> Self {
        Self(variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }
}

impl Environment {
    pub(crate) fn read() -> Self {
        NAMES.into_iter().chain(URLS).filter_map(|name| Some((name, std::env::var(name).ok()?))).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a real tenant is worked in. Who has set other variables, or given an option that has a meaning in a real
    /// tenant alone, did not mean the one in memory, where everything would look as if it were done.
    pub(crate) fn is_real(&self, options: &[(&'static str, bool)]) -> Result<bool, BadInput> {
        if self.get("TENANT_ID").is_some() {
            return Ok(true);
        }
        let options = options.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
        let given: Vec<&str> = self.0.keys().copied().chain(options).collect();
        if given.is_empty() {
            return Ok(false);
        }
        let (are, them) = if given.len() == 1 { ("is", "it") } else { ("are", "them") };
        let given = given.join(", ");
        Err(BadInput::from(format!(
            "TENANT_ID is not set, and {given} {are} for a real tenant: set it, or leave {them} out for the tenant in memory"
        )))
    }

    /// A client of the real tenant, as the application that these two variables name.
    pub(crate) fn client(&self, id: &str, secret: &str) -> Result<Client, BadInput> {
        let mut faults = Vec::new();
        let needed = |name: &str, faults: &mut Vec<String>| {
            let value = self.get(name);
            if value.is_none() {
                faults.push(format!("TENANT_ID is set and {name} is not"));
            }
            value
        };
        let client_id = needed(id, &mut faults)
            .and_then(|text| text.parse::<ClientId>().map_err(|fault| faults.push(format!("{id}: {fault}"))).ok());
        let secret = needed(secret, &mut faults);
        let cloud = self.cloud().map_err(|fault| faults.push(fault)).ok();
        let (Some(client_id), Some(secret), Some(cloud)) = (client_id, secret, cloud) else {
            return Err(BadInput(faults));
        };
        let credential = ClientSecret::new(client_id, secret.to_owned());
        let tenant = self.get("TENANT_ID").unwrap_or_default();
        let client = Client::builder().tenant(tenant).credential(credential).cloud(cloud).build();
        client.map_err(|error| BadInput::from(format!("TENANT_ID: {error}")))
    }

    /// Microsoft's worldwide cloud, or that of three addresses. With one or two of them the secret would go to another cloud
    /// than the one that was meant.
    fn cloud(&self) -> Result<Cloud, String> {
        if let [Some(graph), Some(exchange), Some(login)] = URLS.map(|name| self.get(name)) {
            let cloud = Cloud::custom(graph, exchange, login);
            return cloud.map_err(|fault| format!("GRAPH_URL, EXCHANGE_URL, LOGIN_URL: {fault}"));
        }
        let (set, missing): (Vec<&str>, Vec<&str>) = URLS.into_iter().partition(|name| self.get(name).is_some());
        if set.is_empty() {
            return Ok(Cloud::worldwide());
        }
        let (set, missing) = (set.join(" and "), missing.join(" and "));
        Err(format!("a cloud has three addresses: {set} set, {missing} missing"))
    }
}
