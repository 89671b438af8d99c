//! What is counted and timed, for Prometheus. Labels are closed vocabularies, and every series is there from the start. What happens in a
//! request is counted here through handles that are held; what only has to be looked at is read when a page is asked for ([`Readings`]).

mod labels;
mod limits;
mod page;
mod process;
mod readings;
mod steps;

pub use labels::LoginOutcome;
pub use limits::{LimitHealth, LimitMetrics};
pub use page::{Format, reference, tables};
pub use process::Process;
pub use readings::{KeyReading, KeyState, Readings};
pub use steps::{Kind, Outcome, Step, StepMeters};

use crate::http::Endpoint;
use crate::listen::Tally;
use crate::logouts::LogoutMetrics;
use crate::serving::Serving;
use http::StatusCode;
use labels::{
    EndpointLabels, GrantLabels, OutcomeLabels, RequestLabels, TokenLabels, grant_index, grants,
    token_outcome_index, token_outcomes,
};
use nauthera_core::grant::GrantType;
use nauthera_core::oauth::ErrorCode;
use nauthera_core::time::UnixTime;
use nauthera_store::limits::Health;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// From a tenth of a millisecond to the deadline of a slow client.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one endpoint.
struct PerEndpoint {
    answers: [Counter; 5],
    seconds: Histogram,
}

/// The counters of one grant.
struct PerGrant {
    outcomes: Vec<Counter>,
    seconds: Histogram,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    endpoints: Vec<PerEndpoint>,
    unrouted: Counter,
    grants: Vec<PerGrant>,
    logins: Vec<Counter>,
    passwords: Histogram,
    /// What the provider's port counts.
    pub connections: Tally,
    /// Back-channel logout.
    pub logouts: LogoutMetrics,
    /// What limits refused.
    pub limits: LimitMetrics,
    snapshot: SnapshotMeters,
    /// Steps of the store.
    pub steps: Arc<StepMeters>,
}

struct SnapshotMeters {
    applied_at: Gauge,
    clients: Gauge,
    applied: Counter,
    refused: Counter,
    stale: Gauge,
}

impl Metrics {
    /// Registers everything; `shared` tells how it goes with the limits that replicas share.
    #[must_use]
    pub fn new(shared: Arc<Health>) -> Self {
        let mut registry = Registry::with_prefix("nauthera");
        registry.register_collector(Box::new(LimitHealth(shared)));
        let (endpoints, unrouted) = endpoints(&mut registry);
        let grants = per_grant(&mut registry);
        let passwords = Histogram::new(BUCKETS);
        let name = "password_check_duration_seconds";
        registry.register(
            name,
            "Time to check a password, its wait in the queue included",
            passwords.clone(),
        );
        let connections = Tally::default();
        connections.register(&mut registry);
        Self {
            connections,
            endpoints,
            unrouted,
            grants,
            passwords,
            logins: logins(&mut registry),
            limits: LimitMetrics::register(&mut registry),
            logouts: LogoutMetrics::registered(&mut registry),
            snapshot: SnapshotMeters::register(&mut registry),
            steps: Arc::new(StepMeters::register(&mut registry)),
            registry,
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

    /// Counts an answer of the token endpoint; without a code it is success.
    pub fn token_answered(&self, grant: Option<GrantType>, code: Option<ErrorCode>, took: Duration) {
        let Some(per) = self.grants.get(grant_index(grant)) else { return };
        if let Some(counter) = per.outcomes.get(token_outcome_index(code)) {
            counter.inc();
        }
        per.seconds.observe(took.as_secs_f64());
    }

    /// Counts a login.
    pub fn login(&self, outcome: LoginOutcome) {
        if let Some(counter) = self.logins.get(outcome as usize) {
            counter.inc();
        }
    }

    /// Notes how long a password took.
    pub fn password_checked(&self, took: Duration) {
        self.passwords.observe(took.as_secs_f64());
    }

    /// Notes a new Snapshot.
    pub fn snapshot_applied(&self, serving: &Serving, now: UnixTime) {
        let meters = &self.snapshot;
        meters.applied_at.set(now.0);
        meters.clients.set(i64::try_from(serving.snapshot.clients.len()).unwrap_or(i64::MAX));
        meters.applied.inc();
        meters.stale.set(0);
    }

    /// Notes a Snapshot that was offered and refused.
    pub fn snapshot_refused(&self) {
        self.snapshot.refused.inc();
        self.snapshot.stale.set(1);
    }
}

impl SnapshotMeters {
    fn register(registry: &mut Registry) -> Self {
        let meters = Self {
            applied_at: Gauge::default(),
            clients: Gauge::default(),
            applied: Counter::default(),
            refused: Counter::default(),
            stale: Gauge::default(),
        };
        let at = "When the Snapshot that is served was applied, in seconds since 1970";
        registry.register("snapshot_applied_timestamp_seconds", at, meters.applied_at.clone());
        registry.register(
            "snapshot_clients",
            "Clients in the Snapshot that is served",
            meters.clients.clone(),
        );
        registry.register("snapshots_applied", "Snapshots that were applied", meters.applied.clone());
        let refused = "Snapshots that were offered and refused: the log says why";
        registry.register("snapshots_refused", refused, meters.refused.clone());
        let stale = "1 while the latest Snapshot offered was refused and one before it is served, else 0";
        registry.register("snapshot_stale", stale, meters.stale.clone());
        meters
    }
}

fn endpoints(registry: &mut Registry) -> (Vec<PerEndpoint>, Counter) {
    let requests = Family::<RequestLabels, Counter>::default();
    let seconds = Family::<EndpointLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
    let help = "Answers by endpoint and class of status; endpoint none is a path that nothing is at";
    registry.register("http_requests", help, requests.clone());
    registry.register("http_request_duration_seconds", "Time to an answer by endpoint", seconds.clone());
    let endpoints = Endpoint::ALL.iter().map(|endpoint| {
        let endpoint = endpoint.name();
        let answers =
            STATUS_CLASSES.map(|status| requests.get_or_create_owned(&RequestLabels { endpoint, status }));
        PerEndpoint { answers, seconds: seconds.get_or_create_owned(&EndpointLabels { endpoint }) }
    });
    let endpoints = endpoints.collect();
    let unrouted = requests.get_or_create_owned(&RequestLabels { endpoint: "none", status: "4xx" });
    (endpoints, unrouted)
}

fn per_grant(registry: &mut Registry) -> Vec<PerGrant> {
    let requests = Family::<TokenLabels, Counter>::default();
    let seconds = Family::<GrantLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
    let help = "Token requests by grant and outcome: ok, or the error code; grant none is a request that names none of ours";
    registry.register("token_requests", help, requests.clone());
    let help = "Time to an answer of the token endpoint by grant";
    registry.register("token_request_duration_seconds", help, seconds.clone());
    let per = grants().map(|grant_type| {
        let outcomes = token_outcomes()
            .map(|outcome| requests.get_or_create_owned(&TokenLabels { grant_type, outcome }))
            .collect();
        PerGrant { outcomes, seconds: seconds.get_or_create_owned(&GrantLabels { grant_type }) }
    });
    per.collect()
}

fn logins(registry: &mut Registry) -> Vec<Counter> {
    let logins = Family::<OutcomeLabels, Counter>::default();
    registry.register("logins", "Password logins by outcome", logins.clone());
    let of = |outcome: &LoginOutcome| OutcomeLabels { outcome: outcome.as_str() };
    LoginOutcome::ALL.iter().map(|outcome| logins.get_or_create_owned(&of(outcome))).collect()
}
