//! `secrets/NAMESPACE/SECRET/KEY`, one file a key: exactly what an application in a cluster would find mounted, so that
//! `SERVICE_BINDING_ROOT` works on a namespace's folder.

use super::private_folder;
use anyhow::{Context, Result};
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::SecretTemplate;
use nauthera_core::uri::IssuerUrl;
use nauthera_server::keys::write_private;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The Secrets as files below a folder.
pub struct SecretFiles {
    root: PathBuf,
    written: BTreeMap<PathBuf, BTreeMap<Arc<str>, String>>,
}

/// The name of a client's Secret.
fn secret_name(client: &ObjectRef, template: &SecretTemplate) -> Arc<str> {
    template.name.clone().unwrap_or_else(|| format!("{}-client-secret", client.name).into())
}

impl SecretFiles {
    /// Secrets below this folder.
    pub const fn below(root: PathBuf) -> Self {
        Self { root, written: BTreeMap::new() }
    }

    /// The folder of a client's Secret.
    pub fn folder(&self, client: &ObjectRef, template: &SecretTemplate) -> PathBuf {
        self.root.join(&*client.namespace).join(&*secret_name(client, template))
    }

    /// The plain secret that a client's Secret holds now.
    pub fn plain(&self, client: &ObjectRef, template: &SecretTemplate) -> Option<String> {
        let key = key_name(template, "client_secret");
        let folder = self.folder(client, template);
        // What this process wrote is not read again: a folder of ten thousand clients is looked at on every save.
        match self.written.get(&folder) {
            Some(written) => written.get(&key).cloned(),
            None => fs::read_to_string(folder.join(&*key)).ok(),
        }
    }

    /// Writes a client's Secret, as far as it is not there already; `secret` is its plain secret, where it has one.
    pub fn write(
        &mut self,
        row: &Row,
        template: &SecretTemplate,
        issuer: &IssuerUrl,
        secret: Option<&str>,
    ) -> Result<()> {
        let folder = self.folder(&row.object, template);
        let wanted = content(row, template, issuer, secret);
        if self.written.get(&folder) == Some(&wanted) {
            return Ok(());
        }
        if let Some(namespace) = folder.parent() {
            private_folder(namespace)?;
        }
        private_folder(&folder)?;
        for (key, value) in &wanted {
            let path = folder.join(&**key);
            if fs::read(&path).is_ok_and(|there| there == value.as_bytes()) {
                continue;
            }
            write_private(&path, value.as_bytes())
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        for stale in entries(&folder).filter(|name| !wanted.contains_key(name.as_str())) {
            fs::remove_file(folder.join(&stale)).ok();
        }
        self.written.insert(folder, wanted);
        Ok(())
    }

    /// Takes away Secrets that no client has any more.
    pub fn retain(&mut self, keep: &BTreeSet<PathBuf>) {
        self.written.retain(|folder, _| keep.contains(folder));
        for namespace in entries(&self.root).map(|name| self.root.join(name)) {
            for folder in
                entries(&namespace).map(|name| namespace.join(name)).filter(|folder| !keep.contains(folder))
            {
                if let Err(error) = fs::remove_dir_all(&folder) {
                    tracing::warn!(folder = %folder.display(), %error, "a stale secret cannot be removed");
                }
            }
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).ok().into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn key_name(template: &SecretTemplate, key: &str) -> Arc<str> {
    template.keys.get(key).cloned().unwrap_or_else(|| key.into())
}

fn content(
    row: &Row,
    template: &SecretTemplate,
    issuer: &IssuerUrl,
    secret: Option<&str>,
) -> BTreeMap<Arc<str>, String> {
    let mut values = vec![
        ("client_id", row.client_id.to_string()),
        ("issuer", issuer.to_string()),
        ("discovery_url", issuer.join("/.well-known/openid-configuration")),
        ("authorization_endpoint", issuer.join("/oauth2/authorize")),
        ("token_endpoint", issuer.join("/oauth2/token")),
        ("userinfo_endpoint", issuer.join("/oauth2/userinfo")),
        ("jwks_uri", issuer.join("/oauth2/jwks")),
        ("end_session_endpoint", issuer.join("/oauth2/logout")),
        ("type", "oauth2".to_owned()),
        ("provider", "nauthera".to_owned()),
    ];
    values.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
    values.into_iter().map(|(key, value)| (key_name(template, key), value)).collect()
}
