//! Which fields and defaults the API has. A change here is a change of the API.

use super::schema;
use nauthera_core::names::Kind;
use serde_json::{Value, json};

fn names(kind: Kind, pointer: &str) -> Vec<String> {
    let schema = schema(kind);
    let mut names: Vec<String> =
        schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// Each default below `spec`, by path.
fn defaults(kind: Kind) -> Vec<(String, Value)> {
    fn walk(path: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
        if let Some(default) = schema.get("default") {
            found.push((path.to_owned(), default.clone()));
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            walk(&format!("{path}.{name}"), property, found);
        }
        if let Some(items) = schema.get("items") {
            walk(&format!("{path}[]"), items, found);
        }
    }
    let mut found = Vec::new();
    walk("spec", &schema(kind)["properties"]["spec"], &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn is(found: Vec<(String, Value)>, expected: &[(&str, Value)]) {
    let expected: Vec<(String, Value)> =
        expected.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_auth_client_has_these_fields() {
    assert_eq!(
        names(Kind::AuthClient, "/properties/spec/properties"),
        [
            "allowedGroups",
            "audiences",
            "authServerRef",
            "authentication",
            "backChannelLogoutUri",
            "clientId",
            "displayName",
            "existingSecretRef",
            "grantTypes",
            "introspects",
            "postLogoutRedirectUris",
            "redirectUris",
            "scopes",
            "secret",
            "token",
            "type"
        ]
    );
    assert_eq!(
        names(Kind::AuthClient, "/properties/spec/properties/token/properties"),
        ["accessTokenTTL", "idTokenTTL", "refreshTokenTTL"]
    );
    assert_eq!(
        names(Kind::AuthClient, "/properties/spec/properties/authentication/properties"),
        ["jwks", "jwksUri", "method", "serviceAccounts"]
    );
    assert_eq!(
        names(Kind::AuthClient, "/properties/spec/properties/secret/properties"),
        ["annotations", "keys", "labels", "name"]
    );
    is(defaults(Kind::AuthClient), &[("spec.type", json!("web"))]);
}

#[test]
fn an_auth_policy_has_these_fields_and_no_default_on_any_that_combines() {
    assert_eq!(
        names(Kind::AuthPolicy, "/properties/spec/properties"),
        [
            "admission",
            "allowCustomClientIds",
            "allowedAudiences",
            "allowedGrantTypes",
            "allowedIntrospection",
            "allowedScopes",
            "authentication",
            "clientAuthentication",
            "clientSelector",
            "consent",
            "enforcePKCE",
            "enforcement",
            "examples",
            "except",
            "mandatory",
            "redirectUris",
            "requirePushedAuthorizationRequests",
            "token"
        ]
    );
    assert_eq!(
        names(
            Kind::AuthPolicy,
            "/properties/spec/properties/clientAuthentication/properties/secretRotation/properties"
        ),
        ["enabled", "maxAge", "overlap", "schedule"]
    );
    for selector in ["clientSelector", "except"] {
        assert_eq!(
            names(Kind::AuthPolicy, &format!("/properties/spec/properties/{selector}/properties")),
            ["clients", "namespaceSelector", "namespaces", "types"]
        );
    }
    is(
        defaults(Kind::AuthPolicy),
        &[
            ("spec.enforcement", json!("Enforce")),
            ("spec.examples[].client.type", json!("web")),
            ("spec.mandatory", json!(false)),
        ],
    );
}

#[test]
fn an_auth_server_has_these_fields_and_defaults() {
    assert_eq!(
        names(Kind::AuthServer, "/properties/spec/properties"),
        [
            "allowedClients",
            "branding",
            "database",
            "expose",
            "image",
            "issuerUrl",
            "podTemplate",
            "policySelector",
            "replicas",
            "resources",
            "serviceAccountIssuers",
            "session",
            "signing",
            "tls",
            "userStoreRef"
        ]
    );
    assert_eq!(
        names(Kind::AuthServer, "/properties/spec/properties/podTemplate/properties"),
        [
            "affinity",
            "annotations",
            "env",
            "imagePullSecrets",
            "labels",
            "nodeSelector",
            "priorityClassName",
            "tolerations",
            "topologySpreadConstraints"
        ]
    );
    let signing = json!({ "algorithm": "RS256", "rotationInterval": "30d", "prePublish": "24h" });
    is(
        defaults(Kind::AuthServer),
        &[
            ("spec.allowedClients", json!({ "namespaces": { "from": "All" } })),
            ("spec.allowedClients.namespaces", json!({ "from": "All" })),
            ("spec.allowedClients.namespaces.from", json!("All")),
            ("spec.database.sqlite.storage", json!("1Gi")),
            ("spec.session", json!({ "lifetime": "12h" })),
            ("spec.session.lifetime", json!("12h")),
            ("spec.signing", signing),
            ("spec.signing.algorithm", json!("RS256")),
            ("spec.signing.prePublish", json!("24h")),
            ("spec.signing.rotationInterval", json!("30d")),
        ],
    );
}

#[test]
fn a_user_store_has_these_fields_and_no_defaults() {
    assert_eq!(names(Kind::UserStore, "/properties/spec/properties"), ["ldap", "type", "users"]);
    assert_eq!(
        names(Kind::UserStore, "/properties/spec/properties/ldap/properties"),
        [
            "attributes",
            "bindDN",
            "bindPasswordSecretRef",
            "caSecretRef",
            "groupSearch",
            "pool",
            "server",
            "startTls",
            "timeouts",
            "userSearch"
        ]
    );
    assert_eq!(
        names(Kind::UserStore, "/properties/spec/properties/users/items/properties"),
        [
            "address",
            "birthdate",
            "email",
            "emailVerified",
            "familyName",
            "gender",
            "givenName",
            "groups",
            "locale",
            "middleName",
            "name",
            "nickname",
            "passwordHash",
            "phoneNumber",
            "phoneNumberVerified",
            "picture",
            "preferredUsername",
            "profile",
            "updatedAt",
            "username",
            "website",
            "zoneinfo"
        ]
    );
    is(defaults(Kind::UserStore), &[]);
}

#[test]
fn an_object_that_nobody_has_seen_says_so() {
    for kind in Kind::ALL {
        let schema = schema(kind);
        let status = &schema["properties"]["status"];
        assert_eq!(status["default"], json!({ "observedGeneration": -1 }));
        assert_eq!(status["properties"]["observedGeneration"]["default"], json!(-1));
        let seen = kube_cel::apply_defaults(schema, &json!({ "spec": {} }));
        assert_eq!(seen["status"], json!({ "observedGeneration": -1 }));
    }
}

#[test]
fn a_client_needs_its_server_and_an_example_does_not() {
    let client = schema(Kind::AuthClient);
    assert_eq!(client["properties"]["spec"]["required"], json!(["authServerRef"]));
    let policy = schema(Kind::AuthPolicy);
    let example = policy.pointer("/properties/spec/properties/examples/items").unwrap();
    assert_eq!(example["required"], json!(["client", "expect", "name"]));
    assert!(example["properties"]["client"].get("required").is_none_or(|r| r == &json!([])));
    assert_eq!(example["properties"]["client"]["properties"], client["properties"]["spec"]["properties"]);
}

#[test]
fn violations_in_a_status_are_the_first_thirty() {
    let client = schema(Kind::AuthClient);
    for list in ["violations", "audit"] {
        assert_eq!(
            client.pointer(&format!("/properties/status/properties/{list}/maxItems")),
            Some(&json!(30))
        );
    }
    let policy = schema(Kind::AuthPolicy);
    assert_eq!(policy.pointer("/properties/status/properties/violatingClients/maxItems"), Some(&json!(20)));
}
