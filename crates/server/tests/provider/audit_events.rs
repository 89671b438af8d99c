//! The audit's vocabulary: each of its events happens here, and no line holds anything secret. That every line of every other test
//! keeps to the schema as well is held where a world ends.

use crate::audit::everything;
use crate::back_channel;
use crate::device::Device;
use crate::support::{
    ADA, Answer, Authorize, Call, GRACE, Receiver, Setup, Tokens, World, holds_within, object,
};
use nauthera_core::inventory::CredentialRecord;
use nauthera_core::names::ClientId;
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::audit::{Audit, Event};
use nauthera_server::secrets::Secrets;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the writer's thread may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What else can happen; what of it is secret.
async fn the_rest(world: &World) -> Vec<String> {
    let mut browser = world.browser();
    let request = Authorize::of("web").set("scope", "openid email");
    browser.authorize(&request).await.code();
    let page = browser.open("/account").await;
    let withdraw = page.forms_with("action", "withdraw_consent").remove(0);
    browser.post(&withdraw).await;
    browser.post(&withdraw.set("csrf", "forged")).await;
    let login = browser.open(&request.and("prompt", "login").path(world)).await;
    browser.log_in(&login, GRACE).await;
    let page = browser.open("/account").await;
    browser.post(&page.forms_with("action", "end_session").remove(0)).await;
    let mut another = world.browser();
    another.sign_in(ADA).await;
    let page = another.open("/account").await;
    another.post(&page.forms_with("action", "end_all").remove(0)).await;

    let denied = Device::start(world, "tv", "openid").await;
    let question = denied.typed_into(&mut browser).await;
    browser.decide(&question, "deny").await;
    for _ in 0..11 {
        let device = browser.open("/device").await;
        browser.post(&device.form().set("user_code", "BCDF-GHJK")).await;
    }

    let token = Tokens::of(&Call::token(world, "client_credentials").by("shop.job").send().await);
    Call::post(world, "/oauth2/revoke").by("shop.job").with("token", &token.access).send().await;
    Call::post(world, "/oauth2/introspect").basic("shop.web", "wrong").with("token", "x").send().await;
    browser.open(&Authorize::of("web").set("redirect_uri", "https://evil.example/").path(world)).await;
    let guess = || Call::token(world, "client_credentials").basic("shop.job", "a guess");
    while guess().send().await.status != 429 {}
    world.app.snapshot_refused();
    second_secret(world);
    world.clock.pass(Seconds::days(29));
    world.app.maintain_keys().unwrap();
    let mut secrets = vec![denied.device_code, denied.user_code, token.access, "a second secret".into()];
    secrets.extend(browser.cookies.into_values());
    secrets
}

/// Gives `shop.job` a second secret.
fn second_secret(world: &World) {
    let digest = Secrets::new(&[7; 32]).unwrap().client_secret("a second secret");
    world.edit(|inventory| {
        let record = inventory.credentials.get_mut(&object("shop/job")).unwrap();
        record.secrets.push(SecretDigest { digest, not_before: UnixTime(0), not_after: None });
    });
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_happens_and_no_line_holds_a_secret() {
    let world = World::new();
    let mut secrets = everything(&world).await;
    secrets.extend(the_rest(&world).await);
    many_secrets(&world);
    let mut text = world.audit.text_with("more_client_secrets_changed", 1);
    let (elsewhere, tokens) = logouts().await;
    text.push_str(&elsewhere.audit.text_with("backchannel_logout_given_up", 1));
    secrets.extend(tokens);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret}\n{text}");
    }
    let happened: BTreeSet<String> =
        lines(&text).iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    let known: BTreeSet<String> = Event::ALL.iter().map(|event| event.name().to_owned()).collect();
    assert_eq!(happened, known);
}

#[tokio::test]
async fn one_grant_is_followed_from_the_consent_to_its_end() {
    let world = World::new();
    let request = Authorize::of("web").set("scope", "openid email offline_access");
    let tokens = request.tokens(&world).await;
    let next = Tokens::of(&tokens.renew(&world, "shop.web").send().await);
    Call::post(&world, "/oauth2/revoke").by("shop.web").with("token", &next.access).send().await;
    let text = world.audit.text_with("grant_revoked", 1);
    let all = lines(&text);
    let session = all.iter().find(|line| line["event"] == "login").unwrap()["sid"].clone();
    let grant = all.iter().find(|line| line["event"] == "code_issued").unwrap()["grant_id"].clone();
    let of = |name: &str, value: &Value| {
        let lines = all.iter().filter(|line| line[name] == *value);
        lines.map(|line| line["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("grant_id", &grant), ["code_issued", "token_issued", "token_issued", "grant_revoked"]);
    assert_eq!(of("sid", &session)[..3], ["login", "consent_given", "code_issued"]);
}

#[tokio::test]
async fn a_token_of_a_client_itself_names_the_client_as_its_subject() {
    let world = World::new();
    let token = Tokens::of(&Call::token(&world, "client_credentials").by("shop.job").send().await);
    let line = world.audit.last("token_issued");
    assert_eq!(line["subject"], token.access_claims()["sub"]);
    assert_eq!((&line["client_id"], &line["tokens"]), (&json!("shop.job"), &json!(["access_token"])));
    assert!(line.get("grant_id").is_none() && line.get("sid").is_none(), "{line}");
}

#[tokio::test]
async fn a_secret_that_is_added_or_ends_is_noted_for_its_client_alone() {
    let world = World::new();
    let job = || world.app.serving().snapshot.clients[&ClientId::parse("shop.job").unwrap()].secrets.len();
    let before = job();
    second_secret(&world);
    assert_eq!(job(), before + 1);
    let line = world.audit.last("client_secret_changed");
    assert_eq!(
        (&line["client_id"], &line["secrets_added"], &line["secrets_removed"]),
        (&json!("shop.job"), &json!(1), &json!(0))
    );
    world.edit(|inventory| {
        inventory.credentials.get_mut(&object("shop/job")).unwrap().secrets.truncate(before)
    });
    let text = world.audit.text_with("client_secret_changed", 2);
    let all = lines(&text);
    let changes: Vec<_> = all.iter().filter(|line| line["event"] == "client_secret_changed").collect();
    assert_eq!(changes.len(), 2, "{text}");
    assert_eq!((&changes[1]["client_id"], &changes[1]["secrets_removed"]), (&json!("shop.job"), &json!(1)));
}

/// Gives a hundred more clients another secret, and `shop.job` among them.
fn many_secrets(world: &World) {
    let change = |world: &World, n: u8| {
        world.edit(|inventory| {
            let job = object("shop/job");
            let (client, record) = (inventory.clients[&job].clone(), inventory.credentials[&job].clone());
            for number in 0..101 {
                let name = object(&format!("shop/many-{number}"));
                let id = ClientId::parse(&format!("shop.many-{number}")).unwrap();
                let live = SecretDigest { digest: [n; 32], not_before: UnixTime(0), not_after: None };
                let record = CredentialRecord { client_id: id, secrets: vec![live], ..record.clone() };
                inventory.clients.insert(name.clone(), client.clone());
                inventory.credentials.insert(name, record);
            }
        });
    };
    change(world, 1);
    change(world, 2);
}

/// Sessions end whose clients are told, refuse to be, and are not told in time; the tokens that they were told by.
async fn logouts() -> (World, Vec<String>) {
    let world = back_channel::world();
    let told = Receiver::start().await;
    let refuses = Receiver::answering(&[], Answer::Status(400)).await;
    let late = Receiver::start().await;
    for (client, receiver) in [("trusted", &told), ("second", &refuses), ("web", &late)] {
        back_channel::tells(&world, client, receiver);
    }
    let (mut browser, tokens) = back_channel::logged_in(&world, &["web"]).await;
    back_channel::log_out(&mut browser, &tokens[0]).await;
    world.clock.pass(Seconds::hours(24));
    let _teller = back_channel::Teller::of(&world);
    back_channel::until_pending(&world, 0).await;
    let (mut browser, tokens) = back_channel::logged_in(&world, &["trusted", "second"]).await;
    back_channel::log_out(&mut browser, &tokens[0]).await;
    back_channel::until_pending(&world, 0).await;
    world.audit.text_with("backchannel_logout_refused", 1);
    world.audit.text_with("backchannel_logout_sent", 1);
    let seen = told.told(1).await.iter().chain(&refuses.told(1).await).map(|told| told.token()).collect();
    (world, seen)
}

/// A provider whose audit goes elsewhere.
fn auditing_to(out: impl std::io::Write + Send + 'static) -> World {
    let audit = Some(Audit::to(Box::new(out)).unwrap());
    World::build(Setup { audit, ..Setup::default() })
}

#[tokio::test]
async fn a_full_disk_loses_lines_and_no_login() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let world = auditing_to(full);
    Authorize::of("web").tokens(&world).await;
    assert!(holds_within(PATIENCE, async || world.app.audit.counts().refused >= 4).await);
    let page = crate::audit::admin(&world, "GET", "/metrics").await;
    assert!(page.text().contains("nauthera_audit_lines_lost_total{reason=\"not_written\"}"), "{page}");
    assert_eq!(world.app.audit.counts().written, 0);
    let status = crate::audit::admin(&world, "GET", "/status").await.ok();
    assert!(status["auditLinesLost"].as_u64().is_some_and(|lost| lost >= 4), "{status}");
}

#[tokio::test]
async fn a_closed_pipe_loses_lines_and_no_login() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let world = auditing_to(writer);
    Authorize::of("web").tokens(&world).await;
    assert!(holds_within(PATIENCE, async || world.app.audit.counts().refused >= 4).await);
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_holds_no_login_up_and_what_finds_no_room_is_counted() {
    let (reader, writer) = std::io::pipe().unwrap();
    let audit = Some(Audit::bounded(Box::new(writer), 32 * 1_024).unwrap());
    let world = World::build(Setup { audit, ..Setup::default() });
    // The pipe takes some 64 KiB, then its writer stands still and the buffer fills.
    crowded(&world, 100).await;
    Authorize::of("web").tokens(&world).await;
    let lost = world.app.audit.counts().crowded_out;
    crowded(&world, lost + 100).await;
    assert_eq!(world.app.audit.counts().refused, 0);
    drop(reader);
}

/// Has requests refused until so many lines found no room. Each is answered as ever.
async fn crowded(world: &World, lines: u64) {
    let job = Call::token(world, "client_credentials").by("shop.job").with("scope", "unknown");
    for _ in 0..20_000 {
        if world.app.audit.counts().crowded_out >= lines {
            return;
        }
        assert_eq!(job.send().await.status, 400);
    }
    panic!("there is always room: {:?}", world.app.audit.counts());
}
