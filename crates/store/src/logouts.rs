//! What is asked of the queue of logouts, whatever the database: which deliveries are claimed, and how long the queue is.

use nauthera_core::facts::LogoutDelivery;
use nauthera_core::names::ClientId;
use nauthera_core::oauth::back_channel::TOLD_WITHIN;
use nauthera_core::time::{Seconds, UnixTime};

/// Which deliveries are claimed, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutClaim {
    /// So many at most, the longest due first.
    pub most: u32,
    /// So many of one client at most, so that one with many leaves room for the others.
    pub most_of_one: u32,
    /// Clients that are passed over.
    pub but: Vec<ClientId>,
    /// How long nobody else can claim them: longer than telling a client may take.
    pub lease: Seconds,
}

/// How long the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogoutQueue {
    /// Deliveries that wait, counted up to a hundred thousand.
    pub pending: u64,
    /// When the session ended whose clients wait longest.
    pub oldest: Option<UnixTime>,
}

/// A delivery that nobody has claimed for so long goes: no replica tells clients any more.
pub(crate) const RETENTION: Seconds = Seconds::new(TOLD_WITHIN.get() + 86_400);

/// The key of a delivery. Neither part can hold a slash.
pub(crate) fn key(delivery: &LogoutDelivery) -> String {
    format!("{}/{}", delivery.sid, delivery.client_id)
}
