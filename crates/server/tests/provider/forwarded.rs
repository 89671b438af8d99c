//! The address that limits and the audit see, behind proxies that are trusted and without any.

use crate::support::{Call, Listening, POST, World, status};
use nauthera_server::listen::PortOptions;

/// The address that the audit names for a token request with these header lines.
async fn audited(proxies: &str, lines: &str) -> String {
    let server = Listening::of(World::new(), PortOptions::default(), None, proxies);
    let call = Call::token(&server.world, "client_credentials").by("shop.job");
    let (_, credentials) = &call.headers[0];
    let body = "grant_type=client_credentials";
    let request =
        format!("{POST}{lines}Authorization: {credentials}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = server.told(request.as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    server.world.audit.last("token_issued")["peer"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_trusted_proxies_nobody_says_where_they_come_from() {
    let lines = "X-Forwarded-For: 203.0.113.7\r\nForwarded: for=203.0.113.7\r\nX-Real-IP: 203.0.113.7\r\n";
    assert_eq!(audited("", lines).await, "127.0.0.1");
    assert_eq!(audited("10.0.0.0/8,192.0.2.1", lines).await, "127.0.0.1");
}

#[tokio::test]
async fn a_trusted_proxy_says_it_for_its_clients() {
    for (lines, address) in [
        ("X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"),
        ("X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7, 127.0.0.9\r\n", "203.0.113.7"),
        ("Forwarded: for=\"[2001:db8::7]:4711\";proto=https\r\n", "2001:db8::7"),
        ("X-Forwarded-For: nonsense\r\n", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(audited("127.0.0.0/8", lines).await, address, "{lines}");
    }
}

#[tokio::test]
async fn what_a_proxy_says_of_host_and_scheme_changes_nothing() {
    let server = Listening::of(World::new(), PortOptions::default(), None, "127.0.0.1");
    let request = format!(
        "{}X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: for=203.0.113.7;host=evil.example;proto=https\r\nConnection: close\r\n\r\n",
        crate::support::GET
    );
    let answer = server.told(request.as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(!answer.contains("evil.example") && answer.contains(server.world.issuer()), "{answer}");
}
