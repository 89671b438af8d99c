//! What every request shares: the Snapshot being served, the store, the keys, the people and the instruments.

use crate::audit::Audit;
use crate::fetch::{Guarded, JwksCache};
use crate::grants::KnownGrants;
use crate::keys::{KeyError, KeyRing, Maintained};
use crate::limits::Limits;
use crate::listen::Certificates;
use crate::logouts::Bell;
use crate::metered::Metered;
use crate::metrics::Metrics;
use crate::secrets::Secrets;
use crate::serving::Serving;
use arc_swap::ArcSwap;
use nauthera_core::facts::{Digest, GrantId};
use nauthera_core::snapshot::{Revision, Snapshot};
use nauthera_core::time::{Clock, Entropy, Micros, Seconds, UnixTime, random_256};
use nauthera_identity::HashPool;
use nauthera_store::limits::{Shared, SharedMemory};
use nauthera_store::{Duty, Holder, Store};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Rows of a table that one step of sweeping removes at most.
const SWEEP_STEP: u32 = 100;

/// How long it rests after a step, in lengths of that step: what waits for the database is not held up by what nobody waits for.
const SWEEP_RESTS: u32 = 9;
/// The longest that it rests.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How long a replica has the duty without asking again: long enough for any step, short enough when it dies.
const DUTY_LASTS: Seconds = Seconds::new(30);

/// What a server is made of; the binary joins it, tests join it otherwise.
pub struct Parts {
    /// What is served first.
    pub snapshot: Arc<Snapshot>,
    /// The revision under which it was published.
    pub revision: Revision,
    /// Durable facts.
    pub store: Arc<dyn Store>,
    /// What replicas share beside it; `None` where the store keeps all that is shared.
    pub shared: Option<Arc<dyn SharedMemory>>,
    /// Signing keys.
    pub keys: KeyRing,
    /// The digest key.
    pub digest_key: [u8; 32],
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// Where passwords are hashed.
    pub hash_pool: HashPool,
    /// Where audit lines go.
    pub audit: Audit,
    /// May private addresses that manifests name be called (tests, laptops)?
    pub allow_private_fetch: bool,
    /// The folder in which each Secret that an AuthServer names is mounted under its name.
    pub mounts: PathBuf,
    /// What operators see and turn.
    pub instruments: Instruments,
}

/// What the binary gives operators to see and to turn.
#[derive(Clone, Default)]
pub struct Instruments {
    /// What was built.
    pub build: Build,
    /// What the log lets through; `None` where it cannot be changed.
    pub log: Option<Arc<dyn LogFilter>>,
}

/// What was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// The version.
    pub version: &'static str,
    /// The commit.
    pub commit: &'static str,
}

impl Default for Build {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), commit: "unknown" }
    }
}

/// What the log lets through. It is the binary's; the admin port shows and changes it.
pub trait LogFilter: Send + Sync {
    /// The filter now.
    fn shown(&self) -> String;
    /// Sets another one.
    ///
    /// # Errors
    /// What is wrong with the text; the filter stays as it was then.
    fn set(&self, text: &str) -> Result<(), String>;
}

/// A server at work.
pub struct App {
    serving: ArcSwap<Serving>,
    /// Durable facts.
    pub store: Arc<dyn Store>,
    /// Signing keys.
    pub keys: KeyRing,
    /// Symmetric keys.
    pub secrets: Secrets,
    /// Where passwords are hashed.
    pub hash_pool: HashPool,
    /// How often things may be tried.
    pub limits: Limits,
    /// Grants that were refreshed here lately.
    pub grants: KnownGrants,
    /// Keys of clients with a `jwksUri`.
    pub jwks: JwksCache,
    /// For calls to addresses that manifests name.
    pub guarded: Arc<Guarded>,
    /// Rung when a session has ended here.
    pub bell: Bell,
    /// Counters.
    pub metrics: Metrics,
    /// Audit lines.
    pub audit: Audit,
    /// What operators see and turn.
    pub instruments: Instruments,
    /// What the provider's port presents, where it speaks TLS.
    certificates: OnceLock<Arc<Certificates>>,
    served_since: AtomicI64,
    stopping: AtomicBool,
    shared: Option<Arc<dyn SharedMemory>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// This process among those that share the database.
    holder: Holder,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Signing keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The digest key.
    #[error(transparent)]
    DigestKey(#[from] crate::secrets::BadKey),
}

fn holder(entropy: &dyn Entropy) -> Holder {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    Holder(id)
}

impl App {
    /// Joins the parts and makes the first signing key where there is none.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(parts: Parts) -> Result<Arc<Self>, StartError> {
        let guarded = Arc::new(Guarded::new(parts.allow_private_fetch));
        let secrets = Secrets::new(&parts.digest_key)?;
        let shared = match &parts.shared {
            Some(beside) => Shared::Beside(beside.clone()),
            None => Shared::Store(parts.store.clone()),
        };
        let limits = Limits::new(shared, secrets.limits());
        let metrics = Metrics::new(limits.health().clone());
        let store = Metered::new(parts.store, metrics.steps.clone(), parts.clock.clone());
        let app = Self {
            serving: ArcSwap::from_pointee(Serving::new(parts.snapshot, parts.revision)),
            store: Arc::new(store),
            keys: parts.keys,
            secrets,
            hash_pool: parts.hash_pool,
            grants: KnownGrants::default(),
            jwks: JwksCache::new(guarded.clone(), parts.mounts),
            guarded,
            bell: Bell::default(),
            metrics,
            limits,
            audit: parts.audit,
            instruments: parts.instruments,
            certificates: OnceLock::new(),
            served_since: AtomicI64::new(parts.clock.now().0),
            stopping: AtomicBool::new(false),
            shared: parts.shared,
            clock: parts.clock,
            holder: holder(&*parts.entropy),
            entropy: parts.entropy,
        };
        app.maintain_keys()?;
        app.note_snapshot();
        Ok(Arc::new(app))
    }

    /// What is served now.
    #[must_use]
    pub fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// Serves another Snapshot from now on; requests that have begun end with the one they began with.
    ///
    /// # Errors
    /// [`KeyError`] when new signing settings want a key that cannot be made; the Snapshot is served all the same, with the
    /// keys there are.
    pub fn apply(&self, snapshot: Arc<Snapshot>) -> Result<(), KeyError> {
        let revision = snapshot.revision();
        self.apply_published(snapshot, revision)
    }

    /// Serves a Snapshot that was published under this revision, which is that of its bytes in the format of its publication.
    ///
    /// # Errors
    /// As [`App::apply`].
    pub fn apply_published(&self, snapshot: Arc<Snapshot>, revision: Revision) -> Result<(), KeyError> {
        let before = self.serving.swap(Arc::new(Serving::new(snapshot, revision)));
        self.note_snapshot();
        self.audit.client_secrets_changed(&before, &self.serving(), self.now());
        self.maintain_keys().map(|_| ())
    }

    /// Notes that a Snapshot was offered that cannot be served: the one before goes on.
    pub fn snapshot_refused(&self) {
        self.metrics.snapshot_refused();
        self.audit.snapshot_refused(&self.serving(), self.now());
    }

    /// The provider's port presents this; its end is among the metrics.
    pub fn presents(&self, certificates: &Arc<Certificates>) {
        self.certificates.set(certificates.clone()).ok();
    }

    /// When the certificate ends that the provider's port presents.
    #[must_use]
    pub fn certificate_ends(&self) -> Option<UnixTime> {
        self.certificates.get().map(|certificates| certificates.not_after())
    }

    /// Since when the Snapshot is served.
    #[must_use]
    pub fn served_since(&self) -> UnixTime {
        UnixTime(self.served_since.load(Ordering::Relaxed))
    }

    fn note_snapshot(&self) {
        let (serving, now) = (self.serving(), self.now());
        self.served_since.store(now.0, Ordering::Relaxed);
        self.metrics.snapshot_applied(&serving, now);
        self.audit.snapshot_applied(&serving, now);
    }

    /// Makes, retires and removes the signing keys that are due. To be called now and then.
    ///
    /// # Errors
    /// [`KeyError`]; the keys there are go on.
    pub fn maintain_keys(&self) -> Result<Maintained, KeyError> {
        let serving = self.serving();
        let head = &serving.snapshot.head;
        let lifetimes = (serving.longest_token, head.session.lifetime);
        let done = self.keys.maintain(&head.signing, lifetimes, self.now())?;
        if done != Maintained::default() {
            self.audit.keys_changed(&serving, &done, self.now());
        }
        Ok(done)
    }

    /// Removes what has ended, in small steps between which the database rests; the number of rows removed. One replica at a
    /// time does it: none where another does.
    ///
    /// # Errors
    /// Those of the store; what was removed until then stays so.
    pub async fn sweep(&self) -> Result<u64, nauthera_store::StoreError> {
        let mut removed = 0;
        loop {
            let now = self.now();
            if !self.store.take_duty(Duty::Sweep, self.holder, now, now.plus(DUTY_LASTS)).await? {
                return Ok(removed);
            }
            let began = self.monotonic();
            let step = self.store.sweep(now, SWEEP_STEP).await?;
            removed += step;
            if step < u64::from(SWEEP_STEP) {
                return Ok(removed);
            }
            let took = self.monotonic().saturating_sub(began);
            tokio::time::sleep((took * SWEEP_RESTS).min(LONGEST_REST)).await;
        }
    }

    /// Says from now on that no more requests are to be sent here; those that come are served all the same.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Is this server about to stop?
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The wall clock as exactly as it is known.
    #[must_use]
    pub fn precise(&self) -> Micros {
        self.clock.precise()
    }

    /// Remembers a client assertion's `jti`, once: `false` when it was there before. Where replicas share something beside the store,
    /// it is remembered there alone; while that is away, nothing is taken unseen.
    ///
    /// # Errors
    /// Those of the store, or of what stands beside it.
    pub async fn first_use(&self, jti: Digest, until: UnixTime) -> Result<bool, nauthera_store::StoreError> {
        match &self.shared {
            Some(shared) => shared.remember(jti, until.since(self.now())).await,
            None => self.store.remember_assertion(jti, until).await,
        }
    }

    /// A clock for measuring.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// 32 random bytes.
    #[must_use]
    pub fn random(&self) -> [u8; 32] {
        random_256(&*self.entropy)
    }

    /// A random value of 256 bits as 43 characters of base64url: a code, a token, a cookie.
    #[must_use]
    pub fn random_text(&self) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(self.random())
    }

    /// A new refresh token of a grant.
    #[must_use]
    pub fn refresh_token(&self, grant: GrantId) -> String {
        self.secrets.refresh_token(grant, &self.random())
    }

    /// A new grant's id.
    #[must_use]
    pub fn grant_id(&self) -> GrantId {
        let mut id = [0; 16];
        self.entropy.fill(&mut id);
        GrantId(id)
    }
}
