//! Policies in Audit: they report, change nothing and admit nobody.

use crate::world::{Told, World, governed, names, scopes, texts, ttl};
use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use nauthera_core::grant::{Enforcement, GrantSet};
use nauthera_core::report::Verdict;
use nauthera_core::spec::PolicySpec;

fn audit(world: World, name: &str, say: impl FnOnce(&mut PolicySpec)) -> World {
    world.policy(name, |p| {
        p.enforcement = Some(Enforcement::Audit);
        say(p);
    })
}

fn codes(told: &Told) -> Vec<Code> {
    told.client("shop/web").audit.iter().map(|finding| finding.code).collect()
}

#[test]
fn audit_says_what_it_would_take_and_takes_nothing() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]));
    let row = world.tell().row("shop/web").clone();
    let told = audit(world, "identity/next", |p| p.allowed_scopes = names(["openid"])).tell();
    assert_eq!((told.row("shop/web"), told.verdict("shop/web")), (&row, Verdict::Compliant));
    let finding = &told.client("shop/web").audit[0];
    assert_eq!((finding.code, finding.severity), (Code::ScopeBeyondPolicy, Severity::Note));
    assert!(finding.notes[0].contains("`identity/next` is in Audit"));
}

#[test]
fn what_is_taken_already_is_not_reported_again() {
    // Whichever of the two comes first by name.
    for name in ["identity/a-next", "identity/z-next"] {
        let world = governed().web("shop/web", |c| c.scopes = scopes(["openid", "payroll:admin"]));
        let told = audit(world, name, |p| p.allowed_scopes = names(["openid"])).tell();
        assert_eq!((told.codes("shop/web"), codes(&told)), (vec![Code::ScopeBeyondPolicy], vec![]));
    }
}

#[test]
fn a_lower_ceiling_is_reported_and_a_higher_one_is_not() {
    let world = || governed().web("shop/web", |c| c.token.access = ttl("2h"));
    let world = |ceiling: &str| audit(world(), "identity/next", |p| p.token.access = ttl(ceiling)).tell();
    assert_eq!(codes(&world("5m")), [Code::LifetimeBeyondPolicy]);
    assert_eq!(codes(&world("1h")), []);
}

#[test]
fn audit_says_that_it_would_refuse() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["openid"]));
    let told = audit(world, "identity/next", |p| p.allowed_scopes = names(["orders:*"])).tell();
    let finding = &told.client("shop/web").audit[0];
    assert_eq!((finding.code, told.verdict("shop/web")), (Code::NothingLeft, Verdict::Compliant));
    assert_eq!(finding.policy, Some(crate::world::object("identity/next")));
}

#[test]
fn a_refusal_that_comes_of_both_together_is_reported_as_the_audits() {
    let world = governed()
        .policy("identity/z", |p| p.allowed_scopes = names(["openid"]))
        .web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]));
    let told = audit(world, "identity/next", |p| p.allowed_scopes = names(["orders:*"])).tell();
    let refusal =
        told.client("shop/web").audit.iter().find(|finding| finding.code == Code::NothingLeft).unwrap();
    assert_eq!(refusal.policy, Some(crate::world::object("identity/next")));
}

#[test]
fn each_policy_in_audit_is_judged_by_itself() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["openid", "profile", "orders:read"]));
    let world = audit(world, "identity/one", |p| p.allowed_scopes = names(["openid", "profile"]));
    let told = audit(world, "identity/two", |p| p.allowed_scopes = names(["openid", "orders:*"])).tell();
    let said: Vec<String> =
        told.client("shop/web").audit.iter().filter_map(|f| f.requested.clone()).collect();
    assert_eq!(said, ["orders:read", "profile"]);
}

#[test]
fn audit_admits_nobody_and_still_reports() {
    let world = World::new().web("shop/web", |c| c.allowed_groups = Some(texts(["staff"])));
    let told = audit(world, "identity/next", |p| p.allowed_grant_types = Some(GrantSet::default())).tell();
    assert_eq!(told.reason("shop/web"), Some(Code::NoPolicy));
    assert_eq!(codes(&told), [Code::NothingLeft]);
}

#[test]
fn clients_that_audit_looks_at_are_counted() {
    let world = governed()
        .web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]))
        .web("shop/other", |c| c.scopes = scopes(["openid"]));
    let told = audit(world, "identity/next", |p| p.allowed_scopes = names(["openid"])).tell();
    let governed = told.governed("identity/next", "identity/main");
    assert_eq!((governed.clients, governed.compliant, governed.violating), (2, 1, 1));
    assert_eq!(governed.violators, [crate::world::object("shop/web")]);
    assert_eq!(told.governed("identity/base", "identity/main").violating, 0);
}
