//! Which bucket a client falls into: the first bits of a keyed hash. The key is the server's digest key, so that nobody outside
//! can choose names which fall together.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Spreads names over buckets.
pub struct Placement {
    /// `None` never happens: HMAC takes keys of every length.
    keyed: Option<Hmac<Sha256>>,
}

impl Placement {
    /// Spreads by this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(key).ok();
        // What is signed for other ends never begins so.
        Self { keyed: keyed.map(|mac| mac.chain_update(b"\0placement\0")) }
    }

    /// The hash of a name.
    #[must_use]
    pub fn hash(&self, name: &[u8]) -> u32 {
        let Some(mac) = self.keyed.clone() else { return 0 };
        let tag = mac.chain_update(name).finalize().into_bytes();
        tag.iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
    }

    /// The bucket of a name among 2 to the power of `bits`.
    #[must_use]
    pub fn bucket(&self, name: &[u8], bits: u8) -> usize {
        let bits = u32::from(bits.min(31));
        self.hash(name).checked_shr(32 - bits).unwrap_or_default() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_even_and_halve_when_their_number_doubles() {
        let placement = Placement::new(&[7; 32]);
        let mut counts = [0_usize; 16];
        for n in 0..8_000 {
            let name = format!("team-{}.app-{n}", n % 90);
            let bucket = placement.bucket(name.as_bytes(), 4);
            counts[bucket] += 1;
            assert_eq!(placement.bucket(name.as_bytes(), 5) / 2, bucket);
            assert_eq!(placement.bucket(name.as_bytes(), 0), 0);
        }
        assert!(counts.iter().all(|count| (400..600).contains(count)), "{counts:?}");
    }

    #[test]
    fn another_key_places_otherwise() {
        let buckets = |key: u8| {
            let placement = Placement::new(&[key; 32]);
            (0..64).map(|n: u8| placement.bucket(&[n], 6)).collect::<Vec<_>>()
        };
        assert_ne!(buckets(1), buckets(2));
    }
}
