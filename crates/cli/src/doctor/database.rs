//! The database: is it there, does it take writes, is its schema this release's, and how late is its clock?

use super::{Finding, Findings, judge_clock};
use crate::clock::SystemClock;
use nauthera_core::time::{Clock, UnixTime};
use nauthera_store::portable::FactKind;
use nauthera_store::{Location, StoreError};
use std::time::Duration;

/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A write that takes longer is felt at every login.
const SLOW: Duration = Duration::from_millis(100);

/// Asks it, and says what was seen.
pub async fn check(location: &Location, now: UnixTime) -> Vec<Finding> {
    let mut findings = Findings::of("database");
    let shown = location.shown().await;
    if let Location::Sqlite(path) = location
        && !path.is_file()
    {
        findings.error(
            format!("{shown} is not there"),
            "give the path that the server has, or start the server once: it makes the file",
        );
        return findings.all;
    }
    match location.look(PATIENCE).await {
        Ok(store) => ask(&mut findings, &shown, &*store, now).await,
        Err(StoreError::Unavailable(why)) => findings.error(
            format!("{shown} is away: {why}"),
            "see whether it runs and is reached from here, and whether user and password are right",
        ),
        Err(StoreError::Corrupt(why)) => findings.error(
            format!("{shown} cannot be used: {why}"),
            "serve it with the release that wrote it, or run `nauthera store migrate`",
        ),
    }
    findings.all
}

async fn ask(
    findings: &mut Findings,
    shown: &str,
    store: &dyn nauthera_store::portable::Portable,
    now: UnixTime,
) {
    let clock = SystemClock::start();
    match store.ping().await {
        Err(error) => findings.error(
            format!("{shown} takes no writes: {error}"),
            "see whether its disk is full, or whether this is a standby",
        ),
        Ok(()) if clock.monotonic() > SLOW => findings.warning(
            format!("{shown} takes {} ms for a write", clock.monotonic().as_millis()),
            "bring it nearer, or give it a faster disk: each login and each refresh waits for one",
        ),
        Ok(()) => findings.ok(format!("{shown} takes writes, its schema is right")),
    }
    match store.count(FactKind::Session).await {
        Ok(count) => findings.ok(format!("{count} sessions are kept")),
        Err(error) => {
            findings.error(format!("sessions cannot be read: {error}"), "run `nauthera store check`")
        }
    }
    if let Ok(Some(theirs)) = store.clock().await {
        judge_clock(findings, "the database", theirs, now);
    }
}
