//! Spans, sent to a collector by OpenTelemetry's protocol over HTTP: what is asked of the server, of the carrier, of the journal
//! and of the database, and how long each took. Never who is called and what is said.
//!
//! Nobody waits for the collector: spans wait in a bounded queue, and what does not fit is dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::settings::Traces;

const SERVICE: &str = "trunkline";
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is waited at the end for what is not sent yet.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What sends spans. Those that wait are sent when it is dropped.
#[derive(Debug)]
pub struct Sender(Option<SdkTracerProvider>);

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take() {
            // A collector that is away has had its time; the server ends all the same.
            let _ = provider.shutdown_with_timeout(LAST_WORDS);
        }
    }
}

/// The layer that sees spans, and what sends them; neither where no collector is named. It needs a runtime.
pub(super) fn layer<S>(traces: &Traces) -> (Option<impl Layer<S> + use<S>>, Sender)
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let Some(provider) = provider(traces) else { return (None, Sender(None)) };
    let ours = filter_fn(|meta| meta.is_span() && meta.target().starts_with("trunkline"));
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE))
        .with_location(false)
        .with_threads(false)
        .with_filter(ours);
    (Some(layer), Sender(Some(provider)))
}

fn provider(traces: &Traces) -> Option<SdkTracerProvider> {
    let endpoint = traces.endpoint.as_ref()?;
    let client = reqwest::Client::builder().timeout(PATIENCE).build().ok()?;
    let client = Posting { client, on: Handle::try_current().ok()?, is_away: AtomicBool::new(false) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .with_headers(traces.named_headers().collect::<HashMap<_, _>>())
        .build()
        .ok()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.share)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(Resource::builder().with_service_name(SERVICE).build());
    Some(provider.build())
}

/// Posts from the sender's own thread by the server's runtime.
#[derive(Debug)]
struct Posting {
    client: reqwest::Client,
    on: Handle,
    is_away: AtomicBool,
}

impl Posting {
    /// Says so when the collector goes away and when it is back, once.
    fn note(&self, trouble: Option<&str>) {
        if self.is_away.swap(trouble.is_some(), Ordering::Relaxed) == trouble.is_some() {
            return;
        }
        match trouble {
            Some(why) => {
                tracing::warn!(why, "traces.away: calls go on, and what happens meanwhile is not traced");
            }
            None => tracing::info!("traces.back: the collector takes spans again"),
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Posting {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request) = (self.client.clone(), request.try_into()?);
        // What it says beside the status helps nobody.
        let asking = async move { client.execute(request).await.map(|answer| answer.status()) };
        let status = match self.on.spawn(asking).await? {
            Ok(status) => status,
            Err(error) => {
                self.note(Some("it does not answer"));
                return Err(error.without_url().into());
            }
        };
        self.note((!status.is_success()).then_some("it refuses"));
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        Ok(response)
    }
}
