//! From files to the facts that `compile` judges: manifests are found, read and judged one by one, every fault becomes a
//! finding at its place in a file, and nothing stops at a fault.
//!
//! Reading files is the only I/O of this crate. What a file says is judged by `schema` and `resolve`; what follows from
//! all of it together is core's. A folder that changes is read anew by whoever watches it.

mod document;
mod facts;
pub(crate) mod fault;
mod files;
mod identity;
mod object;
mod outcome;
pub(crate) mod typed;

use crate::schema::{Schemas, printable};
use crate::yaml::{Node, Part, Span};
use facts::Labels;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{ObjectKey, ObjectRef};
use outcome::{Outcome, ReadObject};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use typed::Spec;

pub use facts::Secret;
pub use files::Listing;

/// How many bytes a manifest file may have.
pub const MAX_FILE: usize = 8 << 20;
/// How many bytes an object may have as JSON.
pub const MAX_OBJECT: usize = 1 << 20;
/// The namespace of objects that name none, where nobody says another one.
pub const DEFAULT_NAMESPACE: &str = "default";

/// A file as it was read.
#[derive(Clone)]
pub struct SourceFile {
    /// What people are shown: relative to the folder that was given, or as it was given.
    pub path: String,
    /// Where it was read.
    pub location: PathBuf,
    /// Its text without a byte order mark, to quote from; empty when nothing in it is ours.
    pub text: String,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileSpan {
    /// Which of [`Manifests::files`].
    pub file: usize,
    /// Where in its text; line 0 is the file as a whole.
    pub span: Span,
}

/// A finding with its place in a file.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is told. Its first label is the same place as `at`, by object and pointer, where it has one; the places of
    /// further labels are found with [`Manifests::locate`].
    pub finding: Finding,
    /// Where it is.
    pub at: Option<FileSpan>,
}

/// All that was read: objects, facts, and what is wrong with them.
#[derive(Default)]
pub struct Manifests {
    files: Vec<SourceFile>,
    objects: BTreeMap<ObjectKey, Object>,
    namespaces: BTreeMap<Arc<str>, Labels>,
    secrets: BTreeMap<ObjectRef, Secret>,
    /// Where each Namespace and each Secret stands first: its file and line.
    facts: BTreeMap<String, (usize, u32)>,
    findings: Vec<Found>,
    incomplete: bool,
}

/// An object of ours: where it stands and what it says.
struct Object {
    file: usize,
    node: Node,
    labels: Labels,
    spec: Option<Spec>,
}

impl Manifests {
    /// Reads files and folders (with the folders in them, sorted by path): `.yaml`, `.yml` and `.json`, hidden ones left
    /// out. A file that is given by name is read whatever its name is. Never fails: what cannot be read is a finding.
    #[must_use]
    pub fn read(paths: &[PathBuf]) -> Self {
        Self::load(&Listing::of(paths))
    }

    /// Reads the files of a listing. One that has vanished since is a finding.
    #[must_use]
    pub fn load(listing: &Listing) -> Self {
        let schemas = Schemas::ours();
        let outcomes =
            outcome::in_parallel(listing.files(), |file| Outcome::of_file(schemas, file, listing.home()));
        let mut manifests = Self::default();
        for fault in listing.faults() {
            manifests.add(Outcome::of_fault(fault));
        }
        outcomes.into_iter().for_each(|outcome| manifests.add(outcome));
        manifests.sorted()
    }

    /// Reads texts that are in memory, each with the path that people are shown.
    #[must_use]
    pub fn from_texts(texts: Vec<(String, String)>) -> Self {
        let schemas = Schemas::ours();
        let mut manifests = Self::default();
        for (path, text) in texts {
            manifests.add(Outcome::of_text(schemas, path, text));
        }
        manifests.sorted()
    }

    /// What is wrong or noteworthy, by file and place.
    #[must_use]
    pub fn findings(&self) -> &[Found] {
        &self.findings
    }

    /// The files that were read, and those that could not be.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Could something not be read, so that nothing may be taken for deleted?
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The Secrets among the manifests; of two documents with one name that differ neither is used.
    #[must_use]
    pub const fn secrets(&self) -> &BTreeMap<ObjectRef, Secret> {
        &self.secrets
    }

    /// Where a value of an object stands; for one that is not written, the nearest thing above it that is, at last the
    /// object's name. `None` when the object is not here.
    #[must_use]
    pub fn locate(&self, place: &Place, part: Part) -> Option<FileSpan> {
        let object = self.objects.get(&place.key)?;
        Some(FileSpan { file: object.file, span: object::span_of(&object.node, &place.pointer, part) })
    }

    /// Is this object among them?
    #[must_use]
    pub fn has(&self, key: &ObjectKey) -> bool {
        self.objects.contains_key(key)
    }

    /// An annotation of an object.
    #[must_use]
    pub fn annotation(&self, key: &ObjectKey, name: &str) -> Option<String> {
        let json = self.objects.get(key)?.node.to_json();
        json.pointer("/metadata/annotations")?.get(name)?.as_str().map(str::to_owned)
    }

    /// The facts for `compile`: objects that are not accepted stand without their spec.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory {
            namespaces: self.namespaces.clone(),
            incomplete: self.incomplete,
            ..Inventory::default()
        };
        for (key, object) in &self.objects {
            let entry = typed::Entry { generation: 1, labels: &object.labels, spec: object.spec.as_ref() };
            typed::enter(&mut inventory, key, &entry);
        }
        inventory
    }

    fn add(&mut self, outcome: Outcome) {
        let file = self.files.len();
        let in_file = |span| FileSpan { file, span };
        self.incomplete |= outcome.incomplete;
        self.findings.extend(
            outcome
                .findings
                .into_iter()
                .map(|(finding, span)| Found { finding: shown(finding), at: Some(in_file(span)) }),
        );
        for object in outcome.objects {
            self.add_object(file, object);
        }
        self.files.push(outcome.file);
        for (name, labels, line) in outcome.namespaces {
            let same = self.namespaces.get(&name) == Some(&labels);
            if self.stands_first(format!("Namespace {name}"), (file, line), same) {
                self.namespaces.insert(name, labels);
            } else if !same {
                self.namespaces.remove(&name);
            }
        }
        for (name, secret, line) in outcome.secrets {
            let same = self.secrets.get(&name) == Some(&secret);
            if self.stands_first(format!("Secret {name}"), (file, line), same) {
                self.secrets.insert(name, secret);
            } else if !same {
                self.secrets.insert(name, Secret::of_two());
            }
        }
    }

    /// Notes where a fact stands, and tells of one that stands there a second time. Nothing of it is quoted: it may be a secret.
    fn stands_first(&mut self, fact: String, (file, line): (usize, u32), same: bool) -> bool {
        let Some((first_file, first_line)) = self.facts.get(&fact).copied() else {
            self.facts.insert(fact, (file, line));
            return true;
        };
        let path = |file: usize| self.files.get(file).map_or("", |file| &*file.path);
        let places = format!("first in {}:{first_line}, again in {}:{line}", path(first_file), path(file));
        let finding = shown(fault::fact_twice(&fact, places, same));
        self.findings.push(Found { finding, at: Some(FileSpan { file, span: Span::default() }) });
        false
    }

    fn add_object(&mut self, file: usize, object: ReadObject) {
        let ReadObject { key, node, labels, spec } = object;
        match self.objects.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Object { file, node, labels, spec });
            }
            // Nobody knows which of the two is meant, and taking the looser one would widen: neither is used.
            Entry::Occupied(mut entry) => {
                entry.get_mut().spec = None;
                let span = object::span_of(&node, "", Part::Value);
                let finding = fault::duplicate(entry.key());
                self.findings.push(Found { finding, at: Some(FileSpan { file, span }) });
            }
        }
    }

    fn sorted(mut self) -> Self {
        self.findings.sort_by_key(|found| found.at.map(|at| (at.file, at.span.start)));
        self
    }
}

/// What stands in a file may end up on a terminal: control characters are made visible.
pub(crate) fn shown(mut finding: Finding) -> Finding {
    finding.message = printable(&finding.message);
    finding.help = finding.help.map(|help| printable(&help));
    finding
}

impl fmt::Debug for Manifests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifests")
            .field("files", &self.files.len())
            .field("objects", &self.objects.keys())
            .field("findings", &self.findings.len())
            .field("incomplete", &self.incomplete)
            .finish_non_exhaustive()
    }
}
