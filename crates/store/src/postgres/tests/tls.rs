//! TLS to the database: verified by a CA, bound to the channel, refused for strangers.

use crate::postgres::{Options, Postgres, Source};
use crate::{Result, Store, StoreError};
use nauthera_test_postgres::{Server, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;
use tempfile::TempDir;

/// A server with a certificate of a CA of ours, and the CA in a file.
fn server() -> (Server, TempDir, PathBuf) {
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("ca.pem");
    std::fs::write(&root, ca.pem()).unwrap();
    let settings = [("ssl", "on"), ("ssl_cert_file", "{files}/tls.crt"), ("ssl_key_file", "{files}/tls.key")];
    let access = ["host all nauthera 127.0.0.1/32 trust", "hostssl all all 127.0.0.1/32 scram-sha-256"];
    let server = Server::start(&Settings {
        settings: settings.map(|(name, value)| (name.into(), value.into())).to_vec(),
        files: vec![("tls.crt".into(), certificate.pem()), ("tls.key".into(), key.serialize_pem())],
        access: access.map(String::from).to_vec(),
        disk: None,
    });
    (server.unwrap(), folder, root)
}

async fn ping(url: String) -> Result<()> {
    Postgres::open(Source::Url(url.into()), Options::default()).await?.ping().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_known_by_its_ca_and_bound_to_its_channel() {
    let (server, folder, root) = server();
    let plain = server.database("d").unwrap();
    server.sql("d", "CREATE ROLE app LOGIN PASSWORD 'word'; GRANT ALL ON SCHEMA public TO app").unwrap();
    let url = plain.replace("nauthera@", "app:word@");
    let with = |query: String| format!("{url}?{query}");
    let root_of = |path: &PathBuf| format!("sslmode=verify-full&sslrootcert={}", path.display());
    ping(with(format!("{}&channel_binding=require", root_of(&root)))).await.unwrap();
    let open = server
        .sql("d", "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'");
    assert!(open.unwrap().lines().all(|line| line != "f"), "no connection of ours is in the clear");

    let stranger = folder.path().join("stranger.pem");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&stranger, other.cert.pem()).unwrap();
    let refused = ping(with(root_of(&stranger))).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let elsewhere = with(root_of(&root)).replace("127.0.0.1", "localhost");
    assert!(matches!(ping(elsewhere).await, Err(StoreError::Unavailable(_))), "the name counts");
    // This server takes passwords over TLS alone.
    let clear = ping(with("sslmode=disable".into())).await.unwrap_err();
    assert!(matches!(clear, StoreError::Unavailable(_)), "{clear}");
}
