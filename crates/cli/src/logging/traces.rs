//! Traces by OTLP over HTTP, to the collector that the standard variables name; without `OTEL_EXPORTER_OTLP_ENDPOINT` (or the one of traces
//! alone) there are none. Spans wait in a bounded queue and are sent by a thread of their own: no request waits for one, and a collector that
//! is away costs the spans alone.

use anyhow::{Context, Result, bail};
use nauthera_server::spans::TARGET;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::env::var;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// How long the last spans may take when the process ends.
const LAST_SPANS_WITHIN: Duration = Duration::from_secs(2);
/// What names a collector, the more special one first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// What makes and sends spans.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// As the environment says; `None` where nobody asks for traces.
    ///
    /// # Errors
    /// When it asks for what this program cannot do.
    pub fn of_environment() -> Result<Option<Self>> {
        let given = |name: &str| var(name).ok().filter(|value| !value.is_empty());
        let is = |name: &str, word: &str| given(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        if !ENDPOINTS.iter().any(|name| given(name).is_some())
            || is("OTEL_SDK_DISABLED", "true")
            || is("OTEL_TRACES_EXPORTER", "none")
        {
            return Ok(None);
        }
        if let Some(protocol) = PROTOCOLS.iter().find_map(|name| given(name))
            && protocol != "http/protobuf"
        {
            bail!(
                "{} is {protocol}: only http/protobuf is spoken, on port 4318 of most collectors",
                PROTOCOLS[1]
            );
        }
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .build()
            .context("the exporter cannot be made")?;
        // The sampler, the queue and the limits of spans are read from OTEL_TRACES_SAMPLER, OTEL_BSP_* and OTEL_SPAN_* by the SDK.
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Told { exporter, failing: AtomicBool::new(false) })
            .with_resource(resource())
            .build();
        Ok(Some(Self(provider)))
    }

    /// Makes spans and sends none.
    #[cfg(test)]
    pub fn unsent() -> Self {
        Self(SdkTracerProvider::builder().build())
    }

    /// The layer that makes spans of ours, and takes nothing else.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("nauthera"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
    }

    /// Sends the last spans, and waits for that a moment.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SPANS_WITHIN) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Who makes the spans: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, else `nauthera`.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", crate::version::VERSION);
    let named = Resource::builder().with_attribute(version.clone()).build();
    let name = named.get(&Key::from_static_str("service.name"));
    if name.is_none_or(|name| name.as_str().starts_with("unknown_service")) {
        return Resource::builder().with_attribute(version).with_service_name("nauthera").build();
    }
    named
}

/// An exporter whose failures are told: the first of them, and that they are over.
#[derive(Debug)]
struct Told {
    exporter: opentelemetry_otlp::SpanExporter,
    failing: AtomicBool,
}

impl SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        let failed = outcome.is_err();
        let failed_before = self.failing.swap(failed, Ordering::Relaxed);
        match &outcome {
            Err(error) if !failed_before => tracing::warn!(%error, "spans cannot be exported: they are lost"),
            Ok(()) if failed_before => tracing::info!("spans are exported again"),
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
