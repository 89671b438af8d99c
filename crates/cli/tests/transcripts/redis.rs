//! `--redis`: what is shared between replicas beside the database.

use crate::run::{stderr, stdout};
use crate::serving::Folder;
use nauthera_test_redis::Server;

const ISSUER: &str = "ready http://127.0.0.1:8080";

#[test]
fn a_url_that_cannot_be_used_is_told_without_its_password() {
    let folder = Folder::of_three_teams();
    std::fs::write(folder.at("url"), "redis://:hunter2@cache.example/db\n").unwrap();
    for (url, want) in [
        ("redis://:hunter2@cache.example/db", "the Redis URL cannot be used"),
        ("http://:hunter2@cache.example", "write redis://HOST:PORT"),
        ("file:url", "url: the Redis URL cannot be used"),
    ] {
        let arguments = ["up", "manifests", "--listen", "127.0.0.1:0", "--console", "none", "--redis", url];
        let output = folder.command(&arguments).output().unwrap();
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("--redis cannot be used") && told.contains(want), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_server_starts_with_a_redis_that_is_away_and_finds_it_when_it_comes() {
    let folder = Folder::of_three_teams();
    let redis = Server::start().unwrap();
    redis.kill();
    std::fs::write(folder.at("url"), redis.url()).unwrap();
    let up = folder.started(&[("NAUTHERA_LOG", "info")], &["--data", "data", "--redis", "file:url"]);
    up.prints(ISSUER);
    up.says("Redis is away", 1);
    redis.begin().unwrap();
    up.says("Redis is there again", 1);
    up.stop();
}

#[test]
fn a_doctor_says_how_it_is_with_redis() {
    let folder = Folder::of_three_teams();
    let redis = Server::start().unwrap();
    let (url, issuer) = (redis.url(), "http://127.0.0.1:9");
    let doctor = || {
        let arguments = ["doctor", "--issuer", issuer, "--admin-listen", "none", "--redis", &url];
        stdout(&folder.command(&arguments).output().unwrap())
    };
    assert!(doctor().contains("ok       redis     it takes writes"), "{}", doctor());
    redis.command(&["CONFIG", "SET", "maxmemory", "100mb"]).unwrap();
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]).unwrap();
    let told = doctor();
    assert!(told.contains("warning  redis     it may remove") && told.contains("noeviction"), "{told}");
    redis.kill();
    let told = doctor();
    assert!(told.contains("error    redis     Redis: ") && told.contains("full"), "{told}");
}
