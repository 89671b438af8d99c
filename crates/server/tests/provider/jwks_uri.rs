//! Keys of clients: sets with keys that nobody knows, and addresses from which keys are fetched.

use crate::support::{Call, Setup, World, assertion, assertion_claims, client_key};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::spec::ClientKeys;
use nauthera_server::keys::TokenType;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

const ID: &str = "shop.jwt";

async fn taken(world: &World, assertion: &str) -> bool {
    let reply = Call::token(world, "client_credentials").asserting(assertion).send().await;
    if reply.status != 200 {
        assert_eq!(reply.error(), (401, "invalid_client".into()));
    }
    reply.status == 200
}

fn with_keys(keys: &[Value]) -> World {
    let world = World::new();
    let set = json!({ "keys": keys }).to_string();
    world.edit_client("jwt", |client| client.keys = Some(ClientKeys::Jwks(set.into())));
    world
}

fn signed(world: &World, algorithm: SigningAlgorithm) -> String {
    let claims = assertion_claims(world, ID, &json!({}));
    client_key(algorithm).sign(TokenType::Id, claims.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn keys_of_kinds_that_are_not_known_stand_in_nobodys_way() {
    let known = client_key(SigningAlgorithm::Es256).jwk.clone();
    for other in [
        json!({"kty": "OKP", "crv": "X25519", "x": "AAAA", "kid": "x", "use": "enc"}),
        json!({"kty": "OKP", "crv": "Ed448", "x": "AAAA", "kid": "x"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA", "kid": "x"}),
        json!({"kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA", "alg": "ES512", "kid": "x"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "x"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RSA-OAEP-256", "use": "enc", "kid": "x"}),
        json!({"kty": "RSA", "n": "%%%", "e": "AQAB", "kid": "x"}),
        json!({"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "x"}),
        json!({"kid": "nothing else"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": 7}),
        json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "x", "x5c": "no list"}),
    ] {
        for keys in [[other.clone(), known.clone()], [known.clone(), other.clone()]] {
            let world = with_keys(&keys);
            assert!(taken(&world, &signed(&world, SigningAlgorithm::Es256)).await, "{other}");
        }
    }
}

#[tokio::test]
async fn a_key_id_that_an_assertion_names_must_be_in_the_set() {
    let mut key = client_key(SigningAlgorithm::Es256).jwk.clone();
    key.as_object_mut().unwrap().remove("kid");
    let world = with_keys(&[key]);
    assert!(!taken(&world, &signed(&world, SigningAlgorithm::Es256)).await);
}

#[tokio::test]
async fn an_assertion_without_a_key_id_is_tried_with_each_key_that_fits() {
    let der = |algorithm| URL_SAFE_NO_PAD.decode(client_key(algorithm).stored.pkcs8.as_bytes()).unwrap();
    for (algorithm, header, key) in [
        (SigningAlgorithm::Es256, Algorithm::ES256, EncodingKey::from_ec_der(&der(SigningAlgorithm::Es256))),
        (SigningAlgorithm::EdDsa, Algorithm::EdDSA, EncodingKey::from_ed_der(&der(SigningAlgorithm::EdDsa))),
    ] {
        let world = World::new();
        let sign = |key: &EncodingKey| {
            jsonwebtoken::encode(&Header::new(header), &assertion_claims(&world, ID, &json!({})), key)
                .unwrap()
        };
        assert!(taken(&world, &sign(&key)).await, "{algorithm}");
        let mut bare = client_key(algorithm).jwk.clone();
        for member in ["kid", "alg", "use"] {
            bare.as_object_mut().unwrap().remove(member);
        }
        let set = json!({ "keys": [client_key(SigningAlgorithm::Rs256).jwk, bare] }).to_string();
        world.edit_client("jwt", |client| client.keys = Some(ClientKeys::Jwks(set.into())));
        assert!(taken(&world, &sign(&key)).await, "{algorithm}, with a key that says nothing of itself");
    }
}

#[tokio::test]
async fn a_key_for_encryption_verifies_no_signature() {
    let mut key = client_key(SigningAlgorithm::Es256).jwk.clone();
    key["use"] = "enc".into();
    let world = with_keys(&[key]);
    assert!(!taken(&world, &signed(&world, SigningAlgorithm::Es256)).await);
}

#[tokio::test]
async fn a_key_whose_operations_do_not_name_it_verifies_no_signature() {
    let mut key = client_key(SigningAlgorithm::Es256).jwk.clone();
    for (operations, verifies) in [(json!(["sign"]), false), (json!(["sign", "verify"]), true)] {
        key["key_ops"] = operations;
        let world = with_keys(&[key.clone()]);
        assert_eq!(taken(&world, &signed(&world, SigningAlgorithm::Es256)).await, verifies);
    }
}

#[tokio::test]
async fn an_empty_set_authenticates_nobody() {
    let world = with_keys(&[]);
    assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
}

/// A server that takes connections and says nothing of use, or nothing at all.
struct Mute {
    url: Url,
    connections: Arc<AtomicUsize>,
}

impl Mute {
    fn start(keep_open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("https://{}/keys", listener.local_addr().unwrap())).unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let counted = connections.clone();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                if keep_open {
                    open.push(stream);
                }
            }
        });
        Self { url, connections }
    }

    fn world(&self) -> World {
        let world = World::build(Setup { allow_private_fetch: true, ..Setup::default() });
        world.edit_client("jwt", |client| client.keys = Some(ClientKeys::JwksUri(self.url.clone())));
        world
    }

    fn asked(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_address_that_fails_is_asked_again_after_a_while_and_not_before() {
    let server = Mute::start(false);
    let world = server.world();
    assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
    let once = server.asked();
    assert!(once >= 1);
    for _ in 0..20 {
        assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
    }
    assert_eq!(server.asked(), once);
    world.clock.advance(15);
    assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
    assert_eq!(server.asked(), 2 * once);
}

#[tokio::test]
async fn many_requests_at_once_make_one_fetch() {
    let server = Mute::start(false);
    let world = server.world();
    let assertions: Vec<String> = (0..50).map(|_| assertion(&world, ID, &json!({}))).collect();
    let all = futures::future::join_all(assertions.iter().map(|assertion| taken(&world, assertion))).await;
    assert!(all.iter().all(|taken| !taken));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_stranger_cannot_make_the_server_fetch_without_naming_the_client() {
    let server = Mute::start(false);
    let world = server.world();
    for id in ["shop.web", "shop.nobody", "shop.spa"] {
        assert!(!taken(&world, &assertion(&world, id, &json!({}))).await);
    }
    assert!(!taken(&world, "x.y.z").await);
    assert_eq!(server.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_never_answers_holds_a_request_for_seconds_at_most() {
    let server = Mute::start(true);
    let world = server.world();
    let before = tokio::time::Instant::now();
    assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
    assert!(before.elapsed() <= std::time::Duration::from_secs(6));
}

#[tokio::test]
async fn plain_http_is_never_fetched() {
    let server = Mute::start(false);
    let world = World::build(Setup { allow_private_fetch: true, ..Setup::default() });
    let url = Url::parse(&server.url.as_str().replace("https", "http")).unwrap();
    world.edit_client("jwt", |client| client.keys = Some(ClientKeys::JwksUri(url)));
    assert!(!taken(&world, &assertion(&world, ID, &json!({}))).await);
    assert_eq!(server.asked(), 0);
}
