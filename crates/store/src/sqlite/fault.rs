//! Which of SQLite's errors mean "try again" and which mean "this is not what we wrote".

use crate::StoreError;
use rusqlite::{Error, ErrorCode};

/// May the same step succeed in a moment? Locks, a full disk, I/O.
pub(super) fn may_pass(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::OperationAborted
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::SchemaChanged
        )
    )
}

impl From<Error> for StoreError {
    /// Unavailable for what may pass, Corrupt for the rest.
    fn from(error: Error) -> Self {
        if may_pass(&error) { Self::Unavailable(error.to_string()) } else { Self::Corrupt(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn of(code: i32) -> StoreError {
        Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn what_may_pass_is_unavailable() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_FULL, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(of(code), StoreError::Unavailable(_)), "{code}");
        }
    }

    #[test]
    fn what_is_not_ours_is_corrupt() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CONSTRAINT_UNIQUE] {
            assert!(matches!(of(code), StoreError::Corrupt(_)), "{code}");
        }
        assert!(matches!(StoreError::from(Error::InvalidQuery), StoreError::Corrupt(_)));
    }
}
