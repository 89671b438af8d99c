//! Who has which Secret.

use crate::world::{World, governed, issuer};
use nauthera_core::codes::Code;
use nauthera_core::report::Verdict;

fn named(world: World, client: &str, secret: &str) -> World {
    world.web(client, |c| c.secret.name = Some(secret.into()))
}

/// Who of the two is served; the other one waits and is told who has the Secret.
fn holder(world: &World, one: &'static str, other: &'static str) -> &'static str {
    let told = world.tell();
    let (holder, loser) = if told.is_served(one) { (one, other) } else { (other, one) };
    assert!(told.is_served(holder));
    assert_eq!((told.verdict(loser), told.reason(loser)), (Verdict::Waiting, Some(Code::SecretConflict)));
    assert!(told.client(loser).findings[0].message.ends_with(&format!("belongs to client `{holder}`")));
    holder
}

#[test]
fn of_two_clients_that_name_one_secret_the_first_by_name_has_it() {
    let world = named(named(governed(), "shop/web", "login"), "shop/api", "login");
    assert_eq!(holder(&world, "shop/web", "shop/api"), "shop/api");
    let default = named(governed().web("shop/reports", |_| {}), "shop/web", "reports-client-secret");
    assert_eq!(holder(&default, "shop/web", "shop/reports"), "shop/reports");
    let first = named(governed().web("shop/reports", |_| {}), "shop/api", "reports-client-secret");
    assert_eq!(holder(&first, "shop/api", "shop/reports"), "shop/api");
}

#[test]
fn the_one_whose_secret_it_is_keeps_it() {
    let default = named(governed().web("shop/reports", |_| {}), "shop/api", "reports-client-secret");
    let world = default.has_secret("shop/reports", "reports-client-secret");
    assert_eq!(holder(&world, "shop/api", "shop/reports"), "shop/reports");
    // That it has another one counts for nothing.
    let world = world.has_secret("shop/api", "api-client-secret");
    assert_eq!(holder(&world, "shop/api", "shop/reports"), "shop/reports");
    let customs = named(named(governed(), "shop/web", "login"), "shop/api", "login");
    let world = customs.has_secret("shop/web", "login");
    assert_eq!(holder(&world, "shop/web", "shop/api"), "shop/web");
}

#[test]
fn a_client_that_is_not_served_or_is_elsewhere_claims_as_well() {
    let elsewhere =
        governed().server("identity/other", |s| s.issuer_url = issuer("https://other.example.com"));
    let world = elsewhere.web("shop/reports", |c| {
        c.server = crate::world::object("identity/other");
        c.scopes = vec![nauthera_core::names::Scope::parse("payroll:admin").unwrap()];
    });
    let told = named(world, "shop/web", "reports-client-secret").tell();
    assert!(!told.is_served("shop/reports"));
    assert_eq!(told.reason("shop/web"), Some(Code::SecretConflict));
}

#[test]
fn a_client_that_cannot_be_read_keeps_its_secret() {
    let world = named(governed(), "shop/web", "login").publish().has_secret("shop/web", "login");
    let told = named(world.break_client("shop/web"), "shop/api", "login").tell();
    assert!(told.is_served("shop/web"));
    assert_eq!(told.reason("shop/api"), Some(Code::SecretConflict));
    // Of one of which nothing is known the default name waits for it.
    let world = governed().break_client("shop/reports");
    assert_eq!(
        named(world, "shop/web", "reports-client-secret").tell().reason("shop/web"),
        Some(Code::SecretConflict)
    );
}

#[test]
fn a_name_that_is_let_go_is_free_and_other_namespaces_have_their_own() {
    let world = named(governed(), "shop/web", "login").has_secret("shop/reports", "login");
    assert!(world.tell().is_served("shop/web"), "its client is gone");
    let world = world.web("shop/reports", |_| {});
    assert!(
        world.tell().is_served("shop/web") && world.tell().is_served("shop/reports"),
        "it asks for another name now"
    );
    let told = named(named(governed(), "shop/web", "login"), "pay/web", "login").tell();
    assert!(told.is_served("shop/web") && told.is_served("pay/web"));
}
