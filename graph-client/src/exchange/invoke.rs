use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::cmdlet::{Cmdlet, Effect};
use super::rows::{Expected, Page, Reader};
use super::{CmdletError, CmdletErrorKind, Property, Warnings, documented_end_point, error};
use crate::client::Client;
use crate::cloud::{self, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Body, Call, Response, RetryOptions};
use crate::ids::SmtpAddress;
use crate::operation::{Operation, Outgoing};
use crate::text::Printable;

/// Exchange Online administration in one tenant. Made by [`Client::exchange`].
#[derive(Clone)]
pub struct Exchange {
    pub(super) client: Client,
    pub(super) user: Option<SmtpAddress>,
    pub(super) documented: bool,
    pub(super) warnings: Option<Warnings>,
    /// It reads the tenant's initial domain, which its anchor cannot have yet.
    pub(super) is_looking_up: bool,
}

/// Rows in a page; the most that the service gives.
const PAGE_SIZE: &str = "odata.maxpagesize=1000";

/// The header that says whose servers a command is for.
const ANCHOR: &str = "x-anchormailbox";

/// A guard against a service that never ends a list: 10,000 pages of 1,000 rows.
const PAGE_LIMIT: usize = 10_000;

impl Exchange {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, user: None, documented: false, warnings: None, is_looking_up: false }
    }

    /// The same for a client that is signed in as a user instead of as itself.
    ///
    /// It changes no right. It says whose mailbox the commands are routed by, as Microsoft's module does; an
    /// application's are routed by a mailbox that every tenant has.
    #[must_use]
    pub fn signed_in_as(mut self, user: SmtpAddress) -> Self {
        self.user = Some(user);
        self
    }

    /// The same, with the end points that Microsoft documents where one serves a read: organisation settings, accepted
    /// domains, mailboxes, folder permissions and group members.
    ///
    /// They are a preview (admin API v2.0). Everything else goes the usual way.
    ///
    /// # Permissions
    ///
    /// The app role `Exchange.ManageAsAppV2` besides, and an Exchange role group: Recipient Management, or View-Only
    /// Organization Management for settings and domains.
    #[must_use]
    pub fn prefer_documented(mut self) -> Self {
        self.documented = true;
        self
    }

    /// Runs a cmdlet and reads its response to the end. It is awaited, or given options first.
    ///
    /// # Errors
    ///
    /// [`Error::cmdlet`] says what the cmdlet said. [`ErrorKind::Input`] when the command breaks a rule; nothing is sent
    /// then. A page that cannot be read is an error, never a short list.
    pub fn run<C>(&self, cmdlet: C) -> Operation<C::Output>
    where
        C: Cmdlet,
    {
        let outgoing = self.outgoing(&cmdlet);
        let exchange = self.clone();
        Operation::of_requests(outgoing, move |_, mut call| async move {
            exchange.set_anchor(&mut call).await;
            exchange.read_to_the_end(&cmdlet, *call).await
        })
    }

    /// Like [`run`](Self::run) with the usual options, for a cmdlet that the caller keeps.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_ref<C: Cmdlet>(&self, cmdlet: &C) -> Result<C::Output> {
        let call = self.command_call(cmdlet, &self.anchor().await)?;
        self.read_to_the_end(cmdlet, call).await
    }

    /// The call of a command as a caller may give it options, before its anchor is known.
    pub(super) fn outgoing<C: Cmdlet>(&self, cmdlet: &C) -> Outgoing {
        let call = self.command_call(cmdlet, "").map(Box::new);
        let mut outgoing = Outgoing::new(self.client.clone(), call);
        outgoing.preferences.push(PAGE_SIZE.to_owned());
        outgoing
    }

    /// Says by whose mailbox a call is routed, unless the caller has.
    pub(super) async fn set_anchor(&self, call: &mut Call) {
        if !call.headers.contains_key(ANCHOR)
            && let Ok(anchor) = HeaderValue::try_from(self.anchor().await)
        {
            call.headers.insert(ANCHOR, anchor);
        }
    }

    async fn read_to_the_end<C: Cmdlet>(&self, cmdlet: &C, mut call: Call) -> Result<C::Output> {
        let mut reader = Reader::new(cmdlet, self.documented_end_point(cmdlet).is_some());
        let mut followed: Vec<String> = Vec::new();
        loop {
            let response = match self.client.pipeline.execute(&call, &self.client.meter).await {
                Ok(response) => response,
                Err(error) => return not_found(cmdlet, followed.is_empty(), error),
            };
            let fail = |error: Error| from_response(error, &response, &call);
            let Some(link) = reader.read(cmdlet, &response, self.warnings.as_ref()).map_err(fail)? else {
                return reader.finish(cmdlet).map_err(fail);
            };
            // A page is read by posting the same command to its link, which does not run it again.
            call.url = self.follow(&link, &followed, &call.url).map_err(fail)?;
            followed.push(link);
        }
    }

    /// The cmdlets that the caller may run, by its roles.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] when the caller has no Exchange role at all.
    pub async fn available_cmdlets(&self) -> Result<CmdletSet> {
        #[derive(Deserialize)]
        struct Module {
            #[serde(rename = "ExportedCmdlets", alias = "exportedCmdlets", default)]
            exported: String,
        }
        // The version is that of a module that asks for this list; the end point wants one.
        let name = "list the available cmdlets";
        let url = self.address("v1.0", "EXOModuleFile?Version=3.9.2");
        let mut call = Call::new(Service::Exchange, Method::GET, url, error::classify).named("EXOModuleFile", name);
        call.retry.clone_from(self.client.pipeline.transport.retry());
        call.headers = Self::headers(None, &self.anchor().await);
        call.set_header("commandname", HeaderValue::from_static("*"));
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        let page = Page::<Module>::read(&response, Expected::LIST).map_err(|error| error.during(name))?;
        let names = page.rows.iter().flat_map(|module| module.exported.split(','));
        Ok(CmdletSet(names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()))
    }

    /// The address of a next page, which must stay where `current` is: on the service and in the tenant, because the
    /// token and the command go there. The pipeline checks the origin once more.
    pub(super) fn follow(&self, link: &str, followed: &[String], current: &Url) -> Result<Url> {
        let untrusted = |message: &str| Error::new(ErrorKind::Untrusted, message);
        if followed.iter().any(|earlier| earlier == link) {
            return Err(untrusted("the service sent the same link to the next page twice; the list is not complete"));
        }
        if followed.len() >= PAGE_LIMIT {
            return Err(untrusted("the service sends pages without end; the list is not complete"));
        }
        let url = Url::parse(link).map_err(|_| untrusted("the link to the next page is not a URL"))?;
        if cloud::is_same_origin(&url, current) && !self.is_at_home(&url, current) {
            return Err(untrusted("the link to the next page leaves this tenant's administration address"));
        }
        Ok(url)
    }

    /// Whether `url` lies below the same `adminapi/{version}/{tenant}/` as `current`. A tenant that the client knows by
    /// its domain may be named by its GUID in a link.
    fn is_at_home(&self, url: &Url, current: &Url) -> bool {
        let segments = |url: &Url| -> Vec<String> { url.path().split('/').map(str::to_ascii_lowercase).collect() };
        let (link, home) = (segments(url), segments(current));
        // The last segment of a command's address is its end point, the one before it the tenant.
        let Some(tenant) = home.len().checked_sub(2) else { return false };
        let same_tenant = link.get(tenant) == home.get(tenant)
            || (self.client.tenant().as_str().contains('.')
                && link.get(tenant).is_some_and(|segment| Uuid::try_parse(segment).is_ok()));
        link.get(..tenant) == home.get(..tenant) && same_tenant && link.len() > tenant + 1
    }

    fn address(&self, version: &str, end_point: &str) -> Url {
        let root = &self.client.pipeline.cloud.endpoint(Service::Exchange).url;
        cloud::join(root, &format!("adminapi/{version}/{}/{end_point}", self.client.tenant()))
    }

    /// The call that runs a command, once it is known to break no rule.
    pub(super) fn command_call<C: Cmdlet>(&self, cmdlet: &C, anchor: &str) -> Result<Call> {
        let body = envelope(cmdlet)?;
        let mut call = self.call(self.command_url(cmdlet), C::NAME, cmdlet.name(), operation(cmdlet), anchor);
        call.is_safe = cmdlet.effect() == Effect::Read;
        call.is_idempotent = call.is_safe;
        call.time_limit = cmdlet.time_limit();
        call.body = Body::Json(body);
        Ok(call)
    }

    /// Where many commands are posted at once.
    pub(super) fn batch_url(&self) -> Url {
        self.address("beta", "$batch")
    }

    /// Where a command is posted.
    pub(super) fn command_url<C: Cmdlet>(&self, cmdlet: &C) -> Url {
        let mut url = match self.documented_end_point(cmdlet) {
            Some(end_point) => self.address("v2.0", end_point),
            None => self.address("beta", "InvokeCommand"),
        };
        let select = cmdlet.select();
        if !select.is_empty() {
            let names: Vec<&str> = select.iter().map(Property::as_str).collect();
            url.set_query(Some(&format!("$select={}", names.join(","))));
        }
        url
    }

    /// The documented end point that a command is sent to. `None` where it goes to `InvokeCommand`.
    pub(super) fn documented_end_point<C: Cmdlet>(&self, cmdlet: &C) -> Option<&'static str> {
        self.documented.then(|| C::DOCUMENTED_END_POINT.or_else(|| documented_end_point(cmdlet.name()))).flatten()
    }

    /// A call that posts commands: `trace` is its name in traces, `cmdlet` that on the wire.
    pub(super) fn call(&self, url: Url, trace: &'static str, cmdlet: &str, operation: String, anchor: &str) -> Call {
        let mut call = Call::new(Service::Exchange, Method::POST, url, error::classify).named(trace, operation);
        // A look-up on the way to a command must not hold it up for long.
        call.retry =
            if self.is_looking_up { RetryOptions::none() } else { self.client.pipeline.transport.retry().clone() };
        call.headers = Self::headers(Some(cmdlet), anchor);
        call
    }

    fn headers(cmdlet: Option<&str>, anchor: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert("prefer", HeaderValue::from_static(PAGE_SIZE));
        if let Some(Ok(name)) = cmdlet.map(HeaderValue::from_str) {
            headers.insert("x-cmdletname", name);
        }
        if let Some(anchor) = Some(anchor).filter(|anchor| !anchor.is_empty())
            && let Ok(anchor) = HeaderValue::try_from(anchor)
        {
            headers.insert(ANCHOR, anchor);
        }
        headers
    }

    pub(super) const fn page_size() -> &'static str {
        PAGE_SIZE
    }
}

/// The names of cmdlets that a caller may run. Made by [`Exchange::available_cmdlets`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CmdletSet(BTreeSet<String>);

impl CmdletSet {
    /// Whether the caller may run the cmdlet of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(&name.to_ascii_lowercase())
    }

    /// How many cmdlets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("tenant", self.client.tenant()).finish_non_exhaustive()
    }
}

/// What went wrong with a response that came.
pub(super) fn from_response(error: Error, response: &Response, call: &Call) -> Error {
    error
        .with_request_id(response.request_id().map(str::to_owned))
        .with_client_request_id(call.client_request_id.clone())
        .during(call.operation.clone())
}

/// What a cmdlet's own "not found" gives, where that is no error. On a later page it always is one.
pub(super) fn not_found<C: Cmdlet>(cmdlet: &C, is_first_page: bool, error: Error) -> Result<C::Output> {
    let is_said = |said: &CmdletError| said.kind == CmdletErrorKind::ObjectNotFound && said.exception.is_some();
    let output = error.cmdlet().filter(|said| is_first_page && is_said(said)).and_then(|_| cmdlet.if_not_found());
    output.ok_or(error)
}

/// What is attempted: `New-DistributionGroup (create …)`.
pub(super) fn operation<C: Cmdlet>(cmdlet: &C) -> String {
    format!("{} ({})", cmdlet.name(), Printable(cmdlet))
}

/// The body of a command, once it is known to break no rule.
pub(super) fn envelope<C: Cmdlet>(cmdlet: &C) -> Result<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Envelope<'a, C> {
        cmdlet_input: Input<'a, C>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input<'a, C> {
        cmdlet_name: &'a str,
        parameters: &'a C,
    }
    cmdlet.check().map_err(|invalid| Error::from(invalid).during(cmdlet.name().to_owned()))?;
    let envelope = Envelope { cmdlet_input: Input { cmdlet_name: cmdlet.name(), parameters: cmdlet } };
    serde_json::to_vec(&envelope).map(Bytes::from).map_err(|error| {
        let refused = Error::new(ErrorKind::Input, "the parameters do not serialise to JSON");
        refused.during(cmdlet.name().to_owned()).with_source(error)
    })
}

impl Client {
    /// Exchange Online administration.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        Exchange::new(self.clone())
    }
}
