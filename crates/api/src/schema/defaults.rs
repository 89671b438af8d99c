//! What an API server does to an object before it judges it: nulls are taken away, defaults filled in, and after the
//! report fields that the schema does not have are dropped.

use super::shape::Shape;
use crate::yaml::escape_token;
use serde_json::Value;

/// Takes nulls away where null is not a value, and fills in defaults. Answers the pointers of the nulls.
pub(super) fn fill(shape: &Shape, object: &mut Value) -> Vec<String> {
    let mut nulls = Vec::new();
    fill_at(shape, object, &mut String::new(), &mut nulls);
    nulls
}

fn fill_at(shape: &Shape, value: &mut Value, pointer: &mut String, nulls: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let dropped: Vec<String> = map
                .iter()
                .filter(|(name, value)| {
                    value.is_null() && shape.field(name).is_some_and(|field| !field.nullable)
                })
                .map(|(name, _)| name.clone())
                .collect();
            for name in dropped {
                nulls.push(format!("{pointer}/{}", escape_token(&name)));
                map.remove(&name);
            }
            for (name, property) in &shape.properties {
                if let Some(default) = &property.default
                    && !map.contains_key(&**name)
                {
                    map.insert((&**name).into(), default.clone());
                }
            }
            for (name, value) in map.iter_mut() {
                if let Some(field) = shape.field(name) {
                    within(pointer, &escape_token(name), |pointer| fill_at(field, value, pointer, nulls));
                }
            }
        }
        Value::Array(items) => {
            if let Some(shape) = &shape.items {
                for (index, item) in items.iter_mut().enumerate() {
                    within(pointer, &index.to_string(), |pointer| fill_at(shape, item, pointer, nulls));
                }
            }
        }
        _ => {}
    }
}

fn within(pointer: &mut String, token: &str, then: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(token);
    then(pointer);
    pointer.truncate(length);
}

/// Drops fields that the schema does not have.
pub(super) fn prune(shape: &Shape, value: &mut Value) {
    match value {
        Value::Object(map) => {
            if shape.closed {
                map.retain(|name, _| shape.properties.contains_key(name.as_str()));
            }
            for (name, value) in map.iter_mut() {
                if let Some(field) = shape.field(name) {
                    prune(field, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(shape) = &shape.items {
                items.iter_mut().for_each(|item| prune(shape, item));
            }
        }
        _ => {}
    }
}
