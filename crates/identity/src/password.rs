//! Passwords and their Argon2id hashes (RFC 9106) in PHC format. Which parameters are made, and within which bounds others
//! are accepted: a hash is somebody's input, and its cost is ours. Where hashing runs is [`crate::pool`]'s to say.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use nauthera_core::spec::hash_bounds::{LANES, MEMORY, OUTPUT, PASSES, SALT};
use password_hash::phc::{Output, PasswordHash, Salt};
use secrecy::{ExposeSecret, SecretString};
use std::ops::RangeInclusive;

/// The longest password, in bytes.
pub const MAX_PASSWORD: usize = 1_024;

/// Memory in KiB, passes and lanes of the hashes made here (OWASP's first choice).
const MADE: (u32, u32, u32) = (19_456, 2, 1);

/// Why a text is not a hash that passwords are checked against, or why a password is not hashed. Says nothing of either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// Not in PHC format, or a part is missing.
    #[error("not a password hash in PHC format with salt and output")]
    Format,
    /// Another algorithm, or another version of it.
    #[error("not an Argon2id hash of version 19")]
    Algorithm,
    /// A parameter out of bounds.
    #[error("the parameter `{parameter}` is {value}, allowed is {from} to {to}")]
    Bounds {
        /// `m` (memory in KiB), `t` (passes), `p` (lanes), `salt` or `output` (bytes).
        parameter: &'static str,
        /// What the hash says.
        value: u64,
        /// The least allowed.
        from: u64,
        /// The most allowed.
        to: u64,
    },
    /// A password that is empty or longer than [`MAX_PASSWORD`].
    #[error("a password has 1 to {MAX_PASSWORD} bytes")]
    Length,
}

fn within<T: PartialOrd + Copy + TryInto<u64>>(
    parameter: &'static str,
    value: T,
    bounds: &RangeInclusive<T>,
) -> Result<(), BadHash> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let number = |n: T| n.try_into().unwrap_or(u64::MAX);
    Err(BadHash::Bounds {
        parameter,
        value: number(value),
        from: number(*bounds.start()),
        to: number(*bounds.end()),
    })
}

/// The memory that hashing works in, kept from one hash to the next by whoever hashes.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    fn for_params(&mut self, params: &Params) -> &mut [Block] {
        let blocks = params.block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        self.0.get_mut(..blocks).unwrap_or_default()
    }
}

/// A password's hash that was read and found within bounds.
#[derive(Clone, PartialEq)]
pub struct Hashed {
    params: Params,
    salt: Vec<u8>,
    output: Output,
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (m, t, p) = self.cost();
        write!(f, "Hashed(m={m},t={t},p={p})")
    }
}

impl Hashed {
    /// Reads a hash in PHC format, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<output>`.
    ///
    /// # Errors
    /// [`BadHash`] when it is not one, or asks for more or less than is allowed: 7 to 64 MiB, 1 to 10 passes, 1 to 8 lanes,
    /// 8 to 48 bytes of salt, 16 to 64 bytes of output.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let hash = PasswordHash::new(text).map_err(|_| BadHash::Format)?;
        if hash.algorithm != argon2::ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
            return Err(BadHash::Algorithm);
        }
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Err(BadHash::Format) };
        let params = Params::try_from(&hash).map_err(|_| BadHash::Format)?;
        if !params.keyid().is_empty() || !params.data().is_empty() {
            return Err(BadHash::Format);
        }
        within("m", params.m_cost(), &MEMORY)?;
        within("t", params.t_cost(), &PASSES)?;
        within("p", params.p_cost(), &LANES)?;
        within("salt", salt.len(), &SALT)?;
        within("output", output.len(), &OUTPUT)?;
        Ok(Self { params, salt: salt.to_vec(), output })
    }

    /// A hash that costs as much as those with these parameters, and that no password has: for people who are not there.
    ///
    /// # Errors
    /// [`BadHash::Format`] for parameters that no hash has.
    pub fn of_nobody((m, t, p): (u32, u32, u32)) -> Result<Self, BadHash> {
        let output = Output::new(&[0; 32]).map_err(|_| BadHash::Format)?;
        let params = Params::new(m, t, p, Some(output.len())).map_err(|_| BadHash::Format)?;
        Ok(Self { params, salt: vec![0; 16], output })
    }

    /// Memory in KiB, passes, lanes.
    #[must_use]
    pub const fn cost(&self) -> (u32, u32, u32) {
        (self.params.m_cost(), self.params.t_cost(), self.params.p_cost())
    }

    /// Is this the password? Compared in constant time. Takes long: call it from [`crate::pool::HashPool`].
    #[must_use]
    pub fn verify(&self, password: &SecretString, memory: &mut Memory) -> bool {
        let mut buffer = [0; Output::MAX_LENGTH];
        let Some(out) = buffer.get_mut(..self.output.len()) else { return false };
        let hashed = hash(&self.params, password, &self.salt, (out, memory));
        hashed.is_ok() && Output::new(out).is_ok_and(|output| output == self.output)
    }
}

fn hash(
    params: &Params,
    password: &SecretString,
    salt: &[u8],
    (out, memory): (&mut [u8], &mut Memory),
) -> argon2::Result<()> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let memory = memory.for_params(params);
    argon2.hash_password_into_with_memory(password.expose_secret().as_bytes(), salt, out, memory)
}

/// May this be a password at all? Empty ones and those of more than [`MAX_PASSWORD`] bytes may not.
#[must_use]
pub fn is_possible(password: &SecretString) -> bool {
    (1..=MAX_PASSWORD).contains(&password.expose_secret().len())
}

/// Memory in KiB, passes and lanes of the hashes that [`hash_password`] makes.
#[must_use]
pub const fn made_cost() -> (u32, u32, u32) {
    MADE
}

/// Hashes a password with Argon2id, 19 MiB, two passes, one lane, in PHC format. The salt is random, drawn by the caller.
///
/// # Errors
/// [`BadHash::Length`] for a password that nobody could log in with.
pub fn hash_password(password: &SecretString, salt: [u8; 16]) -> Result<String, BadHash> {
    if !is_possible(password) {
        return Err(BadHash::Length);
    }
    let (m, t, p) = MADE;
    let mut out = [0; 32];
    let params = Params::new(m, t, p, Some(out.len())).map_err(|_| BadHash::Format)?;
    hash(&params, password, &salt, (&mut out, &mut Memory::default())).map_err(|_| BadHash::Format)?;
    let made = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().map_err(|_| BadHash::Format)?,
        salt: Some(Salt::new(&salt).map_err(|_| BadHash::Format)?),
        hash: Some(Output::new(&out).map_err(|_| BadHash::Format)?),
    };
    Ok(made.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "c29tZXNhbHQxMjM0NTY";
    const OUTPUT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn phc(params: &str) -> String {
        format!("$argon2id$v=19${params}${SALT}${OUTPUT}")
    }

    fn verifies(hash: &str, password: &str) -> bool {
        Hashed::parse(hash).unwrap().verify(&password.into(), &mut Memory::default())
    }

    #[test]
    fn a_hash_is_phc_with_the_parameters_of_the_design() {
        let made = hash_password(&"quickstart".into(), [7; 16]).unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{made}");
        assert_eq!(Hashed::parse(&made).unwrap().cost(), made_cost());
    }

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let made = hash_password(&"quickstart".into(), [7; 16]).unwrap();
        assert!(verifies(&made, "quickstart"));
        for wrong in ["Quickstart", "quickstart ", "", "quick"] {
            assert!(!verifies(&made, wrong), "{wrong}");
        }
    }

    #[test]
    fn the_salt_decides_the_hash() {
        let password = SecretString::from("quickstart");
        assert_ne!(hash_password(&password, [1; 16]), hash_password(&password, [2; 16]));
        assert_eq!(hash_password(&password, [1; 16]), hash_password(&password, [1; 16]));
    }

    #[test]
    fn hashes_of_the_reference_implementation_verify() {
        // Made with argon2-cffi 25.1 (the reference implementation in C) from the salt `saltsaltsaltsalt`.
        let foreign = "$argon2id$v=19$m=8192,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$tL1TJAl+7O7rNmmlDrWvN6W0E+tHsuGyKT+h73FYnU8";
        assert!(verifies(foreign, "correct horse"));
        assert!(!verifies(foreign, "correct house"));
    }

    #[test]
    fn parameters_within_bounds_are_read() {
        for params in ["m=7168,t=5,p=1", "m=65536,t=3,p=4", "m=19456,t=10,p=8"] {
            assert!(Hashed::parse(&phc(params)).is_ok(), "{params}");
        }
    }

    #[test]
    fn parameters_out_of_bounds_are_refused() {
        for (params, parameter) in [
            ("m=7167,t=2,p=1", "m"),
            ("m=65537,t=2,p=1", "m"),
            ("m=4294967295,t=2,p=1", "m"),
            ("m=19456,t=11,p=1", "t"),
            ("m=19456,t=4294967295,p=1", "t"),
            ("m=19456,t=2,p=9", "p"),
        ] {
            let refused = Hashed::parse(&phc(params));
            assert!(
                matches!(&refused, Err(BadHash::Bounds { parameter: p, .. }) if *p == parameter),
                "{params}: {refused:?}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "quickstart",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQxMjM0NTY$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1,x=1$c29tZXNhbHQxMjM0NTY$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$c29t$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(Hashed::parse(bad).is_err(), "{bad}");
        }
        let of = |algorithm: &str| Hashed::parse(&phc("m=19456,t=2,p=1").replace("argon2id$v=19", algorithm));
        for other in ["argon2i$v=19", "argon2d$v=19", "argon2id$v=16", "argon2id", "scrypt$v=19"] {
            assert_eq!(of(other), Err(BadHash::Algorithm), "{other}");
        }
        let short = phc("m=19456,t=2,p=1").replace(OUTPUT, "AAAAAAAAAAAAAAAA");
        assert!(matches!(Hashed::parse(&short), Err(BadHash::Bounds { parameter: "output", .. })));
    }

    #[test]
    fn nobodys_hash_costs_the_same_and_has_no_password() {
        let nobody = Hashed::of_nobody(made_cost()).unwrap();
        assert_eq!(nobody.cost(), made_cost());
        assert!(!nobody.verify(&"quickstart".into(), &mut Memory::default()));
    }

    #[test]
    fn memory_serves_hashes_of_any_size() {
        let (small, large) =
            (Hashed::of_nobody((7_168, 1, 1)).unwrap(), hash_password(&"x".into(), [1; 16]).unwrap());
        let (large, mut memory) = (Hashed::parse(&large).unwrap(), Memory::default());
        for _ in 0..2 {
            assert!(!small.verify(&"x".into(), &mut memory));
            assert!(large.verify(&"x".into(), &mut memory));
        }
    }

    #[test]
    fn empty_and_endless_passwords_are_not_hashed() {
        for bad in [String::new(), "x".repeat(MAX_PASSWORD + 1)] {
            assert_eq!(hash_password(&bad.into(), [1; 16]), Err(BadHash::Length));
        }
        assert!(hash_password(&"x".repeat(MAX_PASSWORD).into(), [1; 16]).is_ok());
    }

    #[test]
    fn a_hash_does_not_print_itself() {
        let hashed = Hashed::parse(&phc("m=19456,t=2,p=1")).unwrap();
        assert_eq!(format!("{hashed:?}"), "Hashed(m=19456,t=2,p=1)");
    }
}
