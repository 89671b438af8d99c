//! HTTP/1.1 on a plain socket, as little of it as a load generator needs: one request after the other on a connection that stays
//! open, answers with a `Content-Length`. It costs a fraction of what the server spends on the same request.

use anyhow::{Context, Result, bail};
use socket2::{Domain, Socket, Type};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest wait for an answer: whatever hangs ends the measurement.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LARGEST: usize = 1024 * 1024;

/// A connection that stays open, and blocks: for what is done before a load.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A connection that stays open, for loads: one thread drives many.
pub struct LoadConnection {
    stream: tokio::net::TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as it lies in the connection's buffer.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    head: &'a str,
    /// The body.
    pub body: &'a str,
}

/// Connects from an address of this machine: all of 127.0.0.0/8 are.
fn connected(source: Ipv4Addr, address: SocketAddr) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect_timeout(&address.into(), PATIENCE).context("no connection")?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self> {
        // What listens elsewhere answers to the address that leads there.
        let source = if address.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let stream = connected(source, address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut part = [0; 8 * 1_024];
        let parts = loop {
            let count = self.stream.read(&mut part)?;
            if let Some(parts) = arrived(&mut self.buffer, part.get(..count).unwrap_or_default())? {
                break parts;
            }
        };
        Answer::read(&self.buffer, parts)
    }
}

impl LoadConnection {
    /// Connects; within a runtime.
    pub fn open(source: Ipv4Addr, address: SocketAddr) -> Result<Self> {
        let stream = connected(source, address)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream: tokio::net::TcpStream::from_std(stream)?, buffer: Vec::with_capacity(16 * 1_024) })
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut part = [0; 8 * 1_024];
        let parts = loop {
            let count = self.stream.read(&mut part).await?;
            if let Some(parts) = arrived(&mut self.buffer, part.get(..count).unwrap_or_default())? {
                break parts;
            }
        };
        Answer::read(&self.buffer, parts)
    }
}

/// Adds what arrived; once the answer is whole, where its head ends and where its body does.
fn arrived(buffer: &mut Vec<u8>, part: &[u8]) -> Result<Option<(usize, usize)>> {
    if part.is_empty() {
        bail!("the server closed the connection");
    }
    buffer.extend_from_slice(part);
    if buffer.len() > LARGEST {
        bail!("an answer of more than {LARGEST} bytes");
    }
    let Some(head) = find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let end = head + 4 + content_length(std::str::from_utf8(buffer.get(..head).unwrap_or_default())?)?;
    Ok((buffer.len() >= end).then_some((head, end)))
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|part| part == what)
}

fn content_length(head: &str) -> Result<usize> {
    header(head, "content-length")
        .context("an answer without content-length")?
        .parse()
        .context("content-length")
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

impl<'a> Answer<'a> {
    fn read(buffer: &'a [u8], (head, end): (usize, usize)) -> Result<Self> {
        let body = std::str::from_utf8(buffer.get(head + 4..end).unwrap_or_default())?;
        let head = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("no status line")?;
        Ok(Self { status, head, body })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        header(self.head, name)
    }

    /// The name and value of each cookie that it sets.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = self.head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, value)| value.trim().split(';').next()?.split_once('='))
    }

    /// This answer, if it has that status.
    pub fn expect(&self, status: u16) -> Result<&Self> {
        if self.status == status {
            return Ok(self);
        }
        let body: String = self.body.chars().take(300).collect();
        bail!("status {} where {status} is due: {body}", self.status)
    }
}

/// A GET request, with cookies where there are some.
pub fn get(target: &str, cookies: &str) -> Vec<u8> {
    let mut request = format!("GET {target} HTTP/1.1\r\n{COMMON}");
    if !cookies.is_empty() {
        // Writing into a string fails only where memory does.
        write!(request, "Cookie: {cookies}\r\n").unwrap_or_default();
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// A POST request of a form; `more` are further header lines, each with its line end.
pub fn post(path: &str, form: &str, more: &str) -> Vec<u8> {
    let length = form.len();
    let kind = "application/x-www-form-urlencoded";
    format!(
        "POST {path} HTTP/1.1\r\n{COMMON}{more}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

/// What clients usually send.
const COMMON: &str = "Host: 127.0.0.1\r\nUser-Agent: nauthera-bench\r\nAccept: */*\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let mut buffer = Vec::new();
        assert_eq!(arrived(&mut buffer, b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        assert_eq!(arrived(&mut buffer, b"ngth: 3\r\nSet-Cookie: a=b; Path=/\r\n\r\nx").unwrap(), None);
        let parts = arrived(&mut buffer, b"yz").unwrap().unwrap();
        let answer = Answer::read(&buffer, parts).unwrap();
        assert_eq!((answer.status, answer.body), (200, "xyz"));
        assert_eq!(answer.cookies().collect::<Vec<_>>(), [("a", "b")]);
        assert!(answer.expect(200).is_ok() && answer.expect(303).is_err());
    }

    #[test]
    fn a_connection_that_ends_is_an_error() {
        assert!(arrived(&mut Vec::new(), b"").is_err());
    }
}
