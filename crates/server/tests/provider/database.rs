//! A database that is away: locked by another process, or on a disk that is full. Refused with 503 where it is needed, nothing
//! half-done, and all goes on where it is not.

use crate::device::Device;
use crate::support::{ADA, Authorize, Call, Form, Reply, Setup, Tokens, World};
use nauthera_store::sqlite::Options;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Another process that holds the whole database until it is told to let go.
struct Lock {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Lock {
    fn on(world: &World) -> Self {
        let script = "import sqlite3, sys\n\
            c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
            c.execute('BEGIN EXCLUSIVE')\n\
            print('locked', flush=True)\n\
            sys.stdin.readline()\n\
            c.execute('ROLLBACK')\n\
            print('free', flush=True)\n";
        let mut python = Command::new("python3");
        python.args(["-c", script]).arg(world.database()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut lock = Self { child, said };
        lock.hears("locked");
        lock
    }

    fn hears(&mut self, word: &str) {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), word);
    }

    fn release(mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        self.hears("free");
        self.child.wait().unwrap();
    }
}

/// A provider that does not wait long for a lock.
fn impatient() -> World {
    let database = Options {
        busy_timeout: Duration::from_millis(20),
        deadline: Duration::from_secs(10),
        ..Options::default()
    };
    World::build(Setup { database, ..Setup::default() })
}

fn away(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply}");
    if reply.is_html() {
        assert!(reply.text().contains("We will be right back"), "{reply}");
    } else {
        assert_eq!(reply.error().1, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn what_needs_no_database_goes_on_while_it_is_locked() {
    let world = impatient();
    let lock = Lock::on(&world);
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        Call::get(&world, path).send().await.ok();
    }
    Tokens::of(&Call::token(&world, "client_credentials").by("shop.job").send().await);
    assert!(world.browser().open(&Authorize::of("web").path(&world)).await.is_login());
    assert_eq!(world.browser().get("/nothing").await.status, 404);
    lock.release();
}

#[tokio::test]
async fn a_code_is_not_spent_by_a_redemption_that_found_the_database_locked() {
    let world = impatient();
    let request = Authorize::of("trusted");
    let code = world.browser().authorize(&request).await.code();
    let lock = Lock::on(&world);
    away(&request.redeem(&world, &code).send().await);
    away(&request.redeem(&world, &code).send().await);
    lock.release();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    assert!(tokens.live(&world).await);
}

#[tokio::test]
async fn a_refresh_token_is_not_rotated_by_a_request_that_found_it_locked() {
    let world = impatient();
    let tokens = Authorize::of("spa").tokens(&world).await;
    let lock = Lock::on(&world);
    away(&tokens.renew(&world, "shop.spa").send().await);
    world.clock.advance(60);
    lock.release();
    let next = Tokens::of(&tokens.renew(&world, "shop.spa").send().await);
    assert!(next.live(&world).await, "past the grace: it was never rotated");
}

#[tokio::test]
async fn every_writing_endpoint_asks_to_come_again() {
    let world = impatient();
    let device = Device::start(&world, "tv", "openid").await;
    let tokens = Authorize::of("web").tokens(&world).await;
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    let page = device.typed_into(&mut browser).await;
    let account = browser.open("/account").await;
    let mut fresh = world.browser();
    let login = fresh.open(&Authorize::of("trusted").path(&world)).await;
    let lock = Lock::on(&world);
    away(
        &Call::post(&world, "/oauth2/device_authorization")
            .by("shop.tv")
            .with("scope", "openid")
            .send()
            .await,
    );
    away(&crate::device::poll(&world, "shop.tv", &device.device_code).send().await);
    away(&Call::post(&world, "/oauth2/revoke").by("shop.web").with("token", &tokens.access).send().await);
    away(&Call::token(&world, "client_credentials").by("shop.jwt").send().await);
    let request = Authorize::of("trusted");
    let push = Call::post(&world, "/oauth2/par").by("shop.trusted");
    away(&request.parameters.iter().fold(push, |call, (name, value)| call.with(name, value)).send().await);
    away(&browser.get(&request.path(&world)).await);
    away(&browser.post(&page.form().set("decision", "allow")).await);
    away(&browser.post(&account.forms_with("action", "logout")[0]).await);
    away(
        &browser
            .get(&format!("/oauth2/logout?id_token_hint={}", tokens.id))
            .await
            .or_question(&browser)
            .await,
    );
    away(&fresh.post(&login.form().set("username", ADA.0).set("password", ADA.1)).await);
    assert!(fresh.session().is_none(), "no cookie for a session that is not kept");
    lock.release();
    assert!(tokens.live(&world).await, "nothing was revoked");
    assert!(!browser.open("/account").await.is_login(), "nobody was logged out");
    assert_eq!(browser.post(&page.form().set("decision", "allow")).await.status, 200);
    assert!(!fresh.log_in(&login, ADA).await.code().is_empty());
}

impl Reply {
    /// The question of the logout page, confirmed: that is what writes.
    async fn or_question(self, browser: &crate::support::Browser<'_>) -> Self {
        let confirmed: Form = self.form().set("decision", "logout");
        browser.clone().post(&confirmed).await
    }
}

#[tokio::test]
async fn reading_goes_on_while_it_is_locked() {
    let world = impatient();
    let tokens = Authorize::of("web").tokens(&world).await;
    let lock = Lock::on(&world);
    assert!(tokens.live(&world).await);
    let told =
        Call::post(&world, "/oauth2/introspect").by("shop.web").with("token", &tokens.access).send().await;
    assert_eq!(told.ok()["active"], true);
    Tokens::of(&tokens.renew(&world, "shop.web").send().await);
    lock.release();
}

#[tokio::test]
async fn the_admin_port_says_so_and_stays_ready() {
    let world = impatient();
    let lock = Lock::on(&world);
    let status = crate::audit::admin(&world, "GET", "/status").await.ok();
    assert!(status["database"].as_str().is_some_and(|text| text.contains("away")), "{status}");
    assert_eq!(
        crate::audit::admin(&world, "GET", "/readyz").await.status,
        200,
        "what needs no database goes on"
    );
    lock.release();
    assert_eq!(crate::audit::admin(&world, "GET", "/status").await.ok()["database"], "ok");
}

#[tokio::test]
async fn a_logged_in_person_is_not_logged_out_by_a_lock() {
    let world = impatient();
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    world.clock.advance(120);
    let lock = Lock::on(&world);
    let reply = browser.open("/account").await;
    assert!(!reply.is_login() && reply.cookies().is_empty(), "{reply}");
    lock.release();
    assert!(!browser.open("/account").await.is_login());
}

/// Set in the process in which the disk is full.
const IN_CHILD: &str = "NAUTHERA_TEST_FULL_DISK";

/// A file of this process cannot grow beyond its size from now on; `unlimited` takes that back.
fn limit_files(bytes: &str) {
    let pid = std::process::id().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]).status();
    assert!(done.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_is_answered_with_503_and_nothing_is_half_done() {
    if std::env::var_os(IN_CHILD).is_none() {
        return in_a_process_of_its_own(
            "database::a_full_disk_is_answered_with_503_and_nothing_is_half_done",
        );
    }
    let world = impatient();
    let request = Authorize::of("trusted");
    let mut codes = Vec::new();
    let mut browser = world.browser();
    for _ in 0..5 {
        codes.push(browser.authorize(&request).await.code());
    }
    let spa = Authorize::of("spa").tokens(&world).await;
    let log = world.database().with_extension("db-wal");
    limit_files(&std::fs::metadata(&log).unwrap().len().to_string());
    for code in &codes {
        away(&request.redeem(&world, code).send().await);
    }
    away(&spa.renew(&world, "shop.spa").send().await);
    away(&browser.get(&request.path(&world)).await);
    Tokens::of(&Call::token(&world, "client_credentials").by("shop.job").send().await);
    limit_files("unlimited");
    for code in &codes {
        let tokens = Tokens::of(&request.redeem(&world, code).send().await);
        assert!(tokens.live(&world).await);
    }
    Tokens::of(&spa.renew(&world, "shop.spa").send().await);
    browser.open(&request.path(&world)).await.code();
}

/// Runs one test of this binary again, alone, in a process that hears of a full disk by an error and not by a signal.
fn in_a_process_of_its_own(test: &str) {
    let binary = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary);
    let output = shell.args(["--exact", test, "--nocapture"]).env(IN_CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn a_step_that_nobody_waits_for_any_more_is_counted_as_abandoned() {
    let world = impatient();
    let lock = Lock::on(&world);
    let waited = tokio::time::timeout(Duration::from_millis(1), world.app.store.ping()).await;
    assert!(waited.is_err(), "the database is locked");
    lock.release();
    let page = crate::audit::admin(&world, "GET", "/metrics").await;
    let count = "nauthera_store_steps_total{step=\"ping\",outcome=\"abandoned\"} 1\n";
    assert!(page.text().contains(count), "{page}");
}
