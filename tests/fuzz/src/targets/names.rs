//! The small words of manifests and requests: durations, scopes, audiences, client ids, names of objects, patterns.

use crate::{Target, Verdict};
use anyhow::ensure;
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::pattern::{HostPattern, NamePattern};
use nauthera_core::time::Seconds;

pub(super) const TARGET: Target = Target { name: "names", check, longest: 600, rounds: 8_000 };

/// A word, and a line further another one for a pattern to judge.
fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let (word, other) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(duration) = Seconds::parse(word) {
        ensure!(duration <= Seconds::MAX, "{word} is longer than the longest");
        ensure!(
            Seconds::parse(&duration.to_string()).as_ref() == Ok(&duration),
            "{word} is written {duration}"
        );
    }
    if let Some(object) = ObjectRef::parse(word) {
        ensure!(object.to_string() == word, "{word} is written {object}");
    }
    if let Ok(scope) = Scope::parse(word) {
        // RFC 6749 section 3.3: scopes are joined by spaces, so that none may hold one.
        ensure!(!word.contains([' ', '"', '\\']) && word.is_ascii(), "{word:?} is a scope");
        ensure!(scope.as_str() == word, "{word} is written {scope}");
    }
    if let Ok(audience) = Audience::parse(word) {
        ensure!(audience.as_str() == word, "{word} is written {audience}");
    }
    if ClientId::custom(word).is_ok() {
        ensure!(ClientId::parse(word).is_ok(), "{word} may be chosen and not be read");
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        ensure!(word.bytes().all(unreserved), "{word} changes in a URI");
    }
    patterns(word, other)
}

fn patterns(pattern: &str, name: &str) -> Verdict {
    let by_name = match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    ensure!(NamePattern::parse(pattern).matches(name) == by_name, "{pattern:?} judges {name:?}");
    let (lower, host) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let by_host = match lower.strip_prefix("*.") {
        // Any depth below, and never the domain itself.
        Some(domain) => {
            host.strip_suffix(domain).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
        }
        None => host == lower,
    };
    ensure!(HostPattern::parse(pattern).matches(&host) == by_host, "{pattern:?} judges the host {host:?}");
    Ok(())
}
