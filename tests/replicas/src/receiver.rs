//! A client's end of back-channel logout: takes what it is sent, and leaves the first of it unanswered.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Queue, Sender, channel};
use std::time::Duration;

/// The longest that something is waited for.
const WITHIN: Duration = Duration::from_secs(60);

/// A receiver, for as long as this process lives.
pub struct Receiver {
    /// Where it listens, as a manifest names it.
    pub url: String,
    told: Queue<String>,
}

impl Receiver {
    /// Starts one that does not answer its first request.
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}/logout", listener.local_addr()?);
        let (sender, told) = channel();
        std::thread::Builder::new().name("receiver".into()).spawn(move || {
            let mut unanswered = Vec::new();
            for connection in listener.incoming().flatten() {
                if unanswered.is_empty() {
                    if let Ok(body) = read(&connection) {
                        sender.send(body).ok();
                    }
                    unanswered.push(connection);
                } else {
                    let sender = sender.clone();
                    std::thread::spawn(move || answer(connection, &sender));
                }
            }
        })?;
        Ok(Self { url, told })
    }

    /// The claims of the next logout token that comes. Whether it verifies is for other tests.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn next(&self) -> Result<Value> {
        let body = self.told.recv_timeout(WITHIN).context("no logout token came")?;
        let token = body.strip_prefix("logout_token=").context("another form")?;
        let claims = token.split('.').nth(1).context("no token")?;
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?)
    }

    /// Does nothing more come for a while?
    #[must_use]
    pub fn is_quiet_for(&self, time: Duration) -> bool {
        self.told.recv_timeout(time).is_err()
    }
}

fn read(connection: &TcpStream) -> Result<String> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(String::from_utf8(body)?)
}

fn answer(mut connection: TcpStream, sender: &Sender<String>) {
    if let Ok(body) = read(&connection) {
        sender.send(body).ok();
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
    }
}
