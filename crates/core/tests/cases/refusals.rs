//! Clients that are refused: nothing is left, a method or an id is not allowed.

use crate::world::{Told, World, governed, id, names, object, scopes, texts, uris};
use nauthera_core::codes::Code;
use nauthera_core::grant::{AuthMethod, ClientType, GrantSet, GrantType};
use nauthera_core::report::Verdict;
use nauthera_core::uri::BackChannelUri;

/// The client `shop/web` is refused for this reason, and is in no Snapshot.
fn refused(world: &World, code: Code) -> Told {
    let told = world.tell();
    assert_eq!((told.verdict("shop/web"), told.reason("shop/web")), (Verdict::Refused, Some(code)));
    assert!(!told.is_served("shop/web"));
    told
}

/// The policy and the field that a refusal names.
fn blamed(told: &Told) -> (String, &'static str) {
    let finding = &told.client("shop/web").findings[0];
    (finding.policy.as_ref().map(ToString::to_string).unwrap_or_default(), finding.field.unwrap_or_default())
}

#[test]
fn no_grant_is_left_that_can_start_a_flow() {
    let world = World::new()
        .policy("identity/a", |p| p.allowed_grant_types = Some(GrantSet::ALL))
        .policy("identity/b", |p| p.allowed_grant_types = Some(GrantSet::of(&[GrantType::RefreshToken])))
        .web("shop/web", |_| {});
    let told = refused(&world, Code::NothingLeft);
    assert_eq!(blamed(&told), ("identity/b".into(), "allowedGrantTypes"));
}

#[test]
fn refresh_alone_cannot_start() {
    let world =
        governed().web("shop/web", |c| c.grant_types = Some(GrantSet::of(&[GrantType::RefreshToken])));
    let told = refused(&world, Code::NothingLeft);
    assert!(
        told.client("shop/web").findings[0].message.contains("it asks for no grant that can start a flow")
    );
}

#[test]
fn a_service_needs_a_policy_that_states_its_grant() {
    let silent = World::new().policy("identity/a", |_| {}).client("shop/web", ClientType::Service, |_| {});
    assert_eq!(blamed(&refused(&silent, Code::NothingLeft)), (String::new(), ""));
    let stated = governed().client("shop/web", ClientType::Service, |_| {});
    assert_eq!(stated.tell().verdict("shop/web"), Verdict::Compliant);
}

#[test]
fn no_redirect_uri_is_left() {
    let world = governed()
        .policy("identity/hosts", |p| p.allowed_hosts = names(["*.example.net"]))
        .web("shop/web", |_| {});
    assert_eq!(
        blamed(&refused(&world, Code::NothingLeft)),
        ("identity/hosts".into(), "redirectUris.allowedHosts")
    );
}

#[test]
fn a_client_that_starts_no_login_needs_no_redirect_uri() {
    let world = World::new()
        .policy("identity/a", |p| {
            p.allowed_grant_types = Some(GrantSet::of(&[GrantType::ClientCredentials]));
            p.allowed_hosts = names([]);
        })
        .web("shop/web", |c| c.grant_types = Some(ClientType::Web.possible_grants()));
    assert!(world.tell().row("shop/web").redirect_uris.is_empty());
}

#[test]
fn scopes_are_asked_and_none_is_left() {
    let world = governed()
        .policy("identity/z", |p| p.allowed_scopes = names(["profile"]))
        .web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]));
    assert_eq!(blamed(&refused(&world, Code::NothingLeft)), ("identity/z".into(), "allowedScopes"));
}

#[test]
fn a_client_that_asks_for_no_scope_loses_none() {
    let world = governed().policy("identity/z", |p| p.allowed_scopes = names([])).web("shop/web", |_| {});
    assert_eq!(world.tell().verdict("shop/web"), Verdict::Compliant);
}

#[test]
fn policies_allow_no_method_together() {
    let world = governed()
        .policy("identity/m", |p| {
            p.client_authentication.allowed_methods = Some(vec![AuthMethod::ClientSecretPost])
        })
        .policy("identity/n", |p| {
            p.client_authentication.allowed_methods = Some(vec![AuthMethod::ClientSecretBasic])
        })
        .web("shop/web", |_| {});
    let told = refused(&world, Code::NothingLeft);
    assert_eq!(blamed(&told), ("identity/m".into(), "clientAuthentication.allowedMethods"));
}

#[test]
fn keys_that_the_server_never_fetches_are_no_keys() {
    use nauthera_core::spec::ClientKeys;
    let at = |url: &str| {
        governed().web("shop/web", |c| {
            c.method = Some(AuthMethod::PrivateKeyJwt);
            c.keys = Some(ClientKeys::JwksUri(url.parse().unwrap()));
        })
    };
    for good in ["https://keys.example.com/", "https://keys.shop.svc/"] {
        assert!(at(good).tell().is_served("shop/web"), "{good}");
    }
    for bad in ["https://10.0.0.1/", "https://keys.pay.svc/", "https://localhost/"] {
        let mut world = at(bad);
        let told = world.tell();
        assert_eq!(
            (told.verdict("shop/web"), told.reason("shop/web")),
            (Verdict::Refused, Some(Code::KeysOutOfReach))
        );
        world.0.private_fetch = true;
        assert!(world.tell().is_served("shop/web"), "{bad} on a laptop");
    }
    // Who authenticates otherwise needs no keys.
    let idle = at("https://10.0.0.1/")
        .web("shop/web", |c| c.keys = Some(ClientKeys::JwksUri("https://10.0.0.1/".parse().unwrap())));
    assert!(idle.tell().is_served("shop/web"));
}

#[test]
fn a_logout_address_that_is_never_called_is_noted_and_the_client_is_served() {
    let with = |uri: &str| {
        governed().web("shop/web", |c| c.back_channel_logout_uri = Some(BackChannelUri::parse(uri).unwrap()))
    };
    for bad in ["https://10.0.0.1/out", "http://localhost:3000/out", "https://app.other.svc/out"] {
        let mut world = with(bad);
        let told = world.tell();
        assert_eq!(told.verdict("shop/web"), Verdict::Compliant, "{bad}");
        let codes: Vec<Code> = told.client("shop/web").findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::LogoutOutOfReach], "{bad}");
        world.0.private_fetch = true;
        assert!(world.tell().client("shop/web").findings.is_empty(), "{bad} on a laptop");
    }
    assert!(with("https://app.shop.svc/out").tell().client("shop/web").findings.is_empty());
    assert!(with("https://app.example/out").tell().client("shop/web").findings.is_empty());
}

#[test]
fn the_method_that_policies_want_needs_keys() {
    let world = governed()
        .policy("identity/m", |p| p.client_authentication.method = Some(AuthMethod::PrivateKeyJwt))
        .web("shop/web", |_| {});
    let told = refused(&world, Code::NothingLeft);
    assert_eq!(blamed(&told), ("identity/m".into(), "clientAuthentication.method"));
    assert!(told.client("shop/web").findings[0].message.contains("private_key_jwt"));
}

#[test]
fn an_empty_group_list_lets_nobody_in() {
    let policys =
        governed().policy("identity/g", |p| p.allowed_groups = Some(vec![])).web("shop/web", |_| {});
    assert_eq!(
        blamed(&refused(&policys, Code::NothingLeft)),
        ("identity/g".into(), "authentication.allowedGroups")
    );
    let own = governed()
        .policy("identity/g", |p| p.allowed_groups = Some(texts(["staff"])))
        .web("shop/web", |c| c.allowed_groups = Some(vec![]));
    assert_eq!(blamed(&refused(&own, Code::NothingLeft)), (String::new(), ""));
}

#[test]
fn a_named_method_that_policy_forbids_is_refused_and_never_switched() {
    let world = governed()
        .policy("identity/m", |p| {
            p.client_authentication.allowed_methods = Some(vec![AuthMethod::PrivateKeyJwt])
        })
        .web("shop/web", |c| c.method = Some(AuthMethod::ClientSecretBasic));
    let told = refused(&world, Code::MethodNotAllowed);
    assert_eq!(blamed(&told), ("identity/m".into(), "clientAuthentication.allowedMethods"));
}

#[test]
fn a_confidential_client_cannot_name_none() {
    refused(&governed().web("shop/web", |c| c.method = Some(AuthMethod::None)), Code::MethodNotAllowed);
}

#[test]
fn a_custom_id_needs_every_policy_that_states_it() {
    let custom = |world: World| world.web("shop/web", |c| c.client_id = Some(id("storefront")));
    refused(&custom(governed()), Code::CustomClientIdNotAllowed);
    let one = || governed().policy("identity/yes", |p| p.allow_custom_client_ids = Some(true));
    assert_eq!(custom(one()).tell().row("shop/web").client_id, id("storefront"));
    let both = one().policy("identity/no", |p| p.allow_custom_client_ids = Some(false));
    let told = refused(&custom(both), Code::CustomClientIdNotAllowed);
    assert_eq!(blamed(&told), ("identity/no".into(), "allowCustomClientIds"));
}

#[test]
fn the_default_id_written_out_is_no_custom_id() {
    let told = governed().web("shop/web", |c| c.client_id = Some(id("shop.web"))).tell();
    assert_eq!(
        (told.verdict("shop/web"), told.row("shop/web").object.clone()),
        (Verdict::Compliant, object("shop/web"))
    );
}

#[test]
fn a_refused_client_is_counted_with_the_policy_that_took_the_last() {
    let told = governed()
        .policy("identity/hosts", |p| p.allowed_hosts = names(["*.example.net"]))
        .web("shop/web", |c| {
            c.scopes = scopes(["openid", "payroll:admin"]);
            c.redirect_uris = uris(["https://shop.example.com/cb"]);
        })
        .tell();
    assert_eq!(told.governed("identity/hosts", "identity/main").violating, 1);
    assert_eq!(told.governed("identity/base", "identity/main").violating, 0);
}
