//! Does a new Snapshot of all clients, every second, hold up token requests? At a fixed rate of half the capacity, with and without.

use super::Bench;
use crate::load::{Load, open};
use crate::moment;
use crate::process::Process;
use crate::table::milliseconds;
use crate::work::Credentials;
use crate::world::World;
use anyhow::{Result, anyhow};
use nauthera_core::snapshot::Snapshot;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

impl Bench {
    /// Measures both; `capacity` is what the token endpoint answered in a second.
    pub fn swap(&mut self, world: &World, server: &Process, capacity: f64) -> Result<()> {
        let path = world.folder().join("snapshot.json");
        let as_it_is = std::fs::read(&path)?;
        let other = renamed(&as_it_is)?;
        let mut workers = Credentials::workers(world, 2 * self.connections);
        let (parts, _) = self.parts();
        let time = self.time.max(2 * EVERY);
        let (mut quiet, mut swapped) = (None, None);
        for _ in 0..parts / 2 {
            Self::add(&mut quiet, open(server, &mut workers, capacity / 2.0, time)?);
            let stop = AtomicBool::new(false);
            let load = std::thread::scope(|scope| {
                let swapping = scope.spawn(|| keep_swapping(&path, [&other, &as_it_is], &stop));
                let load = open(server, &mut workers, capacity / 2.0, time);
                stop.store(true, Ordering::Relaxed);
                swapping.join().map_err(|_| anyhow!("the swapping broke off"))??;
                load
            });
            Self::add(&mut swapped, load?);
        }
        std::fs::write(&path, &as_it_is)?;
        self.print_swap(&quiet.unwrap_or_default(), &swapped.unwrap_or_default());
        Ok(())
    }

    fn print_swap(&mut self, quiet: &Load, swapped: &Load) {
        let (before, during) = (quiet.quantile(0.99), swapped.quantile(0.99));
        let ratio = during.as_secs_f64() / before.as_secs_f64().max(1e-6);
        self.table.figure("token p99 at half of capacity", &milliseconds(before), "");
        self.table.figure("  with a Snapshot swapped every second", &milliseconds(during), "");
        self.table.figure("  ratio", &format!("{ratio:.1}"), "2.0 at most");
        self.table.figure("  the slowest without and", &milliseconds(quiet.quantile(1.0)), "");
        self.table.figure("  with swaps", &milliseconds(swapped.quantile(1.0)), "");
        self.table.judge("tokens while Snapshots are swapped", swapped);
    }
}

/// The same Snapshot with another name on its pages, which makes it another revision.
fn renamed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut snapshot = Snapshot::from_bytes(bytes)?;
    snapshot.head.branding.name = Some("Another name".into());
    Ok(snapshot.to_bytes())
}

fn keep_swapping(path: &Path, both: [&[u8]; 2], stop: &AtomicBool) -> Result<()> {
    let draft = path.with_extension("draft");
    for bytes in both.into_iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::fs::write(&draft, bytes)?;
        std::fs::rename(&draft, path)?;
        moment::wait_until(moment::now() + EVERY);
    }
    Ok(())
}
