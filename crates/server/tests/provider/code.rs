//! The authorization code grant: what a code is good for, once.

use crate::support::{
    API, Authorize, CHALLENGE, Call, LEDGER, LOOPBACK, Tokens, VERIFIER, World, challenge_of, header_of,
};
use nauthera_core::pattern::PatternSet;
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;
use serde_json::json;

const REFUSED: (u16, &str) = (400, "invalid_grant");

fn refused() -> (u16, String) {
    (REFUSED.0, REFUSED.1.to_owned())
}

async fn code(world: &World, request: &Authorize) -> String {
    world.browser().authorize(request).await.code()
}

#[tokio::test]
async fn an_access_token_says_what_rfc_9068_asks_for() {
    let world = World::new();
    let tokens = Authorize::of("trusted").set("scope", "openid orders:read").tokens(&world).await;
    let (header, claims, now) = (header_of(&tokens.access), tokens.access_claims(), world.app.now().0);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    for (name, value) in [
        ("iss", json!(LOOPBACK)),
        ("aud", json!(LOOPBACK)),
        ("client_id", json!("shop.trusted")),
        ("scope", json!("openid orders:read")),
        ("iat", json!(now)),
        ("exp", json!(now + 900)),
        ("auth_time", json!(now)),
        ("acr", json!("urn:nauthera:acr:password")),
        ("amr", json!(["pwd"])),
        ("sub", tokens.id_claims()["sub"].clone()),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    assert!(claims.get("groups").is_none() && claims.get("email").is_none(), "{claims}");
}

#[tokio::test]
async fn an_id_token_says_what_core_asks_for() {
    let world = World::new();
    let tokens = Authorize::of("trusted").tokens(&world).await;
    let (header, claims, now) = (header_of(&tokens.id), tokens.id_claims(), world.app.now().0);
    assert_eq!(header["typ"], "JWT");
    for (name, value) in [
        ("iss", json!(LOOPBACK)),
        ("aud", json!("shop.trusted")),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("auth_time", json!(now)),
        ("nonce", json!("the nonce")),
        ("amr", json!(["pwd"])),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    // The left half of the SHA-256 of the access token (Core 3.1.3.6).
    assert!(challenge_of(&tokens.access).starts_with(&claims["at_hash"].as_str().unwrap()[..21]));
    assert_eq!(claims["at_hash"].as_str().unwrap().len(), 22);
    assert!(claims["sid"].is_string() && claims.get("email").is_none(), "{claims}");
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let world = World::new();
    let tokens = Authorize::of("trusted").set("scope", "orders:read").tokens(&world).await;
    assert_eq!((tokens.id.as_str(), tokens.scope.as_str()), ("", "orders:read"));
}

#[tokio::test]
async fn a_code_waits_60_seconds() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let (early, late) = (code(&world, &request).await, code(&world, &request).await);
    world.clock.advance(59);
    Tokens::of(&request.redeem(&world, &early).send().await);
    world.clock.advance(1);
    assert_eq!(request.redeem(&world, &late).send().await.error(), refused());
}

#[tokio::test]
async fn who_left_the_group_or_is_gone_when_the_code_comes_gets_nothing() {
    let world = World::new();
    let request = Authorize::of("staff");
    let [left, gone, used] =
        [code(&world, &request).await, code(&world, &request).await, code(&world, &request).await];
    let tokens = Tokens::of(&request.redeem(&world, &used).send().await);
    let board = PolicySpec { allowed_groups: Some(vec!["board".into()]), ..Default::default() };
    world.add_policy("staff", board);
    assert_eq!(request.redeem(&world, &left).send().await.error(), refused());
    world.remove_person("ada");
    assert_eq!(request.redeem(&world, &gone).send().await.error(), refused());
    // A second use revokes all the same.
    assert_eq!(request.redeem(&world, &used).send().await.error(), refused());
    assert_eq!(world.audit.last("code_reused")["client_id"], "shop.staff");
    assert!(!tokens.live(&world).await);
}

#[tokio::test]
async fn a_code_works_once_and_a_second_use_revokes_what_the_first_one_got() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let code = code(&world, &request).await;
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    assert!(tokens.live(&world).await);
    assert_eq!(request.redeem(&world, &code).send().await.error(), refused());
    assert!(!tokens.live(&world).await);
    assert_eq!(tokens.renew(&world, "shop.trusted").send().await.error(), refused());
    assert_eq!(world.audit.last("code_reused")["client_id"], "shop.trusted");
}

#[tokio::test]
async fn a_second_use_is_noticed_long_after_the_code_would_have_expired() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let code = code(&world, &request).await;
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    world.clock.pass(Seconds::hours(2));
    world.app.sweep().await.unwrap();
    assert_eq!(request.redeem(&world, &code).send().await.error(), refused());
    assert_eq!(tokens.renew(&world, "shop.trusted").send().await.error(), refused());
}

#[tokio::test]
async fn a_thief_with_the_code_alone_gets_nothing_and_ends_nothing() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let stolen = code(&world, &request).await;
    let theft = |client: &str| {
        let call = Call::token(&world, "authorization_code").by(client).with("code", &stolen);
        call.with("redirect_uri", request.get("redirect_uri")).with("code_verifier", VERIFIER)
    };
    assert_eq!(theft("shop.second").send().await.error(), refused());
    let tokens = Tokens::of(&request.redeem(&world, &stolen).send().await);
    assert_eq!(theft("shop.second").send().await.error(), refused());
    let guess = "a".repeat(43);
    let unproved = request.redeem(&world, &stolen).without("code_verifier").with("code_verifier", &guess);
    assert_eq!(unproved.send().await.error(), refused());
    assert!(tokens.live(&world).await, "only who could have redeemed it ends it");
}

#[tokio::test]
async fn verifier_and_redirect_uri_must_be_those_of_the_request() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let waiting = code(&world, &request).await;
    let redeem = || request.redeem(&world, &waiting);
    for call in [
        redeem().without("code_verifier"),
        redeem().without("code_verifier").with("code_verifier", "a"),
        redeem().without("code_verifier").with("code_verifier", CHALLENGE),
        redeem().without("code_verifier").with("code_verifier", &VERIFIER.to_uppercase()),
        redeem().without("code_verifier").with("code_verifier", &format!("{VERIFIER} ")),
        redeem().without("code_verifier").with("code_verifier", &"v".repeat(129)),
        redeem().without("redirect_uri"),
        redeem().without("redirect_uri").with("redirect_uri", "https://trusted.shop.example/cb?kept=a+b"),
        redeem().without("redirect_uri").with("redirect_uri", "https://trusted.shop.example/cb/"),
    ] {
        assert_eq!(call.send().await.error(), refused());
    }
    Tokens::of(&redeem().send().await);
}

#[tokio::test]
async fn codes_that_never_were_are_refused_like_spent_ones() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let good = code(&world, &request).await;
    let other = code(&world, &request.clone().set("code_challenge", &challenge_of(&"o".repeat(43)))).await;
    for bad in [good.to_uppercase(), format!("{good}="), good[1..].to_owned(), "x".repeat(10_000), other] {
        assert_eq!(request.redeem(&world, &bad).send().await.error(), refused());
    }
    let missing = request.redeem(&world, &good).without("code").send().await;
    assert_eq!(missing.error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_refresh_token_is_no_code_and_a_code_no_refresh_token() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let tokens = request.tokens(&world).await;
    assert_eq!(request.redeem(&world, &tokens.refresh).send().await.error(), refused());
    let waiting = code(&world, &request).await;
    let swapped = Call::token(&world, "refresh_token").by("shop.trusted").with("refresh_token", &waiting);
    assert_eq!(swapped.send().await.error(), refused());
    Tokens::of(&request.redeem(&world, &waiting).send().await);
}

#[tokio::test]
async fn a_client_without_the_refresh_grant_gets_no_refresh_token() {
    let world = World::new();
    let tokens = Authorize::of("brief").set("scope", "openid offline_access").tokens(&world).await;
    assert_eq!(tokens.refresh, "");
}

#[tokio::test]
async fn a_token_has_one_audience() {
    let world = World::new();
    let asked =
        |resources: &[&str]| resources.iter().fold(Authorize::of("trusted"), |r, a| r.and("resource", a));
    for (authorized, named, outcome) in [
        (&[][..], &[][..], Ok(LOOPBACK)),
        (&[], &[LOOPBACK], Ok(LOOPBACK)),
        (&[], &[API], Err("invalid_target")),
        (&[API], &[], Ok(API)),
        (&[API], &[LOOPBACK], Ok(LOOPBACK)),
        (&[API], &[LEDGER], Err("invalid_target")),
        (&[API, LEDGER], &[LEDGER], Ok(LEDGER)),
        (&[API, LEDGER], &[], Err("invalid_target")),
        (&[API, LEDGER], &[API, LEDGER], Err("invalid_target")),
        (&[API], &["https://other.example"], Err("invalid_target")),
    ] {
        let request = asked(authorized);
        let waiting = code(&world, &request).await;
        let call = named.iter().fold(request.redeem(&world, &waiting), |call, a| call.with("resource", a));
        let reply = call.send().await;
        match outcome {
            Ok(audience) => {
                assert_eq!(Tokens::of(&reply).access_claims()["aud"], audience, "{authorized:?} {named:?}")
            }
            Err(error) => assert_eq!(reply.error(), (400, error.into()), "{authorized:?} {named:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_resource_does_not_spend_the_code() {
    let world = World::new();
    let request = Authorize::of("trusted").and("resource", API).and("resource", LEDGER);
    let waiting = code(&world, &request).await;
    assert_eq!(request.redeem(&world, &waiting).send().await.error(), (400, "invalid_target".into()));
    Tokens::of(&request.redeem(&world, &waiting).with("resource", API).send().await);
}

#[tokio::test]
async fn a_tightened_policy_shortens_the_very_next_token() {
    let world = World::new();
    let request = Authorize::of("trusted").set("scope", "openid email orders:read");
    let waiting = code(&world, &request).await;
    let mut policy =
        PolicySpec { allowed_scopes: Some(PatternSet::parse(["openid", "email"])), ..Default::default() };
    policy.token.access = Some(Seconds::minutes(1));
    policy.token.id = Some(Seconds::new(30));
    world.add_policy("trusted", policy);
    let tokens = Tokens::of(&request.redeem(&world, &waiting).send().await);
    assert_eq!((tokens.scope.as_str(), tokens.expires_in), ("openid email", 60));
    let id = tokens.id_claims();
    assert_eq!(id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(), 30);
}

#[tokio::test]
async fn a_person_who_is_gone_gets_no_tokens() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let waiting = code(&world, &request).await;
    world.remove_person("ada");
    assert_eq!(request.redeem(&world, &waiting).send().await.error(), refused());
}

#[tokio::test]
async fn a_grant_type_that_is_missing_or_unknown_or_not_the_clients_is_told_apart() {
    let world = World::new();
    for (call, error) in [
        (Call::post(&world, "/oauth2/token").by("shop.web").with("a", "b"), "invalid_request"),
        (Call::token(&world, "").by("shop.web"), "invalid_request"),
        (Call::token(&world, "password").by("shop.web"), "unsupported_grant_type"),
        (Call::token(&world, "implicit").by("shop.web"), "unsupported_grant_type"),
        (
            Call::token(&world, "urn:ietf:params:oauth:grant-type:token-exchange").by("shop.web"),
            "unsupported_grant_type",
        ),
        (Call::token(&world, "authorization_code").by("shop.job").with("code", "x"), "unauthorized_client"),
        (Call::token(&world, "client_credentials").by("shop.spa"), "unauthorized_client"),
        (
            Call::token(&world, "refresh_token").by("shop.job").with("refresh_token", "x"),
            "unauthorized_client",
        ),
    ] {
        assert_eq!(call.send().await.error(), (400, error.into()));
    }
}

#[tokio::test]
async fn a_code_and_its_tokens_survive_a_restart() {
    let world = World::new();
    let request = Authorize::of("trusted");
    let (waiting, tokens) = (code(&world, &request).await, request.tokens(&world).await);
    let world = world.restarted();
    Tokens::of(&request.redeem(&world, &waiting).send().await);
    assert!(tokens.live(&world).await);
    Tokens::of(&tokens.renew(&world, "shop.trusted").send().await);
}
