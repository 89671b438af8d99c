//! A proxy without a thought: each connection goes to the next replica that takes it, and bytes go both ways until one side ends.

use anyhow::Result;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Leads connections of a listener to these ports in turn, for as long as this process lives.
///
/// # Errors
/// When no thread can be started.
pub fn lead(listener: TcpListener, ports: Vec<u16>) -> Result<()> {
    let (ports, turn) = (Arc::new(ports), Arc::new(AtomicUsize::new(0)));
    std::thread::Builder::new().name("proxy".into()).spawn(move || {
        for client in listener.incoming().flatten() {
            let first = turn.fetch_add(1, Ordering::Relaxed);
            let ports = ports.clone();
            std::thread::spawn(move || {
                if let Some(server) = next_of(&ports, first) {
                    join(client, server);
                }
            });
        }
    })?;
    Ok(())
}

/// The next one that takes a connection.
fn next_of(ports: &[u16], first: usize) -> Option<TcpStream> {
    let in_turn = ports.iter().cycle().skip(first % ports.len().max(1)).take(ports.len());
    in_turn.map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).find_map(|at| TcpStream::connect(at).ok())
}

fn join(client: TcpStream, server: TcpStream) {
    let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else { return };
    let Ok(to_server) = server.try_clone() else { return };
    let there = std::thread::spawn(move || pump(from_client, to_server));
    pump(server, to_client);
    there.join().ok();
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16_384];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Both).ok();
    from.shutdown(Shutdown::Both).ok();
}
