//! Where the database is: a URL, from a flag, the environment, or a file whose content may change when credentials rotate. It is
//! read again for each connection, so that a new one always goes by what is true now.
//!
//! TLS is verified or not used, nothing between: `sslmode=require` and the like, which encrypt without knowing to whom, are
//! refused.

use crate::{Result, StoreError};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

/// Where the URL of the database comes from.
#[derive(Clone)]
pub enum Source {
    /// Here it is.
    Url(SecretString),
    /// The file that holds it.
    File(PathBuf),
}

/// A database, and how to reach it.
pub(super) struct Target {
    pub(super) config: Config,
    /// `None`: without TLS.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Source {
    /// Reads the URL and what it names.
    pub(super) async fn target(&self) -> Result<Target> {
        match self {
            Self::Url(url) => target(url.expose_secret()),
            Self::File(path) => {
                let text = tokio::fs::read_to_string(path)
                    .await
                    .map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display())))?;
                target(text.trim()).map_err(|error| match error {
                    StoreError::Corrupt(why) => StoreError::Corrupt(format!("{}: {why}", path.display())),
                    other => other,
                })
            }
        }
    }

    /// The database without its credentials, for people: `postgres://HOST/DATABASE`.
    pub async fn shown(&self) -> String {
        match self.target().await {
            Ok(target) => shown(&target.config),
            Err(error) => error.to_string(),
        }
    }
}

fn shown(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

fn wrong(why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("the database URL cannot be used: {why}"))
}

/// What the driver does not know, taken out of a URL.
struct Verification {
    mode: Option<String>,
    root: Option<PathBuf>,
    channel_binding: bool,
}

fn target(url: &str) -> Result<Target> {
    let (url, verification) = split(url)?;
    let mut config: Config = url.parse().map_err(|e: tokio_postgres::Error| wrong(reason(&e)))?;
    if config.get_user().is_none() {
        return Err(wrong("it names no user"));
    }
    let local = config.get_hosts().iter().all(is_local);
    let verified = match verification.mode.as_deref() {
        Some("verify-full") => true,
        Some("disable") => false,
        None => !local,
        Some(other) => {
            return Err(wrong(format!(
                "sslmode={other} does not say whom to trust; write sslmode=verify-full, or sslmode=disable where the \
                 network is trusted"
            )));
        }
    };
    if verification.channel_binding {
        if !verified {
            return Err(wrong("channel_binding=require needs TLS: sslmode=verify-full"));
        }
        config.channel_binding(ChannelBinding::Require);
    }
    config.ssl_mode(if verified { SslMode::Require } else { SslMode::Disable });
    config.application_name(config.get_application_name().unwrap_or("nauthera").to_owned());
    let tls = verified.then(|| trust(verification.root.as_deref())).transpose()?;
    Ok(Target { config, tls: tls.map(MakeRustlsConnect::new) })
}

/// A parse error without its value: that may hold a password.
fn reason(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn split(text: &str) -> Result<(String, Verification)> {
    let mut url = Url::parse(text).map_err(|e| wrong(format!("{e}; write postgres://USER@HOST/DATABASE")))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(wrong("write postgres://USER@HOST/DATABASE"));
    }
    let mut verification = Verification { mode: None, root: None, channel_binding: false };
    let mut kept = Vec::new();
    for (name, value) in url.query_pairs() {
        match &*name {
            "sslmode" => verification.mode = Some(value.into_owned()),
            "sslrootcert" if value == "system" => {}
            "sslrootcert" => verification.root = Some(PathBuf::from(value.into_owned())),
            "channel_binding" if value == "require" => verification.channel_binding = true,
            _ => kept.push((name.into_owned(), value.into_owned())),
        }
    }
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
        // The driver decodes percent signs and nothing else.
        let query = url.query().unwrap_or_default().replace('+', "%20");
        url.set_query(Some(&query));
    }
    Ok((url.into(), verification))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

/// Whom to believe: the CA of the file, or those of the machine.
fn trust(root: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = root {
        let away = |e: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {e}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| away(&e))? {
            roots.add(certificate.map_err(|e| away(&e))?).map_err(|e| away(&e))?;
        }
        if roots.is_empty() {
            return Err(away(&"no certificate is in it"));
        }
    } else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A machine's store often holds some that nothing can read.
            roots.add(certificate).ok();
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(wrong)?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        target(url).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn tls_is_verified_unless_the_database_is_on_this_machine() {
        for (url, tls) in [
            ("postgres://n@db.example/n", true),
            ("postgres://n@db.example/n?sslmode=verify-full&channel_binding=require", true),
            ("postgresql://n@db.example/n?sslmode=disable", false),
            ("postgres://n@127.0.0.1:5433/n", false),
            ("postgres://n@localhost/n", false),
            ("postgres://n@[::1]/n", false),
            ("postgres://n@localhost/n?sslmode=verify-full", true),
            ("postgres://n@%2Frun%2Fpostgresql/n", false),
            ("postgres://n@127.0.0.1,db.example/n", true),
        ] {
            let made = target(url).map_err(|e| e.to_string()).unwrap();
            assert_eq!(made.tls.is_some(), tls, "{url}");
        }
    }

    #[test]
    fn what_encrypts_without_trust_is_refused_and_told() {
        for mode in ["prefer", "require", "allow", "verify-ca"] {
            let told = refused(&format!("postgres://n@db.example/n?sslmode={mode}"));
            assert!(told.contains("sslmode=verify-full"), "{told}");
        }
        assert!(refused("postgres://n@db.example/n?sslmode=disable&channel_binding=require").contains("TLS"));
        assert!(refused("postgres://n@db.example/n?sslrootcert=/nowhere/ca.pem").contains("/nowhere/ca.pem"));
    }

    #[test]
    fn a_url_that_cannot_be_read_shows_no_password() {
        for url in ["mysql://u:hunter2@h/d", "postgres://u:hunter2@h:port/d", "hunter2", "postgres:///d", ""]
        {
            let told = refused(url);
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn options_reach_the_driver_as_they_were_meant() {
        let made =
            target("postgres://n:p%40ss@localhost/n?options=-c%20search_path%3Dtenant&connect_timeout=2");
        let config = made.map_err(|e| e.to_string()).unwrap().config;
        assert_eq!(config.get_options(), Some("-c search_path=tenant"));
        assert_eq!(config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(shown(&config), "postgres://localhost/n");
    }
}
