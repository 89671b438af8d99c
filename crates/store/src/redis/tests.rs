//! Redis under what every place of limits must do, and what only a server can suffer.

use super::{Options, Redis, Source};
use crate::limits::tests::{
    GUESSES, NOW, PLACES, REQUESTS, counts_all_or_none, counts_as_core_does, counts_as_one, fresh,
};
use crate::limits::{Ask, Ending, LimitStore, Limiter, Memory, Shared, SharedMemory};
use crate::{Result, StoreError};
use nauthera_core::facts::Digest;
use nauthera_core::time::Seconds;
use nauthera_test_redis::{Server, Settings, namespace, shared};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(20);
const HOUR: Seconds = Seconds::hours(1);

/// One that a busy machine does not hurry.
const PATIENT: Options = Options { within: Duration::from_secs(5) };

async fn open(server: &Server, namespace: &str) -> Arc<Redis> {
    Arc::new(Redis::open(Source::Url(server.url().into()), namespace, PATIENT).await.unwrap())
}

fn replica(redis: &Arc<Redis>) -> Limiter {
    Limiter::new(Shared::Beside(redis.clone()), Memory::default())
}

/// Asks until the answer is the one that is waited for.
async fn until(mut asked: impl AsyncFnMut() -> bool) {
    let all = async {
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, all).await.unwrap();
}

async fn answers(redis: &Redis) -> bool {
    redis.admit(&[fresh(&PLACES)], NOW).await.is_ok()
}

fn is_away<T: std::fmt::Debug>(answer: Result<T>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[test]
fn limits_count_as_core_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let redis = runtime.block_on(open(shared().unwrap(), &namespace()));
    counts_as_core_does(&*redis, &runtime).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_counted_all_or_none_and_as_one() {
    let name = namespace();
    let (one, two) = (open(shared().unwrap(), &name).await, open(shared().unwrap(), &name).await);
    counts_all_or_none(&*one).await;
    counts_as_one(vec![one, two]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_limits_and_two_installations_do_not() {
    let name = namespace();
    let server = shared().unwrap();
    let (one, two) = (open(server, &name).await, open(server, &name).await);
    let (one, two, guess) = (replica(&one), replica(&two), fresh(&GUESSES));
    for replica in [&one, &two, &one, &two] {
        replica.admit(&[guess], NOW).await.unwrap();
    }
    for replica in [&one, &two] {
        assert_eq!(replica.admit(&[guess], NOW).await.unwrap_err().wait.seconds(), 1);
    }
    let other = replica(&open(server, &namespace()).await);
    other.admit(&[guess], NOW).await.unwrap();
}

#[tokio::test]
async fn a_success_on_one_replica_frees_the_person_on_the_other() {
    let name = namespace();
    let server = shared().unwrap();
    let (one, two) = (open(server, &name).await, open(server, &name).await);
    let (one, two, guess) = (replica(&one), replica(&two), fresh(&GUESSES));
    for _ in 0..3 {
        two.admit(&[guess], NOW).await.unwrap();
    }
    one.admit(&[guess], NOW).await.unwrap();
    one.settle(&[(guess, Ending::Cleared)], NOW).await;
    for _ in 0..4 {
        two.admit(&[guess], NOW).await.unwrap();
    }
    two.admit(&[guess], NOW).await.unwrap_err();
}

#[tokio::test]
async fn every_key_has_an_end_and_names_nobody() {
    let (name, server) = (namespace(), Server::start().unwrap());
    let redis = open(&server, &name).await;
    let (guess, request) = (fresh(&GUESSES), fresh(&REQUESTS));
    redis.admit(&[guess, request], NOW).await.unwrap();
    redis.settle(&[(guess, Ending::Failed)], NOW).await.unwrap();
    redis.remember(Digest::of("x"), Seconds::new(60)).await.unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let limit = |ask: Ask| format!("nauthera:{name}:limit:{}", hex(&ask.key.0));
    let seen = format!("nauthera:{name}:seen:{}", hex(&Digest::of("x").0));
    for (key, longest) in [(limit(guess), 300), (limit(request), 10), (seen, 120)] {
        let ends = server.command(&["TTL", &key]).unwrap();
        let seconds: i64 = ends.trim_start_matches(':').parse().unwrap();
        assert!((1..=longest).contains(&seconds), "{key}: {ends}");
    }
    assert_eq!(server.command(&["DBSIZE"]).unwrap(), ":3");
    redis.settle(&[(guess, Ending::Cleared), (request, Ending::Undone)], NOW).await.unwrap();
    assert_eq!(server.command(&["DBSIZE"]).unwrap(), ":1", "what is over is gone at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_remembered_once() {
    let (name, server) = (namespace(), shared().unwrap());
    let (one, two) = (open(server, &name).await, open(server, &name).await);
    let value = Digest::of("an assertion");
    let tries = (0..50).map(|n| {
        let redis = if n % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { redis.remember(value, HOUR).await.unwrap() })
    });
    let firsts = futures::future::join_all(tries.collect::<Vec<_>>()).await;
    assert_eq!(firsts.into_iter().filter(|first| *first.as_ref().unwrap()).count(), 1);
    assert!(one.remember(Digest::of("another"), HOUR).await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_not_there_refuses_at_once_and_is_found_when_it_comes() {
    let server = Server::start().unwrap();
    server.kill();
    let redis = open(&server, "n").await;
    let asked = Instant::now();
    is_away(redis.remember(Digest::of("x"), HOUR).await);
    is_away(redis.admit(&[fresh(&GUESSES)], NOW).await);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    server.begin().unwrap();
    until(async || answers(&redis).await).await;
    assert!(redis.remember(Digest::of("x"), HOUR).await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_each_replica_its_own_limits_from_where_they_stood() {
    let server = Server::start().unwrap();
    let redis = open(&server, "n").await;
    let (limiter, guess) = (replica(&redis), fresh(&GUESSES));
    limiter.admit(&[guess], NOW).await.unwrap();
    assert!(!limiter.health().is_away());
    server.kill();
    for _ in 0..3 {
        limiter.admit(&[guess], NOW).await.unwrap();
    }
    limiter.admit(&[guess], NOW).await.unwrap_err();
    assert!(limiter.health().is_away());
    is_away(redis.remember(Digest::of("x"), HOUR).await);
    server.begin().unwrap();
    until(async || answers(&redis).await).await;
    limiter.admit(&[fresh(&GUESSES)], NOW).await.unwrap();
    assert!(!limiter.health().is_away(), "and it is told when they are shared again");
    limiter.admit(&[guess], NOW).await.unwrap_err();
}

#[tokio::test]
async fn a_server_that_hangs_costs_a_tenth_of_a_second_once_and_is_back_when_it_goes_on() {
    let server = Server::start().unwrap();
    let hurried = Redis::open(Source::Url(server.url().into()), "n", Options::default()).await.unwrap();
    let redis = Arc::new(hurried);
    let limiter = replica(&redis);
    until(async || answers(&redis).await).await;
    server.pause().unwrap();
    let asked = Instant::now();
    for _ in 0..200 {
        limiter.admit(&[fresh(&GUESSES)], NOW).await.unwrap();
        is_away(redis.remember(Digest::of("x"), HOUR).await);
    }
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(limiter.health().is_away());
    server.resume().unwrap();
    until(async || answers(&redis).await).await;
    // The first question was sent and may have been heard; who asked it was told to come again.
    assert!(!limiter.health().is_away() || answers(&redis).await);
    assert!(redis.remember(Digest::of("y"), HOUR).await.unwrap());
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_as_good_as_away() {
    let server = Server::start().unwrap();
    let redis = open(&server, "n").await;
    assert!(answers(&redis).await);
    // Full, and told to remove nothing.
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap(), "+OK");
    is_away(redis.remember(Digest::of("x"), HOUR).await);
    until(async || matches!(redis.admit(&[fresh(&GUESSES)], NOW).await, Err(StoreError::Unavailable(_))))
        .await;
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap(), "+OK");
    until(async || answers(&redis).await).await;
}

#[tokio::test]
async fn a_server_that_evicts_is_known() {
    let server = Server::start().unwrap();
    let redis = open(&server, "n").await;
    assert_eq!(redis.eviction().await.unwrap(), None);
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "100mb"]).unwrap(), "+OK");
    assert_eq!(redis.eviction().await.unwrap(), None, "it refuses instead");
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap(), "+OK");
    assert_eq!(redis.eviction().await.unwrap().as_deref(), Some("allkeys-lru"));
}

#[tokio::test]
async fn a_password_that_changes_in_the_file_is_followed() {
    let server = Server::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("redis");
    let write = |password: &str| {
        std::fs::write(&file, format!("redis://:{password}@127.0.0.1:{}\n", server.port())).unwrap();
    };
    assert_eq!(server.command(&["CONFIG", "SET", "requirepass", "first"]).unwrap(), "+OK");
    write("first");
    let redis = Redis::open(Source::File(file.clone()), "n", PATIENT).await.unwrap();
    assert!(answers(&redis).await);
    server.kill();
    server.begin().unwrap();
    assert_eq!(server.command(&["CONFIG", "SET", "requirepass", "second"]).unwrap(), "+OK");
    is_away(redis.admit(&[fresh(&GUESSES)], NOW).await);
    write("second");
    until(async || answers(&redis).await).await;
}

/// A server with a certificate of its own, and the certificate in a file.
fn over_tls() -> (Server, tempfile::TempDir, String) {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let options = [
        ("port", "0"),
        ("tls-port", "{port}"),
        ("tls-cert-file", "{files}/tls.crt"),
        ("tls-key-file", "{files}/tls.key"),
        ("tls-auth-clients", "no"),
    ];
    let settings = Settings {
        options: options.map(|(name, value)| (name.into(), value.into())).to_vec(),
        files: vec![
            ("tls.crt".into(), made.cert.pem()),
            ("tls.key".into(), made.signing_key.serialize_pem()),
        ],
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("ca.pem");
    std::fs::write(&root, made.cert.pem()).unwrap();
    (Server::with(settings).unwrap(), folder, root.display().to_string())
}

#[tokio::test]
async fn over_tls_a_server_is_known_by_its_ca_or_not_spoken_to() {
    let (server, folder, root) = over_tls();
    let opened = async |scheme: &str, host: &str, root: &str| {
        let url = format!("{scheme}://{host}:{}/?sslrootcert={root}", server.port());
        Redis::open(Source::Url(url.into()), "n", PATIENT).await.unwrap()
    };
    assert!(answers(&opened("rediss", "127.0.0.1", &root).await).await);
    assert!(answers(&opened("valkeys", "127.0.0.1", &root).await).await);
    is_away(opened("rediss", "localhost", &root).await.admit(&[fresh(&GUESSES)], NOW).await);
    let stranger = folder.path().join("stranger.pem");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&stranger, other.cert.pem()).unwrap();
    let other = opened("rediss", "127.0.0.1", &stranger.display().to_string()).await;
    is_away(other.admit(&[fresh(&GUESSES)], NOW).await);
}

#[tokio::test]
async fn a_storm_on_one_account_takes_few_questions() {
    let server = Server::start().unwrap();
    let redis = open(&server, "n").await;
    let (limiter, account) = (replica(&redis), fresh(&GUESSES));
    for _ in 0..1_000 {
        limiter.admit(&[account, fresh(&PLACES)], NOW).await.ok();
    }
    assert!(limiter.look(&[account], NOW).is_err());
    // Four were admitted; that the next must wait, this replica knew by itself.
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    assert!(stats.contains("cmdstat_evalsha:calls=4,"), "{stats}");
}
