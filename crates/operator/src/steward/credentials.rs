//! The credentials of a server's clients: what is due of them, the records first, their Secrets once that is live.

use super::{Steward, wait};
use crate::cluster::Fault;
use crate::events::Happened;
use crate::index::Index;
use crate::records::{Due, Entry, Hands, Plan, SecretState, Shards, View, Work, Writer};
use crate::turn::World;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use nauthera_core::credentials::{Record, RecordShard, Step, next};
use nauthera_core::names::ObjectRef;
use nauthera_core::time::{Seconds, UnixTime, random_256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Secrets that are written side by side.
const AT_ONCE: usize = 16;
/// Secrets that are written before it is looked whether something else has changed.
const BATCH: usize = 512;
/// How long Secrets are written before all is looked at again, although nothing else is to be published.
const SLICE: Duration = Duration::from_secs(2);
/// How long the record of a client that is gone outlives it: a move of manifests looks like a deletion.
const KEPT: Seconds = Seconds::hours(1);

impl Steward {
    /// Works out what is due.
    pub(super) fn plan(&mut self, world: &World) -> Plan {
        let mut plan = Plan::default();
        let Some(held) = &self.key else { return plan };
        let Some(head) = world.compiled.snapshots.get(&self.server).map(|snapshot| &snapshot.head) else {
            return plan;
        };
        let live = self.context.replicas(&self.server).map(|replicas| replicas.live()).unwrap_or_default();
        let published = self.ledger.of(&self.server);
        let now = self.context.clock.now();
        let entropy = self.context.entropy.clone();
        let mut notes = self.standing.notes();
        let (planner, gone) = (&mut notes.planner, &mut self.gone);
        self.context.shared.with(|index| {
            // What cannot be read was told by whoever compiled.
            let Ok(shards) = self.cache.shards(index, &self.server) else { return };
            let view = View {
                server: &self.server,
                issuer: &head.issuer,
                digest_key: &held.digest_key,
                process_key: self.context.shared.process_key(),
                index,
                now,
            };
            let record = |client: &ObjectRef| {
                shards
                    .get(&nauthera_core::credentials::Bucket::of(&held.placement, client))?
                    .records
                    .get(client)
            };
            let clients = world.compiled.report.clients.iter();
            let ours = clients.filter(|(_, report)| report.server.as_ref() == Some(&self.server));
            for (client, report) in ours {
                let Some(entry) = Entry::of(client, report, index) else { continue };
                let record = record(client);
                // Does every ready replica serve just what the record says?
                let is_live = published.as_ref().is_some_and(|published| {
                    let row = published.snapshot.clients.get(&entry.row.client_id);
                    let digests = row.zip(record).is_some_and(|(row, record)| row.secrets == record.secrets);
                    digests && live.has(published.carries(client))
                });
                planner.plan(&mut plan, entry, record, (&view, is_live), || {
                    Zeroizing::new(URL_SAFE_NO_PAD.encode(random_256(&*entropy)))
                });
            }
            let is_there = |client: &ObjectRef| world.inventory.clients.contains_key(client);
            // One whose manifest cannot be read, or that names a server which is not there, stays where it was.
            let is_elsewhere = |client: &ObjectRef| {
                let object = world.inventory.clients.get(client);
                let named = object.and_then(|object| object.spec.as_ref()).map(|spec| &spec.server);
                let record = world.inventory.credentials.get(client).map(|record| &record.server);
                named == record && named.is_some_and(|server| *server != self.server)
            };
            // Of one that comes back later nothing is known from before.
            planner.retain(|client| {
                let report = world.compiled.report.clients.get(client);
                report.is_some_and(|report| report.server.as_ref() == Some(&self.server))
            });
            note_gone(gone, shards.values(), (is_there, is_elsewhere), now);
        });
        if !plan.touched.is_empty() {
            notes.touched.append(&mut plan.touched);
            drop(notes);
            self.context.news.ring();
        }
        plan
    }

    fn shards<'a>(&'a self, world: &'a World) -> Option<Shards<'a>> {
        let held = self.key.as_ref()?;
        Some(Shards {
            context: &self.context,
            server: &self.server,
            issuer: &world.compiled.snapshots.get(&self.server)?.head.issuer,
            digest_key: &held.digest_key,
            placement: &held.placement,
            term: &self.term,
        })
    }

    /// Writes the records that are due; how many shards were written.
    pub(super) async fn write_records(&mut self, world: &World, plan: &Plan) -> Result<usize, Fault> {
        let now = self.context.clock.now();
        let expired = self.gone.iter().filter(|(_, since)| since.plus(KEPT) <= now);
        let expired: BTreeSet<ObjectRef> = expired.map(|(client, _)| client.clone()).collect();
        let any = plan.due.values().any(|(_, due)| *due == Due::Record);
        let Some(shards) = self.shards(world).filter(|_| any || !expired.is_empty()) else { return Ok(0) };
        let began = self.context.clock.monotonic();
        let hands: HashMap<&ObjectRef, Hands> = {
            // Taken out, so that nothing is locked while the API server is waited for.
            let notes = self.standing.notes();
            let due = plan.due.iter().filter(|(_, (_, due))| *due == Due::Record);
            due.map(|(client, _)| (client, notes.planner.hands(client, shards.digest_key))).collect()
        };
        let written = shards.write(&plan.due, &expired, (&hands, now)).await?;
        self.context.metrics.worked("records", self.context.clock.monotonic().saturating_sub(began));
        self.gone.retain(|client, _| !expired.contains(client));
        Ok(written)
    }

    /// Writes the Secrets that are due, until something else has changed.
    pub(super) async fn write_secrets(
        &mut self,
        world: &World,
        plan: &Plan,
        worlds: &watch::Receiver<Option<Arc<World>>>,
    ) -> Result<(), Fault> {
        let now = self.context.clock.monotonic();
        self.context.shared.with(|index| {
            let version = |client: &ObjectRef| version(&plan.due.get(client)?.0, index);
            self.waits.retain(|client, wait| {
                // What was refused may go well once somebody has touched what is there.
                let touched = wait.refused.as_ref().is_some_and(|then| *then != version(client));
                plan.due.contains_key(client) && !touched
            });
        });
        let waits = |client: &ObjectRef| self.waits.get(client).is_some_and(|wait| now < wait.due);
        let due: Vec<(&ObjectRef, &(Entry, Due))> =
            plan.due.iter().filter(|(client, (_, due))| *due != Due::Record && !waits(client)).collect();
        let until = now.saturating_add(SLICE);
        for batch in due.chunks(BATCH) {
            if self.write_batch(world, batch).await? > 0 {
                self.context.news.ring();
            }
            let changed = worlds.has_changed().unwrap_or(true);
            if changed && (self.context.clock.monotonic() >= until || self.is_behind(worlds)) {
                // The rest is due still at the next look.
                break;
            }
        }
        Ok(())
    }

    /// Is something else to be published than is?
    fn is_behind(&self, worlds: &watch::Receiver<Option<Arc<World>>>) -> bool {
        let world = worlds.borrow().clone();
        let wanted = world.as_ref().and_then(|world| world.compiled.snapshots.get(&self.server));
        let published = self.ledger.of(&self.server);
        wanted.is_some_and(|wanted| published.is_none_or(|published| published.snapshot != *wanted))
    }

    async fn write_batch(
        &mut self,
        world: &World,
        batch: &[(&ObjectRef, &(Entry, Due))],
    ) -> Result<usize, Fault> {
        let Some(shards) = self.shards(world) else { return Ok(0) };
        // The Secrets were read before, by the index: only then the records.
        let records = shards.read_for(batch.iter().map(|(client, _)| *client)).await?;
        let chosen = self.chosen(world, batch, |client| records.get(&shards.bucket(client))?.record(client));
        let writer =
            Writer { context: &self.context, server: &self.server, issuer: shards.issuer, term: &self.term };
        let mut writes: Vec<BoxFuture<'_, (ObjectRef, Result<(), Fault>)>> = Vec::new();
        for Chosen { entry, due, held, version, .. } in &chosen {
            let (work, writer) =
                (Work { entry, due, held: held.as_ref(), version: version.clone() }, &writer);
            writes.push(async move { (entry.client.clone(), writer.write(&work).await) }.boxed());
        }
        let outcomes: Vec<(ObjectRef, Result<(), Fault>)> =
            futures::stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        let count = outcomes.len();
        let done: BTreeSet<&ObjectRef> =
            outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(client, _)| client).collect();
        for chosen in chosen.iter().filter(|chosen| done.contains(&chosen.entry.client)) {
            if let Due::Secret(digest) = chosen.due {
                self.standing.notes().planner.gave(&chosen.entry.client, digest);
            }
            if let Some(happened) = chosen.happens.clone() {
                // What nobody has time to tell is not told.
                self.events.try_send(happened).ok();
            }
        }
        let versions = chosen.into_iter().map(|chosen| (chosen.entry.client, chosen.version)).collect();
        self.note_outcomes(outcomes, &versions).map(|()| count)
    }

    /// What is due still of these clients, given the records that were read just now.
    fn chosen<'r>(
        &self,
        world: &World,
        batch: &[(&ObjectRef, &(Entry, Due))],
        record: impl Fn(&ObjectRef) -> Option<&'r Record>,
    ) -> Vec<Chosen> {
        let Some((held, snapshot)) = self.key.as_ref().zip(world.compiled.snapshots.get(&self.server)) else {
            return Vec::new();
        };
        let notes = self.standing.notes();
        self.context.shared.with(|index| {
            let view = View {
                server: &self.server,
                issuer: &snapshot.head.issuer,
                digest_key: &held.digest_key,
                process_key: self.context.shared.process_key(),
                index,
                now: self.context.clock.now(),
            };
            let chosen = batch.iter().filter_map(|(client, (entry, due))| {
                let plain = notes.planner.held.get(*client);
                let hands = notes.planner.hands(client, &held.digest_key);
                let step = next(record(client), &entry.facts(&view, hands, true));
                let is_due = match (due, step) {
                    (Due::Secret(wanted), Step::WriteSecret(now)) => *wanted == now,
                    (Due::Fence(wanted), Step::Fence(now)) => *wanted == now,
                    (Due::Adopt, Step::Adopt) | (Due::Refresh, Step::Done { .. }) | (Due::Look(_), _) => true,
                    _ => false,
                };
                let version = version(entry, index);
                let happens = record(client).and_then(|record| happens(client, due, record));
                let (entry, due) = (entry.clone(), due.clone());
                is_due.then(|| Chosen { entry, due, held: plain.cloned(), version, happens })
            });
            chosen.collect()
        })
    }

    fn note_outcomes(
        &mut self,
        outcomes: Vec<(ObjectRef, Result<(), Fault>)>,
        versions: &HashMap<ObjectRef, Option<Arc<str>>>,
    ) -> Result<(), Fault> {
        let now = self.context.clock.monotonic();
        let mut notes = self.standing.notes();
        let mut lost = false;
        for (client, outcome) in outcomes {
            notes.planner.unsettle(&client);
            // What was written is looked at again, and where it is never as it should be, somebody changes it each time.
            let tries = self.waits.get(&client).map_or(0, |wait| wait.tries) + 1;
            let refused = outcome.as_ref().is_err_and(Fault::is_refusal);
            let refused = refused.then(|| versions.get(&client).cloned().flatten());
            self.waits.insert(client.clone(), Wait { tries, due: now.saturating_add(wait(tries)), refused });
            match outcome {
                Ok(()) => {
                    if matches!(notes.planner.states.get(&client), Some(SecretState::Refused(_))) {
                        notes.planner.states.insert(client.clone(), SecretState::Pending);
                    }
                }
                Err(Fault::NotLeading) => lost = true,
                Err(fault) => {
                    if !matches!(fault, Fault::Conflict) {
                        tracing::debug!(%client, %fault, "its Secret cannot be written");
                        notes.planner.states.insert(client.clone(), SecretState::Refused(fault.to_string()));
                    }
                }
            }
            notes.touched.insert(client);
        }
        if lost { Err(Fault::NotLeading) } else { Ok(()) }
    }
}

/// How a Secret waits that was written, or could not be, and is not seen as it should be yet.
pub(super) struct Wait {
    /// How often it was tried.
    tries: u32,
    /// When it is tried again.
    pub(super) due: Duration,
    /// Where the API server refused it: the version of what was there then, if anything was.
    refused: Option<Option<Arc<str>>>,
}

/// The version of a client's Secret, as far as it is known.
fn version(entry: &Entry, index: &Index) -> Option<Arc<str>> {
    let secret = entry.secret().and_then(|name| index.secret(&name))?;
    Some(secret.identity.resource_version.clone())
}

struct Chosen {
    entry: Entry,
    due: Due,
    held: Option<Zeroizing<String>>,
    version: Option<Arc<str>>,
    happens: Option<Happened>,
}

/// What is told of it once the Secret is written: nothing of a first secret.
fn happens(client: &ObjectRef, due: &Due, record: &Record) -> Option<Happened> {
    let pending = record.pending.filter(|_| matches!(due, Due::Secret(_)) && record.current.is_some())?;
    if pending.revokes {
        return Some(Happened::revoked(client));
    }
    if record.rebuilds.count > 0 && record.rebuilds.at == pending.since {
        return Some(Happened::rebuilt(client));
    }
    Some(Happened::rotated(client, "its time had come, or it was asked for"))
}

/// Notes which clients have a record and are gone. One that is at another server now is gone for good: coming back it gets a new secret
/// as at every move, and none that had ended with the move counts again.
fn note_gone<'a>(
    gone: &mut BTreeMap<ObjectRef, UnixTime>,
    shards: impl Iterator<Item = &'a Arc<RecordShard>>,
    (is_there, is_elsewhere): (impl Fn(&ObjectRef) -> bool, impl Fn(&ObjectRef) -> bool),
    now: UnixTime,
) {
    let recorded: BTreeSet<&ObjectRef> = shards.flat_map(|shard| shard.records.keys()).collect();
    gone.retain(|client, _| recorded.contains(client) && (!is_there(client) || is_elsewhere(client)));
    for client in recorded {
        if is_elsewhere(client) {
            gone.insert(client.clone(), UnixTime::default());
        } else if !is_there(client) && !gone.contains_key(client) {
            gone.insert(client.clone(), now);
        }
    }
}
