//! From the index to what is to be: one compile at a time, the first change at once and then at most every 100 ms, and half of the
//! time. Every replica does it, so that one which takes over knows everything; only the leader carries it out.

use crate::context::Context;
use crate::index::{Index, Shared, Source};
use crate::publish::{Publication, Publications, Published, index_of, pieces};
use crate::records::{RecordCache, credentials_of, secret_names};
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::credentials::RecordShard;
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The shortest time from one compile to the next.
const EVERY: Duration = Duration::from_millis(100);

/// What follows from everything that is known.
pub struct World {
    /// The facts.
    pub inventory: Arc<Inventory>,
    /// What follows from them.
    pub compiled: Arc<Compiled>,
    /// What is published.
    pub published: BTreeMap<ObjectRef, Arc<Published>>,
    /// Servers whose credential records cannot be read, with why: nothing is published for them.
    pub faults: BTreeMap<ObjectRef, String>,
    /// Grows by one with each compile.
    pub number: u64,
}

/// Compiles whenever something has changed.
pub struct Turner {
    context: Arc<Context>,
    cache: Arc<RecordCache>,
    publications: Arc<Mutex<Publications>>,
    worlds: watch::Sender<Option<Arc<World>>>,
    number: u64,
}

/// What a turn has to be told of a publication by who made it.
#[derive(Clone)]
pub struct Ledger {
    context: Arc<Context>,
    publications: Arc<Mutex<Publications>>,
}

impl Ledger {
    /// Notes what was published, before the watch tells of it.
    pub fn wrote(&self, server: &ObjectRef, snapshot: Arc<Snapshot>, made: Publication) {
        let now = self.context.clock.monotonic();
        let (revision, sequence) = (made.revision, made.sequence);
        self.publications.lock().unwrap_or_else(PoisonError::into_inner).wrote(server, snapshot, made, now);
        self.context.published(server, sequence, revision);
        self.context.shared.changed.notify_one();
    }

    /// What is published of a server.
    #[must_use]
    pub fn of(&self, server: &ObjectRef) -> Option<Arc<Published>> {
        self.publications.lock().unwrap_or_else(PoisonError::into_inner).of(server).cloned()
    }
}

impl Turner {
    /// Nothing is compiled yet.
    #[must_use]
    pub fn new(context: Arc<Context>, cache: Arc<RecordCache>) -> Self {
        let (publications, worlds) = (Arc::default(), watch::Sender::new(None));
        Self { context, cache, publications, worlds, number: 0 }
    }

    /// What follows, whenever that is something else.
    #[must_use]
    pub fn worlds(&self) -> watch::Receiver<Option<Arc<World>>> {
        self.worlds.subscribe()
    }

    /// Where publications are noted.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger { context: self.context.clone(), publications: self.publications.clone() }
    }

    /// Compiles for ever.
    pub async fn run(mut self) {
        let changed = self.context.shared.changed.clone();
        loop {
            changed.notified().await;
            let began = self.context.clock.monotonic();
            if self.context.shared.with(|index| index.is_complete()) {
                self.turn().await;
            }
            let took = self.context.clock.monotonic().saturating_sub(began);
            // Half of the time at most: where there is much, others want the processor for what follows from it.
            tokio::time::sleep(EVERY.saturating_sub(took).max(took)).await;
        }
    }

    async fn turn(&mut self) {
        let changes = self.context.shared.with(|index| index.take_changes());
        let first = self.worlds.borrow().is_none();
        self.context.note_changes(&changes);
        if !changes.facts && !first {
            // Nothing to compile: who looks at something else is told, and nobody looks at all clients for it.
            let bell = if changes.secrets { &self.context.news } else { &self.context.stir };
            bell.ring();
            return;
        }
        let began = self.context.clock.monotonic();
        let (context, cache, publications) =
            (self.context.clone(), self.cache.clone(), self.publications.clone());
        let work = tokio::task::spawn_blocking(move || look(&context, &cache, &publications));
        let Ok(mut world) = work.await else {
            tracing::error!("a compile was given up: it is begun again with the next change");
            return;
        };
        self.number += 1;
        world.number = self.number;
        self.context.metrics.worked("compile", self.context.clock.monotonic().saturating_sub(began));
        self.context.metrics.judged(&world.compiled.report);
        for (server, published) in &world.published {
            self.context.published(server, published.sequence, published.revision);
        }
        self.worlds.send_replace(Some(Arc::new(world)));
    }
}

/// The facts, with what of them only the operator looks at further.
pub struct Gathered {
    /// The facts.
    pub inventory: Inventory,
    /// Servers whose credential records cannot be read, with why.
    pub faults: BTreeMap<ObjectRef, String>,
}

/// Gathers the facts: what the index says, what is published, and what the credential records hold.
pub fn gather(
    shared: &Shared,
    cache: &RecordCache,
    publications: &Mutex<Publications>,
    now: Duration,
) -> Gathered {
    let known = publications.lock().unwrap_or_else(PoisonError::into_inner).bytes();
    let (inventory, pieces, lying, shards, secret_names) = shared.with(|index| {
        let inventory = index.inventory();
        let lies = |server: &&ObjectRef| index.map(&index_of(server)).is_some();
        let lying: BTreeSet<ObjectRef> = inventory.servers.keys().filter(lies).cloned().collect();
        let shards: Vec<_> =
            inventory.servers.keys().map(|server| (server.clone(), cache.shards(index, server))).collect();
        (inventory, pieces(index, &known), lying, shards, secret_names(index))
    });
    let (published, unread): (BTreeMap<ObjectRef, Arc<Snapshot>>, _) = {
        let mut publications = publications.lock().unwrap_or_else(PoisonError::into_inner);
        publications.read(pieces, now);
        publications.retain(|server| inventory.servers.contains_key(server));
        publications.lying(|server| lying.contains(server));
        let published =
            publications.all().map(|(server, published)| (server.clone(), published.snapshot.clone()));
        (published.collect(), publications.unreadable().into_keys().collect())
    };
    let mut faults = BTreeMap::new();
    let mut records = Vec::new();
    for (server, shards) in shards {
        match shards {
            Ok(shards) => records.extend(shards.into_values()),
            Err(why) => drop(faults.insert(server, why)),
        }
    }
    let home = |client: &ObjectRef| {
        let object = inventory.clients.get(client)?;
        object.spec.as_ref().map(|spec| spec.server.clone())
    };
    let credentials = credentials_of(records.iter(), home);
    let unready = shared.with(|index| unready(index, &inventory, &records));
    let inventory =
        Inventory { published, unread, credentials, secret_names, unready, ..Inventory::clone(&inventory) };
    Gathered { inventory, faults }
}

/// Gathers the facts and compiles.
fn look(context: &Context, cache: &RecordCache, publications: &Mutex<Publications>) -> World {
    let now = context.clock.monotonic();
    let Gathered { inventory, mut faults } = gather(&context.shared, cache, publications, now);
    let facts = Inventory { private_fetch: context.settings.allow_private_fetch, ..inventory };
    let compiled = compile(&facts);
    let (published, unreadable): (BTreeMap<_, _>, _) = {
        let mut publications = publications.lock().unwrap_or_else(PoisonError::into_inner);
        publications.note_policies(&compiled);
        let published = publications.all().map(|(server, published)| (server.clone(), published.clone()));
        (published.collect(), publications.unreadable())
    };
    for server in facts.servers.keys().filter(|server| !published.contains_key(*server)) {
        if let Some(why) = kept(&facts, &compiled, server, unreadable.get(server).map(String::as_str)) {
            faults.entry(server.clone()).or_insert(why);
        }
    }
    World { inventory: Arc::new(facts), compiled: Arc::new(compiled), published, faults, number: 0 }
}

/// Why nothing may be published for a server of which nothing is known to be: it is frozen, so what it served is to be kept, and that cannot
/// be read, as after this operator was rolled back by more than it can be, or is not there any more though clients were served.
fn kept(
    facts: &Inventory,
    compiled: &Compiled,
    server: &ObjectRef,
    unreadable: Option<&str>,
) -> Option<String> {
    let policy = compiled.report.servers.get(server)?.frozen_by.first()?;
    let served = || facts.credentials.values().any(|record| record.server == *server);
    let why = unreadable.or_else(|| served().then_some("what was published is not there any more"))?;
    Some(format!(
        "{why}, and what policy `{policy}`, which is not accepted, freezes is to be kept: mend it, and all is published anew"
    ))
}

/// Clients that bring a Secret which is not there or cannot be used, with what is wrong: they wait. One that has brought a secret
/// before goes on with it.
fn unready(
    index: &Index,
    inventory: &Inventory,
    records: &[Arc<RecordShard>],
) -> BTreeMap<ObjectRef, Finding> {
    let has_brought = |client: &ObjectRef, server: &ObjectRef| {
        // One of the same name that was made later has brought nothing.
        let uid = index.manifest(Kind::AuthClient, client).map(|manifest| manifest.identity.uid.clone());
        let mut known = records.iter().filter_map(|shard| shard.records.get(client));
        known.any(|record| {
            let same = record.server == *server && Some(&record.owner) == uid.as_ref();
            same && record.brought && !record.secrets.is_empty()
        })
    };
    let mut unready = BTreeMap::new();
    for (client, object) in &inventory.clients {
        let Some(spec) = object.spec.as_ref() else { continue };
        let Some(name) = &spec.existing_secret else { continue };
        let fault = index.brought_fault(client, name);
        if let Some(fault) = fault.filter(|_| !has_brought(client, &spec.server)) {
            unready.insert(client.clone(), fault);
        }
    }
    unready
}

/// The sources that are watched before anything else: what the others mean depends on them.
#[must_use]
pub fn first_sources() -> Vec<Source> {
    let manifests = Kind::ALL.map(Source::Manifests);
    manifests.into_iter().chain([Source::Namespaces, Source::ServerSecrets]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{baseline, client, name, publish, put, world};
    use nauthera_core::inventory::CredentialRecord;
    use serde_json::json;

    fn held(inventory: &Inventory, unreadable: Option<&str>) -> Option<String> {
        kept(inventory, &compile(inventory), &name("auth/main"), unreadable)
    }

    #[test]
    fn what_is_published_and_not_known_is_replaced_unless_a_freeze_keeps_it() {
        let mut inventory = world();
        put(&mut inventory, Kind::AuthClient, "shop/web", 1, client(&["openid"]));
        let served = publish(&mut inventory);
        inventory.published.clear();
        assert_eq!(held(&inventory, Some("format 99")), None);

        let mut policy = baseline();
        let example = json!({ "name": "wrong", "client": { "scopes": ["admin"] }, "expect": "Compliant" });
        policy["examples"] = json!([example]);
        put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 2, policy);
        let why = held(&inventory, Some("format 99")).unwrap();
        assert!(
            why.starts_with("format 99, and what policy `auth/baseline`, which is not accepted"),
            "{why}"
        );
        assert_eq!(held(&inventory, None), None, "it never served anybody");

        let row = served.snapshots[&name("auth/main")].clients.values().next().unwrap().clone();
        let (server, client_id) = (name("auth/main"), row.client_id.clone());
        let record = CredentialRecord { server, client_id, secrets: Vec::new() };
        inventory.credentials.insert(name("shop/web"), record);
        let why = held(&inventory, None).unwrap();
        assert!(why.starts_with("what was published is not there any more, and what policy"), "{why}");
    }
}
