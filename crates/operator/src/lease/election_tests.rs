//! Contenders over one lease in memory, with delays between their reading and their writing, in many random orders.

use super::election::{Election, Move, Seen, Timing};
use std::time::Duration;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The API server's side: a write counts only with the version that is there.
#[derive(Default)]
struct Server {
    lease: Option<Seen>,
    version: u64,
}

impl Server {
    fn write(&mut self, me: &str, expected: Option<&str>) -> bool {
        let there = self.lease.as_ref().map(|seen| seen.resource_version.as_str());
        if there != expected {
            return false;
        }
        self.version += 1;
        self.lease =
            Some(Seen { resource_version: self.version.to_string(), holder: me.into(), lasts: Some(s(10)) });
        true
    }

    fn carry_out(&mut self, who: &mut Election, step: &Move, sent: Duration) {
        let done = match step {
            Move::Create => self.write(who.me(), None),
            Move::Replace { resource_version, .. } => self.write(who.me(), Some(resource_version)),
            Move::Wait => return,
        };
        if done { who.won(sent) } else { who.refused() }
    }

    fn round(&mut self, who: &mut Election, now: Duration) {
        let step = who.judge(self.lease.clone(), now);
        self.carry_out(who, &step, now);
    }
}

fn candidate(name: &str) -> Election {
    Election::new(name.into(), Timing::default())
}

#[test]
fn the_first_leads_and_the_other_waits() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(0));
    server.round(&mut b, s(0));
    assert!(a.leads(s(1)) && !b.leads(s(1)));
}

#[test]
fn of_two_that_take_it_at_once_one_is_refused() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    let (one, other) = (a.judge(None, s(0)), b.judge(None, s(0)));
    server.carry_out(&mut a, &one, s(0));
    server.carry_out(&mut b, &other, s(0));
    assert!(a.leads(s(1)) && !b.leads(s(1)));
}

#[test]
fn one_that_was_killed_is_followed_after_the_lease_and_not_before() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(0));
    for now in 0..10 {
        server.round(&mut b, s(now));
        assert!(!b.leads(s(now)), "at {now} s");
    }
    server.round(&mut b, s(10));
    assert!(b.leads(s(10)));
}

#[test]
fn one_that_releases_is_followed_at_once() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(0));
    server.round(&mut b, s(1));
    a.release();
    let version = server.lease.as_ref().unwrap().resource_version.clone();
    assert!(server.write("", Some(&version)));
    server.round(&mut b, s(2));
    assert!(b.leads(s(2)) && !a.leads(s(2)));
}

#[test]
fn one_that_was_stopped_past_its_lease_knows_it_at_once_and_does_not_take_it_back() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(0));
    server.round(&mut b, s(1));
    server.round(&mut b, s(11));
    assert!(!a.leads(s(12)), "its own clock says so, before anything is read");
    server.round(&mut a, s(12));
    assert!(!a.leads(s(12)) && b.leads(s(12)));
}

#[test]
fn a_renewal_that_was_under_way_when_it_was_stopped_is_refused() {
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(0));
    server.round(&mut b, s(1));
    let late = a.judge(server.lease.clone(), s(5));
    server.round(&mut b, s(11));
    server.carry_out(&mut a, &late, s(5));
    assert!(!a.leads(s(20)) && b.leads(s(12)));
    assert_eq!(server.lease.unwrap().holder, "b");
}

#[test]
fn a_clock_that_is_wrong_changes_nothing() {
    // Only changes of the lease and the own clock count: both candidates may call the time what they like.
    let (mut server, mut a, mut b) = (Server::default(), candidate("a"), candidate("b"));
    server.round(&mut a, s(1_000_000));
    server.round(&mut b, s(3));
    server.round(&mut a, s(1_000_005));
    server.round(&mut b, s(8));
    server.round(&mut b, s(17));
    assert!(!b.leads(s(17)), "it saw a renewal 9 s ago");
}

/// In any order of reads, writes and stops never two lead, where nobody is asked later than its own clock allows.
#[test]
fn never_two_lead_at_once() {
    let mut seed = 1_u64;
    let mut random = move |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut terms = 0;
    for _ in 0..300 {
        let mut server = Server::default();
        let mut all = [candidate("a"), candidate("b"), candidate("c")];
        let mut pending: [Option<(Move, Duration)>; 3] = [None, None, None];
        let mut stopped = [0_u64; 3];
        let mut leader = None;
        for tick in 0..600_u64 {
            let now = Duration::from_millis(tick * 200);
            for n in 0..3 {
                if stopped[n] > tick {
                    continue;
                }
                // Between reading and writing any time may pass, also longer than a lease.
                match pending[n].take() {
                    Some((step, sent)) if random(3) > 0 => server.carry_out(&mut all[n], &step, sent),
                    Some(step) => pending[n] = Some(step),
                    None if random(4) == 0 => {
                        let step = all[n].judge(server.lease.clone(), now);
                        pending[n] = Some((step, now));
                    }
                    None => {}
                }
                if random(150) == 0 {
                    stopped[n] = tick + random(100);
                }
            }
            let leading: Vec<usize> = (0..3).filter(|n| all[*n].leads(now)).collect();
            assert!(leading.len() <= 1, "{leading:?} at {now:?}");
            if leading.first().is_some_and(|first| leader != Some(*first)) {
                leader = leading.first().copied();
                terms += 1;
            }
        }
    }
    assert!(terms > 600, "leaders change: {terms}");
}
