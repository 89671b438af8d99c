//! Pages that follow: each says which version it shows and waits for another one. Few may wait at once, and none for long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How many pages may wait at once.
const LISTENERS: usize = 32;
/// How long one waits before it asks again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts what is shown, and tells who waits.
pub struct Live {
    /// Versions of another run of the program are never taken for ours.
    run: String,
    version: watch::Sender<u64>,
    closed: AtomicBool,
    seats: Semaphore,
    patience: Duration,
}

/// What a page that waited is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Another version is shown.
    Changed(String),
    /// Nothing happened: ask again.
    None,
    /// Too many wait already.
    Full,
}

impl Live {
    /// Nothing is shown yet. `run` differs between two runs.
    pub fn new(run: String) -> Self {
        Self {
            run: run.chars().take(8).collect(),
            version: watch::Sender::new(0),
            closed: AtomicBool::new(false),
            seats: Semaphore::new(LISTENERS),
            patience: PATIENCE,
        }
    }

    /// What is shown now, as pages name it.
    pub fn version(&self) -> String {
        self.named(*self.version.borrow())
    }

    fn named(&self, version: u64) -> String {
        format!("{}-{version}", self.run)
    }

    /// Something else is shown.
    pub fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Nobody waits any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.version.send_modify(|_| ());
    }

    /// Waits until something else than `seen` is shown.
    pub async fn after(&self, seen: &str) -> News {
        let Ok(_seat) = self.seats.try_acquire() else { return News::Full };
        let mut versions = self.version.subscribe();
        let other = |version: &u64| self.named(*version) != seen || self.closed.load(Ordering::Acquire);
        let waited = tokio::time::timeout(self.patience, versions.wait_for(other)).await;
        match waited {
            Ok(Ok(version)) if self.named(*version) != seen => News::Changed(self.named(*version)),
            _ => News::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_page_that_shows_something_else_is_told_at_once() {
        let live = Live::new("run".into());
        let seen = live.version();
        live.changed();
        assert_eq!(live.after(&seen).await, News::Changed(live.version()));
        assert_eq!(live.after("other-run-0").await, News::Changed(live.version()));
    }

    #[tokio::test]
    async fn a_page_that_is_up_to_date_waits_and_asks_again() {
        let live = Live { patience: Duration::ZERO, ..Live::new("run".into()) };
        assert_eq!(live.after(&live.version()).await, News::None);
    }

    #[tokio::test]
    async fn who_waits_is_told_of_a_change_and_let_go_at_the_end() {
        let live = Arc::new(Live::new("run".into()));
        for end in [false, true] {
            let seen = live.version();
            let waiting = tokio::spawn({
                let (live, seen) = (live.clone(), seen.clone());
                async move { live.after(&seen).await }
            });
            while live.version.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
            if end {
                live.close()
            } else {
                live.changed()
            }
            let news = waiting.await.unwrap();
            assert_eq!(news == News::None, end, "{news:?}");
        }
    }

    #[tokio::test]
    async fn only_so_many_wait_at_once() {
        let live = Live::new("run".into());
        let _seats = live.seats.acquire_many(u32::try_from(LISTENERS).unwrap()).await.unwrap();
        assert_eq!(live.after(&live.version()).await, News::Full);
    }
}
