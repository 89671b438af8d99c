//! `secrets/NAMESPACE/SECRET/KEY`, one file a key: exactly what an application in a cluster would find mounted, so that
//! `SERVICE_BINDING_ROOT` works on a namespace's folder.

use super::private_folder;
use anyhow::{Context, Result};
use nauthera_core::binding::{CLIENT_SECRET, content};
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::SecretTemplate;
use nauthera_core::uri::IssuerUrl;
use nauthera_server::keys::write_private;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The Secrets as files below a folder.
pub struct SecretFiles {
    root: PathBuf,
    written: BTreeMap<PathBuf, Written>,
}

/// A Secret as this process left it.
struct Written {
    content: BTreeMap<Arc<str>, String>,
    stamp: u64,
    /// Of the folder alone: another one once a file in it is replaced, gone or new, and cheap to ask for.
    folder: u64,
}

impl SecretFiles {
    /// Secrets below this folder.
    pub const fn below(root: PathBuf) -> Self {
        Self { root, written: BTreeMap::new() }
    }

    /// The folder of a client's Secret.
    pub fn folder(&self, client: &ObjectRef, template: &SecretTemplate) -> PathBuf {
        self.named(client, &template.name_for(client))
    }

    /// The folder of a client's Secret of this name.
    pub fn named(&self, client: &ObjectRef, name: &str) -> PathBuf {
        self.root.join(&*client.namespace).join(name)
    }

    /// Notices what somebody else has changed since: it is read again, and written again where it must be.
    pub fn notice_changes(&mut self) {
        self.written.retain(|folder, written| stamp(folder, &written.content) == written.stamp);
    }

    /// Has somebody taken away, added or replaced a file? A file that is edited in place is noticed with the next change.
    pub fn are_touched(&self) -> bool {
        self.written.iter().any(|(folder, written)| stamp(folder, &BTreeMap::new()) != written.folder)
    }

    /// The plain secret that a client's Secret holds now.
    pub fn plain(&self, client: &ObjectRef, template: &SecretTemplate) -> Option<String> {
        let key = template.key(CLIENT_SECRET);
        let folder = self.folder(client, template);
        // What this process wrote is not read again: a folder of ten thousand clients is looked at on every save.
        match self.written.get(&folder) {
            Some(written) => written.content.get(&key).cloned(),
            None => fs::read_to_string(folder.join(&*key)).ok(),
        }
    }

    /// Puts a new plain secret where its application reads it; what else lies there may have been another client's.
    pub fn put(&mut self, client: &ObjectRef, template: &SecretTemplate, plain: &str) -> Result<()> {
        let folder = self.folder(client, template);
        self.written.remove(&folder);
        private_folder(&folder)?;
        let path = folder.join(&*template.key(CLIENT_SECRET));
        write_private(&path, plain.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))
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
        if self.written.get(&folder).is_some_and(|written| written.content == wanted) {
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
        let (stamp, alone) = (stamp(&folder, &wanted), stamp(&folder, &BTreeMap::new()));
        self.written.insert(folder, Written { content: wanted, stamp, folder: alone });
        Ok(())
    }

    /// Takes away the Secret in this folder.
    pub fn remove(&mut self, folder: &Path) {
        self.written.remove(folder);
        remove(folder);
    }

    /// Takes away Secrets that no client has any more.
    pub fn retain(&mut self, keep: &BTreeSet<PathBuf>) {
        self.written.retain(|folder, _| keep.contains(folder));
        for namespace in entries(&self.root).map(|name| self.root.join(name)) {
            for folder in
                entries(&namespace).map(|name| namespace.join(name)).filter(|folder| !keep.contains(folder))
            {
                remove(&folder);
            }
        }
    }
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), %error, "a stale secret cannot be removed");
        }
        _ => {}
    }
}

/// What the file system says of a Secret's files: different once one of them is edited, replaced or gone, or one is added.
fn stamp(folder: &Path, content: &BTreeMap<Arc<str>, String>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let files = content.keys().map(|key| folder.join(&**key));
    for path in std::iter::once(folder.to_owned()).chain(files) {
        let seen = fs::symlink_metadata(path).ok();
        seen.map(|seen| (seen.ino(), seen.size(), seen.mtime(), seen.mtime_nsec())).hash(&mut hasher);
    }
    hasher.finish()
}

fn entries(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).ok().into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}
