//! Counters and timings for Prometheus. Labels are closed vocabularies: endpoints, status classes, grants, outcomes; never
//! anything that a request can choose.

mod limits;

use crate::http::Endpoint;
use crate::listen::Tally;
use crate::logouts::LogoutMetrics;
use crate::serving::Serving;
use http::StatusCode;
use nauthera_core::grant::GrantType;
use nauthera_core::time::UnixTime;
use nauthera_store::limits::Health;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

pub use limits::{LimitHealth, LimitMetrics};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantLabels {
    grant_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// From a tenth of a millisecond to the deadline of a slow client.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one endpoint, held so that no request looks them up.
struct PerEndpoint {
    answers: [Counter; 5],
    seconds: Histogram,
}

/// All counters.
pub struct Metrics {
    /// What the provider's port counts.
    pub connections: Tally,
    /// Back-channel logout.
    pub logouts: LogoutMetrics,
    registry: Registry,
    endpoints: Vec<PerEndpoint>,
    unrouted: Counter,
    tokens: Vec<(GrantType, Counter)>,
    logins: Family<OutcomeLabels, Counter>,
    snapshot_applied_at: Gauge,
    snapshot_clients: Gauge,
    /// What limits refused.
    pub limits: LimitMetrics,
}

impl Metrics {
    /// Registers everything; `shared` tells how it goes with the limits that replicas share.
    #[must_use]
    pub fn new(shared: Arc<Health>) -> Self {
        let mut registry = Registry::with_prefix("nauthera");
        let limits = LimitMetrics::register(&mut registry);
        registry.register_collector(Box::new(LimitHealth(shared)));
        let requests = Family::<RequestLabels, Counter>::default();
        let seconds = Family::<EndpointLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let tokens = Family::<GrantLabels, Counter>::default();
        let logins = Family::<OutcomeLabels, Counter>::default();
        let (snapshot_applied_at, snapshot_clients) = (Gauge::default(), Gauge::default());
        let connections = Tally::default();
        connections.register(&mut registry);
        registry.register("http_requests", "Answers by endpoint and status class", requests.clone());
        registry.register("http_request_duration_seconds", "Time to the answer by endpoint", seconds.clone());
        registry.register("tokens_issued", "Token answers by grant type", tokens.clone());
        registry.register("logins", "Password logins by outcome", logins.clone());
        registry.register(
            "snapshot_applied_timestamp_seconds",
            "When the Snapshot was applied",
            snapshot_applied_at.clone(),
        );
        registry.register("snapshot_clients", "Clients in the Snapshot", snapshot_clients.clone());
        let logouts = LogoutMetrics::registered(&mut registry);
        let endpoints = Endpoint::ALL.iter().map(|endpoint| {
            let endpoint = endpoint.name();
            let answers = STATUS_CLASSES
                .map(|status| requests.get_or_create(&RequestLabels { endpoint, status }).clone());
            PerEndpoint { answers, seconds: seconds.get_or_create(&EndpointLabels { endpoint }).clone() }
        });
        let endpoints = endpoints.collect();
        let unrouted = requests.get_or_create(&RequestLabels { endpoint: "none", status: "4xx" }).clone();
        let tokens = GrantType::ALL
            .iter()
            .map(|grant| (*grant, tokens.get_or_create(&GrantLabels { grant_type: grant.as_str() }).clone()));
        let tokens = tokens.collect();
        Self {
            connections,
            logouts,
            registry,
            endpoints,
            unrouted,
            tokens,
            logins,
            snapshot_applied_at,
            snapshot_clients,
            limits,
        }
    }

    /// Counts an answer.
    pub fn answered(&self, endpoint: Option<Endpoint>, status: StatusCode, took: Duration) {
        let Some(per) = endpoint.and_then(|endpoint| self.endpoints.get(endpoint as usize)) else {
            self.unrouted.inc();
            return;
        };
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = per.answers.get(class) {
            counter.inc();
        }
        per.seconds.observe(took.as_secs_f64());
    }

    /// Counts a token answer.
    pub fn token_issued(&self, grant: GrantType) {
        if let Some((_, counter)) = self.tokens.iter().find(|(known, _)| *known == grant) {
            counter.inc();
        }
    }

    /// Counts a login: `ok`, `wrong`, `throttled`, `busy`, `unavailable`.
    pub fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Notes a new Snapshot.
    pub fn snapshot_applied(&self, serving: &Serving, now: UnixTime) {
        self.snapshot_applied_at.set(now.0);
        self.snapshot_clients.set(i64::try_from(serving.snapshot.clients.len()).unwrap_or(i64::MAX));
    }

    /// Everything in the text format of OpenMetrics.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string fails only where memory does.
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: &'static str,
}
