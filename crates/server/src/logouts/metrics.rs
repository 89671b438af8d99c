//! What is counted of telling clients: every try by what came of it, and how long the queue is, which is the same on every replica.

use nauthera_core::time::UnixTime;
use nauthera_store::LogoutQueue;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// What comes of a try, or of a delivery that is not tried any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The client was told.
    Sent,
    /// It answered that it will not log the person out.
    Refused,
    /// It did not answer, or not so that it counts; it is tried again.
    Failed,
    /// It was tried for as long as clients are.
    GivenUp,
    /// It is not to be told any more, or has too many others waiting.
    Dropped,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Sent, Self::Refused, Self::Failed, Self::GivenUp, Self::Dropped];

    const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }
}

/// Counters and gauges of back-channel logout.
pub struct LogoutMetrics {
    outcomes: Family<OutcomeLabels, Counter>,
    pending: Gauge,
    oldest_age: Gauge,
}

impl LogoutMetrics {
    /// Registers them, each outcome with zero.
    #[must_use]
    pub fn registered(registry: &mut Registry) -> Self {
        let outcomes = Family::<OutcomeLabels, Counter>::default();
        for outcome in Outcome::ALL {
            drop(outcomes.get_or_create(&OutcomeLabels { outcome: outcome.word() }));
        }
        let (pending, oldest_age) = (Gauge::default(), Gauge::default());
        registry.register("backchannel_logouts", "Back-channel logouts by outcome", outcomes.clone());
        registry.register(
            "backchannel_logouts_pending",
            "Back-channel logouts that wait in the database, the same on every replica",
            pending.clone(),
        );
        registry.register(
            "backchannel_logouts_oldest_age_seconds",
            "How long ago the session ended whose clients wait longest to be told; 0 when none waits",
            oldest_age.clone(),
        );
        Self { outcomes, pending, oldest_age }
    }

    /// Counts an outcome.
    pub fn came(&self, outcome: Outcome) {
        self.outcomes.get_or_create(&OutcomeLabels { outcome: outcome.word() }).inc();
    }

    /// Counts deliveries that were dropped.
    pub fn dropped(&self, count: u64) {
        self.outcomes.get_or_create(&OutcomeLabels { outcome: Outcome::Dropped.word() }).inc_by(count);
    }

    /// Notes how long the queue is.
    pub fn measured(&self, queue: &LogoutQueue, now: UnixTime) {
        self.pending.set(i64::try_from(queue.pending).unwrap_or(i64::MAX));
        let age = queue.oldest.map_or(0, |oldest| now.since(oldest).get());
        self.oldest_age.set(age.into());
    }
}
