//! Parameters of requests: read as a second reader of forms reads them, or refused; and written so that they read the same.

use crate::{Target, Verdict};
use anyhow::ensure;
use nauthera_core::oauth::Params;

pub(super) const TARGET: Target = Target { name: "params", check, longest: 4_096, rounds: 8_000 };

fn check(data: &[u8]) -> Verdict {
    let Ok(params) = Params::parse(data) else { return Ok(()) };
    let pairs: Vec<(String, String)> = form_urlencoded::parse(data).into_owned().collect();
    ensure!(pairs.len() <= 64, "{} parameters", pairs.len());
    for (name, _) in &pairs {
        let values: Vec<&str> =
            pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        ensure!(params.count(name) == values.len(), "{name:?} counts {}", params.count(name));
        let first = values.first().copied().filter(|value| !value.is_empty());
        ensure!(params.get(name) == first, "{name:?} is {:?}", params.get(name));
        let all: Vec<&str> = values.into_iter().filter(|value| !value.is_empty()).collect();
        ensure!(params.all(name).collect::<Vec<_>>() == all, "{name:?} has other values");
    }
    let mut seen: Vec<&str> = Vec::new();
    let twice = pairs.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "resource").any(|name| {
        let known = seen.contains(&name);
        seen.push(name);
        known
    });
    ensure!(params.once_each().is_err() == twice, "sent twice: {twice}");
    let written = params.encode_without(&[]);
    let again = Params::parse(written.as_bytes()).map_err(|error| anyhow::anyhow!("{written}: {error}"))?;
    ensure!(again == params && again.encode_without(&[]) == written, "{written} reads as {again:?}");
    ensure!(params.encode_only(&[]).is_empty(), "nothing was asked for");
    Ok(())
}
