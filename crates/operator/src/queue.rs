//! What is to be done, by key: a key stands once, is worked on by one at a time, and waits longer after each failure. Whoever works
//! takes the next key; what is done with it is left to them.

mod schedule;

pub use schedule::{Outcome, Schedule};

use nauthera_core::time::{Clock, Entropy};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest that a worker sleeps without looking at the clock again.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// A queue that many may add to and many may take from.
pub struct Queue<K> {
    schedule: Mutex<Schedule<K>>,
    changed: Notify,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl<K: Clone + Eq + Ord + Hash> Queue<K> {
    /// An empty queue.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { schedule: Mutex::new(Schedule::default()), changed: Notify::new(), clock, entropy }
    }

    fn locked(&self) -> MutexGuard<'_, Schedule<K>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be done now. One that waits after a failure goes on waiting.
    pub fn add(&self, key: K) {
        self.locked().add(key);
        self.changed.notify_one();
    }

    /// To be done now, also if it waits after a failure: what failed is another thing now.
    pub fn renew(&self, key: K) {
        self.locked().renew(key);
        self.changed.notify_one();
    }

    /// To be done after a while, unless it is to be done earlier anyway.
    pub fn add_in(&self, key: K, delay: Duration) {
        let due = self.clock.monotonic().saturating_add(delay);
        self.locked().add_at(key, due);
        self.changed.notify_one();
    }

    /// How many keys wait or are worked on.
    pub fn len(&self) -> usize {
        self.locked().len()
    }

    /// The next key, which is the caller's until it says that it is done.
    pub async fn next(&self) -> K {
        loop {
            let changed = self.changed.notified();
            let now = self.clock.monotonic();
            let (key, more, due) = {
                let mut schedule = self.locked();
                let key = schedule.take(now);
                (key, schedule.has_ready(), schedule.next_due())
            };
            if let Some(key) = key {
                if more {
                    self.changed.notify_one();
                }
                return key;
            }
            let sleep = due.map_or(LONGEST_SLEEP, |due| due.saturating_sub(now)).min(LONGEST_SLEEP);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Says how it went with a key that was taken.
    pub fn done(&self, key: &K, outcome: Outcome) {
        let mut jitter = [0; 2];
        self.entropy.fill(&mut jitter);
        self.locked().done(key, outcome, self.clock.monotonic(), u16::from_ne_bytes(jitter));
        self.changed.notify_one();
    }
}
