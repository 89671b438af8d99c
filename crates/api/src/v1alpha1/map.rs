//! Schemas of maps from text to text: labels, annotations, node selectors, quantities. A map needs a maximum of its own,
//! which no derive attribute can give.

use super::text::QuantityText;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// How many labels a map may hold.
pub const MAX_LABELS: u32 = 32;
/// How many entries any other map may hold.
pub const MAX_MAP: u32 = 32;

/// The CEL text by which each key of a map is one that Kubernetes takes as the name of a label, and with the field's name what is said
/// otherwise.
macro_rules! qualified_keys {
    () => {
        "self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))"
    };
    ($field:literal) => {
        concat!(
            "a key of ",
            $field,
            " is at most 63 letters, digits, -, _ and ., perhaps after a domain and a slash, such as shop.example/team"
        )
    };
}
pub(crate) use qualified_keys;

macro_rules! map_schema {
    ($(#[$doc:meta])* $name:ident, $max:expr, $value:tt) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "object", "maxProperties": $max, "additionalProperties": $value })
            }
        }
    };
}

map_schema!(
    /// Labels: values of at most 63 characters.
    LabelMap, MAX_LABELS,
    { "type": "string", "maxLength": 63, "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" }
);
map_schema!(
    /// Annotations: values of at most 4,096 characters.
    AnnotationMap, MAX_MAP, { "type": "string", "maxLength": 4096 }
);
map_schema!(
    /// Usual keys of a Secret and what to call them.
    KeyMap, 11,
    { "type": "string", "minLength": 1, "maxLength": 253, "pattern": super::text::SECRET_KEY }
);
map_schema!(
    /// Claims and the directory attribute that each comes from.
    ClaimMap, MAX_MAP, { "type": "string", "minLength": 1, "maxLength": 128 }
);

/// Resource names (`cpu`, `memory`) and quantities.
pub(crate) struct QuantityMap;

impl JsonSchema for QuantityMap {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "QuantityMap".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "maxProperties": MAX_MAP,
            "additionalProperties": QuantityText::json_schema(generator),
        })
    }
}
