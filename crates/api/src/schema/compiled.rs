//! One kind's schema, compiled once, and the order in which it judges: nulls and defaults, structure, metadata, rules.

use super::metadata;
use super::report::Report;
use super::rules::Rules;
use super::shape::{self, Additional, Holds, Shape};
use super::structure;
use super::suggest::Fields;
use super::{Judgement, defaults};
use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use serde_json::Value;

/// The schema of one kind, compiled.
#[derive(Debug)]
pub struct Schema {
    kind: String,
    root: Shape,
    rules: Rules,
    fields: Fields,
    faults: Vec<String>,
}

impl Schema {
    /// Compiles `openAPIV3Schema` of a custom resource definition, metadata added as an API server would judge it. A
    /// keyword that is not known is kept as a fault, and every object is refused for it.
    #[must_use]
    pub fn compile(kind: &str, schema: &Value) -> Self {
        let mut faults = Vec::new();
        let mut schema = schema.clone();
        if let Some(properties) = schema.pointer_mut("/properties").and_then(Value::as_object_mut) {
            properties.remove("status");
            properties.insert("metadata".into(), metadata::schema());
            for name in ["apiVersion", "kind"] {
                properties.insert(name.into(), serde_json::json!({ "type": "string" }));
            }
        } else {
            faults.push("the schema has no properties".into());
        }
        let root = shape::compile(&schema, &mut faults);
        let fields = Fields::of(&root);
        let rules = Rules::compile(&schema, &mut faults);
        Self { kind: kind.into(), root, rules, fields, faults }
    }

    /// What keeps this schema from judging; empty for a schema that is understood.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Judges an object as an API server would on create, and makes of it what the server would store: `status` and
    /// unknown fields gone, defaults filled in. Without an error among the judgements the object is accepted.
    #[must_use]
    pub fn judge(&self, object: &mut Value) -> Vec<Judgement> {
        if let Some(map) = object.as_object_mut() {
            map.remove("status");
        }
        let nulls = defaults::fill(&self.root, object);
        let mut report = Report::new(&self.kind);
        for fault in &self.faults {
            report.block(Code::SchemaViolation, format!("the schema cannot judge this: {fault}"), None);
        }
        structure::judge(&mut report, &self.fields, &self.root, object);
        metadata::judge(&mut report, object);
        let (mut found, blocking) = (report.found, report.blocking);
        found.extend(nulls.iter().map(|pointer| self.nothing_written(pointer)));
        defaults::prune(&self.root, object);
        if !blocking {
            let told = found.iter().any(|judgement| judgement.severity == Severity::Error);
            found.extend(self.rules.judge(object, told));
        }
        found
    }

    /// Does the schema want a text at this JSON pointer?
    #[must_use]
    pub fn wants_text(&self, pointer: &str) -> bool {
        self.root.at(pointer).is_some_and(|shape| matches!(shape.holds, Holds::Text | Holds::WholeOrText))
    }

    /// Are the keys of the mapping at this JSON pointer the author's own choice?
    #[must_use]
    pub fn has_free_keys(&self, pointer: &str) -> bool {
        self.root.at(pointer).is_some_and(|shape| !matches!(shape.additional, Additional::Nothing))
    }

    /// A null counts as not written, which is easily meant otherwise.
    fn nothing_written(&self, pointer: &str) -> Judgement {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let list = self.root.at(pointer).is_some_and(|shape| shape.holds == Holds::List);
        let help =
            if list { "write `[]` for an empty list, or take the line away" } else { "take the line away" };
        Judgement {
            code: Code::WrongType,
            severity: Severity::Warning,
            pointer: pointer.into(),
            on_key: true,
            message: format!("`{name}` has no value, and counts as if it were not written"),
            help: Some(help.into()),
        }
    }

    pub(super) const fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(super) const fn fields_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }
}
