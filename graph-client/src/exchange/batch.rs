use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use super::cmdlet::{Cmdlet, Effect};
use super::invoke::{Exchange, not_found};
use super::rows::Reader;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{AccessToken, Body, Call, Envelope, Item, Numbered, Response, send_batch};

/// The most commands in one batch; Microsoft's module and others cut here.
const BATCH_SIZE: usize = 10;

/// Batches in flight. Exchange publishes no limit and refuses too many at once per tenant.
const IN_FLIGHT: usize = 3;

impl Exchange {
    /// Runs many cmdlets of a kind, ten to a request, and gives their outputs in the order of the cmdlets.
    ///
    /// One command's failure is not another's. Throttled commands alone are sent again, after their own wait; responses
    /// in pages are read to the end. Reads run up to three batches at once, writes one after the other. Exchange
    /// promises no order inside a batch.
    pub async fn run_all<C: Cmdlet>(&self, cmdlets: Vec<C>) -> Vec<Result<C::Output>> {
        let is_idempotent = cmdlets.iter().all(|cmdlet| cmdlet.effect() == Effect::Read);
        let in_flight = if is_idempotent { IN_FLIGHT } else { 1 };
        // The documented end points have no batch.
        let alone = cmdlets.iter().any(|cmdlet| self.documented_end_point(cmdlet).is_some());
        let size = if alone { 1 } else { BATCH_SIZE };
        let mut groups = Vec::new();
        let mut cmdlets = cmdlets.into_iter().peekable();
        while cmdlets.peek().is_some() {
            groups.push(cmdlets.by_ref().take(size).collect::<Vec<C>>());
        }
        stream::iter(groups.into_iter().map(|group| self.run_batch(group)))
            .buffered(in_flight)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    async fn run_batch<C: Cmdlet>(&self, cmdlets: Vec<C>) -> Vec<Result<C::Output>> {
        if let [cmdlet] = &*cmdlets {
            return vec![self.run_ref(cmdlet).await];
        }
        let anchor = self.anchor().await;
        let mut results: Vec<Option<Result<C::Output>>> = Vec::with_capacity(cmdlets.len());
        let mut calls = HashMap::new();
        for (number, cmdlet) in cmdlets.iter().enumerate() {
            match self.command_call(cmdlet, &anchor) {
                Ok(call) => {
                    calls.insert(number, Item { call: Box::new(call), after: Vec::new() });
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        let readers = calls.keys().map(|number| (*number, Reading::new(&cmdlets[*number]))).collect();
        let envelope = Commands { exchange: self, cmdlets: &cmdlets, anchor, readers, results };
        let Client { pipeline, meter, .. } = &self.client;
        let mut retries = pipeline.retries(pipeline.transport.retry().clone(), meter);
        let (envelope, failed) = send_batch(&**pipeline, envelope, meter, calls, &mut retries).await;
        let Commands { readers, mut results, .. } = envelope;
        for (number, error) in failed {
            let is_first_page = readers.get(&number).is_none_or(|reading| reading.followed.is_empty());
            results[number] = Some(not_found(&cmdlets[number], is_first_page, error));
        }
        let lost = || Err(Error::new(ErrorKind::Decode, "the batch lost a command"));
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }
}

/// The commands of one batch, as Exchange takes them.
struct Commands<'a, C: Cmdlet> {
    exchange: &'a Exchange,
    cmdlets: &'a [C],
    anchor: String,
    readers: HashMap<usize, Reading<C>>,
    results: Vec<Option<Result<C::Output>>>,
}

/// How far the pages of one command have been read.
struct Reading<C: Cmdlet> {
    reader: Reader<C>,
    followed: Vec<String>,
}

impl<C: Cmdlet> Reading<C> {
    fn new(cmdlet: &C) -> Self {
        Self { reader: Reader::new(cmdlet, false), followed: Vec::new() }
    }
}

impl<C: Cmdlet> Envelope for Commands<'_, C> {
    fn wrap(&mut self, calls: &[Numbered<'_>]) -> Result<Call> {
        let first = calls.first().map_or(C::NAME, |call| self.cmdlets[call.number].name());
        let operation = format!("{first} (a batch of {})", calls.len());
        let mut call = self.exchange.call(self.exchange.batch_url(), C::NAME, C::NAME, operation, &self.anchor);
        call.headers.remove("x-cmdletname");
        let parts: Result<Vec<Part>> = calls.iter().map(|call| Part::new(call, &self.cmdlets[call.number])).collect();
        let (parts, anchor) = (parts?, self.anchor.clone());
        // Each item carries the token, so the body is made anew when the token is.
        call.body = Body::WithToken(Box::new(move |token: &AccessToken| {
            let authorization = format!("Bearer {}", token.expose_secret());
            let items = parts.iter().map(|part| ItemRequest::new(part, &authorization, &anchor));
            let requests = Requests { requests: items.collect() };
            Bytes::from(serde_json::to_vec(&requests).unwrap_or_default())
        }));
        let prefer = HeaderValue::from_static("odata.maxpagesize=1000;odata.continue-on-error");
        call.set_header("prefer", prefer);
        Ok(call)
    }

    fn unwrap(&mut self, response: &Response) -> Result<HashMap<usize, Response>> {
        let replies: Replies = response.json()?;
        Ok(replies.responses.into_iter().filter_map(Reply::into_response).collect())
    }

    fn take(&mut self, number: usize, call: &Call, response: Response) -> Result<Option<Url>> {
        let cmdlet = &self.cmdlets[number];
        let Some(reading) = self.readers.get_mut(&number) else { return Ok(None) };
        let Some(link) = reading.reader.read(cmdlet, &response, self.exchange.warnings.as_ref())? else {
            let reader = std::mem::replace(&mut reading.reader, Reader::new(cmdlet, false));
            self.results[number] = Some(Ok(reader.finish(cmdlet)?));
            return Ok(None);
        };
        let url = self.exchange.follow(&link, &reading.followed, &call.url)?;
        // The pipeline sees the batch's own address alone.
        if url.origin() != call.url.origin() {
            return Err(Error::new(ErrorKind::Untrusted, "the link to the next page leaves the service"));
        }
        reading.followed.push(link);
        Ok(Some(url))
    }
}

/// What is sent of an item.
struct Part {
    id: String,
    cmdlet: String,
    url: String,
    body: Box<RawValue>,
    client_request_id: String,
}

impl Part {
    fn new<C: Cmdlet>(call: &Numbered<'_>, cmdlet: &C) -> Result<Self> {
        let Body::Json(body) = &call.call.body else {
            return Err(Error::new(ErrorKind::Input, "a command without a body cannot be in a batch"));
        };
        let body = serde_json::from_slice(body).map_err(|error| {
            Error::new(ErrorKind::Input, "the parameters do not serialise to JSON").with_source(error)
        })?;
        Ok(Self {
            id: call.number.to_string(),
            cmdlet: cmdlet.name().to_owned(),
            url: call.call.url.to_string(),
            body,
            client_request_id: call.call.client_request_id.clone(),
        })
    }
}

#[derive(Serialize)]
struct Requests<'a> {
    requests: Vec<ItemRequest<'a>>,
}

#[derive(Serialize)]
struct ItemRequest<'a> {
    id: &'a str,
    method: &'static str,
    url: &'a str,
    headers: ItemHeaders<'a>,
    body: &'a RawValue,
}

impl<'a> ItemRequest<'a> {
    fn new(part: &'a Part, authorization: &'a str, anchor: &'a str) -> Self {
        let headers = ItemHeaders {
            authorization,
            content_type: "application/json",
            accept: "application/json",
            prefer: Exchange::page_size(),
            anchor,
            cmdlet: &part.cmdlet,
            client_request_id: &part.client_request_id,
        };
        Self { id: &part.id, method: "POST", url: &part.url, headers, body: &part.body }
    }
}

#[derive(Serialize)]
struct ItemHeaders<'a> {
    #[serde(rename = "Authorization")]
    authorization: &'a str,
    #[serde(rename = "Content-Type")]
    content_type: &'static str,
    #[serde(rename = "Accept")]
    accept: &'static str,
    #[serde(rename = "Prefer")]
    prefer: &'static str,
    #[serde(rename = "X-AnchorMailbox")]
    anchor: &'a str,
    #[serde(rename = "X-CmdletName")]
    cmdlet: &'a str,
    #[serde(rename = "client-request-id")]
    client_request_id: &'a str,
}

#[derive(Deserialize)]
struct Replies {
    responses: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    /// Text as it was sent; a number is understood too.
    id: Value,
    status: u16,
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Reply {
    fn into_response(self) -> Option<(usize, Response)> {
        let index = self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned).parse().ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.unwrap_or_default() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(&name), HeaderValue::try_from(text))
                && name != AUTHORIZATION
            {
                headers.insert(name, value);
            }
        }
        // A body that is not JSON comes as a JSON string.
        let body = match self.body {
            None => Bytes::new(),
            Some(body) => match serde_json::from_str::<String>(body.get()) {
                Ok(text) => Bytes::from(text),
                Err(_) if body.get() == "null" => Bytes::new(),
                Err(_) => Bytes::copy_from_slice(body.get().as_bytes()),
            },
        };
        Some((index, Response { status: self.status, headers, body }))
    }
}
