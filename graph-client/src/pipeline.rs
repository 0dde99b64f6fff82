//! The one joint of sign-in and HTTP: authorise, send, classify, retry.

use std::time::Duration;

use crate::auth::TokenCache;
use crate::cloud::{Cloud, is_same_origin};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{
    AccessToken, Allowance, Call, ClosedFor, Concurrency, Failure, Gate, Meter, Progress, Response, Retries,
    RetryOptions, Transport,
};
use crate::ids::TenantId;
use crate::redact::redact;
use crate::text::printable;

/// What all clones of a client share.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) tenant: TenantId,
    pub(crate) cloud: Cloud,
    pub(crate) transport: Transport,
    pub(crate) tokens: TokenCache,
    pub(crate) gate: Gate,
    pub(crate) concurrency: Concurrency,
    pub(crate) allowance: Allowance,
}

impl Pipeline {
    /// Sends `call` until it is answered, there is no point in going on, or its time is over.
    pub(crate) async fn execute(&self, call: &Call, meter: &Meter) -> Result<Response> {
        use tracing::Instrument as _;

        let span = tracing::info_span!(
            "graph.call",
            "otel.kind" = "client",
            "otel.name" = call.operation_name,
            "otel.status_code" = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
            "graph.service" = %call.service,
            "graph.client_request_id" = call.client_request_id,
        );
        let calling = async {
            let mut progress = Progress::start();
            let result = match call.total_limit {
                None => self.repeat(call, meter, &mut progress).await,
                Some(limit) => match tokio::time::timeout(limit, self.repeat(call, meter, &mut progress)).await {
                    Ok(result) => result,
                    Err(_) => Err(call.late(limit, progress)),
                },
            };
            let result = result.map_err(|error| self.redact(error));
            if let Err(error) = &result {
                let span = tracing::Span::current();
                span.record("otel.status_code", "ERROR");
                match error.status() {
                    Some(status) => span.record("error.type", status),
                    None => span.record("error.type", tracing::field::debug(error.kind())),
                };
            }
            result
        };
        calling.instrument(span).await
    }

    /// The error without the tokens that are in use: a service may repeat in its answer what it was sent.
    pub(crate) fn redact(&self, error: Error) -> Error {
        let tokens = self.tokens.in_use();
        let secrets: Vec<&str> = tokens.iter().map(AccessToken::expose_secret).collect();
        error.redacted(&secrets)
    }

    async fn repeat(&self, call: &Call, meter: &Meter, progress: &mut Progress) -> Result<Response> {
        let fail = |error: Error| error.during(call.describe());
        // The token is for one origin; a link in an answer may name another.
        if !is_same_origin(&call.url, &self.cloud.endpoint(call.service).url) {
            return Err(fail(
                Error::new(
                    ErrorKind::Untrusted,
                    format!(
                        "the answer links to {}, which is not {}",
                        call.url.origin().ascii_serialization(),
                        call.service
                    ),
                )
                .with_advice("The link was not followed, because the access token would have gone with it."),
            ));
        }
        // A wait that outlasts the call is not begun.
        let options = RetryOptions {
            budget: call.retry.budget.min(call.total_limit.unwrap_or(Duration::MAX)),
            ..call.retry.clone()
        };
        let mut retries = Retries::start(&options);
        let mut token = self.tokens.get(call.service).await.map_err(fail)?;
        let mut renewed = false;
        loop {
            let patience = options.budget.saturating_sub(retries.elapsed());
            let pass = match self.gate.enter(call.service, call.mailbox.as_deref(), patience).await {
                Ok(pass) => pass,
                Err(ClosedFor(wait)) => return Err(call.shut_out(wait, progress)),
            };
            meter.count_request(retries.attempt() > 1);
            progress.attempts = retries.attempt();
            progress.failure = None;
            progress.in_flight = true;
            let mut failure = match self.attempt(call, &token, retries.attempt()).await {
                Ok(response) => match call.judge(&response) {
                    None => {
                        pass.answered();
                        self.allowance.earn();
                        return Ok(response);
                    }
                    Some(failure) => Box::new(failure),
                },
                Err(failure) => failure,
            };
            progress.in_flight = false;
            // Where the service names no wait, the others wait as long as this call would.
            let wait = failure.retry_after.unwrap_or(options.base);
            match failure.status {
                // Also an Exchange that has too many commands at once, which says so with another status.
                _ if failure.kind == ErrorKind::Throttled => pass.throttled(wait, failure.is_of_application),
                Some(503) => pass.throttled(wait, failure.is_of_application),
                Some(_) => pass.answered(),
                None => {}
            }
            // A place is for a call in flight, not for one that waits.
            drop(pass);
            if failure.renew_token && !renewed {
                renewed = true;
                match self.tokens.replace(call.service, &token, failure.claims_challenge.as_deref()).await {
                    Ok(Some(other)) => {
                        tracing::debug!(service = %call.service, "the access token was refused; trying a new one");
                        token = other;
                        retries.count();
                        continue;
                    }
                    Ok(None) => {}
                    // A refused renewal must not hide what the service said first.
                    Err(error) => failure.explain(&error),
                }
            }
            let Some(wait) = retries.next_wait(&failure, call.is_safe, &self.allowance) else {
                return Err(call.failed(*failure, progress).redacted(&[token.expose_secret()]));
            };
            progress.in_doubt |= failure.in_doubt;
            progress.failure = Some(failure);
            retries.sleep(wait, meter).await;
            // The wait may have outlasted the token; one that cannot be renewed will be refused by the service.
            token = self.tokens.get(call.service).await.unwrap_or(token);
        }
    }

    async fn attempt(&self, call: &Call, token: &AccessToken, attempt: u32) -> Result<Response, Box<Failure>> {
        use tracing::Instrument as _;

        let span = tracing::debug_span!(
            "http.request",
            "otel.kind" = "client",
            "http.request.method" = %call.method,
            "server.address" = call.url.host_str(),
            "server.port" = call.url.port_or_known_default(),
            "http.request.resend_count" = (attempt > 1).then(|| attempt - 1),
            "http.response.status_code" = tracing::field::Empty,
            "otel.status_code" = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
            "graph.operation" = %call.operation_name,
            "graph.client_request_id" = call.client_request_id,
            "graph.request_id" = tracing::field::Empty,
        );
        let send = async {
            let outcome = self.transport.send(call, token).await;
            let span = tracing::Span::current();
            if span.is_disabled() {
                return outcome;
            }
            match &outcome {
                Ok(response) => {
                    span.record("http.response.status_code", response.status());
                    if !response.is_success() {
                        span.record("otel.status_code", "ERROR");
                        span.record("error.type", response.status());
                    }
                    if let Some(id) = response.request_id() {
                        span.record("graph.request_id", &*printable(&redact(id, &[token.expose_secret()])));
                    }
                }
                Err(failure) => {
                    span.record("otel.status_code", "ERROR");
                    span.record("error.type", tracing::field::debug(failure.kind));
                }
            }
            outcome
        };
        send.instrument(span).await
    }
}
