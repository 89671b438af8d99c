//! The certificate of a port: read from two PEM files, held as a pair that fits, and read again when their content changes.
//! Mounted Secrets change behind a link, where no watch sees it; so the files are looked at every few seconds.

use arc_swap::ArcSwap;
use nauthera_core::time::UnixTime;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 1_024 * 1_024;

/// Why a pair of files cannot be served. Whoever runs the server gives other files, or mends these.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Error,
    },
    /// No certificate in it.
    #[error("{} holds no certificate: PEM with a BEGIN CERTIFICATE line is expected, the server's own first", .0.display())]
    NoCertificate(PathBuf),
    /// No private key in it.
    #[error("{} holds no private key: PEM of PKCS#8, PKCS#1 or SEC1, without a password, is expected", .0.display())]
    NoKey(PathBuf),
    /// The certificate cannot be understood.
    #[error("the first certificate of {} cannot be read: {error}", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// The key is of a kind that is not served.
    #[error("the key of {} cannot be used: {error}; RSA of 2048 bits and more, P-256, P-384, P-521 and Ed25519 can", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// They are no pair.
    #[error("the key of {} is not the one of the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The TLS library has no safe version left.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// What a look at the files found.
#[derive(Debug)]
pub enum Look {
    /// What is held.
    Same,
    /// It is being written; the next look will see.
    Unsettled,
    /// Another pair, which is held from now on.
    Renewed,
    /// Something that cannot be served; what is held stays.
    Refused(CertificateFault),
}

/// A pair that fits.
struct Pair {
    key: Arc<CertifiedKey>,
    not_after: UnixTime,
    digest: [u8; 32],
}

/// What is presented to clients.
struct Presented(ArcSwap<Pair>);

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presented")
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().key.clone())
    }
}

/// The content of both files.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// A certificate that follows its files.
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    presented: Arc<Presented>,
    config: Arc<ServerConfig>,
}

impl Certificates {
    /// Reads both files, and takes TLS 1.2 and 1.3 with the library's cipher suites, all of them with forward secrecy and
    /// authenticated encryption. Clients choose between HTTP/2 and HTTP/1.1 (ALPN).
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn open(certificate: &Path, key: &Path) -> Result<Arc<Self>, CertificateFault> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let files = Files { certificate, key };
        let pair = files.pair(&files.content()?, &provider)?;
        let presented = Arc::new(Presented(ArcSwap::from_pointee(pair)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(CertificateFault::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(presented.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Self { certificate, key, presented, config: Arc::new(config) }))
    }

    /// What shakes hands with what is held now.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// When the certificate that is held ends (`notAfter`).
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.presented.0.load().not_after
    }

    /// Looks at the files once. Blocks while it reads.
    pub fn look(&self) -> Look {
        let files = Files { certificate: &self.certificate, key: &self.key };
        if !files.can_change() {
            return Look::Same;
        }
        let read = || files.content();
        let content = match read() {
            Ok(content) if content.digest() == self.presented.0.load().digest => return Look::Same,
            Ok(content) => content,
            Err(fault) => return Look::Refused(fault),
        };
        // Between the two files the link may have been led elsewhere: only what is read twice is judged.
        match read() {
            Ok(again) if again == content => {}
            _ => return Look::Unsettled,
        }
        match files.pair(&content, self.config.crypto_provider()) {
            Ok(pair) => {
                self.presented.0.store(Arc::new(pair));
                Look::Renewed
            }
            Err(fault) => Look::Refused(fault),
        }
    }

    /// Follows the files for ever. What cannot be served is logged once, and what is held stays.
    pub async fn follow(self: Arc<Self>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        let mut told = None;
        loop {
            every.tick().await;
            let this = self.clone();
            let Ok(look) = tokio::task::spawn_blocking(move || this.look()).await else { continue };
            match look {
                Look::Unsettled => {}
                Look::Same => told = None,
                Look::Renewed => {
                    told = None;
                    tracing::info!(not_after = self.not_after().0, "the TLS certificate was renewed");
                }
                Look::Refused(fault) => {
                    let fault = fault.to_string();
                    if told.as_ref() != Some(&fault) {
                        tracing::error!(error = fault, "the TLS certificate is refused; the held one stays");
                        told = Some(fault);
                    }
                }
            }
        }
    }
}

impl Content {
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        // The length keeps the two apart.
        digest.update(self.certificate.len().to_be_bytes());
        digest.update(&self.certificate);
        digest.update(&*self.key);
        digest.finalize().into()
    }
}

/// Where both files are.
struct Files<'a> {
    certificate: &'a Path,
    key: &'a Path,
}

impl Files<'_> {
    /// A pipe is read once and never again: to look at it would wait for a writer. A file that is missing may come back.
    fn can_change(&self) -> bool {
        let is_pipe = |path| std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        !is_pipe(self.certificate) && !is_pipe(self.key)
    }

    fn content(&self) -> Result<Content, CertificateFault> {
        let read = |path: &Path| {
            read(path).map_err(|error| CertificateFault::Unreadable { path: path.to_owned(), error })
        };
        Ok(Content { certificate: read(self.certificate)?, key: Zeroizing::new(read(self.key)?) })
    }

    fn pair(&self, content: &Content, provider: &CryptoProvider) -> Result<Pair, CertificateFault> {
        let (certificate, key) = (self.certificate.to_owned(), self.key.to_owned());
        let chain = CertificateDer::pem_slice_iter(&content.certificate).collect::<Result<Vec<_>, _>>();
        let Ok(chain) = chain else { return Err(CertificateFault::NoCertificate(certificate)) };
        let Some(own) = chain.first() else { return Err(CertificateFault::NoCertificate(certificate)) };
        let not_after = match X509Certificate::from_der(own) {
            Ok((_, parsed)) => UnixTime(parsed.validity().not_after.timestamp()),
            Err(error) => {
                return Err(CertificateFault::BadCertificate { path: certificate, error: error.to_string() });
            }
        };
        let Ok(private) = PrivateKeyDer::from_pem_slice(&content.key) else {
            return Err(CertificateFault::NoKey(key));
        };
        match CertifiedKey::from_der(chain, private, provider) {
            Ok(pair) => Ok(Pair { key: Arc::new(pair), not_after, digest: content.digest() }),
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(CertificateFault::Mismatch { certificate, key })
            }
            Err(error @ rustls::Error::InvalidCertificate(_)) => {
                Err(CertificateFault::BadCertificate { path: certificate, error: error.to_string() })
            }
            Err(error) => Err(CertificateFault::BadKey { path: key, error: error.to_string() }),
        }
    }
}

/// Reads a file that is not too large.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    if file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)? as u64 > LARGEST_FILE {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
