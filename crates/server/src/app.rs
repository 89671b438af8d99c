//! What every request shares: the Snapshot being served, the store, the keys, the people and the instruments.

use crate::audit::Audit;
use crate::fetch::{Guarded, JwksCache};
use crate::keys::{KeyError, KeyRing, Maintained};
use crate::limits::Limits;
use crate::logouts::Bell;
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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Rows of a table that one step of sweeping removes at most.
const SWEEP_STEP: u32 = 500;

/// How long it rests after a step, in lengths of that step: what waits for the database is not held up by what nobody waits for.
const SWEEP_RESTS: u32 = 4;
/// The longest that it rests.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How long a replica has the duty without asking again: long enough for any step, short enough when it dies.
const DUTY_LASTS: Seconds = Seconds::new(30);

/// What a server is made of; the binary joins it, tests join it otherwise.
pub struct Parts {
    /// What is served first.
    pub snapshot: Arc<Snapshot>,
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
        let app = Self {
            serving: ArcSwap::from_pointee(Serving::new(parts.snapshot)),
            store: parts.store,
            keys: parts.keys,
            secrets,
            hash_pool: parts.hash_pool,
            jwks: JwksCache::new(guarded.clone()),
            guarded,
            bell: Bell::default(),
            metrics: Metrics::new(limits.health().clone()),
            limits,
            audit: parts.audit,
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
        let before = self.serving.swap(Arc::new(Serving::published(snapshot, revision)));
        self.note_snapshot();
        self.audit.client_secrets_changed(&before, &self.serving(), self.now());
        self.maintain_keys().map(|_| ())
    }

    fn note_snapshot(&self) {
        let serving = self.serving();
        self.metrics.snapshot_applied(&serving, self.now());
        self.audit.snapshot_applied(&serving, self.now());
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

    /// A new grant's id.
    #[must_use]
    pub fn grant_id(&self) -> GrantId {
        let mut id = [0; 16];
        self.entropy.fill(&mut id);
        GrantId(id)
    }
}
