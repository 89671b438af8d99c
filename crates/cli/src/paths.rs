//! Paths that are given on the command line.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A path that is not there was not meant, and one that may not be read hides what is in it: nothing is judged instead of it.
/// What lies below a folder is read later, and reported as manifests are.
///
/// # Errors
/// The first path that cannot be read.
pub fn must_be_readable(paths: &[PathBuf]) -> Result<()> {
    paths
        .iter()
        .try_for_each(|path| readable(path).with_context(|| format!("{} cannot be read", path.display())))
}

fn readable(path: &Path) -> io::Result<()> {
    let metadata = path.metadata()?;
    if metadata.is_dir() {
        fs::read_dir(path).map(drop)
    } else if metadata.is_file() {
        File::open(path).map(drop)
    } else {
        // To open a pipe and close it again would take it from its writer.
        Ok(())
    }
}
