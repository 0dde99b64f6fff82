//! The settings of a client from text: a file, the environment, a command line.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::http::{Concurrency, RetryOptions};
use crate::ids::{InvalidValue, TenantId};

/// What a client is configured by besides its credential, in a form that is kept in files and environments.
///
/// It is read with serde, from pairs of text by [`from_pairs`](Self::from_pairs), or from the environment by
/// [`from_env`](Self::from_env). What is not set has its default. A secret has no place in it.
///
/// | key | environment | value |
/// |---|---|---|
/// | `tenant` | `GRAPH_CLIENT_TENANT` | a GUID or a verified domain |
/// | `cloud` | `GRAPH_CLIENT_CLOUD` | `worldwide`, `gcc_high`, `dod` or `china` |
/// | `graph_url`, `exchange_url`, `login_url` | `GRAPH_CLIENT_GRAPH_URL` and so on | the addresses of another cloud, all three |
/// | `max_attempts` | `GRAPH_CLIENT_MAX_ATTEMPTS` | a number: see [`RetryOptions::max_attempts`] |
/// | `initial_delay`, `max_delay`, `max_elapsed` | `GRAPH_CLIENT_INITIAL_DELAY` and so on | a time such as `500ms`, `30s` or `10m` |
/// | `graph_concurrency`, `exchange_concurrency`, `mailbox_concurrency` | `GRAPH_CLIENT_GRAPH_CONCURRENCY` and so on | a number: see [`Concurrency`] |
///
/// # Examples
///
/// ```
/// use graph_client::{Client, ClientConfig, ClientId, ClientSecret, Cloud};
///
/// let config = ClientConfig::from_pairs([("tenant", "contoso.onmicrosoft.com"), ("cloud", "gcc_high"), ("max_delay", "20s")])?;
/// assert_eq!(config.cloud, Cloud::gcc_high());
/// let id: ClientId = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?;
/// let client = Client::builder().config(config).credential(ClientSecret::new(id, "a secret")).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The cloud: its name, or the three addresses of another.
    pub cloud: Cloud,
    /// How failed calls are repeated.
    pub retry: RetryOptions,
    /// How many calls are in flight at most.
    pub concurrency: Concurrency,
}

/// The prefix of the environment's variables.
const PREFIX: &str = "GRAPH_CLIENT_";

impl ClientConfig {
    /// The settings that the environment holds, in variables such as `GRAPH_CLIENT_TENANT`. An empty variable counts as
    /// none, and any other variable is left alone.
    ///
    /// # Errors
    ///
    /// As [`from_pairs`](Self::from_pairs).
    pub fn from_env() -> Result<Self> {
        let known = KEYS.iter().filter_map(|key| {
            let value = std::env::var(format!("{PREFIX}{}", key.to_ascii_uppercase())).ok()?;
            (!value.trim().is_empty()).then_some((*key, value))
        });
        Self::from_pairs(known)
    }

    /// The settings out of keys and values. A key that comes twice counts as it comes last.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names every key that is not known and every value that breaks a
    /// rule.
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self> {
        let mut config = Self::default();
        let mut faults: Vec<InvalidValue> = Vec::new();
        let mut addresses: [Option<String>; 3] = [None, None, None];
        for (key, value) in pairs {
            let value = value.as_ref().trim();
            let key = key.as_ref().trim().to_ascii_lowercase();
            if let Some(at) = ADDRESSES.iter().position(|address| *address == key) {
                addresses[at] = Some(value.to_owned());
                continue;
            }
            let set = match key.as_str() {
                "tenant" => value.parse().map(|tenant| config.tenant = Some(tenant)),
                "cloud" => value.parse().map(|cloud| config.cloud = cloud),
                "max_attempts" => number("max_attempts", value).map(|count| config.retry.max_attempts = count),
                "initial_delay" => duration("initial_delay", value).map(|delay| config.retry.initial_delay = delay),
                "max_delay" => duration("max_delay", value).map(|delay| config.retry.max_delay = delay),
                "max_elapsed" => duration("max_elapsed", value).map(|limit| config.retry.max_elapsed = limit),
                "graph_concurrency" => number("graph_concurrency", value).map(|calls| config.concurrency.graph = calls),
                "exchange_concurrency" => {
                    number("exchange_concurrency", value).map(|calls| config.concurrency.exchange = calls)
                }
                "mailbox_concurrency" => {
                    number("mailbox_concurrency", value).map(|calls| config.concurrency.mailbox = calls)
                }
                other => Err(InvalidValue::new("key", other, format!("must be one of {}", KEYS.join(", ")))),
            };
            faults.extend(set.err());
        }
        match addresses {
            [None, None, None] => {}
            [Some(graph), Some(exchange), Some(login)] => match Cloud::custom(&graph, &exchange, &login) {
                Ok(cloud) => config.cloud = cloud,
                Err(fault) => faults.push(fault),
            },
            _ => faults.push(InvalidValue::new(
                "graph_url, exchange_url, login_url",
                "",
                "must be given together: a cloud has all three",
            )),
        }
        if faults.is_empty() { Ok(config) } else { Err(Error::from(faults)) }
    }
}

/// The keys of a cloud without a name.
const ADDRESSES: [&str; 3] = ["graph_url", "exchange_url", "login_url"];

const KEYS: [&str; 12] = [
    "tenant",
    "cloud",
    "graph_url",
    "exchange_url",
    "login_url",
    "max_attempts",
    "initial_delay",
    "max_delay",
    "max_elapsed",
    "graph_concurrency",
    "exchange_concurrency",
    "mailbox_concurrency",
];

fn number<N: std::str::FromStr>(key: &'static str, value: &str) -> Result<N, InvalidValue> {
    value.parse().map_err(|_| InvalidValue::new(key, value, "must be a whole number"))
}

fn duration(key: &'static str, value: &str) -> Result<Duration, InvalidValue> {
    let parsed = value.parse::<SignedDuration>().ok().and_then(|duration| duration.try_into().ok());
    parsed.ok_or_else(|| InvalidValue::new(key, value, "must be a time such as 500ms, 30s or 10m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let values = [
            "contoso.com",
            "dod",
            "https://graph.example",
            "https://exchange.example",
            "https://login.example",
            "3",
            "250ms",
            "1m",
            "1h",
            "7",
            "2",
            "1",
        ];
        let config = ClientConfig::from_pairs(KEYS.into_iter().zip(values)).unwrap();
        assert_eq!(config.tenant.unwrap().as_str(), "contoso.com");
        assert_eq!(config.cloud.graph_url().as_str(), "https://graph.example/");
        let retry = &config.retry;
        assert_eq!((retry.max_attempts, retry.initial_delay), (3, Duration::from_millis(250)));
        assert_eq!((retry.max_delay, retry.max_elapsed), (Duration::from_secs(60), Duration::from_secs(3600)));
        let Concurrency { graph, exchange, mailbox } = config.concurrency;
        assert_eq!((graph, exchange, mailbox), (7, 2, 1));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let pairs = [
            ("tenant", "not a tenant"),
            ("cloud", "moon"),
            ("max_delay", "soon"),
            ("colour", "red"),
            ("graph_url", "https://a"),
        ];
        let error = ClientConfig::from_pairs(pairs).unwrap_err().to_string();
        for part in ["not a tenant", "moon", "max_delay", "colour", "login_url"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_file_holds_what_the_builder_takes() {
        let json =
            r#"{"tenant":"contoso.com","cloud":"china","retry":{"max_delay":"20s"},"concurrency":{"exchange":2}}"#;
        let config: ClientConfig = serde_json::from_str(json).unwrap();
        assert_eq!((&config.cloud, config.retry.max_delay), (&Cloud::china(), Duration::from_secs(20)));
        assert_eq!((config.concurrency.exchange, config.retry.max_attempts), (2, RetryOptions::default().max_attempts));
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ClientConfig>(&text).unwrap(), config);
        let custom: ClientConfig = serde_json::from_str(
            r#"{"cloud":{"graph_url":"https://g.example","exchange_url":"https://e.example","login_url":"https://l.example"}}"#,
        )
        .unwrap();
        let text = serde_json::to_string(&custom).unwrap();
        assert_eq!(serde_json::from_str::<ClientConfig>(&text).unwrap(), custom);
        assert!(serde_json::from_str::<ClientConfig>(r#"{"clout":"dod"}"#).is_err());
        assert!(serde_json::from_str::<ClientConfig>(r#"{"cloud":"moon"}"#).is_err());
    }
}
