//! The one joint of sign-in and HTTP: authorise, send, classify, retry.

use std::time::Duration;

use crate::auth::TokenCache;
use crate::cloud::{Cloud, is_same_origin};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{
    AccessToken, Attempts, BlockedFor, Call, Carrier, Concurrency, Failure, Limiters, Meter, Repeat, Response, Retries,
    RetryBudget, RetryOptions, RuntimeClock, Transport, repeat,
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
    pub(crate) limiters: Limiters,
    pub(crate) concurrency: Concurrency,
    pub(crate) retry_budget: RetryBudget,
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
            // A wait that outlasts the call is not begun.
            let mut options = call.retry.clone();
            options.max_elapsed = options.max_elapsed.min(call.total_limit.unwrap_or(Duration::MAX));
            let mut retries = self.retries(options, meter);
            let result = match call.total_limit {
                None => self.repeat(call, &mut retries).await,
                Some(limit) => match tokio::time::timeout(limit, self.repeat(call, &mut retries)).await {
                    Ok(result) => result,
                    Err(_) => Err(call.late(limit, &mut retries)),
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

    /// The attempts of a batch, whose limits the caller may have chosen.
    pub(crate) fn retries<'a>(&'a self, options: RetryOptions, meter: &'a Meter) -> Retries<'a> {
        Retries::start(options, &self.retry_budget, meter, &RuntimeClock)
    }

    /// The error without the tokens that are in use: a service may repeat in its response what it was sent.
    pub(crate) fn redact(&self, error: Error) -> Error {
        let tokens = self.tokens.in_use();
        let secrets: Vec<&str> = tokens.iter().map(AccessToken::expose_secret).collect();
        error.redacted(&secrets)
    }

    async fn repeat(&self, call: &Call, retries: &mut Retries<'_>) -> Result<Response> {
        let fail = |error: Error| error.during(call.describe());
        // The token is for one origin; a link in a response may name another.
        if !is_same_origin(&call.url, &self.cloud.endpoint(call.service).url) {
            let origin = call.url.origin().ascii_serialization();
            let message = format!("the response links to {origin}, which is not {}", call.service.display_name());
            return Err(fail(
                Error::new(ErrorKind::Untrusted, message)
                    .with_advice("The link was not followed, because the access token would have gone with it."),
            ));
        }
        let token = self.tokens.get(call.service).await.map_err(fail)?;
        let mut sending = Sending { pipeline: self, call, token, renewed: false };
        match repeat(&mut sending, retries).await {
            Ok(response) => Ok(response),
            Err(failure) => Err(call.failed(*failure, retries).redacted(&[sending.token.expose_secret()])),
        }
    }

    async fn send(&self, call: &Call, token: &AccessToken, attempt: u32) -> Result<Response, Box<Failure>> {
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
        let sending = async {
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
        sending.instrument(span).await
    }
}

impl Carrier for Pipeline {
    fn execute(&self, call: &Call, meter: &Meter) -> impl Future<Output = Result<Response>> + Send {
        self.execute(call, meter)
    }

    fn limiters(&self) -> &Limiters {
        &self.limiters
    }
}

/// One call on its way, with the token that it is sent with.
struct Sending<'a> {
    pipeline: &'a Pipeline,
    call: &'a Call,
    token: AccessToken,
    renewed: bool,
}

impl Attempts for Sending<'_> {
    type Output = Response;

    async fn attempt(&mut self, retries: &mut Retries<'_>) -> Result<Response, Box<Failure>> {
        let Self { pipeline, call, .. } = *self;
        if retries.attempt() > 1 {
            // The wait may have outlasted the token; one that cannot be renewed will be refused by the service.
            self.token = pipeline.tokens.get(call.service).await.unwrap_or_else(|_| self.token.clone());
        }
        loop {
            let mut failure = match self.send(retries).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            if self.renewed || !failure.renew_token {
                return Err(failure);
            }
            self.renewed = true;
            match pipeline.tokens.replace(call.service, &self.token, failure.claims_challenge.as_deref()).await {
                Ok(Some(other)) => {
                    tracing::debug!(service = %call.service, "the access token was refused; trying a new one");
                    self.token = other;
                    retries.count_free();
                }
                Ok(None) => return Err(failure),
                // A refused renewal must not hide what the service said first.
                Err(error) => {
                    failure.explain(&error);
                    return Err(failure);
                }
            }
        }
    }

    fn is_idempotent(&self) -> bool {
        self.call.is_idempotent
    }
}

impl Sending<'_> {
    async fn send(&self, retries: &mut Retries<'_>) -> Result<Response, Box<Failure>> {
        let Self { pipeline, call, .. } = *self;
        let acquired = pipeline.limiters.acquire(call.service, call.mailbox.as_deref(), retries.time_left()).await;
        let permits = match acquired {
            Ok(permits) => permits,
            // What the service said last is worth more than that.
            Err(BlockedFor(wait)) => {
                let mut failure = retries.failure.take().unwrap_or_else(|| Box::new(Call::blocked(wait)));
                failure.repeat = Repeat::Never;
                return Err(failure);
            }
        };
        retries.sending();
        let sent = pipeline.send(call, &self.token, retries.attempt()).await;
        retries.in_flight = false;
        let failure = match sent {
            Ok(response) => match call.judge(&response) {
                None => {
                    permits.answered();
                    pipeline.retry_budget.deposit();
                    return Ok(response);
                }
                Some(failure) => Box::new(failure),
            },
            Err(failure) => failure,
        };
        // Where the service names no wait, the others wait as long as this call would.
        let wait = failure.retry_after.unwrap_or(retries.initial_delay());
        match failure.status {
            // Also an Exchange that has too many commands at once, which says so with another status.
            _ if failure.kind == ErrorKind::Throttled => permits.throttled(wait, failure.is_of_application),
            Some(503) => permits.throttled(wait, failure.is_of_application),
            Some(_) => permits.answered(),
            None => {}
        }
        Err(failure)
    }
}
