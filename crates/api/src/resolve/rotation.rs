//! Rotation rules of policies: the schedule must be one, must come, and must leave room for the overlap.

use super::fault::{At, Faults};
use crate::v1alpha1::SecretRotation;
use nauthera_core::spec::{RotationRule, Schedule};
use nauthera_core::time::{Seconds, UnixTime};

/// The overlap that holds where no policy states one.
const DEFAULT_OVERLAP: Seconds = Seconds::hours(24);
const MIN_OVERLAP: Seconds = Seconds::minutes(10);
/// How many times of a schedule are looked at for its shortest interval: enough for each weekday and month to come.
const LOOKED_AT: usize = 64;
/// Where the looking begins: any fixed time does, so that the verdict never depends on the clock.
const START: UnixTime = UnixTime(1_704_067_200);

/// Reads a rotation rule.
pub(crate) fn rotation(faults: &mut Faults, at: &At<'_>, written: &SecretRotation) -> RotationRule {
    let enabled = written.enabled.unwrap_or(false);
    let schedule =
        written.schedule.as_ref().and_then(|text| faults.take(&at.field("schedule"), Schedule::parse(text)));
    let overlap = faults.seconds(&at.field("overlap"), written.overlap.as_ref());
    let max_age = faults.lifetime(&at.field("maxAge"), written.max_age.as_ref());
    if enabled && written.schedule.is_none() && written.max_age.is_none() {
        faults.add(
            at,
            "rotation needs to know when; write a schedule such as \"0 3 * * 0\", or a maxAge such as 90d",
        );
    }
    if overlap.is_some_and(|overlap| overlap < MIN_OVERLAP) {
        faults.add(
            &at.field("overlap"),
            "the overlap is too short for applications to take over the new secret; write at least 10m",
        );
    }
    let interval = schedule.as_ref().and_then(|schedule| {
        let interval = shortest_interval(schedule);
        if interval.is_none() {
            faults.add(
                &at.field("schedule"),
                format!("`{}` never comes; choose a day that exists", schedule.as_str()),
            );
        }
        interval
    });
    // A rule that does not count is judged by what it states alone.
    let (stated, held) = match overlap {
        Some(overlap) => (true, Some(overlap)),
        None => (false, enabled.then_some(DEFAULT_OVERLAP)),
    };
    for (name, limit) in [("maxAge", max_age), ("the schedule's shortest interval", interval)] {
        let (Some(overlap), Some(limit)) = (held, limit) else { continue };
        if overlap >= limit {
            let default = if stated { "" } else { " (the default)" };
            let place = if stated { at.field("overlap") } else { *at };
            let message = format!(
                "the overlap of {overlap}{default} is not shorter than {name}, {limit}; write a shorter overlap"
            );
            faults.add(&place, message);
        }
    }
    RotationRule { enabled, schedule, overlap, max_age }
}

/// The shortest time between two times of a schedule; `None` when it never comes.
fn shortest_interval(schedule: &Schedule) -> Option<Seconds> {
    let first = schedule.next_after(START)?;
    let mut last = first;
    let mut shortest = Seconds::MAX;
    for _ in 0..LOOKED_AT {
        let Some(next) = schedule.next_after(last) else { break };
        shortest = shortest.min(next.since(last));
        last = next;
    }
    Some(shortest)
}
