//! HTTP Basic: a header and a form; who is presented is who a second reading finds, written by hand from RFC 4648 and RFC 6749.

use crate::{Target, Verdict};
use anyhow::ensure;
use base64::{Engine, engine::general_purpose::STANDARD};
use nauthera_core::oauth::Params;
use nauthera_core::oauth::client_auth::{Presented, presented};

pub(super) const TARGET: Target = Target { name: "basic_auth", check, longest: 1_024, rounds: 8_000 };

/// The first line is the header, the rest the form.
fn check(data: &[u8]) -> Verdict {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, form) = data.split_at_checked(end).unwrap_or((data, &[]));
    let Ok(params) = Params::parse(form.get(1..).unwrap_or_default()) else { return Ok(()) };
    let expected = second_reading(header);
    let sent_otherwise = ["client_secret", "client_assertion", "client_assertion_type"]
        .iter()
        .any(|name| params.get(name).is_some());
    match presented(Some(header), &params) {
        Ok(Presented::Basic(id, secret)) => {
            let read = Some((id.into_owned(), secret.into_owned()));
            ensure!(read == expected, "{read:?} is presented, and {expected:?} was sent");
            ensure!(!sent_otherwise, "two ways at once are taken");
        }
        Ok(_) => anyhow::bail!("the header is passed over"),
        Err(error) => {
            let other_id = expected
                .as_ref()
                .is_some_and(|(id, _)| params.get("client_id").is_some_and(|sent| sent != id));
            ensure!(expected.is_none() || sent_otherwise || other_id, "refused: {error}");
        }
    }
    written(header, form)
}

/// Whatever id and secret are, what a client writes by RFC 6749 section 2.3.1 is what is read.
fn written(id: &[u8], secret: &[u8]) -> Verdict {
    let (Ok(id), Ok(secret)) = (std::str::from_utf8(id), std::str::from_utf8(secret)) else { return Ok(()) };
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let header = format!("bAsIc {}", STANDARD.encode(format!("{}:{}", part(id), part(secret))));
    let read = match presented(Some(header.as_bytes()), &Params::default()) {
        Ok(Presented::Basic(id, secret)) => Some((id.into_owned(), secret.into_owned())),
        _ => None,
    };
    ensure!(read == Some((id.to_owned(), secret.to_owned())), "{header} is read as {read:?}");
    Ok(())
}

fn second_reading(header: &[u8]) -> Option<(String, String)> {
    let header = std::str::from_utf8(header).ok()?;
    let encoded = header
        .get(6..)
        .filter(|_| header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")))?;
    let decoded = String::from_utf8(from_base64(encoded.trim().as_bytes())?).ok()?;
    let colon = decoded.find(':')?;
    Some((from_form(decoded.get(..colon)?)?, from_form(decoded.get(colon + 1..)?)?))
}

/// RFC 4648 section 4, strictly: padded, and no bits left over.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0_u32, 0_u32, Vec::new());
    for byte in text.get(..text.len() - padding)? {
        let value = ALPHABET.iter().position(|known| known == byte)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

/// `application/x-www-form-urlencoded`: a plus is a space, a percent sign with two digits a byte, and one without is itself.
fn from_form(part: &str) -> Option<String> {
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|value| u8::try_from(value).ok())
    };
    let bytes = part.as_bytes();
    let (mut read, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%')
            .then(|| Some(digit(bytes.get(at + 1))? * 16 + digit(bytes.get(at + 2))?))
            .flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        read.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8(read).ok()
}
