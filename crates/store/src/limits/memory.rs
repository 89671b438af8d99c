//! Limits in the memory of one process: bounded, and whoever fills it with fresh subjects only drives out what is as fresh.

use super::{Answer, Ask, Ending};
use nauthera_core::limits::{Key, Rule, State, Verdict};
use nauthera_core::time::Micros;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts of the table, each under a lock of its own.
const SHARDS: usize = 16;
/// Subjects remembered at most, unless said otherwise: about 15 MB when it is full.
pub(super) const CAPACITY: usize = 200_000;
/// A subject's refusals are news once in so long, in microseconds.
const NEWS_EVERY: i64 = 60_000_000;

#[derive(Debug, Clone, Copy)]
struct Entry {
    rule: &'static Rule,
    state: State,
    /// When its refusals were news the last time.
    told: i64,
}

/// The table. Keys are keyed hashes, so nobody can aim at a part of it.
pub struct Memory {
    capacity: usize,
    shards: [Mutex<HashMap<Key, Entry>>; SHARDS],
}

type Shard<'a> = MutexGuard<'a, HashMap<Key, Entry>>;

impl Default for Memory {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Memory {
    /// Room for so many subjects.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard(&self, key: Key) -> Shard<'_> {
        let at = usize::from(key.0[0]) % SHARDS;
        let shard = self.shards.get(at).unwrap_or(&self.shards[0]);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, key: Key) -> State {
        self.shard(key).get(&key).map_or(State::FRESH, |entry| entry.state)
    }

    /// What each limit would say; nothing is counted.
    #[must_use]
    pub fn look(&self, asked: &[Ask], now: Micros) -> Vec<Answer> {
        let judge = |ask: &Ask| {
            let held = self.state(ask.key);
            match ask.rule.admit(held, now) {
                (_, Verdict::Admitted) => Answer { state: held, verdict: Verdict::Admitted },
                (state, verdict) => Answer { state, verdict },
            }
        };
        asked.iter().map(judge).collect()
    }

    /// As [`super::LimitStore::admit`].
    #[must_use]
    pub fn admit(&self, asked: &[Ask], now: Micros) -> Vec<Answer> {
        let looked = self.look(asked, now);
        if looked.iter().any(is_refused) {
            for (ask, answer) in asked.iter().zip(&looked).filter(|(_, answer)| is_refused(answer)) {
                self.put(ask, answer.state, now);
            }
            return looked;
        }
        let counted: Vec<Answer> = asked.iter().map(|ask| self.count(ask, now)).collect();
        if counted.iter().any(is_refused) {
            // Another was faster at one of them.
            let admitted = asked.iter().zip(&counted).filter(|(_, answer)| !is_refused(answer));
            let undone: Vec<_> = admitted.map(|(ask, _)| (*ask, Ending::Undone)).collect();
            self.settle(&undone, now);
        }
        counted
    }

    fn count(&self, ask: &Ask, now: Micros) -> Answer {
        let mut shard = self.shard(ask.key);
        let held = shard.get(&ask.key).map_or(State::FRESH, |entry| entry.state);
        let (state, verdict) = ask.rule.admit(held, now);
        self.keep(&mut shard, ask, state, now);
        Answer { state, verdict }
    }

    /// As [`super::LimitStore::settle`].
    pub fn settle(&self, ended: &[(Ask, Ending)], now: Micros) {
        for (ask, ending) in ended {
            let mut shard = self.shard(ask.key);
            let Some(entry) = shard.get_mut(&ask.key) else { continue };
            entry.state = match ending {
                Ending::Failed => ask.rule.failed(entry.state, now),
                Ending::Undone => ask.rule.undone(entry.state),
                Ending::Cleared => State::FRESH,
            };
            if entry.state.is_forgotten(now) {
                shard.remove(&ask.key);
            }
        }
    }

    /// Takes over how a subject stands elsewhere.
    pub(super) fn put(&self, ask: &Ask, state: State, now: Micros) {
        let mut shard = self.shard(ask.key);
        self.keep(&mut shard, ask, state, now);
    }

    fn keep(&self, shard: &mut Shard<'_>, ask: &Ask, state: State, now: Micros) {
        if let Some(entry) = shard.get_mut(&ask.key) {
            entry.state = state;
        } else if !state.is_forgotten(now) {
            self.make_room(shard, now);
            shard.insert(ask.key, Entry { rule: ask.rule, state, told: i64::MIN });
        }
    }

    /// Is it news that this subject is refused? Once a minute.
    pub(super) fn is_news(&self, key: Key, now: Micros) -> bool {
        let mut shard = self.shard(key);
        let Some(entry) = shard.get_mut(&key) else { return true };
        // A clock that went back makes news as well, rather than none for long.
        let news = now.0.saturating_sub(entry.told).unsigned_abs() >= NEWS_EVERY.unsigned_abs();
        if news {
            entry.told = now.0;
        }
        news
    }

    /// Subjects remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Is nothing remembered?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what has run out, then the coldest eighth: who may go on before who must wait, and who has done little before who
    /// has done much.
    fn make_room(&self, shard: &mut Shard<'_>, now: Micros) {
        let capacity = (self.capacity / SHARDS).max(1);
        if shard.len() < capacity {
            return;
        }
        shard.retain(|_, entry| !entry.state.is_forgotten(now));
        let room = (capacity / 8).max(1);
        let excess = (shard.len() + room).saturating_sub(capacity);
        if excess == 0 {
            return;
        }
        let mut by_heat: Vec<_> = shard.iter().map(|(key, entry)| (entry.heat(now), *key)).collect();
        let last = excess.min(by_heat.len()).saturating_sub(1);
        by_heat.select_nth_unstable(last);
        for (_, key) in by_heat.into_iter().take(excess) {
            shard.remove(&key);
        }
    }
}

impl Entry {
    /// Must it wait, how much of its limit is used up in thousandths, and until when.
    fn heat(&self, now: Micros) -> (bool, i64, i64) {
        let ahead = self.state.level.saturating_sub(now.0).max(0);
        let used = ahead / (self.rule.numbers().most / 1_000).max(1);
        (self.state.until > now.0, used, self.state.level)
    }
}

/// Does this limit refuse the attempt?
pub(crate) const fn is_refused(answer: &Answer) -> bool {
    matches!(answer.verdict, Verdict::Refused(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RULE: Rule = Rule::growing("guesses", 3, Duration::from_secs(300));
    const OTHER: Rule = Rule::growing("others", 50, Duration::from_secs(300));
    const NOW: Micros = Micros(1_750_000_000_000_000);

    fn ask(rule: &'static Rule, subject: u32) -> Ask {
        Ask { rule, key: Key::of(&[7; 32], rule.name, &[&subject.to_be_bytes()]) }
    }

    fn admitted(memory: &Memory, asked: &[Ask], now: Micros) -> bool {
        !memory.admit(asked, now).iter().any(is_refused)
    }

    fn fail(memory: &Memory, subject: u32, times: usize) {
        let ask = ask(&RULE, subject);
        for _ in 0..times {
            let count = memory.count(&ask, NOW);
            let (state, _) = RULE.admit(State { until: 0, ..count.state }, NOW);
            memory.put(&ask, state, NOW);
        }
    }

    #[test]
    fn subjects_are_apart() {
        let memory = Memory::default();
        fail(&memory, 1, 9);
        assert!(!admitted(&memory, &[ask(&RULE, 1)], NOW));
        assert!(admitted(&memory, &[ask(&RULE, 2)], NOW));
    }

    #[test]
    fn a_refusal_by_one_limit_counts_under_no_other() {
        let memory = Memory::default();
        let both = [ask(&RULE, 1), ask(&OTHER, 1)];
        while admitted(&memory, &both, NOW) {}
        let before = memory.state(both[1].key);
        assert!(!admitted(&memory, &both, NOW));
        assert_eq!(memory.state(both[1].key), before);
    }

    #[test]
    fn memory_is_bounded() {
        let memory = Memory::with_capacity(1_600);
        for subject in 0..20_000 {
            assert!(admitted(&memory, &[ask(&RULE, subject)], NOW));
        }
        assert!(memory.len() <= 1_600 && memory.len() > 800, "{}", memory.len());
    }

    #[test]
    fn filling_the_table_frees_nobody_who_must_wait() {
        let memory = Memory::with_capacity(1_600);
        (0..50).for_each(|subject| fail(&memory, subject, 9));
        let held = |subject| memory.state(ask(&RULE, subject).key);
        let before: Vec<State> = (0..50).map(held).collect();
        for subject in 1_000..50_000 {
            memory.count(&ask(&OTHER, subject), NOW);
            memory.count(&ask(&OTHER, subject), NOW);
        }
        assert_eq!((0..50).map(held).collect::<Vec<_>>(), before);
        assert!(memory.len() <= 1_600);
    }

    #[test]
    fn what_has_run_out_goes_before_anything_else() {
        let memory = Memory::with_capacity(1_600);
        for subject in 0..1_000 {
            memory.count(&ask(&RULE, subject), NOW);
        }
        let later = NOW.plus(Duration::from_secs(10_000));
        for subject in 10_000..10_700 {
            memory.count(&ask(&RULE, subject), later);
        }
        let kept = (10_000..10_700).filter(|subject| memory.state(ask(&RULE, *subject).key) != State::FRESH);
        assert_eq!(kept.count(), 700);
    }

    #[test]
    fn many_threads_admit_no_more_than_one() {
        let memory = Memory::default();
        let both = [ask(&RULE, 1), ask(&OTHER, 1)];
        let count: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..100).filter(|_| admitted(&memory, &both, NOW)).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(count, 4);
    }

    #[test]
    fn a_refusal_is_news_once_a_minute() {
        let memory = Memory::default();
        fail(&memory, 1, 9);
        let key = ask(&RULE, 1).key;
        let news = |seconds| memory.is_news(key, NOW.plus(Duration::from_secs(seconds)));
        assert_eq!([0, 1, 59, 60, 61, 120].map(news), [true, false, false, true, false, true]);
        assert!(news(0), "the clock went back");
    }
}
