//! Sends the spans of a verification to a collector of OpenTelemetry, by OTLP over HTTP as JSON.
//!
//! It verifies a tenant in memory. With `OTEL_EXPORTER_OTLP_ENDPOINT` the spans go to the collector there
//! (`http://localhost:4318`); without, to a stand-in, and what arrived is printed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use anyhow::Context as _;
use bytes::Bytes;
use exchange_groups::graph_client::{self, Client, ClientSecret, Cloud};
use exchange_groups::{ExchangeGroups, Proof, RestrictedCalendarGroup};
use fake_tenant::FakeTenant;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The exporter works in a thread of its own, and the client needs the runtime.
#[derive(Debug, Clone)]
struct OnRuntime {
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

#[async_trait::async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        self.runtime.spawn(async move { http.send_bytes(request).await }).await?
    }
}

/// Sends spans to a collector, some at a time.
fn provider(collector: &str) -> anyhow::Result<SdkTracerProvider> {
    let http = graph_client::http_builder().build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .with_http_client(OnRuntime { http, runtime: tokio::runtime::Handle::current() })
        .build()?;
    let resource = Resource::builder().with_service_name("exchange-groups").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Verifies, and sends the spans of it.
async fn verify(groups: &ExchangeGroups, spec: &RestrictedCalendarGroup, collector: &str) -> anyhow::Result<Proof> {
    let provider = provider(collector)?;
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("exchange-groups"));
    // These two alone: the requests of the exporter have spans of their own, which would be sent with further requests.
    let ours = Targets::new().with_targets(["graph_client", "exchange_groups"].map(|it| (it, LevelFilter::DEBUG)));
    let subscriber = tracing_subscriber::registry().with(ours).with(layer);
    let proof = async { groups.prove(spec).await }.with_subscriber(subscriber).await;
    // What is not sent yet. It waits for the exporter's thread, which waits for the runtime.
    tokio::task::spawn_blocking(move || provider.shutdown()).await?.context("the collector")?;
    Ok(proof?)
}

/// A tenant in memory, with a restricted group that can be verified.
async fn restricted(tenant: &FakeTenant, cloud: Cloud) -> anyhow::Result<(ExchangeGroups, RestrictedCalendarGroup)> {
    let (administrator, application) = (tenant.administrator(), tenant.booking_application());
    let client = Client::builder()
        .tenant(tenant.domain())
        .credential(ClientSecret::new(administrator.client_id.parse()?, administrator.secret()))
        .cloud(cloud)
        .build()?;
    let groups = ExchangeGroups::new(client)
        .application(ClientSecret::new(application.client_id.parse()?, application.secret()));
    let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*application.client_id)
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .map_err(exchange_groups::Error::from)?;
    let report = groups.apply(&groups.plan(&spec).await?).await?;
    anyhow::ensure!(report.is_complete(), "{report}");
    Ok((groups, spec))
}

/// A stand-in for a collector: it takes everything.
async fn stand_in() -> MockServer {
    let server = MockServer::start().await;
    let taken = ResponseTemplate::new(200).set_body_json(serde_json::json!({}));
    Mock::given(method("POST")).and(path("/v1/traces")).respond_with(taken).mount(&server).await;
    server
}

/// The spans that a stand-in was sent, in the JSON of OTLP.
async fn spans(collector: &MockServer) -> anyhow::Result<Vec<Value>> {
    let mut spans = Vec::new();
    for request in collector.received_requests().await.unwrap_or_default() {
        let export: Value = serde_json::from_slice(&request.body)?;
        let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
        for scope in list(&export, "resourceSpans").iter().flat_map(|resource| list(resource, "scopeSpans")) {
            spans.extend(list(&scope, "spans"));
        }
    }
    Ok(spans)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
    let cloud = Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?;
    let (groups, spec) = Box::pin(restricted(&tenant, cloud)).await?;
    if let Ok(collector) = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT") {
        let proof = Box::pin(verify(&groups, &spec, &collector)).await?;
        println!("{}", proof.verdict);
        return Ok(());
    }
    eprintln!("OTEL_EXPORTER_OTLP_ENDPOINT is not set: the spans go to a stand-in for a collector.\n");
    let collector = stand_in().await;
    let proof = Box::pin(verify(&groups, &spec, &collector.uri())).await?;
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for span in spans(&collector).await? {
        *counts.entry(span["name"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for (name, count) in counts {
        println!("{count:>4}  {name}");
    }
    println!("\n{}", proof.verdict);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn attribute<'a>(span: &'a Value, name: &str) -> Option<&'a Value> {
        let attributes = span["attributes"].as_array()?;
        let found = attributes.iter().find(|attribute| attribute["key"] == name)?;
        found["value"].as_object()?.values().next()
    }

    #[tokio::test]
    async fn the_spans_of_a_verification_arrive_with_what_they_tell_and_no_secret() {
        let tenant = FakeTenant::contoso();
        let server = tenant.serve().await.unwrap();
        let cloud = Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url()).unwrap();
        let (groups, spec) = Box::pin(restricted(&tenant, cloud)).await.unwrap();
        let collector = stand_in().await;
        tenant.clear_requests();
        let proof = Box::pin(verify(&groups, &spec, &collector.uri())).await.unwrap();
        assert!(proof.is_verified(), "{proof}");
        let spans = spans(&collector).await.unwrap();

        // One run, and everything is in it.
        let by_id: BTreeMap<&str, &Value> = spans.iter().map(|span| (span["spanId"].as_str().unwrap(), span)).collect();
        let runs: Vec<&Value> = spans.iter().filter(|span| span["name"] == "exchange_groups.prove").collect();
        let [run] = *runs else { panic!("{} runs", runs.len()) };
        assert_eq!(attribute(run, "group"), Some(&Value::from("placeosroombooking@contoso.com")));
        for span in &spans {
            let mut outermost = span;
            while let Some(parent) = by_id.get(outermost["parentSpanId"].as_str().unwrap_or_default()) {
                outermost = parent;
            }
            assert_eq!(outermost["spanId"], run["spanId"], "{span}");
        }

        // A span for each request that the tenant had, sign-ins apart, with the attributes of HTTP.
        let requests: Vec<&Value> = spans.iter().filter(|span| span["name"] == "http.request").collect();
        let sign_ins = tenant.requests().iter().filter(|request| request.path.contains("/oauth2/")).count();
        assert_eq!(requests.len(), tenant.request_count() - sign_ins);
        for request in requests {
            assert_eq!(request["kind"], 3, "a client's: {request}");
            assert!(
                attribute(request, "http.request.method").is_some_and(|method| method == "GET" || method == "POST")
            );
            assert_eq!(attribute(request, "server.address"), Some(&Value::from("127.0.0.1")));
            assert!(attribute(request, "http.response.status_code").is_some(), "{request}");
            assert!(attribute(request, "graph.operation").is_some(), "{request}");
        }

        // What may not leave: secrets, and tokens, which begin as every JWT does.
        assert!(tenant.graph_token(tenant.administrator()).starts_with("eyJ"));
        for export in collector.received_requests().await.unwrap() {
            let text = String::from_utf8(export.body).unwrap();
            for secret in [tenant.administrator().secret(), tenant.booking_application().secret(), "eyJ", "Bearer"] {
                assert!(!text.contains(secret), "{secret}");
            }
        }
    }
}
