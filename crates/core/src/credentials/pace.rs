//! When secrets are due: by schedule and by age, spread by a hash of the client so that a thousand of them are not due in one second;
//! and how fast a Secret that is lost again and again is made again.

use super::record::Rebuilds;
use crate::names::ObjectRef;
use crate::spec::{Rotation, Schedule};
use crate::time::{Seconds, UnixTime};
use sha2::{Digest, Sha256};

/// Rotations are spread over so long.
const SPREAD: i64 = 3_600;

/// So often a lost Secret is made again at once.
const AT_ONCE: u32 = 3;
/// Then it waits so long, and twice as long each time.
const FIRST_WAIT: Seconds = Seconds::new(10);
/// It never waits longer.
const LONGEST_WAIT: Seconds = Seconds::minutes(10);
/// A Secret that was not lost for so long was never lost.
const FORGOTTEN: Seconds = Seconds::hours(1);

/// When a secret that its Secret has since `written_at` is due to be replaced: at the first time of any of the schedules, or early
/// enough that it has ended, overlap included, when it reaches the greatest age.
#[must_use]
pub fn next_rotation(rotation: &Rotation, client: &ObjectRef, written_at: UnixTime) -> Option<UnixTime> {
    let scheduled = rotation.schedules.iter().filter_map(|schedule| scheduled(schedule, client, written_at));
    let aged = rotation.max_age.map(|age| aged(age, rotation.overlap, client, written_at));
    scheduled.chain(aged).min()
}

fn scheduled(schedule: &Schedule, client: &ObjectRef, after: UnixTime) -> Option<UnixTime> {
    let first = schedule.next_after(after)?;
    // A schedule of several times an hour is spread over half of what lies between two of them.
    let gap = schedule.next_after(first).map_or(i64::MAX, |second| second.0.saturating_sub(first.0));
    Some(UnixTime(first.0.saturating_add(spread(client, gap / 2))))
}

fn aged(age: Seconds, overlap: Seconds, client: &ObjectRef, written_at: UnixTime) -> UnixTime {
    // The overlap is shorter than the age (a rule of the schema); where it is not, half of the age is its use.
    let used = i64::from(age.get().saturating_sub(overlap.get()).max(age.get() / 2).max(1));
    UnixTime(written_at.0.saturating_add(used - spread(client, used / 4)))
}

/// A number of seconds below `limit`, an hour at most: always the same for one client.
fn spread(client: &ObjectRef, limit: i64) -> i64 {
    let digest = Sha256::digest(client.to_string());
    let number = digest.iter().take(4).fold(0, |number, byte| number << 8 | i64::from(*byte));
    number.checked_rem(limit.min(SPREAD)).unwrap_or_default()
}

impl Rebuilds {
    /// When a Secret that is lost now may be made again.
    pub(super) fn not_before(&self, now: UnixTime) -> UnixTime {
        if self.count < AT_ONCE || now.since(self.at) >= FORGOTTEN {
            return now;
        }
        let doubled = FIRST_WAIT.get().checked_shl((self.count - AT_ONCE).min(16));
        let wait = Seconds::new(doubled.unwrap_or(u32::MAX)).min(LONGEST_WAIT);
        self.at.plus(wait).max(now)
    }

    /// One more.
    pub(super) fn counted(self, now: UnixTime) -> Self {
        let before = if now.since(self.at) >= FORGOTTEN { 0 } else { self.count };
        Self { count: before.saturating_add(1), at: now }
    }
}
