//! `private_key_jwt` (RFC 7523): what an assertion must say, and everything that it may not.

use crate::support::{Call, TENANT, World, assertion, assertion_claims, client_key, raw_jws};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::spec::ClientKeys;
use nauthera_server::keys::{SigningKey, TokenType};
use serde_json::{Value, json};

const ID: &str = "shop.jwt";

fn token<'a>(world: &'a World, assertion: &str) -> Call<'a> {
    Call::token(world, "client_credentials").asserting(assertion)
}

async fn taken(world: &World, assertion: &str) -> bool {
    let reply = token(world, assertion).send().await;
    if reply.status == 200 {
        return true;
    }
    assert_eq!(reply.error(), (401, "invalid_client".into()));
    false
}

async fn changed_is_taken(world: &World, changed: Value) -> bool {
    taken(world, &assertion(world, ID, &changed)).await
}

#[tokio::test]
async fn every_algorithm_that_is_listed_is_taken() {
    let world = World::new();
    for algorithm in SigningAlgorithm::ALL {
        let claims = assertion_claims(&world, ID, &json!({})).to_string();
        let assertion = client_key(*algorithm).sign(TokenType::Id, claims.as_bytes()).unwrap();
        assert!(taken(&world, &assertion).await, "{algorithm}");
    }
}

/// An assertion with this header, signed by the Ed25519 key of `shop.jwt`.
fn signed_by_ed25519(world: &World, header: &Value) -> String {
    let der = URL_SAFE_NO_PAD.decode(client_key(SigningAlgorithm::EdDsa).stored.pkcs8.as_bytes()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
    raw_jws(header, &assertion_claims(world, ID, &json!({})), |message| key.sign(message).as_ref().to_vec())
}

#[tokio::test]
async fn eddsa_goes_by_its_older_and_its_newer_name() {
    let world = World::new();
    let mut key = client_key(SigningAlgorithm::EdDsa).jwk.clone();
    for of_key in [json!("EdDSA"), json!("Ed25519"), Value::Null] {
        key["alg"] = of_key;
        key.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let set = json!({ "keys": [key] }).to_string();
        world.edit_client("jwt", |client| client.keys = Some(ClientKeys::Jwks(set.as_str().into())));
        for (alg, good) in
            [("EdDSA", true), ("Ed25519", true), ("ed25519", false), ("Ed448", false), ("ES256", false)]
        {
            let header = json!({ "alg": alg, "kid": key["kid"] });
            assert_eq!(taken(&world, &signed_by_ed25519(&world, &header)).await, good, "{header} {key}");
        }
    }
}

#[tokio::test]
async fn an_extension_that_must_be_understood_is_not() {
    let world = World::new();
    let kid = &client_key(SigningAlgorithm::EdDsa).stored.kid;
    for (header, good) in [
        (json!({ "alg": "EdDSA", "kid": kid }), true),
        (json!({ "alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": false }), false),
        (json!({ "alg": "EdDSA", "kid": kid, "crit": [] }), false),
    ] {
        assert_eq!(taken(&world, &signed_by_ed25519(&world, &header)).await, good, "{header}");
    }
}

#[tokio::test]
async fn the_audience_is_the_issuer_or_the_token_endpoint_as_one_string() {
    let world = World::at(TENANT);
    let token_endpoint = format!("{TENANT}/oauth2/token");
    for (aud, good) in [
        (json!(TENANT), true),
        (json!(token_endpoint), true),
        (json!([TENANT]), false),
        (json!([TENANT, "https://other.example"]), false),
        (json!(format!("{TENANT}/")), false),
        (json!(format!("{TENANT}/oauth2/par")), false),
        (json!(format!("{TENANT}/oauth2/revoke")), false),
        (json!("https://login.works.example"), false),
        (json!("https://other.example"), false),
        (json!(""), false),
        (Value::Null, false),
    ] {
        assert_eq!(changed_is_taken(&world, json!({ "aud": aud })).await, good, "{aud}");
    }
}

#[tokio::test]
async fn the_address_of_par_counts_at_par_alone() {
    let world = World::new();
    let par = json!({ "aud": "http://127.0.0.1:8080/oauth2/par" });
    for (endpoint, good) in [("/oauth2/par", true), ("/oauth2/introspect", false), ("/oauth2/revoke", false)]
    {
        let call = Call::post(&world, endpoint).asserting(&assertion(&world, ID, &par)).with("token", "x");
        assert_eq!(call.send().await.status != 401, good, "{endpoint}");
    }
    for aud in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/oauth2/token"] {
        let call =
            Call::post(&world, "/oauth2/par").asserting(&assertion(&world, ID, &json!({ "aud": aud })));
        assert_eq!(call.send().await.error(), (400, "invalid_request".into()), "{aud}");
    }
}

#[tokio::test]
async fn times_count_with_30_seconds_of_leeway() {
    let world = World::new();
    let now = world.app.now().0;
    for (changed, good) in [
        (json!({ "exp": now - 29 }), true),
        (json!({ "exp": now - 30 }), false),
        (json!({ "exp": now + 3_600 }), true),
        (json!({ "exp": now + 3_631 }), false),
        (json!({ "exp": i64::MAX }), false),
        (json!({ "exp": i64::MIN }), false),
        (json!({ "exp": null }), false),
        (json!({ "exp": "soon" }), false),
        (json!({ "nbf": now + 30 }), true),
        (json!({ "nbf": now + 31 }), false),
        (json!({ "iat": now + 31 }), false),
        (json!({ "iat": null }), true),
    ] {
        assert_eq!(changed_is_taken(&world, changed.clone()).await, good, "{changed}");
    }
}

#[tokio::test]
async fn issuer_subject_and_client_id_are_the_client() {
    let world = World::new();
    for changed in [
        json!({ "iss": "shop.web" }),
        json!({ "sub": "shop.web" }),
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "iss": "shop.post", "sub": "shop.post" }),
        json!({ "iss": "shop.nobody", "sub": "shop.nobody" }),
        json!({ "sub": 1 }),
    ] {
        assert!(!changed_is_taken(&world, changed.clone()).await, "{changed}");
    }
    let named = token(&world, &assertion(&world, ID, &json!({}))).with("client_id", ID).send().await;
    assert_eq!(named.status, 200);
    let other = token(&world, &assertion(&world, ID, &json!({}))).with("client_id", "shop.web").send().await;
    assert_eq!(other.error(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn a_jti_counts_once_and_must_be_there() {
    let world = World::new();
    let assertion = assertion(&world, ID, &json!({}));
    assert!(taken(&world, &assertion).await);
    assert!(!taken(&world, &assertion).await);
    world.clock.advance(80);
    world.app.sweep().await.unwrap();
    assert!(!taken(&world, &assertion).await, "as long as the assertion lives");
    for changed in
        [json!({ "jti": null }), json!({ "jti": "" }), json!({ "jti": "x".repeat(257) }), json!({ "jti": 7 })]
    {
        assert!(!changed_is_taken(&world, changed.clone()).await, "{changed}");
    }
}

#[tokio::test]
async fn one_assertion_in_many_requests_at_once_is_taken_once() {
    let world = World::new();
    let assertion = assertion(&world, ID, &json!({}));
    let all = futures::future::join_all((0..50).map(|_| taken(&world, &assertion))).await;
    assert_eq!(all.into_iter().filter(|taken| *taken).count(), 1);
}

#[tokio::test]
async fn an_assertion_spent_on_a_bad_request_is_spent() {
    let world = World::new();
    let assertion = assertion(&world, ID, &json!({}));
    let bad = Call::token(&world, "unknown").asserting(&assertion).send().await;
    assert_eq!(bad.error(), (400, "unsupported_grant_type".into()));
    assert!(!taken(&world, &assertion).await);
}

#[tokio::test]
async fn keys_that_the_manifest_does_not_name_sign_nothing() {
    let world = World::new();
    let claims = assertion_claims(&world, ID, &json!({})).to_string();
    let times = client_key(SigningAlgorithm::Es256).stored.times;
    let stranger = SigningKey::generate(times).unwrap();
    assert!(!taken(&world, &stranger.sign(TokenType::Id, claims.as_bytes()).unwrap()).await);
    let servers = world.app.keys.load().signing(world.app.now()).unwrap().clone();
    assert!(!taken(&world, &servers.sign(TokenType::Id, claims.as_bytes()).unwrap()).await);
}

#[tokio::test]
async fn what_the_header_says_of_keys_and_algorithms_is_not_believed() {
    let world = World::new();
    let claims = assertion_claims(&world, ID, &json!({}));
    let stranger = SigningKey::generate(client_key(SigningAlgorithm::Es256).stored.times).unwrap();
    let known = client_key(SigningAlgorithm::Es256);
    let rsa = client_key(SigningAlgorithm::Rs256);
    let nothing = |_: &[u8]| Vec::new();
    let keyed = |secret: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        move |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec()
    };
    for alg in ["none", "None", "NONE", "", "ES512", "HS256", "EdDSA", "RS256"] {
        for kid in [json!(known.stored.kid), Value::Null] {
            let header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
            assert!(!taken(&world, &raw_jws(&header, &claims, nothing)).await, "{header}");
        }
    }
    // The public key as the secret of a symmetric algorithm, in each way that it can be written.
    for secret in
        [rsa.jwk.to_string(), rsa.jwk["n"].as_str().unwrap().into(), known.jwk["x"].as_str().unwrap().into()]
    {
        for kid in [&rsa.stored.kid, &known.stored.kid] {
            let header = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
            assert!(!taken(&world, &raw_jws(&header, &claims, keyed(&secret))).await);
        }
    }
    let header = json!({ "alg": "ES256", "kid": known.stored.kid, "jwk": stranger.jwk, "jku": "https://evil.example" });
    assert!(!taken(&world, &raw_jws(&header, &claims, |_| vec![0; 64])).await);
}

#[tokio::test]
async fn a_key_serves_its_own_algorithm_alone() {
    let world = World::new();
    let rsa = client_key(SigningAlgorithm::Rs256);
    let header = json!({ "alg": "PS256", "typ": "JWT", "kid": rsa.stored.kid });
    let claims = assertion_claims(&world, ID, &json!({}));
    let signed = rsa.sign(TokenType::Id, claims.to_string().as_bytes()).unwrap();
    let signature = signed.rsplit_once('.').unwrap().1;
    let other = raw_jws(&header, &claims, |_| Vec::new());
    assert!(!taken(&world, &format!("{}.{signature}", other.trim_end_matches('.'))).await);
}

#[tokio::test]
async fn what_is_no_jwt_is_no_assertion() {
    let world = World::new();
    let good = assertion(&world, ID, &json!({}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    for bad in [
        "x".to_owned(),
        "...".to_owned(),
        format!("{message}."),
        format!("{message}.{}", &signature[1..]),
        format!("{good}.x"),
        format!("{good}="),
        good.replace('.', "_"),
        "a".repeat(9_000),
        format!("{good}{}", "A".repeat(8_192)),
        "\u{e4}.\u{f6}.\u{fc}".to_owned(),
    ] {
        assert!(!taken(&world, &bad).await, "{}", bad.chars().take(60).collect::<String>());
    }
}

#[tokio::test]
async fn the_type_of_the_assertion_must_be_named() {
    let world = World::new();
    let assertion = assertion(&world, ID, &json!({}));
    let token = || Call::token(&world, "client_credentials").with("client_assertion", &assertion);
    for call in [
        token(),
        token().with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
    ] {
        assert_eq!(call.send().await.error(), (400, "invalid_request".into()));
    }
    let typed = Call::token(&world, "client_credentials")
        .with("client_id", ID)
        .with("client_assertion_type", nauthera_core::oauth::client_auth::JWT_BEARER);
    assert!(typed.send().await.status.is_client_error());
    assert!(taken(&world, &assertion).await, "nothing of it was spent");
}

#[tokio::test]
async fn keys_at_a_private_address_are_not_fetched() {
    let world = World::new();
    for uri in [
        "https://127.0.0.1:9/keys",
        "https://[::1]:9/keys",
        "https://169.254.169.254/keys",
        "https://localhost:9/keys",
    ] {
        world.edit_client("jwt", |client| {
            client.keys = Some(nauthera_core::spec::ClientKeys::JwksUri(url::Url::parse(uri).unwrap()));
        });
        assert!(!changed_is_taken(&world, json!({})).await, "{uri}");
    }
}
