//! One reading thread: a step after the other, each its own snapshot of the database.

use super::connection;
use super::lane::Waiting;
use crate::{Result, StoreError};
use crossbeam_channel::Receiver;
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;

/// A reading thread's connection, opened when it is first needed.
pub(super) struct Reader {
    path: PathBuf,
    busy: Duration,
    connection: Option<Connection>,
}

impl Reader {
    pub(super) fn new(path: PathBuf, busy: Duration) -> Self {
        Self { path, busy, connection: None }
    }

    /// Answers steps until the queue is closed and empty.
    pub(super) fn serve(mut self, steps: &Receiver<Waiting>) {
        for mut step in steps {
            if !step.is_wanted() {
                continue;
            }
            match self.connection() {
                Err(error) => step.refuse(&error.to_string()),
                Ok(connection) => {
                    // After an I/O error a new connection asks the disk afresh.
                    let failed = matches!(step.run(connection), Err(StoreError::Unavailable(_)));
                    step.answer();
                    if failed {
                        self.connection = None;
                    }
                }
            }
        }
    }

    fn connection(&mut self) -> Result<&Connection> {
        if self.connection.is_none() {
            self.connection = Some(connection::read(&self.path, self.busy)?);
        }
        self.connection.as_ref().ok_or_else(|| StoreError::Unavailable("no connection".into()))
    }
}
