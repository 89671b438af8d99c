//! What traces are made of: a span for each request, with spans for its steps in the store, for passwords and for signatures under it. They
//! all have one target, and only what exports traces listens to it: where nothing does, no span is made. Nothing secret is in one:
//! no path beyond the endpoint, no query, no header, and a client's id only once the client is known.

use crate::http::{Endpoint, RequestId};
use http::{HeaderMap, Method};
use nauthera_core::grant::SigningAlgorithm;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of all spans.
pub const TARGET: &str = "nauthera::span";

/// The span of a request, under the caller's where it sent a `traceparent` (W3C Trace Context).
#[must_use]
pub fn request(endpoint: Option<Endpoint>, method: &Method, headers: &HeaderMap, id: RequestId) -> Span {
    let name = endpoint.map_or("none", Endpoint::name);
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = known(method),
        http.route = name,
        http.response.status_code = Empty,
        nauthera.request_id = %id,
        nauthera.client_id = Empty,
        nauthera.grant_type = Empty,
    );
    if !span.is_disabled()
        && let Some(parent) = parent(headers)
    {
        // Fails only where spans go elsewhere than to OpenTelemetry.
        span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent)).ok();
    }
    span
}

/// Notes in a request's span how it was answered.
pub fn answered(span: &Span, status: http::StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a step in the store. Steps of chores, outside of any request, have none.
#[must_use]
pub fn store(step: &'static str, backend: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "store",
        otel.name = step,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = backend,
        db.operation.name = step,
    )
}

/// The span of a signature.
#[must_use]
pub fn signing(algorithm: SigningAlgorithm) -> Span {
    tracing::info_span!(target: TARGET, "sign", nauthera.algorithm = algorithm.as_str())
}

/// Methods that have a name; anyone can make up others.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// The caller's span, of one header `traceparent` of version 00 (or a later one that begins alike) and its `tracestate`.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut all = headers.get_all("traceparent").iter();
    let text = all.next()?.to_str().ok()?;
    if all.next().is_some() {
        return None;
    }
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let shaped = hexadecimal(version, 2) && hexadecimal(trace, 32) && hexadecimal(span, 16);
    if !shaped || !hexadecimal(flags, 2) || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let state = headers.get("tracestate").and_then(|state| state.to_str().ok());
    let state = state.and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default();
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, state);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn of(values: &[&str]) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", value.parse().unwrap());
        }
        parent(&headers)
    }

    #[test]
    fn a_callers_span_is_read() {
        let context = of(&[&format!("00-{TRACE}-{SPAN}-01")]).unwrap();
        assert_eq!(
            (context.trace_id().to_string(), context.span_id().to_string()),
            (TRACE.into(), SPAN.into())
        );
        assert!(context.is_sampled() && context.is_remote());
        assert!(!of(&[&format!("00-{TRACE}-{SPAN}-00")]).unwrap().is_sampled());
        assert!(of(&[&format!("cc-{TRACE}-{SPAN}-01-what-comes-later")]).is_some());
    }

    #[test]
    fn anything_else_is_no_parent() {
        let good = format!("00-{TRACE}-{SPAN}-01");
        assert!(of(&[&good, &good]).is_none(), "two of them");
        for bad in [
            "".to_owned(),
            "00".to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0g"),
        ] {
            assert!(of(&[&bad]).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_span_is_made_where_nobody_listens() {
        let id = RequestId(1);
        assert!(request(Some(Endpoint::Token), &Method::POST, &HeaderMap::new(), id).is_disabled());
        assert!(store("code", "sqlite").is_disabled() && signing(SigningAlgorithm::Es256).is_disabled());
    }
}
