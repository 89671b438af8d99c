//! The Snapshot: can it be served, whose is it, how old is it?

use super::{Finding, Findings};
use nauthera_core::snapshot::Snapshot;
use nauthera_core::time::UnixTime;
use std::path::Path;
use std::time::SystemTime;

/// Older than this it may still be right, or nobody writes it any more.
const OLD_DAYS: i64 = 30;

/// Reads it, and says what was seen.
pub fn check(path: &Path, now: UnixTime) -> (Option<Snapshot>, Vec<Finding>) {
    let mut findings = Findings::of("snapshot");
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let snapshot = read.and_then(|bytes| Snapshot::from_bytes(&bytes).map_err(|error| error.to_string()));
    match &snapshot {
        Err(error) => findings.error(
            format!("{} cannot be served: {error}", path.display()),
            "write it anew with `nauthera compile`, by this release or the one before",
        ),
        Ok(snapshot) => {
            let clients = snapshot.clients.len();
            findings.ok(format!(
                "{} of AuthServer {}: revision {}, {clients} clients",
                path.display(),
                snapshot.head.server,
                snapshot.revision().short()
            ));
            if snapshot.head.users.is_none() {
                findings.warning(
                    "nobody can log in: the AuthServer names no UserStore",
                    "the platform team sets userStoreRef of the AuthServer, unless only services use it",
                );
            }
            age(&mut findings, path, now);
        }
    }
    (snapshot.ok(), findings.all)
}

fn age(findings: &mut Findings, path: &Path, now: UnixTime) {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let written = modified.ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let Some(written) = written.and_then(|since| i64::try_from(since.as_secs()).ok()) else { return };
    let days = now.0.saturating_sub(written) / 86_400;
    if days >= OLD_DAYS {
        findings.warning(
            format!("it was written {days} days ago"),
            "see whether what writes it still runs: a policy that changed since is not served",
        );
    } else {
        findings.ok(format!("it was written {days} days ago"));
    }
}
