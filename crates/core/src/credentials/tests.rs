//! The life of a secret, step by step.

mod lost;

use super::*;
use crate::names::{ClientId, ObjectRef};
use crate::shards::Placement;
use crate::spec::{Rotation, Schedule};
use crate::time::{Seconds, UnixTime};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A client, its Secret, its record and who acts for it.
struct Life {
    names: (ObjectRef, ObjectRef, ClientId),
    owner: &'static str,
    need: Need,
    found: Found,
    held: Option<KeyedDigest>,
    put: Option<KeyedDigest>,
    live: bool,
    rotation: Option<Rotation>,
    rotate: Option<&'static str>,
    revoke: Option<&'static str>,
    now: i64,
    record: Option<Record>,
    made: u8,
}

fn digest(n: u8) -> KeyedDigest {
    KeyedDigest([n; 32])
}

impl Life {
    fn new() -> Self {
        let client = ObjectRef::new("shop", "web");
        let id = ClientId::default_of(&client);
        Self {
            names: (client, ObjectRef::new("identity", "main"), id),
            owner: "uid-1",
            need: Need::Made,
            found: Found::Absent,
            held: None,
            put: None,
            live: true,
            rotation: None,
            rotate: None,
            revoke: None,
            now: 1_000 * DAY,
            record: None,
            made: 0,
        }
    }

    /// With a secret that its application has.
    fn settled() -> Self {
        let mut life = Self::new();
        life.run();
        life
    }

    fn ask(&self) -> Step {
        let (client, server, client_id) = &self.names;
        let facts = Facts {
            client,
            owner: self.owner,
            server,
            client_id,
            need: self.need,
            found: self.found,
            held: self.held,
            put: self.put,
            live: self.live,
            rotation: self.rotation.as_ref(),
            rotate: self.rotate,
            revoke: self.revoke,
            now: UnixTime(self.now),
        };
        next(self.record.as_ref(), &facts)
    }

    /// Takes the next step, and names it.
    fn step(&mut self) -> &'static str {
        match self.ask() {
            Step::MakeSecret => {
                self.made += 1;
                self.held = Some(digest(self.made));
                "make"
            }
            Step::WriteRecord(record) => {
                assert!(record.secrets.len() <= MOST_LIVE);
                self.record = Some(*record);
                "record"
            }
            Step::WriteSecret(digest) => {
                assert_eq!(self.held.take(), Some(digest));
                self.put = Some(digest);
                self.found = Found::Ours { holds: Some(digest), fence: None };
                "secret"
            }
            Step::Fence(mark) => {
                self.found = Found::Ours { holds: self.found.holds(), fence: Some(mark) };
                "fence"
            }
            Step::Adopt => {
                self.found = Found::Ours { holds: self.found.holds(), fence: None };
                "adopt"
            }
            Step::WaitUntilLive => "wait until live",
            Step::WaitUntil(_) => "wait",
            Step::Conflict => "conflict",
            Step::Missing => "missing",
            Step::Done { .. } => "done",
        }
    }

    /// Takes steps until there is nothing to do, or to wait for.
    fn run(&mut self) -> Vec<&'static str> {
        let mut steps = Vec::new();
        loop {
            steps.push(self.step());
            assert!(steps.len() < 20, "{steps:?}");
            if !matches!(steps.last(), Some(&("make" | "record" | "secret" | "fence" | "adopt"))) {
                return steps;
            }
        }
    }

    fn record(&self) -> &Record {
        self.record.as_ref().unwrap()
    }

    /// Which digests count, each with the hours until it ends.
    fn counts(&self) -> Vec<(u8, Option<i64>)> {
        let secrets = self.record().secrets.iter();
        let hours = |end: UnixTime| (end.0 - self.now) / HOUR;
        secrets.map(|secret| (secret.digest[0], secret.not_after.map(hours))).collect()
    }
}

#[test]
fn a_new_client_reads_a_secret_only_when_it_is_live() {
    let mut life = Life { live: false, ..Life::new() };
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    assert_eq!((life.found, life.counts()), (Found::Absent, vec![(1, None)]));
    life.live = true;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.record().current, Some(digest(1)));
    assert_eq!(life.ask(), Step::Done { next: None });
}

#[test]
fn a_rotation_keeps_the_old_secret_for_the_overlap_from_when_the_secret_was_written() {
    let mut life = Life::settled();
    (life.rotate, life.live) = (Some("please"), false);
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    assert_eq!(life.counts(), [(1, None), (2, None)]);
    (life.live, life.now) = (true, life.now + HOUR);
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(1, Some(24)), (2, None)]);
    // The same value asks for nothing more, and the old one is taken out when it has ended.
    let end = UnixTime(life.now + DAY);
    assert_eq!(life.ask(), Step::Done { next: Some(end) });
    life.now = end.0;
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.counts(), [(2, None)]);
    life.rotate = None;
    assert_eq!(life.run(), ["done"]);
    life.rotate = Some("please");
    assert_eq!(life.run(), ["done"]);
    life.rotate = Some("once more");
    assert_eq!(life.run().last(), Some(&"done"));
    assert_eq!(life.record().current, Some(digest(3)));
}

#[test]
fn a_revocation_ends_all_others_as_soon_as_the_secret_has_the_new_one() {
    let mut life = Life::settled();
    life.rotate = Some("a");
    life.run();
    assert_eq!(life.counts().len(), 2);
    (life.revoke, life.live) = (Some("leaked"), false);
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    life.live = true;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(3, None)]);
}

#[test]
fn a_revocation_does_not_wait_for_ever_for_a_replica_that_does_not_answer() {
    let mut life = Life::settled();
    (life.revoke, life.live) = (Some("leaked"), false);
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    life.now += 59;
    assert_eq!(life.run(), ["wait until live"]);
    life.now += 1;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(2, None)]);
}

#[test]
fn a_revocation_that_is_asked_for_during_a_rotation_is_served_by_it() {
    let mut life = Life::settled();
    (life.rotate, life.live) = (Some("a"), false);
    life.run();
    life.revoke = Some("leaked");
    assert_eq!(life.run(), ["record", "wait until live"]);
    life.live = true;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(2, None)]);
}

#[test]
fn whoever_takes_over_makes_another_secret_and_both_count_until_the_secret_has_one() {
    let mut life = Life::settled();
    (life.rotate, life.live) = (Some("a"), false);
    life.run();
    life.held = None;
    assert_eq!(life.run(), ["make", "record", "wait until live"]);
    assert_eq!(life.counts(), [(1, None), (2, None), (3, None)]);
    // The first one was not dead, and wrote late.
    let mut late = Life {
        found: Found::Ours { holds: Some(digest(2)), fence: None },
        record: life.record.clone(),
        ..Life::new()
    };
    late.rotate = Some("a");
    assert_eq!(late.run(), ["record", "done"]);
    assert_eq!(late.counts(), [(1, Some(24)), (2, None), (3, Some(24))]);
    life.live = true;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(1, Some(24)), (2, Some(24)), (3, None)]);
}

#[test]
fn an_attempt_gives_way_only_when_nobody_can_put_it_into_the_secret_any_more() {
    let mut life = Life::settled();
    (life.rotate, life.live) = (Some("a"), false);
    life.run();
    life.held = None;
    life.run();
    life.held = None;
    assert_eq!(life.run(), ["make", "fence", "record", "wait until live"]);
    assert_eq!(life.counts(), [(1, None), (3, None), (4, None)]);
    life.live = true;
    assert_eq!(life.run(), ["secret", "record", "done"]);
    assert_eq!(life.counts(), [(1, Some(24)), (3, Some(24)), (4, None)]);
}

#[test]
fn a_crash_after_the_secret_was_written_is_made_up_for() {
    let mut life = Life::settled();
    life.rotate = Some("a");
    while life.step() != "secret" {}
    (life.held, life.live) = (None, false);
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.counts(), [(1, Some(24)), (2, None)]);
}

#[test]
fn a_secret_of_another_owner_is_never_touched() {
    let mut life = Life { found: Found::Foreign, ..Life::new() };
    assert_eq!(life.run(), ["conflict"]);
    life.found = Found::Ownerless { holds: Some(digest(9)), says_all: false };
    assert_eq!(life.run(), ["conflict"]);
    let mut life = Life::settled();
    life.found = Found::Ownerless { holds: None, says_all: false };
    assert_eq!(life.run(), ["conflict"]);
}

#[test]
fn a_restored_secret_is_taken_over_by_the_object_that_was_restored_beside_its_record() {
    let mut life = Life::settled();
    life.found = Found::Ownerless { holds: Some(digest(1)), says_all: false };
    assert_eq!(life.run(), ["adopt", "done"]);
    life.found = Found::Ownerless { holds: Some(digest(1)), says_all: false };
    life.owner = "uid-in-another-cluster";
    assert_eq!(life.run(), ["record", "adopt", "done"]);
    assert_eq!(life.counts(), [(1, None)]);
    assert_eq!(&*life.record().owner, "uid-in-another-cluster");
}

#[test]
fn a_restored_secret_without_a_secret_is_told_by_all_that_it_says() {
    let found = |holds, says_all| Found::Ownerless { holds, says_all };
    for (need, steps) in [
        (Need::Nothing, ["adopt", "record", "done"]),
        (Need::Brought(Some(digest(7))), ["adopt", "record", "done"]),
    ] {
        let mut life = Life { need, found: found(None, true), ..Life::new() };
        assert_eq!(life.run(), steps);
        for other in [found(None, false), found(Some(digest(7)), true)] {
            let mut life = Life { need, found: other, ..Life::new() };
            assert_eq!(life.run(), ["conflict"]);
        }
    }
    let mut life = Life { found: found(None, true), ..Life::settled() };
    assert_eq!(life.run(), ["conflict"], "a client whose secret we make is known by that alone");
}

#[test]
fn an_object_made_again_under_its_old_name_inherits_nothing() {
    let mut life = Life::settled();
    (life.found, life.owner) = (Found::Absent, "uid-2");
    assert_eq!(life.run(), ["make", "record", "secret", "record", "done"]);
    assert_eq!(life.counts(), [(2, None)]);
    // Nor does one that moves to another server, or asks for another id.
    life.names.1 = ObjectRef::new("identity", "other");
    life.run();
    assert_eq!(life.counts(), [(3, None)]);
}

#[test]
fn a_client_without_a_secret_holds_its_id() {
    let mut life = Life { need: Need::Nothing, ..Life::new() };
    assert_eq!(life.run(), ["record", "done"]);
    assert!(life.record().secrets.is_empty());
    let mut life = Life::settled();
    life.need = Need::Nothing;
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.record().fact().secrets, []);
}

#[test]
fn a_brought_secret_that_changes_is_a_rotation() {
    let mut life = Life { need: Need::Brought(None), ..Life::new() };
    assert_eq!(life.run(), ["missing"]);
    assert_eq!(life.record, None);
    life.need = Need::Brought(Some(digest(50)));
    assert_eq!(life.run(), ["record", "done"]);
    life.need = Need::Brought(Some(digest(51)));
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.counts(), [(50, Some(24)), (51, None)]);
    // What is asked of its schedule is its owner's, and a revocation ends the old one.
    life.rotate = Some("a");
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.counts().len(), 2);
    life.need = Need::Brought(None);
    assert_eq!(life.run(), ["missing"]);
    life.need = Need::Brought(Some(digest(51)));
    life.revoke = Some("leaked");
    assert_eq!(life.run(), ["record", "done"]);
    assert_eq!(life.counts(), [(51, None)]);
    // One that no longer brings its own gets one, and that is no loss.
    life.need = Need::Made;
    assert_eq!(life.run(), ["make", "record", "secret", "record", "done"]);
    assert_eq!(life.counts(), [(51, Some(24)), (1, None)]);
    assert_eq!(life.record().rebuilds, Rebuilds::default());
}

fn rotation(schedules: &[&str], max_age: Option<Seconds>) -> Rotation {
    let schedules = schedules.iter().map(|text| Schedule::parse(text).unwrap()).collect();
    Rotation { schedules, overlap: Seconds::hours(2), max_age }
}

#[test]
fn rotations_are_spread_over_the_hour_and_always_the_same_for_one_client() {
    let nightly = rotation(&["0 3 * * *"], None);
    let midnight = UnixTime(20_000 * DAY);
    let at = |n: u32| {
        next_rotation(&nightly, &ObjectRef::new("shop", format!("app-{n}")), midnight).unwrap().0 - midnight.0
    };
    let times: Vec<i64> = (0..1_000).map(at).collect();
    assert!(times.iter().all(|time| (3 * HOUR..4 * HOUR).contains(time)));
    let quarters = |quarter: i64| times.iter().filter(|time| (**time - 3 * HOUR) / 900 == quarter).count();
    assert!((0..4).all(|quarter| (180..320).contains(&quarters(quarter))));
    assert_eq!(at(7), at(7));
}

#[test]
fn the_earliest_of_schedules_and_age_counts() {
    let client = ObjectRef::new("shop", "web");
    let start = UnixTime(20_000 * DAY);
    let days = |rotation: &Rotation| (next_rotation(rotation, &client, start).unwrap().0 - start.0) / DAY;
    let monthly = "0 3 1 * *";
    assert!(days(&rotation(&[monthly], None)) > 1);
    assert_eq!(days(&rotation(&[monthly, "0 3 * * *"], None)), 0);
    // With its overlap a secret has ended before it is too old.
    let aged = rotation(&[], Some(Seconds::days(2)));
    let due = next_rotation(&aged, &client, start).unwrap();
    assert!(due.plus(Seconds::hours(2)).0 <= start.0 + 2 * DAY && due.0 > start.0 + 2 * DAY - 4 * HOUR);
    assert_eq!(next_rotation(&rotation(&[], None), &client, start), None);
    // Every quarter of an hour: spread over half of one.
    let often = next_rotation(&rotation(&["*/15 * * * *"], None), &client, start).unwrap().0 - start.0;
    assert!((900..900 + 450).contains(&often), "{often}");
}

#[test]
fn a_secret_is_replaced_when_it_is_due() {
    let mut life = Life { rotation: Some(rotation(&["0 3 * * *"], None)), ..Life::new() };
    life.run();
    let Step::Done { next: Some(due) } = life.ask() else { panic!("not done") };
    life.now = due.0 - 1;
    assert_eq!(life.run(), ["done"]);
    life.now = due.0;
    assert_eq!(life.run(), ["make", "record", "secret", "record", "done"]);
    assert_eq!(life.counts(), [(1, Some(2)), (2, None)]);
}

#[test]
fn records_are_read_as_they_were_written_and_nothing_else_is() {
    let mut life = Life { rotate: Some("a"), live: false, ..Life::settled() };
    life.run();
    let mut shard = RecordShard::default();
    shard.records.insert(life.names.0.clone(), life.record().clone());
    let bytes = shard.to_bytes().unwrap();
    assert_eq!(RecordShard::from_bytes(&bytes).unwrap(), shard);
    let text = String::from_utf8(bytes).unwrap();
    let odd = text.replacen(r#""owner":"#, r#""onlyOnMondays":true,"owner":"#, 1);
    assert!(matches!(RecordShard::from_bytes(odd.as_bytes()), Err(BadRecords::Shape(_))));
    let newer = text.replacen(r#""format":1"#, r#""format":2"#, 1);
    assert!(matches!(RecordShard::from_bytes(newer.as_bytes()), Err(BadRecords::Format(2))));
    let nameless = text.replacen("shop/web", "shop", 1);
    assert!(matches!(RecordShard::from_bytes(nameless.as_bytes()), Err(BadRecords::Name(_))));
    assert!(RecordShard::from_bytes(b"{}").is_err());
}

#[test]
fn buckets_have_names_of_their_own() {
    let placement = Placement::new(&[3; 32]);
    let names: std::collections::BTreeSet<String> = Bucket::all().map(|bucket| bucket.to_string()).collect();
    assert_eq!(names.len(), 64);
    let used: std::collections::BTreeSet<Bucket> =
        (0..2_000).map(|n| Bucket::of(&placement, &ObjectRef::new("shop", format!("app-{n}")))).collect();
    assert_eq!(used.len(), 64);
    assert!(Bucket::all().all(|bucket| Bucket::parse(&bucket.to_string()) == Some(bucket)));
    for odd in ["", "40", "0", "+1", "3F", "000"] {
        assert_eq!(Bucket::parse(odd), None, "{odd}");
    }
}
