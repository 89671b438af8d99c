//! The schemas of Kubernetes' own types inside ours: taken as Kubernetes writes them, given the maximums that they
//! lack (without them the cost of CEL rules has no bound), and with descriptions cut to their first sentence.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::marker::PhantomData;

const MAX_STRING: u32 = 4_096;
const MAX_ITEMS: u32 = 64;

/// The bounded schema of the Kubernetes type `T`.
pub(crate) struct Embedded<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Embedded<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        bound(schema.ensure_object());
        schema
    }
}

fn bound(schema: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = first_sentence(text);
    }
    let kind = schema.get("type").and_then(Value::as_str).map(str::to_owned);
    let int_or_string = schema.contains_key("x-kubernetes-int-or-string");
    match kind.as_deref() {
        Some("string") => set_default(schema, "maxLength", MAX_STRING),
        Some("array") => set_default(schema, "maxItems", MAX_ITEMS),
        Some("object") if schema.contains_key("additionalProperties") => {
            set_default(schema, "maxProperties", MAX_ITEMS)
        }
        None if int_or_string => set_default(schema, "maxLength", 64),
        _ => {}
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(bound);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get_mut(key) {
            bound(inner);
        }
    }
}

fn set_default(schema: &mut Map<String, Value>, key: &str, value: u32) {
    schema.entry(key).or_insert_with(|| value.into());
}

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or(text);
    let abbreviated =
        |at: usize| line.get(..at).is_some_and(|head| head.ends_with("i.e") || head.ends_with("e.g"));
    let end = line.match_indices(". ").map(|(at, _)| at).find(|at| !abbreviated(*at));
    match end {
        Some(end) => line.get(..=end).unwrap_or(line).to_owned(),
        None => line.to_owned(),
    }
}
