//! What limits hold, by example and for any sequence of steps at any times.

use super::{Rule, State, Verdict, Wait};
use crate::time::Micros;
use proptest::prelude::*;
use std::time::Duration;

const GROWING: Rule = Rule::growing("guesses", 3, Duration::from_secs(300));
const SLOW_TO_FORGET: Rule = Rule::growing("guesses", 3, Duration::from_secs(1_000_000));
const STEADY: Rule = Rule::steady("requests", 5, Duration::from_millis(200));

const NOW: Micros = Micros(1_750_000_000_000_000);

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One subject of a limit, and what happened to it.
struct Subject {
    rule: &'static Rule,
    state: State,
}

impl Subject {
    const fn of(rule: &'static Rule) -> Self {
        Self { rule, state: State::FRESH }
    }

    /// Tries; the seconds to wait where that is too soon.
    fn tries(&mut self, now: Micros) -> Result<(), u64> {
        let (state, verdict) = self.rule.admit(self.state, now);
        self.state = state;
        match verdict {
            Verdict::Admitted => Ok(()),
            Verdict::Refused(wait) => Err(wait.seconds()),
        }
    }

    fn fails(&mut self, now: Micros) {
        self.tries(now).unwrap();
        self.state = self.rule.failed(self.state, now);
    }

    /// Fails so often, each time as soon as it may; when the last one was.
    fn fails_times(&mut self, times: usize, mut now: Micros) -> Micros {
        for _ in 0..times {
            now = now.plus(s(self.wait(now)));
            self.fails(now);
        }
        now
    }

    /// The seconds to wait; nothing is counted.
    fn wait(&self, now: Micros) -> u64 {
        match self.rule.admit(self.state, now).1 {
            Verdict::Admitted => 0,
            Verdict::Refused(wait) => wait.seconds(),
        }
    }
}

#[test]
fn the_first_failures_are_free() {
    let mut subject = Subject::of(&GROWING);
    for _ in 0..3 {
        subject.fails(NOW);
    }
    assert_eq!(subject.wait(NOW), 0);
}

#[test]
fn waits_double_up_to_a_minute_and_no_further() {
    let mut subject = Subject::of(&SLOW_TO_FORGET);
    let mut now = subject.fails_times(3, NOW);
    let waits: Vec<u64> = (0..10)
        .map(|_| {
            now = subject.fails_times(1, now);
            subject.wait(now)
        })
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
}

#[test]
fn an_attempt_too_soon_is_refused_and_not_counted() {
    let mut subject = Subject::of(&GROWING);
    let now = subject.fails_times(4, NOW);
    for _ in 0..50 {
        assert_eq!(subject.tries(now), Err(1));
    }
    assert_eq!(subject.tries(now.plus(s(1))), Ok(()));
    assert_eq!(subject.wait(now.plus(s(1))), 2);
}

#[test]
fn there_is_never_a_lock_for_good() {
    let mut subject = Subject::of(&SLOW_TO_FORGET);
    let now = subject.fails_times(1_000, NOW);
    assert_eq!(subject.tries(now.plus(s(60))), Ok(()));
}

#[test]
fn attempts_at_the_same_moment_are_no_way_around() {
    let mut subject = Subject::of(&GROWING);
    let admitted = (0..100).filter(|_| subject.tries(NOW).is_ok()).count();
    assert_eq!(admitted, 4, "the free ones and the first that makes others wait");
}

#[test]
fn the_wait_begins_when_the_attempt_failed() {
    let mut subject = Subject::of(&GROWING);
    subject.fails_times(3, NOW);
    subject.tries(NOW).unwrap();
    let later = NOW.plus(s(5));
    subject.state = GROWING.failed(subject.state, later);
    assert_eq!(subject.wait(later), 1);
}

#[test]
fn what_came_to_nothing_does_not_count() {
    let mut subject = Subject::of(&GROWING);
    subject.fails_times(3, NOW);
    for _ in 0..100 {
        subject.tries(NOW).unwrap();
        subject.state = GROWING.undone(subject.state);
    }
    assert_eq!(subject.tries(NOW), Ok(()));
}

#[test]
fn what_came_to_nothing_alone_leaves_nothing() {
    let mut subject = Subject::of(&GROWING);
    subject.tries(NOW).unwrap();
    subject.state = GROWING.undone(subject.state);
    assert!(subject.state.is_forgotten(NOW));
}

#[test]
fn what_came_to_nothing_takes_its_wait_along() {
    let mut subject = Subject::of(&GROWING);
    let now = subject.fails_times(12, NOW).plus(s(60));
    for _ in 0..100 {
        subject.tries(now).unwrap();
        subject.state = GROWING.undone(subject.state);
    }
    subject.fails(now);
    assert_eq!(subject.wait(now), 60, "and no failure with it");
}

#[test]
fn failures_are_forgotten_one_by_one() {
    let mut subject = Subject::of(&GROWING);
    let now = subject.fails_times(6, NOW);
    assert_eq!(subject.wait(now), 4);
    // Two of six forgotten: the next is the fifth, with a wait of two seconds.
    let later = now.plus(s(600));
    subject.fails(later);
    assert_eq!(subject.wait(later), 2);
    let much_later = now.plus(s(100_000));
    for _ in 0..3 {
        subject.fails(much_later);
    }
    assert_eq!(subject.wait(much_later), 0);
    assert!(subject.state.is_forgotten(subject.state.forgotten_at()));
}

#[test]
fn a_steady_limit_takes_a_burst_and_then_its_rate() {
    let mut subject = Subject::of(&STEADY);
    assert_eq!((0..20).filter(|_| subject.tries(NOW).is_ok()).count(), 5);
    assert_eq!(subject.tries(NOW), Err(1), "told in whole seconds");
    let soon = NOW.plus(Duration::from_millis(200));
    assert_eq!(subject.tries(soon), Ok(()));
    assert_eq!(subject.tries(soon), Err(1));
    let rested = NOW.plus(s(60));
    assert_eq!((0..20).filter(|_| subject.tries(rested).is_ok()).count(), 5, "a rest is no credit beyond");
}

#[test]
fn a_wait_is_told_in_whole_seconds_that_are_enough() {
    for (micros, seconds) in [(1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (60_000_000, 60)] {
        assert_eq!(Wait { micros }.seconds(), seconds, "{micros}");
    }
}

/// What may happen to a subject.
#[derive(Debug, Clone, Copy)]
enum Step {
    Try,
    TryAndFail,
    TryAndUndo,
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let step = prop_oneof![Just(Step::Try), Just(Step::TryAndFail), Just(Step::TryAndUndo)];
    // Pauses of nothing, of moments and of minutes, in microseconds.
    let pause = prop_oneof![Just(0), 0..2_000_000_i64, 0..200_000_000_i64];
    prop::collection::vec((step, pause), 0..120)
}

fn rules() -> impl Strategy<Value = &'static Rule> {
    prop_oneof![Just(&GROWING), Just(&SLOW_TO_FORGET), Just(&STEADY)]
}

/// Goes through steps; the times of the attempts that were admitted and not undone, and how it stands.
fn run(rule: &'static Rule, steps: &[(Step, i64)], mut now: i64) -> (Vec<i64>, State, i64) {
    let (mut state, mut admitted) = (State::FRESH, Vec::new());
    for (step, pause) in steps {
        now += pause;
        let (next, verdict) = rule.admit(state, Micros(now));
        state = next;
        if verdict == Verdict::Admitted {
            match step {
                Step::Try => admitted.push(now),
                Step::TryAndFail => {
                    state = rule.failed(state, Micros(now));
                    admitted.push(now);
                }
                Step::TryAndUndo => state = rule.undone(state),
            }
        }
    }
    (admitted, state, now)
}

proptest! {
    #[test]
    fn a_steady_limit_admits_no_more_in_any_window(steps in steps()) {
        let steps: Vec<_> = steps.into_iter().map(|(_, pause)| (Step::Try, pause)).collect();
        let (admitted, ..) = run(&STEADY, &steps, NOW.0);
        let numbers = STEADY.numbers();
        for (first, from) in admitted.iter().enumerate() {
            for (last, to) in admitted.iter().enumerate().skip(first) {
                let count = i64::try_from(last - first + 1).unwrap();
                prop_assert!(count <= 5 + (to - from) / numbers.step, "{count} within {}", to - from);
            }
        }
    }

    #[test]
    fn guesses_are_few_in_any_window(steps in steps()) {
        let steps: Vec<_> = steps.into_iter().map(|(_, pause)| (Step::TryAndFail, pause)).collect();
        let (admitted, ..) = run(&GROWING, &steps, NOW.0);
        let numbers = GROWING.numbers();
        for (first, from) in admitted.iter().enumerate() {
            for (last, to) in admitted.iter().enumerate().skip(first) {
                let window = to - from;
                let most = numbers.most / numbers.step + window / numbers.step + window / numbers.longest;
                let count = i64::try_from(last - first + 1).unwrap();
                prop_assert!(count <= most + 1, "{count} within {window}");
            }
        }
    }

    #[test]
    fn whoever_waits_as_told_is_admitted_and_no_wait_is_beyond_the_longest(rule in rules(), steps in steps()) {
        let (_, state, now) = run(rule, &steps, NOW.0);
        let (state, verdict) = rule.admit(state, Micros(now));
        if let Verdict::Refused(wait) = verdict {
            prop_assert!(wait.micros <= rule.numbers().longest);
            prop_assert_eq!(rule.admit(state, Micros(now + wait.micros)).1, Verdict::Admitted);
        }
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody(rule in rules(), steps in steps(), back in 0..i64::MAX / 4) {
        let (_, state, now) = run(rule, &steps, NOW.0);
        let earlier = now - back;
        let (state, verdict) = rule.admit(state, Micros(earlier));
        if let Verdict::Refused(wait) = verdict {
            prop_assert!(wait.micros <= rule.numbers().longest);
            prop_assert_eq!(rule.admit(state, Micros(earlier + wait.micros)).1, Verdict::Admitted);
        }
        // And it is limited there as anywhere else.
        let (steps, mut admitted) = (rule.numbers().most / rule.numbers().step, 0);
        let mut state = state;
        for _ in 0..1_000 {
            let (next, verdict) = rule.admit(state, Micros(earlier));
            state = next;
            admitted += i64::from(verdict == Verdict::Admitted);
        }
        prop_assert!(admitted <= steps, "{admitted}");
    }

    #[test]
    fn refusals_change_nothing(rule in rules(), steps in steps(), times in 1..50) {
        let (_, state, now) = run(rule, &steps, NOW.0);
        if let (held, Verdict::Refused(_)) = rule.admit(state, Micros(now)) {
            prop_assert_eq!(held, state);
            for _ in 0..times {
                prop_assert_eq!(rule.admit(held, Micros(now)).0, held);
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_as_good_as_fresh(rule in rules(), steps in steps(), later in 0..1_000_000_i64) {
        let (_, state, now) = run(rule, &steps, NOW.0);
        let then = Micros(state.forgotten_at().0.max(now) + later);
        let forgotten = rule.admit(state, then);
        let fresh = rule.admit(State::FRESH, then);
        prop_assert_eq!((forgotten.0.level, forgotten.0.until, forgotten.1), (fresh.0.level, fresh.0.until, fresh.1));
    }
}
