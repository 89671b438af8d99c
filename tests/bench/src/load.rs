//! Load: connections that each send the next request when the last one is answered (closed), or requests at a fixed rate whose
//! latency counts from when they were due (open), so that a server which stalls cannot hide it.

use crate::moment;
use crate::process::Process;
use crate::wire::Connection;
use anyhow::Result;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After so many errors a connection gives up.
const MOST_ERRORS: u64 = 10;

/// What one connection does again and again.
pub trait Worker: Send {
    /// Sends what comes next and judges the answer.
    fn turn(&mut self, connection: &mut Connection) -> Result<Turn>;

    /// The address of this machine that it connects from.
    fn source(&self) -> Ipv4Addr {
        Ipv4Addr::LOCALHOST
    }
}

/// How a turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Done.
    Done,
    /// There is nothing left to send.
    Dry,
}

/// Workers, one for each connection.
pub type Workers = Vec<Box<dyn Worker>>;

/// What came of a load.
#[derive(Debug, Default)]
pub struct Load {
    /// Turns done.
    pub turns: u64,
    /// Turns that failed.
    pub errors: u64,
    /// What the first failure said.
    pub first_error: Option<String>,
    /// Processor time of the server.
    pub processor: Duration,
    /// How long it took.
    pub wall: Duration,
    /// Microseconds of each turn, in no order.
    latencies: Vec<u32>,
}

impl Load {
    /// Adds another load of the same kind.
    pub fn add(&mut self, other: Self) {
        self.turns += other.turns;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.processor += other.processor;
        self.wall += other.wall;
        self.latencies.extend(other.latencies);
    }

    /// Turns for each second of the server's processor time.
    pub fn per_processor_second(&self) -> f64 {
        self.turns as f64 / self.processor.as_secs_f64().max(1e-3)
    }

    /// Turns for each second.
    pub fn per_second(&self) -> f64 {
        self.turns as f64 / self.wall.as_secs_f64().max(1e-3)
    }

    /// The latency that this part of the turns stayed under, 0.99 for example.
    pub fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        // Truncation is wanted: an index.
        let index = (last as f64 * part).round() as usize;
        Duration::from_micros(sorted.get(index).copied().unwrap_or_default().into())
    }

    fn note(&mut self, since: Instant, outcome: Result<Turn>) {
        match outcome {
            Ok(Turn::Done) => {
                self.turns += 1;
                self.latencies.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(Turn::Dry) => {}
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }
}

/// Loads a server for a time: each worker on a connection of its own, as fast as answers come.
pub fn closed(server: &Process, workers: &mut Workers, time: Duration) -> Result<Load> {
    let until = moment::now() + time;
    measured(server, workers, |worker, load| {
        let mut connection = Connection::open_from(worker.source(), server.address)?;
        while moment::now() < until && load.errors < MOST_ERRORS {
            let began = moment::now();
            let outcome = worker.turn(&mut connection);
            let failed = outcome.is_err();
            let dry = matches!(outcome, Ok(Turn::Dry));
            load.note(began, outcome);
            if dry {
                break;
            }
            if failed {
                connection = Connection::open_from(worker.source(), server.address)?;
            }
        }
        Ok(())
    })
}

/// Sends requests at a rate, by whichever connection is free; each one's latency counts from when it was due.
pub fn open(server: &Process, workers: &mut Workers, per_second: f64, time: Duration) -> Result<Load> {
    let began = moment::now() + Duration::from_millis(20);
    let next = AtomicU64::new(0);
    measured(server, workers, |worker, load| {
        let mut connection = Connection::open_from(worker.source(), server.address)?;
        while load.errors < MOST_ERRORS {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_secs_f64(number as f64 / per_second);
            if due >= time {
                break;
            }
            moment::wait_until(began + due);
            let outcome = worker.turn(&mut connection);
            let failed = outcome.is_err();
            load.note(began + due, outcome);
            if failed {
                connection = Connection::open_from(worker.source(), server.address)?;
            }
        }
        Ok(())
    })
}

/// Runs each worker on a thread of its own, and takes the server's processor time over all of it.
fn measured(
    server: &Process,
    workers: &mut Workers,
    run: impl Fn(&mut dyn Worker, &mut Load) -> Result<()> + Sync,
) -> Result<Load> {
    let (before, began) = (server.processor_time()?, moment::now());
    let run = &run;
    let loads: Vec<Load> = std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|worker| {
                scope.spawn(move || {
                    let mut load = Load::default();
                    if let Err(error) = run(&mut **worker, &mut load) {
                        load.errors += 1;
                        load.first_error.get_or_insert_with(|| format!("{error:#}"));
                    }
                    load
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let (wall, processor) = (began.elapsed(), server.processor_time()?.saturating_sub(before));
    let mut all = Load { processor, wall, ..Load::default() };
    // A thread that panicked has done nothing that counts.
    all.errors = (workers.len() - loads.len()) as u64;
    loads.into_iter().for_each(|load| all.add(load));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_turns_together() {
        let of = |latencies: Vec<u32>| Load { turns: latencies.len() as u64, latencies, ..Load::default() };
        let mut load = of((1..=50).collect());
        load.add(of((51..=101).rev().collect()));
        assert_eq!(load.quantile(0.5), Duration::from_micros(51));
        assert_eq!(load.quantile(0.99), Duration::from_micros(100));
        assert_eq!(load.turns, 101);
    }

    #[test]
    fn an_empty_load_has_no_latency() {
        assert_eq!(Load::default().quantile(0.99), Duration::ZERO);
    }
}
