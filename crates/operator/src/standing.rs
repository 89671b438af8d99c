//! How it stands with one server: noted by those who look after it, told by statuses. It is lost with the process, and found again.

use crate::records::Planner;
use crate::status::Unresolved;
use nauthera_core::names::ObjectRef;
use std::collections::BTreeSet;
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
    /// What of it cannot be applied, in plain words.
    pub workload_fault: Option<String>,
    /// The edit of the server whose parts were looked after last.
    pub tended: i64,
    /// The newest publication that every ready replica has served. A replica that starts, or is lost, takes nothing back.
    pub reached: u64,
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
