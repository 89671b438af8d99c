//! The certificate: does it fit its key, is it the issuer's, does its chain lead to a CA that clients know, and for how long?

use super::{Finding, Findings, host};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::IssuerUrl;
use nauthera_server::listen::Certificates;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{RootCertStore, crypto::aws_lc_rs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// With so much left a certificate should have been renewed: cert-manager and ACME clients do it with a third of its time left.
const SOON: Seconds = Seconds::days(14);

/// Looks at it, and says what was seen.
pub fn check(
    (certificate, key): (&Path, &Path),
    ca: Option<&Path>,
    issuer: Option<&IssuerUrl>,
    now: UnixTime,
) -> Vec<Finding> {
    let mut findings = Findings::of("tls");
    let held = match Certificates::open(certificate, key) {
        Ok(held) => held,
        Err(fault) => {
            findings.error(
                fault.to_string(),
                "give the PEM files of one certificate: the chain with the server's own first, and its key",
            );
            return findings.all;
        }
    };
    findings.ok(format!("{} fits its key", certificate.display()));
    judge_end(&mut findings, held.not_after(), now);
    if let Some(name) = issuer.and_then(host) {
        match verify(certificate, ca, &name, now) {
            Ok(()) => findings.ok(format!("it is {name}'s, and its chain leads to a CA that is known here")),
            Err(error) => findings.error(
                format!("clients would refuse it for {name}: {error}"),
                "get one for that name with its whole chain; give --ca where clients know a CA of your own",
            ),
        }
    }
    findings.all
}

fn judge_end(findings: &mut Findings, end: UnixTime, now: UnixTime) {
    let renew = "renew it; the server takes the new files by itself, without a restart";
    let days = end.0.saturating_sub(now.0) / 86_400;
    if end <= now {
        findings.error(format!("it ended at {end}: every client refuses it"), renew);
    } else if end <= now.plus(SOON) {
        findings.warning(format!("it ends in {days} days, at {end}"), renew);
    } else {
        findings.ok(format!("it is good for {days} more days, until {end}"));
    }
}

fn verify(certificate: &Path, ca: Option<&Path>, name: &str, now: UnixTime) -> anyhow::Result<()> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
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
