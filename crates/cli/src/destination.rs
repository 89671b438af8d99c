//! Where a command writes the file that it was asked for. A regular file is replaced as a whole, behind the links that lead to
//! it; stdout, devices and pipes are written to, and never replaced by a file.

use crate::output::Ui;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// So many links are followed, as the kernel does.
const MOST_LINKS: usize = 40;

/// Where bytes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A path.
    Path(PathBuf),
}

impl From<OsString> for Destination {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("-" | "/dev/stdout") => Self::Stdout,
            _ => Self::Path(text.into()),
        }
    }
}

impl Destination {
    /// Writes all of it.
    ///
    /// # Errors
    /// When it cannot be written. A file that was there is still there then, as it was.
    pub fn write(&self, bytes: &[u8], ui: &Ui) -> Result<()> {
        match self {
            Self::Stdout => ui.raw(bytes),
            Self::Path(path) => {
                put(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
            }
        }
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => OpenOptions::new().write(true).open(path)?.write_all(bytes),
        _ => match target(path)? {
            Some(target) => replace(&target, bytes),
            None => OpenOptions::new().write(true).truncate(true).open(path)?.write_all(bytes),
        },
    }
}

/// The file behind the links; `None` for one that a process holds open (`/dev/fd/3`), which has no path of its own.
fn target(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return Ok(None);
        }
        match fs::read_link(&path) {
            Ok(link) => path = folder_of(&path).join(link),
            Err(_) => return Ok(Some(path)),
        }
    }
    Err(io::Error::other("too many links lead to it"))
}

/// Writes a file that only its owner can read, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".nauthera-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The file is there; not every file system can promise that its name outlives a crash.
    File::open(folder).and_then(|folder| folder.sync_all()).ok();
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn links_are_followed_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).unwrap();
        fs::write(at("deep/real"), "old").unwrap();
        symlink("deep/hop", at("link")).unwrap();
        symlink("real", at("deep/hop")).unwrap();
        symlink("deep/new", at("dangling")).unwrap();
        put(&at("link"), b"one").unwrap();
        put(&at("dangling"), b"two").unwrap();
        assert_eq!(fs::read_to_string(at("deep/real")).unwrap(), "one");
        assert_eq!(fs::read_to_string(at("deep/new")).unwrap(), "two");
        assert!(at("link").is_symlink() && at("deep/hop").is_symlink() && at("dangling").is_symlink());
        assert_eq!(names(&at("deep")), ["hop", "new", "real"]);
        symlink("loop", at("loop")).unwrap();
        assert!(put(&at("loop"), b"x").is_err());
        assert!(put(&at("deep"), b"x").is_err());
    }

    #[test]
    fn stdout_has_two_names() {
        for name in ["-", "/dev/stdout"] {
            assert_eq!(Destination::from(OsString::from(name)), Destination::Stdout);
        }
    }
}
