//! Texts with a form of their own: durations, names, quantities; and the CEL text that compares two durations. What a
//! duration means is read by `nauthera_core::time::Seconds`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The form of an object's name: a DNS subdomain.
pub(crate) const NAME: &str = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$";
/// The form of a namespace and of a DNS label.
pub(crate) const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The form of a key in a Secret.
pub(crate) const SECRET_KEY: &str = "^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$";
/// The form of a reference `namespace/name`.
pub(crate) const NAMESPACED_NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$";

/// A duration such as `90s`, `15m`, `24h` or `30d`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationText(pub String);

impl From<&str> for DurationText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 2, "maxLength": 11, "pattern": "^[0-9]+[smhd]$" })
    }
}

/// The schema of a Kubernetes quantity such as `1Gi` or `250m`.
pub(crate) struct QuantityText;

impl JsonSchema for QuantityText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "maxLength": 32,
            "pattern": "^[+-]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
        })
    }
}

/// The CEL text of a duration field's number of seconds. `duration()` of CEL has no days, so it counts by hand.
macro_rules! seconds {
    ($field:literal) => {
        concat!(
            "int(",
            $field,
            ".substring(0, ",
            $field,
            ".size() - 1)) * (",
            $field,
            ".endsWith('s') ? 1 : ",
            $field,
            ".endsWith('m') ? 60 : ",
            $field,
            ".endsWith('h') ? 3600 : 86400)"
        )
    };
}
pub(crate) use seconds;
