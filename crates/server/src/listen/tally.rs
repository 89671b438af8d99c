//! What a port counts of its connections. The counters are shared by their clones, and shown with all others.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a connection was ended that its peer would have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// The TLS handshake took too long.
    Handshake,
    /// The headers of a request took too long, or never came.
    Headers,
    /// A request was open for too long.
    Answer,
    /// The peer took nothing of what was sent to it.
    Unread,
    /// The peer gave up too many requests that it had begun.
    Abandoned,
    /// It was still open when the time that a stopping port gives was over.
    Stop,
}

impl Cut {
    const ALL: [Self; 6] =
        [Self::Handshake, Self::Headers, Self::Answer, Self::Unread, Self::Abandoned, Self::Stop];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Headers => "headers",
            Self::Answer => "answer",
            Self::Unread => "unread",
            Self::Abandoned => "abandoned",
            Self::Stop => "stop",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CutLabels {
    reason: &'static str,
}

/// The counters of a port.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    accepted: Counter,
    open: Gauge,
    turned_away: Counter,
    handshakes_failed: Counter,
    requests_turned_away: Counter,
    cut: Family<CutLabels, Counter>,
}

impl Tally {
    /// Shows them with all others.
    pub fn register(&self, registry: &mut Registry) {
        let Self { accepted, open, turned_away, handshakes_failed, requests_turned_away, cut } = self;
        // Seen from the beginning on, so that a first one shows as an increase.
        for reason in Cut::ALL {
            cut.get_or_create(&CutLabels { reason: reason.name() }).inc_by(0);
        }
        registry.register("connections_accepted", "Connections accepted", accepted.clone());
        registry.register("connections_open", "Connections open now", open.clone());
        let text = "Connections closed at once because the port held as many as it may";
        registry.register("connections_turned_away", text, turned_away.clone());
        let text = "TLS handshakes that failed, those that took too long aside";
        registry.register("tls_handshakes_failed", text, handshakes_failed.clone());
        let text = "Requests answered with 503 because as many were open as may be";
        registry.register("requests_turned_away", text, requests_turned_away.clone());
        let text = "Connections ended that their peers would have kept, by reason";
        registry.register("connections_cut", text, cut.clone());
    }

    /// Counts a connection while the answer lives.
    #[must_use]
    pub(super) fn opened(&self) -> Opened {
        self.accepted.inc();
        self.open.inc();
        Opened(self.open.clone())
    }

    pub(super) fn turn_away(&self) {
        self.turned_away.inc();
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    pub(super) fn turn_request_away(&self) {
        self.requests_turned_away.inc();
    }

    pub(super) fn cut(&self, reason: Cut) {
        self.cut.get_or_create(&CutLabels { reason: reason.name() }).inc();
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        u64::try_from(self.open.get()).unwrap_or_default()
    }

    /// Connections that were closed because the port held as many as it may.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        self.turned_away.get()
    }

    /// Connections that were ended for this reason.
    #[must_use]
    pub fn cuts(&self, reason: Cut) -> u64 {
        self.cut.get_or_create(&CutLabels { reason: reason.name() }).get()
    }
}

/// A connection that is open.
pub(super) struct Opened(Gauge);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.dec();
    }
}
