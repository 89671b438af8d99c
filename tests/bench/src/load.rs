//! Load: connections that each send the next request when the last one is answered (closed), or requests at a fixed rate whose
//! latency counts from when they were due (open), so that a server which stalls cannot hide it. One thread drives all connections,
//! so that the load leaves as much of the machine as it can to the server.

use crate::moment;
use crate::process::Process;
use crate::wire::{Answer, LoadConnection};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How much longer than its time a load may take: whatever hangs ends the benchmark.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many errors a connection gives up.
const MOST_ERRORS: u64 = 10;

/// What one connection does again and again: requests out, answers in, no socket of its own.
pub trait Worker: Send {
    /// The next request; none when there is nothing left to send.
    fn request(&mut self) -> Option<&[u8]>;

    /// Judges its answer.
    fn judge(&mut self, answer: &Answer<'_>) -> Result<Turn>;

    /// The address of this machine that it connects from.
    fn source(&self) -> Ipv4Addr {
        Ipv4Addr::LOCALHOST
    }
}

/// How far a turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is done.
    Done,
    /// Another request belongs to it.
    More,
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

    fn done(&mut self, since: Instant) {
        self.turns += 1;
        self.latencies.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    fn fail(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }
}

/// When turns begin.
#[derive(Debug, Clone)]
enum Pace {
    /// As fast as answers come.
    Closed,
    /// By whichever connection is free, at a rate.
    Open { began: Instant, per_second: f64, next: Arc<AtomicU64> },
}

impl Pace {
    /// Waits until the next turn is due, and says since when it counts; none when the time is over.
    async fn next(&self, until: Instant) -> Option<Instant> {
        let Self::Open { began, per_second, next } = self else {
            return Some(moment::now()).filter(|now| *now < until);
        };
        let number = next.fetch_add(1, Ordering::Relaxed);
        let due = *began + Duration::from_secs_f64(number as f64 / per_second);
        if due >= until {
            return None;
        }
        if moment::now() >= due {
            // No connection was free in time: what the request waited for one is the server's.
            return Some(due);
        }
        tokio::time::sleep_until(due.into()).await;
        Some(moment::now())
    }
}

/// Loads a server for a time: each worker on a connection of its own, as fast as answers come.
pub fn closed(server: &Process, workers: &mut Workers, time: Duration) -> Result<Load> {
    measured(server, workers, &Pace::Closed, time)
}

/// Sends requests at a rate, by whichever connection is free. One that had to wait for a connection counts from when it was due.
pub fn open(server: &Process, workers: &mut Workers, per_second: f64, time: Duration) -> Result<Load> {
    let pace = Pace::Open { began: moment::now(), per_second, next: Arc::default() };
    measured(server, workers, &pace, time)
}

/// Drives all workers on this thread, and takes the server's processor time over all of it.
fn measured(server: &Process, workers: &mut Workers, pace: &Pace, time: Duration) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (before, began) = (server.processor_time()?, moment::now());
    let (address, until) = (server.address, began + time);
    let done = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for worker in workers.drain(..) {
            tasks.spawn(drive(worker, address, pace.clone(), until));
        }
        tokio::time::timeout(time + PATIENCE, tasks.join_all()).await
    });
    let (wall, processor) = (began.elapsed(), server.processor_time()?.saturating_sub(before));
    let mut all = Load { processor, wall, ..Load::default() };
    for (worker, load) in done.context("the server hangs")? {
        workers.push(worker);
        all.add(load);
    }
    Ok(all)
}

async fn drive(
    mut worker: Box<dyn Worker>,
    address: SocketAddr,
    pace: Pace,
    until: Instant,
) -> (Box<dyn Worker>, Load) {
    let (mut load, mut connection) = (Load::default(), None);
    while load.errors < MOST_ERRORS
        && let Some(since) = pace.next(until).await
    {
        match turn(&mut *worker, &mut connection, address).await {
            Ok(true) => load.done(since),
            Ok(false) => break,
            Err(error) => {
                connection = None;
                load.fail(&error);
            }
        }
    }
    (worker, load)
}

/// One turn; `false` when there is nothing left to send.
async fn turn(
    worker: &mut dyn Worker,
    connection: &mut Option<LoadConnection>,
    address: SocketAddr,
) -> Result<bool> {
    let source = worker.source();
    loop {
        let Some(request) = worker.request() else { return Ok(false) };
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(LoadConnection::open(source, address)?),
        };
        let answer = connection.ask(request).await?;
        if worker.judge(&answer)? == Turn::Done {
            return Ok(true);
        }
    }
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
