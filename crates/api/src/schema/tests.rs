use super::*;
use serde_json::json;

/// A schema with one of each thing that ours have.
fn schema() -> Schema {
    let duration = json!({ "type": "string", "minLength": 2, "maxLength": 11, "pattern": "^[0-9]+[smhd]$" });
    Schema::compile(
        "AuthClient",
        &json!({
            "type": "object",
            "required": ["spec"],
            "x-kubernetes-validations": [
                { "rule": "self.metadata.name.size() <= 63", "message": "the name has at most 63 characters" }
            ],
            "properties": {
                "status": { "type": "object", "properties": { "at": { "type": "string", "format": "date-time" } } },
                "spec": {
                    "type": "object",
                    "required": ["authServerRef"],
                    "x-kubernetes-validations": [
                        { "rule": "self.type != 'service' || !has(self.redirectUris)",
                          "message": "services have no redirectUris", "fieldPath": ".redirectUris" }
                    ],
                    "properties": {
                        "type": { "type": "string", "default": "web", "enum": ["web", "browser", "service"] },
                        "authServerRef": { "type": "object", "required": ["name"], "description": "The server. More.",
                            "properties": { "name": { "type": "string" }, "namespace": { "type": "string" } } },
                        "redirectUris": { "type": "array", "maxItems": 3, "x-kubernetes-list-type": "set",
                            "items": { "type": "string", "minLength": 1 } },
                        "token": { "type": "object", "properties": {
                            "accessTokenTTL": duration, "idTokenTTL": duration } },
                        "enabled": { "type": "boolean" },
                        "replicas": { "type": "integer", "format": "int32", "minimum": 1 },
                        "size": { "x-kubernetes-int-or-string": true,
                            "anyOf": [{ "type": "integer" }, { "type": "string" }] },
                        "labels": { "type": "object", "maxProperties": 2, "additionalProperties": { "type": "string" } },
                        "users": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["username"],
                            "items": { "type": "object", "properties": {
                                "username": { "type": "string" }, "passwordHash": { "type": "string", "maxLength": 5 } } } },
                        "keys": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                        "database": { "type": "object",
                            "properties": { "sqlite": { "type": "object" }, "postgres": { "type": "object" } },
                            "oneOf": [{ "required": ["sqlite"] }, { "required": ["postgres"] }] },
                    },
                },
            },
        }),
    )
}

fn object(spec: Value) -> Value {
    let mut spec = spec;
    if let Some(map) = spec.as_object_mut() {
        map.entry("authServerRef").or_insert(json!({ "name": "main" }));
    }
    json!({ "apiVersion": "auth.nauthera.io/v1alpha1", "kind": "AuthClient", "metadata": { "name": "web" }, "spec": spec })
}

fn judge(spec: Value) -> Vec<Judgement> {
    schema().judge(&mut object(spec))
}

/// Pointer, message and help of the only judgement.
fn only(spec: Value) -> (String, String, String) {
    let mut found = judge(spec);
    assert_eq!(found.len(), 1, "{found:?}");
    let one = found.remove(0);
    (one.pointer, one.message, one.help.unwrap_or_default())
}

#[test]
fn the_schema_is_understood() {
    assert_eq!(schema().faults(), [] as [String; 0]);
}

#[test]
fn a_good_object_gets_no_judgement_and_its_defaults() {
    let mut good = object(json!({ "token": { "idTokenTTL": "5m" }, "size": 5, "keys": { "any": [1] } }));
    assert_eq!(schema().judge(&mut good), []);
    assert_eq!(good["spec"]["type"], "web");
}

#[test]
fn a_status_is_no_part_of_what_is_judged() {
    let mut object = object(json!({}));
    object["status"] = json!({ "nonsense": 1 });
    assert_eq!(schema().judge(&mut object), []);
    assert!(object.get("status").is_none());
}

#[test]
fn misspelt_fields_are_told_with_what_was_meant() {
    for (spec, pointer, message, help) in [
        (
            json!({ "token": { "accessTokenTtl": "5m" } }),
            "/spec/token/accessTokenTtl",
            "`accessTokenTtl` is not a field of spec.token",
            "did you mean `accessTokenTTL`?",
        ),
        (
            json!({ "redirect_uris": [] }),
            "/spec/redirect_uris",
            "`redirect_uris` is not a field of spec",
            "did you mean `redirectUris`?",
        ),
        (
            json!({ "redirctURI": [] }),
            "/spec/redirctURI",
            "`redirctURI` is not a field of spec",
            "did you mean `redirectUris`?",
        ),
        (
            json!({ "accessTokenTTL": "5m" }),
            "/spec/accessTokenTTL",
            "`accessTokenTTL` is not a field of spec",
            "`accessTokenTTL` belongs under `spec.token`",
        ),
        (
            json!({ "token": { "frobnicate": 1 } }),
            "/spec/token/frobnicate",
            "`frobnicate` is not a field of spec.token",
            "its fields are accessTokenTTL and idTokenTTL",
        ),
    ] {
        assert_eq!(only(spec), (pointer.into(), message.into(), help.into()));
    }
}

#[test]
fn fields_that_belong_under_spec_are_told_so() {
    let mut object = object(json!({}));
    object["redirectUris"] = json!([]);
    let found = schema().judge(&mut object);
    assert_eq!(found[0].message, "`redirectUris` is not a field of AuthClient");
    assert_eq!(found[0].help.as_deref(), Some("`redirectUris` belongs under `spec`"));
    assert!(found[0].on_key && found[0].code == Code::UnknownField);
}

#[test]
fn a_misspelt_required_field_is_told_once() {
    let mut object =
        json!({ "metadata": { "name": "web" }, "spec": { "authserverRef": { "name": "main" } } });
    let found = schema().judge(&mut object);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].help.as_deref(), Some("did you mean `authServerRef`?"));
}

#[test]
fn a_missing_field_is_told_at_its_mapping() {
    let found = schema().judge(&mut json!({ "metadata": { "name": "web" }, "spec": {} }));
    assert_eq!((&*found[0].pointer, &*found[0].message), ("/spec", "spec has no `authServerRef`"));
    assert_eq!(found[0].help.as_deref(), Some("add `authServerRef`: The server"));
    let found = schema().judge(&mut json!({ "metadata": { "name": "web" } }));
    assert_eq!(found[0].message, "AuthClient has no `spec`");
}

#[test]
fn wrong_types_are_told_with_what_to_write() {
    for (spec, message, help) in [
        (
            json!({ "redirectUris": "x" }),
            "`redirectUris` is a list of texts, not the text `x`",
            "write `[…]`, or one line that begins with `- ` for each item",
        ),
        (json!({ "redirectUris": [7] }), "`redirectUris[0]` is a text, not the number 7", "put it in quotes"),
        (json!({ "redirectUris": [null] }), "`redirectUris[0]` is a text, not null", ""),
        (
            json!({ "enabled": "yes" }),
            "`enabled` is `true` or `false`, not the text `yes`",
            "write `true` without quotes",
        ),
        (
            json!({ "replicas": "2" }),
            "`replicas` is a whole number, not the text `2`",
            "take the quotes away",
        ),
        (json!({ "replicas": 1.5 }), "`replicas` is a whole number, not the number 1.5", ""),
        (json!({ "token": [] }), "`token` is a mapping, not a list", ""),
        (
            json!({ "type": ["web"] }),
            "`type` is one of web, browser or service, not a list",
            "write the one text without brackets or dash",
        ),
        (json!({ "size": true }), "`size` is a whole number or a text, not `true`", ""),
    ] {
        let found = judge(spec);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].code, &*found[0].message), (Code::WrongType, message));
        assert_eq!(found[0].help.as_deref().unwrap_or_default(), help);
    }
}

#[test]
fn values_beyond_the_schema_are_told_with_what_is_allowed() {
    for (spec, message, help) in [
        (
            json!({ "type": "webb" }),
            "`type` is one of web, browser or service, not `webb`",
            "did you mean `web`?",
        ),
        (json!({ "type": "implicit" }), "`type` is one of web, browser or service, not `implicit`", ""),
        (
            json!({ "token": { "idTokenTTL": "15x" } }),
            "`idTokenTTL` is a duration, not `15x`",
            "write a whole number and one of s, m, h, d, such as 90s, 15m, 24h or 30d",
        ),
        (
            json!({ "redirectUris": ["a", "b", "c", "d"] }),
            "`redirectUris` has 4 items, and may have at most 3",
            "",
        ),
        (json!({ "redirectUris": [""] }), "`redirectUris[0]` is empty", ""),
        (json!({ "redirectUris": ["a", "a"] }), "`a` stands twice in redirectUris", "take one of them away"),
        (
            json!({ "labels": { "a": "", "b": "", "c": "" } }),
            "`labels` has 3 entries, and may have at most 2",
            "",
        ),
        (json!({ "replicas": 0 }), "`replicas` is 0, and must be at least 1", ""),
        (
            json!({ "replicas": 3_000_000_000_i64 }),
            "`replicas` is 3000000000, and must be at most 2147483647",
            "",
        ),
        (json!({ "database": {} }), "spec.database needs exactly one of `sqlite` and `postgres`", ""),
        (
            json!({ "database": { "sqlite": {}, "postgres": {} } }),
            "spec.database needs exactly one of `sqlite` and `postgres`",
            "",
        ),
        (
            json!({ "users": [{ "username": "ada" }, { "username": "ada" }] }),
            "two items of users have the same username `ada`",
            "rename one of them, or take it away",
        ),
    ] {
        let found = judge(spec);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].code, &*found[0].message), (Code::SchemaViolation, message));
        assert_eq!(found[0].help.as_deref().unwrap_or_default(), help);
    }
}

#[test]
fn messages_show_no_passwords_and_no_control_characters() {
    let (_, message, _) = only(json!({ "users": [{ "passwordHash": 7 }] }));
    assert!(message.contains("the number 7"));
    let (_, message, _) = only(json!({ "users": { "passwordHash": "hunter2" } }));
    assert!(!message.contains("hunter2"), "{message}");
    let (_, message, _) = only(json!({ "type": "\u{1b}[31mred" }));
    assert!(message.contains("\\u{1b}[31mred"), "{message}");
}

#[test]
fn rules_are_judged_with_defaults_and_told_at_their_field() {
    let found = judge(json!({ "type": "service", "redirectUris": ["a"] }));
    assert_eq!((found[0].code, &*found[0].pointer), (Code::RuleViolation, "/spec/redirectUris"));
    assert_eq!(found[0].message, "services have no redirectUris");
    assert_eq!(judge(json!({ "redirectUris": ["a"] })), []);
}

#[test]
fn rules_are_not_judged_on_a_broken_structure() {
    let found = judge(json!({ "type": "service", "redirectUris": ["a"], "enabled": "x" }));
    assert_eq!(found.len(), 1, "{found:?}");
    let found = judge(json!({ "type": "service", "redirectUris": [""] }));
    assert_eq!(found.len(), 2, "an API server judges rules after a value that is too short: {found:?}");
}

#[test]
fn rules_of_the_whole_object_are_told_at_its_top() {
    let mut object = object(json!({}));
    object["metadata"]["name"] = "x".repeat(64).into();
    let found = schema().judge(&mut object);
    assert_eq!((&*found[0].pointer, &*found[0].message), ("", "the name has at most 63 characters"));
}

#[test]
fn a_rule_that_stumbles_over_what_was_told_says_nothing() {
    let mut server = json!({ "metadata": { "name": "login" }, "spec": {
        "issuerUrl": "https://login.example", "signing": { "rotationInterval": "30d", "prePublish": "2$h" } } });
    let found = Schemas::ours().of(Kind::AuthServer).judge(&mut server);
    let pointers: Vec<&str> = found.iter().map(|judgement| &*judgement.pointer).collect();
    assert_eq!(pointers, ["/spec/signing/prePublish"], "{found:?}");
}

#[test]
fn an_object_without_a_name_is_refused_before_its_rules_are_judged() {
    for metadata in [json!({}), json!({ "labels": {} }), Value::Null] {
        let mut object = object(json!({ "type": "service", "redirectUris": ["a"] }));
        object["metadata"] = metadata;
        let found = schema().judge(&mut object);
        let errors: Vec<&str> =
            found.iter().filter(|j| j.severity == Severity::Error).map(|j| &*j.message).collect();
        assert_eq!(errors, ["metadata.name is missing"]);
    }
}

#[test]
fn a_null_counts_as_not_written_with_a_warning() {
    let found = judge(json!({ "redirectUris": null }));
    assert_eq!((found[0].severity, &*found[0].pointer), (Severity::Warning, "/spec/redirectUris"));
    assert!(found[0].help.as_deref().unwrap().contains("`[]`"));
}

#[test]
fn metadata_is_judged_as_kubernetes_does() {
    for (metadata, pointer) in [
        (json!({ "name": "Shop_Web" }), "/metadata/name"),
        (json!({ "name": "web", "namespace": "a.b" }), "/metadata/namespace"),
        (json!({ "name": "web", "labels": { "a b": "c" } }), "/metadata/labels/a b"),
        (json!({ "name": "web", "labels": { "a/b": "-c" } }), "/metadata/labels/a~1b"),
        (json!({ "name": "web", "labels": { "a": true } }), "/metadata/labels/a"),
        (json!({ "name": "web", "annotations": { "-": "" } }), "/metadata/annotations/-"),
        (json!({ "name": "web", "label": {} }), "/metadata/label"),
    ] {
        let mut object = object(json!({}));
        object["metadata"] = metadata;
        let found = schema().judge(&mut object);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].pointer, pointer);
    }
    let mut object = object(json!({}));
    object["metadata"] = json!({ "name": "web.v1", "namespace": "shop", "uid": "x", "creationTimestamp": null,
        "labels": { "app.kubernetes.io/name": "web", "empty": "" }, "annotations": { "Team/Owner": "ünicode" },
        "managedFields": [{ "manager": "kubectl" }] });
    assert_eq!(schema().judge(&mut object), []);
}

#[test]
fn the_number_of_judgements_is_bounded() {
    let items: Vec<Value> = (0..10_000).map(Value::from).collect();
    assert_eq!(judge(json!({ "keys": 1, "users": items })).len(), MAX_JUDGEMENTS);
}

#[test]
fn a_schema_that_is_not_understood_refuses_every_object() {
    let schema =
        Schema::compile("X", &json!({ "type": "object", "properties": { "spec": { "$ref": "#/x" } } }));
    let found = schema.judge(&mut json!({ "metadata": { "name": "x" } }));
    assert_eq!(found[0].severity, Severity::Error);
    let schema = Schema::compile(
        "X",
        &json!({ "type": "object", "properties": {}, "x-kubernetes-validations": [{ "rule": "self. +", "message": "x" }] }),
    );
    assert_eq!(schema.faults().len(), 1);
}

#[test]
fn places_know_whether_they_hold_texts() {
    let schema = schema();
    assert!(schema.wants_text("/spec/redirectUris/4"));
    assert!(schema.wants_text("/metadata/labels/a~1b"));
    assert!(!schema.wants_text("/spec/enabled"));
    assert!(schema.has_free_keys("/metadata/labels") && !schema.has_free_keys("/spec"));
}

#[test]
fn every_form_of_our_own_schemas_has_a_name() {
    fn patterns(schema: &Value, out: &mut Vec<String>) {
        match schema {
            Value::Object(map) => {
                out.extend(map.get("pattern").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| patterns(value, out));
            }
            Value::Array(items) => items.iter().for_each(|value| patterns(value, out)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for kind in Kind::ALL {
        patterns(&crate::crds::schema(kind)["properties"]["spec"], &mut found);
    }
    assert!(found.len() > 20);
    for pattern in found {
        assert!(words::form(&pattern).is_some(), "{pattern}");
    }
}

#[test]
fn no_rule_of_our_own_schemas_is_lost() {
    fn rules(schema: &Value) -> usize {
        let below = match schema {
            Value::Object(map) => map.values().map(rules).sum(),
            Value::Array(items) => items.iter().map(rules).sum(),
            _ => 0,
        };
        below + schema.get("x-kubernetes-validations").and_then(Value::as_array).map_or(0, Vec::len)
    }
    for kind in Kind::ALL {
        let mut schema = crate::crds::schema(kind);
        schema["properties"]["status"].take();
        let kept = rules::with_rules(&schema).unwrap();
        assert!(rules(&schema) > 0);
        assert_eq!(rules(&kept), rules(&schema), "{kind}");
    }
}
