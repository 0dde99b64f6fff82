use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::cmdlet::{Cmdlet, Effect, Output};
use super::error;
use super::invoke::{Answer, Exchange, envelope, operation};
use crate::auth::AccessToken;
use crate::http::{Body, Failure, Repeat, Response, Retries};
use crate::{Error, ErrorKind, Result};

/// The most commands in one batch; Microsoft's module and others cut here.
const BATCH_SIZE: usize = 10;

/// Batches in flight. Exchange publishes no limit and refuses too many at once per tenant.
const IN_FLIGHT: usize = 3;

impl Exchange {
    /// Runs many cmdlets of a kind, ten to a request, and gives their outputs in the order of the cmdlets.
    ///
    /// One command's failure is not another's. Throttled commands alone are sent again, after their own wait; answers
    /// in pages are read to the end. Reads run up to three batches at once, writes one after the other.
    pub async fn run_all<C: Cmdlet>(&self, cmdlets: Vec<C>) -> Vec<Result<C::Output>> {
        let mut groups = Vec::new();
        let mut cmdlets = cmdlets.into_iter().peekable();
        while cmdlets.peek().is_some() {
            groups.push(cmdlets.by_ref().take(BATCH_SIZE).collect::<Vec<C>>());
        }
        let in_flight = if C::EFFECT == Effect::Read { IN_FLIGHT } else { 1 };
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
        let mut results: Vec<Option<Result<C::Output>>> = cmdlets.iter().map(|_| None).collect();
        let mut open: Vec<Item<C>> = Vec::with_capacity(cmdlets.len());
        for (index, cmdlet) in cmdlets.iter().enumerate() {
            match envelope(cmdlet).and_then(|body| Ok((body, self.address("InvokeCommand")?.to_string()))) {
                Ok((body, url)) => {
                    open.push(Item { index, url, body: raw(&body), rows: Vec::new(), followed: Vec::new() });
                }
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        let is_safe = C::EFFECT == Effect::Read;
        let time_limit = cmdlets.iter().map(Cmdlet::time_limit).max().unwrap_or_default();
        let retry = self.client.pipeline.transport.retry();
        let mut retries = Retries::start(retry);
        while !open.is_empty() {
            let parts = open.iter().map(|item| (item.index.to_string(), item.url.clone(), item.body.clone())).collect();
            let replies = match self.send_batch::<C>(parts, time_limit).await {
                Ok(replies) => replies,
                Err(error) => {
                    for item in open {
                        results[item.index] = Some(Err(error.clone()));
                    }
                    break;
                }
            };
            let mut repeat: Option<Failure> = None;
            let mut again = Vec::new();
            let mut throttled = Vec::new();
            for mut item in open {
                let cmdlet = &cmdlets[item.index];
                let fail = |error: Error| Some(Err(error.during(operation(cmdlet))));
                let Some(reply) = replies.get(&item.index) else {
                    results[item.index] = fail(missing(is_safe));
                    continue;
                };
                match error::classify(reply) {
                    // Sent alone, the command goes the way of every other call, which renews the token.
                    Some(failure) if failure.renew_token => results[item.index] = Some(self.run_ref(cmdlet).await),
                    Some(failure)
                        if failure.repeat == Repeat::Always || (failure.repeat == Repeat::IfSafe && is_safe) =>
                    {
                        throttled.push((item, failure.retry_after));
                        repeat = Some(longer(repeat, failure));
                    }
                    Some(failure) => {
                        let error = failure.into_error(is_safe).with_attempts(retries.attempt(), retries.elapsed());
                        results[item.index] = fail(error);
                    }
                    None => match Answer::<<C::Output as Output>::Row>::read(reply, !item.followed.is_empty()) {
                        Err(error) => results[item.index] = fail(error),
                        Ok(answer) => {
                            item.rows.extend(answer.value);
                            match answer.next_link {
                                None => {
                                    let output = C::Output::from_rows(std::mem::take(&mut item.rows));
                                    results[item.index] = Some(output.map_err(|message| {
                                        Error::new(ErrorKind::Decode, message).during(operation(cmdlet))
                                    }));
                                }
                                Some(link) => match self.follow(&link, &item.followed) {
                                    Ok(_) => {
                                        item.url.clone_from(&link);
                                        item.followed.push(link);
                                        again.push(item);
                                    }
                                    Err(error) => results[item.index] = fail(error),
                                },
                            }
                        }
                    },
                }
            }
            if let Some(failure) = repeat {
                if retries.wait(&failure, is_safe, &self.client.meter, &self.client.pipeline.allowance).await {
                    again.extend(throttled.into_iter().map(|(item, _)| item));
                } else {
                    let error = failure.into_error(is_safe).with_attempts(retries.attempt(), retries.elapsed());
                    for (item, hint) in throttled {
                        let error = error.clone().with_retry_after(hint).during(operation(&cmdlets[item.index]));
                        results[item.index] = Some(Err(error));
                    }
                }
            }
            open = again;
        }
        let lost = || Err(Error::new(ErrorKind::Decode, "the batch lost a command"));
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }

    async fn send_batch<C: Cmdlet>(
        &self,
        parts: Vec<(String, String, Box<RawValue>)>,
        time_limit: Duration,
    ) -> Result<HashMap<usize, Response>> {
        let name = C::NAME;
        let mut call = self.call("$batch", name, format!("{name} (a batch of {})", parts.len()))?;
        call.is_safe = C::EFFECT == Effect::Read;
        call.time_limit = time_limit;
        let anchor = self.anchor();
        let client_request_id = call.client_request_id.clone();
        // Each item carries the token, so the body is made anew when the token is.
        call.body = Body::WithToken(Box::new(move |token: &AccessToken| {
            let headers = ItemHeaders {
                authorization: format!("Bearer {}", token.expose_secret()),
                content_type: "application/json",
                accept: "application/json",
                prefer: Self::page_size(),
                anchor: &anchor,
                cmdlet: name,
                client_request_id: &client_request_id,
            };
            let requests = parts
                .iter()
                .map(|(id, url, body)| ItemRequest { id, method: "POST", url, headers: &headers, body })
                .collect();
            Bytes::from(serde_json::to_vec(&Requests { requests }).unwrap_or_default())
        }));
        let prefer = HeaderValue::from_static("odata.maxpagesize=1000;odata.continue-on-error");
        call.set_header("prefer", prefer);
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        let replies: Replies = response.json().map_err(|error| error.during(call.operation.clone()))?;
        Ok(replies.responses.into_iter().filter_map(Reply::into_response).collect())
    }
}

struct Item<C: Cmdlet> {
    index: usize,
    url: String,
    body: Box<RawValue>,
    rows: Vec<<C::Output as Output>::Row>,
    followed: Vec<String>,
}

fn raw(body: &Bytes) -> Box<RawValue> {
    serde_json::from_slice(body).expect("an envelope is JSON: it was serialised a moment ago")
}

/// The failure that asks for the longer wait.
fn longer(one: Option<Failure>, other: Failure) -> Failure {
    match one {
        Some(one) if one.retry_after >= other.retry_after => one,
        _ => other,
    }
}

fn missing(is_safe: bool) -> Error {
    Error::new(ErrorKind::Interrupted, "the answer to the batch leaves this command out").with_outcome_unknown(!is_safe)
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
    headers: &'a ItemHeaders<'a>,
    body: &'a RawValue,
}

#[derive(Serialize)]
struct ItemHeaders<'a> {
    #[serde(rename = "Authorization")]
    authorization: String,
    #[serde(rename = "Content-Type")]
    content_type: &'static str,
    #[serde(rename = "Accept")]
    accept: &'static str,
    #[serde(rename = "Prefer")]
    prefer: &'static str,
    #[serde(rename = "X-AnchorMailbox")]
    anchor: &'a str,
    #[serde(rename = "X-CmdletName")]
    cmdlet: &'static str,
    #[serde(rename = "client-request-id")]
    client_request_id: &'a str,
}

#[derive(Deserialize)]
struct Replies {
    responses: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Reply {
    fn into_response(self) -> Option<(usize, Response)> {
        let index = self.id.parse().ok()?;
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
