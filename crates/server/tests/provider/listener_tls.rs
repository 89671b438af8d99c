//! TLS on the port itself: versions, protocols, handshakes that fail or never finish, and certificates that change under way.

use crate::support::{BOTH, GET, Listening, Mounted, World, rest, status};
use nauthera_server::listen::{Cut, Look, PortOptions};
use rustls::{ProtocolVersion, SupportedProtocolVersion};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

fn listening(mounted: &Mounted) -> Listening {
    Listening::of(World::new(), PortOptions::default(), Some(mounted.certificates()), "")
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_the_better_one_where_both_are() {
    let mounted = Mounted::new();
    let server = listening(&mounted);
    let only: [(&[&'static SupportedProtocolVersion], ProtocolVersion); 3] = [
        (&[&rustls::version::TLS12], ProtocolVersion::TLSv1_2),
        (&[&rustls::version::TLS13], ProtocolVersion::TLSv1_3),
        (BOTH, ProtocolVersion::TLSv1_3),
    ];
    for (versions, spoken) in only {
        let mut stream = mounted.connect(server.connect().await, versions, &[]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
        stream.write_all(format!("{GET}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        assert_eq!(status(&rest(&mut stream).await), "200");
    }
}

#[tokio::test]
async fn clients_choose_http_2_or_http_1_1() {
    let mounted = Mounted::new();
    let server = listening(&mounted);
    let chosen: [(&[&str], Option<&[u8]>); 4] = [
        (&["h2", "http/1.1"], Some(b"h2")),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ];
    for (protocols, protocol) in chosen {
        let stream = mounted.connect(server.connect().await, BOTH, protocols).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), protocol, "{protocols:?}");
    }
    assert!(mounted.connect(server.connect().await, BOTH, &["spdy/3"]).await.is_err());
}

/// A first message of this version that offers this cipher suite alone.
fn hello(version: u8, suite: [u8; 2]) -> Vec<u8> {
    let mut body = vec![3, version];
    body.extend([7; 32]);
    body.extend([0, 0, 2, suite[0], suite[1], 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    record
}

#[tokio::test]
async fn older_versions_and_weak_suites_are_refused_with_an_alert() {
    const RSA_AES_128_CBC_SHA: [u8; 2] = [0x00, 0x2f];
    const ECDHE_ECDSA_AES_128_GCM: [u8; 2] = [0xc0, 0x2b];
    const PROTOCOL_VERSION: u8 = 70;
    const HANDSHAKE_FAILURE: u8 = 40;
    let mounted = Mounted::new();
    let server = listening(&mounted);
    for (version, suite) in [
        (1, RSA_AES_128_CBC_SHA),
        (2, RSA_AES_128_CBC_SHA),
        (1, ECDHE_ECDSA_AES_128_GCM),
        (2, ECDHE_ECDSA_AES_128_GCM),
        (3, RSA_AES_128_CBC_SHA),
    ] {
        let mut stream = server.connect().await;
        stream.write_all(&hello(version, suite)).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // A fatal alert, and nothing else.
        assert_eq!((answer.len(), answer[0], answer[5]), (7, 21, 2), "{answer:?}");
        assert!([HANDSHAKE_FAILURE, PROTOCOL_VERSION].contains(&answer[6]), "{version} {answer:?}");
    }
}

#[tokio::test]
async fn plain_http_gets_no_answer_from_a_port_with_tls() {
    let mounted = Mounted::new();
    let server = listening(&mounted);
    let answer = server.told(format!("{GET}\r\n").as_bytes()).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_finishes_is_ended() {
    let mounted = Mounted::new();
    let server = listening(&mounted);
    let whole = hello(3, [0x13, 0x01]);
    for begun in [&b""[..], &whole[..1], &whole[..20]] {
        let before = Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(begun).await.unwrap();
        rest(&mut stream).await;
        let took = before.elapsed();
        assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&took), "{begun:?} {took:?}");
    }
    assert_eq!(server.tally.cuts(Cut::Handshake), 3);
}

#[tokio::test(start_paused = true)]
async fn after_the_handshake_the_deadlines_of_requests_count() {
    let mounted = Mounted::new();
    let server = listening(&mounted);
    let before = Instant::now();
    let mut stream = mounted.connect(server.connect().await, BOTH, &["http/1.1"]).await.unwrap();
    rest(&mut stream).await;
    assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&before.elapsed()));
    assert_eq!(server.tally.cuts(Cut::Headers), 1);
}

#[tokio::test]
async fn a_renewed_certificate_is_presented_to_new_connections_and_old_ones_go_on() {
    let mut mounted = Mounted::new();
    let certificates = mounted.certificates();
    let server = Listening::of(World::new(), PortOptions::default(), Some(certificates.clone()), "");
    let mut old = mounted.connect(server.connect().await, BOTH, &["http/1.1"]).await.unwrap();
    let renewed = mounted.renew();
    assert!(matches!(certificates.look(), Look::Renewed));
    let new = mounted.connect(server.connect().await, BOTH, &["http/1.1"]).await.unwrap();
    assert_eq!(new.get_ref().1.peer_certificates().unwrap()[0], renewed);
    // One that does not fit changes nothing.
    mounted.write("tls.key", "not a key");
    assert!(matches!(certificates.look(), Look::Refused(_)));
    let new = mounted.connect(server.connect().await, BOTH, &["http/1.1"]).await.unwrap();
    assert_eq!(new.get_ref().1.peer_certificates().unwrap()[0], renewed);
    old.write_all(format!("{GET}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(status(&rest(&mut old).await), "200");
}

#[tokio::test]
async fn a_port_looks_at_its_files_by_itself() {
    let mut mounted = Mounted::new();
    let server = listening(&mounted);
    let renewed = mounted.renew();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let stream = mounted.connect(server.connect().await, BOTH, &["http/1.1"]).await.unwrap();
        if stream.get_ref().1.peer_certificates().unwrap()[0] == renewed {
            return;
        }
        assert!(Instant::now() < deadline, "the new certificate is never presented");
    }
}
