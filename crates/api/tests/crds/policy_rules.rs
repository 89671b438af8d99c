//! The rules of AuthPolicies, and of the clients in their examples.

use super::{accepts, judge, object, rejects};
use nauthera_core::names::Kind::AuthPolicy;
use serde_json::{Value, json};

const ROTATION: &str = "spec.clientAuthentication.secretRotation";

fn rotation(rule: Value) -> Value {
    json!({ "clientAuthentication": { "secretRotation": rule } })
}

#[test]
fn an_empty_policy_is_accepted() {
    accepts(AuthPolicy, json!({}));
}

#[test]
fn rotation_that_is_on_needs_to_know_when() {
    accepts(AuthPolicy, rotation(json!({})));
    accepts(AuthPolicy, rotation(json!({ "enabled": false })));
    accepts(AuthPolicy, rotation(json!({ "enabled": true, "schedule": "0 3 * * 0" })));
    accepts(AuthPolicy, rotation(json!({ "enabled": true, "maxAge": "90d" })));
    let message =
        "rotation needs to know when: write a schedule such as \"0 3 * * 0\", or a maxAge such as 90d";
    rejects(AuthPolicy, rotation(json!({ "enabled": true })), ROTATION, message);
    rejects(AuthPolicy, rotation(json!({ "enabled": true, "overlap": "1h" })), ROTATION, message);
}

#[test]
fn the_overlap_is_long_enough_to_take_over() {
    for good in ["600s", "10m", "1h", "1d"] {
        accepts(AuthPolicy, rotation(json!({ "overlap": good })));
    }
    for bad in ["0s", "599s", "9m", "0h", "0d"] {
        rejects(
            AuthPolicy,
            rotation(json!({ "overlap": bad })),
            &format!("{ROTATION}.overlap"),
            "the overlap is too short for applications to take over the new secret: write at least 10m",
        );
    }
}

#[test]
fn the_overlap_is_shorter_than_the_age_in_any_units() {
    for (overlap, max_age) in [("24h", "2d"), ("23h", "1d"), ("3599s", "1h"), ("10m", "11m")] {
        accepts(AuthPolicy, rotation(json!({ "overlap": overlap, "maxAge": max_age })));
    }
    for (overlap, max_age) in [("24h", "1d"), ("2d", "24h"), ("60m", "1h"), ("3601s", "1h")] {
        rejects(
            AuthPolicy,
            rotation(json!({ "overlap": overlap, "maxAge": max_age })),
            &format!("{ROTATION}.overlap"),
            "the overlap must be shorter than maxAge: write a shorter overlap, or a longer maxAge",
        );
    }
}

#[test]
fn selectors_of_labels_are_as_in_kubernetes() {
    let with = |expression: Value| json!({ "clientSelector": { "namespaceSelector": { "matchExpressions": [expression] } } });
    accepts(AuthPolicy, with(json!({ "key": "team", "operator": "In", "values": ["shop"] })));
    accepts(AuthPolicy, with(json!({ "key": "team", "operator": "Exists" })));
    accepts(AuthPolicy, with(json!({ "key": "team", "operator": "DoesNotExist", "values": [] })));
    let message = "In and NotIn need at least one entry in values; Exists and DoesNotExist take none";
    let path = "spec.clientSelector.namespaceSelector.matchExpressions[0]";
    rejects(AuthPolicy, with(json!({ "key": "team", "operator": "NotIn" })), path, message);
    rejects(AuthPolicy, with(json!({ "key": "team", "operator": "In", "values": [] })), path, message);
    rejects(AuthPolicy, with(json!({ "key": "team", "operator": "Exists", "values": ["x"] })), path, message);
}

fn example(name: &str, client: Value) -> Value {
    json!({ "name": name, "client": client, "expect": "Compliant" })
}

#[test]
fn examples_have_names_of_their_own() {
    let client = json!({ "type": "service" });
    let two =
        |a: &str, b: &str| json!({ "examples": [example(a, client.clone()), example(b, client.clone())] });
    accepts(AuthPolicy, two("a", "b"));
    rejects(
        AuthPolicy,
        two("a", "a"),
        "spec.examples",
        "two examples have one name: give each a name of its own",
    );
}

#[test]
fn clients_of_examples_are_judged_like_clients() {
    accepts(
        AuthPolicy,
        json!({ "examples": [example("a", json!({ "redirectUris": ["https://a.example/cb"] }))] }),
    );
    rejects(
        AuthPolicy,
        json!({ "examples": [example("a", json!({ "type": "browser" }))] }),
        "spec.examples[0].client",
        "clients of type web, browser and native need redirectUris: list each address that a login may return to",
    );
    let keys = json!({ "type": "service", "authentication": { "method": "private_key_jwt" } });
    rejects(
        AuthPolicy,
        json!({ "examples": [example("a", json!({ "type": "service" })), example("b", keys)] }),
        "spec.examples[1].client.authentication",
        "private_key_jwt needs the client's public keys: write either jwks or jwksUri",
    );
}

#[test]
fn a_policy_may_change() {
    let old = object(AuthPolicy, &rotation(json!({ "overlap": "1h" })));
    let new = object(AuthPolicy, &rotation(json!({ "overlap": "2h" })));
    assert!(judge(AuthPolicy, &new, Some(&old)).is_empty());
}

#[test]
fn the_method_given_to_clients_is_one_that_the_policy_allows() {
    let methods = |rules: Value| json!({ "clientAuthentication": rules });
    accepts(AuthPolicy, methods(json!({ "method": "client_secret_post" })));
    accepts(AuthPolicy, methods(json!({ "allowedMethods": ["private_key_jwt"] })));
    accepts(
        AuthPolicy,
        methods(json!({ "method": "private_key_jwt", "allowedMethods": ["private_key_jwt"] })),
    );
    for allowed in [json!(["private_key_jwt"]), json!([])] {
        rejects(
            AuthPolicy,
            methods(json!({ "method": "client_secret_basic", "allowedMethods": allowed })),
            "spec.clientAuthentication.method",
            "method is not among the allowedMethods beside it: add it there, or give another method",
        );
    }
}
