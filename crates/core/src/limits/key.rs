//! Whom a limit is about, as a keyed hash: no name and no address is kept in the clear, nobody foresees where a key lies, and a
//! key is short whatever was sent.

use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;

/// A subject of a limit: 16 bytes of a keyed hash, the same on every replica that has the same secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Key {
    /// The key of a subject, given as parts, under the limit of a name.
    ///
    /// The hash is cut to half its length, so that nobody who sees one can go on from it, and each part is preceded by its length,
    /// so that no two lists of parts are one text.
    #[must_use]
    pub fn of(secret: &[u8; 32], name: &str, parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new();
        sha.update(secret);
        for part in std::iter::once(name.as_bytes()).chain(parts.iter().copied()) {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(sha.finalize()).for_each(|(to, from)| *to = from);
        Self(key)
    }
}

/// An address as limits count it: an IPv4 address, or the /64 of an IPv6 address, which one household or machine has whole.
/// An IPv4 address in IPv6 form is that IPv4 address.
#[must_use]
pub fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        // Nothing that is a /64 looks like this: its lower half is zero.
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => (v6.to_bits() & (u128::MAX << 64)).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> [u8; 16] {
        network(text.parse().unwrap())
    }

    #[test]
    fn a_household_of_ipv6_is_one_address() {
        assert_eq!(net("2001:db8:1:2::1"), net("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(net("2001:db8:1:2::1"), net("2001:db8:1:3::1"));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_is_the_same() {
        assert_eq!(net("::ffff:192.0.2.1"), net("192.0.2.1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
        assert_ne!(net("192.0.2.1"), net("::"));
    }

    #[test]
    fn keys_differ_by_secret_name_and_every_part() {
        let key = |secret, name, parts: &[&[u8]]| Key::of(&[secret; 32], name, parts);
        let all = [
            key(1, "a", &[b"b", b"c"]),
            key(2, "a", &[b"b", b"c"]),
            key(1, "ab", &[b"c"]),
            key(1, "a", &[b"bc"]),
            key(1, "a", &[b"bc", b""]),
            key(1, "a", &[b"c", b"b"]),
        ];
        let mut distinct = all.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(all[0], key(1, "a", &[b"b", b"c"]));
    }
}
