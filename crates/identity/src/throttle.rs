//! Slowing down who guesses. Failures are counted by account and by address; after a few, each further attempt must wait
//! longer, up to a minute, and quiet time forgets them. Nothing is ever locked for good. Time comes in as an argument.

use nauthera_core::time::{Seconds, UnixTime};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Failures that cost nothing: people mistype.
const FREE_PER_ACCOUNT: u32 = 4;
/// An address may be that of a whole office.
const FREE_PER_ADDRESS: u32 = 20;
/// The longest wait.
const LONGEST_WAIT: u32 = 60;
/// Quiet time after which a failure is forgotten.
const FORGOTTEN_AFTER: Seconds = Seconds::minutes(15);
/// Entries that are kept.
const MOST: usize = 100_000;

/// How long to wait until the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds.
    pub seconds: u32,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    last: UnixTime,
}

impl Count {
    fn wait(self, free: u32, now: UnixTime) -> u32 {
        let beyond = self.failures.saturating_sub(free);
        if beyond == 0 {
            return 0;
        }
        let delay = 1_u32.checked_shl(beyond - 1).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        delay.saturating_sub(now.since(self.last).get())
    }

    fn is_forgotten(self, now: UnixTime) -> bool {
        now.since(self.last) >= FORGOTTEN_AFTER
    }
}

/// Counts of one kind of key, bounded.
#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, Count>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn wait(&self, key: &K, free: u32, now: UnixTime) -> u32 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(key).filter(|count| !count.is_forgotten(now)).map_or(0, |count| count.wait(free, now))
    }

    fn failed(&self, key: K, now: UnixTime) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST && !counts.contains_key(&key) {
            make_room(&mut counts, now);
        }
        let count = counts.entry(key).or_insert(Count { failures: 0, last: now });
        if count.is_forgotten(now) {
            count.failures = 0;
        }
        count.failures = count.failures.saturating_add(1);
        count.last = now;
    }

    fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Lets the forgotten go first, then those with the fewest failures: who fills the table with many keys of one failure each
/// does not push out a key that is being attacked.
fn make_room<K: Hash + Eq + Clone>(counts: &mut HashMap<K, Count>, now: UnixTime) {
    counts.retain(|_, count| !count.is_forgotten(now));
    if counts.len() < MOST {
        return;
    }
    let mut ranked: Vec<(u32, UnixTime, K)> =
        counts.iter().map(|(key, count)| (count.failures, count.last, key.clone())).collect();
    ranked.sort_unstable_by_key(|(failures, last, _)| (*failures, *last));
    for (_, _, key) in ranked.into_iter().take(MOST / 10) {
        counts.remove(&key);
    }
}

/// An address as it is counted: IPv6 by /64, which is what one customer has.
fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => {
                let [a, b, c, d, ..] = six.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
    }
}

fn allowed(seconds: u32) -> Result<(), Wait> {
    if seconds == 0 { Ok(()) } else { Err(Wait { seconds }) }
}

/// Failed logins, by account and by address.
#[derive(Debug, Default)]
pub struct LoginThrottle {
    accounts: Counts<String>,
    addresses: Counts<IpAddr>,
}

impl LoginThrottle {
    /// May this account be tried from this address now?
    ///
    /// # Errors
    /// [`Wait`]: not before so many seconds.
    pub fn check(&self, account: &str, address: IpAddr, now: UnixTime) -> Result<(), Wait> {
        let account = self.accounts.wait(&account.to_owned(), FREE_PER_ACCOUNT, now);
        allowed(account.max(self.addresses.wait(&counted(address), FREE_PER_ADDRESS, now)))
    }

    /// Counts a failure.
    pub fn failed(&self, account: &str, address: IpAddr, now: UnixTime) {
        self.accounts.failed(account.to_owned(), now);
        self.addresses.failed(counted(address), now);
    }

    /// Forgets the account's failures; the address's stay, since one success must not pay for guessing at others.
    pub fn succeeded(&self, account: &str, _address: IpAddr, _now: UnixTime) {
        self.accounts.forget(&account.to_owned());
    }
}

/// Failed attempts by address alone: user codes of devices.
#[derive(Debug, Default)]
pub struct AttemptLimiter {
    addresses: Counts<IpAddr>,
}

impl AttemptLimiter {
    /// May this address try now?
    ///
    /// # Errors
    /// [`Wait`]: not before so many seconds.
    pub fn check(&self, address: IpAddr, now: UnixTime) -> Result<(), Wait> {
        allowed(self.addresses.wait(&counted(address), FREE_PER_ACCOUNT, now))
    }

    /// Counts a failure.
    pub fn failed(&self, address: IpAddr, now: UnixTime) {
        self.addresses.failed(counted(address), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn failing(throttle: &LoginThrottle, times: u32) {
        for _ in 0..times {
            throttle.failed("ada", address("192.0.2.1"), UnixTime(0));
        }
    }

    fn wait(throttle: &LoginThrottle, account: &str, from: &str, now: i64) -> u32 {
        throttle.check(account, address(from), UnixTime(now)).err().map_or(0, |wait| wait.seconds)
    }

    #[test]
    fn a_few_mistakes_are_free_and_then_each_waits_longer() {
        let throttle = LoginThrottle::default();
        failing(&throttle, FREE_PER_ACCOUNT);
        assert_eq!(wait(&throttle, "ada", "192.0.2.9", 0), 0);
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            failing(&throttle, 1);
            assert_eq!(wait(&throttle, "ada", "192.0.2.9", 0), expected);
        }
        assert_eq!(wait(&throttle, "ada", "192.0.2.9", 59), 1);
        assert_eq!(wait(&throttle, "ada", "192.0.2.9", 60), 0);
    }

    #[test]
    fn quiet_time_forgets() {
        let throttle = LoginThrottle::default();
        failing(&throttle, 50);
        throttle.failed("ada", address("192.0.2.1"), UnixTime(900));
        assert_eq!(wait(&throttle, "ada", "192.0.2.1", 900), 0);
    }

    #[test]
    fn a_success_clears_the_account_and_not_the_address() {
        let throttle = LoginThrottle::default();
        failing(&throttle, FREE_PER_ADDRESS + 3);
        throttle.succeeded("ada", address("192.0.2.1"), UnixTime(0));
        assert_eq!(wait(&throttle, "ada", "192.0.2.9", 0), 0);
        assert_eq!(wait(&throttle, "grace", "192.0.2.1", 0), 4);
    }

    #[test]
    fn ipv6_counts_by_its_64_and_mapped_addresses_as_ipv4() {
        assert_eq!(counted(address("2001:db8:1:2:3::4")), counted(address("2001:db8:1:2:ffff::")));
        assert_ne!(counted(address("2001:db8:1:2::")), counted(address("2001:db8:1:3::")));
        assert_eq!(counted(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn filling_the_table_does_not_reset_an_account_under_attack() {
        let throttle = LoginThrottle::default();
        failing(&throttle, 10);
        for n in 0..MOST + 10 {
            throttle.accounts.failed(format!("other{n}"), UnixTime(1));
        }
        assert!(throttle.accounts.0.lock().unwrap().len() <= MOST);
        assert!(wait(&throttle, "ada", "192.0.2.9", 1) > 0);
    }
}
