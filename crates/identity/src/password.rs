//! Passwords: Argon2id with the parameters of OWASP's first choice (19 MiB, two passes, one lane), and others within bounds.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use password_hash::phc::{PasswordHash, Salt};
use secrecy::{ExposeSecret, SecretString};

/// Hashed when a name is unknown, so that its cost is that of a known one.
pub const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bmF1dGhlcmEgbm9ib2R5IQ$0M3j1R7NPc0cpRSZpdCWtPEnmpXW1nH8kJGvOjzEfR4";
/// The longest password that is looked at, in bytes.
const LONGEST: usize = 1_024;
/// Bounds on hashes that manifests bring, so that one of them cannot exhaust the server.
const MOST_MEMORY_KIB: u32 = 256 * 1_024;
const MOST_PASSES: u32 = 20;
const MOST_LANES: u32 = 8;

/// A password to be checked; wiped when dropped.
pub struct Password(SecretString);

impl Password {
    /// Takes what was typed.
    pub const fn new(typed: SecretString) -> Self {
        Self(typed)
    }

    /// Is this the password of the hash? Costs the same for each password; empty and overlong ones never are. `memory` is used
    /// again from one check to the next.
    pub fn fits(&self, hash: &str, memory: &mut Vec<Block>) -> bool {
        let typed = self.0.expose_secret().as_bytes();
        let judged = if typed.len() > LONGEST { &[] } else { typed };
        check(judged, hash, memory) == Some(true) && !judged.is_empty()
    }
}

fn check(password: &[u8], hash: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let parsed = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let bounded =
        params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES;
    if !bounded || parsed.algorithm.as_str() != "argon2id" {
        return None;
    }
    let (salt, expected) = (parsed.salt?, parsed.hash?);
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let mut output = vec![0; expected.as_bytes().len()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password, salt.as_ref(), &mut output, memory).ok()?;
    // Folding over all bytes: the time does not tell where they differ.
    Some(output.iter().zip(expected.as_bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0)
}

/// Hashes a password for a static user, as a PHC string.
#[must_use]
pub fn hash_password(password: &SecretString, salt: [u8; 16]) -> String {
    let made = Salt::new(&salt).ok().zip(Params::new(19 * 1_024, 2, 1, Some(32)).ok()).and_then(|(salt, params)| {
        let mut output = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.expose_secret().as_bytes(), salt.as_ref(), &mut output).ok()?;
        Some(output)
    });
    let encode = |bytes: &[u8]| {
        use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
        STANDARD_NO_PAD.encode(bytes)
    };
    match made {
        Some(output) => format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", encode(&salt), encode(&output)),
        // The parameters are constants that the library takes.
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(password: &str, hash: &str) -> bool {
        Password::new(SecretString::from(password)).fits(hash, &mut Vec::new())
    }

    #[test]
    fn a_hash_fits_its_password_alone() {
        let hash = hash_password(&SecretString::from("quickstart"), [1; 16]);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits("quickstart", &hash) && !fits("Quickstart", &hash) && !fits("", &hash));
    }

    #[test]
    fn the_dummy_is_a_hash_that_can_be_computed() {
        assert_eq!(check(b"anything", DUMMY, &mut Vec::new()), Some(false));
    }

    #[test]
    fn an_empty_password_never_fits_even_its_own_hash() {
        assert!(!fits("", &hash_password(&SecretString::from(""), [1; 16])));
    }

    #[test]
    fn hashes_out_of_bounds_and_of_other_kinds_never_fit() {
        let hash = hash_password(&SecretString::from("x"), [1; 16]);
        for other in [
            hash.replace("m=19456", "m=9999999"),
            hash.replace("t=2", "t=99"),
            hash.replace("p=1", "p=99"),
            hash.replace("argon2id", "argon2i"),
            "$2b$12$abcdefghijklmnopqrstuv".into(),
            String::new(),
        ] {
            assert_eq!(check(b"x", &other, &mut Vec::new()), None, "{other}");
        }
    }

    #[test]
    fn an_overlong_password_is_wrong() {
        let long = "x".repeat(2_000);
        assert!(!fits(&long, &hash_password(&SecretString::from(long.clone()), [1; 16])));
    }
}
