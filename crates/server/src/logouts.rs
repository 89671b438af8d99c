//! Telling clients that a session has ended (OIDC Back-Channel Logout 1.0). What is to be told stands in the database from the very
//! step that ended the session; each replica claims of it what is due, tells a few clients at once, and takes out what was told.
//! It looks every two seconds, and at once when a session ends here. What an answer means is `core`'s to say, who is to be told
//! the store's.

mod metrics;
mod tell;

pub use metrics::LogoutMetrics;

use crate::app::App;
use nauthera_core::facts::LogoutDelivery;
use nauthera_core::names::ClientId;
use nauthera_core::time::Seconds;
use nauthera_store::LogoutClaim;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Clients that are told at the same time.
const MOST_AT_ONCE: usize = 32;
/// Deliveries to one client at the same time: one that is slow leaves room for the others.
const MOST_OF_ONE: u32 = 2;
/// How long a delivery is this replica's alone: three times what telling a client may take.
const LEASE: Seconds = Seconds::new(15);
/// How often the queue is looked at when nothing happens here.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the queue is measured and trimmed.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// Deliveries that may wait for one client; beyond that its oldest are dropped.
const MOST_PENDING: u32 = 10_000;
/// Deliveries that one trim drops at most.
const TRIM_STEP: u32 = 1_000;

/// How the rest of the server says that a session has ended here.
#[derive(Default)]
pub struct Bell(Notify);

impl Bell {
    /// There may be something to tell.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Tells clients for as long as it is polled. Dropped, it stops where it is: what was claimed lapses, and another replica, or this
/// one when it is there again, tells it then.
pub async fn run(app: Arc<App>) {
    let mut teller = Teller { app, telling: JoinSet::new(), clients: HashMap::new() };
    let (mut look, mut measure) = (every(LOOK_EVERY), every(MEASURE_EVERY));
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = teller.app.bell.0.notified() => {}
            Some(told) = teller.telling.join_next_with_id() => teller.told(told),
            _ = measure.tick() => teller.measure().await,
        }
        teller.begin().await;
    }
}

fn every(time: Duration) -> Interval {
    let mut every = interval(time);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

struct Teller {
    app: Arc<App>,
    telling: JoinSet<()>,
    clients: HashMap<Id, ClientId>,
}

impl Teller {
    /// Claims what there is room for, and begins to tell it.
    async fn begin(&mut self) {
        let room = MOST_AT_ONCE.saturating_sub(self.telling.len());
        if room == 0 {
            return;
        }
        let claim = LogoutClaim {
            most: u32::try_from(room).unwrap_or(u32::MAX),
            most_of_one: MOST_OF_ONE,
            but: self.clients.values().cloned().collect(),
            lease: LEASE,
        };
        match self.app.store.claim_logouts(claim, self.app.now()).await {
            Ok(claimed) => claimed.into_iter().for_each(|delivery| self.tell(delivery)),
            Err(error) => tracing::debug!(%error, "telling clients of logouts waits"),
        }
    }

    fn tell(&mut self, delivery: LogoutDelivery) {
        let client = delivery.client_id.clone();
        let task = self.telling.spawn(tell::tell(self.app.clone(), delivery));
        self.clients.insert(task.id(), client);
    }

    fn told(&mut self, told: Result<(Id, ()), JoinError>) {
        let id = told.map_or_else(|error| error.id(), |(id, ())| id);
        self.clients.remove(&id);
    }

    /// Measures the queue, and holds each client to its share of it.
    async fn measure(&self) {
        let (store, metrics) = (&self.app.store, &self.app.metrics.logouts);
        match store.trim_logouts(MOST_PENDING, TRIM_STEP).await {
            Ok(0) => {}
            Ok(dropped) => {
                metrics.dropped(dropped);
                tracing::warn!(dropped, "a client is to be told of more logouts than are kept for one");
            }
            Err(error) => tracing::debug!(%error, "the queue of logouts cannot be trimmed"),
        }
        if let Ok(queue) = store.logout_queue().await {
            metrics.measured(&queue, self.app.now());
        }
    }
}
