//! Where Redis is: a URL, from a flag, the environment, or a file whose content may change when credentials rotate. It is read again
//! for each connection. TLS (`rediss://`) is verified, always.

use crate::{Result, StoreError};
use redis::{Client, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use url::Url;

/// Where the URL of Redis comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Here it is.
    Url(SecretString),
    /// The file that holds it.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    /// Reads `file:PATH`, or a URL. What is wrong with one is told when it is opened, in words that do not repeat it.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(match text.strip_prefix("file:") {
            Some(path) => Self::File(path.into()),
            None => Self::Url(text.into()),
        })
    }
}

fn wrong(why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("the Redis URL cannot be used: {why}"))
}

fn away(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{}: {why}", path.display()))
}

impl Source {
    /// Reads the URL and what it names.
    pub(super) async fn client(&self) -> Result<Client> {
        match self {
            Self::Url(url) => client(url.expose_secret()).await,
            Self::File(path) => {
                let text = tokio::fs::read_to_string(path).await.map_err(|error| away(path, &error))?;
                client(text.trim()).await.map_err(|error| match error {
                    StoreError::Corrupt(why) => StoreError::Corrupt(format!("{}: {why}", path.display())),
                    other => other,
                })
            }
        }
    }
}

async fn client(text: &str) -> Result<Client> {
    // Neither error shows the text: a password may be in it.
    let mut url = Url::parse(text).map_err(wrong)?;
    let tls = match url.scheme() {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        _ => return Err(wrong("write redis://HOST:PORT, rediss:// for TLS, or file:PATH")),
    };
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    if url.fragment().is_some() {
        return Err(wrong("it has a fragment; TLS without verification is not supported"));
    }
    let root = root_of(&mut url)?;
    let made = match root {
        Some(_) if !tls => return Err(wrong("sslrootcert needs TLS: rediss://")),
        Some(path) => {
            let pem = tokio::fs::read(&path).await.map_err(|error| away(&path, &error))?;
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            Client::build_with_tls(url.as_str(), certificates)
        }
        None => Client::open(url.as_str()),
    };
    made.map_err(|error| wrong(error.detail().unwrap_or("it is not one that Redis has")))
}

/// Takes `sslrootcert` out, the one parameter that is ours; `protocol` stays.
fn root_of(url: &mut Url) -> Result<Option<PathBuf>> {
    let (mut root, mut kept) = (None, Vec::new());
    for (name, value) in url.query_pairs() {
        match &*name {
            "sslrootcert" => root = Some(PathBuf::from(value.into_owned())),
            "protocol" => kept.push((name.into_owned(), value.into_owned())),
            _ => return Err(wrong("its parameters may be sslrootcert and protocol")),
        }
    }
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(url: &str) -> String {
        client(url).await.map(drop).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn urls_of_redis_and_valkey_are_read() {
        for url in [
            "redis://127.0.0.1:6379",
            "redis://:hunter2@cache.example/3",
            "valkey://user:hunter2@cache.example:6380",
            "rediss://cache.example",
            "valkeys://cache.example/?protocol=resp3",
        ] {
            client(url).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_shows_no_password() {
        for url in [
            "hunter2",
            "",
            "http://:hunter2@cache.example",
            "redis://:hunter2@cache.example/database",
            "redis://:hunter2@cache.example?timeout=1",
            "redis://:hunter2@cache.example:port",
            "redis:///hunter2",
        ] {
            let told = refused(url).await;
            assert!(!told.contains("hunter2") && told.contains("the Redis URL"), "{url}: {told}");
        }
    }

    #[tokio::test]
    async fn tls_is_verified_or_not_used() {
        assert!(refused("rediss://cache.example/#insecure").await.contains("without verification"));
        assert!(refused("redis://cache.example/?sslrootcert=ca.pem").await.contains("rediss://"));
        let lost = refused("rediss://cache.example/?sslrootcert=/nowhere/ca.pem").await;
        assert!(lost.contains("/nowhere/ca.pem"), "{lost}");
    }
}
