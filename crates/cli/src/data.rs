//! The data folder: everything that `up` and `compile` keep. `keys/` has the signing keys and the digest key,
//! `credentials/` the records of clients, `secrets/` what Kubernetes would mount into the applications, `nauthera.db` the
//! protocol's facts, `snapshot.json` what was served last. Everything is its owner's alone.

mod records;
mod secrets;

pub use records::Records;
pub use secrets::{SecretFiles, secret_name};

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
        let bytes = fs::read(self.snapshot_path()).ok()?;
        let snapshot = Snapshot::from_bytes(&bytes).ok()?;
        (snapshot.head.server == *server).then(|| Arc::new(snapshot))
    }

    /// Remembers what is served.
    pub fn keep_snapshot(&self, snapshot: &Snapshot) -> Result<()> {
        let path = self.snapshot_path();
        write_private(&path, &snapshot.to_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))
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
            let key = random_256(entropy);
            write_private(&path, &key).with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Makes a folder, and those above it, for its owner alone.
pub fn private_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("folder {} cannot be made", path.display()))
}
