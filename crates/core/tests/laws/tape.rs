//! A tape of numbers from which a generator draws its choices. Zero is always the plainest choice and an exhausted tape gives
//! zeros, so a shorter or smaller tape is a plainer inventory, and proptest shrinks a failure by shrinking the tape.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, RngSeed};

/// A position on a tape.
pub struct Tape {
    numbers: Vec<u16>,
    at: usize,
}

impl Tape {
    pub const fn new(numbers: Vec<u16>) -> Self {
        Self { numbers, at: 0 }
    }

    fn next(&mut self) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(number)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.next() % end
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.next() % times == times - 1
    }

    /// One of these; the first is the plainest.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// A value once in so many times.
    pub fn maybe<T>(&mut self, times: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.once_in(times) { Some(make(self)) } else { None }
    }

    /// Some of these, each as likely as not, in their order.
    pub fn some_of<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mask = self.next();
        items.iter().enumerate().filter(|(n, _)| mask & (1 << n) != 0).map(|(_, item)| item.clone()).collect()
    }

    /// Most of these: each is left out once in four times.
    pub fn most_of<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let (a, b) = (self.next(), self.next());
        items
            .iter()
            .enumerate()
            .filter(|(n, _)| a & b & (1 << n) == 0)
            .map(|(_, item)| item.clone())
            .collect()
    }
}

/// Values that are drawn from a tape.
pub fn drawn<T: std::fmt::Debug>(draw: fn(&mut Tape) -> T) -> impl Strategy<Value = T> {
    prop::collection::vec(any::<u16>(), 200..600).prop_map(move |numbers| draw(&mut Tape::new(numbers)))
}

/// So many cases, the same ones each time, unless the environment asks for others.
pub fn repeatable(cases: u32) -> ProptestConfig {
    let rng_algorithm = RngAlgorithm::XorShift;
    let mut config = ProptestConfig { failure_persistence: None, rng_algorithm, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_260);
    }
    config
}
