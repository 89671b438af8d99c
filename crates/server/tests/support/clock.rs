//! A clock that stands still until a test moves it, and randomness that never repeats.

use nauthera_core::time::{Clock, Entropy, Seconds, UnixTime};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// When every test begins: 2025-06-15.
const BEGINNING: i64 = 1_750_000_000;

/// Stands still until it is moved.
pub struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(BEGINNING))
    }
}

impl HandClock {
    /// Moves on by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Moves on by a duration.
    pub fn pass(&self, duration: Seconds) {
        self.advance(i64::from(duration.get()));
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.now().0.unsigned_abs())
    }
}

/// Blocks of SHA-256 over a counter: each block once, in this world and in every other.
pub struct Counted {
    world: u64,
    count: AtomicU64,
}

impl Default for Counted {
    fn default() -> Self {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        Self { world: WORLDS.fetch_add(1, Ordering::SeqCst), count: AtomicU64::new(0) }
    }
}

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(32) {
            let count = self.count.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest([self.world.to_be_bytes(), count.to_be_bytes()].concat());
            part.copy_from_slice(&block[..part.len()]);
        }
    }
}
