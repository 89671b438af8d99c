//! Cookies: the value that is found is the one that a second reading finds, and one that is set is found.

use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use nauthera_server::http::{read_cookie, set_cookie};
use nauthera_server::serving::CookieNames;

pub(super) const TARGET: Target = Target { name: "cookies", check, longest: 1_024, rounds: 8_000 };

const NAME: &str = "nauthera-0badcafe";

/// Each line is a `Cookie` header.
fn check(data: &[u8]) -> Verdict {
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = lines.map(|line| (COOKIE, line)).collect();
    let found = read_cookie(&headers, NAME);
    let expected = second_reading(&headers);
    ensure!(found == expected, "{found:?} is found, and {expected:?} was sent");
    if let Some(value) = found {
        round_trip(value)?;
    }
    Ok(())
}

/// The first cookie of the name among all headers whose bytes are printable, however many others stand around it.
fn second_reading(headers: &HeaderMap) -> Option<&str> {
    for line in headers.get_all(COOKIE) {
        let printable = line.as_bytes().iter().all(|byte| matches!(byte, b'\t' | 32..127));
        let Some(line) = std::str::from_utf8(line.as_bytes()).ok().filter(|_| printable) else { continue };
        for pair in line.split(';') {
            let Some(rest) = pair.trim().strip_prefix(NAME) else { continue };
            let Some(value) = rest.strip_prefix('=') else { continue };
            return (1..=128).contains(&value.len()).then_some(value);
        }
    }
    None
}

/// What was taken from a browser could be given to one.
fn round_trip(value: &str) -> Verdict {
    let names =
        CookieNames { session: NAME.into(), browser: "form".into(), known: "known".into(), secure: true };
    let set = set_cookie(&names, NAME, value).context("it cannot be set")?;
    let set = set.to_str()?;
    ensure!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set} is unprotected");
    let pair = set.split(';').next().unwrap_or_default();
    let headers: HeaderMap = [(COOKIE, HeaderValue::from_str(pair)?)].into_iter().collect();
    ensure!(read_cookie(&headers, NAME) == Some(value), "{pair} is read as another one");
    Ok(())
}
