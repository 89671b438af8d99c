//! Which files there are, and their texts.

use super::{DEFAULT_NAMESPACE, MAX_FILE, fault};
use crate::schema::printable;
use crate::yaml::Span;
use nauthera_core::finding::Finding;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How deep folders are entered.
const MAX_FOLDERS: usize = 64;

/// The files to read, sorted, each once.
#[derive(Debug, Default)]
pub struct Listing {
    files: Vec<ListedFile>,
    faults: Vec<ListedFault>,
    /// The namespace of objects that name none, where it is another one than usual.
    home: Option<String>,
}

/// A file that was found.
#[derive(Debug, Clone)]
pub(super) struct ListedFile {
    pub(super) shown: String,
    pub(super) location: PathBuf,
    /// Given by name, so that it may also be a pipe.
    pub(super) given: bool,
}

/// A path that could not be listed.
#[derive(Debug)]
pub(super) struct ListedFault {
    pub(super) shown: String,
    pub(super) location: PathBuf,
    pub(super) error: io::Error,
}

impl Listing {
    /// Lists files and folders. Hidden files and folders are left out, links to files are followed, and a folder or file
    /// that is reached twice counts once.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Self {
        Self::walked(paths, Walk::default())
    }

    /// The same without what lies in one folder: what a command keeps there is none of its manifests.
    #[must_use]
    pub fn beside(paths: &[PathBuf], left_out: &Path) -> Self {
        // A folder that was entered already is not entered again.
        let folders = fs::canonicalize(left_out).into_iter().collect();
        Self::walked(paths, Walk { folders, ..Walk::default() })
    }

    fn walked(paths: &[PathBuf], mut walk: Walk) -> Self {
        let alone = paths.len() == 1;
        for path in paths {
            let shown = if alone { Path::new("") } else { path.as_path() };
            walk.given(path, shown);
        }
        walk.into_listing()
    }

    /// The same, with objects that name no namespace in this one, as `kubectl --namespace` has it.
    #[must_use]
    pub fn in_namespace(self, home: &str) -> Self {
        Self { home: Some(home.to_owned()), ..self }
    }

    pub(super) fn home(&self) -> &str {
        self.home.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Where the files are.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.location.as_path())
    }

    pub(super) fn files(&self) -> &[ListedFile] {
        &self.files
    }

    pub(super) fn faults(&self) -> &[ListedFault] {
        &self.faults
    }
}

#[derive(Default)]
struct Walk {
    listing: Listing,
    folders: BTreeSet<PathBuf>,
    /// Links to files, kept until all files proper are known.
    links: Vec<(PathBuf, ListedFile)>,
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn given(&mut self, path: &Path, shown: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path, shown, 0),
            Ok(_) => {
                let file = ListedFile { shown: display(path), location: path.into(), given: true };
                if self.seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.into())) {
                    self.listing.files.push(file);
                }
            }
            Err(error) => self.fault(path, path, error),
        }
    }

    fn folder(&mut self, path: &Path, shown: &Path, depth: usize) {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) => return self.fault(path, shown, error),
        };
        if !self.folders.insert(real.clone()) {
            return;
        }
        if depth > MAX_FOLDERS {
            return self.fault(path, shown, io::Error::other("folders are nested too deep"));
        }
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.fault(path, shown, error),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if !name.as_encoded_bytes().starts_with(b".") {
                self.entry(&entry, &real, &shown.join(&name), depth);
            }
        }
    }

    fn entry(&mut self, entry: &fs::DirEntry, folder: &Path, shown: &Path, depth: usize) {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.fault(&path, shown, error),
        };
        let file = || ListedFile { shown: display(shown), location: path.clone(), given: false };
        if kind.is_dir() {
            self.folder(&path, shown, depth + 1);
        } else if kind.is_symlink() {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.folder(&path, shown, depth + 1),
                Ok(_) if is_manifest(&path) => {
                    let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                    self.links.push((real, file()));
                }
                Err(error) if is_manifest(&path) => self.fault(&path, shown, error),
                _ => {}
            }
        } else if is_manifest(&path) && self.seen.insert(folder.join(entry.file_name())) {
            self.listing.files.push(file());
        }
    }

    fn fault(&mut self, path: &Path, shown: &Path, error: io::Error) {
        let shown = if shown.as_os_str().is_empty() { path } else { shown };
        self.listing.faults.push(ListedFault { shown: display(shown), location: path.into(), error });
    }

    fn into_listing(mut self) -> Listing {
        for (real, file) in self.links {
            if self.seen.insert(real) {
                self.listing.files.push(file);
            }
        }
        self.listing.files.sort_by(|a, b| Path::new(&a.shown).cmp(Path::new(&b.shown)));
        self.listing
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}

fn display(path: &Path) -> String {
    let path = path.strip_prefix(".").ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(path);
    printable(&path.display().to_string())
}

/// A text, or what is wrong with the file: the finding, where, and what of it can be shown.
pub(super) type Text = Result<String, (Box<Finding>, Span, String)>;

/// Reads a file to its end.
pub(super) fn text_of(file: &ListedFile) -> Text {
    let whole = |finding: Finding| (Box::new(finding), Span::default(), String::new());
    match bytes_of(file) {
        Ok(bytes) if bytes.len() > MAX_FILE => Err(whole(fault::too_large(&file.shown))),
        Ok(bytes) => decode(&file.shown, bytes),
        Err(error) => Err(whole(fault::unreadable(&file.shown, &error))),
    }
}

/// At most one byte more than a file may have. A pipe is read only where it was given by name: any other would wait.
fn bytes_of(file: &ListedFile) -> io::Result<Vec<u8>> {
    if !file.given && !fs::metadata(&file.location)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(&file.location)?.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(shown: &str, bytes: Vec<u8>) -> Text {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(without_mark(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let text = String::from_utf8_lossy(bytes).into_owned();
            Err((Box::new(fault::not_utf8(shown, utf16)), span_at(&text, valid), text))
        }
    }
}

/// The text without a byte order mark.
pub(super) fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The character at a byte of a text.
fn span_at(text: &str, offset: usize) -> Span {
    let before = text.get(..offset).unwrap_or_default();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let width = text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Span {
        start: number(offset),
        end: number(offset + width),
        line: number(before.matches('\n').count() + 1),
        column: number(line.chars().count() + 1),
    }
}
