//! A browser from which an account was logged in to before. It carries a sealed cookie that says so, and is limited by itself: whoever
//! guesses at the account elsewhere does not make its person wait. The cookie proves nothing else and opens nothing.

use crate::http::{Context, read_cookie, set_lasting_cookie};
use http::HeaderValue;
use nauthera_core::limits::Key;
use nauthera_core::time::{Seconds, UnixTime};

/// How long a browser is known after a login.
const KNOWN_FOR: Seconds = Seconds::days(90);
const PURPOSE: &str = "known browser";

/// The id of the request's browser, if this account was logged in to from it.
#[must_use]
pub fn browser(context: &Context, account: Key) -> Option<[u8; 16]> {
    let sealed = read_cookie(&context.headers, &context.serving.cookies.known)?;
    let opened = context.app.secrets.open(PURPOSE, sealed)?;
    let (of, rest) = opened.split_first_chunk::<16>()?;
    let (browser, at) = rest.split_first_chunk::<16>()?;
    let at = UnixTime(i64::from_be_bytes(at.try_into().ok()?));
    let known = *of == account.0 && context.now < at.plus(KNOWN_FOR);
    known.then_some(*browser)
}

/// The cookie for a browser in which this account was just logged in to. Each login draws another id, so that one that was copied
/// off is of no more use than any other.
#[must_use]
pub fn cookie(context: &Context, account: Key) -> Option<HeaderValue> {
    let browser = context.app.grant_id().0;
    let plain = [account.0.as_slice(), &browser, &context.now.0.to_be_bytes()].concat();
    let names = &context.serving.cookies;
    set_lasting_cookie(names, &names.known, &context.app.secrets.seal(PURPOSE, &plain), KNOWN_FOR)
}
