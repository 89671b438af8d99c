//! What people are told, word for word: one finding of each kind.

use crate::world::{
    World, audiences, clients, governed, id, issuer, names, object, plain_client, scopes, text, ttl, uris,
};
use insta::assert_snapshot;
use nauthera_core::grant::{AuthMethod, ClientType, Enforcement, Expectation, GrantSet, GrantType};
use nauthera_core::spec::{AllowedNamespaces, Example};

/// What is told of the client `shop/web`.
fn web(world: World) -> String {
    world.tell().text("shop/web")
}

fn server(world: World, name: &str) -> String {
    world.tell().server(name).findings.iter().map(text).collect()
}

fn policy(world: World, name: &str) -> String {
    world.tell().policy(name).findings.iter().map(text).collect()
}

#[test]
fn no_policy() {
    let world = World::new().policy("identity/pay", |p| p.client_selector = clients(["pay/web"]));
    assert_snapshot!(web(world.web("shop/web", |_| {})), @r"
    error[NA0101]: no policy governs client `shop/web`
      --> AuthClient shop/web : not governed
       = the client is not served: a client is served only when a policy in Enforce governs it
       = policy `identity/pay` does not select it: clientSelector.clients does not list shop/web
       = help: security can select it in a policy, or add one
    ");
}

#[test]
fn server_not_found() {
    let world = governed().web("shop/web", |c| c.server = object("identity/later"));
    assert_snapshot!(web(world), @r"
    error[NA0102]: AuthServer `identity/later` is not there
      --> AuthClient shop/web spec.authServerRef: named here
       = the client waits until it is
       = help: mend the name, or add the AuthServer
    ");
}

#[test]
fn namespace_not_allowed() {
    let world = governed().server("identity/main", |s| s.allowed_namespaces = AllowedNamespaces::Same);
    assert_snapshot!(web(world.web("shop/web", |_| {})), @r"
    error[NA0103]: AuthServer `identity/main` does not admit clients of namespace `shop`
      --> AuthClient shop/web spec.authServerRef: attached here
      --> AuthServer identity/main spec.allowedClients.namespaces: admitted here
       = the client is not served
       = help: platform can admit the namespace in allowedClients.namespaces of identity/main
    ");
}

#[test]
fn nothing_left_of_scopes() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["payroll:admin", "payroll:read"]));
    assert_snapshot!(web(world), @r"
    error[NA0104]: nothing is left of client `shop/web`: scopes are asked and none is allowed
      --> AuthClient shop/web spec.scopes: asked here
      --> AuthPolicy identity/base spec.allowedScopes: allowed here
       = the client is not served
       = scope `payroll:admin` is beyond policy `identity/base`
       = scope `payroll:read` is beyond policy `identity/base`
       = help: change what the client asks for, or ask the owners of its policies
    ");
}

#[test]
fn nothing_left_of_grants() {
    let world = World::new().policy("identity/users", |p| {
        p.allowed_grant_types = Some(GrantSet::of(&[GrantType::AuthorizationCode]));
    });
    assert_snapshot!(web(world.client("shop/web", ClientType::Service, |_| {})), @r"
    error[NA0104]: nothing is left of client `shop/web`: no grant that can start a flow is allowed, and it needs `client_credentials`
      --> AuthClient shop/web spec.type: asked here
      --> AuthPolicy identity/users spec.allowedGrantTypes: allowed here
       = the client is not served
       = help: change what the client asks for, or ask the owners of its policies
    ");
}

#[test]
fn nothing_left_where_no_policy_states_grants() {
    let world = World::new().policy("identity/silent", |_| {});
    assert_snapshot!(web(world.client("shop/web", ClientType::Service, |_| {})), @r"
    error[NA0104]: nothing is left of client `shop/web`: no grant that can start a flow is allowed, and it needs `client_credentials`
      --> AuthClient shop/web spec.type: asked here
       = the client is not served
       = where no policy states it, allowedGrantTypes is authorization_code, refresh_token
       = help: security can state allowedGrantTypes in a policy of this client
    ");
}

#[test]
fn nothing_left_of_methods() {
    let world = governed()
        .policy("identity/keys", |p| p.client_authentication.method = Some(AuthMethod::PrivateKeyJwt));
    assert_snapshot!(web(world.web("shop/web", |_| {})), @r"
    error[NA0104]: nothing is left of client `shop/web`: its policies want private_key_jwt, and the client has no keys or ServiceAccounts for it
      --> AuthClient shop/web spec.authentication: asked here
      --> AuthPolicy identity/keys spec.clientAuthentication.method: allowed here
       = the client is not served
       = help: change what the client asks for, or ask the owners of its policies
    ");
}

#[test]
fn method_not_allowed() {
    let world = governed().policy("identity/methods", |p| {
        p.client_authentication.allowed_methods =
            Some(vec![AuthMethod::PrivateKeyJwt, AuthMethod::ClientSecretBasic]);
    });
    let world = world.web("shop/web", |c| c.method = Some(AuthMethod::ClientSecretPost));
    assert_snapshot!(web(world), @r"
    error[NA0105]: method `client_secret_post` is beyond policy `identity/methods`
      --> AuthClient shop/web spec.authentication.method: asked here
      --> AuthPolicy identity/methods spec.clientAuthentication.allowedMethods: allowed here
       | asked client_secret_post, allowed private_key_jwt, client_secret_basic
       = the client is not served
       = help: name an allowed method here, or ask the owners of identity/methods
    ");
}

#[test]
fn custom_client_id_not_allowed_by_a_policy() {
    let world = governed().policy("identity/ids", |p| p.allow_custom_client_ids = Some(false));
    assert_snapshot!(web(world.web("shop/web", |c| c.client_id = Some(id("storefront")))), @r"
    error[NA0106]: client id `storefront` is not allowed by policy
      --> AuthClient shop/web spec.clientId: asked here
      --> AuthPolicy identity/ids spec.allowCustomClientIds: forbidden here
       | asked storefront, allowed shop.web
       = the client is not served
       = help: take clientId away and use the default id, or ask the owners of identity/ids to allow custom ids
    ");
}

#[test]
fn custom_client_id_that_no_policy_allows() {
    assert_snapshot!(web(governed().web("shop/web", |c| c.client_id = Some(id("storefront")))), @r"
    error[NA0106]: client id `storefront` is not allowed by policy
      --> AuthClient shop/web spec.clientId: asked here
       | asked storefront, allowed shop.web
       = the client is not served
       = help: take clientId away and use the default id, or ask security for a policy with allowCustomClientIds: true
    ");
}

#[test]
fn client_id_taken() {
    let world = governed().policy("identity/ids", |p| p.allow_custom_client_ids = Some(true));
    let world = world.web("shop/web", |c| c.client_id = Some(id("pay.web"))).web("pay/web", |_| {});
    assert_snapshot!(web(world), @r"
    error[NA0107]: client id `pay.web` belongs to client `pay/web`
      --> AuthClient shop/web spec.clientId: claimed here too
      --> AuthClient pay/web : held here
       = the client is not served
       = help: choose another clientId, or take it away and use the default id
    ");
}

#[test]
fn client_waiting() {
    assert_snapshot!(web(governed().break_policy("identity/new").web("shop/web", |_| {})), @r"
    error[NA0108]: client `shop/web` waits: nothing new is served until the faults are mended
      --> AuthClient shop/web : not served yet
       = its AuthServer is frozen by policy `identity/new`, which is not accepted
       = help: the owners of `identity/new` mend what is reported of it, or take it away
    ");
}

#[test]
fn client_not_accepted() {
    assert_snapshot!(web(governed().break_client("shop/web")), @r"
    error[NA0109]: AuthClient `shop/web` is not accepted
      --> AuthClient shop/web : this object
       = it goes on with its last good settings, if it was served
       = help: developers can mend what is reported of it
    ");
}

#[test]
fn grant_beyond_policy() {
    let code = GrantSet::of(&[GrantType::AuthorizationCode, GrantType::RefreshToken]);
    let world = World::new().policy("identity/users", |p| p.allowed_grant_types = Some(code));
    let world = world.web("shop/web", |c| c.grant_types = Some(ClientType::Web.possible_grants()));
    assert_snapshot!(web(world), @r"
    warning[NA0201]: grant `client_credentials` is beyond policy `identity/users`
      --> AuthClient shop/web spec.grantTypes: asked here
      --> AuthPolicy identity/users spec.allowedGrantTypes: allowed here
       | asked client_credentials, allowed authorization_code, refresh_token
       = the client is served without it
       = help: the owners of identity/users can allow it; or drop it here
    ");
}

#[test]
fn grant_that_only_the_type_brings() {
    let code = GrantSet::of(&[GrantType::AuthorizationCode]);
    let world = World::new().policy("identity/users", |p| p.allowed_grant_types = Some(code));
    assert_snapshot!(web(world.web("shop/web", |_| {})), @r"
    note[NA0201]: grant `refresh_token` is beyond policy `identity/users`
      --> AuthClient shop/web spec.type: comes with this type
      --> AuthPolicy identity/users spec.allowedGrantTypes: allowed here
       | asked refresh_token, allowed authorization_code
       = the client is served without it
       = help: nothing to do, unless the client needs it; grantTypes says what it needs
    ");
}

#[test]
fn host_beyond_policy() {
    let world =
        governed().policy("identity/hosts", |p| p.allowed_hosts = names(["*.example.com", "pay.test"]));
    let world = world.web("shop/web", |c| {
        c.redirect_uris = uris(["https://shop.example.com/cb", "https://shop.example.net/cb"]);
        c.post_logout_redirect_uris = uris(["https://elsewhere.test/bye"]);
    });
    assert_snapshot!(web(world), @r"
    warning[NA0202]: host `shop.example.net` is beyond policy `identity/hosts`
      --> AuthClient shop/web spec.redirectUris[1]: asked here
      --> AuthPolicy identity/hosts spec.redirectUris.allowedHosts: allowed here
       | asked shop.example.net, allowed *.example.com, pay.test
       = the client is served without it
       = help: the owners of identity/hosts can allow it; or drop it here

    warning[NA0207]: host `elsewhere.test` is beyond policy `identity/hosts`
      --> AuthClient shop/web spec.postLogoutRedirectUris[0]: asked here
      --> AuthPolicy identity/hosts spec.redirectUris.allowedHosts: allowed here
       | asked elsewhere.test, allowed *.example.com, pay.test
       = the client is served without it
       = help: the owners of identity/hosts can allow it; or drop it here
    ");
}

#[test]
fn scope_beyond_policy() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["openid", "payroll:admin"]));
    assert_snapshot!(web(world), @r"
    warning[NA0203]: scope `payroll:admin` is beyond policy `identity/base`
      --> AuthClient shop/web spec.scopes[1]: asked here
      --> AuthPolicy identity/base spec.allowedScopes: allowed here
       | asked payroll:admin, allowed openid, profile, orders:*
       = the client is served without it
       = help: the owners of identity/base can allow it; or drop it here
    ");
}

#[test]
fn scope_beyond_the_default() {
    let world = World::new().policy("identity/silent", |_| {});
    assert_snapshot!(web(world.web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"]))), @r"
    warning[NA0203]: scope `orders:read` is beyond policy: no policy states allowedScopes
      --> AuthClient shop/web spec.scopes[1]: asked here
       | asked orders:read, allowed openid, profile, email, groups, offline_access
       = the client is served without it
       = where no policy states it, allowedScopes is openid, profile, email, groups, offline_access
       = help: security can state allowedScopes in a policy of this client; or drop it here
    ");
}

#[test]
fn audience_and_introspection_beyond_policy() {
    let world = governed().policy("identity/apis", |p| p.allowed_audiences = names([]));
    let world = world.web("shop/web", |c| {
        c.audiences = audiences(["https://api.example.com"]);
        c.introspects = audiences(["urn:ledger"]);
    });
    assert_snapshot!(web(world), @r"
    warning[NA0204]: audience `https://api.example.com` is beyond policy `identity/apis`
      --> AuthClient shop/web spec.audiences[0]: asked here
      --> AuthPolicy identity/apis spec.allowedAudiences: allowed here
       | asked https://api.example.com, allowed nothing
       = the client is served without it
       = help: the owners of identity/apis can allow it; or drop it here

    warning[NA0205]: audience `urn:ledger` is beyond policy: no policy states allowedIntrospection
      --> AuthClient shop/web spec.introspects[0]: asked here
       | asked urn:ledger, allowed nothing
       = the client is served without it
       = where no policy states it, allowedIntrospection is nothing
       = help: security can state allowedIntrospection in a policy of this client; or drop it here
    ");
}

#[test]
fn lifetime_beyond_policy() {
    let world = governed().policy("identity/short", |p| p.token.access = ttl("10m"));
    assert_snapshot!(web(world.web("shop/web", |c| c.token.access = ttl("1h"))), @r"
    warning[NA0206]: lifetime `1h` is beyond policy `identity/short`
      --> AuthClient shop/web spec.token.accessTokenTTL: asked here
      --> AuthPolicy identity/short spec.token.accessTokenTTL: allowed here
       | asked 1h, allowed 10m
       = 10m holds
       = help: the owners of identity/short can allow it; or drop it here
    ");
}

#[test]
fn lifetime_beyond_the_default() {
    assert_snapshot!(web(governed().web("shop/web", |c| c.token.refresh = ttl("30d"))), @r"
    warning[NA0206]: lifetime `30d` is beyond policy: no policy states token.refreshTokenTTL
      --> AuthClient shop/web spec.token.refreshTokenTTL: asked here
       | asked 30d, allowed 24h
       = 24h holds
       = help: security can state token.refreshTokenTTL in a policy of this client; or drop it here
    ");
}

#[test]
fn lifetime_beyond_the_baseline() {
    let world = governed().policy("identity/long", |p| p.token.access = ttl("48h"));
    assert_snapshot!(web(world.web("shop/web", |c| c.token.access = ttl("36h"))), @r"
    warning[NA0206]: lifetime `36h` is beyond the built-in baseline
      --> AuthClient shop/web spec.token.accessTokenTTL: asked here
       | asked 36h, allowed 24h
       = 24h holds
       = help: no policy can allow it; ask for 24h or less
    ");
}

#[test]
fn example_fails() {
    let world = World::new().policy("identity/strict", |p| {
        p.allowed_scopes = names(["openid"]);
        let client = nauthera_core::spec::ClientSpec {
            scopes: scopes(["openid", "email"]),
            ..plain_client(ClientType::Web)
        };
        p.examples = vec![Example { name: "shop".into(), client, expect: Expectation::Compliant }];
    });
    assert_snapshot!(policy(world, "identity/strict"), @r"
    error[NA0301]: example `shop` of policy `identity/strict` is Narrowed, not Compliant
      --> AuthPolicy identity/strict spec.examples[0].expect: expected here
       = scope `email` is beyond policy `identity/strict`
       = help: security changes the policy, or what the example expects
    ");
}

#[test]
fn policy_not_accepted_and_server_frozen() {
    let world = || governed().break_policy("identity/new");
    assert_snapshot!(policy(world(), "identity/new"), @r"
    error[NA0302]: AuthPolicy `identity/new` is not accepted
      --> AuthPolicy identity/new : this object
       = the servers it applies to keep every client as it is
       = help: security can mend what is reported of it
    ");
    assert_snapshot!(server(world(), "identity/main"), @r"
    error[NA0406]: AuthServer `identity/main` is frozen by policy `identity/new`, which is not accepted
      --> AuthServer identity/main : every client here keeps the settings it has
      --> AuthPolicy identity/new : this policy is not accepted
       = deletions and rotations still go out, and new clients wait
       = help: the owners of identity/new mend it, or take it away
    ");
}

#[test]
fn namespace_unknown() {
    let world =
        World::new().policy("identity/labels", |p| p.client_selector = crate::world::by_label("team", "lab"));
    assert_snapshot!(policy(world.web("lab/tool", |_| {}), "identity/labels"), @r"
    warning[NA0303]: AuthPolicy `identity/labels` selects by namespace labels, and those of namespace `lab` are not known here
      --> AuthPolicy identity/labels spec.clientSelector.namespaceSelector: selected here
       = the policy only tightens there: it admits nobody, and replaces no default
       = help: add the Namespace objects to what is judged
    ");
}

#[test]
fn duplicate_issuer() {
    let world = World::new().server("identity/spare", |s| s.issuer_url = issuer("https://main.example.com"));
    assert_snapshot!(server(world, "identity/spare"), @r"
    error[NA0401]: issuer `https://main.example.com` belongs to AuthServer `identity/main`
      --> AuthServer identity/spare spec.issuerUrl: claimed here too
      --> AuthServer identity/main spec.issuerUrl: served here
       = AuthServer `identity/spare` is not served
       = help: platform takes one of the two away, and makes it anew with another issuerUrl
    ");
}

#[test]
fn server_not_accepted() {
    assert_snapshot!(server(World::new().break_server("identity/main"), "identity/main"), @r"
    error[NA0404]: AuthServer `identity/main` is not accepted
      --> AuthServer identity/main : this object
       = what it last published goes on being served
       = help: platform can mend what is reported of it
    ");
}

#[test]
fn user_stores() {
    let world = |store: &str| World::new().server("identity/main", |s| s.user_store = Some(object(store)));
    assert_snapshot!(server(world("identity/people"), "identity/main"), @r"
    warning[NA0402]: UserStore `identity/people` is not there
      --> AuthServer identity/main spec.userStoreRef: named here
       = the server runs, and nobody can log in until it appears
       = help: platform adds the UserStore, or mends the name
    ");
    assert_snapshot!(server(world("shop/people"), "identity/main"), @r"
    error[NA0405]: UserStore `shop/people` is not in the AuthServer's namespace
      --> AuthServer identity/main spec.userStoreRef: named here
       = the server runs, and nobody can log in
       = help: platform moves the UserStore to namespace identity
    ");
    let broken = world("identity/people").break_store("identity/people").tell();
    assert_snapshot!(text(&broken.0.report.stores[&object("identity/people")].findings[0]), @r"
    error[NA0403]: UserStore `identity/people` is not accepted
      --> UserStore identity/people : this object
       = servers that use it go on with the people they last knew
       = help: platform can mend what is reported of it
    ");
}

#[test]
fn audit() {
    let world = governed().policy("identity/next", |p| {
        p.enforcement = Some(Enforcement::Audit);
        p.allowed_scopes = names(["openid"]);
    });
    let told = world.web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"])).tell();
    assert_snapshot!(text(&told.client("shop/web").audit[0]), @r"
    note[NA0203]: scope `orders:read` is beyond policy `identity/next`
      --> AuthClient shop/web spec.scopes[1]: asked here
      --> AuthPolicy identity/next spec.allowedScopes: allowed here
       | asked orders:read, allowed openid
       = policy `identity/next` is in Audit: nothing changes until it is set to Enforce
       = help: the owners of identity/next can allow it; or drop it here
    ");
}
