//! Signing keys in one file, replaced atomically, readable by its owner alone.

use super::{KeyError, KeyStore, StoredKey};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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

    fn storage(&self, error: impl std::fmt::Display) -> KeyError {
        KeyError::Storage(format!("{}: {error}", self.path.display()))
    }
}

impl KeyStore for FileKeys {
    fn load(&self) -> Result<Vec<StoredKey>, KeyError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.storage(error)),
        };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| self.storage(error))?;
        Ok(kept.keys)
    }

    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyError> {
        let text =
            serde_json::to_vec_pretty(&Kept { keys: keys.to_vec() }).map_err(|error| self.storage(error))?;
        write_private(&self.path, &text).map_err(|error| self.storage(error))
    }
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
