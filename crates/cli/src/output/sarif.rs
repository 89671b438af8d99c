//! Findings as SARIF 2.1.0, in the part of it that GitHub code scanning takes.

use super::cases::{Case, Cases, Mark, Weight};
use super::json::Position;
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};

/// What stays as it is in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The log; a finding without a place is put at `fallback`, since code scanning takes none without.
pub fn log(manifests: &Manifests, cases: &Cases, fallback: &Path) -> Value {
    let results: Vec<Value> = cases.iter().map(|case| result(manifests, case, fallback)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "nauthera",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "name": code.reason(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.text() },
        "help": { "text": code.text() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

const fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn result(manifests: &Manifests, case: &Case, fallback: &Path) -> Value {
    let finding = &case.finding;
    let mut locations = case.marks.iter().map(|mark| location(manifests, mark, fallback));
    let first = locations.next().unwrap_or_else(|| json!({ "physicalLocation": artifact(fallback) }));
    let related: Vec<Value> = locations.collect();
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": text(case) },
        "locations": [first],
        "properties": { "weight": case.weight().word() },
    });
    if let Value::Object(result) = &mut result {
        if !related.is_empty() {
            result.insert("relatedLocations".into(), related.into());
        }
        if let Some(label) = finding.labels.first() {
            let place = format!("{}:{}:{}", finding.code, label.place.key, label.place.pointer);
            result.insert("partialFingerprints".into(), json!({ "place/v1": place }));
        }
    }
    result
}

/// The message with all that belongs to it: a reader of SARIF shows one text.
fn text(case: &Case) -> String {
    let finding = &case.finding;
    let mut text = finding.message.clone();
    if let Some(policy) = finding.policy.as_ref().filter(|_| case.weight() != Weight::Error) {
        text.push_str(&format!("\npolicy: {policy}"));
        if let Some(allowed) = &finding.allowed {
            text.push_str(&format!(", which allows {allowed}"));
        }
    }
    for note in &finding.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}

/// A place; code scanning takes none without a file, so one in a cluster is put at `fallback`, and named.
fn location(manifests: &Manifests, mark: &Mark, fallback: &Path) -> Value {
    let mut location = json!({});
    let Value::Object(parts) = &mut location else { return location };
    if let Some(file) = mark.at.and_then(|at| manifests.files().get(at.file)) {
        let mut physical = artifact(&file.location);
        if let (Value::Object(physical), Some(position)) = (&mut physical, Position::of(file, mark)) {
            let region = json!({
                "startLine": position.line,
                "startColumn": position.column,
                "endLine": position.end_line,
                "endColumn": position.end_column,
            });
            physical.insert("region".into(), region);
        }
        parts.insert("physicalLocation".into(), physical);
    } else {
        parts.insert("physicalLocation".into(), artifact(fallback));
    }
    if let Some(label) = &mark.label {
        let name = format!("{} {}", label.place.key, label.place.path());
        let logical = json!([{ "fullyQualifiedName": name.trim_end(), "kind": "object" }]);
        parts.insert("logicalLocations".into(), logical);
        if !label.note.is_empty() {
            parts.insert("message".into(), json!({ "text": label.note }));
        }
    }
    location
}

/// A file as a URI: relative to where the command ran, which is the root of the checkout in CI.
fn artifact(path: &Path) -> Value {
    let parts: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    let text = if parts.as_os_str().is_empty() { ".".into() } else { parts.to_string_lossy() };
    let uri = utf8_percent_encode(&text, PATH).to_string();
    if path.is_absolute() {
        json!({ "artifactLocation": { "uri": format!("file://{uri}") } })
    } else {
        json!({ "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" } })
    }
}
