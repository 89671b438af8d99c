//! Time: the one place of this crate that reads the clock and waits for a moment.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, for what is written into records.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn unix() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or_default()
}

/// Waits for a moment; one that has passed is not waited for.
#[expect(
    clippy::disallowed_methods,
    reason = "a fixed rate is kept by sleeping until the next request is due"
)]
pub fn wait_until(moment: Instant) {
    let left = moment.saturating_duration_since(now());
    if left > Duration::ZERO {
        std::thread::sleep(left);
    }
}
