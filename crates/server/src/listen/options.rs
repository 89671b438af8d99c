//! What a port bears of its peers: numbers and deadlines.

use std::time::Duration;

/// What a port bears. The defaults are what production has; tests shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortOptions {
    /// Connections held at once; one more is closed as soon as it is accepted.
    pub connections: usize,
    /// Requests that are open at once, of all connections; one more is answered with 503.
    pub requests: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the headers of a request may take: of the first one from the connection's beginning on, of a later one from
    /// its first byte on.
    pub headers: Duration,
    /// How long the body of a request may take, from the end of its headers on.
    pub body: Duration,
    /// How long a request may be open, from the end of its headers to the end of its answer.
    pub answer: Duration,
    /// How long a peer may take nothing of what is sent to it.
    pub unread: Duration,
    /// How long a connection may stay without a request between two of them. Longer than the usual proxies keep theirs, so that
    /// it is they who close it, and never while they send.
    pub idle: Duration,
    /// Once the port stops: how long a connection without a request is left open for one that is on its way. Also how long a
    /// closed one is read from, so that a peer which still sends gets to read its answer.
    pub linger: Duration,
    /// Once the port stops: how long open requests get.
    pub finish: Duration,
}

impl Default for PortOptions {
    fn default() -> Self {
        Self {
            connections: 16_384,
            requests: 4_096,
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            unread: Duration::from_secs(20),
            idle: Duration::from_secs(75),
            linger: Duration::from_secs(1),
            finish: Duration::from_secs(20),
        }
    }
}
