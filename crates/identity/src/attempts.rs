//! Limits on guessing: the first attempts are free, each one more makes the next wait longer, up to a bound; what happened is
//! forgotten little by little. Never a lock for good. Time is an argument, memory is bounded.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Parts of the table, each under a lock of its own.
const SHARDS: usize = 16;

/// How attempts are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attempts without a wait.
    pub free: u32,
    /// The wait after the first attempt beyond; it doubles with each further one.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// One attempt is forgotten each time that this passes.
    pub forget: Duration,
    /// Keys remembered at most.
    pub capacity: usize,
}

impl Limits {
    /// For an account: five failures free, then 1 s to 60 s; one is forgotten every five minutes.
    pub const ACCOUNT: Self = Self::of(5, Duration::from_secs(300));

    /// For an address, which many people may share: fifty failures free, then 1 s to 60 s; one is forgotten every
    /// thirty seconds.
    pub const ADDRESS: Self = Self::of(50, Duration::from_secs(30));

    /// For user codes of devices (RFC 8628 §5.1): ten wrong ones free, then 1 s to 60 s; one is forgotten every minute.
    pub const USER_CODE: Self = Self::of(10, Duration::from_secs(60));

    const fn of(free: u32, forget: Duration) -> Self {
        Self {
            free,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            forget,
            capacity: 100_000,
        }
    }

    /// The wait after so many attempts.
    fn wait(&self, count: u32) -> Duration {
        match count.saturating_sub(self.free) {
            0 => Duration::ZERO,
            beyond => {
                let factor = 2_u32.saturating_pow(beyond - 1);
                self.first.saturating_mul(factor).min(self.longest)
            }
        }
    }

    /// The count at which the wait is the longest: counting on would only make forgetting slower.
    fn most(&self) -> u32 {
        (self.free..self.free.saturating_add(32))
            .find(|count| self.wait(*count) >= self.longest)
            .unwrap_or(self.free.saturating_add(32))
    }
}

/// An attempt is not allowed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("wait {seconds} s before the next attempt")]
pub struct Wait {
    /// Whole seconds until the next attempt, at least one.
    pub seconds: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Attempts, as of `since`.
    count: u32,
    /// Up to when forgetting is counted in.
    since: Duration,
    /// No attempt before then.
    until: Duration,
    /// What `until` was before the latest attempt was admitted.
    before: Duration,
}

impl Entry {
    /// This entry as of now.
    fn at(self, now: Duration, limits: &Limits) -> Self {
        let passed = now.saturating_sub(self.since).as_nanos();
        let forgotten = passed / limits.forget.as_nanos().max(1);
        let forgotten = u32::try_from(forgotten).unwrap_or(u32::MAX);
        if forgotten >= self.count {
            return Self { count: 0, since: now, ..self };
        }
        let since = self.since.saturating_add(limits.forget.saturating_mul(forgotten));
        Self { count: self.count - forgotten, since, ..self }
    }

    fn wait(self, now: Duration) -> Option<Wait> {
        let left = self.until.saturating_sub(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        (seconds > 0).then_some(Wait { seconds })
    }
}

/// Counts attempts by key. `now` is a clock that never goes backwards, as [`nauthera_core::time::Clock::monotonic`].
///
/// An attempt is counted when it is admitted, not when it fails: many at the same moment are no way around the limit. So each
/// admitted attempt ends in one of [`Self::failed`], [`Self::succeeded`] or [`Self::undone`].
pub struct Attempts<K> {
    limits: Limits,
    keyed: RandomState,
    shards: [Mutex<HashMap<K, Entry>>; SHARDS],
}

impl<K: Hash + Eq + Clone> Attempts<K> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, keyed: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, HashMap<K, Entry>> {
        // Which shard cannot be foreseen from outside, so nobody fills another's.
        let at = self.keyed.hash_one(key) % SHARDS as u64;
        let at = usize::try_from(at).unwrap_or_default();
        let shard = self.shards.get(at).unwrap_or(&self.shards[0]);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until an attempt would be admitted; counts nothing.
    #[must_use]
    pub fn wait(&self, key: &K, now: Duration) -> Option<Wait> {
        self.shard(key).get(key).and_then(|entry| entry.wait(now))
    }

    /// Admits and counts an attempt.
    ///
    /// # Errors
    /// [`Wait`] when it comes too soon; it is not counted then.
    pub fn check(&self, key: &K, now: Duration) -> Result<(), Wait> {
        let mut shard = self.shard(key);
        let entry = match shard.get(key) {
            Some(entry) => entry.at(now, &self.limits),
            None => {
                self.make_room(&mut shard, now);
                Entry { count: 0, since: now, until: now, before: now }
            }
        };
        if let Some(wait) = entry.wait(now) {
            return Err(wait);
        }
        let count = entry.count.saturating_add(1);
        let until = now.saturating_add(self.limits.wait(count));
        shard.insert(key.clone(), Entry { count, until, before: entry.until, ..entry });
        Ok(())
    }

    /// An admitted attempt failed: the wait begins now.
    pub fn failed(&self, key: &K, now: Duration) {
        if let Some(entry) = self.shard(key).get_mut(key) {
            *entry = entry.at(now, &self.limits);
            entry.count = entry.count.min(self.limits.most());
            entry.until = entry.until.max(now.saturating_add(self.limits.wait(entry.count)));
            entry.before = entry.until;
        }
    }

    /// An admitted attempt succeeded: all is forgotten.
    pub fn succeeded(&self, key: &K) {
        self.shard(key).remove(key);
    }

    /// An admitted attempt came to nothing, neither failure nor success: all is as before it.
    pub fn undone(&self, key: &K, now: Duration) {
        let mut shard = self.shard(key);
        if let Some(entry) = shard.get_mut(key) {
            *entry = entry.at(now, &self.limits);
            entry.count = entry.count.saturating_sub(1);
            entry.until = entry.before;
            if entry.count == 0 {
                shard.remove(key);
            }
        }
    }

    /// Keys remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Is nothing remembered?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what has run out, then the coldest eighth: few attempts go before many, old ones before new. Whoever
    /// fills the table with fresh keys only drives out keys as fresh.
    fn make_room(&self, shard: &mut HashMap<K, Entry>, now: Duration) {
        let capacity = (self.limits.capacity / SHARDS).max(1);
        if shard.len() < capacity {
            return;
        }
        shard.retain(|_, entry| entry.at(now, &self.limits).count > 0 || entry.until > now);
        let room = (capacity / 8).max(1);
        let excess = (shard.len() + room).saturating_sub(capacity);
        if excess == 0 {
            return;
        }
        let heat = |entry: &Entry| (entry.at(now, &self.limits).count, entry.until, entry.since);
        let mut by_heat: Vec<_> = shard.iter().map(|(key, entry)| (heat(entry), key.clone())).collect();
        let last = excess.min(by_heat.len()).saturating_sub(1);
        by_heat.select_nth_unstable_by(last, |a, b| a.0.cmp(&b.0));
        for (_, key) in by_heat.into_iter().take(excess) {
            shard.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        free: 3,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
        forget: Duration::from_secs(300),
        capacity: 1_600,
    };

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Fails `n` times, each as soon as it may; when the last one was.
    fn fail(attempts: &Attempts<u32>, key: u32, n: usize, mut now: Duration) -> Duration {
        for _ in 0..n {
            now += attempts.wait(&key, now).map_or(Duration::ZERO, |wait| s(wait.seconds));
            attempts.check(&key, now).unwrap();
            attempts.failed(&key, now);
        }
        now
    }

    #[test]
    fn the_first_failures_are_free() {
        let attempts = Attempts::new(LIMITS);
        fail(&attempts, 1, 3, s(100));
        assert_eq!(attempts.wait(&1, s(100)), None);
    }

    #[test]
    fn waits_double_up_to_a_minute_and_no_further() {
        let attempts = Attempts::new(Limits { forget: s(1_000_000), ..LIMITS });
        let mut now = fail(&attempts, 1, 3, s(100));
        let mut waits = Vec::new();
        for _ in 0..10 {
            now = fail(&attempts, 1, 1, now);
            waits.push(attempts.wait(&1, now).unwrap().seconds);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn an_attempt_too_soon_is_refused_and_not_counted() {
        let attempts = Attempts::new(LIMITS);
        let now = fail(&attempts, 1, 4, s(100));
        for _ in 0..50 {
            assert_eq!(attempts.check(&1, now), Err(Wait { seconds: 1 }));
        }
        assert_eq!(attempts.check(&1, now + s(1)), Ok(()));
        assert_eq!(attempts.wait(&1, now + s(1)), Some(Wait { seconds: 2 }));
    }

    #[test]
    fn there_is_never_a_lock_for_good() {
        let attempts = Attempts::new(LIMITS);
        let now = fail(&attempts, 1, 1_000, s(100));
        assert_eq!(attempts.check(&1, now + s(60)), Ok(()));
    }

    #[test]
    fn attempts_at_the_same_moment_are_no_way_around() {
        let attempts = Attempts::new(LIMITS);
        let admitted = (0..100).filter(|_| attempts.check(&1, s(100)).is_ok()).count();
        assert_eq!(admitted, 4, "the free ones and the first that makes others wait");
    }

    #[test]
    fn the_wait_begins_when_the_attempt_failed() {
        let attempts = Attempts::new(LIMITS);
        fail(&attempts, 1, 3, s(100));
        attempts.check(&1, s(100)).unwrap();
        attempts.failed(&1, s(105));
        assert_eq!(attempts.wait(&1, s(105)), Some(Wait { seconds: 1 }));
    }

    #[test]
    fn a_success_forgets_everything() {
        let attempts = Attempts::new(LIMITS);
        fail(&attempts, 1, 9, s(100));
        attempts.succeeded(&1);
        assert_eq!(attempts.wait(&1, s(100)), None);
        assert!(attempts.is_empty());
    }

    #[test]
    fn what_came_to_nothing_does_not_count() {
        let attempts = Attempts::new(LIMITS);
        fail(&attempts, 1, 3, s(100));
        for _ in 0..100 {
            attempts.check(&1, s(100)).unwrap();
            attempts.undone(&1, s(100));
        }
        assert_eq!(attempts.check(&1, s(100)), Ok(()));
    }

    #[test]
    fn what_came_to_nothing_takes_its_wait_along() {
        let attempts = Attempts::new(LIMITS);
        let now = fail(&attempts, 1, 12, s(100)) + s(60);
        for _ in 0..100 {
            attempts.check(&1, now).unwrap();
            attempts.undone(&1, now);
        }
        fail(&attempts, 1, 1, now);
        assert_eq!(attempts.wait(&1, now), Some(Wait { seconds: 60 }), "and no failure with it");
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let attempts = Attempts::new(LIMITS);
        let now = fail(&attempts, 1, 6, s(100));
        assert_eq!(attempts.wait(&1, now), Some(Wait { seconds: 4 }));
        // Two of six forgotten: the next is the fifth, with a wait of two seconds.
        fail(&attempts, 1, 1, now + s(600));
        assert_eq!(attempts.wait(&1, now + s(600)), Some(Wait { seconds: 2 }));
        fail(&attempts, 1, 3, now + s(100_000));
        assert_eq!(attempts.wait(&1, now + s(100_000)), None);
    }

    #[test]
    fn keys_are_apart() {
        let attempts = Attempts::new(LIMITS);
        let now = fail(&attempts, 1, 9, s(100));
        assert!(attempts.wait(&1, now).is_some() && attempts.wait(&2, now).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::new(LIMITS);
        for key in 0..20_000 {
            attempts.check(&key, s(100)).unwrap();
        }
        assert!(attempts.len() <= LIMITS.capacity, "{}", attempts.len());
        assert!(attempts.len() > LIMITS.capacity / 2, "{}", attempts.len());
    }

    #[test]
    fn filling_the_table_resets_no_hot_key() {
        let attempts = Attempts::new(LIMITS);
        let hot: Vec<u32> = (0..50).collect();
        for key in &hot {
            fail(&attempts, *key, 9, s(100));
        }
        let before: Vec<_> = hot.iter().map(|key| attempts.wait(key, s(130))).collect();
        for key in 1_000..50_000 {
            fail(&attempts, key, 2, s(130));
        }
        let after: Vec<_> = hot.iter().map(|key| attempts.wait(key, s(130))).collect();
        assert_eq!(before, after);
        assert!(before.iter().all(Option::is_some));
    }

    #[test]
    fn what_has_run_out_goes_before_anything_else() {
        let attempts = Attempts::new(LIMITS);
        for key in 0..1_000 {
            attempts.check(&key, s(100)).unwrap();
        }
        for key in 10_000..10_700 {
            attempts.check(&key, s(10_000)).unwrap();
        }
        // The old ones have run out; of the new ones none had to go.
        let kept = (10_000..10_700).filter(|key| attempts.shard(key).contains_key(key)).count();
        assert_eq!(kept, 700);
    }

    #[test]
    fn many_threads_admit_no_more_than_one() {
        let attempts = Attempts::new(LIMITS);
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..100).filter(|_| attempts.check(&1, s(100)).is_ok()).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 4);
    }
}
