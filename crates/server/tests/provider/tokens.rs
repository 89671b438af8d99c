//! What tokens are good for afterwards: userinfo, introspection, revocation.

use crate::support::{
    API, Authorize, Call, HTTPS, Reply, TENANT, Tokens, World, claims_of, header_of, raw_jws,
};
use nauthera_core::grant::{GrantSet, GrantType};
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;
use serde_json::{Value, json};

async fn of(world: &World, client: &str, scope: &str) -> Tokens {
    Authorize::of(client).set("scope", scope).tokens(world).await
}

async fn of_client(world: &World, client: &str, resource: Option<&str>) -> Tokens {
    let call = Call::token(world, "client_credentials").by(client);
    let call = resource.into_iter().fold(call, |call, resource| call.with("resource", resource));
    Tokens::of(&call.send().await)
}

async fn told(world: &World, client: &str, token: &str) -> Value {
    Call::post(world, "/oauth2/introspect").by(client).with("token", token).send().await.ok()
}

async fn revoked(world: &World, client: &str, token: &str) -> Reply {
    Call::post(world, "/oauth2/revoke").by(client).with("token", token).send().await
}

#[tokio::test]
async fn userinfo_takes_the_token_from_the_header_or_from_the_body() {
    let world = World::new();
    let tokens = of(&world, "trusted", "openid email").await;
    let sub = tokens.id_claims()["sub"].clone();
    let expected = json!({"sub": sub, "email": "ada@works.example", "email_verified": true});
    assert_eq!(tokens.userinfo(&world).await.ok(), expected);
    let posted = Call::post(&world, "/oauth2/userinfo");
    assert_eq!(posted.clone().bearer(&tokens.access).send().await.ok(), expected);
    assert_eq!(posted.clone().with("access_token", &tokens.access).send().await.ok(), expected);
    let lower =
        Call::get(&world, "/oauth2/userinfo").header("authorization", format!("bearer {}", tokens.access));
    assert_eq!(lower.send().await.ok(), expected);
}

#[tokio::test]
async fn a_token_in_two_places_or_in_the_query_is_refused() {
    let world = World::new();
    let tokens = of(&world, "trusted", "openid").await;
    let twice =
        Call::post(&world, "/oauth2/userinfo").bearer(&tokens.access).with("access_token", &tokens.access);
    assert_eq!(twice.send().await.error(), (400, "invalid_request".into()));
    let twice = Call::get(&world, "/oauth2/userinfo").bearer(&tokens.access).bearer("x");
    assert_eq!(twice.send().await.error(), (400, "invalid_request".into()));
    let query = Call::get(&world, &format!("/oauth2/userinfo?access_token={}", tokens.access));
    let told = query.send().await;
    assert_eq!((told.status.as_u16(), told.header("www-authenticate")), (401, "Bearer realm=\"nauthera\""));
    assert!(told.json().get("error").is_none(), "who sends no token made no error: {told}");
}

#[tokio::test]
async fn userinfo_refuses_what_is_no_live_token_of_ours_and_says_so_in_the_header() {
    let (world, stranger) = (World::new(), World::at(HTTPS));
    let tokens = of(&world, "trusted", "openid").await;
    let foreign = of(&stranger, "trusted", "openid").await;
    let (message, signature) = tokens.access.rsplit_once('.').unwrap();
    let mut claims = claims_of(&tokens.access);
    claims["scope"] = "openid email profile groups".into();
    let none = json!({"alg": "none", "typ": "at+jwt", "kid": header_of(&tokens.access)["kid"]});
    for bad in [
        "x".to_owned(),
        tokens.id.clone(),
        tokens.refresh.clone(),
        foreign.access,
        format!("{message}."),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        raw_jws(&header_of(&tokens.access), &claims, |_| vec![0; 64]),
        raw_jws(&none, &claims, |_| Vec::new()),
        "y".repeat(20_000),
    ] {
        let reply = Call::get(&world, "/oauth2/userinfo").bearer(&bad).send().await;
        assert_eq!(reply.error(), (401, "invalid_token".into()));
        assert!(
            reply
                .header("www-authenticate")
                .starts_with("Bearer realm=\"nauthera\", error=\"invalid_token\"")
        );
    }
    for header in ["Basic eDp5", "Bearer", "Bearer ", "x"] {
        let reply = Call::get(&world, "/oauth2/userinfo").header("authorization", header).send().await;
        assert_eq!(reply.status, 401, "{header}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{header}");
    }
}

#[tokio::test]
async fn without_any_token_the_challenge_tells_no_error() {
    let reply = Call::get(&World::new(), "/oauth2/userinfo").send().await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"nauthera\"", "RFC 6750 section 3.1");
}

#[tokio::test]
async fn userinfo_wants_its_own_audience_openid_and_a_person() {
    let world = World::new();
    let elsewhere = Authorize::of("trusted").and("resource", API).tokens(&world).await;
    assert_eq!(elsewhere.userinfo(&world).await.error(), (401, "invalid_token".into()));
    let without = of(&world, "trusted", "orders:read").await;
    assert_eq!(without.userinfo(&world).await.error(), (403, "insufficient_scope".into()));
    let service = of_client(&world, "shop.job", None).await;
    assert_eq!(service.userinfo(&world).await.error(), (401, "invalid_token".into()));
}

#[tokio::test]
async fn userinfo_ends_with_the_token_the_grant_the_client_and_the_person() {
    let world = World::new();
    let tokens = of(&world, "trusted", "openid").await;
    world.clock.advance(899);
    assert!(tokens.live(&world).await);
    world.clock.advance(1);
    assert!(!tokens.live(&world).await);
    let tokens = of(&world, "trusted", "openid").await;
    revoked(&world, "shop.trusted", &tokens.refresh).await;
    assert!(!tokens.live(&world).await);
    let (gone, left) = (of(&world, "brief", "openid").await, of(&world, "trusted", "openid").await);
    world.edit(|inventory| drop(inventory.clients.remove(&crate::support::shop_client("shop.brief"))));
    assert!(!gone.live(&world).await);
    world.remove_person("ada");
    assert!(!left.live(&world).await);
}

#[tokio::test]
async fn userinfo_tells_the_person_of_today() {
    let world = World::new();
    let tokens = of(&world, "trusted", "openid groups").await;
    world.edit(|inventory| {
        use nauthera_core::{inventory::Object, spec::UserStoreSpec};
        let store = inventory.stores.get_mut(&crate::support::object("platform/people")).unwrap();
        let UserStoreSpec::Static(mut people) = (**store.spec.as_ref().unwrap()).clone() else { panic!() };
        people[0].groups = vec!["alumni".into()];
        *store = Object::new(UserStoreSpec::Static(people));
    });
    assert_eq!(tokens.userinfo(&world).await.ok()["groups"], json!(["alumni"]));
}

#[tokio::test]
async fn a_client_learns_of_its_own_tokens() {
    let world = World::at(TENANT);
    let tokens = of(&world, "web", "openid orders:read").await;
    let answer = told(&world, "shop.web", &tokens.access).await;
    let claims = tokens.access_claims();
    assert_eq!((&answer["active"], &answer["token_type"]), (&json!(true), &json!("Bearer")));
    for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "auth_time", "acr"] {
        assert_eq!(answer[name], claims[name], "{name}");
    }
    let answer = told(&world, "shop.web", &tokens.refresh).await;
    assert_eq!((&answer["active"], &answer["sub"]), (&json!(true), &claims["sub"]));
    assert_eq!(answer["exp"], world.app.now().plus(Seconds::hours(24)).0);
}

#[tokio::test]
async fn a_resource_server_learns_of_tokens_for_its_audience_alone() {
    let world = World::new();
    let for_api = Authorize::of("web").and("resource", API).tokens(&world).await;
    let for_issuer = of(&world, "web", "openid").await;
    assert_eq!(told(&world, "shop.api", &for_api.access).await["active"], true);
    assert_eq!(
        told(&world, "shop.api", &of_client(&world, "shop.job", Some(API)).await.access).await["active"],
        true
    );
    for other in
        [&for_issuer.access, &for_api.refresh, &for_api.id, &of_client(&world, "shop.job", None).await.access]
    {
        assert_eq!(told(&world, "shop.api", other).await, json!({"active": false}));
    }
    assert_eq!(told(&world, "shop.second", &for_api.access).await, json!({"active": false}));
}

#[tokio::test]
async fn of_dead_and_foreign_tokens_everybody_learns_nothing() {
    let (world, stranger) = (World::new(), World::at(HTTPS));
    let tokens = of(&world, "web", "openid").await;
    let foreign = of(&stranger, "web", "openid").await;
    for bad in ["x", &foreign.access, &foreign.refresh, &tokens.id, &"z".repeat(30_000)] {
        assert_eq!(told(&world, "shop.web", bad).await, json!({"active": false}));
    }
    revoked(&world, "shop.web", &tokens.refresh).await;
    for dead in [&tokens.access, &tokens.refresh] {
        assert_eq!(told(&world, "shop.web", dead).await, json!({"active": false}));
    }
    let tokens = of(&world, "web", "openid").await;
    world.clock.pass(Seconds::minutes(15));
    assert_eq!(told(&world, "shop.web", &tokens.access).await, json!({"active": false}));
    assert_eq!(told(&world, "shop.web", &tokens.refresh).await["active"], true);
    world.clock.pass(Seconds::hours(24));
    assert_eq!(told(&world, "shop.web", &tokens.refresh).await, json!({"active": false}));
}

#[tokio::test]
async fn a_resource_server_hears_that_the_client_or_the_person_is_gone() {
    let world = World::new();
    let of_person = Authorize::of("trusted").and("resource", API).tokens(&world).await;
    let of_job = of_client(&world, "shop.job", Some(API)).await;
    let of_brief = Authorize::of("brief").and("resource", API).tokens(&world).await;
    world.edit(|inventory| {
        for gone in ["shop.job", "shop.brief"] {
            inventory.clients.remove(&crate::support::shop_client(gone));
        }
    });
    for dead in [&of_job.access, &of_brief.access] {
        assert_eq!(told(&world, "shop.api", dead).await, json!({"active": false}));
    }
    assert_eq!(told(&world, "shop.api", &of_person.access).await["active"], true);
    world.remove_person("ada");
    assert_eq!(told(&world, "shop.api", &of_person.access).await, json!({"active": false}));
}

#[tokio::test]
async fn a_tightened_policy_shortens_what_introspection_says_of_a_refresh_token() {
    let world = World::new();
    let tokens = of(&world, "web", "openid").await;
    let mut policy = PolicySpec::default();
    policy.token.refresh = Some(Seconds::hours(1));
    world.add_policy("web", policy);
    let answer = told(&world, "shop.web", &tokens.refresh).await;
    assert_eq!(answer["exp"], world.app.now().plus(Seconds::hours(1)).0);
}

#[tokio::test]
async fn introspection_calls_a_refresh_token_active_only_while_it_would_be_taken() {
    let scopes = "openid email orders:read";
    let policy = |policy: PolicySpec| move |world: &World| world.add_policy("web", policy.clone());
    let only_codes = Some(GrantSet::of(&[GrantType::AuthorizationCode]));
    let no_refresh = policy(PolicySpec { allowed_grant_types: only_codes, ..PolicySpec::default() });
    let no_group = policy(PolicySpec { allowed_groups: Some(vec!["board".into()]), ..PolicySpec::default() });
    let nobody = |world: &World| world.remove_person("ada");
    let taken: [&dyn Fn(&World); 3] = [&no_refresh, &no_group, &nobody];
    for (n, take) in taken.iter().enumerate() {
        let world = World::new();
        let tokens = of(&world, "web", scopes).await;
        assert_eq!(told(&world, "shop.web", &tokens.refresh).await["scope"], scopes);
        take(&world);
        assert_eq!(told(&world, "shop.web", &tokens.refresh).await, json!({"active": false}), "{n}");
        assert!(tokens.renew(&world, "shop.web").send().await.status.is_client_error(), "{n}");
    }
}

#[tokio::test]
async fn introspection_names_the_scopes_that_policy_leaves_a_refresh_token() {
    let world = World::new();
    let tokens = of(&world, "web", "openid email orders:read").await;
    world.edit_client("web", |client| client.scopes.retain(|scope| scope.as_str() != "email"));
    assert_eq!(told(&world, "shop.web", &tokens.refresh).await["scope"], "openid orders:read");
}

#[tokio::test]
async fn the_token_hint_may_be_wrong() {
    let world = World::new();
    let tokens = of(&world, "web", "openid").await;
    for (token, hint) in
        [(&tokens.access, "refresh_token"), (&tokens.refresh, "access_token"), (&tokens.access, "x")]
    {
        let call = Call::post(&world, "/oauth2/introspect").by("shop.web").with("token", token);
        assert_eq!(call.with("token_type_hint", hint).send().await.ok()["active"], true);
    }
    let call = Call::post(&world, "/oauth2/revoke").by("shop.web").with("token", &tokens.refresh);
    call.with("token_type_hint", "access_token").send().await.ok();
    assert!(!tokens.live(&world).await);
}

#[tokio::test]
async fn introspection_and_revocation_want_a_token() {
    let world = World::new();
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let call = Call::post(&world, path).by("shop.web");
        assert_eq!(call.clone().send().await.status, 415, "{path}: no form at all");
        assert_eq!(call.with("token", "").send().await.error(), (400, "invalid_request".into()), "{path}");
    }
}

#[tokio::test]
async fn either_token_takes_the_whole_grant_with_it() {
    let world = World::new();
    for client in ["web", "spa"] {
        let id = format!("shop.{client}");
        let (one, two) = (of(&world, client, "openid").await, of(&world, client, "openid").await);
        assert_eq!(revoked(&world, &id, &one.refresh).await.status, 200);
        assert_eq!(revoked(&world, &id, &two.access).await.status, 200);
        for tokens in [&one, &two] {
            assert!(!tokens.live(&world).await);
            assert_eq!(tokens.renew(&world, &id).send().await.error(), (400, "invalid_grant".into()));
        }
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_still_revokes_its_family() {
    let world = World::new();
    let first = of(&world, "spa", "openid").await;
    let second = Tokens::of(&first.renew(&world, "shop.spa").send().await);
    assert_eq!(revoked(&world, "shop.spa", &first.refresh).await.status, 200);
    assert!(!second.live(&world).await);
}

#[tokio::test]
async fn nobody_revokes_anothers_tokens_and_the_answer_is_the_same() {
    let world = World::new();
    let tokens = of(&world, "web", "openid").await;
    let service = of_client(&world, "shop.job", None).await;
    for token in [&tokens.access, &tokens.refresh, &service.access, &"unknown".to_owned()] {
        let reply = revoked(&world, "shop.second", token).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "{}"));
    }
    assert!(tokens.live(&world).await);
    assert_eq!(told(&world, "shop.job", &service.access).await["active"], true);
}

#[tokio::test]
async fn a_clients_own_token_is_revoked_alone() {
    let world = World::new();
    let (one, two) = (of_client(&world, "shop.job", None).await, of_client(&world, "shop.job", None).await);
    revoked(&world, "shop.job", &one.access).await;
    assert_eq!(told(&world, "shop.job", &one.access).await, json!({"active": false}));
    assert_eq!(told(&world, "shop.job", &two.access).await["active"], true);
    world.clock.pass(Seconds::minutes(14));
    world.app.sweep().await.unwrap();
    assert_eq!(
        told(&world, "shop.job", &one.access).await,
        json!({"active": false}),
        "as long as it would have lived"
    );
}

#[tokio::test]
async fn a_code_that_is_waiting_dies_with_a_consent_that_is_withdrawn() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("web");
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    let waiting = browser.authorize(&request).await.code();
    let account = browser.open("/account").await;
    let form = &account.forms_with("action", "withdraw_consent")[0];
    browser.submit(form).await;
    assert!(!tokens.live(&world).await);
    assert_eq!(tokens.renew(&world, "shop.web").send().await.error(), (400, "invalid_grant".into()));
    assert_eq!(request.redeem(&world, &waiting).send().await.error(), (400, "invalid_grant".into()));
    assert!(browser.open(&request.path(&world)).await.is_consent());
}
