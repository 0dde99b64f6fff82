use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

use super::cmdlet::{Cmdlet, Effect};
use super::error;
use super::invoke::{Exchange, envelope, not_found, operation};
use super::rows::Reader;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{AccessToken, Body, Call, Failure, Repeat, Response, Retries};

/// The most commands in one batch; Microsoft's module and others cut here.
const BATCH_SIZE: usize = 10;

/// Batches in flight. Exchange publishes no limit and refuses too many at once per tenant.
const IN_FLIGHT: usize = 3;

impl Exchange {
    /// Runs many cmdlets of a kind, ten to a request, and gives their outputs in the order of the cmdlets.
    ///
    /// One command's failure is not another's. Throttled commands alone are sent again, after their own wait; answers
    /// in pages are read to the end. Reads run up to three batches at once, writes one after the other. Exchange
    /// promises no order inside a batch.
    pub async fn run_all<C: Cmdlet>(&self, cmdlets: Vec<C>) -> Vec<Result<C::Output>> {
        let is_safe = cmdlets.iter().all(|cmdlet| cmdlet.effect() == Effect::Read);
        let in_flight = if is_safe { IN_FLIGHT } else { 1 };
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
        let mut batch = Batch::new(self, &cmdlets);
        let retry = self.client.pipeline.transport.retry();
        let mut retries = Retries::start(retry);
        while !batch.open.is_empty() {
            // Outputs need not be shared between threads, so the batch is not borrowed while the answer is awaited.
            let call = self.batch_call(&batch, anchor.clone());
            let replies = match self.send_batch(call).await {
                Ok(replies) => replies,
                Err(error) => {
                    batch.fail_open(&error);
                    break;
                }
            };
            let mut turned_away = Vec::new();
            let mut stale = Vec::new();
            let mut repeat: Option<Failure> = None;
            for item in std::mem::take(&mut batch.open) {
                match batch.take_up(self, item, &replies, &retries) {
                    Next::Done => {}
                    Next::Continue(item) => batch.open.push(item),
                    Next::Renew(item) => stale.push(item),
                    Next::Repeat(item, failure) => {
                        turned_away.push((item, failure.retry_after));
                        repeat = Some(longer(repeat, *failure));
                    }
                }
            }
            // The others learn of it too, as they do of a call that is turned away by itself.
            if let Some(wait) = batch.throttled.take() {
                self.client.pipeline.gate.close(Service::Exchange, wait);
            }
            // Sent alone, a command goes the way of every other call, which renews the token; the rest then use it.
            let mut stale = stale.into_iter();
            if let Some(first) = stale.next() {
                batch.renewed = true;
                batch.results[first.index] = Some(self.run_ref(&cmdlets[first.index]).await);
                batch.open.extend(stale);
            }
            if let Some(failure) = repeat {
                // What is left here was not acted on, or is a read.
                if retries.wait(&failure, true, &self.client.meter, &self.client.pipeline.allowance).await {
                    batch.open.extend(turned_away.into_iter().map(|(item, _)| item));
                } else {
                    batch.give_up(turned_away, failure, &retries);
                }
            }
        }
        let lost = || Err(Error::new(ErrorKind::Decode, "the batch lost a command"));
        batch.results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }

    fn batch_call<C: Cmdlet>(&self, batch: &Batch<'_, C>, anchor: String) -> Call {
        let count = batch.open.len();
        let url = self.batch_url();
        let mut call =
            self.call(url, C::NAME, C::NAME, format!("{} (a batch of {count})", batch.cmdlets[0].name()), &anchor);
        call.headers.remove("x-cmdletname");
        (call.is_safe, call.is_read) = (batch.is_safe, batch.is_safe);
        call.time_limit = batch.time_limit;
        call.client_request_id.clone_from(&batch.client_request_id);
        let parts: Vec<Part> = batch
            .open
            .iter()
            .map(|item| Part {
                id: item.index.to_string(),
                cmdlet: batch.cmdlets[item.index].name().to_owned(),
                url: item.url.to_string(),
                body: item.body.clone(),
                client_request_id: item.client_request_id.clone(),
            })
            .collect();
        // Each item carries the token, so the body is made anew when the token is.
        call.body = Body::WithToken(Box::new(move |token: &AccessToken| {
            let authorization = format!("Bearer {}", token.expose_secret());
            let items = parts.iter().map(|part| ItemRequest::new(part, &authorization, &anchor));
            let requests = Requests { requests: items.collect() };
            Bytes::from(serde_json::to_vec(&requests).unwrap_or_default())
        }));
        let prefer = HeaderValue::from_static("odata.maxpagesize=1000;odata.continue-on-error");
        call.set_header("prefer", prefer);
        call
    }

    async fn send_batch(&self, call: Call) -> Result<HashMap<usize, Response>> {
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        let replies: Replies = response.json().map_err(|error| {
            // The commands were carried out, whatever can be made of the answer.
            error.with_outcome_unknown(!call.is_safe).during(call.operation.clone())
        })?;
        Ok(replies.responses.into_iter().filter_map(Reply::into_response).collect())
    }
}

/// The commands of one batch: what is known of each, and what is still to be sent.
struct Batch<'a, C: Cmdlet> {
    cmdlets: &'a [C],
    results: Vec<Option<Result<C::Output>>>,
    open: Vec<Item<C>>,
    is_safe: bool,
    time_limit: Duration,
    /// The same over all rounds of the batch.
    client_request_id: String,
    /// How long the service asked to wait in this round.
    throttled: Option<Duration>,
    /// The token was renewed since the first round: a refusal is final.
    renewed: bool,
}

/// What becomes of a command after a round.
enum Next<C: Cmdlet> {
    Done,
    /// Its next page is to be read.
    Continue(Item<C>),
    /// The token may be stale.
    Renew(Item<C>),
    /// The service did not act on it, or it is a read.
    Repeat(Item<C>, Box<Failure>),
}

impl<'a, C: Cmdlet> Batch<'a, C> {
    fn new(exchange: &Exchange, cmdlets: &'a [C]) -> Self {
        let mut results: Vec<Option<Result<C::Output>>> = Vec::with_capacity(cmdlets.len());
        let mut open = Vec::with_capacity(cmdlets.len());
        for (index, cmdlet) in cmdlets.iter().enumerate() {
            match envelope(cmdlet).map(|body| (body, exchange.command_url(cmdlet))) {
                Ok((body, url)) => {
                    open.push(Item::new(index, url, &body, cmdlet));
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        Self {
            cmdlets,
            results,
            open,
            is_safe: cmdlets.iter().all(|cmdlet| cmdlet.effect() == Effect::Read),
            time_limit: cmdlets.iter().map(Cmdlet::time_limit).max().unwrap_or_default(),
            client_request_id: Uuid::new_v4().to_string(),
            throttled: None,
            renewed: false,
        }
    }

    fn fail(&mut self, item: &Item<C>, error: Error) {
        let cmdlet = &self.cmdlets[item.index];
        let error = error.with_client_request_id(item.client_request_id.clone()).during(operation(cmdlet));
        self.results[item.index] = Some(not_found(cmdlet, item.followed.is_empty(), error));
    }

    /// Every command that is still open ends as the batch did.
    fn fail_open(&mut self, error: &Error) {
        for item in std::mem::take(&mut self.open) {
            self.results[item.index] = Some(Err(error.clone()));
        }
    }

    fn give_up(&mut self, turned_away: Vec<(Item<C>, Option<Duration>)>, failure: Failure, retries: &Retries<'_>) {
        let error = failure.into_error().with_attempts(retries.attempt(), retries.elapsed());
        for (item, hint) in turned_away {
            self.fail(&item, error.clone().with_retry_after(hint));
        }
    }

    /// Takes up the answer to one command.
    fn take_up(
        &mut self,
        exchange: &Exchange,
        mut item: Item<C>,
        replies: &HashMap<usize, Response>,
        retries: &Retries<'_>,
    ) -> Next<C> {
        let is_safe = self.cmdlets[item.index].effect() == Effect::Read;
        let Some(reply) = replies.get(&item.index) else {
            let mut failure = Failure::new(ErrorKind::Interrupted, "the answer to the batch leaves this command out");
            failure.in_doubt = true;
            if is_safe {
                failure.repeat = Repeat::IfSafe;
                return Next::Repeat(item, Box::new(failure));
            }
            self.fail(&item, failure.into_error().with_outcome_unknown(true));
            return Next::Done;
        };
        if let Some(failure) = error::classify(reply) {
            if failure.renew_token && !self.renewed {
                return Next::Renew(item);
            }
            // The batch itself was taken, so only its items say that there were too many.
            if failure.kind == ErrorKind::Throttled || failure.status == Some(503) {
                let wait = failure.retry_after.unwrap_or(exchange.client.pipeline.transport.retry().base);
                self.throttled = self.throttled.max(Some(wait));
            }
            if failure.repeat == Repeat::Always || (failure.repeat == Repeat::IfSafe && is_safe) {
                return Next::Repeat(item, Box::new(failure));
            }
            let in_doubt = failure.in_doubt && !is_safe;
            let error =
                failure.into_error().with_outcome_unknown(in_doubt).with_attempts(retries.attempt(), retries.elapsed());
            self.fail(&item, error);
            return Next::Done;
        }
        let cmdlet = &self.cmdlets[item.index];
        let link = match item.reader.read(cmdlet, reply, exchange.warnings.as_ref()) {
            Ok(Some(link)) => link,
            Ok(None) => {
                let reader = std::mem::replace(&mut item.reader, Reader::new(cmdlet, false));
                match reader.finish(cmdlet) {
                    Ok(output) => self.results[item.index] = Some(Ok(output)),
                    Err(error) => self.fail(&item, error),
                }
                return Next::Done;
            }
            Err(error) => {
                self.fail(&item, error);
                return Next::Done;
            }
        };
        match exchange.follow(&link, &item.followed, &item.url) {
            Ok(url) if url.origin() == item.url.origin() => {
                item.url = url;
                item.followed.push(link);
                Next::Continue(item)
            }
            // The pipeline sees the batch's own address alone.
            Ok(_) => {
                self.fail(&item, Error::new(ErrorKind::Untrusted, "the link to the next page leaves the service"));
                Next::Done
            }
            Err(error) => {
                self.fail(&item, error);
                Next::Done
            }
        }
    }
}

/// A command that is still to be answered, or has further pages.
struct Item<C: Cmdlet> {
    index: usize,
    url: Url,
    body: Box<RawValue>,
    reader: Reader<C>,
    followed: Vec<String>,
    /// The same over the command's attempts and pages.
    client_request_id: String,
}

impl<C: Cmdlet> Item<C> {
    fn new(index: usize, url: Url, body: &Bytes, cmdlet: &C) -> Self {
        let body = serde_json::from_slice(body);
        Self {
            index,
            url,
            body: body.expect("an envelope is JSON: it was serialised a moment ago"),
            reader: Reader::new(cmdlet, false),
            followed: Vec::new(),
            client_request_id: Uuid::new_v4().to_string(),
        }
    }
}

/// The failure that asks for the longer wait.
fn longer(one: Option<Failure>, other: Failure) -> Failure {
    match one {
        Some(one) if one.retry_after >= other.retry_after => one,
        _ => other,
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
