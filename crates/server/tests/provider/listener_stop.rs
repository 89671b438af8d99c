//! A port that stops: whatever it accepted is answered whole, and whoever idles is let go in peace.

use crate::support::{BOTH, GET, Listening, Mounted, POST, World, answer, rest, status};
use http::Request;
use nauthera_server::admin::Admin;
use nauthera_server::listen::{Answer, Cut, PortOptions};
use std::io::Write;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const BODY: &str = "grant_type=nothing";

async fn stopped(server: Listening) {
    server.serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_was_accepted_is_finished_when_the_server_stops() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    let head = format!("{POST}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", BODY.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server says so when it waits for the body: the request is under way.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told[9..12], b"100");
    server.stopper.stop();
    stream.write_all(BODY.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(["400", "401"].contains(&status(&answer)), "{answer}");
    stopped(server).await;
}

#[tokio::test]
async fn a_connection_that_stays_open_is_answered_once_more_and_told_that_it_closes() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    assert!(!answer(&mut stream).await.to_ascii_lowercase().contains("connection: close"));
    server.stopper.stop();
    stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    let last = rest(&mut stream).await;
    assert_eq!(status(&last), "200");
    assert!(last.to_ascii_lowercase().contains("connection: close"), "{last}");
    stopped(server).await;
}

#[tokio::test(start_paused = true)]
async fn connections_that_idle_are_closed_after_a_moment() {
    let server = Listening::start();
    let mut asked = server.connect().await;
    asked.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    answer(&mut asked).await;
    let mut silent = server.connect().await;
    let before = Instant::now();
    server.stopper.stop();
    for stream in [&mut asked, &mut silent] {
        let mut last = [0];
        assert_eq!(stream.read(&mut last).await.unwrap(), 0, "closed, not reset");
    }
    let took = before.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_millis(1_500)).contains(&took), "{took:?}");
    drop((asked, silent));
    stopped(server).await;
}

#[tokio::test]
async fn connections_that_wait_to_be_accepted_are_answered() {
    let server = Listening::start();
    // All on this thread, before the server gets to look at any of them.
    let request = format!("{GET}\r\n");
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(server.address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            TcpStream::from_std(stream).unwrap()
        })
        .collect();
    server.stopper.stop();
    for mut stream in waiting {
        assert_eq!(status(&rest(&mut stream).await), "200");
    }
    stopped(server).await;
}

#[tokio::test]
async fn a_handshake_under_way_is_finished_and_its_request_answered() {
    let mounted = Mounted::new();
    let server = Listening::of(World::new(), PortOptions::default(), Some(mounted.certificates()), "");
    let early = server.connect().await;
    // Accepted, and in its handshake.
    while server.tally.open() == 0 {
        tokio::task::yield_now().await;
    }
    server.stopper.stop();
    let mut stream = mounted.connect(early, BOTH, &["http/1.1"]).await.unwrap();
    stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&rest(&mut stream).await), "200");
    stopped(server).await;
}

#[tokio::test]
async fn http_2_is_told_which_requests_are_still_taken() {
    let server = Listening::start();
    let (client, connection) = h2::client::handshake(server.connect().await).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = || {
        let request = Request::post("http://127.0.0.1/oauth2/token");
        request.header("content-type", "application/x-www-form-urlencoded").body(()).unwrap()
    };
    let (answer, mut body) = client.send_request(request(), false).unwrap();
    // It is under way when the server grants room for its body.
    body.reserve_capacity(1);
    while body.capacity() == 0 {
        std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
    }
    while server.tally.open() == 0 {
        tokio::task::yield_now().await;
    }
    server.stopper.stop();
    body.send_data(BODY.into(), true).unwrap();
    let answer = answer.await.unwrap();
    assert!([400, 401].contains(&answer.status().as_u16()), "{answer:?}");
    assert!(!answer.headers().contains_key("connection"));
    let mut body = answer.into_body();
    while let Some(part) = body.data().await {
        part.unwrap();
    }
    // A connection that was told goodbye takes no new request, answers those that crossed it, and ends without an error.
    while let Ok(mut client) = client.clone().ready().await
        && let Ok((crossed, _)) = client.send_request(request(), true)
        && let Ok(crossed) = crossed.await
    {
        assert!([400, 401].contains(&crossed.status().as_u16()), "{crossed:?}");
    }
    drop(client);
    connection.await.unwrap().unwrap();
    stopped(server).await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_ended() {
    let options = PortOptions { finish: Duration::from_secs(3), ..PortOptions::default() };
    let server = Listening::with(options);
    let mut stream = server.connect().await;
    stream.write_all(format!("{POST}Content-Length: 20\r\n\r\ngrant").as_bytes()).await.unwrap();
    while server.tally.open() == 0 {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    server.stopper.stop();
    assert_eq!(rest(&mut stream).await, "");
    let took = before.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_millis(3_500)).contains(&took), "{took:?}");
    assert_eq!(server.tally.cuts(Cut::Stop), 1);
    stopped(server).await;
}

#[tokio::test]
async fn a_server_that_is_about_to_stop_is_not_ready_and_serves_on() {
    let server = Listening::start();
    let admin = Admin::of(server.world.app.clone());
    let ready = async || {
        let request = Request::get("/readyz").body(axum::body::Body::empty()).unwrap();
        crate::support::Reply::read(admin.answer(server.address, request).await).await
    };
    let before = ready().await;
    assert_eq!((before.status.as_u16(), before.json()["status"].as_str()), (200, Some("ok")));
    server.world.app.begin_to_stop();
    let after = ready().await;
    assert_eq!((after.status.as_u16(), after.json()["status"].as_str()), (503, Some("stopping")));
    assert_eq!(after.json()["revision"], before.json()["revision"]);
    let answer = server.told(format!("{GET}Connection: close\r\n\r\n").as_bytes()).await;
    assert_eq!(status(&answer), "200");
}
