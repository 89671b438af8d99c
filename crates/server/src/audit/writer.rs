//! The writer's thread: lines gather in one bounded buffer, and go out together. Who notes a line never waits for the disk and hardly
//! ever wakes the thread, which under load is what a line would cost most.

use super::Counts;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long lines gather after a write; the first one after a pause is written at once.
const GATHER: Duration = Duration::from_millis(10);
/// How long the last lines may take when the server ends.
const LAST_LINES_WITHIN: Duration = Duration::from_secs(2);
/// A buffer that a burst made larger than this is given back.
const KEPT: usize = 256 * 1_024;

/// Lines on their way. Dropped, it waits a moment until they are written.
pub struct Writer(Arc<Desk>);

#[derive(Default)]
struct Desk {
    tray: Mutex<Tray>,
    news: Condvar,
    ended: Condvar,
    room: usize,
    written: AtomicU64,
    crowded_out: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Tray {
    lines: Vec<u8>,
    /// Does the thread wait for a first line?
    idle: bool,
    closed: bool,
    ended: bool,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn start(out: Box<dyn Write + Send>, room: usize) -> std::io::Result<Self> {
        let desk = Arc::new(Desk { room, ..Desk::default() });
        let its = desk.clone();
        std::thread::Builder::new().name("audit".into()).spawn(move || its.serve(out))?;
        Ok(Self(desk))
    }

    /// Takes a line, or counts it where it finds no room.
    pub fn take(&self, line: &[u8]) {
        let mut tray = self.0.tray();
        if tray.lines.len() + line.len() > self.0.room {
            drop(tray);
            self.0.crowded_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tray.lines.extend_from_slice(line);
        if std::mem::take(&mut tray.idle) {
            self.0.news.notify_one();
        }
    }

    /// What became of the lines so far.
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            written: read(&self.0.written),
            crowded_out: read(&self.0.crowded_out),
            refused: read(&self.0.refused),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut tray = self.0.tray();
        tray.closed = true;
        self.0.news.notify_one();
        let ended = self.0.ended.wait_timeout_while(tray, LAST_LINES_WITHIN, |tray| !tray.ended);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Desk {
    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, out: Box<dyn Write + Send>) {
        let mut batch = Vec::new();
        let mut pen = Pen { out, broken_off: false, failing: false };
        while self.collect(&mut batch) {
            let (written, lost) = pen.write(&batch);
            self.written.fetch_add(written, Ordering::Relaxed);
            self.refused.fetch_add(lost, Ordering::Relaxed);
            batch.clear();
            batch.shrink_to(KEPT);
            let gathered = self.news.wait_timeout_while(self.tray(), GATHER, |tray| !tray.closed);
            drop(gathered.unwrap_or_else(PoisonError::into_inner));
        }
        self.tray().ended = true;
        self.ended.notify_all();
    }

    /// Waits for lines and takes all of them; `false` when there are none and will be none.
    fn collect(&self, batch: &mut Vec<u8>) -> bool {
        let mut tray = self.tray();
        while tray.lines.is_empty() && !tray.closed {
            tray.idle = true;
            tray = self.news.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        tray.idle = false;
        std::mem::swap(&mut tray.lines, batch);
        !batch.is_empty()
    }
}

/// What writes, and how the last write ended.
struct Pen {
    out: Box<dyn Write + Send>,
    /// Does what was written end within a line?
    broken_off: bool,
    failing: bool,
}

impl Pen {
    /// Writes lines; how many were written whole, and how many were lost.
    fn write(&mut self, batch: &[u8]) -> (u64, u64) {
        let outcome = self.end_line().and_then(|()| self.write_until_refused(batch));
        let taken = match &outcome {
            Ok(taken) => *taken,
            Err(_) => 0,
        };
        let (done, rest) = batch.split_at_checked(taken).unwrap_or((batch, &[]));
        // Where a write broke off, the reader gets half a line: it is none, and the next one shall not hang on it.
        self.broken_off |= done.last().is_some_and(|byte| *byte != b'\n');
        let (written, lost) = (lines(done), lines(rest));
        match outcome.and_then(|_| self.out.flush()) {
            Ok(()) if lost == 0 => self.recovered(),
            Ok(()) => self.failed("the rest was refused"),
            Err(error) => self.failed(&error.to_string()),
        }
        (written, lost)
    }

    /// Ends the line that a failed write broke off.
    fn end_line(&mut self) -> std::io::Result<()> {
        if self.broken_off {
            self.out.write_all(b"\n")?;
            self.broken_off = false;
        }
        Ok(())
    }

    /// How many bytes were taken.
    fn write_until_refused(&mut self, batch: &[u8]) -> std::io::Result<usize> {
        let mut rest = batch;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => break,
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What was taken before counts.
                Err(_) if rest.len() < batch.len() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(batch.len() - rest.len())
    }

    /// Said once, not for every batch that follows.
    fn failed(&mut self, error: &str) {
        if !self.failing {
            tracing::warn!(error, "audit lines cannot be written: they are lost, and counted");
        }
        self.failing = true;
    }

    fn recovered(&mut self) {
        if self.failing {
            tracing::info!("audit lines are written again");
        }
        self.failing = false;
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests;
