//! How long is waited after failures in a row: twice as long each time, up to a bound.

use std::time::Duration;

/// The wait after so many failures: `first` after one, then doubled, never more than `longest`.
pub(crate) fn doubled((first, longest): (Duration, Duration), failures: u32) -> Duration {
    let times = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(times).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_up_to_the_longest() {
        let bounds = (Duration::from_millis(200), Duration::from_secs(90));
        let after = |failures| doubled(bounds, failures).as_millis();
        assert_eq!([0, 1, 2, 3].map(after), [200, 200, 400, 800]);
        assert_eq!([9, 10, 32, 33, u32::MAX].map(after), [51_200, 90_000, 90_000, 90_000, 90_000]);
    }
}
