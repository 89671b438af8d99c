//! What goes on unchanged: frozen servers, clients that cannot be read, an inventory that could not be read to its end.

use crate::world::{World, governed, issuer, label, names, object, scopes, shown, texts, ttl};
use nauthera_core::codes::Code;
use nauthera_core::grant::{ClientType, Consent, Enforcement, Expectation};
use nauthera_core::report::Verdict;
use nauthera_core::spec::Example;
use nauthera_core::time::Seconds;

/// Two clients are served; then a policy breaks.
fn frozen() -> World {
    let world = governed().web("shop/web", |_| {}).web("shop/other", |_| {});
    world.record("shop/web", "identity/main", "shop.web", &[1]).publish().break_policy("identity/new")
}

#[test]
fn a_policy_that_is_not_accepted_freezes_its_server() {
    let told = frozen().tell();
    let server = told.server("identity/main");
    assert_eq!((server.served, &server.frozen_by[..]), (true, &[object("identity/new")][..]));
    assert_eq!(server.findings[0].code, Code::ServerFrozen);
    assert_eq!(told.policy("identity/new").findings[0].code, Code::PolicyNotAccepted);
    assert_eq!((told.verdict("shop/web"), told.codes("shop/web")), (Verdict::Frozen, vec![]));
}

#[test]
fn a_frozen_client_keeps_its_row_whatever_it_asks_for() {
    let world = frozen();
    let edited = world.web("shop/web", |c| c.token.access = ttl("1m"));
    assert_eq!(edited.tell().row("shop/web").token.access, Seconds::minutes(15));
}

#[test]
fn a_new_client_waits() {
    let told = frozen().web("shop/new", |_| {}).tell();
    assert_eq!(
        (told.verdict("shop/new"), told.reason("shop/new")),
        (Verdict::Waiting, Some(Code::ClientWaiting))
    );
}

#[test]
fn a_deleted_client_is_gone() {
    let told = frozen().delete_client("shop/other").tell();
    assert!(!told.is_served("shop/other") && told.is_served("shop/web"));
}

#[test]
fn rotated_and_revoked_secrets_go_out() {
    let world = frozen().record("shop/web", "identity/main", "shop.web", &[2, 3]);
    let told = world.tell();
    let digests: Vec<u8> = told.row("shop/web").secrets.iter().map(|secret| secret.digest[0]).collect();
    assert_eq!(digests, [2, 3]);
    let revoked = world.record("shop/web", "identity/main", "shop.web", &[]);
    assert!(revoked.tell().row("shop/web").secrets.is_empty());
}

#[test]
fn a_record_of_another_id_does_not_touch_a_frozen_row() {
    let told = frozen().record("shop/web", "identity/main", "renamed", &[9]).tell();
    assert_eq!(told.row("shop/web").secrets[0].digest[0], 1);
}

#[test]
fn a_frozen_client_without_a_secret_gets_none_from_its_record() {
    let world =
        governed().client("shop/spa", ClientType::Browser, |_| {}).publish().break_policy("identity/new");
    assert!(
        world.record("shop/spa", "identity/main", "shop.spa", &[1]).tell().row("shop/spa").secrets.is_empty()
    );
}

#[test]
fn with_nothing_published_a_frozen_server_serves_no_clients() {
    let told = governed().break_policy("identity/new").web("shop/web", |_| {}).tell();
    assert!(told.snapshot("identity/main").clients.is_empty());
    assert_eq!(told.verdict("shop/web"), Verdict::Waiting);
}

#[test]
fn a_failing_example_freezes_as_an_unreadable_policy_does() {
    let fails = Example {
        name: "sample".into(),
        client: crate::world::plain_client(ClientType::Web),
        expect: Expectation::Refused,
    };
    let broken = |enforcement| {
        let fails = fails.clone();
        frozen().policy("identity/new", move |p| {
            p.examples = vec![fails];
            p.enforcement = enforcement;
        })
    };
    assert_eq!(broken(None).tell().server("identity/main").frozen_by, [object("identity/new")]);
    let audit = broken(Some(Enforcement::Audit)).tell();
    assert!(audit.server("identity/main").frozen_by.is_empty() && !audit.policy("identity/new").accepted);
    assert_eq!(audit.verdict("shop/web"), Verdict::Compliant);
}

#[test]
fn only_servers_to_which_the_policy_applies_are_frozen() {
    let world = governed()
        .server("identity/picky", |s| {
            s.issuer_url = issuer("https://picky.example.com");
            s.policy_selector = Some(label("for", "picky"));
        })
        .server("shop/own", |s| s.issuer_url = issuer("https://own.example.com"))
        .policy("identity/fails", |p| {
            p.examples = vec![Example {
                name: "sample".into(),
                client: crate::world::plain_client(ClientType::Web),
                expect: Expectation::Refused,
            }];
        });
    let told = world.tell();
    let frozen = |name: &str| !told.server(name).frozen_by.is_empty();
    assert_eq!((frozen("identity/main"), frozen("identity/picky"), frozen("shop/own")), (true, false, false));
    // Nobody knows whether an unreadable policy is mandatory, so it is taken to be.
    let told = world.break_policy("identity/fails").tell();
    let frozen = |name: &str| !told.server(name).frozen_by.is_empty();
    assert_eq!((frozen("identity/main"), frozen("identity/picky"), frozen("shop/own")), (true, true, false));
}

#[test]
fn a_client_that_cannot_be_read_goes_on_with_its_last_good_settings() {
    let world = governed().web("shop/web", |c| {
        c.scopes = scopes(["openid", "orders:read", "payroll:admin"]);
        c.allowed_groups = Some(texts(["staff"]));
    });
    let world = world.publish().break_client("shop/web");
    let told = world.tell();
    assert_eq!(
        (told.verdict("shop/web"), told.codes("shop/web")),
        (Verdict::Frozen, vec![Code::ClientNotAccepted])
    );
    assert_eq!(told.snapshot("identity/main"), &*world.0.published[&object("identity/main")]);
    assert!(!told.client("shop/web").needs_secret(), "nobody knows whether it brings its own");
}

#[test]
fn it_is_narrowed_by_todays_policies() {
    let told = governed()
        .web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]))
        .publish()
        .break_client("shop/web")
        .policy("identity/tight", |p| {
            p.allowed_scopes = names(["openid"]);
            p.token.access = ttl("1m");
        })
        .tell();
    let row = told.row("shop/web");
    assert_eq!((shown(&row.scopes), row.token.access), (vec!["openid".into()], Seconds::minutes(1)));
    assert_eq!(shown(&row.withheld_scopes), ["orders:read"]);
    assert!(told.codes("shop/web").contains(&Code::ScopeBeyondPolicy));
}

#[test]
fn it_is_widened_by_no_policy() {
    let told = governed()
        .policy("identity/tight", |p| {
            p.enforce_pkce = Some(true);
            p.require_pushed_authorization_requests = Some(true);
            p.max_age = ttl("1h");
            p.token.access = ttl("1m");
            p.allowed_groups = Some(texts(["staff"]));
        })
        .web("shop/web", |c| c.scopes = scopes(["openid", "payroll:admin"]))
        .publish()
        .break_client("shop/web")
        .policy("identity/tight", |p| {
            p.enforce_pkce = Some(false);
            p.consent = Some(Consent::Trusted);
            p.token.access = ttl("1h");
        })
        .policy("identity/base", |p| p.allowed_scopes = names(["*"]))
        .tell();
    let row = told.row("shop/web");
    assert_eq!(
        (shown(&row.scopes), shown(&row.withheld_scopes)),
        (vec!["openid".into()], vec!["payroll:admin".into()])
    );
    assert_eq!((row.require_pkce, row.require_par, row.max_age), (true, true, ttl("1h")));
    assert_eq!((row.token.access, row.consent), (Seconds::minutes(1), Consent::Required));
    assert_eq!(row.allowed_groups, [texts(["staff"])]);
}

#[test]
fn it_is_refused_where_policy_leaves_nothing_and_then_waits_for_its_manifest() {
    let world = governed().web("shop/web", |_| {}).publish().break_client("shop/web");
    let world = world.policy("identity/base", |p| p.allowed_grant_types = Some(Default::default()));
    let told = world.tell();
    assert_eq!((told.verdict("shop/web"), told.is_served("shop/web")), (Verdict::Waiting, false));
    assert_eq!(told.codes("shop/web"), [Code::ClientNotAccepted, Code::NothingLeft]);
    assert_eq!(world.publish().tell().codes("shop/web"), [Code::ClientNotAccepted]);
}

#[test]
fn a_client_that_was_never_read_waits() {
    let told = governed().break_client("shop/new").tell();
    assert_eq!(
        (told.verdict("shop/new"), told.codes("shop/new")),
        (Verdict::Waiting, vec![Code::ClientNotAccepted])
    );
}

#[test]
fn while_a_move_goes_out_the_record_says_where_a_broken_client_belongs() {
    let other = |s: &mut nauthera_core::spec::ServerSpec| s.issuer_url = issuer("https://other.example.com");
    let world = governed().server("identity/other", other).web("shop/web", |_| {}).publish();
    let old = world.0.published[&object("identity/main")].clone();
    let mut world =
        world.web("shop/web", |c| c.server = object("identity/other")).publish().break_client("shop/web");
    world.0.published.insert(object("identity/main"), old);
    assert_eq!(world.tell().client("shop/web").server, Some(object("identity/main")), "the first by name");
    let world = world.record("shop/web", "identity/other", "shop.web", &[]);
    assert_eq!(world.tell().client("shop/web").server, Some(object("identity/other")));
}

#[test]
fn while_a_move_goes_out_a_client_belongs_to_the_server_that_it_names() {
    let other =
        |world: World| world.server("identity/other", |s| s.issuer_url = issuer("https://other.example.com"));
    let world = other(governed()).web("shop/web", |_| {}).publish();
    let old = world.0.published[&object("identity/main")].clone();
    let mut world = world.web("shop/web", |c| c.server = object("identity/other")).publish();
    // The old server has not published yet.
    world.0.published.insert(object("identity/main"), old);
    let frozen = world.break_policy("identity/new").tell();
    assert_eq!(frozen.client("shop/web").server, Some(object("identity/other")));
    assert_eq!(frozen.verdict("shop/web"), Verdict::Frozen);
    assert!(frozen.snapshot("identity/main").clients.is_empty());
}

#[test]
fn what_could_not_be_read_to_its_end_changes_nothing() {
    let mut world = governed().web("shop/web", |_| {}).publish().web("shop/new", |_| {});
    world = world.web("shop/web", |c| c.token.access = ttl("1m")).record(
        "shop/web",
        "identity/main",
        "shop.web",
        &[7],
    );
    world.0.incomplete = true;
    world.0.policies.clear();
    let told = world.tell();
    assert_eq!((told.verdict("shop/web"), told.verdict("shop/new")), (Verdict::Frozen, Verdict::Waiting));
    assert_eq!(told.row("shop/web").token.access, Seconds::minutes(15));
    assert_eq!(told.row("shop/web").secrets[0].digest[0], 7);
    assert_eq!(told.server("identity/main").clients.total, 2);
}

#[test]
fn what_was_not_found_in_an_incomplete_inventory_is_not_taken_for_deleted() {
    let mut world = governed().web("shop/web", |_| {}).publish().delete_client("shop/web");
    world.0.incomplete = true;
    assert!(world.tell().is_served("shop/web"));
    world.0.incomplete = false;
    assert!(!world.tell().is_served("shop/web"));
}

#[test]
fn an_incomplete_inventory_still_reports_what_it_can_judge() {
    let mut world = governed().break_policy("identity/new").store("identity/people", &["ada"]);
    world.0.incomplete = true;
    let told = world.tell();
    assert!(told.policy("identity/base").accepted && !told.policy("identity/new").accepted);
    assert!(told.0.report.stores[&object("identity/people")].accepted);
}
