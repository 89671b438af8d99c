//! The provider itself: its parts joined as the binary joins them, on a folder that goes with it.

use super::audit::{Held, Lines};
use super::browser::Browser;
use super::clock::{Counted, HandClock};
use super::manifests;
use super::reply::Reply;
use super::rules;
use axum::body::Body;
use http::header::HOST;
use http::{HeaderValue, Request};
use nauthera_core::compile::compile;
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, PolicySpec, ServerSpec, SigningSettings, UserStoreSpec};
use nauthera_identity::pool::{HashPool, PoolOptions};
use nauthera_server::app::{App, Instruments, Parts};
use nauthera_server::audit::Audit;
use nauthera_server::http::{PeerAddress, Service};
use nauthera_server::keys::{FileKeys, KeyRing};
use nauthera_store::Store;
use nauthera_store::limits::SharedMemory;
use nauthera_store::sqlite::{Options, Sqlite};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// An issuer on this machine.
pub const LOOPBACK: &str = "http://127.0.0.1:8080";
/// An issuer on the internet.
pub const HTTPS: &str = "https://login.works.example";
/// An issuer with a path.
pub const TENANT: &str = "https://login.works.example/tenant/one";

const DIGEST_KEY: [u8; 32] = [7; 32];
/// Where requests come from when nothing else is said.
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// What a world is made of, beside its manifests.
#[derive(Clone)]
pub struct Setup {
    /// The issuer.
    pub issuer: &'static str,
    /// Signing keys.
    pub signing: SigningSettings,
    /// The database.
    pub database: Options,
    /// The digest key.
    pub digest_key: [u8; 32],
    /// Where passwords are hashed.
    pub hash_pool: PoolOptions,
    /// May keys of clients be fetched from private addresses?
    pub allow_private_fetch: bool,
    /// What replicas share beside the store.
    pub shared: Option<Arc<dyn SharedMemory>>,
    /// Where facts are kept, where not in a SQLite file of its own.
    pub store: Option<Arc<dyn Store>>,
    /// What operators see and turn.
    pub instruments: Instruments,
    /// Another audit than the one that tests read.
    pub audit: Option<Audit>,
}

impl Default for Setup {
    fn default() -> Self {
        let signing = SigningSettings { algorithm: SigningAlgorithm::Es256, ..SigningSettings::default() };
        Self {
            issuer: LOOPBACK,
            signing,
            database: Options::default(),
            digest_key: DIGEST_KEY,
            hash_pool: PoolOptions::default(),
            allow_private_fetch: false,
            shared: None,
            store: None,
            instruments: Instruments::default(),
            audit: None,
        }
    }
}

/// A provider at work.
pub struct World {
    /// The server.
    pub app: Arc<App>,
    /// Its clock.
    pub clock: Arc<HandClock>,
    /// Its audit, of which every line is held to the schema at the end.
    pub audit: Lines,
    held: Held,
    inventory: Mutex<Inventory>,
    entropy: Arc<Counted>,
    setup: Setup,
    folder: TempDir,
}

impl World {
    /// One on this machine.
    pub fn new() -> Self {
        Self::build(Setup::default())
    }

    /// One of another issuer.
    pub fn at(issuer: &'static str) -> Self {
        Self::build(Setup { issuer, ..Setup::default() })
    }

    /// One of a kind.
    pub fn build(setup: Setup) -> Self {
        let mut inventory = manifests::inventory(setup.issuer, setup.signing, &setup.digest_key);
        // What the server fetches it judges itself, whatever was compiled.
        inventory.private_fetch = true;
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy, audit) =
            (Arc::<HandClock>::default(), Arc::<Counted>::default(), Lines::default());
        let snapshot = snapshot_of(&inventory);
        let app = start(snapshot, &folder, &setup, (&clock, &entropy, &audit));
        let held = Held(audit.clone());
        Self { app, clock, audit, held, inventory: Mutex::new(inventory), entropy, setup, folder }
    }

    /// The same folder served by a new process, as far as that goes in one.
    pub fn restarted(self) -> Self {
        let Self { app, clock, audit, held, inventory, entropy, setup, folder } = self;
        drop(Arc::into_inner(app).unwrap());
        let snapshot = snapshot_of(&inventory.lock().unwrap());
        let app = start(snapshot, &folder, &setup, (&clock, &entropy, &audit));
        Self { app, clock, audit, held, inventory, entropy, setup, folder }
    }

    /// Another replica: the same manifests, keys and clock, on this store.
    pub fn replica(&self, store: Arc<dyn Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let setup = Setup { store: Some(store), ..self.setup.clone() };
        let inventory = self.inventory.lock().unwrap().clone();
        let (clock, entropy, audit) = (self.clock.clone(), Arc::<Counted>::default(), Lines::default());
        let app = start(snapshot_of(&inventory), &folder, &setup, (&clock, &entropy, &audit));
        let held = Held(audit.clone());
        Self { app, clock, audit, held, inventory: Mutex::new(inventory), entropy, setup, folder }
    }

    /// Edits the manifests, and serves what follows.
    pub fn edit(&self, edit: impl FnOnce(&mut Inventory)) {
        let mut inventory = self.inventory.lock().unwrap();
        edit(&mut inventory);
        self.app.apply(snapshot_of(&inventory)).unwrap();
    }

    /// Mounts a key of a Secret, as the server finds it.
    pub fn mount(&self, secret: &str, key: &str, text: &str) {
        let folder = self.folder.path().join(secret);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key), text).unwrap();
    }

    /// Edits a client's manifest.
    pub fn edit_client(&self, name: &str, edit: impl FnOnce(&mut ClientSpec)) {
        self.edit(|inventory| changed(inventory.clients.get_mut(&shop(name)), edit));
    }

    /// Adds a policy over one client.
    pub fn add_policy(&self, client: &str, policy: PolicySpec) {
        let selector =
            nauthera_core::spec::Selector { clients: Some(vec![shop(client)]), ..Default::default() };
        let policy = PolicySpec { client_selector: Some(selector), ..policy };
        self.edit(|inventory| {
            let name = format!("platform/more-{}", inventory.policies.len());
            inventory.policies.insert(manifests::object(&name), Object::new(policy));
        });
    }

    /// Edits the server's manifest.
    pub fn edit_server(&self, edit: impl FnOnce(&mut ServerSpec)) {
        self.edit(|inventory| changed(inventory.servers.get_mut(&manifests::server()), edit));
    }

    /// Takes a person out of the user store.
    pub fn remove_person(&self, username: &str) {
        self.edit(|inventory| {
            changed(inventory.stores.get_mut(&manifests::object("platform/people")), |store| {
                let UserStoreSpec::Static(people) = store else { return };
                people.retain(|person| &*person.username != username);
            });
        });
    }

    /// The issuer.
    pub const fn issuer(&self) -> &'static str {
        self.setup.issuer
    }

    /// The path of something below the issuer.
    pub fn path(&self, below: &str) -> String {
        format!("{}{below}", self.app.serving().base())
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("nauthera.db")
    }

    /// Answers a request, and holds the answer to the rules that no answer may break.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        self.send_from(PEER, request).await
    }

    /// Answers a request from an address.
    pub async fn send_from(&self, peer: IpAddr, mut request: Request<Body>) -> Reply {
        // Every client of HTTP/1.1 sends one.
        let host = HeaderValue::from_static("login.example");
        request.headers_mut().entry(HOST).or_insert(host);
        let asked = format!("{} {}", request.method(), request.uri().path());
        let service = Service::new(self.app.clone(), PeerAddress(peer));
        let reply = Reply::read(service.answer(request).await).await;
        rules::hold(self, &asked, &reply);
        reply
    }
}

fn shop(name: &str) -> ObjectRef {
    manifests::object(&format!("shop/{name}"))
}

fn changed<S: Clone>(object: Option<&mut Object<S>>, edit: impl FnOnce(&mut S)) {
    let object = object.unwrap();
    let mut spec = S::clone(object.spec.as_ref().unwrap());
    edit(&mut spec);
    object.spec = Some(Arc::new(spec));
    object.generation += 1;
}

fn snapshot_of(inventory: &Inventory) -> Arc<Snapshot> {
    let compiled = compile(inventory);
    let snapshot = compiled.snapshots.get(&manifests::server()).unwrap().clone();
    assert_eq!(snapshot.clients.len(), inventory.clients.len(), "{:#?}", compiled.report.clients);
    snapshot
}

fn start(
    snapshot: Arc<Snapshot>,
    folder: &TempDir,
    setup: &Setup,
    (clock, entropy, audit): (&Arc<HandClock>, &Arc<Counted>, &Lines),
) -> Arc<App> {
    let parts = Parts {
        revision: snapshot.revision(),
        snapshot,
        store: setup.store.clone().unwrap_or_else(|| {
            Arc::new(Sqlite::open(&folder.path().join("nauthera.db"), &setup.database).unwrap())
        }),
        shared: setup.shared.clone(),
        keys: KeyRing::open(Box::new(FileKeys::in_folder(folder.path()))).unwrap(),
        digest_key: setup.digest_key,
        clock: clock.clone(),
        entropy: entropy.clone(),
        hash_pool: HashPool::start(setup.hash_pool.clone()).unwrap(),
        audit: setup.audit.clone().unwrap_or_else(|| Audit::to(Box::new(audit.clone())).unwrap()),
        allow_private_fetch: setup.allow_private_fetch,
        mounts: folder.path().to_owned(),
        instruments: setup.instruments.clone(),
    };
    App::start(parts).unwrap()
}
