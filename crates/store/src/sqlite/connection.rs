//! Opening the file: its mode, and the settings that every connection has.

use crate::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// Prepared statements kept for each connection: more than there are.
const STATEMENTS: usize = 128;

/// Makes an empty file, mode 0600, unless there is one; SQLite gives its log files the same mode. A file that exists is not
/// even opened: closing it would drop the locks that this process holds on it elsewhere.
pub(super) fn create(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

/// Holds others of this release off while the file is made and its schema brought up to date: of two that do so at once, SQLite
/// would refuse one. The lock is on the folder and ends with the value; a file system without such locks goes without.
pub(super) fn alone(path: &Path, busy: Duration) -> Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = File::open(folder) else { return Ok(None) };
    let pause = Duration::from_millis(5);
    for _ in 0..=busy.as_millis() / pause.as_millis() {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(pause),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(StoreError::Unavailable("another process is opening the database".into()))
}

/// The connection that writes. Never makes the file: one that vanished is not replaced by an empty one.
pub(super) fn write(path: &Path, busy: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, busy)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "{}: the file system cannot hold a write-ahead log",
            path.display()
        )));
    }
    // FULL: a commit is on the disk before it is answered. Savepoints are kept in memory, not in files of their own.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn read(path: &Path, busy: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags, busy)
}

fn open(path: &Path, flags: OpenFlags, busy: Duration) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
