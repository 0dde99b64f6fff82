use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

use crate::ids::InvalidValue;
use crate::kinds::kinds;

/// The addresses of one Microsoft cloud: Graph, Exchange administration and sign-in.
///
/// Graph and Exchange each have a base address, to which requests go, and a resource, which tokens are asked for. In
/// Microsoft's clouds the two are the same.
///
/// Sources: the cloud tables of Microsoft's Graph deployment page, the Exchange admin API page and the environments of
/// the Exchange Online PowerShell module. They disagree about 21Vianet; see [`Cloud::china`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    pub(crate) graph: Endpoint,
    pub(crate) exchange: Endpoint,
    pub(crate) login: Url,
}

type Make = fn() -> Cloud;

/// The clouds that have a name.
const NAMED: [(&str, Make); 4] =
    [("worldwide", Cloud::worldwide), ("gcc_high", Cloud::gcc_high), ("dod", Cloud::dod), ("china", Cloud::china)];

impl FromStr for Cloud {
    type Err = InvalidValue;

    /// A cloud by its name: `worldwide`, `gcc_high`, `dod` or `china`.
    fn from_str(name: &str) -> Result<Self, InvalidValue> {
        let plain = name.trim().replace('-', "_");
        let known = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(&plain));
        known
            .map(|(_, cloud)| cloud())
            .ok_or_else(|| InvalidValue::new("cloud", name, "must be worldwide, gcc_high, dod or china"))
    }
}

/// The name, or the three addresses of a cloud without one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Addresses { graph_url: String, exchange_url: String, login_url: String },
}

impl Serialize for Cloud {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match NAMED.iter().find(|(_, cloud)| cloud() == *self) {
            Some((name, _)) => Written::Name((*name).to_owned()),
            None => Written::Addresses {
                graph_url: self.graph.url.to_string(),
                exchange_url: self.exchange.url.to_string(),
                login_url: self.login.to_string(),
            },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cloud {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cloud = match Written::deserialize(deserializer)? {
            Written::Name(name) => name.parse(),
            Written::Addresses { graph_url, exchange_url, login_url } => {
                Self::custom(graph_url, exchange_url, login_url)
            }
        };
        cloud.map_err(serde::de::Error::custom)
    }
}

kinds! {
    /// A service that takes tokens of its own.
    #[non_exhaustive]
    pub enum Service {
        /// Microsoft Graph.
        Graph,
        /// Exchange Online administration.
        Exchange,
    }
}

impl Service {
    /// The name that people know it by: `Microsoft Graph` or `Exchange Online`.
    #[must_use]
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Exchange => "Exchange Online",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) scope: String,
}

impl Endpoint {
    fn new(url: Url, resource: &str) -> Self {
        Self { url, scope: format!("{}/.default", resource.trim_end_matches('/')) }
    }
}

const GRAPH: &str = "https://graph.microsoft.com";
const EXCHANGE: &str = "https://outlook.office365.com";

impl Cloud {
    /// The worldwide cloud, which also serves GCC.
    #[must_use]
    pub fn worldwide() -> Self {
        Self::known(GRAPH, EXCHANGE, "https://login.microsoftonline.com")
    }

    /// US Government GCC High (L4).
    #[must_use]
    pub fn gcc_high() -> Self {
        Self::known("https://graph.microsoft.us", "https://outlook.office365.us", "https://login.microsoftonline.us")
    }

    /// US Government DoD (L5).
    #[must_use]
    pub fn dod() -> Self {
        Self::known(
            "https://dod-graph.microsoft.us",
            "https://outlook-dod.office365.us",
            "https://login.microsoftonline.us",
        )
    }

    /// China, operated by 21Vianet.
    ///
    /// Microsoft's pages disagree. The Exchange host here is the PowerShell module's; the admin API page names
    /// `https://outlook.office365.cn`. The sign-in host is Graph's; a newer one is
    /// `https://login.partner.microsoftonline.cn`. Use [`custom`](Self::custom) to choose the others.
    #[must_use]
    pub fn china() -> Self {
        Self::known(
            "https://microsoftgraph.chinacloudapi.cn",
            "https://partner.outlook.cn",
            "https://login.chinacloudapi.cn",
        )
    }

    /// Any other set of addresses: a new sovereign cloud, a proxy, or a test server.
    ///
    /// Each address is the root without a version; a path before it is kept. Tokens are asked for the origin of each
    /// address, except on a loopback host: a test server stands in for the worldwide cloud, so its tokens are asked
    /// for the worldwide resources. Plain `http` is taken for loopback hosts only.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names the first address that is not an `https` root.
    pub fn custom(
        graph: impl AsRef<str>,
        exchange: impl AsRef<str>,
        login: impl AsRef<str>,
    ) -> Result<Self, InvalidValue> {
        let graph = root("Graph address", graph.as_ref())?;
        let exchange = root("Exchange address", exchange.as_ref())?;
        let login = root("sign-in address", login.as_ref())?;
        let resource = |url: &Url, worldwide: &str| {
            if is_loopback(url) { worldwide.to_owned() } else { url.origin().ascii_serialization() }
        };
        let (graph_resource, exchange_resource) = (resource(&graph, GRAPH), resource(&exchange, EXCHANGE));
        Ok(Self {
            graph: Endpoint::new(graph, &graph_resource),
            exchange: Endpoint::new(exchange, &exchange_resource),
            login,
        })
    }

    /// The root of Graph, such as `https://graph.microsoft.com/`.
    #[must_use]
    pub fn graph_url(&self) -> &Url {
        &self.graph.url
    }

    /// The root of Exchange Online, such as `https://outlook.office365.com/`.
    #[must_use]
    pub fn exchange_url(&self) -> &Url {
        &self.exchange.url
    }

    /// The root of the sign-in service, such as `https://login.microsoftonline.com/`.
    #[must_use]
    pub fn login_url(&self) -> &Url {
        &self.login
    }

    pub(crate) fn endpoint(&self, service: Service) -> &Endpoint {
        match service {
            Service::Graph => &self.graph,
            Service::Exchange => &self.exchange,
        }
    }

    fn known(graph: &str, exchange: &str, login: &str) -> Self {
        let url = |text: &str| Url::parse(text).expect("the addresses of the clouds are constants");
        Self {
            graph: Endpoint::new(url(graph), graph),
            exchange: Endpoint::new(url(exchange), exchange),
            login: url(login),
        }
    }

    /// Whether every address is on this machine, as those of a test server are.
    #[must_use]
    pub fn is_local(&self) -> bool {
        [&self.graph.url, &self.exchange.url, &self.login].into_iter().all(is_loopback)
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::worldwide()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The root of a service: `https`, or plain `http` on this machine.
pub(crate) fn root(field: &'static str, text: &str) -> Result<Url, InvalidValue> {
    // What stands before an @ may be a password.
    let shown = if text.contains('@') { "" } else { text };
    let invalid = |rule: &'static str| InvalidValue::new(field, shown, rule);
    let url = Url::parse(text).map_err(|_| invalid("must be an absolute URL"))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(invalid("must be https; plain http is taken for a loopback host only"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("must have no query, fragment or user name"));
    }
    let last = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("v1.0") || last.eq_ignore_ascii_case("beta") || last.eq_ignore_ascii_case("adminapi") {
        return Err(invalid("must be the root of the service, without /v1.0, /beta or /adminapi"));
    }
    Ok(url)
}

/// Whether two addresses have the same scheme, host and port.
pub(crate) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
        && one.has_host()
}

/// The address of `path` (and query) under a root that may have a path of its own. The origin is the root's, whatever
/// the path says, and a `#` is a part of the path, as in the user name of a guest.
pub(crate) fn join(root: &Url, path_and_query: &str) -> Url {
    let (path, query) =
        path_and_query.split_once('?').map_or((path_and_query, None), |(path, query)| (path, Some(query)));
    let path = path.trim_start_matches('/');
    let mut url = root.clone();
    match root.path().trim_end_matches('/') {
        "" => url.set_path(path),
        prefix => url.set_path(&format!("{prefix}/{path}")),
    }
    url.set_query(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_asks_for_tokens_of_its_own_hosts() {
        for (cloud, graph, exchange) in [
            (Cloud::worldwide(), "https://graph.microsoft.com/.default", "https://outlook.office365.com/.default"),
            (Cloud::gcc_high(), "https://graph.microsoft.us/.default", "https://outlook.office365.us/.default"),
            (Cloud::dod(), "https://dod-graph.microsoft.us/.default", "https://outlook-dod.office365.us/.default"),
            (Cloud::china(), "https://microsoftgraph.chinacloudapi.cn/.default", "https://partner.outlook.cn/.default"),
        ] {
            assert_eq!((cloud.graph.scope.as_str(), cloud.exchange.scope.as_str()), (graph, exchange));
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let login = "https://login.example";
        assert!(Cloud::custom("http://graph.example", "https://exchange.example", login).is_err());
        assert!(Cloud::custom("http://127.0.0.1:80", "http://localhost:81", "http://[::1]:82").is_ok());
        assert!(Cloud::custom("http://localhost.example", "https://exchange.example", login).is_err());
    }

    #[test]
    fn a_root_with_a_version_is_refused_and_a_root_with_a_path_is_kept() {
        let error = Cloud::custom("https://graph.example/v1.0/", "https://e.example", "https://l.example").unwrap_err();
        assert_eq!(error.field, "Graph address");
        let root = Url::parse("https://proxy.example/graph/").unwrap();
        assert_eq!(join(&root, "/v1.0/users?$top=1").as_str(), "https://proxy.example/graph/v1.0/users?$top=1");
    }

    #[test]
    fn no_path_leaves_the_origin() {
        let root = Url::parse("https://graph.example").unwrap();
        for (path, expected) in [
            ("//evil.example/v1.0", "https://graph.example/evil.example/v1.0"),
            ("@evil.example/", "https://graph.example/@evil.example/"),
            (":8443/v1.0", "https://graph.example/:8443/v1.0"),
            ("https://evil.example/", "https://graph.example/https://evil.example/"),
            ("\\\\evil.example\\", "https://graph.example//evil.example/"),
            ("/../../v1.0/me", "https://graph.example/v1.0/me"),
            (
                "/v1.0/users/a_b.example#EXT#@c.example",
                "https://graph.example/v1.0/users/a_b.example%23EXT%23@c.example",
            ),
        ] {
            assert_eq!(join(&root, path).as_str(), expected, "{path}");
        }
    }
}
