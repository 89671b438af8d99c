//! Who holds which client id.

use crate::world::{World, governed, id, issuer};
use nauthera_core::codes::Code;
use nauthera_core::grant::ClientType;
use nauthera_core::report::Verdict;

/// Custom ids are allowed.
fn free() -> World {
    governed().policy("identity/custom", |p| p.allow_custom_client_ids = Some(true))
}

fn claims(world: World, client: &str, custom: &str) -> World {
    world.web(client, |c| c.client_id = Some(id(custom)))
}

/// Who of the two is served under the id; the other one is told who holds it.
fn holder(world: &World, one: &'static str, other: &'static str) -> &'static str {
    let told = world.tell();
    let (holder, loser) = if told.is_served(one) { (one, other) } else { (other, one) };
    assert!(told.is_served(holder));
    assert_eq!((told.verdict(loser), told.reason(loser)), (Verdict::Refused, Some(Code::ClientIdTaken)));
    assert!(told.client(loser).findings[0].message.ends_with(&format!("belongs to client `{holder}`")));
    holder
}

#[test]
fn a_default_id_is_namespace_and_name() {
    assert_eq!(governed().web("shop/web", |_| {}).tell().row("shop/web").client_id, id("shop.web"));
}

#[test]
fn a_default_id_wins_over_a_custom_one() {
    let world = claims(free(), "pay/thief", "shop.web").publish().web("shop/web", |_| {});
    assert_eq!(holder(&world, "pay/thief", "shop/web"), "shop/web");
    let world = world.record("pay/thief", "identity/main", "shop.web", &[]);
    assert_eq!(holder(&world, "pay/thief", "shop/web"), "shop/web");
}

#[test]
fn of_two_custom_claims_the_first_by_name_wins() {
    let world = claims(claims(free(), "shop/web", "ledger"), "pay/web", "ledger");
    assert_eq!(holder(&world, "pay/web", "shop/web"), "pay/web");
}

#[test]
fn the_one_that_is_published_keeps_its_id() {
    let world = claims(claims(free(), "shop/web", "ledger").publish(), "pay/web", "ledger");
    assert_eq!(holder(&world, "pay/web", "shop/web"), "shop/web");
}

#[test]
fn the_one_that_the_credential_record_names_comes_before_the_published_one() {
    let world = claims(claims(free(), "pay/web", "ledger").publish(), "shop/web", "ledger");
    let world = world.record("shop/web", "identity/main", "ledger", &[]);
    assert_eq!(holder(&world, "pay/web", "shop/web"), "shop/web");
}

#[test]
fn a_record_of_another_server_or_another_id_does_not_count() {
    let world = || claims(claims(free(), "shop/web", "ledger"), "pay/web", "ledger");
    let elsewhere = world().record("shop/web", "identity/other", "ledger", &[]);
    assert_eq!(holder(&elsewhere, "pay/web", "shop/web"), "pay/web");
    let otherwise = world().record("shop/web", "identity/main", "books", &[]);
    assert_eq!(holder(&otherwise, "pay/web", "shop/web"), "pay/web");
}

#[test]
fn each_server_has_its_own_ids() {
    let world = free().server("identity/other", |s| s.issuer_url = issuer("https://other.example.com"));
    let world = claims(world, "pay/web", "ledger").web("shop/web", |c| {
        c.client_id = Some(id("ledger"));
        c.server = crate::world::object("identity/other");
    });
    let told = world.tell();
    assert!(told.is_served("pay/web") && told.is_served("shop/web"));
}

#[test]
fn a_refused_client_claims_its_id_all_the_same() {
    // No policy governs pay/web today; when one does, its id is still there.
    let world = free().policy("identity/base", |p| p.except = crate::world::clients(["pay/web"]));
    let world = world.policy("identity/custom", |p| {
        p.allow_custom_client_ids = Some(true);
        p.except = crate::world::clients(["pay/web"]);
    });
    let told = claims(world.web("pay/web", |_| {}), "shop/web", "pay.web").tell();
    assert_eq!(told.reason("shop/web"), Some(Code::ClientIdTaken));
}

#[test]
fn a_broken_client_keeps_its_id() {
    let world = claims(free(), "shop/web", "ledger").publish().break_client("shop/web");
    assert_eq!(holder(&claims(world, "pay/web", "ledger"), "pay/web", "shop/web"), "shop/web");
}

#[test]
fn a_broken_client_that_is_not_served_keeps_the_id_of_its_record() {
    let world = free().break_client("shop/web").record("shop/web", "identity/main", "ledger", &[]);
    assert_eq!(claims(world, "pay/web", "ledger").tell().reason("pay/web"), Some(Code::ClientIdTaken));
}

#[test]
fn a_record_of_a_default_id_reserves_it_at_its_server_alone() {
    let world = free().server("identity/other", |s| s.issuer_url = issuer("https://other.example.com"));
    let world = world.break_client("shop/web").record("shop/web", "identity/main", "shop.web", &[]);
    let world = claims(world, "pay/web", "shop.web").web("pay/app", |c| {
        c.client_id = Some(id("shop.web"));
        c.server = crate::world::object("identity/other");
    });
    let told = world.tell();
    assert_eq!((told.reason("pay/web"), told.is_served("pay/app")), (Some(Code::ClientIdTaken), true));
}

#[test]
fn nobody_new_takes_the_default_id_of_a_client_that_cannot_be_read() {
    let world = claims(free().break_client("shop/web"), "pay/web", "shop.web");
    assert_eq!(world.tell().reason("pay/web"), Some(Code::ClientIdTaken));
}

#[test]
fn an_id_that_was_lost_to_a_default_does_not_come_back_when_that_client_breaks() {
    // pay/web was served under the id once, as its record still says.
    let world = claims(free(), "pay/web", "shop.web").record("pay/web", "identity/main", "shop.web", &[]);
    assert_eq!(world.break_client("shop/web").tell().reason("pay/web"), Some(Code::ClientIdTaken));
}

#[test]
fn a_client_that_cannot_be_read_takes_no_id_from_one_that_is_served() {
    let world = claims(free(), "pay/web", "shop.web").publish().break_client("shop/web");
    assert!(world.tell().is_served("pay/web"));
}

#[test]
fn an_id_is_free_again_when_its_client_is_deleted() {
    let world = claims(claims(free(), "pay/web", "ledger"), "shop/web", "ledger").publish();
    assert!(world.delete_client("pay/web").tell().is_served("shop/web"));
}

#[test]
fn secrets_are_those_of_the_record_of_this_server_and_id() {
    let secrets = |server: &str, client_id: &str| {
        let world = governed().web("shop/web", |_| {}).record("shop/web", server, client_id, &[1, 2]);
        world.tell().row("shop/web").secrets.len()
    };
    assert_eq!(secrets("identity/main", "shop.web"), 2);
    assert_eq!((secrets("identity/old", "shop.web"), secrets("identity/main", "storefront")), (0, 0));
}

#[test]
fn a_client_without_a_secret_gets_none_from_its_record() {
    let world = governed().client("shop/spa", ClientType::Browser, |_| {});
    let told = world.record("shop/spa", "identity/main", "shop.spa", &[1]).tell();
    assert!(told.row("shop/spa").secrets.is_empty() && !told.client("shop/spa").needs_secret());
}

#[test]
fn a_secret_is_made_only_for_clients_that_bring_none() {
    let told = governed()
        .web("shop/web", |_| {})
        .web("shop/own", |c| c.existing_secret = Some("mine".into()))
        .tell();
    assert!(told.client("shop/web").needs_secret() && !told.client("shop/own").needs_secret());
}
