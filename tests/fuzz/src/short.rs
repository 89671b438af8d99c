//! The short run: seeds, regressions, and a fixed number of inputs bent from both. It ends by itself, and within a deadline.

use crate::bend::Bender;
use crate::{Target, Verdict, files};
use anyhow::{Context, bail};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest that one input may take, on a machine that does something else too.
const SLOWEST: Duration = Duration::from_secs(10);
/// How often an input that seems slow is judged.
const TIMED: usize = 3;
/// The longest that a target may take, were it to hang.
const DEADLINE: Duration = Duration::from_secs(600);

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Which inputs are bent out of the seeds.
    pub seed: u64,
    /// How many times the target's own number of rounds.
    pub times: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { seed: 1, times: 1 }
    }
}

/// The input that is being judged.
type Current = Arc<Mutex<Vec<u8>>>;

/// Runs a target; gives how many inputs it judged. An input that breaks its property is kept in `found`.
///
/// # Errors
/// What is broken, and where the input is.
pub fn run(target: &'static Target, effort: Effort, found: &Path) -> anyhow::Result<usize> {
    let (done, ended) = mpsc::channel();
    let current = Current::default();
    let shared = current.clone();
    // A thread of its own: what it keeps (a provider with its folder) goes with it, and one that hangs can be told.
    let worker = std::thread::Builder::new().name(target.name.to_owned()).spawn(move || {
        done.send(work(target, effort, &shared)).ok();
    })?;
    let outcome = match ended.recv_timeout(DEADLINE) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(anyhow::anyhow!("it does not end within {DEADLINE:?}")),
        Err(RecvTimeoutError::Disconnected) => Err(anyhow::anyhow!("its thread was lost")),
    };
    let judged = match outcome {
        Ok(judged) => judged,
        Err(broken) => {
            let input = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let kept = keep(found, target, &input)?;
            bail!(
                "{}: {broken:#}\n  input: {}\n  kept as {}: once it is mended, put it into tests/fuzz/regressions/{}/",
                target.name,
                input.escape_ascii(),
                kept.display(),
                target.name
            );
        }
    };
    worker.join().map_err(|_| anyhow::anyhow!("{}: its thread did not end well", target.name))?;
    Ok(judged)
}

fn work(target: &Target, effort: Effort, current: &Current) -> anyhow::Result<usize> {
    let words = files::words(target.name)?;
    let mut pool = Vec::new();
    for (path, input) in files::seeds(target.name)?.into_iter().chain(files::regressions(target.name)?) {
        judge(target, &input, current).with_context(|| path.display().to_string())?;
        pool.push(input);
    }
    let mut bender = Bender::new(&pool, &words, target.longest, effort.seed);
    let rounds = target.rounds.saturating_mul(effort.times);
    for round in 0..rounds {
        judge(target, &bender.bent(), current).with_context(|| format!("round {round} of {rounds}"))?;
    }
    Ok(pool.len() + rounds)
}

/// Judges an input. One that takes long is judged again, and the shortest time counts: somebody else may have had the processor.
fn judge(target: &Target, input: &[u8], current: &Current) -> Verdict {
    input.clone_into(&mut *current.lock().unwrap_or_else(PoisonError::into_inner));
    let mut took = Duration::MAX;
    for _ in 0..TIMED {
        took = took.min(timed(target, input)?);
        if took < SLOWEST {
            return Ok(());
        }
    }
    bail!("it takes {took:?}")
}

fn timed(target: &Target, input: &[u8]) -> anyhow::Result<Duration> {
    let started = now();
    let verdict = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    let took = now().saturating_duration_since(started);
    match verdict {
        Ok(verdict) => verdict.map(|()| took),
        Err(panic) => bail!("it panics: {}", words_of(&*panic)),
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}

#[expect(clippy::disallowed_methods, reason = "what takes too long is a finding, so it is measured")]
fn now() -> Instant {
    Instant::now()
}

fn keep(found: &Path, target: &Target, input: &[u8]) -> anyhow::Result<PathBuf> {
    let hash = nauthera_core::facts::Digest::of(input);
    let name: String = hash.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let path = found.join(format!("{}-{name}", target.name));
    std::fs::create_dir_all(found)?;
    std::fs::write(&path, input)?;
    Ok(path)
}
