//! What only has to be looked at: read from the server's parts when a page is asked for, and put on it.

use super::labels::{BuildLabels, KeyLabels, ReasonLabels, RevisionLabels, StateLabels};
use super::process::{Process, round};
use crate::app::{App, Build};
use crate::audit::Counts;
use nauthera_core::oauth::keyring::signing;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_store::Load;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

/// What was read.
pub struct Readings {
    /// What was built.
    pub build: Build,
    /// The revision that is served.
    pub revision: String,
    /// For how long.
    pub served_for: Seconds,
    /// The signing keys.
    pub keys: Vec<KeyReading>,
    /// When the key that signs hands over to the next one; `None` while none signs.
    pub rotation_due: Option<UnixTime>,
    /// When the certificate ends that the port presents; `None` where it speaks no TLS.
    pub certificate_ends: Option<UnixTime>,
    /// Passwords that wait, and how many may.
    pub passwords_queued: (usize, usize),
    /// Threads that check passwords.
    pub password_threads: usize,
    /// Passwords that were hashed, and that were refused.
    pub passwords: (u64, u64),
    /// How the store stands.
    pub store: Load,
    /// Lines of the audit.
    pub audit: Counts,
    /// The process.
    pub process: Process,
}

/// A signing key.
pub struct KeyReading {
    /// Its id.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: &'static str,
    /// What it is for now.
    pub state: KeyState,
    /// How long ago it began to sign; negative while that lies ahead.
    pub age: i64,
}

/// What a signing key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is published, and signs later.
    Next,
    /// It signs.
    Signing,
    /// It is published for what it signed.
    Retired,
}

impl KeyState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Retired => "retired",
        }
    }
}

impl Readings {
    /// Reads a server's parts. Waits for nothing but `/proc`.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let (now, serving) = (app.now(), app.serving());
        let (keys, rotation_due) = keys(app, now);
        let pool = &app.hash_pool;
        Self {
            build: app.instruments.build,
            revision: serving.revision_text.to_string(),
            served_for: now.since(app.served_since()),
            keys,
            rotation_due,
            certificate_ends: app.certificate_ends(),
            passwords_queued: (pool.queued(), pool.capacity()),
            password_threads: pool.threads(),
            passwords: (pool.hashed(), pool.refused()),
            store: app.store.load(),
            audit: app.audit.counts(),
            process: Process::read(),
        }
    }

    /// An example of each, for the page about the metrics.
    pub(super) fn example() -> Self {
        let key = |state, age| KeyReading { kid: "KEY".into(), algorithm: "ES256", state, age };
        Self {
            build: Build::default(),
            revision: "REVISION".into(),
            served_for: Seconds::default(),
            keys: vec![key(KeyState::Signing, 0)],
            rotation_due: Some(UnixTime(0)),
            certificate_ends: Some(UnixTime(0)),
            passwords_queued: (0, 0),
            password_threads: 0,
            passwords: (0, 0),
            store: Load { backend: "sqlite", open: 0, idle: Some(0), most: 0, waiting: 0 },
            audit: Counts::default(),
            process: Process::default(),
        }
    }

    /// Puts them on a page.
    pub(super) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("nauthera");
        self.put_server(&mut registry);
        self.put_keys(&mut registry);
        self.put_passwords(&mut registry);
        self.put_store(&mut registry);
        self.put_audit(&mut registry);
        registry
    }

    fn put_server(&self, registry: &mut Registry) {
        let build = Family::<BuildLabels, Gauge>::default();
        let Build { version, commit } = self.build;
        build.get_or_create(&BuildLabels { version, commit }).set(1);
        registry.register("build_info", "Always 1: what was built, and from what", build);
        let info = Family::<RevisionLabels, Gauge>::default();
        info.get_or_create(&RevisionLabels { revision: self.revision.clone() }).set(1);
        registry.register("snapshot_info", "Always 1: the revision of the Snapshot that is served", info);
        let age = ConstGauge::new(i64::from(self.served_for.get()));
        registry.register("snapshot_age_seconds", "How long the Snapshot has been served", age);
    }

    fn put_keys(&self, registry: &mut Registry) {
        let ages = Family::<KeyLabels, Gauge>::default();
        for key in &self.keys {
            let (kid, algorithm, state) = (key.kid.clone(), key.algorithm, key.state.as_str());
            ages.get_or_create(&KeyLabels { kid, algorithm, state }).set(key.age);
        }
        let help = "How long ago a published key began to sign, by what it is for now; negative while that lies ahead";
        registry.register("signing_key_age_seconds", help, ages);
        if let Some(due) = self.rotation_due {
            let help = "When the key that signs hands over to the next one, in seconds since 1970";
            registry.register("signing_key_rotation_due_timestamp_seconds", help, ConstGauge::new(due.0));
        }
        if let Some(end) = self.certificate_ends {
            let help = "When the TLS certificate of the port ends, in seconds since 1970; only where the port speaks TLS";
            registry.register("tls_certificate_not_after_timestamp_seconds", help, ConstGauge::new(end.0));
        }
    }

    fn put_passwords(&self, registry: &mut Registry) {
        let (queued, most) = self.passwords_queued;
        let (hashed, refused) = self.passwords;
        registry.register(
            "passwords_queued",
            "Passwords that wait to be checked",
            ConstGauge::new(round(queued)),
        );
        registry.register("passwords_queue_limit", "Passwords that may wait", ConstGauge::new(round(most)));
        let threads = ConstGauge::new(round(self.password_threads));
        registry.register("password_threads", "Threads that check passwords", threads);
        registry.register("passwords_hashed", "Passwords that were checked", ConstCounter::new(hashed));
        let help = "Passwords that were not checked: too many waited, or this one for too long";
        registry.register("passwords_refused", help, ConstCounter::new(refused));
    }

    fn put_store(&self, registry: &mut Registry) {
        let connections = Family::<StateLabels, Gauge>::default();
        let states = [("open", Some(self.store.open)), ("idle", self.store.idle)];
        for (state, count) in states.into_iter().filter_map(|(state, count)| Some((state, count?))) {
            connections.get_or_create(&StateLabels { state }).set(round(count));
        }
        let help = "Connections to the database: open ones, and those of them that nobody uses (PostgreSQL)";
        registry.register("store_connections", help, connections);
        let most = ConstGauge::new(round(self.store.most));
        registry.register("store_connections_limit", "Connections to the database that may be open", most);
        let waiting = ConstGauge::new(round(self.store.waiting));
        registry.register("store_steps_waiting", "Steps that wait for a connection", waiting);
    }

    fn put_audit(&self, registry: &mut Registry) {
        registry.register(
            "audit_lines",
            "Audit lines that were written",
            ConstCounter::new(self.audit.written),
        );
        let lost = Family::<ReasonLabels, Counter>::default();
        let reasons = [("no_room", self.audit.crowded_out), ("not_written", self.audit.refused)];
        for (reason, count) in reasons {
            lost.get_or_create(&ReasonLabels { reason }).inc_by(count);
        }
        let help = "Audit lines that were lost: their reader is too slow, or they could not be written";
        registry.register("audit_lines_lost", help, lost);
    }
}

fn keys(app: &App, now: UnixTime) -> (Vec<KeyReading>, Option<UnixTime>) {
    let keys = app.keys.load();
    let times: Vec<_> = keys.iter().map(|key| key.times).collect();
    let current = signing(&times, now);
    let readings = keys.iter().enumerate().map(|(index, key)| {
        let state = match () {
            () if current == Some(index) => KeyState::Signing,
            () if key.times.active_from > now => KeyState::Next,
            () => KeyState::Retired,
        };
        let age = now.0.saturating_sub(key.times.active_from.0);
        KeyReading { kid: key.kid.clone(), algorithm: key.times.algorithm.as_str(), state, age }
    });
    let interval = app.serving().snapshot.head.signing.rotation_interval;
    let due = current.and_then(|index| times.get(index)).map(|times| times.active_from.plus(interval));
    (readings.collect(), due)
}
