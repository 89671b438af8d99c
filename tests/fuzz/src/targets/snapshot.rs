//! Snapshots: what decodes encodes to bytes that decode to the same, and to the same bytes again; and it can be served.

use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use nauthera_core::snapshot::{FORMAT, OLDEST_READ, Snapshot};
use nauthera_core::time::Seconds;
use nauthera_server::pages::Locale;
use nauthera_server::serving::Serving;
use std::sync::Arc;
use url::Url;

pub(super) const TARGET: Target = Target { name: "snapshot", check, longest: 16_384, rounds: 1_500 };

fn check(data: &[u8]) -> Verdict {
    let Ok(snapshot) = Snapshot::from_bytes(data) else { return Ok(()) };
    let bytes = snapshot.to_bytes();
    let again = Snapshot::from_bytes(&bytes).context("what was written does not decode")?;
    ensure!(again == snapshot, "it is another one when it is read again");
    ensure!(again.to_bytes() == bytes, "it has other bytes when it is written again");
    same_json(data, &bytes)?;
    for (id, row) in &snapshot.clients {
        ensure!(*id == row.client_id, "{id} stands under another name");
        for uri in row.redirect_uris.iter().chain(&row.post_logout_redirect_uris) {
            super::uris::is_plain(uri.as_str())?;
        }
    }
    let revision = snapshot.revision();
    let serving = Serving::new(Arc::new(snapshot), revision);
    for id in serving.snapshot.clients.keys() {
        ensure!(serving.client(id.as_str()).is_some(), "{id} is not served");
    }
    let _ = serving.chrome(Locale::negotiate(None, None));
    Ok(())
}

/// Nothing that was in it is dropped on the way: a field that a release does not know could be a restriction.
fn same_json(data: &[u8], written: &[u8]) -> Verdict {
    let read: serde_json::Value = serde_json::from_slice(data)?;
    let written: serde_json::Value = serde_json::from_slice(written)?;
    let format = |of: &serde_json::Value| of.get("format").and_then(serde_json::Value::as_u64);
    let known = u64::from(OLDEST_READ)..=u64::from(FORMAT);
    ensure!(format(&read).is_some_and(|read| known.contains(&read)), "another format was read");
    // It is written in the oldest format that says all of it.
    ensure!(format(&written) <= format(&read), "it is written in a newer format than it came in");
    let (mut read, mut written) = (read, written);
    for value in [&mut read, &mut written] {
        value.as_object_mut().and_then(|object| object.remove("format"));
    }
    if let Some(lost) = lost(&read, &written) {
        anyhow::bail!("{lost} is dropped");
    }
    Ok(())
}

/// A value of the first that has no place in the second, or another one there; `null` says nothing.
fn lost(read: &serde_json::Value, written: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            read.iter().find_map(|(name, value)| match written.get(name) {
                Some(written) => lost(value, written).map(|below| format!("{name}.{below}")),
                None if says_nothing(value) => None,
                None => Some(name.clone()),
            })
        }
        // Sets have an order of their own, and each member once.
        (Value::Array(read), Value::Array(written)) if read.iter().chain(written).all(Value::is_string) => {
            let among =
                |text: &Value, others: &[Value]| others.iter().any(|other| lost(text, other).is_none());
            let lost = read.iter().find(|text| !among(text, written));
            lost.or_else(|| written.iter().find(|text| !among(text, read))).map(ToString::to_string)
        }
        (Value::Array(read), Value::Array(written)) if read.len() == written.len() => {
            read.iter().zip(written).find_map(|(read, written)| lost(read, written))
        }
        (Value::Array(_), Value::Array(_)) => Some("an item of a list".into()),
        (Value::String(read), Value::String(written)) => (!same(read, written)).then(|| read.clone()),
        (read, written) => (read != written && !read.is_null()).then(|| read.to_string()),
    }
}

/// The same in another writing: of a digest, of a duration, of a URL.
fn same(read: &str, written: &str) -> bool {
    read.eq_ignore_ascii_case(written)
        || matches!((Seconds::parse(read), Seconds::parse(written)), (Ok(read), Ok(written)) if read == written)
        || matches!((Url::parse(read), Url::parse(written)), (Ok(read), Ok(written)) if read == written)
}

fn says_nothing(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
