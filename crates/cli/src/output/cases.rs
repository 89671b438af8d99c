//! What there is to tell: findings with their places in files, in the order of the files, each once.

use nauthera_api::manifests::{FileSpan, Manifests};
use nauthera_api::yaml::Part;
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Label, Severity};
use nauthera_core::names::{Kind, ObjectKey};
use std::collections::{BTreeMap, HashSet};

/// A finding with its places.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is told.
    pub finding: Finding,
    /// Where it is: first the place itself, then those that explain it. One that is nowhere is left out.
    pub marks: Vec<Mark>,
}

/// A place in a file, or in an object of a cluster.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Where; `None` in a cluster.
    pub at: Option<FileSpan>,
    /// The value that stands there, where it is an object's, and the words that belong under it.
    pub label: Option<Label>,
}

/// How much a case counts for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something is not served, or not accepted.
    Error,
    /// A client asks beyond policy.
    Violation,
    /// Something may not be as it is meant.
    Warning,
    /// Good to know.
    Note,
}

impl Case {
    /// How much it counts.
    pub fn weight(&self) -> Weight {
        match self.finding.severity {
            Severity::Error => Weight::Error,
            Severity::Warning if is_violation(self.finding.code) => Weight::Violation,
            Severity::Warning => Weight::Warning,
            Severity::Note => Weight::Note,
        }
    }

    /// Its first place, where that is in a file.
    pub fn at(&self) -> Option<FileSpan> {
        self.marks.first().and_then(|mark| mark.at)
    }
}

/// Does the code say that a client asks beyond policy?
fn is_violation(code: Code) -> bool {
    code.as_str().starts_with("NA02")
}

/// All cases, in the order in which they are told.
#[derive(Debug, Clone, Default)]
pub struct Cases(Vec<Case>);

impl Cases {
    /// What reading found, and what was found since.
    pub fn of(manifests: &Manifests, since: impl IntoIterator<Item = Finding>) -> Self {
        Self::over(manifests, None, since)
    }

    /// The same of manifests that are laid over a cluster, with what is wrong with its objects by themselves.
    pub fn over(
        manifests: &Manifests,
        held: Option<&BTreeMap<ObjectKey, Vec<Finding>>>,
        since: impl IntoIterator<Item = Finding>,
    ) -> Self {
        let places = Places { manifests, cluster: held.is_some() };
        let mut cases: Vec<Case> = manifests
            .findings()
            .iter()
            .map(|found| Case {
                finding: found.finding.clone(),
                marks: places.marks(&found.finding, found.at),
            })
            .collect();
        let held = held.into_iter().flatten().filter(|(key, _)| !manifests.has(key));
        let held = held.flat_map(|(_, findings)| findings);
        cases.extend(
            held.map(|finding| Case { marks: places.marks(finding, None), finding: finding.clone() }),
        );
        let faulty = faulty_objects(&cases);
        for finding in since {
            match consequence_of(&finding, &faulty) {
                Some(index) => {
                    if let Some(cause) = cases.get_mut(index) {
                        cause.finding.notes.extend(finding.notes);
                    }
                }
                None => cases.push(Case { marks: places.marks(&finding, None), finding }),
            }
        }
        Self::sorted(cases)
    }

    fn sorted(mut cases: Vec<Case>) -> Self {
        let place = |case: &Case| case.at().map_or((usize::MAX, 0), |at| (at.file, at.span.start));
        cases.sort_by_key(place);
        let mut told = HashSet::new();
        cases.retain(|case| told.insert((case.finding.clone(), case.at())));
        Self(cases)
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Case> + Clone {
        self.0.iter()
    }

    /// Those about one of these objects.
    pub fn about(&self, keys: &[ObjectKey]) -> Self {
        let about = |case: &&Case| case.finding.subject().is_some_and(|subject| keys.contains(subject));
        Self(self.0.iter().filter(about).cloned().collect())
    }

    /// Those that hold for this.
    pub fn filter(&self, holds: impl Fn(&Case) -> bool) -> Self {
        Self(self.0.iter().filter(|case| holds(case)).cloned().collect())
    }

    /// Those of one weight.
    pub fn weighing(&self, weight: Weight) -> Self {
        Self(self.0.iter().filter(|case| case.weight() == weight).cloned().collect())
    }

    /// How many have this weight.
    pub fn number(&self, weight: Weight) -> usize {
        self.iter().filter(|case| case.weight() == weight).count()
    }

    /// Is there none?
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The first error that reading found on each object.
fn faulty_objects(cases: &[Case]) -> BTreeMap<ObjectKey, usize> {
    let mut faulty = BTreeMap::new();
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| case.finding.severity == Severity::Error)
    {
        if let Some(subject) = case.finding.subject() {
            faulty.entry(subject.clone()).or_insert(index);
        }
    }
    faulty
}

/// "Not accepted" says nothing new beside the fault by which an object is not accepted: only what follows is worth telling.
fn consequence_of(finding: &Finding, faulty: &BTreeMap<ObjectKey, usize>) -> Option<usize> {
    let follows = matches!(
        finding.code,
        Code::ClientNotAccepted
            | Code::PolicyNotAccepted
            | Code::ServerNotAccepted
            | Code::UserStoreNotAccepted
    );
    finding.subject().filter(|_| follows).and_then(|subject| faulty.get(subject)).copied()
}

/// Where places are looked up.
struct Places<'m> {
    manifests: &'m Manifests,
    /// Is what stands in no file in a cluster?
    cluster: bool,
}

impl Places<'_> {
    fn mark(&self, label: &Label) -> Option<Mark> {
        let at = self.manifests.locate(&label.place, part(label));
        (at.is_some() || self.cluster).then(|| Mark { at, label: Some(label.clone()) })
    }

    fn marks(&self, finding: &Finding, read_at: Option<FileSpan>) -> Vec<Mark> {
        let located = |label: &Label| self.mark(label);
        match read_at {
            None => finding.labels.iter().filter_map(located).collect(),
            // Reading knows better than the object's tree where its finding is: a key that stands twice, for example.
            Some(_) => {
                let first = Mark { at: read_at, label: finding.labels.first().cloned() };
                std::iter::once(first).chain(finding.labels.iter().skip(1).filter_map(located)).collect()
            }
        }
    }
}

/// Of a policy's field the name is pointed at, since its value may be a list over many lines; elsewhere the value.
fn part(label: &Label) -> Part {
    let field = label.place.key.kind == Kind::AuthPolicy && label.note == "allowed here";
    if field { Part::Key } else { Part::Value }
}
