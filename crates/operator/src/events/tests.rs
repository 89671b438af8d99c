//! What is told from one state to the next.

use super::*;
use crate::world::{client, name, publish, put, world};
use nauthera_core::inventory::Inventory;
use serde_json::{Value, json};

fn told(before: &mut Inventory, change: impl FnOnce(&mut Inventory)) -> Vec<(String, bool, &'static str)> {
    let old = publish(before).report;
    change(before);
    let new = publish(before).report;
    let happened = between(Some(&old), &new);
    happened.into_iter().map(|event| (event.about.to_string(), event.warning, event.reason)).collect()
}

fn put_client(inventory: &mut Inventory, generation: i64, spec: Value) {
    put(inventory, Kind::AuthClient, "shop/web", generation, spec);
}

fn about(kind: &str, warning: bool, reason: &'static str) -> (String, bool, &'static str) {
    (kind.to_owned(), warning, reason)
}

#[test]
fn nothing_is_told_of_what_was_there_before_the_first_compile() {
    let mut inventory = world();
    put_client(&mut inventory, 1, client(&["orders:read"]));
    assert_eq!(between(None, &publish(&mut inventory).report), []);
}

#[test]
fn the_life_of_a_client() {
    let mut inventory = world();
    let web = "AuthClient shop/web";
    let created = told(&mut inventory, |now| put_client(now, 1, client(&["openid"])));
    assert_eq!(created, [about(web, false, "Created")]);
    let narrowed = told(&mut inventory, |now| put_client(now, 2, client(&["openid", "orders:read"])));
    assert_eq!(narrowed, [about(web, true, "Narrowed")]);
    assert_eq!(told(&mut inventory, |_| ()), []);
    let refused = told(&mut inventory, |now| put_client(now, 3, client(&["orders:read"])));
    assert_eq!(refused, [about(web, true, "NothingLeft")]);
    let admitted = told(&mut inventory, |now| put_client(now, 4, client(&["openid"])));
    assert_eq!(admitted, [about(web, false, "Admitted")]);
    let waits = told(&mut inventory, |now| {
        now.servers.clear();
        now.published.clear();
    });
    assert_eq!(waits, [about(web, false, "Waiting")]);
}

#[test]
fn a_client_that_complies_again_says_so() {
    let mut inventory = world();
    put_client(&mut inventory, 1, client(&["openid", "orders:read"]));
    let told = told(&mut inventory, |now| put_client(now, 2, client(&["openid"])));
    assert_eq!(told, [about("AuthClient shop/web", false, "Complies")]);
}

#[test]
fn a_policy_that_is_not_accepted_is_told_on_it_and_on_its_server_and_on_no_client() {
    let mut inventory = world();
    put_client(&mut inventory, 1, client(&["openid"]));
    let bad = json!({ "unknownField": 1 });
    let frozen = told(&mut inventory, |now| {
        put(now, Kind::AuthPolicy, "auth/baseline", 2, bad);
    });
    assert_eq!(
        frozen,
        [
            about("AuthServer auth/main", true, "Frozen"),
            about("AuthPolicy auth/baseline", true, "PolicyNotAccepted")
        ]
    );
    let thawed = told(&mut inventory, |now| {
        put(now, Kind::AuthPolicy, "auth/baseline", 3, crate::world::baseline());
    });
    assert_eq!(
        thawed,
        [
            about("AuthServer auth/main", false, "Thawed"),
            about("AuthPolicy auth/baseline", false, "Published")
        ]
    );
}

#[test]
fn ten_thousand_clients_make_a_hundred_events_and_a_number() {
    let mut inventory = world();
    for n in 0..300 {
        put(&mut inventory, Kind::AuthClient, &format!("shop/c{n}"), 1, client(&["openid", "profile"]));
    }
    let old = publish(&mut inventory).report;
    put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 2, json!({ "allowedScopes": ["openid"] }));
    let happened = between(Some(&old), &publish(&mut inventory).report);
    assert_eq!(happened.len(), MAX_OF_CLIENTS + 1);
    assert_eq!(happened[0].note, "it governs 300 clients and narrows or refuses 300 of them");
}

#[test]
fn notes_fit_an_event() {
    let mut inventory = world();
    let scopes: Vec<String> = (0..60).map(|n| format!("ä{n}")).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let old = publish(&mut inventory).report;
    put_client(&mut inventory, 1, client(&scopes));
    for event in between(Some(&old), &publish(&mut inventory).report) {
        assert!(event.note.len() <= 1_024);
        assert_eq!(event.event().note, Some(event.note));
    }
}

#[test]
fn secrets_are_told_of_without_a_word_of_them() {
    let web = name("shop/web");
    assert_eq!(Happened::rotated(&web, "its schedule was due").reason, "Rotated");
    assert_eq!(Happened::revoked(&web).reason, "Revoked");
    let rebuilt = Happened::rebuilt(&web);
    assert!(rebuilt.warning && rebuilt.note.starts_with("the Secret was deleted or edited by hand"));
}
