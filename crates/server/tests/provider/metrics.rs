//! What is counted of requests, and how the log's filter is changed: the admin port as those see it who run the server.

use crate::audit::{admin, everything};
use crate::device::Device;
use crate::support::{Call, Mounted, Reply, Setup, World};
use axum::body::Body;
use nauthera_core::time::Seconds;
use nauthera_server::admin::Admin;
use nauthera_server::app::{Build, Instruments, LogFilter};
use nauthera_server::listen::Answer;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// Asks the admin port with a header or a body.
async fn ask(world: &World, request: http::Request<Body>) -> Reply {
    let peer = SocketAddr::from(([127, 0, 0, 1], 4_711));
    Reply::read(Admin::of(world.app.clone()).answer(peer, request).await).await
}

/// Every sample of a page by name and labels.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    async fn of(world: &World) -> Self {
        let reply = admin(world, "GET", "/metrics").await;
        assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        Self::read(reply.text())
    }

    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let (bare, labels) = name.split_once('{').unwrap_or((name, "}"));
            assert!(bare.starts_with("nauthera_") || bare.starts_with("process_"), "{line}");
            assert!(labels.ends_with('}'), "{line}");
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        });
        Self(parsed.collect())
    }

    fn get(&self, name: &str) -> f64 {
        *self.0.get(name).unwrap_or_else(|| panic!("{name} is not in {:#?}", self.0.keys()))
    }

    /// Names that begin so.
    fn named(&self, start: &str) -> Vec<&str> {
        self.0.keys().filter(|name| name.starts_with(start)).map(String::as_str).collect()
    }
}

#[tokio::test]
async fn requests_tokens_logins_and_steps_are_counted() {
    let world = World::new();
    everything(&world).await;
    let samples = Samples::of(&world).await;
    let tokens = |grant: &str, outcome: &str| {
        samples.get(&format!("nauthera_token_requests_total{{grant_type=\"{grant}\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!(tokens("client_credentials", "ok"), 2.0);
    assert_eq!(
        (tokens("authorization_code", "ok"), tokens("authorization_code", "invalid_grant")),
        (2.0, 1.0)
    );
    assert_eq!((tokens("refresh_token", "ok"), tokens("refresh_token", "invalid_grant")), (1.0, 1.0));
    assert_eq!(tokens("none", "invalid_client"), 1.0, "who it was and what was asked is not known");
    assert_eq!(
        samples.get("nauthera_token_request_duration_seconds_count{grant_type=\"refresh_token\"}"),
        2.0
    );
    assert_eq!(samples.get("nauthera_logins_total{outcome=\"wrong\"}"), 1.0);
    assert_eq!(samples.get("nauthera_logins_total{outcome=\"ok\"}"), 3.0);
    assert_eq!(samples.get("nauthera_password_check_duration_seconds_count"), 4.0);
    assert_eq!(samples.get("nauthera_passwords_hashed_total"), 4.0);
    assert!(samples.get("nauthera_http_requests_total{endpoint=\"token\",status=\"2xx\"}") >= 6.0);
    assert!(samples.get("nauthera_http_requests_total{endpoint=\"token\",status=\"4xx\"}") >= 3.0);
    assert!(samples.get("nauthera_http_request_duration_seconds_count{endpoint=\"token\"}") >= 9.0);
    let steps =
        |step: &str| samples.get(&format!("nauthera_store_steps_total{{step=\"{step}\",outcome=\"ok\"}}"));
    // A spent token whose grant is known is tried first, and then looked at.
    assert_eq!((steps("redeem_code"), steps("rotate_refresh"), steps("redeem_device")), (3.0, 2.0, 1.0));
    assert!(samples.get("nauthera_store_step_duration_seconds_count{kind=\"write\"}") >= 10.0);
    assert!(samples.get("nauthera_store_step_duration_seconds_count{kind=\"read\"}") >= 10.0);
    assert!(samples.get("nauthera_audit_lines_total") > 10.0);
}

#[tokio::test]
async fn the_revision_that_is_served_is_the_only_one_there() {
    let world = World::new();
    world.edit_client("web", |client| client.display_name = Some("Another".into()));
    world.clock.advance(90);
    let samples = Samples::of(&world).await;
    let revision = world.app.serving().revision_text.to_string();
    assert_eq!(
        samples.named("nauthera_snapshot_info"),
        [format!("nauthera_snapshot_info{{revision=\"{revision}\"}}")]
    );
    assert_eq!(samples.get("nauthera_snapshot_age_seconds"), 90.0);
    assert_eq!(samples.get("nauthera_snapshots_applied_total"), 2.0);
    assert_eq!(samples.get("nauthera_snapshot_clients"), 16.0);
    world.app.snapshot_refused();
    let samples = Samples::of(&world).await;
    assert_eq!(
        (samples.get("nauthera_snapshots_refused_total"), samples.get("nauthera_snapshot_stale")),
        (1.0, 1.0)
    );
    world.edit(|_| {});
    assert_eq!(Samples::of(&world).await.get("nauthera_snapshot_stale"), 0.0);
}

#[tokio::test]
async fn keys_have_ages_and_a_time_to_hand_over() {
    let world = World::new();
    let began = world.app.now().0 as f64;
    world.clock.pass(Seconds::days(29));
    world.app.maintain_keys().unwrap();
    let samples = Samples::of(&world).await;
    let age = |state: &str| {
        let name =
            samples.named("nauthera_signing_key_age_seconds").into_iter().find(|name| name.contains(state));
        samples.get(name.unwrap_or_else(|| panic!("no key is {state}")))
    };
    let day = 86_400.0;
    assert_eq!((age("\"signing\""), age("\"next\"")), (29.0 * day, -day));
    assert_eq!(samples.get("nauthera_signing_key_rotation_due_timestamp_seconds"), began + 30.0 * day);
}

#[tokio::test]
async fn the_database_and_the_process_are_measured() {
    let world = World::build(Setup {
        instruments: Instruments { build: Build { version: "1.2.3", commit: "abc" }, log: None },
        ..Setup::default()
    });
    let samples = Samples::of(&world).await;
    assert_eq!(samples.get("nauthera_build_info{version=\"1.2.3\",commit=\"abc\"}"), 1.0);
    assert_eq!(samples.get("nauthera_store_connections{state=\"open\"}"), 3.0);
    assert_eq!(samples.get("nauthera_store_connections_limit"), 3.0);
    assert_eq!(samples.get("nauthera_store_steps_waiting"), 0.0);
    assert!(samples.get("process_resident_memory_bytes") > 1e6 && samples.get("process_open_fds") > 3.0);
    let device = Device::start(&world, "tv", "openid").await;
    assert!(!device.user_code.is_empty());
    let after = Samples::of(&world).await;
    assert_eq!(after.get("nauthera_store_steps_total{step=\"insert_device\",outcome=\"ok\"}"), 1.0);
}

#[tokio::test]
async fn the_end_of_the_certificate_is_told_where_there_is_one_and_follows_a_renewal() {
    const END: &str = "nauthera_tls_certificate_not_after_timestamp_seconds";
    let world = World::new();
    assert!(!Samples::of(&world).await.0.contains_key(END));
    let mut mounted = Mounted::new();
    let certificates = mounted.certificates();
    world.app.presents(&certificates);
    let told = Samples::of(&world).await.0[END];
    // rcgen's own end, in the year 4096.
    assert!((67_090_000_000.0..67_100_000_000.0).contains(&told), "{told}");
    mounted.renew_until(1_900_000_000);
    certificates.look();
    assert_eq!(Samples::of(&world).await.0[END], 1_900_000_000.0);
}

#[tokio::test]
async fn nothing_that_a_stranger_chooses_becomes_a_label() {
    let world = World::new();
    let before = Samples::of(&world).await.0.len();
    for n in 0..20 {
        let id = format!("made-up-{n}");
        Call::token(&world, &id).basic(&id, &id).send().await;
        Call::token(&world, &id).by("shop.job").send().await;
        world.browser().get(&format!("/{id}")).await;
        world.browser().get(&format!("/oauth2/authorize?client_id={id}&scope={id}")).await;
    }
    let reply = admin(&world, "GET", "/metrics").await;
    assert!(!reply.text().contains("made-up"), "{reply}");
    assert_eq!(Samples::read(reply.text()).0.len(), before);
}

#[tokio::test]
async fn prometheus_is_given_the_newer_format_that_it_asks_for() {
    let world = World::new();
    let request =
        http::Request::get("/metrics").header("accept", "application/openmetrics-text; version=1.0.0");
    let reply = ask(&world, request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(reply.text().ends_with("# EOF\n") && reply.text().contains("# TYPE nauthera_logins counter\n"));
}

/// A filter that takes everything but one text.
#[derive(Default)]
struct Filter(Mutex<String>);

impl LogFilter for Filter {
    fn shown(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn set(&self, text: &str) -> Result<(), String> {
        if text == "loud" {
            return Err("loud is no level".into());
        }
        text.clone_into(&mut self.0.lock().unwrap());
        Ok(())
    }
}

fn put(body: impl Into<Body>) -> http::Request<Body> {
    http::Request::put("/log").body(body.into()).unwrap()
}

#[tokio::test]
async fn the_filter_of_the_log_is_shown_and_changed() {
    let log: Option<Arc<dyn LogFilter>> = Some(Arc::new(Filter::default()));
    let instruments = Instruments { log, ..Instruments::default() };
    let world = World::build(Setup { instruments, ..Setup::default() });
    assert_eq!(admin(&world, "GET", "/log").await.ok()["filter"], "");
    assert_eq!(ask(&world, put("debug\n")).await.ok()["filter"], "debug");
    assert_eq!(admin(&world, "GET", "/log").await.ok()["filter"], "debug");
    for bad in ["loud".to_owned(), "x".repeat(1_025)] {
        let reply = ask(&world, put(bad)).await;
        assert!(reply.status == 400 && !reply.text().is_empty(), "{reply}");
    }
    assert_eq!(ask(&world, put(vec![0xff])).await.status, 400);
    assert_eq!(admin(&world, "GET", "/log").await.ok()["filter"], "debug", "what is refused changes nothing");
    assert_eq!(admin(&world, "DELETE", "/log").await.status, 405);
    assert_eq!(world.browser().get("/log").await.status, 404, "and the other port has none of it");
}

#[tokio::test]
async fn a_log_that_cannot_be_changed_says_so() {
    let world = World::new();
    assert_eq!(admin(&world, "GET", "/log").await.status, 404);
    assert_eq!(ask(&world, put("debug")).await.status, 404);
}

#[tokio::test]
async fn a_process_that_waits_for_its_first_snapshot_is_alive_and_says_what_it_reads() {
    let admin = Admin::default();
    let get = async |path: &str| {
        let request = http::Request::builder().uri(path).body(Body::empty()).unwrap();
        Reply::read(admin.answer(SocketAddr::from(([127, 0, 0, 1], 4_711)), request).await).await
    };
    assert_eq!(get("/healthz").await.status, 200);
    let waits = get("/readyz").await;
    assert_eq!(waits.status, 503);
    assert_eq!(waits.json()["formats"], serde_json::json!([1, 2]));
    assert!(waits.json()["revision"].is_null());
    for path in ["/metrics", "/status", "/log"] {
        assert_eq!(get(path).await.status, 503, "{path}");
    }
    admin.begin(World::new().app);
    let ready = get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()["formats"].clone()),
        (200, waits.json()["formats"].clone())
    );
}
