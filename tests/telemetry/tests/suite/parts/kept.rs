//! A process that ends with the test, however that ends: a shell stands between, and ends it when nobody holds its standard input any more.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const KEEPER: &str = r#""$@" </dev/null & child=$!; read -r _; kill "$child" 2>/dev/null; wait "$child""#;
/// How long a condition may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A process, and what it says.
pub struct Kept {
    alive: Option<ChildStdin>,
    keeper: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Kept {
    /// Starts it.
    pub fn start(command: &Command) -> Self {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            keeper.env(name, value.unwrap());
        }
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        let said = Arc::<Mutex<String>>::default();
        let readers = vec![
            listen(keeper.stdout.take().unwrap(), said.clone()),
            listen(keeper.stderr.take().unwrap(), said.clone()),
        ];
        Self { alive: keeper.stdin.take(), keeper, said, readers }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this.
    pub fn says(&self, what: &str) {
        let said = sooner_or_later(|| self.said().contains(what).then_some(()));
        said.unwrap_or_else(|| panic!("not said in time: {what}\n--- said\n{}", self.said()));
    }

    /// Ends it, and tells all that it said.
    pub fn end(mut self) -> String {
        self.alive = None;
        self.keeper.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.said()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.alive = None;
        self.keeper.wait().ok();
    }
}

fn listen(mut stream: impl Read + Send + 'static, said: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0; 4_096];
        while let Ok(count) = stream.read(&mut piece) {
            if count == 0 {
                break;
            }
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    })
}

/// A port of loopback that nobody listens on, below those that the system gives to outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let seed = u16::try_from(std::process::id() % 8_000).unwrap();
    loop {
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let port = 20_000 + (seed + next) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until something is there.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    sooner_or_later(look).unwrap_or_else(|| panic!("not in time: {what}"))
}

/// Looks until something is there, for as long as that may take.
pub fn sooner_or_later<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let (never, waits) = std::sync::mpsc::channel::<()>();
    let mut waited = Duration::ZERO;
    let step = Duration::from_millis(50);
    while waited < DEADLINE {
        if let Some(found) = look() {
            return Some(found);
        }
        // Nobody sends anything: it passes the time until the next look.
        waits.recv_timeout(step).ok();
        waited += step;
    }
    drop(never);
    None
}
