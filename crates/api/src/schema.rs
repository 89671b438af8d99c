//! The schema as a judge without a cluster: structure, defaults and CEL rules of a custom resource definition, read from
//! the very text that a cluster runs, with answers that name what is allowed.
//!
//! It judges one object by itself. Where a value stands in a file is `manifests`' to find, what values mean
//! `resolve`'s, what a policy allows core's.

mod compiled;
mod defaults;
mod metadata;
mod report;
mod rules;
mod shape;
mod structure;
mod suggest;
mod words;

use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use nauthera_core::names::Kind;
use serde_json::Value;
use std::sync::LazyLock;

pub use compiled::Schema;
pub(crate) use suggest::nearest;
pub(crate) use words::printable;

/// How many judgements one object gets at most.
pub const MAX_JUDGEMENTS: usize = 50;

/// One thing that the schema says about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// `UnknownField`, `WrongType`, `SchemaViolation` or `RuleViolation`.
    pub code: Code,
    /// An error means that the object is not accepted.
    pub severity: Severity,
    /// The value, as a JSON pointer (RFC 6901) into the object.
    pub pointer: String,
    /// Is the key meant rather than the value?
    pub on_key: bool,
    /// One sentence in plain words.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// The schemas of the four kinds.
#[derive(Debug)]
pub struct Schemas {
    by_kind: [Schema; 4],
}

impl Schemas {
    /// The schemas of [`crate::crds`], compiled at first use and kept.
    #[must_use]
    pub fn ours() -> &'static Self {
        static OURS: LazyLock<Schemas> = LazyLock::new(|| Schemas::compile(crate::crds::schema));
        &OURS
    }

    /// Compiles schemas: for each kind `openAPIV3Schema` of its custom resource definition. What cannot be compiled
    /// refuses every object of its kind.
    #[must_use]
    pub fn compile(schema_of: impl Fn(Kind) -> Value) -> Self {
        let mut by_kind = Kind::ALL.map(|kind| Schema::compile(kind.as_str(), &schema_of(kind)));
        suggest::introduce(&mut by_kind);
        Self { by_kind }
    }

    /// The schema of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Schema {
        let [server, policy, store, client] = &self.by_kind;
        match kind {
            Kind::AuthServer => server,
            Kind::AuthPolicy => policy,
            Kind::UserStore => store,
            Kind::AuthClient => client,
        }
    }
}

#[cfg(test)]
mod tests;
