//! Traces: from the caller's span to the step in the database, and what they must never do.

use crate::parts::{Collector, Server, Span, free_port, until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

/// A server whose spans are sent at once.
fn traced(endpoint: &str, more: &[(&str, &str)]) -> Server {
    let mut environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    environment.extend(more);
    Server::start(&environment)
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:#?}"))
}

#[test]
fn a_trace_reaches_from_the_callers_span_to_the_database() {
    let collector = Collector::start();
    let server = traced(&collector.endpoint, &[]);
    let token = server.token(&[]).ok()["access_token"].as_str().unwrap().to_owned();
    let answer = server.post(
        "/oauth2/revoke",
        &[("token", token.as_str())],
        &[("traceparent", &traceparent(TRACE, "01"))],
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    let spans = collector.trace_with(TRACE, "revoke");
    let (request, step) = (named(&spans, "revoke"), named(&spans, "revoke_token"));
    assert_eq!(request.parent, CALLER);
    assert_eq!(step.parent, request.id);
    let attribute = |span: &Span, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
    assert_eq!(attribute(request, "http.response.status_code"), "200");
    assert_eq!(attribute(request, "http.request.method"), "POST");
    assert_eq!(attribute(request, "nauthera.client_id"), server.credential("reports", "client_id"));
    assert_eq!(attribute(request, "nauthera.request_id"), answer.request_id());
    assert_eq!(attribute(step, "db.system.name"), "sqlite");
    assert_eq!(request.resource["service.name"], "nauthera");
}

#[test]
fn signatures_and_passwords_have_spans_and_nothing_secret_is_in_any() {
    let collector = Collector::start();
    let server = traced(&collector.endpoint, &[("OTEL_SERVICE_NAME", "login")]);
    let mut secrets = server.log_in();
    let token = server.token(&[("traceparent", &traceparent(TRACE, "01"))]).ok();
    secrets.push(token["access_token"].as_str().unwrap().to_owned());
    let spans = collector.trace_with(TRACE, "token");
    let request = named(&spans, "token");
    assert_eq!(named(&spans, "sign").parent, request.id);
    assert_eq!(request.attributes["nauthera.grant_type"], "client_credentials");
    assert_eq!(request.resource["service.name"], "login");
    let hash = until("the span of a password", || {
        collector.spans().into_iter().find(|span| span.name == "password hash")
    });
    let trace = collector.trace_with(&hash.trace, "login");
    let login = trace.iter().find(|span| span.id == hash.parent).unwrap();
    assert_eq!(login.name, "login");
    assert_eq!(named(&trace, "password wait").parent, login.id);
    assert_eq!(named(&trace, "start_session").parent, login.id);
    server.end();
    for span in collector.spans() {
        let text = format!("{span:?}");
        assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "{text}");
        assert!(span.name != "sweep", "chores are no requests: {text}");
    }
}

#[test]
fn a_client_that_is_not_known_is_in_no_span() {
    let collector = Collector::start();
    let server = traced(&collector.endpoint, &[]);
    let form = [("grant_type", "client_credentials"), ("client_id", "made.up"), ("client_secret", "x")];
    server.send("/oauth2/token", &form, &[("traceparent", &traceparent(TRACE, "01"))]);
    let spans = collector.trace_with(TRACE, "token");
    let attributes = &named(&spans, "token").attributes;
    assert_eq!(attributes["http.response.status_code"], "401");
    assert!(!attributes.contains_key("nauthera.client_id") && !format!("{spans:?}").contains("made.up"));
}

#[test]
fn while_requests_are_traced_the_log_loses_no_line() {
    let collector = Collector::start();
    let server = traced(&collector.endpoint, &[("NAUTHERA_LOG", "debug")]);
    let form = [("grant_type", "client_credentials"), ("client_id", "made.up"), ("client_secret", "x")];
    let mut ids: Vec<String> =
        (0..20).map(|_| server.send("/oauth2/token", &form, &[]).request_id()).collect();
    let unknown = [("token", "a token that nobody has")];
    ids.push(server.send("/oauth2/revoke", &[&form[..], &unknown].concat(), &[]).request_id());
    for id in ids {
        server.says(&id);
    }
}

#[test]
fn the_standard_variables_and_the_caller_decide_what_is_sampled() {
    let collector = Collector::start();
    let sampler = [("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")];
    let server = traced(&collector.endpoint, &sampler);
    server.token(&[]).ok();
    let unsampled = TRACE.replace('0', "1");
    server.token(&[("traceparent", &traceparent(&unsampled, "00"))]).ok();
    server.token(&[("traceparent", &traceparent(TRACE, "01"))]).ok();
    collector.trace_with(TRACE, "token");
    server.end();
    assert!(collector.spans().iter().all(|span| span.trace == TRACE), "{:#?}", collector.spans());
}

#[test]
fn a_collector_that_is_away_is_told_once_and_costs_nobody_anything() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let server = traced(&nobody, &[]);
    for _ in 0..20 {
        server.token(&[]).ok();
    }
    let complaint = "spans cannot be exported";
    server.says(complaint);
    server.log_in();
    let said = server.end();
    assert_eq!(said.matches(complaint).count(), 1, "{said}");
}

#[test]
fn what_cannot_be_spoken_is_said_and_the_server_serves() {
    let server = traced("http://127.0.0.1:4317", &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
    server.token(&[]).ok();
    assert!(server.said().contains("only http/protobuf is spoken"), "{}", server.said());
}

#[test]
fn without_an_endpoint_or_with_the_sdk_switched_off_nothing_is_sent() {
    let collector = Collector::start();
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let server = traced(&collector.endpoint, &[off]);
        server.token(&[("traceparent", &traceparent(TRACE, "01"))]).ok();
        server.end();
    }
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
}
