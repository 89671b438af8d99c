//! How soon a server answers, and how much memory it holds when nobody asks anything.

use super::Bench;
use crate::load::closed;
use crate::moment;
use crate::process::Process;
use crate::table::{megabytes, milliseconds};
use crate::work::Credentials;
use crate::world::World;
use anyhow::Result;
use std::time::Duration;

/// Starts of which the median counts.
const STARTS: usize = 7;
/// How long an idle server is left alone before its memory counts.
const SETTLE: Duration = Duration::from_secs(2);

impl Bench {
    /// Starts servers with one client and with all, with keys and database there, and looks at their memory.
    pub fn start_and_memory(&mut self, one: &World, all: &World) -> Result<()> {
        self.table.figures();
        let clients = all.services.len();
        for (world, clients, most) in [(one, 1, "20 MB at most"), (all, clients, "50 MB at most")] {
            let fresh = self.launcher.serve(world)?.first_answer;
            let started = self.median_start(world)?;
            let name = format!("start to first answer, {clients} clients");
            self.table.figure(&name, &milliseconds(started), "100 ms at most");
            self.table.figure("  with a new database", &milliseconds(fresh), "");
            let [idle, used] = self.idle_memory(world)?;
            self.table.figure(&format!("memory idle, {clients} clients"), &megabytes(idle), most);
            self.table.figure("  idle again, after the first tokens", &megabytes(used), "");
        }
        Ok(())
    }

    fn median_start(&self, world: &World) -> Result<Duration> {
        let started = |_| self.launcher.serve(world).map(|server| server.first_answer);
        let mut times = (0..STARTS).map(started).collect::<Result<Vec<_>>>()?;
        times.sort_unstable();
        Ok(times.get(STARTS / 2).copied().unwrap_or_default())
    }

    /// As it has started, and after a little work, when what is made at the first use is there and more of the program is mapped.
    fn idle_memory(&mut self, world: &World) -> Result<[u64; 2]> {
        let server = self.launcher.serve(world)?;
        moment::wait_until(moment::now() + SETTLE);
        let idle = server.resident()?;
        let load = closed(&server, &mut Credentials::workers(world, 1), Duration::from_millis(50))?;
        self.table.judge("a first token", &load);
        moment::wait_until(moment::now() + SETTLE);
        Ok([idle, server.resident()?])
    }

    /// Memory after all loads, and the most there was.
    pub fn memory_under_load(&self, server: &Process) -> Result<()> {
        self.table.figure("memory after the loads", &megabytes(server.resident()?), "");
        self.table.figure("  the most there was", &megabytes(server.most_resident()?), "");
        Ok(())
    }
}
