//! Manifest files as they are read, judged and compiled: every finding has its place in the text and can be shown on a terminal,
//! and what is compiled is the same each time and reads back as the same bytes.

use super::yaml::stands;
use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use nauthera_api::manifests::Manifests;
use nauthera_api::yaml::Part;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::finding::Finding;
use nauthera_core::snapshot::Snapshot;

pub(super) const TARGET: Target = Target { name: "manifests", check, longest: 8_192, rounds: 400 };

fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let manifests = Manifests::from_texts(vec![("file.yaml".into(), text.into())]);
    for found in manifests.findings() {
        let at = found.at.context("a finding without a place")?;
        let file = manifests.files().get(at.file).context("a finding in no file")?;
        if at.span.line > 0 {
            stands(&file.text, at.span).with_context(|| format!("{found:?}"))?;
        }
        shown(&found.finding)?;
        for label in &found.finding.labels {
            ensure!(manifests.locate(&label.place, Part::Value).is_some(), "{label:?} is nowhere");
        }
    }
    let inventory = manifests.inventory();
    let compiled = compile(&inventory);
    ensure!(compile(&inventory) == compiled, "compiled twice it differs");
    compiles(&compiled)
}

/// Messages end up on terminals.
fn shown(finding: &Finding) -> Verdict {
    let texts = finding.help.iter().chain(&finding.notes).chain([&finding.message]);
    for text in texts {
        ensure!(!text.contains(char::is_control), "{text:?} has control characters");
    }
    Ok(())
}

fn compiles(compiled: &Compiled) -> Verdict {
    for snapshot in compiled.snapshots.values() {
        let bytes = snapshot.to_bytes();
        let read = Snapshot::from_bytes(&bytes).context("a Snapshot that was compiled does not decode")?;
        ensure!(read == **snapshot && read.to_bytes() == bytes, "a Snapshot changes when it is read");
        for row in snapshot.clients.values() {
            for uri in row.redirect_uris.iter().chain(&row.post_logout_redirect_uris) {
                super::uris::is_plain(uri.as_str())?;
            }
        }
    }
    Ok(())
}
