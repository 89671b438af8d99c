//! Secrets that somebody deletes or edits: another one is made, and the one before counts for the overlap.

use super::*;

#[test]
fn a_revocation_does_not_wait_for_the_pace_of_losses() {
    let mut life = Life::new();
    // One who takes each secret away at once, until it is waited.
    while !matches!(life.ask(), Step::WaitUntil(_)) {
        if life.step() == "secret" {
            life.found = Found::Ours { holds: Some(digest(99)), fence: None };
        }
    }
    life.revoke = Some("leaked");
    assert!(!matches!(life.ask(), Step::WaitUntil(_)));
}

#[test]
fn a_secret_that_was_deleted_or_edited_is_made_again_and_the_one_before_counts_for_the_overlap() {
    for lost in [None, Some(digest(99))] {
        let mut life = Life::settled();
        life.found = lost.map_or(Found::Absent, |holds| Found::Ours { holds: Some(holds), fence: None });
        assert_eq!(life.run(), ["make", "record", "secret", "record", "done"]);
        assert_eq!(life.counts(), [(1, Some(24)), (2, None)]);
    }
}

#[test]
fn an_old_secret_that_is_put_back_counts_until_another_is_there() {
    let mut life = Life::settled();
    life.rotate = Some("a");
    life.run();
    (life.found, life.live) = (Found::Ours { holds: Some(digest(1)), fence: None }, false);
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    assert_eq!(life.counts(), [(1, Some(24)), (2, None), (3, None)]);
    life.live = true;
    life.run();
    assert_eq!(life.counts(), [(1, Some(24)), (2, Some(24)), (3, None)]);
}

#[test]
fn a_secret_that_is_lost_again_and_again_is_made_more_and_more_slowly() {
    let mut life = Life::settled();
    for _ in 0..3 {
        life.found = Found::Absent;
        assert_eq!(life.run().last(), Some(&"done"));
    }
    let mut waits = Vec::new();
    for _ in 0..9 {
        life.found = Found::Absent;
        let Step::WaitUntil(until) = life.ask() else { panic!("made at once") };
        waits.push(until.0 - life.now);
        life.now = until.0;
        assert_eq!(life.run().last(), Some(&"done"));
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    life.now += HOUR;
    life.found = Found::Absent;
    assert_eq!(life.run().last(), Some(&"done"));
    assert_eq!(life.record().rebuilds.count, 1);
}

#[test]
fn a_secret_that_is_lost_before_the_record_says_that_it_was_written_is_not_put_back() {
    for lost in [Found::Absent, Found::Ours { holds: Some(digest(99)), fence: None }] {
        let mut life = Life::settled();
        life.rotate = Some("a");
        while life.step() != "secret" {}
        life.found = lost;
        assert_eq!(life.run(), ["make", "record", "secret", "record", "done"]);
        // Whoever read it meanwhile has an overlap.
        assert_eq!(life.counts(), [(1, Some(24)), (2, Some(24)), (3, None)]);
        assert_eq!(life.record().rebuilds.count, 1);
    }
}

#[test]
fn one_who_takes_each_secret_away_at_once_is_answered_more_and_more_slowly() {
    let mut life = Life::new();
    let (mut written, mut waits) = (0, Vec::new());
    while waits.len() < 4 {
        if life.step() == "secret" {
            written += 1;
            life.found = Found::Ours { holds: Some(digest(99)), fence: None };
        }
        if let Step::WaitUntil(until) = life.ask() {
            waits.push((written, until.0 - life.now));
            life.now = until.0;
        }
    }
    assert_eq!(waits, [(4, 10), (5, 20), (6, 40), (7, 80)]);
}
