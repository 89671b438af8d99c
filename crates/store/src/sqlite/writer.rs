//! The one writing thread. It takes all steps that wait, runs them in one transaction, commits once and only then answers: many
//! steps share one wait for the disk. When a step fails, the group is done again with a savepoint for each, so that it undoes
//! itself alone. A commit that fails answers every step of its group with Unavailable, and nothing of the group remains.

use super::connection;
use super::lane::Waiting;
use crate::{Result, StoreError};
use crossbeam_channel::Receiver;
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;

/// The most steps in one transaction: bounds how long other processes wait for the lock.
const GROUP: usize = 256;

/// The writing thread's connection; none after a group that failed.
pub(super) struct Writer {
    path: PathBuf,
    busy: Duration,
    connection: Option<Connection>,
}

impl Writer {
    pub(super) fn new(path: PathBuf, busy: Duration, connection: Connection) -> Self {
        Self { path, busy, connection: Some(connection) }
    }

    /// Answers steps until the queue is closed and empty.
    pub(super) fn serve(mut self, steps: &Receiver<Waiting>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Ok(first) = steps.recv() {
            group.push(first);
            group.extend(steps.try_iter().take(GROUP - 1));
            group.retain(|step| step.is_wanted());
            if !group.is_empty() {
                self.commit(&mut group);
            }
        }
    }

    fn commit(&mut self, group: &mut Vec<Waiting>) {
        match self.attempt(group) {
            Ok(()) => group.drain(..).for_each(|step| step.answer()),
            Err(error) => {
                tracing::warn!(%error, steps = group.len(), "the database did not take a group of steps");
                // Dropped, it rolls back; the next group asks the disk afresh.
                self.connection = None;
                let why = error.to_string();
                group.drain(..).for_each(|step| step.refuse(&why));
            }
        }
    }

    fn attempt(&mut self, group: &mut [Waiting]) -> Result<()> {
        let connection = self.connection()?;
        if !all_at_once(connection, group)? {
            one_by_one(connection, group)?;
        }
        Ok(())
    }

    fn connection(&mut self) -> Result<&Connection> {
        if self.connection.is_none() {
            self.connection = Some(connection::write(&self.path, self.busy)?);
        }
        self.connection.as_ref().ok_or_else(|| StoreError::Unavailable("no connection".into()))
    }
}

/// The usual case: no step fails, and none pays for a savepoint. `false` when one did, and everything was rolled back.
fn all_at_once(connection: &Connection, group: &mut [Waiting]) -> Result<bool> {
    execute(connection, "BEGIN IMMEDIATE")?;
    // A step after one that lost the transaction would commit by itself: none is run.
    if group.iter_mut().all(|step| step.run(connection).is_ok() && !connection.is_autocommit()) {
        execute(connection, "COMMIT")?;
        return Ok(true);
    }
    // Some errors have rolled everything back by themselves.
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    Ok(false)
}

/// Each step in its own savepoint: the ones that fail undo themselves alone.
fn one_by_one(connection: &Connection, group: &mut [Waiting]) -> Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
    for step in group {
        execute(connection, "SAVEPOINT step")?;
        let done = step.run(connection).is_ok();
        still_open(connection)?;
        if !done {
            execute(connection, "ROLLBACK TO step")?;
        }
        execute(connection, "RELEASE step")?;
    }
    execute(connection, "COMMIT")
}

fn still_open(connection: &Connection) -> Result<()> {
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the transaction was rolled back".into()));
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
