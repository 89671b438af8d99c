//! How often something may be done: decisions alone, from a state and a time to a state and a verdict. Where states are kept, and
//! who shares them, is `nauthera-store`'s; what is limited, and how much, is the server's.
//!
//! Both kinds of limit keep one number, the *level*: a time that each counted attempt moves on by one step and that the clock
//! catches up with (the theoretical arrival time of GCRA). How far it lies ahead says how much was done lately; once it
//! is past, nothing is remembered.

mod key;
#[cfg(test)]
mod tests;

pub use key::{Key, network};

use crate::time::Micros;
use std::time::Duration;

fn micros(duration: Duration) -> i64 {
    Micros::since_1970(duration).0
}

/// A limit: its name in metrics and audit, and how it counts.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is called, `words_and_underscores`.
    pub name: &'static str,
    /// How it counts.
    pub kind: Kind,
}

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Some attempts are free; each one more makes the next wait longer, up to a bound. For guesses.
    Growing {
        /// Attempts without a wait.
        free: u32,
        /// The wait after the first attempt beyond; it doubles with each further one.
        first: Duration,
        /// The longest wait.
        longest: Duration,
        /// One attempt is forgotten each time that this passes.
        forget: Duration,
    },
    /// One attempt in each interval, and a number of them at once after a rest (GCRA). For requests.
    Steady {
        /// Attempts at once.
        burst: u32,
        /// One more is allowed each time that this passes.
        every: Duration,
    },
}

/// A rule in whole microseconds, as every backend calculates with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// How far one attempt moves the level, at least 1.
    pub step: i64,
    /// The furthest that the level lies ahead: counting on would only make forgetting slower.
    pub most: i64,
    /// The longest wait.
    pub longest: i64,
    /// Up to how far the level may lie ahead without a wait.
    pub free: i64,
    /// The first wait of a growing limit, which doubles; 0 for a steady one, whose wait is what the level lies ahead of `free`.
    pub first: i64,
}

impl Numbers {
    /// The wait that follows when the level lies so far ahead.
    #[must_use]
    pub fn wait(&self, ahead: i64) -> i64 {
        let beyond = ahead.saturating_sub(self.free);
        if beyond <= 0 {
            0
        } else if self.first == 0 {
            beyond.min(self.longest)
        } else {
            let doublings = (ceiling(beyond, self.step) - 1).min(30);
            self.first.saturating_mul(1 << doublings).min(self.longest)
        }
    }
}

/// `a / b`, rounded up, of positive numbers.
const fn ceiling(a: i64, b: i64) -> i64 {
    a / b + (a % b > 0) as i64
}

impl Rule {
    /// A limit with growing delays, from one second to one minute.
    #[must_use]
    pub const fn growing(name: &'static str, free: u32, forget: Duration) -> Self {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { name, kind: Kind::Growing { free, first, longest, forget } }
    }

    /// A limit on a rate.
    #[must_use]
    pub const fn steady(name: &'static str, burst: u32, every: Duration) -> Self {
        Self { name, kind: Kind::Steady { burst, every } }
    }

    /// The rule in numbers.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        match self.kind {
            Kind::Growing { free, first, longest, forget } => {
                let step = micros(forget).max(1);
                let free = step.saturating_mul(i64::from(free));
                let (first, longest) = (micros(first).max(1), micros(longest).max(1));
                let numbers = Numbers { step, most: 0, longest, free, first };
                let capped = |n: &i64| numbers.wait(free.saturating_add(step.saturating_mul(*n))) >= longest;
                let beyond = (1..32).find(capped).unwrap_or(32);
                Numbers { most: free.saturating_add(step.saturating_mul(beyond)), ..numbers }
            }
            Kind::Steady { burst, every } => {
                let step = micros(every).max(1);
                let burst = i64::from(burst.max(1));
                let free = step.saturating_mul(burst - 1);
                Numbers { step, most: step.saturating_mul(burst), longest: step, free, first: 0 }
            }
        }
    }

    /// Judges an attempt, and counts it when it is admitted: also one at the same moment as others counts before it is known how
    /// it ends.
    #[must_use]
    pub fn admit(&self, state: State, now: Micros) -> (State, Verdict) {
        let numbers = self.numbers();
        let now = now.0;
        if state.until > now {
            // A clock that went back, or another replica's that is ahead, makes no wait longer than the longest.
            let until = state.until.min(now.saturating_add(numbers.longest));
            let level = state.level.min(now.saturating_add(numbers.most));
            let held = State { level, until, before: state.before.min(until) };
            return (held, Verdict::Refused(Wait { micros: until - now }));
        }
        let level = state.level.max(now).saturating_add(numbers.step).min(now.saturating_add(numbers.most));
        let until = now.saturating_add(numbers.wait(level - now));
        (State { level, until, before: state.until }, Verdict::Admitted)
    }

    /// An admitted attempt failed: the wait begins now.
    #[must_use]
    pub fn failed(&self, state: State, now: Micros) -> State {
        let numbers = self.numbers();
        let now = now.0;
        let level = state.level.min(now.saturating_add(numbers.most));
        let until = state.until.max(now.saturating_add(numbers.wait(level - now)));
        let until = until.min(now.saturating_add(numbers.longest));
        State { level, until, before: until }
    }

    /// An admitted attempt came to nothing, neither failure nor success: all is as before it.
    #[must_use]
    pub fn undone(&self, state: State) -> State {
        let level = state.level.saturating_sub(self.numbers().step);
        State { level, until: state.before, before: state.before }
    }
}

/// What is remembered of one subject of one limit. Times are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    /// The level: what was done is forgotten then.
    pub level: i64,
    /// No attempt before then.
    pub until: i64,
    /// What `until` was before the latest attempt was admitted.
    pub before: i64,
}

impl State {
    /// Nothing was done.
    pub const FRESH: Self = Self { level: 0, until: 0, before: 0 };

    /// Is it as good as fresh?
    #[must_use]
    pub const fn is_forgotten(&self, now: Micros) -> bool {
        self.level <= now.0 && self.until <= now.0
    }

    /// When it will be as good as fresh.
    #[must_use]
    pub fn forgotten_at(&self) -> Micros {
        Micros(self.level.max(self.until))
    }
}

/// May it be done?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and is counted.
    Admitted,
    /// Not yet; it is not counted.
    Refused(Wait),
}

/// How long until the next attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// In microseconds, above zero.
    pub micros: i64,
}

impl Wait {
    /// In whole seconds, rounded up, at least one: what `Retry-After` says.
    #[must_use]
    pub fn seconds(self) -> u64 {
        u64::try_from(ceiling(self.micros.max(1), 1_000_000)).unwrap_or(1)
    }
}
