//! Which statuses are due, and writing them: with the `resourceVersion` that was judged, as one JSON patch that puts the whole status
//! in place. A merge would leave fields that are gone; a server-side apply would merge lists of others, who have no part in a status.

use super::Key;
use super::facts::{Judgement, judge};
use crate::cluster::{Fault, call, patch_params};
use crate::context::{Context, Inbox};
use crate::events::Happened;
use crate::index::{Source, manifests};
use crate::lease::Term;
use crate::metrics::work_of;
use crate::queue::{Outcome, Queue};
use crate::replicas::Live;
use crate::turn::World;
use kube::api::{Api, DynamicObject, Patch};
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::Report;
use nauthera_core::snapshot::Revision;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Statuses that are written side by side.
pub const WORKERS: usize = 12;
/// How long a status is held back for replicas to serve what it is about.
const HOLD: Duration = Duration::from_secs(2);
/// The same while so many others wait that each would be written twice for nothing: those that are settled come first.
const HOLD_IN_A_CROWD: Duration = Duration::from_secs(15);
/// So many are a crowd.
const CROWD: usize = 500;
/// How long a crowd of clients is put off: what they are told of is published meanwhile, and wants the processor more.
const AFTER_A_CROWD: Duration = Duration::from_secs(1);
/// Counts are written at most so often.
const COUNTS_EVERY: Duration = Duration::from_secs(1);
/// How many clients are told of as live in one window at most, and how long that is: a change that reaches thousands of them is told of
/// the first, and must not crowd out what else is to be told.
const TOLD: (usize, Duration) = (100, Duration::from_secs(10));

/// What is remembered of an object while its status is not settled.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    generation: i64,
    since: Duration,
}

/// How far a server is. While that stays, nothing of what waits for its replicas comes true.
#[derive(PartialEq)]
struct Mark {
    published: Option<(u64, Revision)>,
    live: Option<Live>,
    reached: u64,
}

/// Writes statuses while this process leads.
pub struct StatusWriter {
    context: Arc<Context>,
    term: Term,
    queue: Queue<Key>,
    worlds: watch::Receiver<Option<Arc<World>>>,
    waiting: Mutex<BTreeMap<Key, Waiting>>,
    written: Mutex<BTreeMap<Key, Duration>>,
    events: mpsc::Sender<Happened>,
    /// When the window of what is told began, and how much was told in it.
    told: Mutex<(Duration, usize)>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StatusWriter {
    /// Writes while this term lasts.
    #[must_use]
    pub fn new(
        context: &Arc<Context>,
        term: &Term,
        worlds: watch::Receiver<Option<Arc<World>>>,
        events: mpsc::Sender<Happened>,
    ) -> Arc<Self> {
        let queue = Queue::new(context.clock.clone(), context.entropy.clone());
        let (waiting, written, told) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (context, term) = (context.clone(), term.clone());
        Arc::new(Self { context, term, queue, worlds, waiting, written, events, told })
    }

    /// How many statuses are looked at still.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Finds out which statuses are due, for as long as the term lasts.
    pub async fn plan(self: Arc<Self>) {
        let mut worlds = self.worlds.clone();
        worlds.mark_changed();
        let mut news = self.context.news.hear();
        let mut stir = self.context.stir.hear();
        let mut last: Option<Arc<World>> = None;
        let mut marks = BTreeMap::new();
        loop {
            tokio::select! {
                changed = worlds.changed() => if changed.is_err() { return },
                () = news.rung() => {}
                () = stir.rung() => {}
            }
            let Some(world) = worlds.borrow_and_update().clone() else { continue };
            let mut due = self.due(last.as_deref(), &world);
            let now = self.marks(&world);
            if now != marks {
                // What waits for replicas. What waits for its Secret is named by who writes it.
                due.extend(locked(&self.waiting).keys().cloned());
                marks = now;
            }
            self.enqueue(due);
            last = Some(world);
        }
    }

    fn enqueue(&self, due: BTreeSet<Key>) {
        let is_client = |key: &Key| key.0 == Kind::AuthClient;
        let crowded = due.iter().filter(|key| is_client(key)).count() > CROWD;
        for key in due {
            if crowded && is_client(&key) {
                self.queue.add_in(key, AFTER_A_CROWD);
            } else {
                self.queue.add(key);
            }
        }
    }

    /// How far each server is with what is published.
    fn marks(&self, world: &World) -> BTreeMap<ObjectRef, Mark> {
        let servers = world.inventory.servers.keys();
        let mark = |server: &ObjectRef| Mark {
            published: world.published.get(server).map(|published| (published.sequence, published.revision)),
            live: self.context.replicas(server).map(|replicas| replicas.live()),
            reached: self.context.standing(server).notes().reached,
        };
        servers.map(|server| (server.clone(), mark(server))).collect()
    }

    /// The statuses that may have to be written, beside those that wait for replicas.
    fn due(&self, last: Option<&World>, world: &Arc<World>) -> BTreeSet<Key> {
        let mut due: BTreeSet<Key> = self.context.changes(Inbox::Statuses).statuses;
        let kinds = [
            (Kind::AuthServer, world.inventory.servers.keys().collect::<Vec<_>>()),
            (Kind::AuthPolicy, world.inventory.policies.keys().collect()),
            (Kind::UserStore, world.inventory.stores.keys().collect()),
        ];
        for (kind, names) in kinds {
            due.extend(names.into_iter().map(|name| (kind, name.clone())));
        }
        let report = &world.compiled.report;
        let same = last.is_some_and(|last| last.number == world.number);
        if !same {
            due.extend(changed(last.map(|last| &last.compiled.report), report));
        }
        for server in world.inventory.servers.keys() {
            let touched = std::mem::take(&mut self.context.standing(server).notes().touched);
            due.extend(touched.into_iter().map(|client| (Kind::AuthClient, client)));
        }
        due
    }

    /// Writes what is due, for as long as the term lasts.
    pub async fn work(self: Arc<Self>) {
        loop {
            let key = self.queue.next().await;
            let began = self.context.clock.monotonic();
            let outcome = self.one(&key).await;
            self.context.metrics.worked(work_of(key.0), self.context.clock.monotonic().saturating_sub(began));
            let next = match outcome {
                Ok(next) => next,
                Err(Fault::NotLeading) => return,
                // It is judged again with what is there then, of which the watch tells. News does not shorten that: where every write meets a
                // conflict there would be one with each of them.
                Err(Fault::Conflict) => Outcome::Failed,
                Err(Fault::NotFound | Fault::Terminating) => Outcome::Again(COUNTS_EVERY),
                Err(fault) => {
                    tracing::debug!(kind = %key.0, object = %key.1, %fault, "its status cannot be written");
                    Outcome::Failed
                }
            };
            self.queue.done(&key, next);
        }
    }

    async fn one(&self, key: &Key) -> Result<Outcome, Fault> {
        let world = self.worlds.borrow().clone();
        let Some(judgement) = world.and_then(|world| judge(&self.context, &world, key)) else {
            locked(&self.waiting).remove(key);
            locked(&self.written).remove(key);
            return Ok(Outcome::Done);
        };
        let now = self.context.clock.monotonic();
        let held = self.held(key, &judgement, now);
        let Judgement { status: Some(status), resource_version, happened, .. } = judgement else {
            return Ok(Outcome::Done);
        };
        if let Some(rest) = held {
            return Ok(Outcome::Again(rest));
        }
        self.term.check()?;
        let outcome = self.patch(key, status, &resource_version).await;
        let word = outcome.as_ref().map_or_else(Fault::category, |()| "ok");
        self.context.metrics.wrote(work_of(key.0), word);
        outcome?;
        if let Some(happened) = happened {
            self.tell(happened, now);
        }
        if key.0 != Kind::AuthClient {
            locked(&self.written).insert(key.clone(), now);
        }
        Ok(Outcome::Done)
    }

    /// Tells what was written, unless too much was told just now.
    fn tell(&self, happened: Happened, now: Duration) {
        let mut told = locked(&self.told);
        let (most, window) = TOLD;
        if now.saturating_sub(told.0) >= window {
            *told = (now, 0);
        }
        if told.1 < most {
            told.1 += 1;
            self.events.try_send(happened).ok();
        }
    }

    /// How long the status is held back yet, if it is.
    fn held(&self, key: &Key, judgement: &Judgement, now: Duration) -> Option<Duration> {
        let mut waiting = locked(&self.waiting);
        if judgement.settled {
            waiting.remove(key);
        } else {
            let known = waiting.get(key).filter(|known| known.generation == judgement.generation).copied();
            let since = known.unwrap_or(Waiting { generation: judgement.generation, since: now });
            waiting.insert(key.clone(), since);
            let hold = if self.queue.len() > CROWD { HOLD_IN_A_CROWD } else { HOLD };
            let rest = since.since.saturating_add(hold).saturating_sub(now);
            if key.0 == Kind::AuthClient && !rest.is_zero() {
                return Some(rest);
            }
        }
        drop(waiting);
        if key.0 == Kind::AuthClient || judgement.is_new {
            return None;
        }
        let last = locked(&self.written).get(key).copied()?;
        let rest = last.saturating_add(COUNTS_EVERY).saturating_sub(now);
        (!rest.is_zero()).then_some(rest)
    }

    async fn patch(&self, (kind, name): &Key, status: Value, resource_version: &str) -> Result<(), Fault> {
        let patch = json!([
            // Another write in between makes this one a conflict.
            { "op": "replace", "path": "/metadata/resourceVersion", "value": resource_version },
            { "op": "add", "path": "/status", "value": status },
        ]);
        let patch = serde_json::from_value(patch).map_err(|error| Fault::Other(error.to_string()))?;
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.context.client.clone(), &name.namespace, &manifests(*kind));
        let patch = Patch::<()>::Json(patch);
        let written = call(api.patch_status(&name.name, &patch_params(), &patch)).await?;
        self.context.shared.wrote(Source::Manifests(*kind), written);
        Ok(())
    }
}

/// The clients of which something else is said than before.
fn changed<'a>(before: Option<&'a Report>, now: &'a Report) -> impl Iterator<Item = Key> + 'a {
    let clients = now.clients.iter();
    let others = clients.filter(move |(name, report)| {
        before.and_then(|before| before.clients.get(*name)).is_none_or(|before| before != *report)
    });
    others.map(|(name, _)| (Kind::AuthClient, ObjectRef::clone(name)))
}
