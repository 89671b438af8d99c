//! A load that goes on while something dies, and what became of each request.

use crate::calls::Answer;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What became of requests.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Answered with 200.
    pub done: usize,
    /// Answered with 503 and `Retry-After`.
    pub put_off: usize,
    /// Connections that broke.
    pub broken: Vec<String>,
    /// Anything else.
    pub wrong: Vec<String>,
}

/// A load that runs.
pub struct Load {
    stop: Arc<AtomicBool>,
    tally: Arc<Mutex<Tally>>,
    threads: Vec<JoinHandle<()>>,
}

/// No load sends more requests than this.
const MOST: usize = 20_000;

impl Load {
    /// Sends a request again and again, so many at once, until it is stopped.
    pub fn start(at_once: usize, request: impl Fn(usize) -> Result<Answer> + Send + Sync + 'static) -> Self {
        let (stop, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Tally::default())));
        let request = Arc::new(request);
        let threads = (0..at_once).map(|_| {
            let (stop, tally, request) = (stop.clone(), tally.clone(), request.clone());
            std::thread::spawn(move || {
                for number in 0..MOST / at_once.max(1) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let outcome = request(number);
                    note(&mut tally.lock().unwrap_or_else(PoisonError::into_inner), outcome);
                }
            })
        });
        let threads = threads.collect();
        Self { stop, tally, threads }
    }

    /// How it stands.
    #[must_use]
    pub fn so_far(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it.
    #[must_use]
    pub fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().ok();
        }
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.clone()
    }
}

fn note(tally: &mut Tally, outcome: Result<Answer>) {
    match outcome {
        Ok(answer) if answer.status == 200 => tally.done += 1,
        Ok(answer) if answer.status == 503 && answer.retry_after.is_some() => tally.put_off += 1,
        Ok(answer) => tally.wrong.push(format!("{answer:?}")),
        Err(error) => tally.broken.push(format!("{error:#}")),
    }
}
