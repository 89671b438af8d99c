//! Where the judge stands and what it has found so far.

use super::{Judgement, MAX_JUDGEMENTS};
use crate::yaml::escape_token;
use nauthera_core::codes::Code;
use std::fmt::Write;

/// One step from a value to one below it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'v> {
    Field(&'v str),
    Item(usize),
}

/// The way to the value that is judged, and the judgements.
#[derive(Debug, Default)]
pub(super) struct Report<'v> {
    pub(super) kind: &'v str,
    pub(super) way: Vec<Step<'v>>,
    pub(super) found: Vec<Judgement>,
    /// Was something found that keeps an API server from running CEL rules?
    pub(super) blocking: bool,
}

impl<'v> Report<'v> {
    pub(super) fn new(kind: &'v str) -> Self {
        Self { kind, ..Self::default() }
    }

    pub(super) fn full(&self) -> bool {
        self.found.len() >= MAX_JUDGEMENTS
    }

    /// Takes one step for the time of a call.
    pub(super) fn within(&mut self, step: Step<'v>, then: impl FnOnce(&mut Self)) {
        self.way.push(step);
        then(self);
        self.way.pop();
    }

    /// Finds something at the value where the judge stands.
    pub(super) fn find(&mut self, code: Code, message: String, help: Option<String>) {
        self.push(code, false, message, help);
    }

    /// Finds something at the key where the judge stands.
    pub(super) fn find_key(&mut self, code: Code, message: String, help: Option<String>) {
        self.push(code, true, message, help);
    }

    /// As [`Self::find`], and as an API server would no rule is run then.
    pub(super) fn block(&mut self, code: Code, message: String, help: Option<String>) {
        self.blocking = true;
        self.find(code, message, help);
    }

    fn push(&mut self, code: Code, on_key: bool, message: String, help: Option<String>) {
        if !self.full() {
            let severity = code.severity();
            self.found.push(Judgement { code, severity, pointer: self.pointer(), on_key, message, help });
        }
    }

    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.way {
            pointer.push('/');
            match step {
                Step::Field(name) => pointer.push_str(&escape_token(name)),
                Step::Item(index) => {
                    let _ = write!(pointer, "{index}");
                }
            }
        }
        pointer
    }

    /// The name of the value where the judge stands: `type`, `scopes[2]`, or the kind for the whole object.
    pub(super) fn name(&self) -> String {
        let last_field = self.way.iter().rposition(|step| matches!(step, Step::Field(_))).unwrap_or_default();
        let name = dotted(self.way.get(last_field..).unwrap_or_default());
        if name.is_empty() { self.kind.to_owned() } else { name }
    }

    /// The whole way, `spec.examples[0].client`, or the kind for the whole object.
    pub(super) fn path(&self) -> String {
        let path = dotted(&self.way);
        if path.is_empty() { self.kind.to_owned() } else { path }
    }

    /// The way with `[]` for every item, as the schema's own fields are named.
    pub(super) fn schema_path(&self) -> String {
        let mut path = String::new();
        for step in &self.way {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Item(_) => path.push_str("[]"),
            }
        }
        path
    }
}

fn dotted(way: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in way {
        let written = match step {
            Step::Field(name) if path.is_empty() => write!(path, "{name}"),
            Step::Field(name) => write!(path, ".{name}"),
            Step::Item(index) => write!(path, "[{index}]"),
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    super::words::printable(&path)
}
