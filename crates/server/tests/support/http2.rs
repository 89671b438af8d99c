//! HTTP/2 frame by frame (RFC 9113), for what no client library sends.

use super::listening::Listening;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A frame.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    /// As it is sent.
    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], self.kind, self.flags];
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// The error code of a GOAWAY or RST_STREAM.
    pub fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A header that is neither indexed nor compressed (RFC 7541 section 6.2.2).
pub fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        // A length of seven bits, and what is over in groups of seven.
        match u8::try_from(text.len()) {
            Ok(length) if length < 127 => bytes.push(length),
            _ => {
                bytes.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    bytes.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                bytes.push(u8::try_from(rest).unwrap());
            }
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// The headers of a request.
pub fn request(method: &str, path: &str) -> Vec<u8> {
    [
        literal(":method", method),
        literal(":scheme", "http"),
        literal(":path", path),
        literal(":authority", "127.0.0.1"),
        literal("content-type", "application/x-www-form-urlencoded"),
    ]
    .concat()
}

/// A connection of frames.
pub struct Frames {
    reader: OwnedReadHalf,
    /// For what is written without regard to what is read.
    pub writer: OwnedWriteHalf,
}

impl Frames {
    /// Connects and says hello with these settings.
    pub async fn connect(server: &Listening, settings: &[u8]) -> Self {
        let stream: TcpStream = server.connect().await;
        let (reader, writer) = stream.into_split();
        let mut frames = Self { reader, writer };
        frames.writer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        frames.send(Frame::new(SETTINGS, 0, 0, settings)).await;
        frames
    }

    /// Sends a frame; whether anybody took it.
    pub async fn send(&mut self, frame: Frame) -> bool {
        self.writer.write_all(&frame.bytes()).await.is_ok()
    }

    /// The next frame that says something; pings are answered. `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.reader.read_exact(&mut head).await.ok()?;
            let length = usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).unwrap();
            let mut payload = vec![0; length];
            self.reader.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let frame = Frame { kind: head[3], flags: head[4], stream, payload };
            match frame.kind {
                PING if frame.flags & ACK == 0 => {
                    self.send(Frame::new(PING, ACK, 0, frame.payload)).await;
                }
                SETTINGS if frame.flags & ACK != 0 => {}
                _ => return Some(frame),
            }
        }
    }

    /// Waits until all that was sent has been looked at.
    pub async fn settle(&mut self) -> Option<()> {
        self.send(Frame::new(PING, 0, 0, [7; 8])).await;
        while self.next().await?.kind != PING {}
        Some(())
    }

    /// All frames until the connection ends.
    pub async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }
}
