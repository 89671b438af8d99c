//! Durations as manifests write them, points in time, and the two things a clock can be asked.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A duration in whole seconds, written `90s`, `15m`, `24h` or `30d`: one number, one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(u32);

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a whole number and one of s, m, h, d, such as 90s, 15m, 24h or 30d")]
pub struct BadDuration(pub String);

impl Seconds {
    /// The longest duration that can be written: 36,500 days.
    pub const MAX: Self = Self(36_500 * 86_400);

    /// That many seconds.
    #[must_use]
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// That many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    /// That many hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3_600)
    }

    /// That many days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Reads `90s`, `15m`, `24h`, `30d`.
    ///
    /// # Errors
    /// [`BadDuration`] for anything else, and for more than 36,500 days.
    pub fn parse(text: &str) -> Result<Self, BadDuration> {
        let bad = || BadDuration(text.chars().take(40).collect());
        let unit = text.chars().next_back().ok_or_else(bad)?;
        let digits = text.strip_suffix(unit).ok_or_else(bad)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(bad()),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u32 = digits.parse().map_err(|_| bad())?;
        number.checked_mul(factor).map(Self).filter(|s| *s <= Self::MAX).ok_or_else(bad)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0;
        match s {
            0 => f.write_str("0s"),
            _ if s.is_multiple_of(86_400) && s > 86_400 => write!(f, "{}d", s / 86_400),
            _ if s.is_multiple_of(3_600) => write!(f, "{}h", s / 3_600),
            _ if s.is_multiple_of(60) => write!(f, "{}m", s / 60),
            _ => write!(f, "{s}s"),
        }
    }
}

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl From<Seconds> for Duration {
    fn from(s: Seconds) -> Self {
        Self::from_secs(u64::from(s.0))
    }
}

/// A point in time in whole seconds since 1970 (`NumericDate` of RFC 7519).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// This point moved later by a duration; saturates at the end of time.
    #[must_use]
    pub const fn plus(self, duration: Seconds) -> Self {
        Self(self.0.saturating_add(duration.get() as i64))
    }

    /// This point moved earlier by a duration.
    #[must_use]
    pub const fn minus(self, duration: Seconds) -> Self {
        Self(self.0.saturating_sub(duration.get() as i64))
    }

    /// Whole seconds from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        let seconds = self.0.saturating_sub(earlier.0).max(0);
        Seconds(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(timestamp) => fmt::Display::fmt(&timestamp, f),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// A point in time in microseconds since 1970, where seconds are too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub i64);

impl Micros {
    /// So long after the beginning of 1970; saturates at the end of time.
    #[must_use]
    pub fn since_1970(since: Duration) -> Self {
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// This point moved later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::since_1970(duration).0))
    }
}

impl From<UnixTime> for Micros {
    fn from(time: UnixTime) -> Self {
        Self(time.0.saturating_mul(1_000_000))
    }
}

/// Where time comes from. Implemented once with the machine's clock (in the binary) and once by hand in tests.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> UnixTime;
    /// The wall clock as exactly as it is known: in whole seconds, where nothing else is said.
    fn precise(&self) -> Micros {
        self.now().into()
    }
    /// A clock that never goes backwards, from an arbitrary start: for measuring how long something took.
    fn monotonic(&self) -> Duration;
}

/// Where randomness comes from. Fills the buffer with bytes fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills all of `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// 32 bytes fit for a key, a token or an identifier.
#[must_use]
pub fn random_256(entropy: &dyn Entropy) -> [u8; 32] {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_the_same() {
        for text in ["90s", "15m", "24h", "30d", "1h", "0s", "7d"] {
            assert_eq!(Seconds::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Seconds::parse("60s").unwrap().to_string(), "1m");
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in
            ["15x", "", "m", "15", "1h30m", "-5m", "+5m", "1.5h", " 5m", "99999999999s", "36501d", "5µ"]
        {
            assert!(Seconds::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_moves_and_saturates() {
        assert_eq!(UnixTime(10).plus(Seconds::minutes(1)), UnixTime(70));
        assert_eq!(UnixTime(10).since(UnixTime(70)), Seconds::new(0));
        assert_eq!(UnixTime(i64::MAX).plus(Seconds::days(1)), UnixTime(i64::MAX));
    }
}
