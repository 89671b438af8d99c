//! `docs/resources.md`: every field of the four kinds, as their schemas say it.

use super::{GENERATED, WIDTH};
use crate::output::wrapped;
use nauthera_api::crds::crds;
use serde_json::Value;
use std::fmt::Write;

const INTRODUCTION: &str = "The four kinds of `auth.nauthera.io/v1alpha1`. Who writes which: developers an AuthClient, security an \
     AuthPolicy, platform AuthServer and UserStore. The same text is in the custom resource definitions \
     (`deploy/crds`), so `kubectl explain authclient.spec` prints it too. Durations are numbers with a unit: `15m`, `12h`, `30d`.";

/// All kinds.
pub fn all() -> String {
    let mut text = format!(
        "{GENERATED} the types in crates/api. -->\n# Resources\n\n{}\n",
        wrapped(INTRODUCTION, WIDTH)
    );
    crds().iter().for_each(|definition| kind(&mut text, definition));
    text
}

fn kind(text: &mut String, definition: &Value) {
    let name = definition.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default();
    let Some(schema) = definition.pointer("/spec/versions/0/schema/openAPIV3Schema") else { return };
    write!(text, "\n## {name}\n\n{}\n", wrapped(description(schema), WIDTH)).ok();
    for part in ["spec", "status"] {
        let Some(part_schema) = schema.pointer(&format!("/properties/{part}")) else { continue };
        write!(text, "\n### {name} {part}\n\n| field | type | meaning |\n| --- | --- | --- |\n").ok();
        fields(text, "", part_schema);
        let rules = rules(part_schema);
        if !rules.is_empty() {
            write!(text, "\nWhat holds between fields:\n\n").ok();
            rules.iter().for_each(|rule| {
                writeln!(text, "- {rule}").ok();
            });
        }
    }
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// A row for each field, those below it right after it.
fn fields(text: &mut String, above: &str, schema: &Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in properties {
        let path = format!("{above}{name}");
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let meaning = format!("{}{}", description(field), choices(field)).replace('|', "\\|");
        writeln!(text, "| `{path}` | {}{must} | {meaning} |", type_of(field)).ok();
        match element(field) {
            Some((mark, element)) => fields(text, &format!("{path}{mark}."), element),
            None => fields(text, &format!("{path}."), field),
        }
    }
}

/// What a list or a map holds, and how its path is written.
fn element(field: &Value) -> Option<(&'static str, &Value)> {
    let list = field.get("items").map(|items| ("[]", items));
    list.or_else(|| {
        field.get("additionalProperties").filter(|value| value.is_object()).map(|values| (".*", values))
    })
}

fn type_of(field: &Value) -> String {
    let name = field.get("type").and_then(Value::as_str);
    match (name, element(field)) {
        (Some("array"), Some((_, items))) => format!("list of {}", type_of(items)),
        (Some("object"), Some((_, values))) => format!("map of {}", type_of(values)),
        (Some(name), _) => name.into(),
        (None, _) => "string or number".into(),
    }
}

/// The words that may be written, and the default.
fn choices(field: &Value) -> String {
    let of = element(field).map_or(field, |(_, element)| element);
    let words: Vec<String> =
        of.get("enum").and_then(Value::as_array).into_iter().flatten().map(code).collect();
    let mut text = String::new();
    if !words.is_empty() {
        write!(text, " One of {}.", words.join(", ")).ok();
    }
    if let Some(default) = field.get("default") {
        write!(text, " Written as {} when left out.", code(default)).ok();
    }
    text
}

fn code(value: &Value) -> String {
    format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The messages of the CEL rules of a schema and of all below it.
fn rules(schema: &Value) -> Vec<String> {
    let own = schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<String> =
        own.filter_map(|rule| rule.get("message")?.as_str().map(str::to_owned)).collect();
    let below =
        schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|fields| fields.values());
    for field in below.chain(element(schema).map(|(_, element)| element)) {
        for rule in rules(field) {
            if !found.contains(&rule) {
                found.push(rule);
            }
        }
    }
    found
}
