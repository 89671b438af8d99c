//! How much memory connections cost: many that idle between two requests, and beside them some that are always at work.

use super::Bench;
use crate::load::closed;
use crate::moment;
use crate::table::megabytes;
use crate::wire::{self, Connection};
use crate::work::Credentials;
use crate::world::World;
use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// Connections that idle.
const IDLE: usize = 10_000;
/// Connections at work beside them.
const ACTIVE: usize = 1_000;
/// Files that this program and the server open beside their connections.
const OTHER_FILES: u64 = 600;
/// How long a server is left alone before its memory counts.
const SETTLE: Duration = Duration::from_secs(2);
/// Every so many of the idle connections are asked again at the end.
const SAMPLE: usize = 50;

impl Bench {
    /// Opens them all against a server of its own, and looks at its memory.
    pub fn connections(&mut self, world: &World) -> Result<()> {
        enough_files()?;
        let server = self.launcher.serve(world)?;
        self.table.judge("first tokens", &closed(&server, &mut Credentials::workers(world, 1), SETTLE / 10)?);
        let request = wire::get("/oauth2/jwks", "");
        let settled = || {
            moment::wait_until(moment::now() + SETTLE);
            server.resident()
        };
        let before = settled()?;
        let mut idle = Vec::with_capacity(IDLE);
        for number in 0..IDLE {
            let mut connection = Connection::open(server.address)?;
            let answer = connection.ask(&request).and_then(|answer| answer.expect(200).map(drop));
            answer.with_context(|| format!("connection {number}"))?;
            idle.push(connection);
        }
        let idling = settled()?;
        let load = closed(&server, &mut Credentials::workers(world, ACTIVE), self.time)?;
        let (working, most) = (server.resident()?, server.most_resident()?);
        for connection in idle.iter_mut().step_by(SAMPLE) {
            let answer = connection.ask(&request).and_then(|answer| answer.expect(200).map(drop));
            answer.context("an idle connection was closed meanwhile")?;
        }
        drop(idle);
        let after = settled()?;
        self.table.judge("tokens beside idle connections", &load);
        self.table.figure("memory without connections", &megabytes(before), "");
        self.table.figure(&format!("  with {IDLE} that idle"), &megabytes(idling), "");
        let each = idling.saturating_sub(before) as f64 / IDLE as f64 / 1e3;
        self.table.figure("    for each of them", &format!("{each:.1} kB"), "");
        self.table.figure(&format!("  with {ACTIVE} at work beside them"), &megabytes(working), "");
        self.table.figure("    the most there was", &megabytes(most), "");
        self.table.figure("  when all are closed", &megabytes(after), "");
        self.table.figure("tokens in a second meanwhile", &format!("{:.0}", load.per_second()), "");
        Ok(())
    }
}

/// Raises the limit of open files for this program and for the server that it starts.
fn enough_files() -> Result<()> {
    let enough = (IDLE + ACTIVE) as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= enough) {
        return Ok(());
    }
    if setrlimit(Resource::Nofile, Rlimit { current: Some(enough), ..limit }).is_err() {
        bail!("{IDLE} connections need {enough} open files: raise the hard limit (ulimit -Hn)");
    }
    Ok(())
}
