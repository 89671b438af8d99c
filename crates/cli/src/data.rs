//! The data folder: everything that `up` and `compile` keep. `keys/` has the signing keys and the digest key,
//! `credentials/` the records of clients, `secrets/` what Kubernetes would mount into the applications, `nauthera.db` the
//! protocol's facts, `snapshot.json` what was served last. Everything is its owner's alone.

mod records;
mod secrets;

pub use records::Records;
pub use secrets::SecretFiles;

use anyhow::{Context, Result, bail};
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Snapshot;
use nauthera_core::time::{Entropy, random_256};
use nauthera_server::keys::write_private;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open data folder. Two processes never have the same one open.
pub struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, and makes it where it is not there.
    pub fn open(root: &Path) -> Result<Self> {
        private_folder(root)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(root.join("lock"))
            .with_context(|| format!("{} cannot be written", root.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "{} is in use by another nauthera; stop it, or give another folder with --data",
                root.display()
            );
        }
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("nauthera.db")
    }

    /// The folder of keys, which is there afterwards.
    pub fn keys(&self) -> Result<PathBuf> {
        let folder = self.root.join("keys");
        private_folder(&folder)?;
        Ok(folder)
    }

    /// The folder of what applications read.
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// The records of clients' credentials.
    pub fn records(&self) -> Result<Records> {
        let folder = self.root.join("credentials");
        private_folder(&folder)?;
        Records::open(folder.join("records.json"))
    }

    /// What was served last, if it was this server's and can still be read.
    pub fn last_snapshot(&self, server: &ObjectRef) -> Option<Arc<Snapshot>> {
        self.kept_snapshot().filter(|snapshot| snapshot.head.server == *server).map(Arc::new)
    }

    /// What was served last, of whatever server, if it can still be read.
    pub fn kept_snapshot(&self) -> Option<Snapshot> {
        Snapshot::from_bytes(&fs::read(self.snapshot_path()).ok()?).ok()
    }

    /// Remembers what is served, as far as it is not remembered already.
    pub fn keep_snapshot(&self, snapshot: &Snapshot) -> Result<()> {
        let (path, bytes) = (self.snapshot_path(), snapshot.to_bytes());
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        write_private(&path, &bytes).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn snapshot_path(&self) -> PathBuf {
        self.root.join("snapshot.json")
    }
}

/// The digest key of a key folder; made where it is not there.
pub fn digest_key(keys: &Path, entropy: &dyn Entropy) -> Result<[u8; 32]> {
    let path = keys.join("digest.key");
    match fs::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(key),
            Err(_) => bail!(
                "{} does not hold 32 bytes; clients' secrets cannot be checked without it",
                path.display()
            ),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            make_digest_key(&path, entropy)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            digest_key(keys, entropy)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Makes the key, unless another process that shares the folder was faster.
fn make_digest_key(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let key = random_256(entropy);
    let own = path.with_extension(format!("{:032x}", name_of(entropy)));
    write_private(&own, &key)?;
    let made = match fs::hard_link(&own, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    fs::remove_file(&own)?;
    made
}

/// A number that no other process draws.
fn name_of(entropy: &dyn Entropy) -> u128 {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    u128::from_ne_bytes(bytes)
}

/// Makes a folder, and those above it, for its owner alone.
pub fn private_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("folder {} cannot be made", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn processes_that_start_together_have_one_digest_key() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(16);
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                digest_key(folder.path(), &SystemEntropy).unwrap()
            };
            let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
