//! Password hashes in manifests: Argon2id in PHC format (RFC 9106), neither so cheap that a leaked manifest gives the
//! password away nor so dear that one login stops a server. Nothing is hashed here.

use super::fault::{At, Faults};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use nauthera_core::spec::hash_bounds;
use std::ops::RangeInclusive;

const HELP: &str = "`nauthera hash-password` prints one that fits";
/// The parameters of a hash with their bounds: memory in KiB, passes, lanes.
const BOUNDS: [(&str, RangeInclusive<u32>); 3] =
    [("m", hash_bounds::MEMORY), ("t", hash_bounds::PASSES), ("p", hash_bounds::LANES)];

/// Judges a hash. Its text never stands in a message.
pub(crate) fn judge(faults: &mut Faults, at: &At<'_>, text: &str) {
    if let Err(message) = read(text) {
        faults.add_help(at, message, HELP);
    }
}

fn read(text: &str) -> Result<(), String> {
    let mut parts = text.split('$');
    if parts.next() != Some("") {
        return Err(
            "it is not a password hash; write the Argon2id hash of the password, never the password itself"
                .into(),
        );
    }
    let parts: Vec<&str> = parts.collect();
    let [algorithm, version, parameters, salt, hash] = parts[..] else {
        return match parts.first() {
            Some(&"argon2id") => {
                Err("the hash is cut off; it has the form $argon2id$v=19$m=..,t=..,p=..$SALT$HASH".into())
            }
            other => Err(wrong_algorithm(other.copied().unwrap_or(""))),
        };
    };
    if algorithm != "argon2id" {
        return Err(wrong_algorithm(algorithm));
    }
    if version != "v=19" {
        return Err("only version 19 of Argon2id is taken, written v=19".into());
    }
    cost(parameters)?;
    for (what, part, bytes) in [("salt", salt, hash_bounds::SALT), ("hash", hash, hash_bounds::OUTPUT)] {
        if !STANDARD_NO_PAD.decode(part).is_ok_and(|decoded| bytes.contains(&decoded.len())) {
            let (least, most) = (bytes.start(), bytes.end());
            return Err(format!("the {what} is not {least} to {most} bytes in base64 without padding"));
        }
    }
    Ok(())
}

fn wrong_algorithm(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    format!("passwords are hashed with Argon2id here, and this hash says `{name}`")
}

fn cost(parameters: &str) -> Result<(), String> {
    let written: Vec<Option<(&str, u32)>> = parameters
        .split(',')
        .map(|entry| {
            entry.split_once('=').and_then(|(name, value)| value.parse().ok().map(|value| (name, value)))
        })
        .collect();
    let form = || "its parameters are not of the form m=19456,t=2,p=1".to_owned();
    if written.len() != BOUNDS.len() {
        return Err(form());
    }
    for ((name, range), entry) in BOUNDS.into_iter().zip(written) {
        let value = entry.filter(|(written, _)| *written == name).map(|(_, value)| value).ok_or_else(form)?;
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            return Err(format!("its cost {name}={value} is out of bounds; {name} is {least} to {most}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;

    const SALT: &str = "c29tZXNhbHRzb21lc2FsdA";
    const HASH: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

    fn phc(parameters: &str) -> Result<(), String> {
        read(&format!("$argon2id$v=19${parameters}${SALT}${HASH}"))
    }

    #[test]
    fn the_recommended_cost_is_taken() {
        assert_eq!(phc("m=19456,t=2,p=1"), Ok(()));
        assert_eq!(phc("m=7168,t=1,p=1"), Ok(()));
        assert_eq!(phc("m=65536,t=10,p=8"), Ok(()));
    }

    #[test]
    fn costs_out_of_bounds_are_refused() {
        assert_eq!(
            phc("m=7167,t=5,p=1").unwrap_err(),
            "its cost m=7167 is out of bounds; m is 7168 to 65536"
        );
        assert_eq!(
            phc("m=65537,t=5,p=1").unwrap_err(),
            "its cost m=65537 is out of bounds; m is 7168 to 65536"
        );
        assert_eq!(phc("m=19456,t=11,p=1").unwrap_err(), "its cost t=11 is out of bounds; t is 1 to 10");
        assert_eq!(phc("m=19456,t=0,p=1").unwrap_err(), "its cost t=0 is out of bounds; t is 1 to 10");
        assert_eq!(phc("m=19456,t=2,p=9").unwrap_err(), "its cost p=9 is out of bounds; p is 1 to 8");
    }

    #[test]
    fn parameters_have_one_form() {
        for bad in
            ["", "m=19456", "t=2,m=19456,p=1", "m=19456,t=2,p=1,keyid=x", "m=19456,t=2,p=-1", "m=19456,t=2,p"]
        {
            assert_eq!(phc(bad).unwrap_err(), "its parameters are not of the form m=19456,t=2,p=1", "{bad}");
        }
    }

    #[test]
    fn other_algorithms_and_plain_passwords_are_refused_without_showing_them() {
        let plain = read("hunter2").unwrap_err();
        assert!(plain.starts_with("it is not a password hash") && !plain.contains("hunter2"));
        assert_eq!(
            read("$2b$12$abcdefghijklmnopqrstuv").unwrap_err(),
            "passwords are hashed with Argon2id here, and this hash says `2b`"
        );
        assert!(
            read(&format!("$argon2i$v=19$m=19456,t=2,p=1${SALT}${HASH}")).unwrap_err().contains("`argon2i`")
        );
        assert_eq!(
            read(&format!("$argon2id$v=16$m=19456,t=2,p=1${SALT}${HASH}")).unwrap_err(),
            "only version 19 of Argon2id is taken, written v=19"
        );
    }

    #[test]
    fn salt_and_hash_must_be_whole() {
        assert!(
            read(&format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}"))
                .unwrap_err()
                .starts_with("the hash is cut off")
        );
        let bad = read(&format!("$argon2id$v=19$m=19456,t=2,p=1$abc${HASH}")).unwrap_err();
        assert_eq!(bad, "the salt is not 8 to 48 bytes in base64 without padding");
        let bad = read(&format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}$!!!!")).unwrap_err();
        assert_eq!(bad, "the hash is not 16 to 64 bytes in base64 without padding");
    }
}
