//! The certificate that the webhook presents, swapped without ending connections.

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why a certificate and a key cannot be presented.
#[derive(Debug, thiserror::Error)]
#[error("the webhook's certificate cannot be used: {0}")]
pub struct BadPair(String);

/// What is presented; nothing until there is a certificate.
#[derive(Debug, Default)]
pub struct Presented(RwLock<Option<Arc<CertifiedKey>>>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

impl Presented {
    /// Presents this pair in PEM from now on.
    ///
    /// # Errors
    /// [`BadPair`]; what is presented stays.
    pub fn set(&self, certificate: &[u8], key: &[u8]) -> Result<(), BadPair> {
        let bad = |error: &dyn std::fmt::Display| BadPair(error.to_string());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.map_err(|error| bad(&error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| bad(&error))?;
        let pair = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| bad(&error))?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(pair));
        Ok(())
    }

    /// What shakes hands.
    ///
    /// # Errors
    /// [`BadPair`] when the library has no safe version left.
    pub fn acceptor(self: Arc<Self>) -> Result<TlsAcceptor, BadPair> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| BadPair(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(self);
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
