//! The one writer of statuses. What a status should say is worked out by [`crate::status`]; an equal one is not written, and one that
//! waits for replicas is held back for a moment, so that one edit is one write.

mod facts;
mod write;

pub use write::{StatusWriter, WORKERS};

use nauthera_core::names::{Kind, ObjectRef};

/// An object whose status is looked after.
pub type Key = (Kind, ObjectRef);
