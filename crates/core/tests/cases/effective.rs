//! Where each effective value comes from, and the counts.

use crate::world::{World, audiences, governed, names, scopes, texts, ttl};
use nauthera_core::grant::{AuthMethod, ClientType, Consent, GrantSet, GrantType};
use nauthera_core::report::ClientCounts;
use nauthera_core::spec::{RotationRule, Schedule};

fn of(world: &World, name: &str) -> (String, String) {
    world.tell().source("shop/web", name)
}

fn is(value: &str, source: &str) -> (String, String) {
    (value.to_owned(), source.to_owned())
}

#[test]
fn a_lifetime_comes_from_a_policy_the_client_the_default_or_the_baseline() {
    let world = governed().policy("identity/ttl", |p| {
        p.token.access = ttl("48h");
        p.token.refresh = ttl("8h");
    });
    let world = world.web("shop/web", |c| c.token.refresh = ttl("9h"));
    assert_eq!(of(&world, "token.accessTokenTTL"), is("24h", "baseline"));
    assert_eq!(of(&world, "token.refreshTokenTTL"), is("8h", "token.refreshTokenTTL of identity/ttl"));
    assert_eq!(of(&world, "token.idTokenTTL"), is("5m", "default"));
    let world = world.web("shop/web", |c| c.token.access = ttl("10m"));
    assert_eq!(of(&world, "token.accessTokenTTL"), is("10m", "client"));
    let asked = world.tell().setting("shop/web", "token.accessTokenTTL").asked;
    assert_eq!(asked.as_deref(), Some("10m"));
}

#[test]
fn of_several_policies_the_deciding_one_is_named_with_its_generation() {
    let world = governed()
        .policy("identity/a", |p| p.token.access = ttl("30m"))
        .policy("identity/b", |p| p.token.access = ttl("20m"))
        .web("shop/web", |_| {});
    assert_eq!(of(&world, "token.accessTokenTTL"), is("20m", "token.accessTokenTTL of identity/b"));
}

#[test]
fn a_back_channel_logout_uri_is_the_clients_own_whatever_hosts_policies_allow() {
    let uri = "https://logout.elsewhere.test/told";
    let world = governed()
        .policy("identity/hosts", |p| {
            p.allowed_hosts = Some(nauthera_core::pattern::PatternSet::parse(["*.example.com"]));
        })
        .web("shop/web", |c| c.back_channel_logout_uri = nauthera_core::uri::BackChannelUri::parse(uri).ok());
    assert_eq!(of(&world, "backChannelLogoutUri"), is(uri, "client"));
    let told = world.tell();
    assert!(told.client("shop/web").findings.is_empty(), "{:?}", told.client("shop/web").findings);
}

#[test]
fn lists_name_every_policy_that_states_them() {
    let world = governed()
        .policy("identity/more", |p| p.allowed_scopes = names(["openid"]))
        .web("shop/web", |c| c.scopes = scopes(["openid", "profile"]));
    assert_eq!(of(&world, "scopes"), is("openid", "allowedScopes of identity/base, identity/more"));
    assert_eq!(world.tell().setting("shop/web", "scopes").asked.as_deref(), Some("openid profile"));
}

#[test]
fn grants_come_from_the_type_the_client_the_default_or_policies() {
    let silent = |grants| {
        let world =
            World::new().policy("identity/silent", |_| {}).web("shop/web", |c| c.grant_types = grants);
        of(&world, "grantTypes")
    };
    assert_eq!(silent(None), is("authorization_code refresh_token", "type"));
    let code = GrantSet::of(&[GrantType::AuthorizationCode]);
    assert_eq!(silent(Some(code)), is("authorization_code", "client"));
    let all = ClientType::Web.possible_grants();
    assert_eq!(silent(Some(all)), is("authorization_code refresh_token", "default"));
    let stated = governed().web("shop/web", |_| {});
    assert_eq!(of(&stated, "grantTypes").1, "allowedGrantTypes of identity/base");
}

#[test]
fn a_method_comes_from_the_client_the_type_a_policy_or_the_default() {
    let world = governed().web("shop/web", |_| {});
    assert_eq!(of(&world, "authentication.method"), is("client_secret_basic", "default"));
    let world =
        world.policy("identity/m", |p| p.client_authentication.method = Some(AuthMethod::ClientSecretPost));
    assert_eq!(
        of(&world, "authentication.method"),
        is("client_secret_post", "clientAuthentication.method of identity/m")
    );
    let world = world.web("shop/web", |c| c.method = Some(AuthMethod::ClientSecretBasic));
    assert_eq!(of(&world, "authentication.method"), is("client_secret_basic", "client"));
    let world = world.client("shop/web", ClientType::Browser, |_| {});
    assert_eq!(of(&world, "authentication.method"), is("none", "type"));
    assert_eq!(of(&world, "pkce"), is("required (S256)", "baseline"));
}

#[test]
fn requirements_name_the_policy_that_demands_them() {
    let world = governed().policy("identity/strict", |p| {
        p.enforce_pkce = Some(false);
        p.require_pushed_authorization_requests = Some(true);
        p.consent = Some(Consent::Trusted);
        p.max_age = ttl("8h");
        p.allowed_groups = Some(texts(["staff", "admins"]));
    });
    let world = world.web("shop/web", |c| c.allowed_groups = Some(texts(["shop"])));
    assert_eq!(of(&world, "pkce"), is("optional (S256)", "enforcePKCE of identity/strict"));
    let par = is("required", "requirePushedAuthorizationRequests of identity/strict");
    assert_eq!(of(&world, "pushedAuthorizationRequests"), par);
    assert_eq!(of(&world, "consent"), is("Trusted", "consent of identity/strict"));
    assert_eq!(of(&world, "maxAge"), is("8h", "authentication.maxAge of identity/strict"));
    let groups = is("admins or staff, and shop", "authentication.allowedGroups of identity/strict");
    assert_eq!(of(&world, "allowedGroups"), groups);
}

#[test]
fn lists_that_nobody_asked_for_are_not_shown() {
    let settings = governed().web("shop/web", |_| {}).tell().client("shop/web").effective();
    let names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
    assert_eq!(
        names,
        [
            "grantTypes",
            "scopes",
            "authentication.method",
            "token.accessTokenTTL",
            "token.refreshTokenTTL",
            "token.idTokenTTL",
            "pkce",
            "pushedAuthorizationRequests",
            "consent",
            "redirectUris",
        ]
    );
    let world = governed().web("shop/web", |c| c.audiences = audiences(["urn:a"]));
    assert_eq!(of(&world, "audiences"), is("none", "default"));
    assert_eq!(of(&world, "redirectUris"), is("https://shop.example.com/cb", "client"));
}

#[test]
fn rotation_is_shown_where_there_is_a_secret() {
    let world = governed().policy("identity/rotate", |p| {
        let schedule = Some(Schedule::parse("0 3 * * 0").unwrap());
        let rule = RotationRule { enabled: true, schedule, overlap: None, max_age: ttl("90d") };
        p.client_authentication.secret_rotation = Some(rule);
    });
    let world = world.web("shop/web", |_| {}).client("shop/spa", ClientType::Browser, |_| {});
    let value = "`0 3 * * 0`, at most 90d old, overlap 24h";
    assert_eq!(
        of(&world, "secretRotation"),
        is(value, "clientAuthentication.secretRotation of identity/rotate")
    );
    let told = world.tell();
    assert!(told.client("shop/spa").effective().iter().all(|setting| setting.name != "secretRotation"));
}

#[test]
fn a_refused_client_has_no_effective_settings() {
    assert!(World::new().web("shop/web", |_| {}).tell().client("shop/web").effective().is_empty());
}

#[test]
fn a_client_that_cannot_be_read_shows_what_it_keeps() {
    let world = governed().web("shop/web", |c| c.token.access = ttl("1m")).publish().break_client("shop/web");
    assert_eq!(of(&world, "token.accessTokenTTL"), is("1m", "client"));
}

#[test]
fn counts_are_by_verdict_and_by_policy() {
    let told = governed()
        .policy("identity/pay", |p| p.client_selector = crate::world::namespaces(["pay"]))
        .web("shop/ok", |_| {})
        .web("shop/narrowed", |c| c.scopes = scopes(["openid", "payroll:admin"]))
        .web("pay/refused", |c| c.scopes = scopes(["payroll:admin"]))
        .tell();
    assert_eq!(told.server("identity/main").clients, ClientCounts { total: 3, compliant: 1, refused: 1 });
    let base = told.governed("identity/base", "identity/main");
    assert_eq!((base.clients, base.compliant, base.violating), (3, 1, 2));
    let pay = told.governed("identity/pay", "identity/main");
    assert_eq!((pay.clients, pay.compliant, pay.violating), (1, 1, 0));
}

#[test]
fn at_most_twenty_violators_are_named() {
    let world = (0..25).fold(governed(), |world, n| {
        world.web(&format!("shop/c{n:02}"), |c| c.scopes = scopes(["openid", "payroll:admin"]))
    });
    let base = world.tell().governed("identity/base", "identity/main");
    assert_eq!(
        (base.violating, base.violators.len(), base.violators[19].to_string()),
        (25, 20, "shop/c19".into())
    );
}
