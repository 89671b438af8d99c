//! What one file gives, judged by itself, so that files can be read side by side.

use super::document;
use super::facts::{Labels, Secret};
use super::files::{self, ListedFault, ListedFile};
use super::typed::Spec;
use super::{DEFAULT_NAMESPACE, MAX_FILE, SourceFile, fault};
use crate::schema::Schemas;
use crate::yaml::{self, Node, Span};
use nauthera_core::finding::Finding;
use nauthera_core::names::{ObjectKey, ObjectRef};
use std::path::PathBuf;
use std::sync::Arc;

/// From how many files on they are read in parallel.
const PARALLEL_FROM: usize = 32;
/// How many threads read at most.
const MAX_THREADS: usize = 8;

/// What one file gives.
pub(super) struct Outcome {
    pub(super) file: SourceFile,
    pub(super) objects: Vec<ReadObject>,
    /// Each with the line at which it stands.
    pub(super) namespaces: Vec<(Arc<str>, Labels, u32)>,
    /// Each with the line at which it stands.
    pub(super) secrets: Vec<(ObjectRef, Secret, u32)>,
    pub(super) findings: Vec<(Finding, Span)>,
    pub(super) incomplete: bool,
    /// The namespace of objects that name none.
    pub(super) home: String,
}

/// An object of ours; without a spec when it is not accepted.
pub(super) struct ReadObject {
    pub(super) key: ObjectKey,
    pub(super) node: Node,
    pub(super) labels: Labels,
    pub(super) spec: Option<Spec>,
}

impl Outcome {
    pub(super) fn of_file(schemas: &Schemas, file: &ListedFile, home: &str) -> Self {
        let mut outcome = Self::empty(file.shown.clone(), file.location.clone());
        home.clone_into(&mut outcome.home);
        match files::text_of(file) {
            Ok(text) => outcome.read(schemas, text),
            Err((finding, span, text)) => {
                outcome.file.text = text;
                outcome.unseen(*finding, span);
            }
        }
        outcome
    }

    pub(super) fn of_text(schemas: &Schemas, path: String, text: String) -> Self {
        let location = PathBuf::from(&path);
        let mut outcome = Self::empty(path, location);
        if text.len() > MAX_FILE {
            outcome.unseen(fault::too_large(&outcome.file.path), Span::default());
        } else {
            outcome.read(schemas, files::without_mark(text));
        }
        outcome
    }

    pub(super) fn of_fault(fault: &ListedFault) -> Self {
        let mut outcome = Self::empty(fault.shown.clone(), fault.location.clone());
        outcome.unseen(fault::unreadable(&fault.shown, &fault.error), Span::default());
        outcome
    }

    fn empty(path: String, location: PathBuf) -> Self {
        Self {
            file: SourceFile { path, location, text: String::new() },
            objects: Vec::new(),
            namespaces: Vec::new(),
            secrets: Vec::new(),
            findings: Vec::new(),
            incomplete: false,
            home: DEFAULT_NAMESPACE.into(),
        }
    }

    /// A finding that hides what the file holds.
    pub(super) fn unseen(&mut self, finding: Finding, span: Span) {
        self.findings.push((finding, span));
        self.incomplete = true;
    }

    fn read(&mut self, schemas: &Schemas, text: String) {
        match yaml::parse(&text) {
            Ok(documents) => documents.iter().for_each(|document| document::read(self, schemas, document)),
            Err(_) if self.is_foreign_json(&text) => {}
            Err(error) => self.unseen(fault::not_yaml(&error), error.span),
        }
        if !(self.objects.is_empty() && self.findings.is_empty()) {
            self.file.text = text;
        }
    }

    /// Other programs keep JSON with comments beside manifests. Such a file that never names the group is none of ours.
    fn is_foreign_json(&self, text: &str) -> bool {
        self.file.location.extension().is_some_and(|extension| extension == "json")
            && !text.contains(crate::v1alpha1::GROUP)
    }
}

/// Maps in order, on several threads where that is worth it.
pub(super) fn in_parallel<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    if items.len() < PARALLEL_FROM || threads == 1 {
        return items.iter().map(map).collect();
    }
    let map = &map;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(items.len().div_ceil(threads))
            .map(|part| scope.spawn(move || part.iter().map(map).collect::<Vec<R>>()))
            .collect();
        let join = |part: std::thread::ScopedJoinHandle<'_, Vec<R>>| match part.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        parts.into_iter().flat_map(join).collect()
    })
}
