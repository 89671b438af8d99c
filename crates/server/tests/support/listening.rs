//! A provider that listens on real sockets, and plain connections to it.

use super::world::World;
use nauthera_server::http::{Network, TrustedProxies};
use nauthera_server::listen::{Certificates, Port, PortOptions, Provider, Stopper, Tally};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The headers of a GET, without their end.
pub const GET: &str = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: 127.0.0.1\r\n";
/// The headers of a POST of a form on a connection of its own, without their end.
pub const POST: &str = "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n";

/// A provider that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    /// What stops it.
    pub stopper: Stopper,
    /// Ends when it has stopped.
    pub serving: JoinHandle<std::io::Result<()>>,
    /// What it counts.
    pub tally: Tally,
    /// The provider behind it.
    pub world: World,
}

impl Listening {
    /// With the deadlines of production.
    pub fn start() -> Self {
        Self::with(PortOptions::default())
    }

    /// With others.
    pub fn with(options: PortOptions) -> Self {
        Self::of(World::new(), options, None, "")
    }

    /// Of a world, perhaps with TLS, and with proxies that are believed.
    pub fn of(
        world: World,
        options: PortOptions,
        certificates: Option<Arc<Certificates>>,
        proxies: &str,
    ) -> Self {
        let proxies = proxies.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap());
        let proxies: TrustedProxies = proxies.collect::<Vec<Network>>().into();
        let port = Port::bind("127.0.0.1:0".parse().unwrap(), certificates).unwrap();
        let tally = world.app.metrics.connections.clone();
        let port = port.with(options).counting(tally.clone());
        let (address, stopper) = (port.address().unwrap(), port.stopper());
        let serving = tokio::spawn(port.serve(Provider::new(world.app.clone(), proxies)));
        Self { address, stopper, serving, tally, world }
    }

    /// Connects.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back until the server closes the connection.
    pub async fn told(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close before all of it is sent.
        stream.write_all(bytes).await.ok();
        rest(&mut stream).await
    }
}

/// Everything until the server closes the connection.
pub async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = Vec::new();
    // A reset ends it as well.
    stream.read_to_end(&mut text).await.ok();
    String::from_utf8_lossy(&text).into_owned()
}

/// One answer on a connection that stays open.
pub async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if length.is_none_or(|length| body.len() >= length.trim().parse().unwrap()) {
                return text;
            }
        }
        let mut part = [0; 4_096];
        let count = stream.read(&mut part).await.unwrap();
        assert!(count > 0, "closed before the answer was whole: {text:?}");
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
}

/// The status of an answer; empty where there is none.
pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}
