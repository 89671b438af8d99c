//! What the operator counts, for Prometheus. Labels are closed vocabularies.

use crate::cluster::Fault;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::{Report, Verdict};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// From a millisecond to ten seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What is worked on.
const WORK: [&str; 8] = ["client", "policy", "server", "store", "compile", "publish", "records", "parts"];
/// What is written.
const WRITTEN: [&str; 8] = ["client", "policy", "server", "store", "publish", "records", "secret", "parts"];
/// What can become of a client.
const VERDICTS: [Verdict; 5] =
    [Verdict::Compliant, Verdict::Narrowed, Verdict::Refused, Verdict::Waiting, Verdict::Frozen];

/// A word out of a closed vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word(pub &'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.0)
    }
}

/// What was worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkLabels {
    /// One of [`WORK`].
    pub work: Word,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WriteLabels {
    /// One of [`WRITTEN`].
    pub work: Word,
    /// `ok`, or the category of the fault.
    pub outcome: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabels {
    namespace: String,
    name: String,
}

impl ServerLabels {
    fn of(server: &ObjectRef) -> Self {
        Self { namespace: server.namespace.to_string(), name: server.name.to_string() }
    }
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    leader: Gauge,
    queued: Gauge,
    work: Family<WorkLabels, Histogram>,
    writes: Family<WriteLabels, Counter>,
    clients: Family<VerdictLabels, Gauge>,
    bytes: Family<ServerLabels, Gauge>,
    published_at: Family<ServerLabels, Gauge>,
    streams: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("nauthera_operator");
        let work = Family::<WorkLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let metrics = Self {
            leader: Gauge::default(),
            queued: Gauge::default(),
            writes: Family::default(),
            clients: Family::default(),
            bytes: Family::default(),
            published_at: Family::default(),
            streams: Gauge::default(),
            work,
            registry: Registry::default(),
        };
        registry.register("leader", "1 while this process leads", metrics.leader.clone());
        registry.register("queue_length", "Objects that wait to be worked on", metrics.queued.clone());
        registry.register_with_unit(
            "work_duration",
            "Time of one piece of work",
            Unit::Seconds,
            metrics.work.clone(),
        );
        registry.register("writes", "Writes to the API server by outcome", metrics.writes.clone());
        registry.register("clients", "AuthClients by verdict", metrics.clients.clone());
        registry.register("snapshot_bytes", "Size of the published Snapshot", metrics.bytes.clone());
        registry.register(
            "snapshot_published_timestamp_seconds",
            "When the Snapshot was published last",
            metrics.published_at.clone(),
        );
        registry.register(
            "failing_streams",
            "Streams of objects that cannot be watched",
            metrics.streams.clone(),
        );
        let metrics = Self { registry, ..metrics };
        metrics.begin();
        metrics
    }
}

/// A page with every series that there can be, for the reference of the book.
#[must_use]
pub fn example() -> String {
    let metrics = Metrics::default();
    metrics.published(&ObjectRef::new("identity", "main"), 0, 0);
    metrics.page(0, 0)
}

impl Metrics {
    /// Every series is there from the start, so that rates see the first event.
    fn begin(&self) {
        for work in WORK {
            drop(self.work.get_or_create(&WorkLabels { work: Word(work) }));
        }
        for work in WRITTEN {
            for outcome in Fault::CATEGORIES.into_iter().chain(["ok"]) {
                drop(self.writes.get_or_create(&WriteLabels { work: Word(work), outcome: Word(outcome) }));
            }
        }
        // A Snapshot that no index can hold.
        drop(self.writes.get_or_create(&WriteLabels { work: Word("publish"), outcome: Word("packing") }));
        for verdict in VERDICTS {
            drop(self.clients.get_or_create(&VerdictLabels { verdict: Word(verdict.word()) }));
        }
    }

    /// Notes whether this process leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Notes how long a piece of work took.
    pub fn worked(&self, work: &'static str, took: Duration) {
        self.work.get_or_create(&WorkLabels { work: Word(work) }).observe(took.as_secs_f64());
    }

    /// Counts a write.
    pub fn wrote(&self, work: &'static str, outcome: &'static str) {
        self.writes.get_or_create(&WriteLabels { work: Word(work), outcome: Word(outcome) }).inc();
    }

    /// Notes what became of all clients.
    pub fn judged(&self, report: &Report) {
        let mut counts: BTreeMap<&'static str, i64> = VERDICTS.map(|verdict| (verdict.word(), 0)).into();
        for client in report.clients.values() {
            *counts.entry(client.verdict.word()).or_default() += 1;
        }
        for (word, count) in counts {
            self.clients.get_or_create(&VerdictLabels { verdict: Word(word) }).set(count);
        }
    }

    /// Notes a publication.
    pub fn published(&self, server: &ObjectRef, bytes: usize, at: i64) {
        let labels = ServerLabels::of(server);
        self.bytes.get_or_create(&labels).set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.published_at.get_or_create(&labels).set(at);
    }

    /// Forgets the series of a server that is gone.
    pub fn forget(&self, server: &ObjectRef) {
        let labels = ServerLabels::of(server);
        self.bytes.remove(&labels);
        self.published_at.remove(&labels);
    }

    /// The page that is scraped.
    #[must_use]
    pub fn page(&self, queued: usize, failing_streams: usize) -> String {
        self.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
        self.streams.set(i64::try_from(failing_streams).unwrap_or(i64::MAX));
        let mut page = String::new();
        if encode(&mut page, &self.registry).is_err() {
            // Writing to memory fails only where memory does.
            page.write_str("# EOF\n").unwrap_or_default();
        }
        page
    }
}

/// The word for work on a kind.
#[must_use]
pub const fn work_of(kind: Kind) -> &'static str {
    match kind {
        Kind::AuthClient => "client",
        Kind::AuthPolicy => "policy",
        Kind::AuthServer => "server",
        Kind::UserStore => "store",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_there_from_the_start_and_no_other_comes() {
        let (empty, used) = (Metrics::default(), Metrics::default());
        for kind in Kind::ALL {
            used.worked(work_of(kind), Duration::ZERO);
        }
        let faults = [
            Fault::Conflict,
            Fault::NotFound,
            Fault::Forbidden(String::new()),
            Fault::Invalid(String::new()),
            Fault::Taken(String::new()),
            Fault::Terminating,
            Fault::Late(Duration::ZERO),
            Fault::NotLeading,
            Fault::Other(String::new()),
        ];
        for fault in &faults {
            used.wrote("secret", fault.category());
        }
        let series = |metrics: &Metrics| {
            let page = metrics.page(0, 0);
            page.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect::<Vec<_>>()
        };
        let (mut before, mut after) = (series(&empty), series(&used));
        before.sort();
        after.sort();
        assert_eq!(before, after);
    }
}
