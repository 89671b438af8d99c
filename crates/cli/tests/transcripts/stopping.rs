//! `nauthera server` told to stop, under load and without: no request that was sent is lost, and balancers are told first.

use crate::serving::{Folder, Up};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const READY: &str = "ready http://127.0.0.1:8080";
/// Clients of each kind.
const CLIENTS: usize = 6;
/// The longest that anything here may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// An answer, read to its end.
struct Answer {
    status: String,
    closes: bool,
}

/// Sends a request and reads its answer; the error says how far that came.
fn ask(stream: &mut TcpStream, request: &str) -> Result<Answer, String> {
    stream.set_read_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
    stream.write_all(request.as_bytes()).map_err(|error| format!("while sending: {error}"))?;
    let mut text = String::new();
    let mut part = [0; 8_192];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                let status = head.split(' ').nth(1).unwrap().to_owned();
                return Ok(Answer { status, closes: head.contains("connection: close") });
            }
        }
        match stream.read(&mut part) {
            Ok(0) => return Err(format!("closed after {:?}", text.lines().next())),
            Ok(count) => text.push_str(std::str::from_utf8(&part[..count]).unwrap()),
            Err(error) => return Err(format!("{error} after {:?}", text.lines().next())),
        }
    }
}

/// Has the server closed this connection, on which it owes nothing?
fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    !matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Asks again and again until nobody listens any more; the first request that was sent and not answered whole is an error. One that
/// keeps its connection asks on it while it is open.
fn client(address: SocketAddr, request: &str, keeps: bool, answered: &AtomicU64) -> Result<(), String> {
    let mut kept: Option<TcpStream> = None;
    loop {
        let open = kept.take().filter(|stream| !is_closed(stream));
        let mut stream = match open {
            Some(stream) => stream,
            // Nobody listens: nothing was sent.
            None => match TcpStream::connect(address) {
                Ok(stream) => stream,
                Err(_) => return Ok(()),
            },
        };
        let answer = ask(&mut stream, request)?;
        if answer.status != "200" {
            return Err(format!("answered with {}", answer.status));
        }
        answered.fetch_add(1, Ordering::SeqCst);
        kept = (keeps && !answer.closes).then_some(stream);
    }
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n")
}

/// A token request of the robot.
fn token(folder: &Folder) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let user = format!("{}:{}", encode("shop.robot"), encode(&folder.plain_secret()));
    let body = "grant_type=client_credentials&scope=read";
    format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        STANDARD.encode(user),
        body.len()
    )
}

/// Tells a server to stop while clients of every kind ask it as fast as they can.
fn stopped_under_load(folder: &Folder, server: Up, signal: &str) {
    let address = server.address("listening on ");
    let requests = [get("/.well-known/openid-configuration", ""), token(folder)];
    let answered = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..4 * CLIENTS)
        .map(|number| {
            let (request, answered) = (requests[number % 2].clone(), answered.clone());
            std::thread::spawn(move || client(address, &request, number % 4 < 2, &answered))
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 300 {
        assert!(clients.iter().any(|client| !client.is_finished()), "all clients have ended");
        std::thread::yield_now();
    }
    server.signal(signal);
    let lost: Vec<String> = clients.into_iter().filter_map(|client| client.join().unwrap().err()).collect();
    assert!(
        lost.is_empty(),
        "{} of {} requests were lost: {lost:?}",
        lost.len(),
        answered.load(Ordering::SeqCst)
    );
    server.ends();
}

#[test]
fn no_request_is_lost_when_a_server_under_load_is_told_to_stop() {
    let folder = Folder::of_three_teams();
    for signal in ["TERM", "INT", "TERM"] {
        let server = folder.server(&["--drain", "0s"]);
        server.says(READY, 1);
        stopped_under_load(&folder, server, signal);
    }
}

#[test]
fn no_request_is_lost_when_up_is_told_to_stop() {
    let folder = Folder::of_three_teams();
    let up = folder.up(&[]);
    up.prints(READY);
    stopped_under_load(&folder, up, "TERM");
}

#[test]
fn balancers_are_told_first_and_a_second_signal_ends_the_wait() {
    let folder = Folder::of_three_teams();
    let server = folder.server(&["--drain", "1h"]);
    server.says(READY, 1);
    let (address, admin) = (server.address("listening on "), server.address("admin on "));
    let status = |address, path| {
        let mut stream = TcpStream::connect(address).unwrap();
        ask(&mut stream, &get(path, "Connection: close\r\n")).unwrap().status
    };
    assert_eq!(status(admin, "/readyz"), "200");
    server.signal("TERM");
    server.says("stopping: not ready any more, and serving for 1h yet", 1);
    assert_eq!((status(admin, "/readyz"), status(admin, "/healthz")), ("503".into(), "200".into()));
    assert_eq!(status(address, "/oauth2/jwks"), "200");
    server.signal("TERM");
    server.ends();
    assert!(TcpStream::connect(address).is_err());
}
