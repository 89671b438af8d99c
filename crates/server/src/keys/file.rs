//! Signing keys in one file, replaced atomically, readable by its owner alone. Replicas may share the folder: who changes the file
//! holds a lock beside it. A folder that cannot be written, as a mounted Secret is, is kept by somebody else and only read.

use super::{KeyError, KeyStore, StoredKey, Turn};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How often the lock is tried: making an RSA key takes another process a while.
const TRIES: u32 = 1_000;

/// Keys in `signing-keys.json` of a folder.
#[derive(Debug, Clone)]
pub struct FileKeys {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    keys: Vec<StoredKey>,
}

impl FileKeys {
    /// Keys in this folder, which must exist.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("signing-keys.json") }
    }

    /// The keys in the content of such a file.
    ///
    /// # Errors
    /// [`KeyError::Storage`] when it is none.
    pub fn decode(bytes: &[u8]) -> Result<Vec<StoredKey>, KeyError> {
        let kept: Kept =
            serde_json::from_slice(bytes).map_err(|error| KeyError::Storage(error.to_string()))?;
        Ok(kept.keys)
    }

    /// The content of such a file.
    ///
    /// # Errors
    /// [`KeyError::Storage`] when it cannot be written as JSON, which keys always can.
    pub fn encode(keys: &[StoredKey]) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
        let text = serde_json::to_vec_pretty(&Kept { keys: keys.to_vec() });
        text.map(zeroize::Zeroizing::new).map_err(|error| KeyError::Storage(error.to_string()))
    }

    fn storage(&self, error: impl std::fmt::Display) -> KeyError {
        KeyError::Storage(format!("{}: {error}", self.path.display()))
    }
}

impl KeyStore for FileKeys {
    fn turn(&self) -> Result<Turn, KeyError> {
        let path = self.path.with_extension("lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let lock = match opened {
            Ok(lock) => lock,
            Err(error) if is_read_only(&error) => return Ok(Turn::Theirs),
            Err(error) => return Err(self.storage(error)),
        };
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => return Ok(Turn::Ours(Box::new(lock))),
                // Five milliseconds, without a clock: a wait on nothing that has an end.
                Err(TryLockError::WouldBlock) => {
                    std::thread::park_timeout(std::time::Duration::from_millis(5))
                }
                // A file system without locks is none that replicas share.
                Err(TryLockError::Error(_)) => return Ok(Turn::Ours(Box::new(lock))),
            }
        }
        Err(self.storage("another process keeps it locked"))
    }

    fn load(&self) -> Result<Vec<StoredKey>, KeyError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.storage(error)),
        };
        Self::decode(&bytes).map_err(|error| self.storage(error))
    }

    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyError> {
        let text = Self::encode(keys)?;
        write_private(&self.path, &text).map_err(|error| self.storage(error))
    }
}

fn is_read_only(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied)
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// Those of the file system; the old file is still there then.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A name may be as long as the file system takes: the temporary one must be no longer.
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let short: String = name.chars().take(60).collect();
    let temporary = path.with_file_name(format!("{short}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
