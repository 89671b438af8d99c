//! The ports themselves: connections over real sockets that are slow, oversized, half-open or malformed, and an end that lets
//! what was accepted finish. Time stands still but for deadlines: it jumps to the next one when nothing else is left to do.

use crate::support::World;
use nauthera_server::listen::{Port, Provider, Stopper};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A provider that listens.
struct Listening {
    address: SocketAddr,
    stopper: Stopper,
    serving: JoinHandle<std::io::Result<()>>,
    _world: World,
}

impl Listening {
    fn start() -> Self {
        Self::at_most(1_000)
    }

    fn at_most(connections: usize) -> Self {
        let world = World::new();
        let port = Port::bind("127.0.0.1:0".parse().unwrap(), None).unwrap().at_most(connections);
        let (address, stopper) = (port.address().unwrap(), port.stopper());
        let serving = tokio::spawn(port.serve(Provider(world.app.clone())));
        Self { address, stopper, serving, _world: world }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back until the server closes the connection.
    async fn told(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close before all of it is sent.
        stream.write_all(bytes).await.ok();
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset ends it as well.
    stream.read_to_end(&mut text).await.ok();
    String::from_utf8_lossy(&text).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

const GET: &str = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: 127.0.0.1\r\n";
const POST: &str = "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";

#[tokio::test(start_paused = true)]
async fn a_request_whose_headers_never_end_is_ended() {
    let server = Listening::start();
    for begun in ["", "G", GET] {
        let before = Instant::now();
        let answer = server.told(begun.as_bytes()).await;
        assert!(answer.is_empty() || status(&answer) == "408", "{answer}");
        let took = before.elapsed();
        assert!((Duration::from_secs(5)..Duration::from_secs(15)).contains(&took), "{begun:?} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_drip_gain_no_time() {
    let server = Listening::start();
    let (mut reader, mut writer) = server.connect().await.into_split();
    let before = Instant::now();
    writer.write_all(GET.as_bytes()).await.unwrap();
    let drip = tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            every.tick().await;
            if writer.write_all(b"X-Drip: 1\r\n").await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await.ok();
    assert!(before.elapsed() < Duration::from_secs(15));
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_a_408() {
    let server = Listening::start();
    let request = format!("{POST}Content-Length: 20\r\n\r\ngrant_type");
    let before = Instant::now();
    let answer = server.told(request.as_bytes()).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(before.elapsed() < Duration::from_secs(15));
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
    let server = Listening::at_most(2);
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
    held.pop();
    let deadline = Instant::now() + Duration::from_secs(10);
    while asked().await.is_empty() {
        assert!(Instant::now() < deadline, "the place was not given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_accepted_is_finished_when_the_server_stops() {
    let server = Listening::start();
    let mut stream = server.connect().await;
    let body = "grant_type=nothing";
    let head = format!("{POST}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server says so when it waits for the body: the request is under way.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told[9..12], b"100");
    server.stopper.stop();
    stream.write_all(body.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(["400", "401"].contains(&status(&answer)), "{answer}");
    server.serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
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
