//! The shipped binary carries one TLS stack and one crypto provider.

use nauthera_house::graph::{Node, tree};
use nauthera_house::rooms::matches;
use nauthera_house::{Outcome, verdict};

/// The package of the one binary.
const BINARY: &str = "nauthera";

/// Other TLS stacks, other providers for rustls, and public-key code beside aws-lc.
const SECOND_STACKS: &[&str] = &[
    "ring",
    "openssl*",
    "native-tls",
    "boring*",
    "mbedtls*",
    "wolfssl*",
    "aws-lc-fips-sys",
    "rustls-rustcrypto",
    "rustls-openssl",
    "rustls-graviola",
    "libsodium-sys*",
    "rsa",
    "ecdsa",
    "p256",
    "p384",
    "p521",
    "k256",
    "ed25519-dalek",
    "x25519-dalek",
];

/// Finds certificates of the machine; nothing of OpenSSL is in it.
const NOT_OPENSSL: &str = "openssl-probe";

/// What must be there once, since two copies would be two states.
const ONCE: &[&str] = &["rustls", "rustls-webpki", "aws-lc-rs", "aws-lc-sys", "tokio", "hyper", "axum"];

fn versions<'a>(tree: &'a [Node], name: &str) -> Vec<&'a str> {
    let mut versions: Vec<&str> =
        tree.iter().filter(|n| n.name == name).map(|n| n.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

#[test]
fn no_second_tls_or_crypto_stack_is_in_the_shipped_tree() -> Outcome<()> {
    let tree = tree(BINARY)?;
    let second = tree.iter().filter(|node| matches(SECOND_STACKS, &node.name) && node.name != NOT_OPENSSL);
    let findings: Vec<String> = second.map(Node::way).collect();
    verdict("TLS is rustls and cryptography is aws-lc-rs, nothing beside them", &findings)
}

#[test]
fn rustls_and_its_provider_are_there_exactly_once() -> Outcome<()> {
    let tree = tree(BINARY)?;
    let counted = ONCE.iter().map(|name| (*name, versions(&tree, name)));
    let wrong = counted.filter(|(_, versions)| versions.len() != 1);
    let findings: Vec<String> = wrong.map(|(name, versions)| format!("{name}: {versions:?}")).collect();
    verdict("one version of each in the shipped tree", &findings)
}
