//! The one clock and the one source of randomness of the binary; everything else gets them as arguments.

use nauthera_core::time::{Clock, Entropy, Micros, UnixTime};
use std::time::{Duration, Instant, SystemTime};

/// The machine's clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        UnixTime(i64::try_from(since_1970().as_secs()).unwrap_or(i64::MAX))
    }

    fn precise(&self) -> Micros {
        Micros::since_1970(since_1970())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The cryptographic library's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws random numbers")]
    fn fill(&self, buffer: &mut [u8]) {
        // The library fails only where the operating system has no randomness: going on would mean guessable secrets.
        if aws_lc_rs::rand::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}
