//! The files of the tree: those git knows or would take, or all of them where there is no git.
//!
//! It owns finding and reading them; what may stand in them is left to [`crate::text`] and [`crate::papers`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// Folders that hold what tools make, for a tree without git.
const MADE: &[&str] = &["target", "node_modules", ".git", ".nauthera", ".venv", "__pycache__"];

/// A text file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path relative to the root, with `/` between its parts.
    pub path: String,
    /// All of its text.
    pub text: String,
}

impl SourceFile {
    /// What stands after the last dot of its name, or an empty string.
    #[must_use]
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }
}

/// The root of the workspace.
///
/// # Errors
/// When this crate does not lie two folders below it.
pub fn root() -> Outcome<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).map(Path::to_path_buf);
    root.filter(|root| root.join("Cargo.lock").is_file())
        .ok_or_else(|| "the workspace is not found".to_owned())
}

/// Every text file of the tree, sorted by path. Files that are not UTF-8 (pictures, fonts) are left out.
///
/// # Errors
/// When git fails or the tree cannot be read.
pub fn all() -> Outcome<Vec<SourceFile>> {
    let root = root()?;
    let mut paths = if is_checkout(&root) { git_paths(&root)? } else { walk(&root, &root)? };
    paths.sort();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(&path);
        // A file that is deleted but not yet committed, a link to a cache, a picture: nothing to read.
        if full.is_file()
            && let Ok(text) = fs::read_to_string(&full)
        {
            files.push(SourceFile { path, text });
        }
    }
    Ok(files)
}

/// A tree that was unpacked somewhere inside another project's checkout is no checkout of its own.
fn is_checkout(root: &Path) -> bool {
    root.join(".git").exists()
}

fn git_paths(root: &Path) -> Outcome<Vec<String>> {
    let mut command = Command::new("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = command.output().map_err(|e| format!("git does not start: {e}"))?;
    if !output.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let listing = String::from_utf8(output.stdout).map_err(|e| format!("a path is not UTF-8: {e}"))?;
    Ok(listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// The paths of all files under `folder`, relative to `root`.
///
/// # Errors
/// When a folder cannot be read.
pub fn walk(root: &Path, folder: &Path) -> Outcome<Vec<String>> {
    let mut paths = Vec::new();
    let unreadable = |e| format!("{} cannot be read: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if MADE.contains(&name) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            paths.extend(walk(root, &path)?);
        } else if let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            paths.push(relative.to_owned());
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_this_file_under_its_path() {
        let files = all().unwrap();
        assert!(files.iter().any(|file| file.path == "tests/house/src/files.rs" && file.extension() == "rs"));
    }

    #[test]
    fn without_git_a_walk_finds_the_same_file() {
        let root = root().unwrap();
        let paths = walk(&root, &root.join("tests/house")).unwrap();
        assert!(paths.contains(&"tests/house/src/files.rs".to_owned()), "{paths:?}");
    }

    #[test]
    fn what_git_ignores_is_not_of_the_tree() {
        let files = all().unwrap();
        let made = files.iter().find(|file| file.path.split('/').any(|part| MADE.contains(&part)));
        assert_eq!(made, None);
    }
}
