//! What every place that keeps limits must do, for the tests of each: count exactly as core does, and as one for all who ask.

use super::{Answer, Ask, Ending, LimitStore, Memory, is_refused};
use async_trait::async_trait;
use nauthera_core::limits::{Key, Rule, State, Verdict};
use nauthera_core::time::Micros;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(crate) const GUESSES: Rule = Rule::growing("guesses", 3, Duration::from_secs(300));
pub(crate) const PLACES: Rule = Rule::growing("places", 50, Duration::from_secs(30));
pub(crate) const REQUESTS: Rule = Rule::steady("requests", 5, Duration::from_secs(10));

pub(crate) const NOW: Micros = Micros(1_750_000_000_000_000);

/// A subject that no other test has.
pub(crate) fn fresh(rule: &'static Rule) -> Ask {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let subject = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ask { rule, key: Key::of(&[7; 32], rule.name, &[&subject]) }
}

/// Is an attempt admitted under all of these?
pub(crate) async fn admitted(store: &dyn LimitStore, asked: &[Ask], now: Micros) -> bool {
    !store.admit(asked, now).await.unwrap().iter().any(is_refused)
}

#[async_trait]
impl LimitStore for Memory {
    async fn admit(&self, asked: &[Ask], now: Micros) -> crate::Result<Vec<Answer>> {
        Ok(Self::admit(self, asked, now))
    }

    async fn settle(&self, ended: &[(Ask, Ending)], now: Micros) -> crate::Result<()> {
        Self::settle(self, ended, now);
        Ok(())
    }
}

/// An answer without what does not matter: times that are past are all alike.
fn plain(answer: &Answer, now: Micros) -> (State, Verdict) {
    let ahead = |time: i64| if time > now.0 { time } else { 0 };
    let State { level, until, before } = answer.state;
    (State { level: ahead(level), until: ahead(until), before: ahead(before) }, answer.verdict)
}

/// Any sequence of attempts and endings goes as it goes by core alone, a clock that steps back included.
pub(crate) fn counts_as_core_does(
    store: &dyn LimitStore,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), String> {
    let ending = prop_oneof![
        3 => Just(None),
        3 => Just(Some(Ending::Failed)),
        2 => Just(Some(Ending::Undone)),
        1 => Just(Some(Ending::Cleared)),
    ];
    let pause = prop_oneof![
        4 => Just(0_i64),
        4 => 0..4_000_000_i64,
        2 => 0..400_000_000_i64,
        1 => -400_000_000..0_i64,
    ];
    let rule = prop_oneof![Just(&GUESSES), Just(&PLACES), Just(&REQUESTS)];
    let steps = (rule, prop::collection::vec((ending, pause), 1..60));
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps, |(rule, steps)| {
        let (ask, mut state, mut now) = (fresh(rule), State::FRESH, NOW);
        for (ending, pause) in steps {
            now = Micros(now.0 + pause);
            let (next, verdict) = rule.admit(state, now);
            state = next;
            let told = runtime.block_on(store.admit(&[ask], now)).map_err(|e| fail(&e))?;
            prop_assert_eq!(told.len(), 1);
            prop_assert_eq!(plain(&told[0], now), plain(&Answer { state, verdict }, now));
            let Some(ending) = ending.filter(|_| verdict == Verdict::Admitted) else { continue };
            state = match ending {
                Ending::Failed => rule.failed(state, now),
                Ending::Undone => rule.undone(state),
                Ending::Cleared => State::FRESH,
            };
            runtime.block_on(store.settle(&[(ask, ending)], now)).map_err(|e| fail(&e))?;
            if state.is_forgotten(now) {
                // Whether what is over is still there is each backend's own matter.
                return Ok(());
            }
        }
        Ok(())
    });
    outcome.map_err(|error| error.to_string())
}

fn fail(error: &crate::StoreError) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// Limits of one attempt are counted together or not at all.
pub(crate) async fn counts_all_or_none(store: &dyn LimitStore) {
    let (person, place) = (fresh(&GUESSES), fresh(&PLACES));
    let mut count = 0;
    while admitted(store, &[person, place], NOW).await {
        count += 1;
    }
    assert_eq!(count, 4);
    for _ in 0..100 {
        assert!(!admitted(store, &[person, place], NOW).await);
    }
    let mut others = 0;
    while admitted(store, &[fresh(&GUESSES), place], NOW).await {
        others += 1;
    }
    assert_eq!(others, 51 - count, "refusals were not counted for the place");
}

/// Attempts at once, through several doors, are admitted no more often than one after the other.
pub(crate) async fn counts_as_one(doors: Vec<Arc<dyn LimitStore>>) {
    let (person, place) = (fresh(&GUESSES), fresh(&PLACES));
    let attempts = (0..200).map(|n| {
        let door = doors[n % doors.len()].clone();
        tokio::spawn(async move { admitted(&*door, &[person, place], NOW).await })
    });
    let outcomes = futures::future::join_all(attempts.collect::<Vec<_>>()).await;
    let count = outcomes.into_iter().filter(|admitted| *admitted.as_ref().unwrap()).count();
    assert_eq!(count, 4);
}

#[test]
fn memory_counts_as_core_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    counts_as_core_does(&Memory::default(), &runtime).unwrap();
}

#[tokio::test]
async fn memory_counts_all_or_none() {
    counts_all_or_none(&Memory::default()).await;
}
