//! Does a storm of password logins starve the token endpoint? Tokens at a fixed rate of half the capacity, with a storm and
//! without, in turns.

use super::Bench;
use crate::load::{Load, closed, open};
use crate::process::Process;
use crate::table::milliseconds;
use crate::wire::Connection;
use crate::work::{Credentials, Storm};
use crate::world::World;
use anyhow::{Result, anyhow};

/// Logins that wait at every moment of the storm.
const STORM: usize = 32;
/// The niceness of who makes the storm.
const LEAST: i32 = 19;

impl Bench {
    /// Measures both; `capacity` is what the token endpoint answered in a second.
    pub fn storm(&mut self, world: &World, server: &Process, capacity: f64) -> Result<()> {
        let rate = capacity / 2.0;
        let mut workers = Credentials::workers(world, 2 * self.connections);
        let (parts, time) = self.parts();
        let (mut quiet, mut storm, mut logins) = (None, None, None);
        for _ in 0..parts {
            Self::add(&mut quiet, open(server, &mut workers, rate, time)?);
            let mut stormers = Storm::workers(world, &mut Connection::open(server.address)?, STORM)?;
            let (tokens, stormed) = std::thread::scope(|scope| {
                let stormed = scope.spawn(|| {
                    // People of a storm have machines of their own. Where this one may not be told so, they count as load of it.
                    rustix::process::nice(LEAST).ok();
                    closed(server, &mut stormers, time)
                });
                let tokens = open(server, &mut workers, rate, time);
                (tokens, stormed.join())
            });
            Self::add(&mut storm, tokens?);
            Self::add(&mut logins, stormed.map_err(|_| anyhow!("the storm broke off"))??);
        }
        self.print(rate, &quiet.unwrap_or_default(), &storm.unwrap_or_default(), &logins.unwrap_or_default());
        Ok(())
    }

    fn print(&mut self, rate: f64, quiet: &Load, storm: &Load, logins: &Load) {
        let (before, during) = (quiet.quantile(0.99), storm.quantile(0.99));
        let ratio = during.as_secs_f64() / before.as_secs_f64().max(1e-6);
        self.table.figure("token requests in a second, half of capacity", &format!("{rate:.0}"), "");
        self.table.figure("  p50 without and", &milliseconds(quiet.quantile(0.5)), "");
        self.table.figure("  with a storm of logins", &milliseconds(storm.quantile(0.5)), "");
        self.table.figure("  p99 without and", &milliseconds(before), "");
        self.table.figure("  with a storm of logins", &milliseconds(during), "");
        self.table.figure("  ratio", &format!("{ratio:.1}"), "3.0 at most");
        self.table.figure("logins in a second of the storm", &format!("{:.0}", logins.per_second()), "");
        self.table.judge("tokens at a fixed rate", quiet);
        self.table.judge("tokens during a storm", storm);
        self.table.judge("logins of the storm", logins);
    }
}
