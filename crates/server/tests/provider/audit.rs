//! The audit and the admin port: what operators see, and what they must never see.

use crate::device::Device;
use crate::support::{ADA, Authorize, Call, GRACE, Reply, Tokens, World, assertion, object, secret_of};
use axum::body::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::admin::Admin;
use nauthera_server::listen::Answer;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Asks the admin port.
pub async fn admin(world: &World, method: &str, path: &str) -> Reply {
    let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let peer = SocketAddr::from(([127, 0, 0, 1], 4_711));
    Reply::read(Admin::of(world.app.clone()).answer(peer, request).await).await
}

/// What usually happens to clients and people, with every secret that was in it.
pub async fn everything(world: &World) -> Vec<String> {
    let mut secrets = vec![ADA.1.to_owned(), GRACE.1.to_owned(), "a wrong password".to_owned()];
    secrets.extend(["shop.web", "shop.post", "shop.job"].map(secret_of));
    let mut browser = world.browser();
    let page = browser.open(&Authorize::of("web").path(world)).await;
    browser.post(&page.form().set("username", "ada").set("password", "a wrong password")).await;
    let request = Authorize::of("web").set("scope", "openid offline_access");
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(world, &code).send().await);
    request.redeem(world, &code).send().await;
    secrets.extend([code, tokens.access.clone(), tokens.refresh.clone(), tokens.id.clone()]);
    let spa = Authorize::of("spa").tokens(world).await;
    let next = Tokens::of(&spa.renew(world, "shop.spa").send().await);
    world.clock.advance(60);
    spa.renew(world, "shop.spa").send().await;
    let device = Device::start(world, "tv", "openid").await;
    device.allowed_by(&mut world.browser()).await;
    let television = Tokens::of(&device.polled(world).await);
    let signed = assertion(world, "shop.jwt", &json!({}));
    Call::token(world, "client_credentials").asserting(&signed).send().await.ok();
    Call::token(world, "client_credentials").by("shop.post").send().await.ok();
    Call::token(world, "client_credentials").basic("shop.nobody-knows", "their-secret").send().await;
    Call::post(world, "/oauth2/revoke").by("shop.tv").with("token", &television.refresh).send().await;
    let denied = Authorize::of("web").set("scope", "openid orders:read");
    let consent = browser.open(&denied.path(world)).await;
    browser.decide(&consent, "deny").await;
    browser.open("/oauth2/logout?id_token_hint=x").await;
    browser.open(&format!("/oauth2/logout?id_token_hint={}", tokens.id)).await;
    world.edit_client("job", |client| client.token.access = Some(nauthera_core::time::Seconds::minutes(1)));
    secrets.extend([
        spa.access,
        spa.refresh,
        next.refresh,
        next.access,
        television.access,
        television.refresh,
    ]);
    secrets.extend([device.device_code, device.user_code.replace('-', ""), device.user_code, signed]);
    secrets.extend(browser.cookies.into_values());
    secrets.extend(["shop.nobody-knows".to_owned(), "their-secret".to_owned()]);
    secrets
}

#[tokio::test]
async fn every_event_is_a_line_of_json_and_no_line_holds_a_secret() {
    let world = World::new();
    let secrets = everything(&world).await;
    let text = world.audit.text_with("snapshot_applied", 2);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret}\n{text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: BTreeSet<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    for event in [
        "snapshot_applied",
        "signing_key_changed",
        "login",
        "login_failed",
        "consent_given",
        "consent_denied",
        "code_issued",
        "code_reused",
        "token_issued",
        "token_refused",
        "refresh_reused",
        "device_allowed",
        "grant_revoked",
        "logout",
    ] {
        assert!(events.contains(event), "{event} is missing: {events:?}");
    }
}

#[tokio::test]
async fn a_line_says_which_request_revision_client_subject_and_policies() {
    let world = World::new();
    let tokens = Authorize::of("web").tokens(&world).await;
    let line = world.audit.last("token_issued");
    assert_eq!(line["v"], 1);
    assert_eq!(line["time"], world.app.now().0);
    assert_eq!(line["revision"], &*world.app.serving().revision_text);
    assert_eq!(line["client_id"], "shop.web");
    assert_eq!(line["subject"], tokens.id_claims()["sub"]);
    assert_eq!(line["jti"], tokens.access_claims()["jti"]);
    assert_eq!(line["scope"], "openid");
    assert_eq!(
        (&line["grant_type"], &line["audience"]),
        (&json!("authorization_code"), &json!(world.issuer()))
    );
    assert_eq!(line["tokens"], json!(["access_token", "refresh_token", "id_token"]));
    assert_eq!(line["sid"], tokens.id_claims()["sid"]);
    let jti = URL_SAFE_NO_PAD.decode(line["jti"].as_str().unwrap()).unwrap();
    let grant: String = jti[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(line["grant_id"], grant);
    assert_eq!(world.audit.last("code_issued")["grant_id"], grant, "the code that led to it");
    assert_eq!(line["policies"], json!(["platform/ask@1", "platform/base@1", "platform/pkce@1"]));
    assert_eq!(line["peer"], "192.0.2.1");
    assert_eq!(line["request_id"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn the_request_id_of_a_refusal_is_the_one_that_the_client_was_told() {
    let world = World::new();
    let reply =
        Call::token(&world, "client_credentials").by("shop.job").with("scope", "unknown").send().await;
    let line = world.audit.last("token_refused");
    assert_eq!(line["request_id"], reply.json()["request_id"]);
    assert_eq!((&line["reason"], &line["client_id"]), (&json!("invalid_scope"), &json!("shop.job")));
    assert!(line["policies"].as_array().is_some_and(|policies| !policies.is_empty()), "{line}");
}

#[tokio::test]
async fn every_refusal_is_a_line() {
    let world = World::new();
    for endpoint in ["introspect", "revoke", "par", "device_authorization"] {
        let call = Call::post(&world, &format!("/oauth2/{endpoint}")).with("token", "x");
        assert_eq!(call.basic("shop.web", "wrong").send().await.error(), (401, "invalid_client".into()));
    }
    let lines = world.audit.with("client_refused", 4);
    let refused = lines.iter().filter(|line| line["event"] == "client_refused");
    assert!(refused.into_iter().all(|line| line["reason"] == "invalid_client"));

    let mut browser = world.browser();
    browser.open(&Authorize::of("web").set("redirect_uri", "https://evil.example/").path(&world)).await;
    let line = world.audit.last("authorization_refused");
    assert_eq!((&line["client_id"], &line["reason"]), (&json!("shop.web"), &json!("invalid_request")));
    browser.open(&Authorize::of("web").set("scope", "payroll:admin").path(&world)).await;
    world.audit.with("authorization_refused", 2);
    assert_eq!(world.audit.last("authorization_refused")["reason"], "invalid_scope");

    let login = browser.open(&Authorize::of("web").path(&world)).await;
    browser.post(&login.form().set("csrf", "forged").set("username", "ada")).await;
    assert_eq!(world.audit.last("form_refused")["peer"], "192.0.2.7");
    let device = browser.open("/device").await;
    browser.post(&device.form().set("user_code", "BCDF-GHJK")).await;
    assert_eq!(world.audit.last("user_code_refused")["reason"], "unknown");
}

#[tokio::test]
async fn a_session_that_another_person_takes_over_is_said_to_end() {
    let world = World::new();
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    browser.authorize(&request).await.code();
    let ada = world.audit.last("login");
    let login = browser.open(&request.clone().and("prompt", "login").path(&world)).await;
    browser.log_in(&login, GRACE).await;
    let line = world.audit.last("session_ended");
    assert_eq!((&line["subject"], &line["sid"]), (&ada["subject"], &ada["sid"]));
    assert_eq!(line["reason"], "another_person");
}

#[tokio::test]
async fn a_client_that_is_not_known_is_not_named() {
    let world = World::new();
    Call::token(&world, "client_credentials").basic("shop.made-up", "x").send().await;
    let line = world.audit.last("token_refused");
    assert!(line.get("client_id").is_none() && !line.to_string().contains("made-up"), "{line}");
}

#[tokio::test]
async fn what_a_client_is_sent_back_with_is_a_refusal_too() {
    let world = World::new();
    world.browser().authorize_as(&Authorize::of("staff"), GRACE).await.sent_error();
    let line = world.audit.last("authorization_refused");
    assert_eq!((&line["client_id"], &line["reason"]), (&json!("shop.staff"), &json!("access_denied")));
}

#[tokio::test]
async fn waiting_devices_do_not_fill_the_audit() {
    let world = World::new();
    let device = Device::start(&world, "tv", "openid").await;
    for _ in 0..5 {
        device.polled(&world).await;
    }
    crate::device::poll(&world, "shop.tv", &device.device_code).send().await;
    world.edit(|_| {});
    let text = world.audit.text_with("snapshot_applied", 2);
    assert!(!text.contains("authorization_pending") && !text.contains("slow_down"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_made_or_retired_is_noted_by_its_id() {
    let world = World::new();
    world.clock.pass(nauthera_core::time::Seconds::days(29));
    let made = world.app.maintain_keys().unwrap().made;
    let lines = world.audit.with("signing_key_changed", 2);
    assert!(lines.iter().any(|line| line["action"] == "made" && line["kid"] == made[0]));
}

#[tokio::test]
async fn a_changed_secret_of_a_client_is_one_line_and_tells_no_secret() {
    let world = World::new();
    let end = world.app.now().plus(Seconds::hours(1));
    world.edit(|inventory| {
        let record = inventory.credentials.get_mut(&object("shop/web")).unwrap();
        record.secrets[0].not_after = Some(end);
        record.secrets.push(SecretDigest { digest: [9; 32], not_before: UnixTime(0), not_after: None });
    });
    let line = world.audit.last("client_secret_changed");
    let numbers =
        |line: &Value| ["secrets_added", "secrets_ending", "secrets_removed"].map(|name| line[name].clone());
    assert_eq!((&line["client_id"], numbers(&line)), (&json!("shop.web"), [json!(1), json!(1), json!(0)]));
    world.edit(|inventory| {
        inventory.credentials.get_mut(&object("shop/web")).unwrap().secrets.remove(0);
    });
    world.edit_client("web", |client| client.display_name = Some("Another".into()));
    world.audit.text_with("snapshot_applied", 4);
    let mut lines = world.audit.with("client_secret_changed", 2);
    lines.retain(|line| line["event"] == "client_secret_changed");
    assert_eq!((lines.len(), numbers(&lines[1])), (2, [json!(0), json!(0), json!(1)]));
}

#[tokio::test]
async fn the_admin_port_says_that_it_lives_and_what_it_serves() {
    let world = World::new();
    assert_eq!(admin(&world, "GET", "/healthz").await.ok()["status"], "ok");
    let ready = admin(&world, "GET", "/readyz").await.ok();
    assert_eq!(ready["revision"], &*world.app.serving().revision_text);
    assert_eq!((&ready["issuer"], &ready["formats"]), (&json!(world.issuer()), &json!([1, 2])));
    let status = admin(&world, "GET", "/status").await.ok();
    assert_eq!((&status["database"], &status["clients"]), (&json!("ok"), &json!(16)));
    assert_eq!(status["signingKeys"].as_array().unwrap().len(), 1);
    assert!(status["userStore"].to_string().contains("platform/people"), "{status}");
    let before = ready["revision"].clone();
    world.edit_client("web", |client| client.display_name = Some("Another".into()));
    assert_ne!(admin(&world, "GET", "/readyz").await.ok()["revision"], before);
}

#[tokio::test]
async fn the_admin_port_tells_no_secret() {
    let world = World::new();
    let secrets = everything(&world).await;
    for path in ["/healthz", "/readyz", "/status", "/metrics", "/log"] {
        let reply = admin(&world, "GET", path).await;
        assert!(
            secrets.iter().all(|secret| secret.is_empty() || !reply.text().contains(secret.as_str())),
            "{path}"
        );
        assert!(!reply.text().contains("pkcs8") && !reply.text().contains("argon2"), "{path}");
    }
}

#[tokio::test]
async fn the_admin_port_takes_get_alone_and_has_nothing_else() {
    let world = World::new();
    assert_eq!(admin(&world, "POST", "/healthz").await.status, 405);
    assert_eq!(admin(&world, "HEAD", "/readyz").await.status, 200);
    for path in ["/", "/oauth2/token", "/metrics/", "/.well-known/openid-configuration"] {
        assert_eq!(admin(&world, "GET", path).await.status, 404, "{path}");
    }
    assert_eq!(world.browser().get("/metrics").await.status, 404, "and the other port has none of it");
}
