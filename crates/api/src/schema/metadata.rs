//! `metadata` as an API server judges it: which fields there are, and the forms of names, labels and annotations.

use super::report::{Report, Step};
use super::words::quoted;
use nauthera_core::codes::Code;
use serde_json::{Map, Value, json};

const MAX_ANNOTATIONS: usize = 256 << 10;

/// The schema of `metadata` (`ObjectMeta` of Kubernetes).
pub(super) fn schema() -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let any = json!({ "x-kubernetes-preserve-unknown-fields": true, "nullable": true });
    json!({
        "type": "object",
        "properties": {
            "name": text, "generateName": text, "namespace": text, "selfLink": text, "uid": text, "resourceVersion": text,
            "labels": texts, "annotations": texts,
            "generation": { "type": "integer" }, "deletionGracePeriodSeconds": { "type": "integer" },
            "creationTimestamp": { "type": "string", "nullable": true },
            "deletionTimestamp": { "type": "string", "nullable": true },
            "finalizers": { "type": "array", "items": { "type": "string" } },
            "ownerReferences": { "type": "array", "items": any },
            "managedFields": { "type": "array", "items": any },
        },
    })
}

/// Judges names, labels and annotations. An object without a name is none, for an API server too: rules judge only what has one.
pub(super) fn judge<'v>(report: &mut Report<'v>, object: &'v Value) {
    let metadata = object.get("metadata").and_then(Value::as_object);
    let Some(metadata) = metadata.filter(|metadata| metadata.contains_key("name")) else {
        return report.block(Code::SchemaViolation, "metadata.name is missing".into(), None);
    };
    report.within(Step::Field("metadata"), |report| {
        if let Some(name) = metadata.get("name").and_then(Value::as_str) {
            report
                .within(Step::Field("name"), |report| name_form(report, name, is_subdomain(name), SUBDOMAIN));
        }
        if let Some(name) = metadata.get("namespace").and_then(Value::as_str) {
            report.within(Step::Field("namespace"), |report| name_form(report, name, is_label(name), LABEL));
        }
        if let Some(labels) = metadata.get("labels").and_then(Value::as_object) {
            report.within(Step::Field("labels"), |report| judge_labels(report, labels));
        }
        if let Some(annotations) = metadata.get("annotations").and_then(Value::as_object) {
            report.within(Step::Field("annotations"), |report| judge_annotations(report, annotations));
        }
    });
}

const SUBDOMAIN: &str =
    "use at most 253 small letters, digits, `-` and `.`, a letter or digit first and last";
const LABEL: &str = "use at most 63 small letters, digits and `-`, a letter or digit first and last";
const QUALIFIED: &str = "use at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first and last; before it perhaps a domain and `/`";
const LABEL_VALUE: &str =
    "use at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first and last, or an empty text";

fn name_form(report: &mut Report<'_>, name: &str, fits: bool, rule: &str) {
    if !fits {
        let message = format!("{} is no name that Kubernetes allows as {}", quoted(name), report.path());
        report.find(Code::SchemaViolation, message, Some(rule.into()));
    }
}

fn judge_labels<'v>(report: &mut Report<'v>, labels: &'v Map<String, Value>) {
    for (key, value) in labels {
        report.within(Step::Field(key), |report| {
            judge_key(report, key, "label");
            if let Some(text) = value.as_str().filter(|text| !text.is_empty() && !is_qualified_part(text)) {
                let message = format!("{} is no value that Kubernetes allows for a label", quoted(text));
                report.find(Code::SchemaViolation, message, Some(LABEL_VALUE.into()));
            }
        });
    }
}

fn judge_annotations<'v>(report: &mut Report<'v>, annotations: &'v Map<String, Value>) {
    let mut size = 0;
    for (key, value) in annotations {
        size += key.len() + value.as_str().map_or(0, str::len);
        report.within(Step::Field(key), |report| judge_key(report, key, "annotation"));
    }
    if size > MAX_ANNOTATIONS {
        report.find_key(
            Code::SchemaViolation,
            "the annotations have more than 256 KiB together".into(),
            None,
        );
    }
}

fn judge_key(report: &mut Report<'_>, key: &str, what: &str) {
    // Annotation keys are judged in small letters.
    let fits = if what == "annotation" { is_qualified(&key.to_ascii_lowercase()) } else { is_qualified(key) };
    if !fits {
        let message = format!("{} is no key that Kubernetes allows for a {what}", quoted(key));
        report.find_key(
            Code::SchemaViolation,
            message.replace("a annotation", "an annotation"),
            Some(QUALIFIED.into()),
        );
    }
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_label_of_any_length(text)
}

fn is_label_of_any_length(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.bytes().all(|b| inner(b) || b == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label_of_any_length)
}

fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_qualified_part(name),
        None => is_qualified_part(key),
    }
}

fn is_qualified_part(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && edge(text.bytes().next())
        && edge(text.bytes().last())
}
