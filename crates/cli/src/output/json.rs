//! Findings as JSON: the shape that `check`, `plan` and `explain` share. Fields are only ever added to it.

use super::cases::{Case, Cases, Mark, Weight};
use nauthera_api::manifests::{Manifests, SourceFile};
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Label};
use nauthera_core::names::Kind;
use serde::Serialize;

/// A finding.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// `NA0203`.
    pub code: Code,
    /// The code's name, `ScopeBeyondPolicy`.
    pub reason: &'static str,
    /// `error`, `violation`, `warning` or `note`: how it counts for the exit code.
    pub weight: &'static str,
    /// One sentence.
    pub message: String,
    /// Where it is, then the places that explain it.
    pub places: Vec<PlaceView>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// What is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// The policy that decides, as namespace/name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The policy's field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// What follows, and further facts.
    pub notes: Vec<String>,
    /// Who can change what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A place: in a file, in an object, or both.
#[derive(Debug, Clone, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The file, as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its position; absent for a file as a whole.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// The object.
    #[serde(flatten)]
    pub object: Option<ObjectView>,
    /// The words that a terminal writes under it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'static str,
}

/// Lines and columns count from 1, columns in characters; the end is the first column after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// The column after the last.
    pub end_column: usize,
}

/// A value in an object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectView {
    /// `AuthClient`.
    pub kind: Kind,
    /// The object's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The value as a dotted path, `spec.scopes[3]`; empty for the object as a whole.
    pub path: String,
}

/// How many findings there are of each weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Violations of policy.
    pub violations: usize,
    /// Other warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Counts {
    /// Counts cases.
    pub fn of(cases: &Cases) -> Self {
        Self {
            errors: cases.number(Weight::Error),
            violations: cases.number(Weight::Violation),
            warnings: cases.number(Weight::Warning),
            notes: cases.number(Weight::Note),
        }
    }
}

impl Weight {
    /// The word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Violation => "violation",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// All cases.
pub fn views(manifests: &Manifests, cases: &Cases) -> Vec<FindingView> {
    cases.iter().map(|case| FindingView::of(manifests, case)).collect()
}

impl FindingView {
    /// A case with its places in files.
    pub fn of(manifests: &Manifests, case: &Case) -> Self {
        let places = if case.marks.is_empty() {
            case.finding.labels.iter().map(PlaceView::without_file).collect()
        } else {
            case.marks.iter().map(|mark| PlaceView::of(manifests, mark)).collect()
        };
        Self { places, weight: case.weight().word(), ..Self::bare(&case.finding) }
    }

    /// A finding whose files do not matter.
    pub fn bare(finding: &Finding) -> Self {
        let case = Case { finding: finding.clone(), marks: Vec::new() };
        Self {
            code: finding.code,
            reason: finding.code.reason(),
            weight: case.weight().word(),
            message: finding.message.clone(),
            places: finding.labels.iter().map(PlaceView::without_file).collect(),
            requested: finding.requested.clone(),
            allowed: finding.allowed.clone(),
            policy: finding.policy.as_ref().map(ToString::to_string),
            field: finding.field,
            notes: finding.notes.clone(),
            help: finding.help.clone(),
        }
    }
}

impl PlaceView {
    fn of(manifests: &Manifests, mark: &Mark) -> Self {
        let file = mark.at.and_then(|at| manifests.files().get(at.file));
        Self {
            file: file.map(|file| file.location.display().to_string()),
            position: file.and_then(|file| Position::of(file, mark)),
            object: mark.label.as_ref().map(ObjectView::of),
            note: mark.label.as_ref().map_or("", |label| label.note),
        }
    }

    fn without_file(label: &Label) -> Self {
        Self { object: Some(ObjectView::of(label)), note: label.note, ..Self::default() }
    }
}

impl ObjectView {
    fn of(label: &Label) -> Self {
        let key = &label.place.key;
        Self {
            kind: key.kind,
            namespace: key.object.namespace.to_string(),
            name: key.object.name.to_string(),
            path: label.place.path(),
        }
    }
}

impl Position {
    /// Where a mark begins and ends; `None` for a file as a whole.
    pub fn of(file: &SourceFile, mark: &Mark) -> Option<Self> {
        let span = mark.at?.span;
        if span.line == 0 {
            return None;
        }
        let (line, column) = (span.line as usize, span.column as usize);
        let marked = file.text.get(span.range()).unwrap_or_default();
        let (end_line, end_column) = match marked.rsplit_once('\n') {
            None => (line, column + marked.chars().count()),
            Some((before, last)) => (line + 1 + before.matches('\n').count(), 1 + last.chars().count()),
        };
        Some(Self { line, column, end_line, end_column })
    }
}
