//! Pushed authorization requests (RFC 9126).

use crate::support::{ADA, Authorize, Call, Reply, Tokens, World};
use nauthera_core::time::Seconds;

fn push<'a>(world: &'a World, request: &Authorize) -> Call<'a> {
    let id = request.get("client_id").to_owned();
    let mut call = Call::post(world, "/oauth2/par").by(&id);
    let known: Vec<String> = call.form.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in request.parameters.iter().filter(|(name, _)| !known.contains(name)) {
        call = call.with(name, value);
    }
    call
}

/// Pushes a request; the request that a browser then brings.
async fn pushed(world: &World, request: &Authorize) -> Authorize {
    let reply = push(world, request).send().await;
    assert_eq!(reply.status, 201, "{reply}");
    let body = reply.json();
    assert_eq!(body["expires_in"], 60);
    let uri = body["request_uri"].as_str().unwrap();
    let brought = Authorize { parameters: Vec::new() };
    brought.and("client_id", request.get("client_id")).and("request_uri", uri)
}

async fn opened(world: &World, request: &Authorize) -> Reply {
    world.browser().open(&request.path(world)).await
}

#[tokio::test]
async fn a_pushed_request_flows_for_every_kind_of_client() {
    let world = World::new();
    for client in ["web", "post", "jwt", "spa", "native", "pushed"] {
        let request = Authorize::of(client);
        let brought = pushed(&world, &request).await;
        let answer = world.browser().authorize(&brought).await;
        assert_eq!(answer.response()["state"], "the state", "{client}");
        Tokens::of(&request.redeem(&world, &answer.code()).send().await);
    }
}

#[tokio::test]
async fn it_replaces_all_that_the_browser_brings_beside_it() {
    let world = World::new();
    let brought = pushed(&world, &Authorize::of("trusted")).await;
    let mixed = brought
        .and("redirect_uri", "https://evil.example/")
        .and("scope", "unknown")
        .and("state", "another")
        .and("response_type", "token")
        .and("request", "x");
    let answer = world.browser().authorize(&mixed).await;
    assert!(answer.location().starts_with("https://trusted.shop.example/cb?code="), "{answer}");
    assert_eq!(answer.response()["state"], "the state");
}

#[tokio::test]
async fn it_is_to_be_opened_within_60_seconds() {
    let world = World::new();
    let (early, late) =
        (pushed(&world, &Authorize::of("web")).await, pushed(&world, &Authorize::of("web")).await);
    world.clock.advance(59);
    assert!(opened(&world, &early).await.is_login());
    world.clock.advance(1);
    assert_eq!(opened(&world, &late).await.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_login_that_began_in_time_may_end_later() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("web")).await;
    let mut browser = world.browser();
    let login = browser.open(&request.path(&world)).await;
    world.clock.pass(Seconds::minutes(59));
    assert_eq!(world.app.sweep().await.unwrap(), 0, "it is kept for those who began");
    let consent = browser.log_in(&login, ADA).await;
    browser.decide(&consent, "allow").await.code();
}

#[tokio::test]
async fn it_may_be_loaded_again_and_is_spent_by_its_answer() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("trusted")).await;
    assert!(opened(&world, &request).await.is_login());
    assert!(opened(&world, &request).await.is_login());
    let mut browser = world.browser();
    browser.authorize(&request).await.code();
    assert_eq!(opened(&world, &request).await.page_error(), (400, "invalid_request".into()));
    assert_eq!(browser.open(&request.path(&world)).await.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_no_is_an_answer_too() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("web")).await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let (login, other) = (one.open(&request.path(&world)).await, two.open(&request.path(&world)).await);
    let consent = one.log_in(&login, ADA).await;
    let again = two.log_in(&other, ADA).await;
    assert_eq!(one.decide(&consent, "deny").await.sent_error(), "access_denied");
    for decision in ["allow", "deny"] {
        assert_eq!(two.decide(&again, decision).await.page_error(), (400, "invalid_request".into()));
    }
    assert_eq!(opened(&world, &request).await.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn of_two_pages_that_are_open_one_gets_the_answer() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("trusted")).await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let pages = (one.open(&request.path(&world)).await, two.open(&request.path(&world)).await);
    one.log_in(&pages.0, ADA).await.code();
    assert_eq!(two.log_in(&pages.1, ADA).await.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn it_is_bound_to_its_client() {
    let world = World::new();
    let stolen = pushed(&world, &Authorize::of("web")).await.set("client_id", "shop.second");
    assert_eq!(opened(&world, &stolen).await.page_error(), (400, "invalid_request".into()));
    let unknown = stolen.set("request_uri", "urn:ietf:params:oauth:request_uri:nothing");
    assert_eq!(opened(&world, &unknown).await.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn where_policy_wants_it_nothing_else_is_taken() {
    let world = World::new();
    let direct = opened(&world, &Authorize::of("pushed")).await;
    assert_eq!(direct.sent_error(), "invalid_request");
    assert!(direct.response()["error_description"].contains("/oauth2/par"));
}

#[tokio::test]
async fn a_policy_that_comes_meanwhile_counts() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("web").set("scope", "orders:read")).await;
    world.add_policy(
        "web",
        nauthera_core::spec::PolicySpec {
            allowed_scopes: Some(nauthera_core::pattern::PatternSet::parse(["openid"])),
            ..Default::default()
        },
    );
    assert_eq!(opened(&world, &request).await.sent_error(), "invalid_scope");
}

#[tokio::test]
async fn the_same_list_of_checks_runs_when_it_is_pushed() {
    let world = World::new();
    let good = || Authorize::of("web");
    for (request, error) in [
        (good().set("redirect_uri", "https://evil.example/"), "invalid_request"),
        (good().without("redirect_uri"), "invalid_request"),
        (good().and("response_mode", "fragment"), "invalid_request"),
        (good().and("scope", "openid"), "invalid_request"),
        (good().and("request", "x"), "request_not_supported"),
        (good().and("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (good().set("response_type", "token"), "unsupported_response_type"),
        (good().set("scope", "unknown"), "invalid_scope"),
        (good().and("resource", "https://other.example"), "invalid_target"),
        (good().without_pkce(), "invalid_request"),
        (good().and("max_age", "x"), "invalid_request"),
    ] {
        assert_eq!(push(&world, &request).send().await.error(), (400, error.into()), "{request:?}");
    }
}

#[tokio::test]
async fn the_client_must_authenticate() {
    let world = World::new();
    let mut anonymous = push(&world, &Authorize::of("web"));
    anonymous.headers.clear();
    assert_eq!(anonymous.send().await.error(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn credentials_are_not_kept_with_the_request() {
    let world = World::new();
    pushed(&world, &Authorize::of("post")).await;
    let file = std::fs::read(world.database()).unwrap();
    let log = std::fs::read(world.database().with_extension("db-wal")).unwrap();
    let secret = form_urlencoded::byte_serialize(crate::support::secret_of("shop.post").as_bytes())
        .collect::<String>();
    for bytes in [file, log] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        assert!(!bytes.windows(9).any(|window| window == b"of 256 bi"));
    }
}

#[tokio::test]
async fn a_large_request_can_be_pushed_and_goes_all_the_way() {
    let world = World::new();
    let request = Authorize::of("web").and("more", &"x".repeat(60_000));
    let brought = pushed(&world, &request).await;
    let mut browser = world.browser();
    let login = browser.open(&brought.path(&world)).await;
    let consent = browser.log_in(&login, ADA).await;
    browser.decide(&consent, "allow").await.code();
}

#[tokio::test]
async fn prompt_none_is_answered_for_a_pushed_request_too() {
    let world = World::new();
    let request = pushed(&world, &Authorize::of("trusted").and("prompt", "none")).await;
    assert_eq!(opened(&world, &request).await.sent_error(), "login_required");
    assert_eq!(
        opened(&world, &request).await.page_error(),
        (400, "invalid_request".into()),
        "that was the answer"
    );
}

#[tokio::test]
async fn parameters_that_mean_nothing_here_are_not_kept() {
    let world = World::new();
    let junk = "x".repeat(50_000);
    let brought = pushed(&world, &Authorize::of("web").and("junk", &junk)).await;
    let uri = brought.get("request_uri");
    let reference = uri.rsplit(':').next().unwrap();
    let kept = world.app.store.pushed(nauthera_core::facts::Digest::of(reference)).await.unwrap().unwrap();
    assert!(kept.parameters.len() < 1_000 && kept.parameters.contains("code_challenge"));
    assert!(!["junk", "client_id", "client_secret"].iter().any(|name| kept.parameters.contains(name)));
}

#[tokio::test]
async fn a_request_uri_sent_twice_is_refused_on_a_page() {
    let world = World::new();
    let (one, other) =
        (pushed(&world, &Authorize::of("web")).await, pushed(&world, &Authorize::of("web")).await);
    let twice = one.clone().and("request_uri", other.get("request_uri"));
    assert_eq!(opened(&world, &twice).await.page_error(), (400, "invalid_request".into()));
    for good in [one, other] {
        assert!(opened(&world, &good).await.is_login());
    }
}

#[tokio::test]
async fn whatever_has_ended_goes_however_much_it_is() {
    let world = World::new();
    for n in 0..1_200 {
        let digest = nauthera_core::facts::Digest::of(format!("{n}"));
        world.app.store.revoke_token(digest, world.app.now()).await.unwrap();
    }
    world.clock.advance(7_200);
    assert_eq!(world.app.sweep().await.unwrap(), 1_200);
}

#[tokio::test]
async fn asking_for_headers_alone_spends_no_pushed_request_and_ends_no_session() {
    let world = World::new();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let brought = pushed(&world, &Authorize::of("trusted")).await;
    let path = brought.path(&world);
    for head in [&*path, "/oauth2/logout", "/login", "/consent"] {
        let reply = browser.head(head).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, POST"), "{head}");
    }
    let code = browser.get(&path).await.code();
    Tokens::of(&Authorize::of("trusted").redeem(&world, &code).send().await);
}
