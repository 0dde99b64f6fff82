use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::cmdlet::{Cmdlet, Effect, Output};
use super::error;
use crate::cloud::{self, Service};
use crate::http::{Body, Call, Response};
use crate::{Client, Error, ErrorKind, Result};

/// Exchange Online administration in one tenant. Made by [`Client::exchange`].
#[derive(Clone)]
pub struct Exchange {
    pub(super) client: Client,
}

/// Rows in a page; the most that the service gives.
const PAGE_SIZE: &str = "odata.maxpagesize=1000";

/// A guard against a service that never ends a list: 10,000 pages of 1,000 rows.
const PAGE_LIMIT: usize = 10_000;

impl Exchange {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Runs a cmdlet and reads its answer to the end.
    ///
    /// # Errors
    ///
    /// [`Error::cmdlet`] says what the cmdlet said. A page that cannot be read is an error, never a short list.
    pub async fn run<C: Cmdlet>(&self, cmdlet: C) -> Result<C::Output> {
        self.run_ref(&cmdlet).await
    }

    /// Like [`run`](Self::run), for a cmdlet that the caller keeps.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_ref<C: Cmdlet>(&self, cmdlet: &C) -> Result<C::Output> {
        let operation = operation(cmdlet);
        let mut call = self.call("InvokeCommand", C::NAME, operation)?;
        call.is_safe = C::EFFECT == Effect::Read;
        call.time_limit = cmdlet.time_limit();
        call.body = Body::Json(envelope(cmdlet)?);
        let mut rows = Vec::new();
        let mut followed: Vec<String> = Vec::new();
        loop {
            let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
            let fail = |error: Error| {
                error.with_request_id(response.request_id().map(str::to_owned)).during(call.operation.clone())
            };
            let answer = Answer::<<C::Output as Output>::Row>::read(&response, !followed.is_empty()).map_err(fail)?;
            rows.extend(answer.value);
            let Some(link) = answer.next_link else {
                return C::Output::from_rows(rows).map_err(|message| fail(Error::new(ErrorKind::Decode, message)));
            };
            call.url = self.follow(&link, &followed).map_err(fail)?;
            // A page is read by posting the same command to its link, which does not run it again.
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
        let root = &self.client.pipeline.cloud.endpoint(Service::Exchange).url;
        let path = format!("adminapi/v1.0/{}/EXOModuleFile?Version=3.9.2", self.client.tenant);
        let mut call = Call::new(Service::Exchange, Method::GET, cloud::join(root, &path)?, error::classify);
        call = call.named("EXOModuleFile", name);
        call.retry.clone_from(self.client.pipeline.transport.retry());
        call.headers = self.headers("EXOModuleFile");
        call.set_header("commandname", HeaderValue::from_static("*"));
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        let answer: Answer<Module> = response.json().map_err(|error| error.during(name))?;
        let names = answer.value.iter().flat_map(|module| module.exported.split(','));
        Ok(CmdletSet(names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()))
    }

    /// The address of a next page. It must stay below this tenant's administration address, because the token and the
    /// command go there; the origin is checked once more by the pipeline.
    pub(super) fn follow(&self, link: &str, followed: &[String]) -> Result<Url> {
        let untrusted = |message: &str| Error::new(ErrorKind::Untrusted, message);
        if followed.iter().any(|earlier| earlier == link) {
            return Err(untrusted("the service sent the same link to the next page twice; the list is not complete"));
        }
        if followed.len() >= PAGE_LIMIT {
            return Err(untrusted("the service sends pages without end; the list is not complete"));
        }
        let url = Url::parse(link).map_err(|_| untrusted("the link to the next page is not a URL"))?;
        let home = self.address("")?;
        let same_origin = cloud::is_same_origin(&url, &home);
        if same_origin && !url.path().to_ascii_lowercase().starts_with(&home.path().to_ascii_lowercase()) {
            return Err(untrusted("the link to the next page leaves this tenant's administration address"));
        }
        Ok(url)
    }

    pub(super) fn address(&self, end_point: &str) -> Result<Url> {
        let root = &self.client.pipeline.cloud.endpoint(Service::Exchange).url;
        Ok(cloud::join(root, &format!("adminapi/beta/{}/{end_point}", self.client.tenant))?)
    }

    pub(super) fn call(&self, end_point: &str, name: &'static str, operation: String) -> Result<Call> {
        let mut call = Call::new(Service::Exchange, Method::POST, self.address(end_point)?, error::classify)
            .named(name, operation);
        call.retry.clone_from(self.client.pipeline.transport.retry());
        call.headers = self.headers(name);
        Ok(call)
    }

    fn headers(&self, name: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert("prefer", HeaderValue::from_static(PAGE_SIZE));
        headers.insert("x-cmdletname", HeaderValue::from_static(name));
        if let Ok(anchor) = HeaderValue::try_from(self.anchor()) {
            headers.insert("x-anchormailbox", anchor);
        }
        headers
    }

    /// One anchor for all calls of a tenant sends them to one back end, which has seen the writes before the reads.
    /// The mailbox's GUID is the same in every tenant.
    pub(super) fn anchor(&self) -> String {
        format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{}", self.client.tenant)
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
        f.debug_struct("Exchange").field("tenant", &self.client.tenant).finish_non_exhaustive()
    }
}

/// What is attempted: `New-DistributionGroup (create …)`.
pub(super) fn operation<C: Cmdlet>(cmdlet: &C) -> String {
    format!("{} ({cmdlet})", C::NAME)
}

pub(super) fn envelope<C: Cmdlet>(cmdlet: &C) -> Result<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Envelope<'a, C> {
        cmdlet_input: Input<'a, C>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input<'a, C> {
        cmdlet_name: &'static str,
        parameters: &'a C,
    }
    let envelope = Envelope { cmdlet_input: Input { cmdlet_name: C::NAME, parameters: cmdlet } };
    serde_json::to_vec(&envelope).map(Bytes::from).map_err(|error| {
        Error::new(ErrorKind::Input, "the parameters do not serialise to JSON").during(C::NAME).with_source(error)
    })
}

/// A page of a cmdlet's output.
#[derive(Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
pub(super) struct Answer<R> {
    #[serde(default = "Vec::new", deserialize_with = "rows")]
    pub(super) value: Vec<R>,
    #[serde(rename = "@odata.nextLink")]
    pub(super) next_link: Option<String>,
    #[serde(rename = "@adminapi.warnings", default)]
    warnings: Option<Vec<String>>,
    #[serde(rename = "@adminapi.confirmationmessage")]
    confirmation: Option<String>,
}

/// `value` is null when a command has nothing but warnings to say.
fn rows<'de, D: serde::Deserializer<'de>, R: Deserialize<'de>>(deserializer: D) -> Result<Vec<R>, D::Error> {
    Option::<Vec<R>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl<R: serde::de::DeserializeOwned> Answer<R> {
    /// Reads a successful answer. Three forms of "done, nothing to show" are in use: no body, 204, and no rows.
    pub(super) fn read(response: &Response, is_later_page: bool) -> Result<Self> {
        let body = response.bytes();
        if body.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()) {
            if is_later_page {
                return Err(Error::new(ErrorKind::Decode, "a page of the answer is empty; the list is not complete"));
            }
            return Ok(Self { value: Vec::new(), next_link: None, warnings: None, confirmation: None });
        }
        let mut answer: Self = response.json()?;
        if let Some(prompt) = answer.confirmation {
            let message = format!("the command was not carried out, because it asked for confirmation: {prompt}");
            return Err(Error::new(ErrorKind::Service, message));
        }
        answer.next_link = answer.next_link.filter(|link| !link.trim().is_empty());
        let count = answer.warnings.as_ref().map_or(0, Vec::len);
        if count > 0 {
            // The texts name objects, so only their number is traced.
            tracing::debug!(count, "the cmdlet gave warnings");
        }
        Ok(answer)
    }
}
