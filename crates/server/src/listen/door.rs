//! The listening socket: it lets connections in one by one, and is closed so that none is lost which its peer believes to have.

use socket2::SockRef;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};

/// How long nothing is accepted after the system had no descriptor or no memory for a connection.
const RECOVER: Duration = Duration::from_millis(50);
/// How long connections whose handshake was under way may still arrive at a door that is being closed.
const SETTLE: Duration = Duration::from_millis(100);

/// A socket that listens.
pub struct Door(TcpListener);

impl Door {
    /// Listens within the runtime.
    pub fn open(listener: std::net::TcpListener) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self)
    }

    /// The next connection. What the system cannot accept now it can accept later.
    pub async fn next(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    sleep(RECOVER).await;
                }
            }
        }
    }

    /// Takes no new connections, and lets those in that had begun. To close a listening socket resets every connection that waits in
    /// it, also those whose peers have sent a request already.
    pub async fn close(self, mut let_in: impl FnMut(TcpStream, SocketAddr)) {
        if let Err(error) = self.ignore_beginners() {
            tracing::debug!(%error, "connections that begin now may be reset");
        }
        let until = Instant::now() + SETTLE;
        while let Ok((stream, peer)) = timeout_at(until, self.next()).await {
            let_in(stream, peer);
        }
    }

    /// From now on the first packet of a handshake is dropped. Its sender tries again a second later, and then finds nobody, or another
    /// replica; whoever got an answer to it before is let in.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn ignore_beginners(&self) -> std::io::Result<()> {
        use socket2::SockFilter;
        // Classic BPF over the TCP header: load the byte of flags; with SYN drop the packet, else keep all of it.
        const LOAD_BYTE: u16 = 0x30;
        const JUMP_IF_SET: u16 = 0x45;
        const RETURN: u16 = 0x06;
        const FLAGS: u32 = 13;
        const SYN: u32 = 0x02;
        SockRef::from(&self.0).attach_filter(&[
            SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
            SockFilter::new(JUMP_IF_SET, 0, 1, SYN),
            SockFilter::new(RETURN, 0, 0, 0),
            SockFilter::new(RETURN, 0, 0, u32::MAX),
        ])
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn ignore_beginners(&self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpStream as Peer;

    #[tokio::test]
    async fn a_door_that_is_being_closed_ignores_beginners_and_lets_those_in_that_had_begun() {
        let door = Door::open(std::net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let address = door.0.local_addr().unwrap();
        let mut early = Peer::connect(address).unwrap();
        door.ignore_beginners().unwrap();
        // Not refused and not reset: nobody says anything.
        let late = Peer::connect_timeout(&address, Duration::from_millis(300)).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        let (stream, _) = door.next().await;
        early.write_all(b"question").unwrap();
        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).unwrap();
        assert_eq!(&question, b"question");
    }

    #[tokio::test]
    async fn all_that_wait_are_let_in_before_nobody_listens() {
        let door = Door::open(std::net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let address = door.0.local_addr().unwrap();
        let waiting: Vec<_> = (0..50).map(|_| Peer::connect(address).unwrap()).collect();
        let mut let_in = 0;
        door.close(|_, _| let_in += 1).await;
        assert_eq!(let_in, waiting.len());
        assert_eq!(Peer::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}
