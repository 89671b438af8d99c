//! Certificates for one test, and clients that trust them.

use nauthera_server::listen::Certificates;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Both versions.
pub const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A certificate and its key in a folder, as a mounted Secret has them.
pub struct Mounted {
    folder: TempDir,
    roots: RootCertStore,
}

impl Mounted {
    /// A new pair for `localhost`.
    pub fn new() -> Self {
        let mut mounted = Self { folder: tempfile::tempdir().unwrap(), roots: RootCertStore::empty() };
        mounted.renew();
        mounted
    }

    /// Puts another pair in its place; clients trust both. The certificate that was written.
    pub fn renew(&mut self) -> CertificateDer<'static> {
        self.put(CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// The same with one that ends so many seconds after 1970.
    pub fn renew_until(&mut self, end: u64) {
        let mut about = CertificateParams::new(["localhost".to_owned()]).unwrap();
        about.not_after = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(end);
        self.put(about);
    }

    fn put(&mut self, about: CertificateParams) -> CertificateDer<'static> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = about.self_signed(&key).unwrap();
        self.write("tls.crt", &certificate.pem());
        self.write("tls.key", &key.serialize_pem());
        self.roots.add(certificate.der().clone()).unwrap();
        certificate.der().clone()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// What was written to a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The pair for a server that is not ours.
    pub fn server_config(&self) -> Arc<rustls::ServerConfig> {
        use rustls_pki_types::pem::PemObject;
        let certificate = CertificateDer::from_pem_slice(self.read("tls.crt").as_bytes()).unwrap();
        let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(self.read("tls.key").as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_protocol_versions(BOTH).unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
    }

    /// The pair as a port takes it.
    pub fn certificates(&self) -> Arc<Certificates> {
        let at = |name| self.folder.path().join(name);
        Certificates::open(&at("tls.crt"), &at("tls.key")).unwrap()
    }

    /// Shakes hands as a client with these versions that speaks these protocols.
    pub async fn connect(
        &self,
        stream: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = config.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}
