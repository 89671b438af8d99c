//! Signing keys: every algorithm verified by another library, rotation by the clock, and what survives a restart.

use crate::support::{Authorize, Call, Setup, Tokens, World, claims_of, header_of, verified};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::Seconds;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

fn world(algorithm: SigningAlgorithm) -> World {
    let signing = SigningSettings { algorithm, ..SigningSettings::default() };
    World::build(Setup { signing, ..Setup::default() })
}

async fn jwks(world: &World) -> Value {
    Call::get(world, "/oauth2/jwks").send().await.ok()
}

async fn kids(world: &World) -> Vec<String> {
    let jwks = jwks(world).await;
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The `kid` of the key that signs now, and a token by it.
async fn signed(world: &World) -> (String, String) {
    let token = Tokens::of(&Call::token(world, "client_credentials").by("shop.job").send().await).access;
    (header_of(&token)["kid"].as_str().unwrap().to_owned(), token)
}

#[tokio::test]
async fn every_algorithm_signs_what_another_library_verifies() {
    for algorithm in SigningAlgorithm::ALL {
        let world = world(*algorithm);
        let tokens = Authorize::of("trusted").tokens(&world).await;
        let jwks = jwks(&world).await;
        for token in [&tokens.access, &tokens.id] {
            assert_eq!(header_of(token)["alg"], algorithm.as_str());
            assert_eq!(verified(token, &jwks), claims_of(token), "{algorithm}");
        }
        assert!(tokens.live(&world).await, "{algorithm}");
        let document = Call::get(&world, "/.well-known/openid-configuration").send().await.ok();
        assert_eq!(
            document["id_token_signing_alg_values_supported"],
            serde_json::json!([algorithm.as_str()])
        );
    }
}

#[tokio::test]
async fn at_hash_is_made_with_the_hash_of_the_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let tokens = Authorize::of("trusted").tokens(&world(*algorithm)).await;
        let expected = match algorithm {
            SigningAlgorithm::EdDsa => URL_SAFE_NO_PAD.encode(&Sha512::digest(&tokens.access)[..32]),
            _ => URL_SAFE_NO_PAD.encode(&Sha256::digest(&tokens.access)[..16]),
        };
        assert_eq!(tokens.id_claims()["at_hash"], expected, "{algorithm}");
    }
}

#[tokio::test]
async fn a_kid_is_the_thumbprint_of_its_key() {
    for algorithm in SigningAlgorithm::ALL {
        let jwk = jwks(&world(*algorithm)).await["keys"][0].clone();
        let text = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
        // RFC 7638 section 3.2: the required members in lexicographic order.
        let canonical = match text("kty").as_str() {
            "RSA" => format!("{{\"e\":\"{}\",\"kty\":\"RSA\",\"n\":\"{}\"}}", text("e"), text("n")),
            "EC" => format!(
                "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{}\",\"y\":\"{}\"}}",
                text("x"),
                text("y")
            ),
            "OKP" => format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{}\"}}", text("x")),
            other => panic!("{other}"),
        };
        assert_eq!(text("kid"), URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)), "{algorithm}");
        assert_eq!((text("alg"), text("use")), (algorithm.as_str().to_owned(), "sig".to_owned()));
    }
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_old_one_after() {
    let world = World::new();
    let (first, token) = signed(&world).await;
    world.clock.pass(Seconds::days(29));
    world.clock.advance(-1);
    assert!(world.app.maintain_keys().unwrap().made.is_empty());
    world.clock.advance(1);
    let made = world.app.maintain_keys().unwrap().made;
    assert_eq!(kids(&world).await, [first.clone(), made[0].clone()]);
    assert_eq!(signed(&world).await.0, first, "published a day before its first use");
    world.clock.pass(Seconds::hours(24));
    world.clock.advance(-1);
    assert_eq!(signed(&world).await.0, first);
    world.clock.advance(1);
    assert_eq!(signed(&world).await.0, made[0], "to the second, whether or not anyone looked at the keys");
    assert_eq!(world.app.maintain_keys().unwrap().retired, std::slice::from_ref(&first));
    assert_eq!(kids(&world).await.len(), 2);
    assert_eq!(verified(&token, &jwks(&world).await)["client_id"], "shop.job");
}

#[tokio::test]
async fn the_old_key_stays_until_its_longest_token_and_the_longest_session_have_ended() {
    let world = World::new();
    let (first, _) = signed(&world).await;
    world.clock.pass(Seconds::days(29));
    world.app.maintain_keys().unwrap();
    world.clock.pass(Seconds::days(1));
    world.clock.advance(-10);
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    assert_eq!(header_of(&tokens.id)["kid"], first);
    world.clock.advance(10);
    world.app.maintain_keys().unwrap();
    assert!(tokens.live(&world).await, "what the old key signed is still ours");
    world.clock.pass(Seconds::minutes(50));
    world.app.maintain_keys().unwrap();
    let before = browser.clone();
    let bye = browser.open(&format!("/oauth2/logout?id_token_hint={}", tokens.id)).await;
    assert!(
        bye.status == 200 && before.clone().open("/account").await.is_login(),
        "hints signed by it count: {bye}"
    );
    // Fifteen minutes of the longest token and twelve hours of the longest session.
    world.clock.pass(Seconds::minutes(12 * 60 + 15 - 50));
    world.clock.advance(-1);
    assert!(world.app.maintain_keys().unwrap().removed.is_empty());
    assert_eq!(kids(&world).await[0], first);
    world.clock.advance(1);
    assert_eq!(world.app.maintain_keys().unwrap().removed, [first]);
    assert_eq!(kids(&world).await.len(), 1);
}

#[tokio::test]
async fn a_key_signs_as_long_as_the_manifest_says() {
    let signing = SigningSettings {
        algorithm: SigningAlgorithm::Es256,
        rotation_interval: Seconds::hours(2),
        pre_publish: Seconds::minutes(30),
    };
    let world = World::build(Setup { signing, ..Setup::default() });
    let mut seen = vec![signed(&world).await.0];
    for _ in 0..12 {
        for _ in 0..4 {
            world.clock.pass(Seconds::minutes(30));
            world.app.maintain_keys().unwrap();
        }
        let (kid, token) = signed(&world).await;
        verified(&token, &jwks(&world).await);
        assert!(!seen.contains(&kid));
        seen.push(kid);
    }
    assert!(kids(&world).await.len() <= 10, "old keys go");
}

#[tokio::test]
async fn another_algorithm_is_announced_before_it_signs() {
    let world = World::new();
    let (first, token) = signed(&world).await;
    world.edit_server(|server| server.signing.algorithm = SigningAlgorithm::EdDsa);
    assert_eq!((kids(&world).await.len(), signed(&world).await.0), (2, first));
    let document = Call::get(&world, "/.well-known/openid-configuration").send().await.ok();
    assert_eq!(document["id_token_signing_alg_values_supported"], serde_json::json!(["ES256", "EdDSA"]));
    world.clock.pass(Seconds::hours(24));
    world.app.maintain_keys().unwrap();
    let (_, new) = signed(&world).await;
    assert_eq!(header_of(&new)["alg"], "EdDSA");
    for token in [&token, &new] {
        verified(token, &jwks(&world).await);
    }
}

#[tokio::test]
async fn keys_survive_a_restart_and_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.clock.pass(Seconds::days(29));
    world.app.maintain_keys().unwrap();
    let (before, tokens) = (kids(&world).await, Authorize::of("trusted").tokens(&world).await);
    let file = world.database().with_file_name("signing-keys.json");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let world = world.restarted();
    assert_eq!(kids(&world).await, before);
    assert!(tokens.live(&world).await);
}

#[tokio::test]
async fn a_restart_at_the_hour_of_a_rotation_loses_nothing() {
    let world = World::new();
    let (first, token) = signed(&world).await;
    world.clock.pass(Seconds::days(29));
    let world = world.restarted();
    assert_eq!(kids(&world).await.len(), 2);
    world.clock.pass(Seconds::days(1));
    let world = world.restarted();
    assert_ne!(signed(&world).await.0, first);
    verified(&token, &jwks(&world).await);
}

#[tokio::test]
async fn a_longer_token_keeps_its_key_longer() {
    let world = World::new();
    world.edit(|inventory| {
        let policy = inventory.policies.get_mut(&crate::support::object("platform/base")).unwrap();
        let mut spec = (**policy.spec.as_ref().unwrap()).clone();
        spec.token.access = Some(Seconds::hours(24));
        *policy = nauthera_core::inventory::Object::new(spec);
    });
    let (first, _) = signed(&world).await;
    world.clock.pass(Seconds::days(29));
    world.app.maintain_keys().unwrap();
    world.clock.pass(Seconds::days(1));
    let (_, token) = signed(&world).await;
    assert_ne!(header_of(&token)["kid"], first);
    world.app.maintain_keys().unwrap();
    world.clock.pass(Seconds::hours(36));
    world.clock.advance(-1);
    assert!(world.app.maintain_keys().unwrap().removed.is_empty());
    world.clock.advance(1);
    assert_eq!(world.app.maintain_keys().unwrap().removed, [first]);
}

#[tokio::test]
async fn a_token_with_a_kid_that_is_gone_is_not_ours_any_more() {
    let world = World::new();
    let tokens = Authorize::of("trusted").tokens(&world).await;
    std::fs::remove_file(world.database().with_file_name("signing-keys.json")).unwrap();
    let world = world.restarted();
    assert!(!tokens.live(&world).await);
    let hinted = Authorize::of("trusted").and("id_token_hint", &tokens.id);
    assert_eq!(world.browser().get(&hinted.path(&world)).await.sent_error(), "invalid_request");
    Tokens::of(&tokens.renew(&world, "shop.trusted").send().await);
}

#[tokio::test]
async fn a_key_that_cannot_be_kept_is_neither_published_nor_used() {
    let world = World::new();
    let before = kids(&world).await;
    // Where the new file would be written there is a folder.
    let blocked = world.database().with_file_name("signing-keys.json.new");
    std::fs::create_dir(&blocked).unwrap();
    world.clock.pass(Seconds::days(29));
    assert!(world.app.maintain_keys().is_err());
    assert_eq!(kids(&world).await, before);
    world.clock.pass(Seconds::days(2));
    assert_eq!(signed(&world).await.0, before[0], "the old key goes on");
    std::fs::remove_dir(&blocked).unwrap();
    assert_eq!(world.app.maintain_keys().unwrap().made.len(), 1);
    assert_eq!(signed(&world).await.0, before[0], "a late key is published ahead too");
}

#[tokio::test]
async fn a_key_file_that_does_not_read_stops_the_start() {
    use nauthera_server::keys::{FileKeys, KeyRing};
    let folder = tempfile::tempdir().unwrap();
    for bad in ["", "{", "{\"keys\":[{}]}", "{\"keys\":[],\"more\":1}"] {
        std::fs::write(folder.path().join("signing-keys.json"), bad).unwrap();
        assert!(KeyRing::open(Box::new(FileKeys::in_folder(folder.path()))).is_err(), "{bad}");
    }
}
