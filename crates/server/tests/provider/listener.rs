//! The ports themselves: connections over real sockets that are slow, oversized, half-open or malformed, and an end that lets
//! what was accepted finish. Time stands still but for deadlines: it jumps to the next one when nothing else is left to do.

use crate::support::{GET, Listening, POST, answer, rest, status};
use nauthera_server::listen::{Cut, PortOptions};
use nauthera_server::metrics::{Format, Readings};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_headers_never_end_is_ended() {
    let server = Listening::start();
    for begun in ["", "G", GET] {
        let before = Instant::now();
        let answer = server.told(begun.as_bytes()).await;
        assert!(answer.is_empty() || status(&answer) == "408", "{answer}");
        let took = before.elapsed();
        assert!((seconds(9)..seconds(12)).contains(&took), "{begun:?} {took:?}");
    }
    assert_eq!(server.tally.cuts(Cut::Headers), 3);
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_a_later_request_have_a_deadline_too() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), "200");
    tokio::time::sleep(seconds(30)).await;
    let before = Instant::now();
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert!((seconds(9)..seconds(12)).contains(&before.elapsed()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_idles_is_closed_cleanly_and_late_enough_for_proxies() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
        assert_eq!(status(&answer(&mut stream).await), "200");
        tokio::time::sleep(seconds(60)).await;
    }
    let mut last = [0];
    // Closed, not reset.
    assert_eq!(stream.read(&mut last).await.unwrap(), 0);
    assert_eq!(server.tally.cuts(Cut::Headers), 0);
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_options() {
    let options =
        PortOptions { headers: seconds(1), body: seconds(2), idle: seconds(3), ..PortOptions::default() };
    let server = Listening::with(options);
    let whole = format!("{GET}\r\n");
    let body = format!("{POST}Content-Length: 20\r\n\r\ngrant_type");
    for (request, after) in [(GET, 1), (&*body, 2), (&*whole, 3)] {
        let before = Instant::now();
        server.told(request.as_bytes()).await;
        assert!((seconds(after)..seconds(after + 1)).contains(&before.elapsed()), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_drip_gain_no_time() {
    let server = Listening::start();
    let (mut reader, mut writer) = server.connect().await.into_split();
    let before = Instant::now();
    writer.write_all(GET.as_bytes()).await.unwrap();
    let drip = tokio::spawn(async move {
        let mut every = tokio::time::interval(seconds(1));
        loop {
            every.tick().await;
            if writer.write_all(b"X-Drip: 1\r\n").await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await.ok();
    assert!(before.elapsed() < seconds(15));
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_a_408() {
    let server = Listening::start();
    let request = format!("{POST}Content-Length: 20\r\n\r\ngrant_type");
    let before = Instant::now();
    let answer = server.told(request.as_bytes()).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(before.elapsed() < seconds(12));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_gains_no_time() {
    let server = Listening::start();
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let (mut reader, mut writer) = server.connect().await.into_split();
        let before = Instant::now();
        let drip = if head.starts_with('C') { "x" } else { "1\r\nx\r\n" };
        writer.write_all(format!("{POST}{head}\r\n\r\n").as_bytes()).await.unwrap();
        let drip = tokio::spawn(async move {
            let mut every = tokio::time::interval(seconds(1));
            loop {
                every.tick().await;
                if writer.write_all(drip.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        let answer = rest(&mut reader).await;
        assert_eq!(status(&answer), "408", "{answer}");
        assert!(before.elapsed() < seconds(13), "{:?}", before.elapsed());
        drip.abort();
    }
}

#[tokio::test]
async fn a_chunked_body_without_end_is_a_413_that_its_sender_gets_to_read() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    stream.write_all(format!("{POST}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    // It never reads while it sends, and stops only when nobody takes any more.
    let mut sent = 0;
    while sent < 200 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    let answer = rest(&mut stream).await;
    assert_eq!(status(&answer), "413", "after {sent} chunks: {answer}");
}

#[tokio::test]
async fn who_takes_no_answers_is_ended() {
    let options = PortOptions { unread: Duration::from_millis(300), ..PortOptions::default() };
    let server = Listening::with(options);
    let (mut reader, mut writer) = server.connect().await.into_split();
    let requests = format!("{GET}\r\n").repeat(100);
    // Sends for as long as somebody takes it, and reads nothing.
    while let Ok(Ok(())) = tokio::time::timeout(seconds(10), writer.write_all(requests.as_bytes())).await {}
    assert_eq!(server.tally.cuts(Cut::Unread), 1);
    rest(&mut reader).await;
}

#[tokio::test]
async fn oversized_requests_are_refused() {
    let server = Listening::start();
    let large = "x".repeat(70_000);
    let many: String = (0..1_000).map(|number| format!("X-{number}: y\r\n")).collect();
    for (request, refused) in [
        (format!("{POST}Content-Length: {}\r\n\r\n{large}", large.len()), "413"),
        (format!("{GET}{many}\r\n"), "431"),
        (format!("{GET}X-Large: {}\r\n\r\n", "x".repeat(200_000)), "431"),
        (format!("GET /{large} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "414"),
        (format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "x".repeat(200_000)), "431"),
    ] {
        let answer = server.told(request.as_bytes()).await;
        assert_eq!(status(&answer), refused, "{answer}");
    }
}

#[tokio::test]
async fn requests_of_two_lengths_or_of_no_known_shape_are_refused() {
    let server = Listening::start();
    for request in [
        format!("{POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        format!("{POST}Transfer-Encoding: chunked\r\n\r\nnot hexadecimal\r\n"),
        format!("{POST}Content-Length: -1\r\n\r\n"),
        "NONSENSE\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("{GET}No colon\r\n\r\n"),
        format!("{GET}Host: other.example\r\nConnection: close\r\n\r\n"),
        format!("{GET}Null: \0\r\n\r\n"),
    ] {
        let answer = server.told(request.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_place_is_given_back() {
    let server = Listening::with(PortOptions { connections: 2, ..PortOptions::default() });
    let whole = format!("{GET}Connection: close\r\n\r\n");
    let asked = || server.told(whole.as_bytes());
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
        // An answer: this one is in, and stays.
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        held.push(stream);
    }
    assert_eq!(asked().await, "");
    assert_eq!((server.tally.open(), server.tally.turned_away()), (2, 1));
    let app = &server.world.app;
    let shown = app.metrics.text(&Readings::of(app), Format::Text);
    assert!(shown.contains("nauthera_connections_turned_away_total 1\n"), "{shown}");
    held.pop();
    let deadline = Instant::now() + seconds(10);
    while asked().await.is_empty() {
        assert!(Instant::now() < deadline, "the place was not given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_request_too_many_is_503_and_a_place_is_given_back() {
    let server = Listening::with(PortOptions { requests: 1, ..PortOptions::default() });
    let mut open = server.connect().await;
    open.write_all(format!("{POST}Content-Length: 20\r\nExpect: 100-continue\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut told = [0; 25];
    open.read_exact(&mut told).await.unwrap();
    let whole = format!("{GET}Connection: close\r\n\r\n");
    let refused = server.told(whole.as_bytes()).await.to_ascii_lowercase();
    assert_eq!(status(&refused), "503", "{refused}");
    assert!(refused.contains("retry-after: 2") && refused.contains("temporarily_unavailable"), "{refused}");
    open.write_all(b"grant_type=something").await.unwrap();
    assert_eq!(status(&rest(&mut open).await), "401");
    assert_eq!(status(&server.told(whole.as_bytes()).await), "200");
}

#[tokio::test(start_paused = true)]
async fn http_1_1_without_a_host_is_refused_and_http_1_0_needs_none() {
    let server = Listening::start();
    let path = "/.well-known/openid-configuration";
    for (version, host, code) in [
        ("1.1", "", "400"),
        ("1.1", "Host: a.example\r\nHost: b.example\r\n", "400"),
        ("1.1", "Host: a.example\r\n", "200"),
        ("1.0", "", "200"),
    ] {
        let asked = format!("GET {path} HTTP/{version}\r\n{host}Connection: close\r\n\r\n");
        let answer = server.told(asked.as_bytes()).await;
        assert_eq!(status(&answer), code, "HTTP/{version} {host:?}: {answer}");
    }
}
