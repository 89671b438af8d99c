//! Every schema is one that an API server takes: structural, with a maximum on everything that can grow.

use super::schema;
use nauthera_api::crds;
use nauthera_core::names::Kind;
use serde_json::Value;
use std::path::Path;

/// What may stand in a structural schema here. No `nullable`: a null would be dropped by an API server as if it were not
/// written.
const KEYWORDS: [&str; 24] = [
    "additionalProperties",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
    "title",
];

/// Calls `visit` with the path of each schema in a schema.
fn walk(path: &str, schema: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            walk(&format!("{path}.{name}"), property, visit);
        }
    }
    if let Some(items) = schema.get("items") {
        walk(&format!("{path}[]"), items, visit);
    }
    if let Some(values) = schema.get("additionalProperties") {
        walk(&format!("{path}{{}}"), values, visit);
    }
}

fn everywhere(mut visit: impl FnMut(&str, &Value)) {
    for kind in Kind::ALL {
        walk(kind.as_str(), schema(kind), &mut visit);
    }
}

#[test]
fn only_keywords_of_structural_schemas_are_used() {
    everywhere(|path, schema| {
        let schema = schema.as_object().unwrap_or_else(|| panic!("{path} is not an object"));
        for keyword in schema.keys() {
            assert!(KEYWORDS.contains(&keyword.as_str()), "{path}: {keyword}");
        }
        assert!(schema.contains_key("type") || schema.contains_key("x-kubernetes-int-or-string"), "{path}");
    });
}

#[test]
fn every_property_is_described_in_one_line() {
    everywhere(|path, schema| {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let text = property.get("description").and_then(Value::as_str).unwrap_or_default();
            assert!(text.len() > 8 && !text.contains('\n'), "{path}.{name}: {text:?}");
            assert!(text.ends_with(['.', '?']) || path.contains("podTemplate"), "{path}.{name}: {text:?}");
        }
    });
}

#[test]
fn everything_that_can_grow_has_a_maximum() {
    everywhere(|path, schema| {
        let has = |keyword: &str| schema.get(keyword).is_some();
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => assert!(has("maxLength") || has("enum"), "{path}"),
            Some("array") => assert!(has("maxItems") && has("items"), "{path}"),
            Some("object") if has("additionalProperties") || has("x-kubernetes-preserve-unknown-fields") => {
                assert!(has("maxProperties"), "{path}");
            }
            Some("object") => assert!(has("properties"), "{path} takes anything"),
            Some("integer" | "boolean") => {}
            None => assert!(has("maxLength"), "{path}"),
            Some(other) => panic!("{path}: {other}"),
        }
    });
}

#[test]
fn only_keys_take_fields_that_no_schema_knows() {
    let mut open = Vec::new();
    everywhere(|path, schema| {
        if schema.get("x-kubernetes-preserve-unknown-fields").is_some() {
            open.push(path.to_owned());
        }
        assert!(schema.get("additionalProperties").is_none_or(Value::is_object), "{path}");
    });
    assert_eq!(
        open,
        [
            "AuthPolicy.spec.examples[].client.authentication.jwks.keys[]",
            "AuthClient.spec.authentication.jwks.keys[]"
        ]
    );
}

#[test]
fn lists_of_conditions_are_maps_by_type() {
    for kind in Kind::ALL {
        let schema = schema(kind);
        let conditions = schema.pointer("/properties/status/properties/conditions").unwrap();
        assert_eq!(conditions["x-kubernetes-list-type"], "map");
        assert_eq!(conditions["x-kubernetes-list-map-keys"], serde_json::json!(["type"]));
    }
}

#[test]
fn every_rule_compiles() {
    let mut rules = 0;
    everywhere(|path, schema| {
        for rule in schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
            rules += 1;
            let text = rule["rule"].as_str().unwrap();
            assert!(kube_cel::cel::Program::compile(text).is_ok(), "{path}: {text}");
        }
    });
    assert!(rules > 50, "{rules}");
}

#[test]
fn every_rule_says_what_to_write_instead() {
    everywhere(|path, schema| {
        for rule in schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
            let message = rule["message"].as_str().unwrap_or_else(|| panic!("{path}: {rule}"));
            assert!(message.len() > 20 && message.len() < 2048, "{path}: {message}");
            assert!(!message.ends_with('.') && !message.contains('\n'), "{path}: {message}");
        }
    });
}

#[test]
fn the_definitions_are_namespaced_served_and_in_our_category() {
    for (kind, definition) in Kind::ALL.into_iter().zip(crds::definitions()) {
        assert_eq!(definition.metadata.name.as_deref(), Some(crds::crd_name(kind)));
        assert_eq!(definition.spec.group, "auth.nauthera.io");
        assert_eq!(definition.spec.scope, "Namespaced");
        assert_eq!(definition.spec.names.kind, kind.as_str());
        assert_eq!(definition.spec.names.categories.unwrap(), ["nauthera"]);
        assert_eq!(definition.spec.names.short_names, None);
        let version = &definition.spec.versions[0];
        assert!(version.served && version.storage && version.subresources.as_ref().unwrap().status.is_some());
        assert_eq!(version.name, "v1alpha1");
    }
}

#[test]
fn printer_columns_are_those_of_the_design() {
    let columns = |kind: Kind, priority: i32| -> Vec<String> {
        let definitions = crds::definitions();
        let definition = definitions.iter().find(|d| d.spec.names.kind == kind.as_str()).unwrap();
        let columns = definition.spec.versions[0].additional_printer_columns.as_ref().unwrap();
        columns.iter().filter(|c| c.priority.unwrap_or(0) == priority).map(|c| c.name.clone()).collect()
    };
    assert_eq!(
        columns(Kind::AuthClient, 0),
        ["Server", "Type", "Client ID", "Compliant", "Ready", "Reason", "Age"]
    );
    assert_eq!(columns(Kind::AuthClient, 1), ["Policies", "Next rotation"]);
    assert_eq!(columns(Kind::AuthPolicy, 0), ["Enforcement", "Clients", "Violating", "Live", "Age"]);
    assert_eq!(columns(Kind::AuthServer, 0), ["Issuer", "Replicas", "Clients", "Revision", "Ready", "Age"]);
    assert_eq!(columns(Kind::UserStore, 0), ["Type", "Ready", "Reason", "Age"]);
}

#[test]
fn the_yaml_is_the_definition_and_names_its_source() {
    for kind in Kind::ALL {
        let text = crds::crd_yaml(kind);
        assert!(text.starts_with("# Generated from "), "{text:.80}");
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, crds::crd(kind));
        assert_eq!(text, crds::crd_yaml(kind));
    }
    assert_eq!(crds::crds_yaml().matches("\n---\n").count(), 3);
}

#[test]
fn the_files_in_deploy_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/crds");
    for kind in Kind::ALL {
        let file = folder.join(format!("{}.yaml", crds::crd_name(kind)));
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(text == crds::crd_yaml(kind), "{} is stale: run `make generate`", file.display());
    }
}
