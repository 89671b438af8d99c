//! The measurements, in the order in which they are made. Each goes on for a bounded time against children that end with it.

mod connections;
mod grants;
mod memory;
mod postgres;
mod start;
mod storm;
mod swap;
mod sweep;
mod tokens;

use crate::args::{BenchArgs, Measurement};
use crate::launcher::Launcher;
use crate::load::Load;
use crate::process::Children;
use crate::table::Table;
use crate::world::World;
use anyhow::Result;
use nauthera_core::grant::SigningAlgorithm;
use std::path::Path;
use std::time::Duration;

/// What all measurements share.
pub struct Bench {
    /// Starts what is measured.
    pub launcher: Launcher,
    /// How long each load goes on.
    pub time: Duration,
    /// Connections that stay open.
    pub connections: usize,
    /// What is printed.
    pub table: Table,
}

/// Makes all measurements, with worlds in this folder; what went wrong.
pub fn run(args: &BenchArgs, folder: &Path, children: Children) -> Result<Vec<String>> {
    let nauthera = match &args.nauthera {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("nauthera"),
    };
    let launcher = Launcher { nauthera, children };
    let world = |name: &str, clients: usize, algorithm: SigningAlgorithm| {
        let path = folder.join(name);
        std::fs::create_dir_all(&path)?;
        World::build(&path, clients, algorithm)
    };
    let time = Duration::from_secs_f64(args.seconds.clamp(0.2, 60.0));
    let mut bench = Bench { launcher, time, connections: 16, table: Table::default() };
    let es256 = world("es256", args.clients, SigningAlgorithm::Es256)?;
    if args.wants(Measurement::Start) {
        bench.start_and_memory(&world("one", 1, SigningAlgorithm::Es256)?, &es256)?;
    }
    if args.wants(Measurement::Connections) {
        bench.table.figures();
        bench.connections(&es256)?;
    }
    bench.table.loads();
    if args.wants(Measurement::Rs256) {
        bench.rs256(&world("rs256", args.clients, SigningAlgorithm::Rs256)?)?;
    }
    let server = bench.launcher.serve(&es256)?;
    // The others are compared with this one.
    let (baseline, capacity) = bench.es256(&es256, &server)?;
    if args.wants(Measurement::Grants) {
        bench.grants(&es256, &server, baseline)?;
    }
    bench.table.figures();
    bench.memory_under_load(&server)?;
    if args.wants(Measurement::Storm) {
        bench.storm(&es256, &server, capacity)?;
    }
    if args.wants(Measurement::Swap) {
        bench.swap(&es256, &server, capacity)?;
    }
    drop(server);
    if args.wants(Measurement::Postgres) {
        bench.postgres(&es256)?;
    }
    if args.wants(Measurement::Memory) {
        bench.memory(&world("many", 100_000, SigningAlgorithm::Es256)?)?;
    }
    if args.wants(Measurement::Sweep) {
        bench.sweep(&es256)?;
    }
    Ok(bench.table.errors().to_vec())
}

impl Bench {
    /// A load in a few parts with something else between them, so that what the machine does meanwhile falls on all alike.
    fn parts(&self) -> (u32, Duration) {
        const PARTS: u32 = 4;
        (PARTS, self.time / PARTS)
    }

    /// Adds a part to a load.
    fn add(load: &mut Option<Load>, part: Load) {
        match load {
            Some(load) => load.add(part),
            None => *load = Some(part),
        }
    }
}
