//! Whole requests to any endpoint: methods, addresses, headers, cookies, forms. Every answer keeps the rules that no answer may
//! break: no failure of the server's own, no redirect but to itself or to a registered URI, pages that are protected.

use crate::{Target, Verdict, provider, shot};

pub(super) const TARGET: Target = Target { name: "requests", check, longest: 4_096, rounds: 1_000 };

fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| match shot::read(&provider.filled(data)) {
        Some(request) => provider.send(request).map(drop),
        None => Ok(()),
    })
}
