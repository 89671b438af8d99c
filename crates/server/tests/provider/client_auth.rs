//! How clients prove who they are, and that a failure tells nothing.

use crate::support::{Authorize, Call, Reply, World, secret_of};
use base64::{Engine, engine::general_purpose::STANDARD};
use nauthera_core::snapshot::SecretDigest;
use nauthera_server::secrets::Secrets;

/// Every endpoint at which clients authenticate.
const ENDPOINTS: &[&str] =
    &["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/par", "/oauth2/device_authorization"];

fn token(world: &World) -> Call<'_> {
    Call::token(world, "client_credentials")
}

fn told(reply: &Reply) -> String {
    reply.json()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_method_authenticates_its_own_client() {
    let world = World::new();
    for client in ["shop.job", "shop.web", "shop.post", "shop.jwt"] {
        assert_eq!(token(&world).by(client).send().await.status, 200, "{client}");
    }
    let tokens = Authorize::of("spa").tokens(&world).await;
    assert_eq!(tokens.renew(&world, "shop.spa").send().await.status, 200);
}

#[tokio::test]
async fn unknown_clients_wrong_secrets_and_other_methods_get_one_and_the_same_answer() {
    let world = World::new();
    let secret = secret_of("shop.job");
    let good = secret_of("shop.post");
    let mut told_once: Option<String> = None;
    for call in [
        token(&world).basic("shop.nobody", &secret),
        token(&world).basic("shop.job", "wrong"),
        token(&world).basic("shop.job", ""),
        token(&world).basic("shop.job", &secret_of("shop.web")),
        token(&world).basic("shop.job", &format!("{secret} ")),
        token(&world).basic("shop.job", &secret.to_uppercase()),
        token(&world).basic("SHOP.JOB", &secret),
        token(&world).basic("shop.post", &good),
        token(&world).basic("shop.jwt", &secret_of("shop.jwt")),
        token(&world).basic("shop.spa", &secret_of("shop.spa")),
        token(&world).secret_in_form("shop.job", &secret),
        token(&world).secret_in_form("shop.post", "wrong"),
        token(&world).secret_in_form("shop.nobody", &good),
        token(&world).secret_in_form("shop.spa", &secret_of("shop.spa")),
        token(&world).with("client_id", "shop.job"),
        token(&world).with("client_id", "shop.nobody"),
        token(&world).with("client_id", "shop.jwt"),
        token(&world).asserting("no assertion"),
        token(&world).with("client_id", "shop.job").asserting("a.b.c"),
    ] {
        let reply = call.send().await;
        assert_eq!(reply.error(), (401, "invalid_client".into()));
        assert_eq!(reply.header("www-authenticate"), "Basic realm=\"nauthera\"");
        assert_eq!(&told(&reply), told_once.get_or_insert_with(|| told(&reply)));
    }
}

#[tokio::test]
async fn it_is_so_at_every_endpoint() {
    let world = World::new();
    for endpoint in ENDPOINTS {
        let call =
            || Call::post(&world, endpoint).with("token", "x").with("grant_type", "client_credentials");
        for wrong in [
            call(),
            call().basic("shop.nobody", "x"),
            call().basic("shop.web", "x"),
            call().secret_in_form("shop.post", "x"),
            call().with("client_id", "shop.web"),
        ] {
            assert_eq!(wrong.send().await.error(), (401, "invalid_client".into()), "{endpoint}");
        }
        let twice = call().by("shop.web").secret_in_form("shop.web", &secret_of("shop.web"));
        assert_eq!(twice.send().await.error(), (400, "invalid_request".into()), "{endpoint}");
    }
}

#[tokio::test]
async fn more_than_one_method_at_once_is_refused_even_where_each_is_right() {
    let world = World::new();
    let secret = secret_of("shop.post");
    for call in [
        token(&world).by("shop.job").secret_in_form("shop.job", &secret_of("shop.job")),
        token(&world).by("shop.job").asserting("x"),
        token(&world).by("shop.job").with("client_assertion_type", "x"),
        token(&world).by("shop.jwt").with("client_secret", &secret),
        token(&world).by("shop.jwt").basic("shop.job", &secret_of("shop.job")),
        token(&world).by("shop.job").with("client_id", "shop.web"),
    ] {
        assert_eq!(call.send().await.error(), (400, "invalid_request".into()));
    }
    let same = token(&world).by("shop.job").with("client_id", "shop.job");
    assert_eq!(same.send().await.status, 200, "the same id again is no second method");
}

#[tokio::test]
async fn malformed_basic_headers_are_invalid_client() {
    let world = World::new();
    let encoded = |user: &[u8]| format!("Basic {}", STANDARD.encode(user));
    for header in [
        String::new(),
        "Basic".into(),
        "Basic ".into(),
        "Basic !!!!".into(),
        "Basic c2hvcC5qb2I".into(),
        "Bearer x".into(),
        "Digest username=\"shop.job\"".into(),
        encoded(b"nocolon"),
        encoded(b":"),
        encoded(b"shop.job:%"),
        encoded(b"shop.job:%ff"),
        encoded(b"shop.job:\xff"),
        encoded(&vec![b'x'; 50_000]),
    ] {
        let shown: String = header.chars().take(40).collect();
        let reply = token(&world).header("authorization", header).send().await;
        assert_eq!(reply.error(), (401, "invalid_client".into()), "{shown}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let world = World::new();
    let twice = token(&world).by("shop.job").basic("shop.job", "wrong").send().await;
    assert!(twice.status.is_client_error(), "{twice}");
    let twice = token(&world).basic("shop.job", "wrong").by("shop.job").send().await;
    assert!(twice.status.is_client_error(), "{twice}");
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let world = World::new();
    let user = form_urlencoded::byte_serialize(secret_of("shop.job").as_bytes()).collect::<String>();
    let header = format!("bAsIc {}", STANDARD.encode(format!("shop.job:{user}")));
    assert_eq!(token(&world).header("authorization", header).send().await.status, 200);
}

#[tokio::test]
async fn a_secret_counts_from_its_first_second_to_its_last() {
    let world = World::new();
    let now = world.app.now();
    world.edit(|inventory| {
        let record = inventory.credentials.get_mut(&crate::support::shop_client("shop.job")).unwrap();
        let digest = |text: &str| Secrets::new(&[7; 32]).unwrap().client_secret(text);
        record.secrets = vec![
            SecretDigest {
                digest: digest("old"),
                not_before: now.minus(minutes(5)),
                not_after: Some(now.plus(minutes(1))),
            },
            SecretDigest { digest: digest("new"), not_before: now.plus(minutes(1)), not_after: None },
        ];
    });
    let counts = async |secret: &str| token(&world).basic("shop.job", secret).send().await.status == 200;
    assert_eq!((counts("old").await, counts("new").await), (true, false));
    world.clock.advance(59);
    assert_eq!((counts("old").await, counts("new").await), (true, false));
    world.clock.advance(1);
    assert_eq!((counts("old").await, counts("new").await), (false, true));
}

const fn minutes(minutes: u32) -> nauthera_core::time::Seconds {
    nauthera_core::time::Seconds::minutes(minutes)
}

#[tokio::test]
async fn a_client_taken_from_the_folder_is_unknown_with_the_next_request() {
    let world = World::new();
    assert_eq!(token(&world).by("shop.job").send().await.status, 200);
    let call = token(&world).by("shop.job");
    world.edit(|inventory| drop(inventory.clients.remove(&crate::support::shop_client("shop.job"))));
    assert_eq!(call.send().await.error(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn public_clients_never_introspect() {
    let world = World::new();
    let tokens = Authorize::of("spa").tokens(&world).await;
    let reply =
        Call::post(&world, "/oauth2/introspect").by("shop.spa").with("token", &tokens.access).send().await;
    assert_eq!(reply.error(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn credentials_in_the_address_are_not_looked_at() {
    let world = World::new();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "shop.post")
        .append_pair("client_secret", &secret_of("shop.post"))
        .finish();
    let reply = Call::post(&world, &format!("/oauth2/token?{query}"))
        .with("grant_type", "client_credentials")
        .send()
        .await;
    assert_eq!(reply.error(), (401, "invalid_client".into()));
}
