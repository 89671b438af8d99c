//! A server as a child process: started, asked until it answers, looked at through `/proc`, and stopped by its id however the
//! benchmark ends.

use crate::moment;
use crate::proc;
use crate::wire::{self, Connection};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest that a server may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// How often a server that starts is asked.
const ASK_EVERY: Duration = Duration::from_micros(500);

/// The children that are at work, so that a benchmark which is told to stop leaves none behind.
#[derive(Clone, Default)]
pub struct Children(Arc<Mutex<Family>>);

#[derive(Default)]
struct Family {
    children: Vec<Arc<Mutex<Child>>>,
    closed: bool,
}

/// A server at work. Dropped, it is killed and waited for.
pub struct Process {
    child: Arc<Mutex<Child>>,
    id: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// From before its start to its first answer.
    pub first_answer: Duration,
}

/// A port of this machine that nothing listens on. It is none of those that the system gives to connections, of which the
/// benchmark opens many: one of them could take it before the server does.
pub fn free_address() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap_or_default();
    for _ in 0..1_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener.local_addr()?);
        }
    }
    bail!("no port is free")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(child: &Mutex<Child>) {
    let mut child = locked(child);
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

impl Children {
    fn spawn(&self, command: &mut Command) -> Result<Arc<Mutex<Child>>> {
        let mut family = locked(&self.0);
        if family.closed {
            bail!("told to stop");
        }
        let child = command.spawn().with_context(|| format!("{:?} does not start", command.get_program()))?;
        let child = Arc::new(Mutex::new(child));
        // Those that nobody else holds have been waited for.
        family.children.retain(|child| Arc::strong_count(child) > 1);
        family.children.push(child.clone());
        Ok(child)
    }

    /// Kills all of them by their ids; none is started any more.
    pub fn end(&self) {
        let mut family = locked(&self.0);
        family.closed = true;
        family.children.drain(..).for_each(|child| end(&child));
    }

    /// Starts a command that will listen on this address, and asks for `target` until it answers with 200. What it says goes to `log`.
    pub fn start(
        &self,
        mut command: Command,
        address: SocketAddr,
        (target, log): (&str, &Path),
    ) -> Result<Process> {
        let out = File::create(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let began = moment::now();
        let child = self.spawn(&mut command)?;
        let id = locked(&child).id();
        let mut process = Process { child, id, address, first_answer: Duration::ZERO };
        process.await_answer(began, target, log)?;
        process.first_answer = began.elapsed();
        Ok(process)
    }
}

impl Process {
    fn await_answer(&self, began: Instant, target: &str, log: &Path) -> Result<()> {
        let request = wire::get(target, "");
        while began.elapsed() < STARTS_WITHIN {
            let answer = Connection::open(self.address)
                .and_then(|mut connection| connection.ask(&request)?.expect(200).map(drop));
            if answer.is_ok() {
                return Ok(());
            }
            if let Some(status) = locked(&self.child).try_wait()? {
                bail!("the server ended with {status}: {}", std::fs::read_to_string(log).unwrap_or_default());
            }
            moment::wait_until(moment::now() + ASK_EVERY);
        }
        bail!("the server does not answer: {}", std::fs::read_to_string(log).unwrap_or_default())
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    pub fn stop(self) -> Result<()> {
        let sent = Command::new("kill").args(["-s", "TERM", &self.id.to_string()]).status()?;
        if !sent.success() {
            bail!("it is not there to be stopped");
        }
        let began = moment::now();
        while began.elapsed() < STARTS_WITHIN {
            if locked(&self.child).try_wait()?.is_some() {
                return Ok(());
            }
            moment::wait_until(moment::now() + ASK_EVERY * 20);
        }
        bail!("it does not stop")
    }

    /// Its process id.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Processor time so far, of user and system, all threads.
    pub fn processor_time(&self) -> Result<Duration> {
        proc::processor_time(self.id)
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> Result<u64> {
        proc::bytes(self.id, "status", "VmRSS:")
    }

    /// The most resident memory that there was, in bytes.
    pub fn most_resident(&self) -> Result<u64> {
        proc::bytes(self.id, "status", "VmHWM:")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&self.child);
    }
}
