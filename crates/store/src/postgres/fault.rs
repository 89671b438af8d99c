//! Which of PostgreSQL's errors mean "try again", which "this connection is no use any more", and which "this is not what we
//! wrote". Messages name conditions, never values: what a statement held may be secret.

use crate::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Undone by the database because others were at work on the same rows: the same step may be done again at once.
pub(super) fn is_conflict(error: &Error) -> bool {
    matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
}

/// Is the connection of no use any more? One that is closed, or leads to a server that stops, or that takes no writes any more.
pub(super) fn is_spent(error: &Error) -> bool {
    error.code().is_none_or(|code| {
        *code == SqlState::READ_ONLY_SQL_TRANSACTION || ["08", "57", "58"].contains(&class(code))
    })
}

fn class(code: &SqlState) -> &str {
    code.code().get(..2).unwrap_or_default()
}

/// May the same step succeed in a moment, without anyone changing this program? Connections, resources, operators at work,
/// passwords that rotate.
fn may_pass(code: &SqlState) -> bool {
    let transient = ["08", "25", "28", "40", "53", "55", "57", "58"];
    transient.contains(&class(code)) || *code == SqlState::UNDEFINED_DATABASE
}

/// An error as others see it.
pub(super) fn told(error: &Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        return StoreError::Unavailable(chain(error));
    };
    let message = format!("{} ({})", db.message(), db.code().code());
    if may_pass(db.code()) { StoreError::Unavailable(message) } else { StoreError::Corrupt(message) }
}

/// An error with its causes: the outermost alone says only "error connecting to server".
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_is_not_ours() {
        for code in [
            SqlState::DISK_FULL,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::QUERY_CANCELED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::INVALID_PASSWORD,
            SqlState::T_R_DEADLOCK_DETECTED,
        ] {
            assert!(may_pass(&code), "{}", code.code());
        }
        for code in [
            SqlState::UNIQUE_VIOLATION,
            SqlState::UNDEFINED_TABLE,
            SqlState::SYNTAX_ERROR,
            SqlState::DATA_CORRUPTED,
            SqlState::INSUFFICIENT_PRIVILEGE,
        ] {
            assert!(!may_pass(&code), "{}", code.code());
        }
    }
}
