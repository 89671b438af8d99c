//! Keys of other clusters, whose ServiceAccounts an AuthServer trusts. Platform names them, so their addresses may be private, as those
//! of API servers are, and verified by a CA of their own; a redirect is followed nowhere.

use super::guard::{DEADLINE, Guarded};
use super::{JwksCache, body};
use crate::assertion::key_set;
use jsonwebtoken::jwk::JwkSet;
use nauthera_core::spec::{IssuerKeys, SecretKey, ServiceAccountIssuer};
use nauthera_core::time::UnixTime;
use reqwest::Certificate;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The most certificates of a CA that are read, in bytes.
const LARGEST_CA: u64 = 256 * 1_024;

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: Url,
}

impl JwksCache {
    /// The keys of a cluster; `None` when they cannot be had.
    pub(crate) async fn get_cluster(
        &self,
        cluster: &ServiceAccountIssuer,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Option<Arc<JwkSet>> {
        // Where the keys are, or whom to believe, may be edited: then what was kept is another's.
        let from = match &cluster.keys {
            IssuerKeys::JwksUri(url) => url.as_str(),
            IssuerKeys::Jwks(_) | IssuerKeys::Discovery => "discovery",
        };
        let ca = cluster.ca.as_ref().map(|ca| format!(" by {}/{}", ca.name, ca.key)).unwrap_or_default();
        let name = format!("cluster {} at {from}{ca}", cluster.issuer);
        self.kept(&name, kid, now, self.ask(cluster)).await
    }

    async fn ask(&self, cluster: &ServiceAccountIssuer) -> Result<JwkSet, String> {
        let client = match &cluster.ca {
            Some(ca) => Guarded::client_of_ca(&certificates(&self.mounts, ca).await?)?,
            None => self.guarded.client_of_platform()?,
        };
        let url = match &cluster.keys {
            IssuerKeys::Jwks(text) => return read(text.as_bytes()),
            IssuerKeys::JwksUri(url) => url.clone(),
            IssuerKeys::Discovery => discovered(&client, &cluster.issuer).await?,
        };
        read(&body(&client, &only_https(url)?).await?)
    }
}

fn read(text: &[u8]) -> Result<JwkSet, String> {
    key_set(text).map_err(|error| format!("it is not a JWK Set: {error}"))
}

fn only_https(url: Url) -> Result<Url, String> {
    if url.scheme() == "https" { Ok(url) } else { Err("only https is fetched".into()) }
}

/// Where the discovery document of an issuer says that its keys are.
async fn discovered(client: &reqwest::Client, issuer: &str) -> Result<Url, String> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|error| format!("its address cannot be made: {error}"))?;
    let document = body(client, &only_https(url)?).await?;
    let found: Discovered = serde_json::from_slice(&document)
        .map_err(|error| format!("its discovery document cannot be read: {error}"))?;
    if found.issuer == issuer {
        Ok(found.jwks_uri)
    } else {
        Err("its discovery document is that of another issuer".into())
    }
}

/// The certificates in a mounted Secret. They are read at each fetch: a mount changes under its name.
async fn certificates(mounts: &Path, ca: &SecretKey) -> Result<Vec<Certificate>, String> {
    let path = mounts.join(&*ca.name).join(&*ca.key);
    let failed =
        |error: &dyn std::fmt::Display| format!("its CA in {} cannot be used: {error}", path.display());
    let size = tokio::fs::metadata(&path).await.map_err(|error| failed(&error))?.len();
    if size > LARGEST_CA {
        return Err(failed(&"it is larger than 256 KiB"));
    }
    let pem = tokio::time::timeout(DEADLINE, tokio::fs::read(&path)).await;
    let pem = pem.map_err(|_| failed(&"it cannot be read in time"))?.map_err(|error| failed(&error))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(&error))?;
    if certificates.is_empty() { Err(failed(&"it has no certificate")) } else { Ok(certificates) }
}
