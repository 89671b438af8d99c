//! How it stands with one server: noted by those who look after it, told by statuses. It is lost with the process, and found again.

use crate::children::ChildKind;
use crate::records::Planner;
use crate::status::Unresolved;
use nauthera_core::names::ObjectRef;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is noted.
#[derive(Default)]
pub struct Notes {
    /// Credentials of its clients.
    pub planner: Planner,
    /// Clients of which something was noted since it was asked last.
    pub touched: BTreeSet<ObjectRef>,
    /// Why nothing newer is published.
    pub publish_fault: Option<String>,
    /// Kinds that it asks for and that the cluster does not know, and names that somebody else's objects have.
    pub unresolved: Vec<Unresolved>,
    /// Secrets that it names and that are not there, or lack a key.
    pub missing_secrets: Vec<Unresolved>,
    /// What of it could not be applied twice, in plain words. What the API server refuses is among what is unresolved.
    pub workload_fault: Option<String>,
    /// How often in a row something of it failed for no lasting reason.
    pub workload_failures: u32,
    /// Parts of which the cluster makes something else than is applied: the version that came of it, and the hash of what was applied.
    pub unkept: BTreeMap<ChildKind, (String, String)>,
    /// The edit of the AuthServer of which all parts were applied, or tried.
    pub tended: i64,
    /// The edit of which the Secrets that it names were looked for.
    pub looked: i64,
    /// The newest publication that every ready replica has served. A replica that starts, or is lost, takes nothing back.
    pub reached: u64,
}

impl Notes {
    /// Was this edit not yet carried out? Then nothing is known of it.
    #[must_use]
    pub const fn is_before(&self, edit: i64) -> bool {
        self.tended < edit || self.looked < edit
    }
}

/// How it stands with one server.
#[derive(Default)]
pub struct Standing(Mutex<Notes>);

impl Standing {
    /// Looks at it, or notes something. Never held while the index is asked for something else than by its holder.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
