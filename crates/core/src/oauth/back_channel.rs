//! Back-channel logout (OIDC Back-Channel Logout 1.0): what a client's answer to a logout token means, and when it is told again. The
//! clients of a session and the queue of what they are still to be told are the store's; telling them is `nauthera-server`'s.

use crate::facts::LogoutDelivery;
use crate::time::{Seconds, UnixTime};

/// How long a logout token may be presented: each try has one of its own (§2.4 recommends two minutes at most).
pub const LOGOUT_TOKEN_TTL: Seconds = Seconds::minutes(2);
/// A client that did not take it in so long after the session's end is not told any more.
pub const TOLD_WITHIN: Seconds = Seconds::hours(24);
/// The event that a logout token stands for, the one member of its `events` (§2.4).
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The longest wait between two tries.
const LONGEST_WAIT: u32 = 300;

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The client answered with this status.
    Status(u16),
    /// No answer: no connection, none in time, or none that is HTTP.
    Nothing,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client was told.
    Told,
    /// The client says that the token is no good, or that it could not log the person out (§2.8): the same would be said again.
    Refused,
    /// It is told again after this time.
    Again(Seconds),
    /// It is not told any more.
    GivenUp,
}

/// Judges one try. Only 200 and 204 mean that the client logged the person out, and only 400 that it will not (§2.8); anything
/// else may pass. `jitter` is a random byte: it makes a wait up to half as long again, so that what failed together is not tried
/// together.
#[must_use]
pub fn judge(heard: Heard, delivery: &LogoutDelivery, now: UnixTime, jitter: u8) -> Verdict {
    match heard {
        Heard::Status(200 | 204) => return Verdict::Told,
        Heard::Status(400) => return Verdict::Refused,
        Heard::Status(_) | Heard::Nothing => {}
    }
    let wait = wait(delivery.attempts, jitter);
    if is_late(delivery, now.plus(wait)) { Verdict::GivenUp } else { Verdict::Again(wait) }
}

/// Is it too late to tell the client?
#[must_use]
pub fn is_late(delivery: &LogoutDelivery, now: UnixTime) -> bool {
    now >= delivery.ended_at.plus(TOLD_WITHIN)
}

/// One second after the first try, twice as long after each, five minutes at most; and the jitter.
fn wait(attempts: u32, jitter: u8) -> Seconds {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (1_u32 << doublings).min(LONGEST_WAIT);
    Seconds::new(wait + wait * u32::from(jitter) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Subject;
    use crate::names::ClientId;

    fn tried(attempts: u32) -> LogoutDelivery {
        LogoutDelivery {
            client_id: ClientId::parse("shop.web").unwrap(),
            subject: Subject("ada".into()),
            sid: "sid".into(),
            ended_at: UnixTime(1_000),
            attempts,
        }
    }

    fn again(attempts: u32, jitter: u8) -> u32 {
        match judge(Heard::Nothing, &tried(attempts), UnixTime(1_000), jitter) {
            Verdict::Again(wait) => wait.get(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_answers_mean_yes_one_means_no_and_all_others_may_pass() {
        let judged = |heard| judge(heard, &tried(1), UnixTime(1_000), 0);
        assert_eq!([200, 204].map(|status| judged(Heard::Status(status))), [Verdict::Told; 2]);
        assert_eq!(judged(Heard::Status(400)), Verdict::Refused);
        for status in [201, 202, 301, 303, 307, 401, 403, 404, 405, 410, 429, 500, 501, 502, 503] {
            assert_eq!(judged(Heard::Status(status)), Verdict::Again(Seconds::new(1)), "{status}");
        }
        assert_eq!(judged(Heard::Nothing), Verdict::Again(Seconds::new(1)));
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits: Vec<u32> = (1..=11).map(|attempts| again(attempts, 0)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(again(u32::MAX, 0), 300);
    }

    #[test]
    fn jitter_makes_a_wait_half_as_long_again_at_most() {
        assert_eq!((again(4, 255), again(10, 255)), (11, 449));
        assert!((0..=255).all(|jitter| (300..450).contains(&again(10, jitter))));
    }

    #[test]
    fn a_client_is_told_for_a_day() {
        let end = UnixTime(1_000).plus(TOLD_WITHIN);
        let at = |now| judge(Heard::Status(503), &tried(20), now, 0);
        assert_eq!(at(end.minus(Seconds::new(301))), Verdict::Again(Seconds::new(300)));
        assert_eq!(at(end.minus(Seconds::new(300))), Verdict::GivenUp);
        assert_eq!(judge(Heard::Status(200), &tried(20), end, 0), Verdict::Told);
    }
}
