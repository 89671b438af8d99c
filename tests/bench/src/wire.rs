//! HTTP/1.1 on a plain socket, as little of it as a load generator needs: one request after the other on a connection that stays
//! open, answers with a `Content-Length`. It costs a fraction of what the server spends on the same request.

use anyhow::{Context, Result, bail};
use socket2::{Domain, Socket, Type};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for an answer: whatever hangs ends the measurement.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LARGEST: usize = 1024 * 1024;

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
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

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, address)
    }

    /// Connects from another address of this machine: all of 127.0.0.0/8 are.
    pub fn open_from(source: Ipv4Addr, address: SocketAddr) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect_timeout(&address.into(), PATIENCE).context("no connection")?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1_024) })
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let (head, length) = loop {
            self.more()?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = self.buffer.get(..end).unwrap_or_default();
                break (end, content_length(std::str::from_utf8(head)?)?);
            }
        };
        let (start, end) = (head + 4, head + 4 + length);
        if end > LARGEST {
            bail!("an answer of {length} bytes");
        }
        while self.buffer.len() < end {
            self.more()?;
        }
        let head = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let body = std::str::from_utf8(self.buffer.get(start..end).unwrap_or_default())?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("no status line")?;
        Ok(Answer { status, head, body })
    }

    fn more(&mut self) -> Result<()> {
        let mut part = [0; 8 * 1_024];
        let count = self.stream.read(&mut part)?;
        if count == 0 {
            bail!("the server closed the connection");
        }
        self.buffer.extend_from_slice(part.get(..count).unwrap_or_default());
        if self.buffer.len() > LARGEST {
            bail!("an answer of more than {LARGEST} bytes");
        }
        Ok(())
    }
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
    pub fn expect(self, status: u16) -> Result<Self> {
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
