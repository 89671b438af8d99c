use super::*;

const ROOM: usize = 1_024 * 1_024;
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
    (Writer::start(Box::new(Slow { written, may }), ROOM).unwrap(), seen, allow)
}

/// Takes what it has room for, then refuses.
struct Disk {
    kept: Arc<Mutex<Vec<u8>>>,
    room: Arc<AtomicU64>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = usize::try_from(self.room.load(Ordering::SeqCst)).unwrap();
        let taken = &bytes[..room.min(bytes.len())];
        if taken.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        self.kept.lock().unwrap().extend_from_slice(taken);
        self.room.fetch_sub(taken.len() as u64, Ordering::SeqCst);
        Ok(taken.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_come_during_a_write_go_out_together() {
    let (writer, seen, allow) = slow();
    writer.take(b"a\n");
    while !writer.0.tray().lines.is_empty() {
        std::thread::yield_now();
    }
    writer.take(b"b\n");
    writer.take(b"c\n");
    drop(allow);
    assert_eq!(seen.recv().unwrap(), b"a\n");
    assert_eq!(seen.recv().unwrap(), b"b\nc\n");
}

#[test]
fn a_line_that_finds_no_room_is_counted_and_the_others_stay() {
    let (writer, seen, allow) = slow();
    writer.take(b"first\n");
    while !writer.0.tray().lines.is_empty() {
        std::thread::yield_now();
    }
    writer.take(&vec![b'x'; ROOM]);
    assert_eq!(writer.counts().crowded_out, 0);
    writer.take(b"x");
    assert_eq!(writer.counts().crowded_out, 1);
    drop(allow);
    assert_eq!(seen.recv().unwrap(), b"first\n");
    assert_eq!(seen.recv().unwrap().len(), ROOM);
}

#[test]
fn what_waits_is_written_when_the_server_ends() {
    let (writer, seen, allow) = slow();
    drop(allow);
    (0..100).for_each(|_| writer.take(b"line\n"));
    drop(writer);
    assert_eq!(seen.iter().flatten().count(), 500);
}

#[test]
fn lines_are_written_whole_or_counted_and_half_a_line_spoils_no_other() {
    let (kept, room) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::new(AtomicU64::new(12)));
    let mut pen = Pen {
        out: Box::new(Disk { kept: kept.clone(), room: room.clone() }),
        broken_off: false,
        failing: false,
    };
    assert_eq!(pen.write(b"first\nsecond\nthird\n"), (1, 2), "the second broke off");
    assert_eq!(pen.write(b"fourth\n"), (0, 1), "nothing is taken");
    room.store(100, Ordering::SeqCst);
    assert_eq!(pen.write(b"fifth\n"), (1, 0));
    assert_eq!(*kept.lock().unwrap(), b"first\nsecond\nfifth\n".to_vec());
    assert!(!pen.failing);
}

#[test]
fn what_a_device_refuses_is_counted() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let writer = Writer::start(Box::new(full), ROOM).unwrap();
    let desk = writer.0.clone();
    (0..10).for_each(|_| writer.take(b"line\n"));
    drop(writer);
    let refused = desk.refused.load(Ordering::Relaxed);
    assert_eq!((refused, desk.written.load(Ordering::Relaxed)), (10, 0));
}
