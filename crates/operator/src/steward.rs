//! Looking after one server while this process leads: its keys, the credentials of its clients and its Snapshot, in the order in which
//! nothing is served that an application cannot use, and nothing is handed out that is not yet served.

mod credentials;
mod publish;
mod references;

use crate::backoff::doubled;
use crate::cluster::{Fault, call};
use crate::context::Context;
use crate::events::Happened;
use crate::index::Source;
use crate::keys::{Keeper, KeyOrder};
use crate::lease::Term;
use crate::names::SERVER_LABEL;
use crate::publish::{Publisher, Sweeper};
use crate::records::RecordCache;
use crate::standing::Standing;
use crate::turn::{Ledger, World};
use crate::watch::stream::PAGE;
use credentials::Wait;
use kube::api::{Api, DynamicObject, ListParams};
use nauthera_core::names::ObjectRef;
use nauthera_core::shards::Placement;
use nauthera_core::time::{Seconds, UnixTime};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

/// How often it is looked at although nothing changed.
const AT_REST: Duration = Duration::from_secs(30);
/// How often signing keys are looked at.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// The first and the longest wait after a failure.
const WAITS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How long what is compiled may wait for records that are written one after the other: they change what is published, and so does
/// what others have asked meanwhile.
const RECORDS_FIRST: Duration = Duration::from_millis(300);

/// Who looks after one server.
pub struct Steward {
    context: Arc<Context>,
    server: ObjectRef,
    cache: Arc<RecordCache>,
    ledger: Ledger,
    term: Term,
    standing: Arc<Standing>,
    key: Option<Held>,
    keys_due: Duration,
    references_due: Duration,
    /// Could it not be looked for them at the last try?
    references_failed: bool,
    references_of: references::Named,
    keys_for: Option<(nauthera_core::spec::SigningSettings, Seconds)>,
    sweeper: Sweeper,
    /// Clients whose Secret was written, or could not be, and is not seen as it should be yet: how often, and when it is tried again.
    waits: HashMap<ObjectRef, Wait>,
    /// Clients that are gone and have a record still, and since when.
    gone: BTreeMap<ObjectRef, UnixTime>,
    /// Since when nothing was published because records were written.
    held_back: Option<Duration>,
    /// Where Events are told.
    events: mpsc::Sender<Happened>,
}

/// What follows from the digest key.
struct Held {
    digest_key: Arc<Zeroizing<[u8; 32]>>,
    placement: Placement,
    publisher: Publisher,
}

impl Steward {
    /// Looks after this server.
    #[must_use]
    pub fn new(
        context: &Arc<Context>,
        server: ObjectRef,
        cache: &Arc<RecordCache>,
        ledger: &Ledger,
        term: &Term,
        events: mpsc::Sender<Happened>,
    ) -> Self {
        let standing = context.standing(&server);
        Self {
            context: context.clone(),
            server,
            cache: cache.clone(),
            ledger: ledger.clone(),
            term: term.clone(),
            standing,
            key: None,
            keys_due: Duration::ZERO,
            references_due: Duration::ZERO,
            references_failed: false,
            references_of: references::Named::new(),
            keys_for: None,
            sweeper: Sweeper::default(),
            waits: HashMap::new(),
            gone: BTreeMap::new(),
            held_back: None,
            events,
        }
    }

    /// Looks after it until the term is over.
    pub async fn run(mut self, mut worlds: watch::Receiver<Option<Arc<World>>>) {
        let mut news = self.context.news.hear();
        let mut failures = 0_u32;
        let mut refreshed = false;
        loop {
            let world = worlds.borrow_and_update().clone();
            let outcome = match world {
                _ if !self.term.holds() => return,
                None => Ok(AT_REST),
                Some(_) if !refreshed => self.refresh().await.map(|()| {
                    refreshed = true;
                    Duration::ZERO
                }),
                Some(world) => self.turn(&world, &worlds).await,
            };
            let rest = match outcome {
                Ok(rest) => {
                    failures = 0;
                    rest
                }
                Err(Fault::NotLeading) => return,
                // It was changed meanwhile, and what is there is known now.
                Err(Fault::Conflict) if failures == 0 => {
                    failures = 1;
                    Duration::ZERO
                }
                Err(fault) => {
                    failures = failures.saturating_add(1);
                    self.say(&fault, failures);
                    wait(failures)
                }
            };
            if failures > 1 {
                // Events do not shorten it: what fails is not tried at every one of them, but at an edit.
                tokio::select! {
                    () = tokio::time::sleep(rest) => {}
                    () = edited(&self.server, &mut worlds) => {}
                }
                continue;
            }
            tokio::select! {
                changed = worlds.changed() => if changed.is_err() { return },
                () = news.rung() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    fn say(&self, fault: &Fault, failures: u32) {
        if failures == 2 || failures.is_multiple_of(10) {
            tracing::warn!(server = %self.server, %fault, failures, "the server cannot be looked after: what is served goes on");
        }
    }

    /// Reads from the API what only a leader relies on: who led before may have written more than the watches have told.
    async fn refresh(&self) -> Result<(), Fault> {
        for source in [Source::ServerSecrets, Source::Snapshots] {
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.context.client.clone(), &self.server.namespace, &source.resource());
            let labels = source.labels().unwrap_or_default();
            let labels = format!("{labels},{SERVER_LABEL}={}", self.server.name);
            let mut params = ListParams::default().labels(&labels).limit(PAGE);
            loop {
                let page = call(api.list(&params)).await?;
                for object in page.items {
                    self.context.shared.wrote(source, object);
                }
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => params.continue_token = Some(token),
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// One look; how long it may rest then.
    async fn turn(
        &mut self,
        world: &Arc<World>,
        worlds: &watch::Receiver<Option<Arc<World>>>,
    ) -> Result<Duration, Fault> {
        let outcome = self.look_after(world, worlds).await;
        // Whatever came of it, since a status waits for this; and after it, since nothing that is to be served does.
        let references = self.references().await;
        outcome.map(|rest| rest.min(references))
    }

    async fn look_after(
        &mut self,
        world: &Arc<World>,
        worlds: &watch::Receiver<Option<Arc<World>>>,
    ) -> Result<Duration, Fault> {
        self.note_live();
        if self.context.shared.with(|index| index.is_terminating(&self.server.namespace)) {
            // Nothing is made anew where everything goes.
            return Ok(AT_REST);
        }
        if !world.compiled.snapshots.contains_key(&self.server) {
            // It is refused: nothing is made for it that would stay.
            return Ok(AT_REST);
        }
        let digest_key = self.digest_key().await?;
        if self.key.as_ref().is_none_or(|held| held.digest_key != digest_key) {
            let publisher = Publisher::new(
                self.context.client.clone(),
                self.context.shared.clone(),
                self.server.clone(),
                &digest_key,
            );
            self.key = Some(Held { placement: Placement::new(&digest_key), digest_key, publisher });
        }
        self.signing_keys(world).await?;
        if let Some(why) = world.faults.get(&self.server) {
            self.standing.notes().publish_fault = Some(why.clone());
            return Err(Fault::Invalid(why.clone()));
        }
        let plan = self.plan(world);
        if self.write_records(world, &plan).await? > 0 {
            let now = self.context.clock.monotonic();
            if now < self.held_back.get_or_insert(now).saturating_add(RECORDS_FIRST) {
                // What follows from them is compiled first.
                return Ok(AT_REST);
            }
        }
        self.held_back = None;
        self.publish(world).await?;
        self.write_secrets(world, &plan, worlds).await?;
        self.sweep(worlds).await?;
        let now = self.context.clock.now();
        let due = plan.next.map(|next| Duration::from_secs(u64::from(next.since(now).get()).max(1)));
        let waits = self.waits.iter().filter(|(client, _)| plan.has_secret(client));
        let retry = waits.map(|(_, wait)| wait.due.saturating_sub(self.context.clock.monotonic())).min();
        Ok(due.into_iter().chain(retry).fold(AT_REST, Duration::min))
    }

    fn keeper(&self) -> Keeper<'_> {
        Keeper { context: &self.context, server: &self.server, term: &self.term }
    }

    /// The digest key; that there is none is told in the server's status.
    async fn digest_key(&self) -> Result<Arc<Zeroizing<[u8; 32]>>, Fault> {
        let held = self.key.as_ref().map(|held| &**held.digest_key);
        let key = self.keeper().digest_key(held).await;
        if let Err(Fault::Invalid(why)) = &key {
            self.standing.notes().publish_fault = Some(why.clone());
        }
        key
    }

    /// Notes how far the replicas have come.
    fn note_live(&self) {
        let Some(live) = self.context.replicas(&self.server).map(|replicas| replicas.live()) else { return };
        let newest = self.ledger.of(&self.server).map(|published| published.sequence).unwrap_or_default();
        let mut notes = self.standing.notes();
        // Numbers that began anew, after a restore for example, are reached anew.
        let before = if notes.reached > newest { 0 } else { notes.reached };
        notes.reached = live.floor.map_or(before, |floor| before.max(floor));
    }

    async fn signing_keys(&mut self, world: &World) -> Result<(), Fault> {
        let Some(snapshot) = world.compiled.snapshots.get(&self.server) else { return Ok(()) };
        let (settings, longest_token) = (snapshot.head.signing, snapshot.longest_token());
        let now = self.context.clock.monotonic();
        let asked = Some((settings, longest_token));
        if now < self.keys_due && self.keys_for == asked {
            return Ok(());
        }
        let session = snapshot.head.session.lifetime;
        let order = KeyOrder { settings, longest_token, session, now: self.context.clock.now() };
        self.keeper().signing_keys(&order).await?;
        self.keys_due = now.saturating_add(KEYS_EVERY);
        self.keys_for = asked;
        Ok(())
    }
}

/// Waits for an edit of the server, or for its end.
async fn edited(server: &ObjectRef, worlds: &mut watch::Receiver<Option<Arc<World>>>) {
    let edit = |world: &Option<Arc<World>>| Some(world.as_ref()?.inventory.servers.get(server)?.generation);
    let then = edit(&worlds.borrow());
    // Where nothing comes any more, the term is over.
    worlds.wait_for(|world| edit(world) != then).await.ok();
}

fn wait(failures: u32) -> Duration {
    doubled(WAITS, failures)
}
