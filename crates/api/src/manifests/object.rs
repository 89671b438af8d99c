//! One object of ours: judged by its schema, then read into core values; each fault is told at its place.

use super::outcome::ReadObject;
use super::typed::{self, Spec};
use super::{MAX_OBJECT, facts, fault};
use crate::schema::{Schema, printable};
use crate::yaml::{Entry, Node, Part, Problem, Span, Text, Value, escape_token, is_ambiguous_word};
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};

/// How many findings one object gets before bare words are no longer looked for.
const ENOUGH: usize = 100;

/// An object with what is wrong with it.
pub(super) struct Read {
    pub(super) object: ReadObject,
    pub(super) findings: Vec<(Finding, Span)>,
}

/// Kind, namespace (`home`, where it names none) and name, if it has a name.
pub(super) fn key(kind: Kind, node: &Node, home: &str) -> Option<ObjectKey> {
    let name = scalar(node.at("/metadata/name")?)?;
    let namespace = node.at("/metadata/namespace").and_then(scalar);
    let namespace = namespace.unwrap_or_else(|| home.to_owned());
    Some(ObjectKey::new(kind, ObjectRef::new(namespace, name)))
}

/// Is it in a namespace that cannot be read? Then nobody knows which object it is.
pub(super) fn is_astray(node: &Node) -> bool {
    let written = node.at("/metadata/namespace");
    written.is_some_and(|written| matches!(written.value, Value::List(_) | Value::Map(_)))
}

/// An object of which no more than its name can be used.
pub(super) fn unaccepted(key: ObjectKey, node: &Node) -> ReadObject {
    ReadObject { key, node: node.clone(), labels: facts::labels(node), spec: None }
}

/// A scalar as text: a name that is written as a number still names, and its type is reported with the object. Names are
/// printed in many places, so control characters are made visible here.
fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) if !text.text.is_empty() => Some(printable(&text.text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

pub(super) fn read(schema: &Schema, key: ObjectKey, node: &Node, problems: &[&Problem]) -> Read {
    let mut findings = Vec::new();
    for problem in problems {
        findings.push((fault::problem(&key, problem), problem.span));
    }
    let spec =
        if has_size(node, &key, &mut findings) { judge(schema, &key, node, &mut findings) } else { None };
    let accepted = findings.iter().all(|(finding, _)| finding.severity != Severity::Error);
    let object =
        ReadObject { key, node: node.clone(), labels: facts::labels(node), spec: spec.filter(|_| accepted) };
    Read { object, findings }
}

/// Is it small enough to be an object? Measured exactly only where it may be too large.
fn has_size(node: &Node, key: &ObjectKey, findings: &mut Vec<(Finding, Span)>) -> bool {
    if node.weight() <= MAX_OBJECT {
        return true;
    }
    let bytes = node.to_json().to_string().len();
    if bytes > MAX_OBJECT {
        findings.push((fault::object_too_large(key, bytes), span_of(node, "/metadata/name", Part::Value)));
    }
    bytes <= MAX_OBJECT
}

fn judge(schema: &Schema, key: &ObjectKey, node: &Node, findings: &mut Vec<(Finding, Span)>) -> Option<Spec> {
    let mut json = node.to_json();
    let judgements = schema.judge(&mut json);
    let accepted = judgements.iter().all(|judgement| judgement.severity != Severity::Error);
    for judgement in &judgements {
        let part = if judgement.on_key { Part::Key } else { Part::Value };
        findings.push((fault::judged(key, judgement), span_of(node, &judgement.pointer, part)));
    }
    let mut words = BareWords { schema, key, pointer: String::new(), findings };
    for top in ["metadata", "spec"] {
        if let Some(below) = node.get(top) {
            words.below(top, below);
        }
    }
    if !accepted {
        return None;
    }
    match typed::read(key, json) {
        Ok(spec) => Some(spec),
        Err(faults) => {
            for fault in faults {
                let span = span_of(node, &fault.pointer, Part::Value);
                findings.push((fault::bad_value(key, &fault.pointer, fault.message, fault.help), span));
            }
            None
        }
    }
}

/// Finds bare words that kubectl would send as booleans, where the schema wants texts.
struct BareWords<'j> {
    schema: &'j Schema,
    key: &'j ObjectKey,
    pointer: String,
    findings: &'j mut Vec<(Finding, Span)>,
}

impl BareWords<'_> {
    fn below(&mut self, token: &str, node: &Node) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        self.visit(node);
        self.pointer.truncate(length);
    }

    fn visit(&mut self, node: &Node) {
        match &node.value {
            _ if self.findings.len() >= ENOUGH => {}
            Value::Text(text) if self.is_bare_word(text) => {
                self.findings.push((fault::ambiguous_word(self.key, &self.pointer, &text.text), node.span));
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), item);
                }
            }
            Value::Map(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            _ => {}
        }
    }

    fn is_bare_word(&self, text: &Text) -> bool {
        text.plain && is_ambiguous_word(&text.text) && self.schema.wants_text(&self.pointer)
    }

    fn entry(&mut self, entry: &Entry) {
        let token = escape_token(&entry.key);
        if entry.plain_key && is_ambiguous_word(&entry.key) && self.schema.has_free_keys(&self.pointer) {
            let pointer = format!("{}/{token}", self.pointer);
            self.findings.push((fault::ambiguous_word(self.key, &pointer, &entry.key), entry.key_span));
        }
        self.below(&token, &entry.value);
    }
}

/// Where a value of an object stands; the object as a whole is its name.
pub(super) fn span_of(node: &Node, pointer: &str, part: Part) -> Span {
    let top = pointer.split('/').nth(1).unwrap_or_default();
    if node.get(top).is_some() {
        node.span_of(pointer, part)
    } else {
        node.span_of("/metadata/name", Part::Value)
    }
}
