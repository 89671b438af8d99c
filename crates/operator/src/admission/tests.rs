//! What the webhook says, request by request.

use super::*;
use crate::watch::Scope;
use crate::world::{baseline, client, object, publish, put, world};
use kube::core::DynamicObject;
use kube::core::admission::AdmissionReview;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::Kind;
use serde_json::{Value, json};

fn asked(inventory: &mut Inventory, kind: Kind, new: &Value, old: Option<&Value>) -> Answer {
    let compiled = publish(inventory);
    let view = View { inventory, report: &compiled.report, scope: &Scope::All };
    judge(&Request { kind, subresource: false, object: Some(new), old }, &view)
}

fn of_client(inventory: &mut Inventory, spec: Value) -> Answer {
    asked(inventory, Kind::AuthClient, &object(Kind::AuthClient, "shop/web", 1, spec), None)
}

fn of_policy(inventory: &mut Inventory, name: &str, spec: Value) -> Answer {
    asked(inventory, Kind::AuthPolicy, &object(Kind::AuthPolicy, name, 1, spec), None)
}

#[test]
fn a_client_within_policy_passes_in_silence() {
    assert_eq!(of_client(&mut world(), client(&["openid"])), Answer::pass());
}

#[test]
fn violations_are_warnings_with_the_words_of_check() {
    let answer = of_client(&mut world(), client(&["openid", "orders:read"]));
    assert_eq!(answer.refusal, None);
    insta::assert_snapshot!(answer.warnings.join("\n"));
}

#[test]
fn of_a_server_where_nobody_looks_it_is_not_said_that_it_is_not_there() {
    let mut inventory = world();
    let mut elsewhere = client(&["openid"]);
    elsewhere["authServerRef"]["namespace"] = json!("hidden");
    let compiled = publish(&mut inventory);
    let scope = Scope::Listed(["auth", "shop"].map(Into::into).into());
    let view = View { inventory: &inventory, report: &compiled.report, scope: &scope };
    let new = object(Kind::AuthClient, "shop/web", 1, elsewhere);
    let request = Request { kind: Kind::AuthClient, subresource: false, object: Some(&new), old: None };
    let answer = judge(&request, &view);
    let [warning] = answer.warnings.as_slice() else { panic!("{answer:?}") };
    assert!(
        warning.starts_with("AuthServer `hidden/main` is in a namespace that this operator does not watch")
    );
}

#[test]
fn a_policy_that_denies_refuses_the_apply() {
    let mut inventory = world();
    put(&mut inventory, Kind::AuthPolicy, "auth/strict", 1, json!({ "admission": "Deny" }));
    let answer = of_client(&mut inventory, client(&["openid", "orders:read"]));
    let refusal = answer.refusal.unwrap();
    assert!(refusal.starts_with("NA0203 "), "{refusal}");
    assert!(refusal.contains("since policy `auth/strict` says admission: Deny"), "{refusal}");
    assert_eq!(of_client(&mut inventory, client(&["openid"])), Answer::pass());
}

#[test]
fn what_is_not_there_yet_is_a_hint_even_where_a_policy_denies() {
    let mut inventory = world();
    put(&mut inventory, Kind::AuthPolicy, "auth/strict", 1, json!({ "admission": "Deny" }));
    let mut elsewhere = client(&["openid"]);
    elsewhere["authServerRef"]["name"] = json!("later");
    let answer = of_client(&mut inventory, elsewhere);
    assert!(answer.refusal.is_none() && answer.warnings[0].starts_with("NA0102 "), "{answer:?}");
    let mut none = Inventory { policies: Default::default(), ..world() };
    let answer = of_client(&mut none, client(&["openid"]));
    assert!(answer.refusal.is_none() && answer.warnings[0].starts_with("NA0101 "), "{answer:?}");
}

#[test]
fn an_id_that_another_client_has_is_told_from_ten_thousand_others() {
    let mut inventory = world();
    put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 1, json!({ "allowCustomClientIds": true }));
    let mut taker = client(&["openid"]);
    taker["clientId"] = json!("portal");
    put(&mut inventory, Kind::AuthClient, "desk/first", 1, taker.clone());
    for n in 0..50 {
        put(&mut inventory, Kind::AuthClient, &format!("others/c{n}"), 1, client(&["openid"]));
    }
    let answer = of_client(&mut inventory, taker.clone());
    assert!(answer.refusal.is_none() && answer.warnings[0].starts_with("NA0107 "), "{answer:?}");
    taker["clientId"] = json!("others.c7");
    assert!(of_client(&mut inventory, taker).warnings[0].starts_with("NA0107 "));
}

#[test]
fn a_manifest_that_cannot_be_used_is_refused() {
    let mut spec = client(&["openid"]);
    spec["requireSomething"] = json!(true);
    let refusal = of_client(&mut world(), spec).refusal.unwrap();
    assert!(refusal.starts_with("NA0005 "), "{refusal}");
}

#[test]
fn an_update_that_leaves_the_spec_always_passes() {
    let mut inventory = world();
    put(&mut inventory, Kind::AuthPolicy, "auth/strict", 1, json!({ "admission": "Deny" }));
    let old = object(Kind::AuthClient, "shop/web", 1, client(&["orders:read"]));
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({ "team": "shop" });
    assert_eq!(asked(&mut inventory, Kind::AuthClient, &new, Some(&old)), Answer::pass());
}

#[test]
fn what_is_on_its_way_out_passes() {
    let mut new = object(Kind::AuthClient, "shop/web", 1, json!({ "nonsense": 1 }));
    new["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let old = object(Kind::AuthClient, "shop/web", 1, client(&[]));
    assert_eq!(asked(&mut world(), Kind::AuthClient, &new, Some(&old)), Answer::pass());
    let (inventory, report) = (world(), Default::default());
    let view = View { inventory: &inventory, report: &report, scope: &Scope::All };
    let gone = Request { kind: Kind::AuthClient, subresource: false, object: None, old: Some(&old) };
    assert_eq!(judge(&gone, &view), Answer::pass());
    let status = Request { kind: Kind::AuthClient, subresource: true, object: Some(&new), old: None };
    assert_eq!(judge(&status, &view), Answer::pass());
}

#[test]
fn a_policy_with_a_failing_example_is_refused() {
    let mut spec = baseline();
    spec["examples"] = json!([{
        "name": "orders", "client": { "authServerRef": { "name": "any" }, "type": "service", "scopes": ["orders:read"] },
        "expect": "Compliant",
    }]);
    let refusal = of_policy(&mut world(), "auth/baseline", spec).refusal.unwrap();
    assert!(refusal.starts_with("NA0301 "), "{refusal}");
}

#[test]
fn a_policy_says_whom_it_narrows_and_refuses() {
    let mut inventory = world();
    for n in 0..7 {
        put(&mut inventory, Kind::AuthClient, &format!("shop/c{n}"), 1, client(&["openid", "profile"]));
    }
    let narrower = json!({ "allowedScopes": ["openid"] });
    insta::assert_snapshot!(of_policy(&mut inventory, "auth/baseline", narrower).warnings.join("\n"));
    let refusing = json!({ "allowedScopes": [] });
    insta::assert_snapshot!(of_policy(&mut inventory, "auth/more", refusing).warnings.join("\n"));
    assert_eq!(of_policy(&mut inventory, "auth/more", baseline()), Answer::pass());
}

#[test]
fn a_server_says_what_follows() {
    let mut inventory = world();
    put(&mut inventory, Kind::AuthClient, "shop/web", 1, client(&["openid"]));
    let spec =
        json!({ "issuerUrl": "https://id.example", "allowedClients": { "namespaces": { "from": "Same" } } });
    let answer =
        asked(&mut inventory, Kind::AuthServer, &object(Kind::AuthServer, "auth/main", 2, spec), None);
    assert_eq!(answer.warnings.len(), 1, "{answer:?}");
    assert!(answer.warnings[0].starts_with("this change refuses 1 client: shop/web"));
    let twin = object(Kind::AuthServer, "auth/twin", 1, json!({ "issuerUrl": "https://id.example" }));
    let answer = asked(&mut inventory, Kind::AuthServer, &twin, None);
    assert!(answer.refusal.is_none() && answer.warnings[0].starts_with("NA0401 "), "{answer:?}");
}

#[test]
fn nothing_is_said_of_others_before_everything_is_listed() {
    let mut inventory = world();
    inventory.incomplete = true;
    assert_eq!(of_client(&mut inventory, client(&["orders:read"])), Answer::pass());
}

#[test]
fn many_warnings_are_cut_to_whole_sentences() {
    let scopes: Vec<String> = (0..49).map(|n| format!("orders:{n}")).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).chain(["openid"]).collect();
    let answer = of_client(&mut world(), client(&scopes));
    let total: usize = answer.warnings.iter().map(|warning| warning.chars().count()).sum();
    assert!(total < 4_096, "{total}");
    assert!(answer.warnings.last().unwrap().ends_with("more; nauthera check shows all of them"));
}

#[test]
fn nothing_of_an_answer_could_steer_a_terminal() {
    let mut spec = client(&["openid"]);
    spec["type"] = json!("web\u{1b}[31m");
    let refusal = of_client(&mut world(), spec).refusal.unwrap();
    assert!(refusal.chars().all(|c| c == '\n' || !c.is_control()), "{refusal:?}");
}

#[test]
fn the_response_is_the_one_that_was_asked_for() {
    let review: AdmissionReview<DynamicObject> = serde_json::from_value(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "request-1", "kind": { "group": "auth.nauthera.io", "version": "v1alpha1", "kind": "AuthClient" },
            "resource": { "group": "auth.nauthera.io", "version": "v1alpha1", "resource": "authclients" },
            "name": "web", "namespace": "shop", "operation": "CREATE", "userInfo": {}, "dryRun": true,
            "object": object(Kind::AuthClient, "shop/web", 1, client(&["openid"])),
        },
    }))
    .unwrap();
    let request = review.try_into().unwrap();
    let refused = Answer { refusal: Some("NA0005 no".into()), warnings: vec!["w".into()] }.respond(&request);
    let value = serde_json::to_value(refused.into_review()).unwrap();
    assert_eq!(value.pointer("/response/uid"), Some(&json!("request-1")));
    assert_eq!(value.pointer("/response/allowed"), Some(&json!(false)));
    assert_eq!(value.pointer("/response/status/message"), Some(&json!("NA0005 no")));
    assert_eq!(value.pointer("/response/warnings"), Some(&json!(["w"])));
    assert!(Answer::pass().respond(&request).allowed);
}
