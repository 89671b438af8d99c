//! What the leader does: a steward and a poller for each server, parts of servers from one queue, statuses and Events of all objects.

use crate::context::{Context, Inbox};
use crate::events::{Happened, between};
use crate::index::Changes;
use crate::lease::Term;
use crate::names::{ADMIN_PORT, FIELD_MANAGER};
use crate::queue::{Outcome, Queue};
use crate::records::RecordCache;
use crate::replicas::Poller;
use crate::statuses::{StatusWriter, WORKERS};
use crate::steward::Steward;
use crate::turn::{Ledger, World};
use crate::workloads::{Tended, Tender};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Recorder, Reporter};
use nauthera_api::v1alpha1::API_VERSION;
use nauthera_core::names::ObjectRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

/// Servers whose parts are applied side by side.
const TENDERS: usize = 4;
/// Events that wait to be written at most; more of them are not told.
const EVENTS: usize = 512;
/// How often it is looked for what a part waits for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often it is counted what waits.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Leads while it may.
pub struct Leader {
    /// What every worker shares.
    pub context: Arc<Context>,
    /// The records that were decoded.
    pub cache: Arc<RecordCache>,
    /// What is published.
    pub ledger: Ledger,
    /// What follows from everything that is known.
    pub worlds: watch::Receiver<Option<Arc<World>>>,
    /// Does this process lead?
    pub leading: Arc<AtomicBool>,
    /// How many objects wait.
    pub queued: Arc<AtomicUsize>,
}

impl Leader {
    /// Leads in every term that comes.
    pub async fn lead_whenever(self, mut terms: watch::Receiver<Option<Term>>) {
        loop {
            let term = terms.borrow_and_update().clone();
            if let Some(term) = term {
                self.lead(term).await;
            }
            if terms.changed().await.is_err() {
                return;
            }
        }
    }

    /// Leads until the term is over. Everything that writes is dropped then, wherever it is.
    pub async fn lead(&self, term: Term) {
        self.note(true);
        tokio::select! {
            () = term.ended() => {}
            () = self.work(&term) => {}
        }
        self.note(false);
    }

    fn note(&self, leading: bool) {
        self.leading.store(leading, Ordering::Release);
        self.context.metrics.leads(leading);
        self.queued.store(0, Ordering::Relaxed);
    }

    async fn work(&self, term: &Term) {
        let mut tasks = JoinSet::new();
        let (events, told) = mpsc::channel(EVENTS);
        tasks.spawn(tell(self.context.clone(), told));
        let writer = StatusWriter::new(&self.context, term, self.worlds.clone(), events.clone());
        tasks.spawn(writer.clone().plan());
        for _ in 0..WORKERS {
            tasks.spawn(writer.clone().work());
        }
        let parts = Arc::new(Queue::new(self.context.clock.clone(), self.context.entropy.clone()));
        for _ in 0..TENDERS {
            tasks.spawn(tend(self.context.clone(), term.clone(), parts.clone(), self.worlds.clone()));
        }
        tasks.spawn(count(self.queued.clone(), writer, parts.clone()));
        let mut stewards = Stewards { leader: self, term, events: events.clone(), running: BTreeMap::new() };
        let mut worlds = self.worlds.clone();
        worlds.mark_changed();
        let mut stir = self.context.stir.hear();
        let mut last: Option<Arc<World>> = None;
        loop {
            tokio::select! {
                changed = worlds.changed() => if changed.is_err() { return },
                () = stir.rung() => {}
            }
            let Some(world) = worlds.borrow_and_update().clone() else { continue };
            // Who has ended is let go.
            while tasks.try_join_next().is_some() {}
            stewards.meet(&world, &mut tasks);
            let changes = self.context.changes(Inbox::Parts);
            self.meet_pods(&world, (last.is_none(), &changes));
            enqueue(&parts, &world, (last.as_deref(), &changes));
            if let Some(last) = last.filter(|last| last.number != world.number) {
                for happened in between(Some(&last.compiled.report), &world.compiled.report) {
                    // What nobody has time to tell is not told.
                    events.try_send(happened).ok();
                }
            }
            last = Some(world);
        }
    }

    /// Tells those who ask replicas which there are.
    fn meet_pods(&self, world: &World, (all, changes): (bool, &Changes)) {
        for server in world.inventory.servers.keys() {
            if let Some(replicas) =
                self.context.replicas(server).filter(|_| all || changes.pods.contains(server))
            {
                replicas.meet(self.context.shared.with(|index| index.pods(server)));
            }
        }
    }
}

/// The parts that may have changed.
fn enqueue(parts: &Queue<ObjectRef>, world: &World, (last, changes): (Option<&World>, &Changes)) {
    let same = last.is_some_and(|last| last.number == world.number);
    let edit_then = |server: &ObjectRef| Some(last?.inventory.servers.get(server)?.generation);
    for (server, object) in &world.inventory.servers {
        if edit_then(server).is_some_and(|then| then != object.generation) {
            // Whatever was refused, this edit may mend it.
            parts.renew(server.clone());
        } else if !same || changes.children.contains(server) {
            parts.add(server.clone());
        }
    }
}

/// The tasks of each server.
struct Stewards<'a> {
    leader: &'a Leader,
    term: &'a Term,
    events: mpsc::Sender<Happened>,
    running: BTreeMap<ObjectRef, [AbortHandle; 2]>,
}

impl Stewards<'_> {
    /// Begins with servers that are new, and ends with those that are gone.
    fn meet(&mut self, world: &World, tasks: &mut JoinSet<()>) {
        let Leader { context, cache, ledger, worlds, .. } = self.leader;
        let gone: Vec<ObjectRef> = self
            .running
            .keys()
            .filter(|server| !world.inventory.servers.contains_key(*server))
            .cloned()
            .collect();
        for server in gone {
            if let Some(running) = self.running.remove(&server) {
                running.iter().for_each(AbortHandle::abort);
            }
            context.forget(&server);
            context.metrics.forget(&server);
        }
        self.running.retain(|server, running| {
            let ended = running.iter().any(AbortHandle::is_finished);
            if ended {
                // Nobody ends by himself while this process leads.
                tracing::error!(%server, "looking after a server was given up: it is begun anew");
                running.iter().for_each(AbortHandle::abort);
            }
            !ended
        });
        for server in world
            .inventory
            .servers
            .keys()
            .filter(|server| !self.running.contains_key(*server))
            .cloned()
            .collect::<Vec<_>>()
        {
            let polling = context.meet_replicas(&server);
            polling.meet(context.shared.with(|index| index.pods(&server)));
            if let Some(published) = world.published.get(&server) {
                polling.published(published.sequence, published.revision);
            }
            let port = u16::try_from(ADMIN_PORT).unwrap_or_default();
            let poller = tasks.spawn(Poller { polling, port }.run());
            let steward =
                Steward::new(context, server.clone(), cache, ledger, self.term, self.events.clone());
            let steward = tasks.spawn(steward.run(worlds.clone()));
            self.running.insert(server, [poller, steward]);
        }
    }
}

/// Applies parts of servers, for as long as the term lasts.
async fn tend(
    context: Arc<Context>,
    term: Term,
    parts: Arc<Queue<ObjectRef>>,
    worlds: watch::Receiver<Option<Arc<World>>>,
) {
    loop {
        let server = parts.next().await;
        let world = worlds.borrow().clone();
        let there = world.and_then(|world| {
            let generation = world.inventory.servers.get(&server)?.generation;
            Some((world, generation))
        });
        let Some((world, generation)) = there else {
            parts.done(&server, Outcome::Done);
            continue;
        };
        let began = context.clock.monotonic();
        let tended = Tender { context: &context, term: &term }.tend(&server, &world).await;
        context.metrics.worked("parts", context.clock.monotonic().saturating_sub(began));
        parts.done(&server, note_tended(&context, (&server, generation), tended));
    }
}

fn note_tended(context: &Context, (server, generation): (&ObjectRef, i64), tended: Tended) -> Outcome {
    let Tended { written, unresolved, faults, held } = tended;
    for (_, fault) in &faults {
        context.metrics.wrote("parts", fault.category());
    }
    if written > 0 {
        context.metrics.wrote("parts", "ok");
    }
    // What somebody has to mend is among what is unresolved; the rest may go well at the next try.
    let failed: Vec<String> = faults
        .iter()
        .filter(|(_, fault)| !fault.is_refusal())
        .map(|(object, fault)| format!("{object}: {fault}"))
        .collect();
    let failed = (!failed.is_empty()).then(|| failed.join("; "));
    let standing = context.standing(server);
    let mut notes = standing.notes();
    notes.workload_failures = if failed.is_some() { notes.workload_failures.saturating_add(1) } else { 0 };
    // It is said of the server only when the next try was no better.
    let passing = notes.workload_failures == 1;
    let fault = if passing { notes.workload_fault.clone() } else { failed };
    if passing || notes.unresolved != unresolved {
        for (object, fault) in &faults {
            tracing::warn!(%server, object, %fault, "a part of the server cannot be applied: it is tried again");
        }
    }
    let tended = if passing { notes.tended } else { generation };
    if notes.workload_fault != fault || notes.unresolved != unresolved || notes.tended != tended {
        (notes.workload_fault, notes.unresolved, notes.tended) = (fault, unresolved, tended);
        context.news.ring();
    }
    match faults.is_empty() {
        false => Outcome::Failed,
        true if held => Outcome::Again(LOOK_EVERY),
        true => Outcome::Done,
    }
}

/// Tells Events, one after the other.
async fn tell(context: Arc<Context>, mut told: mpsc::Receiver<Happened>) {
    let reporter = Reporter { controller: FIELD_MANAGER.into(), instance: None };
    let recorder = Recorder::new(context.client.clone(), reporter);
    while let Some(happened) = told.recv().await {
        let about = &happened.about;
        let identity = context.shared.with(|index| {
            index.manifest(about.kind, &about.object).map(|manifest| manifest.identity.clone())
        });
        let Some(identity) = identity.filter(|identity| !identity.deleting) else { continue };
        let reference = ObjectReference {
            api_version: Some(API_VERSION.into()),
            kind: Some(about.kind.as_str().into()),
            name: Some(about.object.name.to_string()),
            namespace: Some(about.object.namespace.to_string()),
            uid: Some(identity.uid.to_string()),
            resource_version: Some(identity.resource_version.to_string()),
            field_path: None,
        };
        if let Err(fault) = crate::cluster::call(recorder.publish(&happened.event(), &reference)).await {
            tracing::debug!(object = %about.object, %fault, "an Event was not told");
        }
    }
}

/// Counts what waits, for metrics.
async fn count(into: Arc<AtomicUsize>, writer: Arc<StatusWriter>, parts: Arc<Queue<ObjectRef>>) {
    let mut every = tokio::time::interval(COUNT_EVERY);
    loop {
        every.tick().await;
        into.store(writer.queued() + parts.len(), Ordering::Relaxed);
    }
}
