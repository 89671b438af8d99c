//! The certificate: does it fit its key, is it the issuer's, does its chain lead to a CA that clients know, and for how long?

use super::{Finding, Findings, host};
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, crypto::aws_lc_rs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Looks at it, and says what was seen.
pub fn check(
    (certificate, key): (&Path, &Path),
    ca: Option<&Path>,
    issuer: Option<&IssuerUrl>,
    now: UnixTime,
) -> Vec<Finding> {
    let mut findings = Findings::of("tls");
    let chain = match pair(certificate, key) {
        Ok(chain) => chain,
        Err(error) => {
            findings.error(
                error.to_string(),
                "give the PEM files of one certificate: the chain with the server's own first, and its key",
            );
            return findings.all;
        }
    };
    findings.ok(format!("{} fits its key", certificate.display()));
    if let Some(name) = issuer.and_then(host) {
        match verify(&chain, ca, &name, now) {
            Ok(()) => findings.ok(format!("it is {name}'s, and its chain leads to a CA that is known here")),
            Err(error) => findings.error(
                format!("clients would refuse it for {name}: {error}"),
                "get one for that name with its whole chain; give --ca where clients know a CA of your own",
            ),
        }
    }
    findings.all
}

fn pair(certificate: &Path, key: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let told = |path: &Path, error: &dyn std::fmt::Display| anyhow::anyhow!("{}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate).map_err(|e| told(certificate, &e))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|e| told(certificate, &e))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| told(key, &e))?;
    let both = CertifiedKey::from_der(chain.clone(), private, &aws_lc_rs::default_provider());
    both.map_err(|e| anyhow::anyhow!("{} and {}: {e}", certificate.display(), key.display()))?;
    Ok(chain)
}

fn verify(chain: &[CertificateDer<'_>], ca: Option<&Path>, name: &str, now: UnixTime) -> anyhow::Result<()> {
    let mut roots = RootCertStore::empty();
    for known in rustls_native_certs::load_native_certs().certs {
        // A machine's store often holds some that nothing can read.
        roots.add(known).ok();
    }
    if let Some(path) = ca {
        for known in CertificateDer::pem_file_iter(path)? {
            roots.add(known?)?;
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
    let Some((own, rest)) = chain.split_first() else { anyhow::bail!("it is empty") };
    let seconds = u64::try_from(now.0).unwrap_or_default();
    let at = rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let name = ServerName::try_from(name.to_owned())?;
    verifier.verify_server_cert(own, rest, &name, &[], at)?;
    Ok(())
}
