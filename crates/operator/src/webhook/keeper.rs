//! Keeping the webhook's certificate: the leader makes it, in a Secret of the operator's namespace, and tells the API server of its
//! authority; every replica presents what lies there.

use super::certificate::{Kept, maintain};
use super::presented::Presented;
use crate::cluster::{Fault, call, patch_params, put};
use crate::context::Context;
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, Patch};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The Secret.
const SECRET: &str = "nauthera-webhook";
/// Its key.
const KEY: &str = "certificate.json";
/// How often it is looked at; until there is a certificate, more often.
const EVERY: [Duration; 2] = [Duration::from_secs(20), Duration::from_millis(500)];

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// The leader makes it for these names, and enters its authority into the configuration of this name.
    SelfMade {
        /// The names under which the API server calls.
        names: Vec<String>,
        /// The ValidatingWebhookConfiguration.
        configuration: String,
    },
    /// Files, which may change.
    Files {
        /// The chain in PEM.
        certificate: PathBuf,
        /// The key in PEM.
        key: PathBuf,
    },
}

/// Keeps the certificate.
pub struct Keeper {
    /// What every worker shares.
    pub context: Arc<Context>,
    /// Where it comes from.
    pub source: CertificateSource,
    /// What is presented.
    pub presented: Arc<Presented>,
    /// Does this process lead?
    pub leading: Arc<AtomicBool>,
}

/// A chain and its key.
type Pair = [Vec<u8>; 2];

impl Keeper {
    /// Keeps it for ever.
    pub async fn run(self) {
        let (mut shown, mut said): (Option<Pair>, Option<String>) = (None, None);
        loop {
            let looked = self.look().await.map_err(|fault| fault.to_string());
            let outcome = looked.and_then(|pair| match pair {
                Some(pair) if shown.as_ref() != Some(&pair) => {
                    let [certificate, key] = &pair;
                    self.presented.set(certificate, key).map_err(|error| error.to_string())?;
                    shown = Some(pair);
                    Ok(())
                }
                _ => Ok(()),
            });
            let text = outcome.err();
            if let Some(error) = text.as_ref().filter(|text| said.as_ref() != Some(*text)) {
                tracing::warn!(
                    error,
                    "the webhook's certificate cannot be looked after: what is presented stays"
                );
            }
            said = text;
            let [rest, soon] = EVERY;
            tokio::time::sleep(if shown.is_some() { rest } else { soon }).await;
        }
    }

    async fn look(&self) -> Result<Option<Pair>, Fault> {
        match &self.source {
            CertificateSource::Files { certificate, key } => {
                let read = |path: &PathBuf| {
                    std::fs::read(path).map_err(|error| Fault::Other(format!("{}: {error}", path.display())))
                };
                Ok(Some([read(certificate)?, read(key)?]))
            }
            CertificateSource::SelfMade { names, configuration } => {
                let Some(kept) = self.kept(names).await? else { return Ok(None) };
                if self.leading.load(Ordering::Acquire) {
                    self.announce(configuration, &kept.bundle()).await?;
                }
                Ok(Some([kept.current.certificate.into_bytes(), kept.current.key.as_bytes().to_vec()]))
            }
        }
    }

    /// What is kept; the leader makes what is due.
    async fn kept(&self, names: &[String]) -> Result<Option<Kept>, Fault> {
        let api: Api<Secret> = Api::namespaced(self.context.client.clone(), &self.context.settings.home);
        let secret = call(api.get_opt(SECRET)).await?;
        let bytes = secret.as_ref().and_then(|secret| secret.data.as_ref()?.get(KEY));
        let kept: Option<Kept> = bytes.and_then(|bytes| serde_json::from_slice(&bytes.0).ok());
        if !self.leading.load(Ordering::Acquire) {
            return Ok(kept);
        }
        let news = maintain(kept.as_ref(), names, self.context.clock.now());
        let Some(news) = news.map_err(|error| Fault::Other(error.to_string()))? else { return Ok(kept) };
        let version = secret.and_then(|secret| secret.metadata.resource_version);
        let bytes = serde_json::to_vec(&news).map_err(|error| Fault::Other(error.to_string()))?;
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(SECRET.into()),
                resource_version: version,
                labels: Some([(MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some([(KEY.to_owned(), ByteString(bytes))].into()),
            ..Secret::default()
        };
        put(&api, &secret).await.map(|_| Some(news))
    }

    /// Tells the API server of the authorities, where it does not know them.
    async fn announce(&self, configuration: &str, bundle: &str) -> Result<(), Fault> {
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.context.client.clone());
        let Some(there) = call(api.get_opt(configuration)).await? else { return Ok(()) };
        let is_other = |bytes: &ByteString| bytes.0 != bundle.as_bytes();
        let encoded = STANDARD.encode(bundle);
        let mut patch = vec![json!({
            "op": "replace", "path": "/metadata/resourceVersion", "value": there.metadata.resource_version,
        })];
        for (index, webhook) in there.webhooks.iter().flatten().enumerate() {
            if webhook.client_config.ca_bundle.as_ref().is_none_or(is_other) {
                let path = format!("/webhooks/{index}/clientConfig/caBundle");
                patch.push(json!({ "op": "add", "path": path, "value": encoded }));
            }
        }
        if patch.len() == 1 {
            return Ok(());
        }
        let patch =
            serde_json::from_value(Value::Array(patch)).map_err(|error| Fault::Other(error.to_string()))?;
        call(api.patch(configuration, &patch_params(), &Patch::<()>::Json(patch))).await.map(|_| ())
    }
}
