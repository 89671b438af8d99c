//! The life of signing keys: pending (published, not yet used), signing, retired (published until the longest token it signed
//! has ended), gone. What is due is worked out from times alone; the caller makes keys and stores them.

use crate::grant::SigningAlgorithm;
use crate::spec::SigningSettings;
use crate::time::{Seconds, UnixTime};
use serde::{Deserialize, Serialize};

/// The times of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyTimes {
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// Signs from then on, unless a later key does.
    pub active_from: UnixTime,
    /// Signs no more from then on, since a later key took over; `None` until that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<UnixTime>,
    /// The longest token that it may have signed.
    pub longest_token: Seconds,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Make a key that signs from then on.
    pub make: Option<KeyTimes>,
    /// Indexes of keys that are retired now, with the time.
    pub retire: Vec<(usize, UnixTime)>,
    /// Indexes of keys that can go: nothing that they signed is alive.
    pub remove: Vec<usize>,
}

/// The key that signs now: the latest that is active.
#[must_use]
pub fn signing(keys: &[KeyTimes], now: UnixTime) -> Option<usize> {
    let active =
        keys.iter().enumerate().filter(|(_, key)| key.active_from <= now && key.retired_at.is_none());
    active.max_by_key(|(index, key)| (key.active_from, *index)).map(|(index, _)| index)
}

/// Is the key still to be published? Longest sessions decide how long a hint signed by it counts.
#[must_use]
pub fn is_published(key: &KeyTimes, now: UnixTime, margin: Seconds) -> bool {
    key.retired_at.is_none_or(|at| now < at.plus(key.longest_token).plus(margin))
}

/// The shortest time that a key is published before it signs, whatever the settings say: replicas look at the keys every few
/// seconds, and none may sign with one that another does not publish yet.
const LEAST_PUBLISHED: Seconds = Seconds::minutes(1);

/// Works out what is due. `kept_beyond` is how long a retired key stays known after the last token it signed has ended: the longest session,
/// since `id_token_hint`s are taken that long.
#[must_use]
pub fn due(keys: &[KeyTimes], settings: &SigningSettings, now: UnixTime, kept_beyond: Seconds) -> Due {
    let mut due = Due::default();
    let current = signing(keys, now);
    for (index, key) in keys.iter().enumerate() {
        let overtaken = key.retired_at.is_none() && key.active_from <= now && Some(index) != current;
        if overtaken {
            let by = current.and_then(|c| keys.get(c)).map_or(now, |key| key.active_from);
            due.retire.push((index, by.max(key.active_from)));
        }
        if !is_published(key, now, kept_beyond) {
            due.remove.push(index);
        }
    }
    due.make = next_key(keys, current, settings, now);
    due
}

fn next_key(
    keys: &[KeyTimes],
    current: Option<usize>,
    settings: &SigningSettings,
    now: UnixTime,
) -> Option<KeyTimes> {
    let make = |active_from| KeyTimes {
        algorithm: settings.algorithm,
        active_from,
        retired_at: None,
        longest_token: Seconds::default(),
    };
    let Some(current) = current.and_then(|index| keys.get(index)) else {
        // Nothing signs: a first start, or all keys lost. There is nothing to announce to anyone first.
        return Some(make(now));
    };
    let pre_publish = settings.pre_publish.max(LEAST_PUBLISHED);
    let coming = keys.iter().any(|key| key.active_from > now && key.algorithm == settings.algorithm);
    if coming {
        return None;
    }
    if current.algorithm != settings.algorithm {
        return Some(make(now.plus(pre_publish)));
    }
    let hand_over = current.active_from.plus(settings.rotation_interval);
    (hand_over.minus(pre_publish) <= now).then(|| make(hand_over.max(now.plus(pre_publish))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn settings() -> SigningSettings {
        SigningSettings::default()
    }

    fn key(active_from: i64) -> KeyTimes {
        KeyTimes {
            algorithm: SigningAlgorithm::Rs256,
            active_from: UnixTime(active_from),
            retired_at: None,
            longest_token: Seconds::hours(1),
        }
    }

    #[test]
    fn a_first_start_makes_a_key_that_signs_at_once() {
        let due = due(&[], &settings(), UnixTime(100), Seconds::hours(12));
        assert_eq!(due.make.unwrap().active_from, UnixTime(100));
    }

    #[test]
    fn the_next_key_is_published_before_its_first_use() {
        let keys = [key(0)];
        assert_eq!(due(&keys, &settings(), UnixTime(29 * DAY - 1), Seconds::hours(12)).make, None);
        let made = due(&keys, &settings(), UnixTime(29 * DAY), Seconds::hours(12)).make.unwrap();
        assert_eq!(made.active_from, UnixTime(30 * DAY));
        assert_eq!(
            due(&[keys[0], made], &settings(), UnixTime(29 * DAY + 5), Seconds::hours(12)),
            Due::default()
        );
    }

    #[test]
    fn a_server_that_slept_still_announces_first() {
        let made = due(&[key(0)], &settings(), UnixTime(45 * DAY), Seconds::hours(12)).make.unwrap();
        assert_eq!(made.active_from, UnixTime(46 * DAY));
    }

    #[test]
    fn an_overtaken_key_retires_and_goes_when_what_it_signed_has_ended() {
        let mut keys = [key(0), key(30 * DAY)];
        let now = UnixTime(30 * DAY);
        assert_eq!(signing(&keys, UnixTime(30 * DAY - 1)), Some(0));
        assert_eq!(signing(&keys, now), Some(1));
        assert_eq!(due(&keys, &settings(), now, Seconds::hours(12)).retire, [(0, now)]);
        keys[0].retired_at = Some(now);
        let gone = now.plus(Seconds::hours(13));
        assert!(due(&keys, &settings(), gone.minus(Seconds::new(1)), Seconds::hours(12)).remove.is_empty());
        assert_eq!(due(&keys, &settings(), gone, Seconds::hours(12)).remove, [0]);
    }

    #[test]
    fn a_key_is_published_for_a_minute_at_least() {
        let hasty = SigningSettings { pre_publish: Seconds::new(1), ..settings() };
        let made = due(&[key(0)], &hasty, UnixTime(30 * DAY - 60), Seconds::hours(12)).make.unwrap();
        assert_eq!(made.active_from, UnixTime(30 * DAY));
        let es256 = SigningSettings { algorithm: SigningAlgorithm::Es256, ..hasty };
        let made = due(&[key(0)], &es256, UnixTime(DAY), Seconds::hours(12)).make.unwrap();
        assert_eq!(made.active_from, UnixTime(DAY + 60));
    }

    #[test]
    fn another_algorithm_is_announced_before_it_signs() {
        let es256 = SigningSettings { algorithm: SigningAlgorithm::Es256, ..settings() };
        let made = due(&[key(0)], &es256, UnixTime(DAY), Seconds::hours(12)).make.unwrap();
        assert_eq!((made.algorithm, made.active_from), (SigningAlgorithm::Es256, UnixTime(2 * DAY)));
    }
}
