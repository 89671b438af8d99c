//! What is believed of `Forwarded` and `X-Forwarded-For`, case by case.

use super::*;
use http::HeaderValue;

const PEER: &str = "10.0.0.1";

fn proxies(networks: &str) -> TrustedProxies {
    networks.split(',').map(|text| text.parse().unwrap()).collect::<Vec<Network>>().into()
}

/// The address of a request from `peer` with these header lines, where these networks are trusted.
fn judged(trusted: &str, peer: &str, lines: &[(&str, &str)]) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    proxies(trusted).address(peer.parse().unwrap(), &headers).to_string()
}

/// The address that one header gives, with 10.0.0.0/8 and 2001:db8:1::/48 trusted and the first of them as peer.
fn said(name: &str, value: &str) -> String {
    judged("10.0.0.0/8,2001:db8:1::/48", PEER, &[(name, value)])
}

fn xff(value: &str) -> String {
    said("x-forwarded-for", value)
}

fn fwd(value: &str) -> String {
    said("forwarded", value)
}

#[test]
fn nobody_is_believed_without_the_flag() {
    let mut headers = HeaderMap::new();
    headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
    headers.insert(FORWARDED, HeaderValue::from_static("for=203.0.113.7"));
    for peer in ["127.0.0.1", "10.0.0.1", "::1"] {
        let peer: IpAddr = peer.parse().unwrap();
        assert_eq!(TrustedProxies::default().address(peer, &headers), peer);
    }
}

#[test]
fn only_trusted_peers_are_believed() {
    let lines = [("x-forwarded-for", "203.0.113.7")];
    for (trusted, peer, address) in [
        ("10.0.0.0/8", "10.255.255.255", "203.0.113.7"),
        ("10.0.0.0/8", "11.0.0.0", "11.0.0.0"),
        ("10.0.0.1", "10.0.0.1", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("192.0.2.0/24,10.0.0.0/8", "10.1.1.1", "203.0.113.7"),
        ("2001:db8::/32", "2001:db8:ffff::1", "203.0.113.7"),
        ("2001:db8::/32", "2001:db9::1", "2001:db9::1"),
        // A socket that takes both families shows IPv4 as a part of IPv6.
        ("10.0.0.0/8", "::ffff:10.0.0.1", "203.0.113.7"),
        ("192.0.2.0/24", "::ffff:10.0.0.1", "10.0.0.1"),
    ] {
        assert_eq!(judged(trusted, peer, &lines), address, "{trusted} {peer}");
    }
}

#[test]
fn without_a_header_the_peer_counts() {
    assert_eq!(judged("10.0.0.0/8", PEER, &[]), PEER);
    assert_eq!(judged("10.0.0.0/8", PEER, &[("x-real-ip", "203.0.113.7")]), PEER);
}

#[test]
fn x_forwarded_for_is_read_from_its_end_to_the_first_that_is_not_trusted() {
    for (value, address) in [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7,10.0.0.9,10.0.0.8", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("203.0.113.7:4711, 10.0.0.9:80", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:DB8::7, 2001:db8:1::9", "2001:db8::7"),
        ("2001:db8::7, [2001:db8:1::9]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        // Hidden in IPv6, a trusted proxy is trusted all the same.
        ("203.0.113.7, ::ffff:10.0.0.9", "203.0.113.7"),
        (" \t203.0.113.7\t ", "203.0.113.7"),
        (", ,203.0.113.7, ,", "203.0.113.7"),
        // All are trusted: the first of them began it.
        ("10.3.0.1, 10.2.0.1", "10.3.0.1"),
        ("10.3.0.1", "10.3.0.1"),
        // What a client wrote before its own address is not looked at.
        ("nonsense, 203.0.113.7", "203.0.113.7"),
        ("\u{e4}\u{f6}\u{fc}", PEER),
        ("\"<script>, unknown, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
    ] {
        assert_eq!(xff(value), address, "{value:?}");
    }
}

#[test]
fn x_forwarded_for_that_is_malformed_where_it_counts_is_ignored() {
    for value in [
        "",
        " ",
        ",",
        "unknown",
        "_hidden",
        "localhost",
        "proxy.example",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.7.8",
        "0203.0.113.7",
        "203.0.113.7/32",
        "203.0.113.7:",
        "203.0.113.7:port",
        "203.0.113.7:123456",
        "2001:db8::7:",
        "[2001:db8::7",
        "2001:db8::7]",
        "[2001:db8::7]4711",
        "[2001:db8::7]:",
        "[203.0.113.7]",
        "[]",
        "fe80::1%eth0",
        "\"203.0.113.7\"",
        "for=203.0.113.7",
        "203.0.113.7 198.51.100.1",
        "203.0.113.7; 198.51.100.1",
        "203.0.113.7, nonsense",
        "203.0.113.7, unknown, 10.0.0.9",
    ] {
        assert_eq!(xff(value), PEER, "{value:?}");
    }
}

#[test]
fn forwarded_is_read_from_its_end_to_the_first_that_is_not_trusted() {
    for (value, address) in [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=203.0.113.7", "203.0.113.7"),
        ("FOR=\"203.0.113.7\"", "203.0.113.7"),
        ("for=\"203.0.113.7:4711\"", "203.0.113.7"),
        ("for=\"203.0.113.7:_secret\"", "203.0.113.7"),
        ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
        ("for=\"[2001:db8:cafe::17]:_p.o-r_t\"", "2001:db8:cafe::17"),
        ("for=\"\\2\\0\\3.0.113.7\"", "203.0.113.7"),
        ("for=\"[::ffff:203.0.113.7]\"", "203.0.113.7"),
        ("for=203.0.113.7;proto=https;by=10.0.0.1;host=\"id.example:443\"", "203.0.113.7"),
        ("proto=https;for=203.0.113.7", "203.0.113.7"),
        (";proto=https;;for=203.0.113.7;", "203.0.113.7"),
        ("for=198.51.100.1, for=203.0.113.7", "203.0.113.7"),
        ("for=198.51.100.1,for=203.0.113.7,for=10.0.0.9", "203.0.113.7"),
        ("for=198.51.100.1 ,\tfor=203.0.113.7;by=_x , for=10.0.0.9", "203.0.113.7"),
        (", for=203.0.113.7,, ", "203.0.113.7"),
        ("for=10.3.0.1, for=10.2.0.1", "10.3.0.1"),
        // Commas and semicolons within quotes are text.
        ("for=203.0.113.7;x=\", for=198.51.100.1;\"", "203.0.113.7"),
        // What is hidden before the nearest untrusted address is not needed.
        ("for=_hidden, for=203.0.113.7", "203.0.113.7"),
        ("for=unknown, for=203.0.113.7, for=10.0.0.9", "203.0.113.7"),
    ] {
        assert_eq!(fwd(value), address, "{value:?}");
    }
}

#[test]
fn forwarded_that_is_malformed_or_hides_the_address_is_ignored() {
    for value in [
        "",
        ",",
        ";",
        "for",
        "for=",
        "=203.0.113.7",
        "for==203.0.113.7",
        "for =203.0.113.7",
        "for= 203.0.113.7",
        "203.0.113.7",
        "for=unknown",
        "for=_hidden",
        "for=\"_SEVKISEK\"",
        "for=_hidden:80",
        "proto=https",
        "by=203.0.113.7",
        "for=203.0.113.7;for=198.51.100.1",
        "for=203.0.113.7;proto=http;PROTO=https",
        // An unquoted colon or bracket is no token.
        "for=203.0.113.7:80",
        "for=[2001:db8::7]",
        "for=\"2001:db8::7\"",
        "for=\"[2001:db8::7\"",
        "for=\"[2001:db8::7]x\"",
        "for=\"203.0.113.7",
        "for=\"203.0.113.7\\",
        "for=\"203.0.113.7\"x",
        "for=203.0.113.7 for=198.51.100.1",
        "for=203.0.113.7; proto=https",
        "for=203.0.113.7, nonsense",
        "nonsense, for=203.0.113.7",
        "for=203.0.113.7, for=unknown",
        "for=203.0.113.7, proto=https",
        // A client opens a quote, so that the proxy's own part would be text.
        "for=198.51.100.1;x=\", for=203.0.113.7",
        "for=198.51.100.1;x=\", for=\"203.0.113.7\"",
    ] {
        assert_eq!(fwd(value), PEER, "{value:?}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let x = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        judged("10.0.0.0/8", PEER, &lines)
    };
    assert_eq!(x(&["198.51.100.1", "203.0.113.7"]), "203.0.113.7");
    assert_eq!(x(&["198.51.100.1", "203.0.113.7, 10.0.0.9", "10.0.0.8"]), "203.0.113.7");
    assert_eq!(x(&["203.0.113.7", "10.0.0.9", "nonsense"]), PEER);
    assert_eq!(x(&["\u{e4}", "203.0.113.7"]), "203.0.113.7");
    assert_eq!(x(&["203.0.113.7", ""]), "203.0.113.7");
    let lines = [("forwarded", "for=\"unterminated"), ("forwarded", "for=203.0.113.7")];
    assert_eq!(judged("10.0.0.0/8", PEER, &lines), "203.0.113.7", "the client's line is not needed");
    let lines = [("forwarded", "for=203.0.113.7"), ("forwarded", "for=10.0.0.9, for=\"unterminated")];
    assert_eq!(judged("10.0.0.0/8", PEER, &lines), PEER);
}

#[test]
fn two_headers_must_agree() {
    let both = |x, forwarded| judged("10.0.0.0/8", PEER, &[("x-forwarded-for", x), ("forwarded", forwarded)]);
    assert_eq!(both("203.0.113.7", "for=203.0.113.7"), "203.0.113.7");
    assert_eq!(both("198.51.100.1, 203.0.113.7", "for=\"203.0.113.7:80\";proto=https"), "203.0.113.7");
    // A proxy that sets the one passes on what its client wrote into the other.
    assert_eq!(both("203.0.113.7", "for=198.51.100.1"), PEER);
    assert_eq!(both("198.51.100.1", "for=203.0.113.7"), PEER);
    assert_eq!(both("203.0.113.7", "nonsense"), PEER);
    assert_eq!(both("203.0.113.7", ""), PEER);
    assert_eq!(both("unknown", "for=203.0.113.7"), PEER);
}

#[test]
fn a_hundred_hops_are_followed_and_no_more() {
    let chain = |proxies: usize| {
        let mut hops = vec!["203.0.113.7".to_owned()];
        hops.extend((0..proxies).map(|n| format!("10.0.1.{n}")));
        hops.join(", ")
    };
    assert_eq!(xff(&chain(99)), "203.0.113.7");
    assert_eq!(xff(&chain(100)), PEER);
    let forwarded =
        |proxies| chain(proxies).split(", ").map(|hop| format!("for={hop}")).collect::<Vec<_>>().join(",");
    assert_eq!(fwd(&forwarded(99)), "203.0.113.7");
    assert_eq!(fwd(&forwarded(100)), PEER);
    // A client that sends many pays for none.
    let sent = vec!["10.0.0.9"; 10_000].join(",");
    assert_eq!(xff(&format!("{sent}, 203.0.113.7")), "203.0.113.7");
}

#[test]
fn networks_say_what_is_wrong_with_them() {
    for good in ["10.0.0.0/8", " 10.0.0.1 ", "10.0.0.1/32", "2001:db8::/32", "::1", "fd00::/8"] {
        assert!(good.parse::<Network>().is_ok(), "{good}");
    }
    for (bad, why) in [
        ("", "write a network"),
        ("proxy.example", "write a network"),
        ("10.0.0.0/33", "write a network"),
        ("10.0.0.0-10.0.0.9", "write a network"),
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("0.0.0.0/0", "everybody"),
        ("::/0", "everybody"),
        ("::ffff:10.0.0.1", "IPv4"),
        ("::ffff:10.0.0.0/104", "IPv4"),
    ] {
        let error = bad.parse::<Network>().unwrap_err();
        assert!(error.contains(why), "{bad}: {error}");
    }
}

#[test]
fn nothing_that_a_client_sends_panics() {
    use proptest::prelude::*;
    const PIECES: [&str; 13] =
        ["for=", "\"", "\\", ",", ";", "[", "]", ":", "=", "10.0.0.1", "2001:db8::1", "_x", "unknown"];
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40);
    proptest!(|(value in "[ -~\\t]{0,200}", pieces in pieces)| {
        for text in [value, pieces.concat()] {
            // Whatever it says, the answer is an address, and untrusted peers are not moved by it.
            let _ = (xff(&text), fwd(&text));
            let lines = [("forwarded", &*text), ("x-forwarded-for", &*text)];
            prop_assert_eq!(judged("10.0.0.0/8", "192.0.2.1", &lines), "192.0.2.1");
        }
    });
}
