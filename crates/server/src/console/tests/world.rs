//! A provider and its console in this process, on a database in a folder that goes with them.

use super::browser::Browser;
use super::manifests;
use crate::app::{App, Instruments, Parts};
use crate::audit::Audit;
use crate::console::{Console, View, with_callback};
use crate::keys::{KeyError, KeyRing, KeyStore, StoredKey, Turn};
use nauthera_core::compile::compile;
use nauthera_core::inventory::Inventory;
use nauthera_core::time::{Clock, Entropy, Seconds, UnixTime};
use nauthera_identity::HashPool;
use nauthera_identity::pool::PoolOptions;
use nauthera_store::sqlite::{Options, Sqlite};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DIGEST_KEY: [u8; 32] = [7; 32];
/// Where secrets lie, as pages show it.
pub const SECRETS: &str = ".nauthera/secrets";

/// A clock that tests set.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// Bytes that differ at every draw, and are the same in every run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let drawn = self.0.fetch_add(1, Ordering::Relaxed);
            let bytes = Sha256::digest(drawn.to_be_bytes());
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }
}

#[derive(Default)]
struct MemoryKeys(Mutex<Vec<StoredKey>>);

impl KeyStore for MemoryKeys {
    fn turn(&self) -> Result<Turn, KeyError> {
        Ok(Turn::Ours(Box::new(())))
    }

    fn load(&self) -> Result<Vec<StoredKey>, KeyError> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyError> {
        *self.0.lock().unwrap() = keys.to_vec();
        Ok(())
    }
}

/// A folder that is taken away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("nauthera-console-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A provider with its console.
pub struct World {
    pub app: Arc<App>,
    pub console: Arc<Console>,
    pub inventory: Inventory,
    pub folder: String,
    pub diagnostics: Vec<String>,
    clock: Arc<HandClock>,
    // Last, so that the database is closed before its folder goes.
    _folder: Folder,
}

impl World {
    /// One that shows what it serves.
    pub fn new() -> Self {
        Self::of(manifests::inventory(&DIGEST_KEY))
    }

    /// One with further clients.
    pub fn with(more: impl FnOnce(&mut Inventory, &[u8; 32])) -> Self {
        let mut inventory = manifests::inventory(&DIGEST_KEY);
        more(&mut inventory, &DIGEST_KEY);
        Self::of(inventory)
    }

    fn of(inventory: Inventory) -> Self {
        let world = Self::silent(inventory);
        world.show();
        world
    }

    /// One that shows nothing yet.
    pub fn silent(inventory: Inventory) -> Self {
        let folder = Folder::new();
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_474_320)));
        let snapshot = compile(&inventory).snapshots[&manifests::server()].clone();
        let served = with_callback(&snapshot, address());
        let parts = Parts {
            revision: served.revision(),
            snapshot: served,
            store: Arc::new(Sqlite::open(&folder.0.join("nauthera.db"), &Options::default()).unwrap()),
            shared: None,
            keys: KeyRing::open(Box::new(MemoryKeys::default())).unwrap(),
            digest_key: DIGEST_KEY,
            clock: clock.clone(),
            entropy: Arc::new(Counted(AtomicU64::new(0))),
            hash_pool: HashPool::start(PoolOptions::default()).unwrap(),
            audit: Audit::nowhere(),
            allow_private_fetch: true,
            mounts: std::path::PathBuf::new(),
            instruments: Instruments::default(),
        };
        let app = App::start(parts).unwrap();
        let console = Arc::new(Console::new(app.clone(), address()));
        let diagnostics =
            vec!["warning[NA0203]: scope `payroll:admin` is beyond policy\n  --> jobs.yaml:1:1".to_owned()];
        Self { app, console, inventory, folder: "examples/shop".into(), diagnostics, clock, _folder: folder }
    }

    /// Compiles, serves and shows what the inventory says now.
    pub fn show(&self) {
        let compiled = compile(&self.inventory);
        let snapshot = compiled.snapshots[&manifests::server()].clone();
        self.app.apply(with_callback(&snapshot, address())).unwrap();
        let policies = self.inventory.policies.iter();
        self.console.show(View {
            folder: self.folder.clone(),
            report: Arc::new(compiled.report),
            snapshot,
            policies: policies.map(|(name, object)| (name.clone(), object.spec.clone().unwrap())).collect(),
            diagnostics: self.diagnostics.clone(),
            secret_of: Arc::new(|client| Some(manifests::secret_of(client))),
            secret_folder_of: Arc::new(|client| Some(format!("{SECRETS}/{client}"))),
        });
    }

    /// Lets time pass.
    pub fn pass(&self, time: Seconds) {
        self.clock.0.fetch_add(i64::from(time.get()), Ordering::Relaxed);
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }
}

/// Where the console is.
pub fn address() -> SocketAddr {
    "127.0.0.1:8081".parse().unwrap()
}
