//! The order of work, without a clock: each call is told the time. A key is ready, waits until it is due, or is worked on.

use crate::backoff::doubled;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// The wait after the first failure, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), LONGEST_WAIT);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(90);

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Done,
    /// Well, and it is to be looked at again after a while.
    Again(Duration),
    /// It failed: it is tried again, later after each failure.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ready,
    Waiting(Duration),
    Worked { again: bool },
}

#[derive(Debug)]
struct Entry {
    place: Place,
    failures: u32,
}

/// The keys.
#[derive(Debug)]
pub struct Schedule<K> {
    entries: HashMap<K, Entry>,
    ready: VecDeque<K>,
    waiting: BTreeSet<(Duration, K)>,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { entries: HashMap::new(), ready: VecDeque::new(), waiting: BTreeSet::new() }
    }
}

impl<K: Clone + Eq + Ord + Hash> Schedule<K> {
    /// To be done now. One that is worked on is done again after that; one that waits after a failure goes on waiting.
    pub fn add(&mut self, key: K) {
        match self.entries.get_mut(&key) {
            None => {
                self.entries.insert(key.clone(), Entry { place: Place::Ready, failures: 0 });
                self.ready.push_back(key);
            }
            Some(entry) => match entry.place {
                Place::Worked { .. } => entry.place = Place::Worked { again: true },
                Place::Waiting(due) if entry.failures == 0 => {
                    entry.place = Place::Ready;
                    self.waiting.remove(&(due, key.clone()));
                    self.ready.push_back(key);
                }
                Place::Ready | Place::Waiting(_) => {}
            },
        }
    }

    /// To be done now, also if it waits after a failure.
    pub fn renew(&mut self, key: K) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.failures = 0;
        }
        self.add(key);
    }

    /// To be done then, unless it is to be done earlier anyway. One that is worked on is done again after that.
    pub fn add_at(&mut self, key: K, due: Duration) {
        if self.entries.contains_key(&key) {
            if let Some(Entry { place: place @ Place::Worked { .. }, .. }) = self.entries.get_mut(&key) {
                *place = Place::Worked { again: true };
            }
            return;
        }
        self.entries.insert(key.clone(), Entry { place: Place::Waiting(due), failures: 0 });
        self.waiting.insert((due, key));
    }

    /// The next key that is due.
    pub fn take(&mut self, now: Duration) -> Option<K> {
        while let Some((due, key)) = self.waiting.pop_first() {
            if due > now {
                self.waiting.insert((due, key));
                break;
            }
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.place = Place::Ready;
                self.ready.push_back(key);
            }
        }
        let key = self.ready.pop_front()?;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.place = Place::Worked { again: false };
        }
        Some(key)
    }

    /// Says how it went with a key that was taken; `jitter` moves its next try by up to a quarter.
    pub fn done(&mut self, key: &K, outcome: Outcome, now: Duration, jitter: u16) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let Place::Worked { again } = entry.place else { return };
        let due = match outcome {
            Outcome::Failed => {
                entry.failures = entry.failures.saturating_add(1);
                Some(now.saturating_add(wait(entry.failures, jitter)))
            }
            Outcome::Again(delay) if !again => Some(now.saturating_add(delay)),
            Outcome::Again(_) | Outcome::Done => None,
        };
        if outcome != Outcome::Failed {
            entry.failures = 0;
        }
        match due {
            Some(due) => {
                entry.place = Place::Waiting(due);
                self.waiting.insert((due, key.clone()));
            }
            None if again => {
                entry.place = Place::Ready;
                self.ready.push_back(key.clone());
            }
            None => {
                self.entries.remove(key);
            }
        }
    }

    /// When the first of those that wait is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// Is a key ready to be taken?
    #[must_use]
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many keys are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The wait after so many failures in a row.
fn wait(failures: u32, jitter: u16) -> Duration {
    let capped = doubled(WAITS, failures);
    capped.saturating_sub(capped / 4 * u32::from(jitter) / u32::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_key_stands_once_and_is_worked_on_by_one_at_a_time() {
        let mut schedule = Schedule::default();
        schedule.add("a");
        schedule.add("a");
        assert_eq!(schedule.take(at(0)), Some("a"));
        schedule.add("a");
        assert_eq!(schedule.take(at(0)), None);
        schedule.done(&"a", Outcome::Done, at(0), 0);
        assert_eq!(schedule.take(at(0)), Some("a"));
        schedule.done(&"a", Outcome::Done, at(0), 0);
        assert_eq!(schedule.len(), 0);
    }

    #[test]
    fn what_is_for_later_waits_unless_it_is_wanted_at_once() {
        let mut schedule = Schedule::default();
        schedule.add_at("a", at(100));
        schedule.add_at("b", at(100));
        schedule.add_at("a", at(500));
        assert_eq!((schedule.take(at(99)), schedule.next_due()), (None, Some(at(100))));
        schedule.add("b");
        assert_eq!(schedule.take(at(0)), Some("b"));
        schedule.add_at("b", at(300));
        assert_eq!(schedule.take(at(100)), Some("a"), "a later word does not put it off");
        schedule.done(&"b", Outcome::Done, at(100), 0);
        assert_eq!(schedule.take(at(100)), Some("b"), "it was named while it was worked on");
    }

    #[test]
    fn what_waits_after_a_failure_is_done_at_once_when_it_is_another_thing() {
        let mut schedule = Schedule::default();
        schedule.add("a");
        assert_eq!(schedule.take(at(0)), Some("a"));
        schedule.done(&"a", Outcome::Failed, at(0), 0);
        schedule.add("a");
        assert_eq!(schedule.take(at(1)), None, "it goes on waiting");
        schedule.renew("a");
        assert_eq!(schedule.take(at(1)), Some("a"));
        schedule.done(&"a", Outcome::Failed, at(1), 0);
        assert_eq!(schedule.next_due(), Some(at(1) + wait(1, 0)), "its failures are counted anew");
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_a_bound() {
        let mut schedule = Schedule::default();
        schedule.add("a");
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..14 {
            assert_eq!(schedule.take(now), Some("a"));
            schedule.done(&"a", Outcome::Failed, now, 0);
            // An event does not shorten it.
            schedule.add("a");
            let due = schedule.next_due().unwrap();
            waits.push(due - now);
            assert_eq!(schedule.take(due - at(1)), None);
            now = due;
        }
        assert_eq!(waits[..3], [at(200), at(400), at(800)]);
        assert_eq!(waits[13], LONGEST_WAIT);
        assert_eq!(wait(20, u16::MAX), LONGEST_WAIT * 3 / 4);
    }

    #[test]
    fn success_forgets_failures() {
        let mut schedule = Schedule::default();
        schedule.add("a");
        schedule.take(at(0));
        schedule.done(&"a", Outcome::Failed, at(0), 0);
        assert_eq!(schedule.take(at(200)), Some("a"));
        schedule.done(&"a", Outcome::Again(at(50)), at(200), 0);
        schedule.add("a");
        assert_eq!(schedule.take(at(201)), Some("a"), "an event comes before the appointed time");
    }

    #[test]
    fn nobody_waits_for_one_that_fails() {
        let mut schedule = Schedule::default();
        schedule.add("bad");
        schedule.add("good");
        assert_eq!(schedule.take(at(0)), Some("bad"));
        schedule.done(&"bad", Outcome::Failed, at(0), 0);
        assert_eq!(schedule.take(at(0)), Some("good"));
    }
}
