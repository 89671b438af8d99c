//! The writer's thread: lines gather in one bounded buffer, and go out together. Who notes a line never waits for the disk and hardly
//! ever wakes the thread, which under load is what a line would cost most.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that may wait to be written.
const ROOM: usize = 4 * 1_024 * 1_024;
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
    pub fn start(out: Box<dyn Write + Send>) -> std::io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let its = desk.clone();
        std::thread::Builder::new().name("audit".into()).spawn(move || its.serve(out))?;
        Ok(Self(desk))
    }

    /// Takes a line; `false` when it finds no room.
    pub fn take(&self, line: &[u8]) -> bool {
        let mut tray = self.0.tray();
        if tray.lines.len() + line.len() > ROOM {
            return false;
        }
        tray.lines.extend_from_slice(line);
        if std::mem::take(&mut tray.idle) {
            self.0.news.notify_one();
        }
        true
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

    fn serve(&self, mut out: Box<dyn Write + Send>) {
        let mut batch = Vec::new();
        while self.collect(&mut batch) {
            if let Err(error) = out.write_all(&batch).and_then(|()| out.flush()) {
                tracing::warn!(%error, "audit lines cannot be written");
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Passes on what is written, and writes only when it may.
    struct Slow {
        written: Sender<Vec<u8>>,
        may: Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.may.recv().ok();
            self.written.send(bytes.to_vec()).ok();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Writer, Receiver<Vec<u8>>, Sender<()>) {
        let ((written, seen), (allow, may)) = (channel(), channel());
        (Writer::start(Box::new(Slow { written, may })).unwrap(), seen, allow)
    }

    #[test]
    fn lines_that_come_during_a_write_go_out_together() {
        let (writer, seen, allow) = slow();
        assert!(writer.take(b"a\n"));
        while !writer.0.tray().lines.is_empty() {
            std::thread::yield_now();
        }
        assert!(writer.take(b"b\n") && writer.take(b"c\n"));
        drop(allow);
        assert_eq!(seen.recv().unwrap(), b"a\n");
        assert_eq!(seen.recv().unwrap(), b"b\nc\n");
    }

    #[test]
    fn a_line_that_finds_no_room_is_refused_and_the_others_stay() {
        let (writer, seen, allow) = slow();
        assert!(writer.take(b"first\n"));
        while !writer.0.tray().lines.is_empty() {
            std::thread::yield_now();
        }
        assert!(writer.take(&vec![b'x'; ROOM]));
        assert!(!writer.take(b"x"));
        drop(allow);
        assert_eq!(seen.recv().unwrap(), b"first\n");
        assert_eq!(seen.recv().unwrap().len(), ROOM);
    }

    #[test]
    fn what_waits_is_written_when_the_server_ends() {
        let (writer, seen, allow) = slow();
        drop(allow);
        assert!((0..100).all(|_| writer.take(b"line\n")));
        drop(writer);
        assert_eq!(seen.iter().flatten().count(), 500);
    }
}
