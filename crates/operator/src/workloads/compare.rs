//! Is an object that is there everything that one should be? Pure. What it has beside that is others'.

use super::APPLIED_ANNOTATION;
use kube::api::DynamicObject;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A hash of an object as it should be.
#[must_use]
pub fn hash(wanted: &DynamicObject) -> String {
    let bytes = serde_json::to_vec(wanted).unwrap_or_default();
    Sha256::digest(bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Does it have all that it should have, and was just that applied last? A field that is not wanted any more shows by the hash.
#[must_use]
pub fn covers(there: &DynamicObject, wanted: &DynamicObject) -> bool {
    let applied = |object: &DynamicObject| {
        object.metadata.annotations.as_ref().and_then(|all| all.get(APPLIED_ANNOTATION).cloned())
    };
    if applied(there) != applied(wanted) {
        return false;
    }
    // Items of a list do not say of which kind they are.
    let untyped =
        |object: &DynamicObject| serde_json::to_value(DynamicObject { types: None, ..object.clone() });
    let (there, wanted) = (untyped(there), untyped(wanted));
    there.is_ok_and(|there| wanted.is_ok_and(|wanted| has(&there, &wanted, "")))
}

/// Lists whose items have a name, and to which others may add.
const KEYED: [(&str, &str); 2] = [("ownerReferences", "uid"), ("env", "name")];

fn has(there: &Value, wanted: &Value, field: &str) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            match there.get(key) {
                Some(there) => has(there, wanted, key),
                // What is empty is not kept by the API server.
                None => is_empty(wanted),
            }
        }),
        (Value::Array(there), Value::Array(wanted)) => match KEYED.iter().find(|(name, _)| *name == field) {
            Some((_, key)) => wanted.iter().all(|wanted| {
                let mut named = there.iter().filter(|there| there.get(*key) == wanted.get(*key));
                named.next().is_some_and(|there| has(there, wanted, ""))
            }),
            None => {
                there.len() == wanted.len()
                    && there.iter().zip(wanted).all(|(there, wanted)| has(there, wanted, ""))
            }
        },
        (there, wanted) => there == wanted || is_same_quantity(there, wanted),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The API server writes quantities in a form of its own: `1000m` comes back as `1`, and `1024Mi` as `1Gi`.
fn is_same_quantity(there: &Value, wanted: &Value) -> bool {
    let number = |value: &Value| value.as_str().and_then(quantity);
    matches!((number(there), number(wanted)), (Some(there), Some(wanted)) if (there - wanted).abs() <= there.abs() * 1e-12)
}

fn quantity(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 13] = [
        ("Ki", 1_024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (digits, factor) = unit.unwrap_or((text, 1.0));
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn covered(there: Value, wanted: Value) -> bool {
        has(&there, &wanted, "")
    }

    #[test]
    fn what_others_add_does_not_matter_and_what_they_take_does() {
        let wanted = json!({"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}});
        assert!(covered(
            json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"a": "b", "c": "d"}, "type": "ClusterIP"}}),
            wanted.clone()
        ));
        assert!(!covered(json!({"spec": {"ports": [{"port": 81}], "selector": {"a": "b"}}}), wanted.clone()));
        assert!(!covered(json!({"spec": {"ports": [], "selector": {"a": "b"}}}), wanted.clone()));
        assert!(!covered(
            json!({"spec": {"ports": [{"port": 80}, {"port": 9}], "selector": {"a": "b"}}}),
            wanted
        ));
    }

    #[test]
    fn quantities_are_compared_by_what_they_mean() {
        assert!(covered(json!({"cpu": "1", "memory": "1Gi"}), json!({"cpu": "1000m", "memory": "1024Mi"})));
        assert!(!covered(json!({"cpu": "1"}), json!({"cpu": "1001m"})));
        assert!(!covered(json!({"image": "a"}), json!({"image": "b"})));
    }

    #[test]
    fn an_item_of_a_list_is_the_object_that_was_applied() {
        let mut wanted: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"type": "ClusterIP"},
        }))
        .unwrap();
        let applied = hash(&wanted);
        wanted.metadata.annotations = Some([(APPLIED_ANNOTATION.to_owned(), applied)].into());
        let listed = DynamicObject { types: None, ..wanted.clone() };
        assert!(covers(&listed, &wanted));
        let mut older = listed;
        older.metadata.annotations = Some([(APPLIED_ANNOTATION.to_owned(), "other".to_owned())].into());
        assert!(!covers(&older, &wanted), "it may have a field that is not wanted any more");
    }

    #[test]
    fn what_is_empty_may_be_absent() {
        assert!(covered(json!({}), json!({"emptyDir": {}, "list": [], "none": null})));
        assert!(!covered(json!({}), json!({"flag": false})));
    }

    #[test]
    fn owners_and_variables_of_others_stay() {
        let wanted = json!({"ownerReferences": [{"uid": "1", "controller": true}], "env": [{"name": "A", "value": "1"}]});
        let there = json!({
            "ownerReferences": [{"uid": "9"}, {"uid": "1", "controller": true}],
            "env": [{"name": "B"}, {"name": "A", "value": "1"}],
        });
        assert!(covered(there, wanted));
    }
}
