//! A database that does not answer is asked by one step at a time: the others are refused at once instead of each waiting out its
//! deadline, so that a hang costs requests, not connections and memory.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// How long the others are refused after one step asked in vain.
const PAUSE: Duration = Duration::from_millis(250);

/// Is the database thought to answer?
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// When the next step may ask; `None` while it answers.
    asks_next: Mutex<Option<Instant>>,
}

impl Breaker {
    /// May this step ask? While the database is silent, one in [`PAUSE`] may.
    pub(super) fn lets_through(&self, now: Instant) -> bool {
        let mut next = self.asks_next.lock().unwrap_or_else(PoisonError::into_inner);
        match *next {
            None => true,
            Some(at) if now >= at => {
                *next = Some(now + PAUSE);
                true
            }
            Some(_) => false,
        }
    }

    /// It answered.
    pub(super) fn answered(&self) {
        *self.asks_next.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It let a deadline pass.
    pub(super) fn silent(&self, now: Instant) {
        *self.asks_next.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_asks_a_silent_database_and_all_an_answering_one() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        assert!(breaker.lets_through(now) && breaker.lets_through(now));
        breaker.silent(now);
        assert!(!breaker.lets_through(now));
        assert!(breaker.lets_through(now + PAUSE));
        assert!(!breaker.lets_through(now + PAUSE), "one asks, the others wait for what it hears");
        breaker.answered();
        assert!(breaker.lets_through(now) && breaker.lets_through(now));
    }
}
