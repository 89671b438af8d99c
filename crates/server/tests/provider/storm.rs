//! A storm of logins over real sockets: it is turned away in part, and nothing else waits for it.

use crate::support::{Authorize, Call, Listening, POST, SLOTH, Setup, World, status};
use nauthera_identity::pool::PoolOptions;
use nauthera_server::listen::PortOptions;
use std::num::NonZero;
use std::time::Duration;

/// Logins of the storm.
const STORM: usize = 60;
/// Passwords that may wait.
const QUEUE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_logins_gets_503_with_retry_after_and_tokens_go_on() {
    let hash_pool = PoolOptions { threads: NonZero::<usize>::MIN, queue: QUEUE, ..PoolOptions::default() };
    let world = World::build(Setup { hash_pool, ..Setup::default() });
    let server = Listening::of(world, PortOptions::default(), None, "127.0.0.1");
    let mut browser = server.world.browser();
    let page = browser.open(&Authorize::of("trusted").path(&server.world)).await;
    let form = page.form().set("password", "wrong");
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    let login = |number: usize| {
        // Each from an address of its own and by a name of its own, so that no other limit counts.
        let body = form.clone().set("username", &format!("{}{number}", SLOTH.0)).body();
        let head = POST.replace("/oauth2/token", &form.action);
        let length = body.len();
        let lines = format!("X-Forwarded-For: 203.0.113.{number}\r\nCookie: {cookies}\r\n");
        format!("{head}{lines}Content-Length: {length}\r\n\r\n{body}")
    };
    let storm: Vec<String> = (0..STORM).map(login).collect();
    let call = Call::token(&server.world, "client_credentials").by("shop.job");
    let (_, credentials) = &call.headers[0];
    let body = "grant_type=client_credentials";
    let token = format!("{POST}Authorization: {credentials}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answers = async {
        let logins = storm.iter().map(|request| server.told(request.as_bytes()));
        futures::future::join_all(logins).await
    };
    let tokens = async {
        // The storm has begun when passwords wait.
        let pool = &server.world.app.hash_pool;
        while pool.queued() == 0 && pool.hashed() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            let answer = tokio::time::timeout(Duration::from_secs(10), server.told(token.as_bytes())).await;
            assert_eq!(status(&answer.unwrap()), "200");
        }
    };
    let (answers, ()) = futures::join!(answers, tokens);
    let (busy, looked_at): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| status(answer) == "503");
    assert!(!busy.is_empty() && looked_at.len() >= QUEUE, "{} busy of {STORM}", busy.len());
    assert!(busy.iter().all(|answer| answer.to_ascii_lowercase().contains("retry-after: ")), "{}", busy[0]);
    assert!(looked_at.iter().all(|answer| status(answer) == "200"), "{looked_at:?}");
    assert!(server.world.app.hash_pool.hashed() <= looked_at.len() as u64, "what is refused is not hashed");
}
