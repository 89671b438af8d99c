//! Cookies: read by name, set with every attribute that protects them.

use crate::serving::CookieNames;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use nauthera_core::time::Seconds;

/// The value of a cookie; the first where several have the name.
#[must_use]
pub fn read_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty() && value.len() <= 128)
}

/// A `Set-Cookie` header for as long as the browser runs.
#[must_use]
pub fn set_cookie(names: &CookieNames, name: &str, value: &str) -> Option<HeaderValue> {
    let secure = if names.secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()
}

/// A `Set-Cookie` header for so long, also when the browser is closed meanwhile.
#[must_use]
pub fn set_lasting_cookie(
    names: &CookieNames,
    name: &str,
    value: &str,
    lasting: Seconds,
) -> Option<HeaderValue> {
    let (secure, lasting) = (if names.secure { "; Secure" } else { "" }, lasting.get());
    let text = format!("{name}={value}; Max-Age={lasting}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

/// A `Set-Cookie` header that takes the cookie away.
#[must_use]
pub fn clear_cookie(names: &CookieNames, name: &str) -> Option<HeaderValue> {
    let secure = if names.secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}")).ok()
}
