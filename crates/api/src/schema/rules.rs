//! CEL rules (`x-kubernetes-validations`), run by kube-cel from the text that a cluster runs.

use super::Judgement;
use crate::yaml::escape_token;
use kube_cel::{CompiledSchema, ErrorKind, ValidationError, compile_schema, validate_compiled};
use nauthera_core::codes::Code;
use serde_json::{Map, Value};

/// The rules of one kind, compiled.
#[derive(Debug)]
pub(super) struct Rules(Option<CompiledSchema>);

impl Rules {
    /// Compiles the rules of a schema. Places without a rule below are left out: kube-cel turns the value of each place
    /// that it knows into CEL anew.
    pub(super) fn compile(schema: &Value, faults: &mut Vec<String>) -> Self {
        let rules = with_rules(schema).map(|schema| compile_schema(&schema));
        if let Some(rules) = &rules {
            compile_faults(rules, faults);
        }
        Self(rules)
    }

    /// Runs all rules on an object with defaults. Is something `told` already, a rule that cannot be evaluated is left out: what it
    /// stumbles over is what was told.
    pub(super) fn judge(&self, object: &Value, told: bool) -> Vec<Judgement> {
        let Some(rules) = &self.0 else { return Vec::new() };
        let Err(errors) = validate_compiled(rules, object, None) else { return Vec::new() };
        let counts = |error: &ValidationError| !told || matches!(error.kind, ErrorKind::ValidationFailure);
        let errors = errors.into_iter().filter(counts);
        let mut found: Vec<Judgement> = errors.map(|error| judgement(object, error)).collect();
        found.dedup();
        found
    }
}

/// The schema without what no rule needs; `None` when there is no rule in it.
pub(super) fn with_rules(schema: &Value) -> Option<Value> {
    let keywords = schema.as_object()?;
    let mut kept = Map::new();
    let mut has_rules = keywords.contains_key("x-kubernetes-validations");
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let below: Map<String, Value> = properties
                    .iter()
                    .filter_map(|(name, property)| Some((name.clone(), with_rules(property)?)))
                    .collect();
                has_rules |= !below.is_empty();
                kept.insert(keyword.clone(), Value::Object(below));
            }
            ("items", _) => {
                if let Some(items) = with_rules(value) {
                    has_rules = true;
                    kept.insert(keyword.clone(), items);
                }
            }
            // A mapping with free keys is turned into CEL in another way than one with fields.
            ("additionalProperties", _) => {
                has_rules |= value != &Value::Bool(false);
                kept.insert(
                    keyword.clone(),
                    with_rules(value).unwrap_or(Value::Bool(value != &Value::Bool(false))),
                );
            }
            ("default", _) => {}
            _ => {
                kept.insert(keyword.clone(), value.clone());
            }
        }
    }
    has_rules.then_some(Value::Object(kept))
}

fn compile_faults(rules: &CompiledSchema, faults: &mut Vec<String>) {
    faults.extend(rules.compilation_errors().iter().map(ToString::to_string));
    let below =
        rules.properties.values().chain(rules.items.as_deref()).chain(rules.additional_properties.as_deref());
    for rules in below {
        compile_faults(rules, faults);
    }
}

fn judgement(object: &Value, error: ValidationError) -> Judgement {
    let code = Code::RuleViolation;
    let message = match error.kind {
        ErrorKind::ValidationFailure => error.message,
        _ => format!("the rule `{}` cannot be judged: {}", error.rule, error.message),
    };
    let pointer = pointer(object, &error.field_path);
    Judgement { code, severity: code.severity(), pointer, on_key: false, message, help: None }
}

/// The JSON pointer of a path such as `spec.users[2].claims.a.b`: a key with a dot in it is the longest that is there.
fn pointer(object: &Value, path: &str) -> String {
    let (mut pointer, mut at, mut rest) = (String::new(), Some(object), path.trim_start_matches('.'));
    while !rest.is_empty() {
        if let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let index = index.trim_matches(['\'', '"']);
            at = at.and_then(|value| match value {
                Value::Array(items) => items.get(index.parse::<usize>().ok()?),
                _ => value.get(index),
            });
            push(&mut pointer, index);
            rest = after.trim_start_matches('.');
            continue;
        }
        let ends = |key: &str| {
            rest.strip_prefix(key).is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
        };
        let keys = at.and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let key = match keys.filter(|key| ends(key)).max_by_key(|key| key.len()) {
            Some(key) => key.as_str(),
            None => rest.split(['.', '[']).next().unwrap_or(rest),
        };
        at = at.and_then(|value| value.get(key));
        push(&mut pointer, key);
        rest = rest.get(key.len()..).unwrap_or_default().trim_start_matches('.');
        if key.is_empty() {
            break;
        }
    }
    pointer
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&escape_token(key));
}
