//! Device codes (RFC 8628): user codes of eight letters without vowels, so that none spells a word, and what a poll is told.

use super::error::{ErrorCode, OAuthError};
use crate::facts::{DeviceRecord, DeviceState};
use crate::names::ClientId;
use crate::time::{Seconds, UnixTime};

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in a user code: 20^8 codes, about 34 bits (RFC 8628 §6.1).
pub const USER_CODE_LENGTH: usize = 8;
/// How long a device authorization may take.
pub const DEVICE_CODE_TTL: Seconds = Seconds::minutes(10);
/// How long a device waits between polls at first.
pub const POLL_INTERVAL: Seconds = Seconds::new(5);

/// Makes a user code of random bytes; `None` when too few of them fell into range (draw again).
#[must_use]
pub fn user_code(random: &[u8; 32]) -> Option<String> {
    // 240 is the largest multiple of 20 in a byte: what is above would favour the first letters.
    let letters = random.iter().filter(|byte| **byte < 240).take(USER_CODE_LENGTH);
    let code: String =
        letters.filter_map(|byte| LETTERS.get(usize::from(byte % 20))).map(|b| char::from(*b)).collect();
    (code.len() == USER_CODE_LENGTH).then_some(code)
}

/// Shows a user code as people read it: `BCDF-GHJK`.
#[must_use]
pub fn displayed(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((a, b)) => format!("{a}-{b}"),
        None => code.to_owned(),
    }
}

/// What a person typed, as a code: case and separators do not matter. `None` when it cannot be one.
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let code: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '_'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    (code.len() == USER_CODE_LENGTH && code.bytes().all(|b| LETTERS.contains(&b))).then_some(code)
}

/// What a counted poll of a device is told: the approved record, or why not yet (RFC 8628 §3.5).
///
/// # Errors
/// `authorization_pending`, `access_denied`, `expired_token`, or `invalid_grant` for another client's or a used code.
pub fn polled<'a>(
    device: &'a DeviceRecord,
    client: &ClientId,
    now: UnixTime,
) -> Result<&'a crate::facts::Authorization, OAuthError> {
    if device.client_id != *client {
        return Err(OAuthError::invalid_grant("this device_code was issued to another client"));
    }
    match &device.state {
        DeviceState::Redeemed => Err(OAuthError::invalid_grant("this device_code was used before")),
        DeviceState::Denied => Err(OAuthError::new(ErrorCode::AccessDenied, "the person said no")),
        _ if device.expires_at <= now => {
            Err(OAuthError::new(ErrorCode::ExpiredToken, "this device_code has expired: start again"))
        }
        DeviceState::Pending => {
            Err(OAuthError::new(ErrorCode::AuthorizationPending, "the person has not decided yet"))
        }
        DeviceState::Approved(authorization) => Ok(authorization),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_eight_letters_without_vowels() {
        let code = user_code(&[7; 32]).unwrap();
        assert_eq!((code.as_str(), displayed(&code).as_str()), ("KKKKKKKK", "KKKK-KKKK"));
        assert!(!LETTERS.iter().any(|letter| b"AEIOUY".contains(letter)));
        assert_eq!(user_code(&[255; 32]), None);
    }

    #[test]
    fn people_may_type_it_in_their_way() {
        for text in ["bcdf-ghjk", " BCDF GHJK ", "bcdfghjk"] {
            assert_eq!(typed(text).as_deref(), Some("BCDFGHJK"));
        }
        for text in ["", "BCDF-GHJ", "ABCD-EFGH", "BCDF-GHJKK"] {
            assert_eq!(typed(text), None);
        }
    }
}
