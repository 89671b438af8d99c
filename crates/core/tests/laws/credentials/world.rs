//! A client's Secret and record as an API server keeps them, replicas that serve what was published, and actors that read, think
//! and write at their own pace.

use nauthera_core::credentials::{Facts, Found, KeyedDigest, MOST_LIVE, Mark, Need, Record, Step, next};
use nauthera_core::names::{ClientId, ObjectRef};
use nauthera_core::policy::DEFAULT_OVERLAP;
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::spec::{Rotation, Schedule};
use nauthera_core::time::{Seconds, UnixTime};

pub const ACTORS: usize = 3;
pub const REPLICAS: usize = 2;

/// The Secret, while it is there.
#[derive(Clone, Copy)]
struct Secret {
    holds: Option<KeyedDigest>,
    fence: Option<Mark>,
    /// Was its secret put there by us, on what was known of the Secret that it replaced?
    ours: bool,
}

/// Something that an API server keeps, with its `resourceVersion`.
#[derive(Clone)]
struct Kept<T> {
    version: u64,
    value: Option<T>,
}

impl<T> Kept<T> {
    const fn new() -> Self {
        Self { version: 0, value: None }
    }

    fn put(&mut self, value: Option<T>) {
        self.version += 1;
        self.value = value;
    }
}

#[derive(Clone, Default)]
struct Actor {
    held: Option<KeyedDigest>,
    put: Option<KeyedDigest>,
    secret: Option<(u64, Option<Secret>)>,
    record: Option<(u64, Option<Record>)>,
    step: Option<Step>,
}

/// A replaced secret, and until when it counts.
struct Promise {
    digest: KeyedDigest,
    until: UnixTime,
}

pub struct World {
    names: (ObjectRef, ObjectRef, ClientId),
    rotation: Option<Rotation>,
    rotate: u32,
    revoke: u32,
    now: UnixTime,
    secret: Kept<Secret>,
    record: Kept<Record>,
    replicas: Vec<(u64, Vec<SecretDigest>)>,
    actors: Vec<Actor>,
    made: u64,
    promises: Vec<Promise>,
}

impl World {
    pub fn new(rotates: bool) -> Self {
        let client = ObjectRef::new("shop", "web");
        let id = ClientId::default_of(&client);
        let rotation = Rotation {
            schedules: vec![Schedule::parse("0 3 * * 0").expect("five fields")],
            overlap: DEFAULT_OVERLAP,
            max_age: Some(Seconds::days(30)),
        };
        Self {
            names: (client, ObjectRef::new("identity", "main"), id),
            rotation: rotates.then_some(rotation),
            rotate: 0,
            revoke: 0,
            now: UnixTime(1_800_000_000),
            secret: Kept::new(),
            record: Kept::new(),
            replicas: vec![(0, Vec::new()); REPLICAS],
            actors: vec![Actor::default(); ACTORS],
            made: 0,
            promises: Vec::new(),
        }
    }

    pub fn record(&self) -> &Record {
        self.record.value.as_ref().expect("a record")
    }

    pub fn secret(&self) -> Option<KeyedDigest> {
        self.secret.value.and_then(|secret| secret.holds)
    }

    fn fresh(&mut self) -> KeyedDigest {
        self.made += 1;
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.made.to_be_bytes());
        KeyedDigest(digest)
    }

    /// An actor does the next of its four motions: it reads the Secret, reads the record, thinks, and does what it thought.
    pub fn act(&mut self, n: usize) {
        let mut actor = std::mem::take(&mut self.actors[n]);
        match (&actor.secret, &actor.record, actor.step.take()) {
            (None, ..) => actor.secret = Some((self.secret.version, self.secret.value)),
            (_, None, _) => actor.record = Some((self.record.version, self.record.value.clone())),
            (Some((_, secret)), Some((version, record)), None) => {
                let step = self.think(*secret, *version, record.as_ref(), (actor.held, actor.put));
                actor.step = Some(step);
            }
            (Some((seen, _)), Some((version, _)), Some(step)) => {
                let (seen, version) = (*seen, *version);
                self.take_step(&mut actor, step, seen, version);
                (actor.secret, actor.record) = (None, None);
            }
        }
        self.actors[n] = actor;
    }

    fn think(
        &self,
        secret: Option<Secret>,
        version: u64,
        record: Option<&Record>,
        (held, put): (Option<KeyedDigest>, Option<KeyedDigest>),
    ) -> Step {
        let (client, server, client_id) = &self.names;
        let (rotate, revoke) = (self.rotate.to_string(), self.revoke.to_string());
        let facts = Facts {
            client,
            owner: "uid",
            server,
            client_id,
            need: Need::Made,
            found: secret
                .map_or(Found::Absent, |secret| Found::Ours { holds: secret.holds, fence: secret.fence }),
            held,
            put,
            live: self.replicas.iter().all(|(served, _)| *served >= version),
            rotation: self.rotation.as_ref(),
            rotate: (self.rotate > 0).then_some(&rotate),
            revoke: (self.revoke > 0).then_some(&revoke),
            now: self.now,
        };
        next(record, &facts)
    }

    fn take_step(&mut self, actor: &mut Actor, step: Step, seen: u64, version: u64) {
        match step {
            Step::MakeSecret => actor.held = Some(self.fresh()),
            Step::WriteRecord(record) if version == self.record.version => self.write_record(*record),
            Step::WriteSecret(digest) if self.may_write(seen) => {
                assert_eq!(actor.held.take(), Some(digest), "only what is held can be written");
                actor.put = Some(digest);
                self.promise();
                // A revocation that was slept over for more than a minute does not wait.
                let pending = self.record.value.as_ref().and_then(|record| record.pending);
                let behind = self.replicas.iter().any(|(served, _)| *served < self.record.version);
                let ours = !(behind && pending.is_some_and(|pending| pending.revokes));
                self.secret.put(Some(Secret { holds: Some(digest), fence: None, ours }));
            }
            Step::Fence(mark) if self.may_write(seen) => {
                let now = self.secret.value;
                let (holds, ours) = now.map_or((None, true), |secret| (secret.holds, secret.ours));
                self.secret.put(Some(Secret { holds, fence: Some(mark), ours }));
            }
            Step::Adopt | Step::Conflict | Step::Missing => panic!("{step:?}"),
            Step::WaitUntilLive | Step::WaitUntil(_) | Step::Done { .. } => {}
            // Refused: another one was faster.
            Step::WriteRecord(_) | Step::WriteSecret(_) | Step::Fence(_) => {}
        }
    }

    /// An update is refused when the Secret is another version, and a creation when it is there. (It is not refused when it is absent
    /// again; see [`World::disturb`].)
    fn may_write(&self, seen: u64) -> bool {
        seen == self.secret.version
    }

    /// What is replaced counts for an overlap.
    fn promise(&mut self) {
        if let Some(Secret { holds: Some(digest), ours: true, .. }) = self.secret.value {
            let until = self.now.plus(DEFAULT_OVERLAP);
            self.promises.push(Promise { digest, until });
        }
    }

    fn write_record(&mut self, record: Record) {
        let revoked = self.record.value.as_ref().and_then(|before| before.pending).is_some_and(|p| p.revokes);
        // A fourth ends another, and a revocation all of them.
        let crowded = record.secrets.len() == MOST_LIVE;
        if revoked || crowded {
            self.promises.retain(|promise| record.lists(promise.digest));
        }
        self.record.put(Some(record));
    }

    pub fn publish(&mut self, replica: usize) {
        let secrets = self.record.value.as_ref().map(|record| record.secrets.clone());
        self.replicas[replica] = (self.record.version, secrets.unwrap_or_default());
    }

    pub fn crash(&mut self, actor: usize) {
        self.actors[actor] = Actor::default();
    }

    pub fn pass(&mut self, seconds: i64) {
        // A revocation does not wait longer than a minute for replicas; here they take less.
        (0..REPLICAS).for_each(|replica| self.publish(replica));
        self.now.0 += seconds;
    }

    pub fn ask_to_rotate(&mut self) {
        self.rotate += 1;
    }

    pub fn ask_to_revoke(&mut self) {
        self.revoke += 1;
    }

    /// Nobody sleeps over what a person does to the Secret: an actor that does may take an old Secret for the one that is there now,
    /// and the decision record says what follows.
    fn disturb(&mut self) {
        for actor in &mut self.actors {
            *actor = Actor { held: actor.held, put: actor.put, ..Actor::default() };
        }
    }

    pub fn delete_secret(&mut self) {
        if self.secret.value.is_some() {
            self.promise();
            self.disturb();
            self.secret.put(None);
        }
    }

    pub fn edit_secret(&mut self) {
        if self.secret.value.is_some() {
            self.promise();
            self.disturb();
            let holds = Some(self.fresh());
            self.secret.put(Some(Secret { holds, fence: None, ours: false }));
        }
    }

    pub fn must_be_sound(&self) {
        let live = |secrets: &[SecretDigest], digest: KeyedDigest| {
            secrets.iter().any(|secret| secret.digest == digest.0 && secret.is_live(self.now))
        };
        if let Some(Secret { holds: Some(holds), ours: true, .. }) = self.secret.value {
            for (version, secrets) in &self.replicas {
                assert!(live(secrets, holds), "{holds:?} is refused by a replica at {version}");
            }
        }
        let Some(record) = &self.record.value else { return };
        assert!(record.secrets.len() <= MOST_LIVE, "{record:?}");
        for promise in self.promises.iter().filter(|promise| self.now < promise.until) {
            assert!(live(&record.secrets, promise.digest), "a replaced secret ended early: {record:?}");
        }
    }

    /// One actor goes on, and replicas serve what is published.
    pub fn settle_down(&mut self) {
        // What it has read before may be old.
        self.actors[0] = Actor { held: self.actors[0].held, put: self.actors[0].put, ..Actor::default() };
        for _ in 0..400 {
            self.act(0);
            (0..REPLICAS).for_each(|replica| self.publish(replica));
            self.must_be_sound();
            match &self.actors[0].step {
                Some(Step::WaitUntil(time)) => self.now = *time,
                Some(Step::Done { .. }) => return,
                _ => {}
            }
        }
        panic!("it does not settle: {:?}", self.record.value);
    }
}
