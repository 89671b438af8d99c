//! Waiting for what others do, with a deadline.

use std::time::Duration;

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(20);

/// Asks until it holds; whether it did in time.
pub async fn holds_within(deadline: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let asking = async {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if holds().await {
                return;
            }
        }
    };
    tokio::time::timeout(deadline, asking).await.is_ok()
}
