//! Failed logins, limited by account and by address at once. The account's limit stops guessing one person's password from
//! many addresses, the address's limit stops trying one password on many people.

use crate::attempts::{Attempts, Limits, Wait};
use nauthera_core::names::ObjectRef;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// An account by a hash of UserStore and username, so that a key is short whatever was typed. Upper and lower case are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey([u8; 16]);

impl AccountKey {
    /// The key of a username as it was typed, known or not.
    #[must_use]
    pub fn new(store: &ObjectRef, username: &str) -> Self {
        let mut sha = Sha256::new();
        for part in [&*store.namespace, &*store.name, &username.to_ascii_lowercase()] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part.as_bytes());
        }
        let mut key = [0; 16];
        key.iter_mut().zip(sha.finalize()).for_each(|(to, from)| *to = from);
        Self(key)
    }
}

/// An address: an IPv4 address, or the /64 of an IPv6 address, which one household or machine has whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressKey(IpAddr);

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
            v4 => v4,
        })
    }
}

/// The limits on logins. `now` is a clock that never goes backwards, as [`nauthera_core::time::Clock::monotonic`].
///
/// [`Self::check`] counts the attempt that it admits; tell with [`Self::failed`], [`Self::succeeded`] or [`Self::undone`] how it
/// ended.
pub struct LoginThrottle {
    accounts: Attempts<AccountKey>,
    addresses: Attempts<AddressKey>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self::new(Limits::ACCOUNT, Limits::ADDRESS)
    }
}

impl LoginThrottle {
    /// With limits by account and by address.
    #[must_use]
    pub fn new(account: Limits, address: Limits) -> Self {
        Self { accounts: Attempts::new(account), addresses: Attempts::new(address) }
    }

    /// Admits and counts a login before the password is looked at.
    ///
    /// # Errors
    /// [`Wait`] when account or address come too soon, the longer of both; nothing is counted then.
    pub fn check(&self, account: AccountKey, address: IpAddr, now: Duration) -> Result<(), Wait> {
        let address = address.into();
        let waits = [self.accounts.wait(&account, now), self.addresses.wait(&address, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        self.addresses.check(&address, now)?;
        self.accounts.check(&account, now).inspect_err(|_| self.addresses.undone(&address, now))
    }

    /// The password was wrong.
    pub fn failed(&self, account: AccountKey, address: IpAddr, now: Duration) {
        self.accounts.failed(&account, now);
        self.addresses.failed(&address.into(), now);
    }

    /// The password was right: the account starts afresh. Of the address only this one attempt is taken back, or whoever
    /// guesses at others could clear it by logging in as themselves.
    pub fn succeeded(&self, account: AccountKey, address: IpAddr, now: Duration) {
        self.accounts.succeeded(&account);
        self.addresses.undone(&address.into(), now);
    }

    /// The password was not looked at (the pool is busy, the directory away): the attempt is taken back.
    pub fn undone(&self, account: AccountKey, address: IpAddr, now: Duration) {
        self.accounts.undone(&account, now);
        self.addresses.undone(&address.into(), now);
    }

    /// Accounts and addresses remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len() + self.addresses.len()
    }

    /// Is nothing remembered?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn account(name: &str) -> AccountKey {
        AccountKey::new(&ObjectRef::new("platform", "people"), name)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &LoginThrottle, name: &str, address: &str) -> Result<(), Wait> {
        throttle.check(account(name), ip(address), NOW)?;
        throttle.failed(account(name), ip(address), NOW);
        Ok(())
    }

    #[test]
    fn an_account_is_limited_from_all_addresses_together() {
        let throttle = LoginThrottle::default();
        let admitted = (0..100).filter(|n| fail(&throttle, "ada", &format!("192.0.2.{n}")).is_ok()).count();
        assert_eq!(admitted, 6);
        assert!(fail(&throttle, "grace", "192.0.2.1").is_ok());
    }

    #[test]
    fn an_address_is_limited_over_all_accounts_together() {
        let throttle = LoginThrottle::default();
        let admitted = (0..100).filter(|n| fail(&throttle, &format!("p{n}"), "192.0.2.1").is_ok()).count();
        assert_eq!(admitted, 51);
        assert!(fail(&throttle, "p0", "192.0.2.2").is_ok());
    }

    #[test]
    fn a_household_of_ipv6_is_one_address() {
        let throttle = LoginThrottle::default();
        let inside = |n| format!("2001:db8:1:2::{n:x}");
        let admitted = (0..100).filter(|n| fail(&throttle, &format!("p{n}"), &inside(*n)).is_ok()).count();
        assert_eq!(admitted, 51);
        assert!(fail(&throttle, "p1000", "2001:db8:1:3::1").is_ok());
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_is_the_same() {
        assert_eq!(AddressKey::from(ip("::ffff:192.0.2.1")), AddressKey::from(ip("192.0.2.1")));
        assert_ne!(AddressKey::from(ip("192.0.2.1")), AddressKey::from(ip("192.0.2.2")));
    }

    #[test]
    fn a_username_in_another_case_is_the_same_account() {
        assert_eq!(account("Ada"), account("ada"));
        assert_ne!(account("ada"), account("ada "));
        assert_ne!(account("ada"), AccountKey::new(&ObjectRef::new("platform", "others"), "ada"));
    }

    #[test]
    fn a_success_clears_the_account_and_not_the_address() {
        let throttle = LoginThrottle::default();
        for n in 0..50 {
            fail(&throttle, &format!("p{n}"), "192.0.2.1").unwrap();
        }
        for _ in 0..3 {
            fail(&throttle, "ada", "192.0.2.9").unwrap();
        }
        throttle.check(account("ada"), ip("192.0.2.1"), NOW).unwrap();
        throttle.succeeded(account("ada"), ip("192.0.2.1"), NOW);
        let again = (0..10).filter(|_| fail(&throttle, "ada", "192.0.2.9").is_ok()).count();
        assert_eq!(again, 6, "ada's failures were forgotten");
        assert!(fail(&throttle, "p1", "192.0.2.1").is_ok());
        assert!(fail(&throttle, "p2", "192.0.2.1").is_err(), "the address's were not");
    }

    #[test]
    fn logins_that_succeed_are_never_limited() {
        let throttle = LoginThrottle::default();
        for n in 0..1_000 {
            let who = account(&format!("p{}", n % 7));
            throttle.check(who, ip("192.0.2.1"), NOW).unwrap();
            throttle.succeeded(who, ip("192.0.2.1"), NOW);
        }
        assert!(throttle.is_empty());
    }

    #[test]
    fn ones_own_logins_do_not_wear_the_limit_of_an_address_down() {
        let limits = Limits { free: 0, forget: Duration::from_secs(86_400), ..Limits::ADDRESS };
        let throttle = LoginThrottle::new(Limits::ACCOUNT, limits);
        let (mut now, address) = (NOW, ip("192.0.2.1"));
        let mut waits = Vec::new();
        for n in 0..20 {
            throttle.check(account("mallory"), address, now).unwrap();
            throttle.succeeded(account("mallory"), address, now);
            throttle.check(account(&format!("p{n}")), address, now).unwrap();
            throttle.failed(account(&format!("p{n}")), address, now);
            let wait = throttle.check(account("mallory"), address, now).unwrap_err();
            waits.push(wait.seconds);
            now += Duration::from_secs(wait.seconds);
        }
        assert_eq!(waits[..7], [1, 2, 4, 8, 16, 32, 60]);
        assert!(waits[7..].iter().all(|wait| *wait == 60), "{waits:?}");
    }

    #[test]
    fn logins_that_were_not_judged_are_not_counted() {
        let throttle = LoginThrottle::default();
        for _ in 0..1_000 {
            throttle.check(account("ada"), ip("192.0.2.1"), NOW).unwrap();
            throttle.undone(account("ada"), ip("192.0.2.1"), NOW);
        }
        assert!(throttle.is_empty());
    }

    #[test]
    fn a_refused_login_counts_for_neither() {
        let throttle = LoginThrottle::default();
        while fail(&throttle, "ada", "192.0.2.1").is_ok() {}
        for _ in 0..1_000 {
            assert_eq!(fail(&throttle, "ada", "192.0.2.1"), Err(Wait { seconds: 1 }));
        }
        assert!(fail(&throttle, "grace", "192.0.2.1").is_ok(), "the address has attempts left");
    }

    #[test]
    fn the_longer_wait_is_told() {
        let limits = Limits { free: 0, first: Duration::from_secs(7), ..Limits::ACCOUNT };
        let throttle = LoginThrottle::new(limits, Limits { free: 0, ..Limits::ADDRESS });
        fail(&throttle, "ada", "192.0.2.1").unwrap();
        assert_eq!(fail(&throttle, "ada", "192.0.2.1"), Err(Wait { seconds: 7 }));
        assert_eq!(fail(&throttle, "grace", "192.0.2.1"), Err(Wait { seconds: 1 }));
    }
}
