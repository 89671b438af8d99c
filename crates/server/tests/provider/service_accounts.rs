//! `kubernetes_service_account`: which projected tokens prove a client, of this cluster and of others, and everything that does not.

use crate::support::{Call, LOOPBACK, Mounted, TENANT, World, client_jwks, client_key, raw_jws};
use aws_lc_rs::hmac;
use nauthera_core::grant::{AuthMethod, SigningAlgorithm};
use nauthera_core::spec::{IssuerKeys, IssuerNamespaces, SecretKey, ServiceAccountIssuer};
use nauthera_server::keys::TokenType;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

const ID: &str = "shop.jwt";
const OWN: &str = "https://kubernetes.default.svc.cluster.local";
const OTHER: &str = "https://other.example";

fn own() -> ServiceAccountIssuer {
    ServiceAccountIssuer {
        issuer: OWN.into(),
        keys: IssuerKeys::Jwks(client_jwks()),
        ca: None,
        namespaces: IssuerNamespaces::All,
    }
}

fn other(namespaces: &[&str]) -> ServiceAccountIssuer {
    let listed = namespaces.iter().map(|name| (*name).into()).collect();
    ServiceAccountIssuer { issuer: OTHER.into(), namespaces: IssuerNamespaces::Listed(listed), ..own() }
}

/// A server in a cluster whose ServiceAccounts `app` and `worker` of namespace `shop` are the client.
fn in_cluster(world: World, others: &[ServiceAccountIssuer]) -> World {
    world.edit_client("jwt", |client| {
        client.keys = None;
        client.method = Some(AuthMethod::KubernetesServiceAccount);
        client.service_accounts = vec!["app".into(), "worker".into()];
    });
    world.edit_server(|server| server.service_account_issuers = others.to_vec());
    world.edit(|inventory| inventory.cluster = Some(own()));
    world
}

fn world() -> World {
    in_cluster(World::new(), &[])
}

/// The claims of a token as a kubelet gets it, changed as asked; what is changed to null is left out.
fn claims(world: &World, changed: &Value) -> Value {
    let now = world.app.now().0;
    let mut claims = json!({
        "aud": [world.issuer()],
        "exp": now + 3_607,
        "iat": now,
        "iss": OWN,
        "jti": "b3f9b0b9-1e4a-4a37-9d57-3a7a3f0f6c0e",
        "kubernetes.io": {
            "namespace": "shop",
            "pod": { "name": "app-7d4b9c", "uid": "0a1b" },
            "serviceaccount": { "name": "app", "uid": "2c3d" },
        },
        "nbf": now,
        "sub": "system:serviceaccount:shop:app",
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn token(world: &World, changed: &Value) -> String {
    let claims = claims(world, changed).to_string();
    client_key(SigningAlgorithm::Rs256).sign(TokenType::Id, claims.as_bytes()).unwrap()
}

async fn taken(world: &World, token: &str) -> bool {
    let call = Call::token(world, "client_credentials").with("client_id", ID).asserting(token);
    let reply = call.send().await;
    if reply.status != 200 {
        assert_eq!(reply.error(), (401, "invalid_client".into()));
    }
    reply.status == 200
}

async fn changed_is_taken(world: &World, changed: Value) -> bool {
    taken(world, &token(world, &changed)).await
}

#[tokio::test]
async fn a_projected_token_proves_the_client_until_it_expires() {
    let world = world();
    let token = token(&world, &json!({}));
    for _ in 0..3 {
        assert!(taken(&world, &token).await, "it may be sent again");
    }
    world.clock.advance(3_600);
    assert!(taken(&world, &token).await);
    world.clock.advance(60);
    assert!(!taken(&world, &token).await);
}

#[tokio::test]
async fn the_request_says_which_client_it_is() {
    let world = world();
    let token = token(&world, &json!({}));
    let without = Call::token(&world, "client_credentials").asserting(&token).send().await;
    assert_eq!(without.error(), (401, "invalid_client".into()));
    for id in ["shop.web", "shop.spa", "shop.nobody"] {
        let call = Call::token(&world, "client_credentials").with("client_id", id).asserting(&token);
        assert_eq!(call.send().await.error(), (401, "invalid_client".into()), "{id}");
    }
}

#[tokio::test]
async fn the_subject_is_one_of_the_clients_accounts() {
    let world = world();
    for (sub, good) in [
        (json!("system:serviceaccount:shop:app"), true),
        (json!("system:serviceaccount:shop:worker"), true),
        (json!("system:serviceaccount:shop:other"), false),
        (json!("system:serviceaccount:pay:app"), false),
        (json!("system:serviceaccount:shop:app:x"), false),
        (json!("shop.jwt"), false),
        (json!(""), false),
        (Value::Null, false),
        (json!(["system:serviceaccount:shop:app"]), false),
    ] {
        assert_eq!(changed_is_taken(&world, json!({ "sub": sub })).await, good, "{sub}");
    }
}

#[tokio::test]
async fn it_is_for_this_issuer_alone() {
    let world = in_cluster(World::at(TENANT), &[]);
    for (aud, good) in [
        (json!([TENANT]), true),
        (json!(TENANT), true),
        (json!([TENANT, OWN]), false),
        (json!([OWN]), false),
        (json!([LOOPBACK]), false),
        (json!([format!("{TENANT}/")]), false),
        (json!([format!("{TENANT}/oauth2/token")]), false),
        (json!([]), false),
        (json!({}), false),
        (Value::Null, false),
    ] {
        assert_eq!(changed_is_taken(&world, json!({ "aud": aud })).await, good, "{aud}");
    }
}

#[tokio::test]
async fn times_count_with_30_seconds_of_leeway() {
    let world = world();
    let now = world.app.now().0;
    for (changed, good) in [
        (json!({ "exp": now - 29 }), true),
        (json!({ "exp": now - 30 }), false),
        (json!({ "exp": now + 365 * 86_400 }), true),
        (json!({ "exp": null }), false),
        (json!({ "exp": "soon" }), false),
        (json!({ "nbf": now + 31 }), false),
        (json!({ "iat": now + 31 }), false),
        (json!({ "iat": null, "nbf": null, "jti": null, "kubernetes.io": null }), true),
    ] {
        assert_eq!(changed_is_taken(&world, changed.clone()).await, good, "{changed}");
    }
}

#[tokio::test]
async fn only_a_cluster_that_is_named_counts_with_its_own_keys() {
    let world = world();
    for iss in [OTHER, "kubernetes/serviceaccount", "", ID] {
        assert!(!changed_is_taken(&world, json!({ "iss": iss })).await, "{iss}");
    }
    world.edit(|inventory| {
        let keys = json!({ "keys": [client_key(SigningAlgorithm::Es256).jwk] }).to_string();
        inventory.cluster = Some(ServiceAccountIssuer { keys: IssuerKeys::Jwks(keys.into()), ..own() });
    });
    assert!(!changed_is_taken(&world, json!({})).await, "its key is not the cluster's any more");
    let claims = claims(&world, &json!({})).to_string();
    let rotated = client_key(SigningAlgorithm::Es256).sign(TokenType::Id, claims.as_bytes()).unwrap();
    assert!(taken(&world, &rotated).await);
    world.edit(|inventory| inventory.cluster = None);
    assert!(!taken(&world, &rotated).await, "where there is no cluster there are no ServiceAccounts");
}

#[tokio::test]
async fn what_nobody_has_signed_proves_nothing() {
    let world = world();
    let claims = claims(&world, &json!({}));
    let kid = &client_key(SigningAlgorithm::Rs256).stored.kid;
    let none = raw_jws(&json!({ "alg": "none", "kid": kid }), &claims, |_| Vec::new());
    assert!(!taken(&world, &none).await);
    let public = hmac::Key::new(hmac::HMAC_SHA256, client_jwks().as_bytes());
    let header = json!({ "alg": "HS256", "kid": kid });
    let confused = raw_jws(&header, &claims, |message| hmac::sign(&public, message).as_ref().to_vec());
    assert!(!taken(&world, &confused).await);
    let good = token(&world, &json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    assert!(!taken(&world, &format!("{signed}.")).await);
    let mut forged = signature.to_owned();
    forged.replace_range(10..11, if forged.get(10..11) == Some("A") { "B" } else { "A" });
    assert!(!taken(&world, &format!("{signed}.{forged}")).await);
    assert!(!taken(&world, &format!("{good}{}", "A".repeat(8_192))).await);
}

#[tokio::test]
async fn a_token_is_no_proof_for_a_client_of_another_method_and_a_key_none_for_this_one() {
    let world = world();
    world.edit_client("jwt", |client| {
        client.method = Some(AuthMethod::PrivateKeyJwt);
        client.keys = Some(nauthera_core::spec::ClientKeys::Jwks(client_jwks()));
        client.service_accounts = Vec::new();
    });
    assert!(!changed_is_taken(&world, json!({})).await);
    let world = self::world();
    assert!(!taken(&world, &crate::support::assertion(&world, ID, &json!({}))).await);
}

#[tokio::test]
async fn another_cluster_counts_for_the_namespaces_that_are_listed() {
    for (namespaces, good) in
        [(&["shop"][..], true), (&["pay", "shop"], true), (&["pay"], false), (&[], false)]
    {
        let world = in_cluster(World::new(), &[other(namespaces)]);
        assert_eq!(changed_is_taken(&world, json!({ "iss": OTHER })).await, good, "{namespaces:?}");
        assert!(changed_is_taken(&world, json!({})).await, "and this one for all");
    }
}

/// The API server of another cluster, as far as it serves its keys.
struct Cluster {
    issuer: String,
    asked: Arc<AtomicUsize>,
    ca: String,
}

impl Cluster {
    /// Serves a discovery document that says it is of `claims` (its own address where that is empty), and keys.
    fn start(claims: &'static str) -> Self {
        let mounted = Mounted::new();
        let (listener, ca) = (TcpListener::bind("127.0.0.1:0").unwrap(), mounted.read("tls.crt"));
        let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let config = mounted.server_config();
        let (asked, address) = (Arc::<AtomicUsize>::default(), issuer.clone());
        let counted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                counted.fetch_add(1, Ordering::SeqCst);
                let session = rustls::ServerConnection::new(config.clone()).unwrap();
                let claimed = if claims.is_empty() { &address } else { claims };
                // Who hangs up early has been answered.
                answer(rustls::StreamOwned::new(session, stream), claimed, &address).ok();
            }
        });
        Self { issuer, asked, ca }
    }

    fn trusted(&self, keys: IssuerKeys) -> ServiceAccountIssuer {
        let ca = SecretKey { name: "other-ca".into(), key: "ca.crt".into() };
        ServiceAccountIssuer { issuer: self.issuer.as_str().into(), keys, ca: Some(ca), ..other(&["shop"]) }
    }
}

fn answer(stream: impl std::io::Read + Write, issuer: &str, address: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let body = match lines.first().and_then(|line| line.split(' ').nth(1)) {
        Some("/.well-known/openid-configuration") => {
            json!({ "issuer": issuer, "jwks_uri": format!("{address}/openid/v1/jwks") }).to_string()
        }
        Some("/openid/v1/jwks") => client_jwks().to_string(),
        _ => "{}".to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
    stream.get_mut().flush()
}

#[tokio::test]
async fn keys_of_another_cluster_are_fetched_by_its_own_ca_and_kept() {
    let cluster = Cluster::start("");
    let jwks = Url::parse(&format!("{}/openid/v1/jwks", cluster.issuer)).unwrap();
    for (keys, fetches) in [(IssuerKeys::JwksUri(jwks), 1), (IssuerKeys::Discovery, 2)] {
        let world = in_cluster(World::new(), &[cluster.trusted(keys)]);
        world.mount("other-ca", "ca.crt", &cluster.ca);
        let before = cluster.asked.load(Ordering::SeqCst);
        for _ in 0..3 {
            assert!(changed_is_taken(&world, json!({ "iss": cluster.issuer })).await);
        }
        assert_eq!(cluster.asked.load(Ordering::SeqCst) - before, fetches);
    }
}

#[tokio::test]
async fn a_cluster_that_its_ca_does_not_prove_is_not_believed() {
    let cluster = Cluster::start("");
    let world = in_cluster(World::new(), &[cluster.trusted(IssuerKeys::Discovery)]);
    let token = token(&world, &json!({ "iss": cluster.issuer }));
    assert!(!taken(&world, &token).await, "no CA is mounted");
    world.mount("other-ca", "ca.crt", &Mounted::new().read("tls.crt"));
    world.clock.advance(15);
    assert!(!taken(&world, &token).await, "another CA is mounted");
    world.mount("other-ca", "ca.crt", "no certificate");
    world.clock.advance(15);
    assert!(!taken(&world, &token).await);
    world.mount("other-ca", "ca.crt", &cluster.ca);
    world.clock.advance(15);
    assert!(taken(&world, &token).await, "its own is mounted at last");
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_not_believed() {
    let cluster = Cluster::start(OTHER);
    let world = in_cluster(World::new(), &[cluster.trusted(IssuerKeys::Discovery)]);
    world.mount("other-ca", "ca.crt", &cluster.ca);
    assert!(!changed_is_taken(&world, json!({ "iss": cluster.issuer })).await);
}
