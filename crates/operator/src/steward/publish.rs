//! Publishing what is compiled, and removing shards that nobody needs any more.

use super::Steward;
use crate::cluster::{Fault, call};
use crate::index::Source;
use crate::publish::{Order, PublishFault};
use crate::replicas::Replicas;
use crate::turn::World;
use kube::api::{Api, DeleteParams, DynamicObject};
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::snapshot::{FORMAT, OLDEST_READ, Snapshot};
use std::sync::Arc;
use tokio::sync::watch;

/// Shards that one look removes at most.
const AT_ONCE: usize = 64;

impl Steward {
    /// Publishes what is compiled, unless it is published.
    pub(super) async fn publish(&mut self, world: &World) -> Result<(), Fault> {
        let Some(snapshot) = world.compiled.snapshots.get(&self.server) else { return Ok(()) };
        let published = self.ledger.of(&self.server);
        let uid = self.context.shared.with(|index| {
            let manifest = index.manifest(Kind::AuthServer, &self.server)?;
            Some(manifest.identity.uid.clone()).filter(|_| !manifest.identity.deleting)
        });
        let Some((uid, held)) = uid.zip(self.key.as_mut()) else { return Ok(()) };
        let replicas = self.context.replicas(&self.server);
        // What a replica reads that runs already must be known first: it may be of an older release. Its answer rings.
        if replicas.as_ref().is_some_and(|replicas| replicas.live().unasked) {
            return Ok(());
        }
        let format = replicas.and_then(|replicas| replicas.with(|all| format_for(all, snapshot)));
        let Some(format) = format else {
            let why = "the running replicas read no format that this operator writes: update them, or it";
            self.standing.notes().publish_fault = Some(why.to_owned());
            return Ok(());
        };
        // In no newer format than it needs; in an older one, which may say less, for as long as an older replica is there.
        let wanted = format.min(snapshot.format());
        let is_published = published.is_some_and(|there| {
            there.snapshot == *snapshot && there.format == wanted && held.publisher.lies_there(&there)
        });
        if is_published {
            // What stood in its way is over.
            self.standing.notes().publish_fault = None;
            return Ok(());
        }
        let began = self.context.clock.monotonic();
        let order = Order { snapshot, format, uid: &uid };
        let outcome = held.publisher.publish(&order, &self.term).await;
        let word = match &outcome {
            Ok(_) => "ok",
            Err(PublishFault::Packing(_)) => "packing",
            Err(PublishFault::Cluster(fault)) => fault.category(),
        };
        self.context.metrics.wrote("publish", word);
        match outcome {
            Ok(done) => {
                self.context.metrics.worked("publish", self.context.clock.monotonic().saturating_sub(began));
                let bytes = done.bytes.len();
                self.context.metrics.published(&self.server, bytes, self.context.clock.now().0);
                tracing::info!(server = %self.server, revision = %done.revision.short(), sequence = done.sequence, clients = snapshot.clients.len(), "published");
                self.standing.notes().publish_fault = None;
                self.ledger.wrote(&self.server, snapshot.clone(), done);
                self.context.news.ring();
                Ok(())
            }
            // It is tried again with another Snapshot, or other replicas.
            Err(PublishFault::Packing(why)) => {
                self.standing.notes().publish_fault = Some(why.to_string());
                Ok(())
            }
            Err(PublishFault::Cluster(fault)) => {
                if !matches!(fault, Fault::Conflict | Fault::NotLeading) {
                    self.standing.notes().publish_fault = Some(fault.to_string());
                }
                Err(fault)
            }
        }
    }

    /// Removes shards that no index names, and that nobody can be about to read, until something else has changed: nobody waits for it.
    pub(super) async fn sweep(&mut self, worlds: &watch::Receiver<Option<Arc<World>>>) -> Result<(), Fault> {
        let settled =
            self.context.replicas(&self.server).is_none_or(|replicas| replicas.live().lagging.is_empty());
        let now = self.context.clock.monotonic();
        let sweeper = &mut self.sweeper;
        let due = self.context.shared.with(|index| sweeper.due(index, &self.server, settled, now));
        let api: Api<DynamicObject> = Api::namespaced_with(
            self.context.client.clone(),
            &self.server.namespace,
            &Source::Snapshots.resource(),
        );
        for name in due.into_iter().take(AT_ONCE) {
            self.term.check()?;
            if worlds.has_changed().unwrap_or(true) {
                break;
            }
            match call(api.delete(&name, &DeleteParams::default())).await {
                Ok(_) | Err(Fault::NotFound) => {
                    let map = ObjectRef::new(self.server.namespace.clone(), name);
                    self.context.shared.with(|index| index.forget_map(&map));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// The newest format that all replicas read, ready or not: one that was rolled back to an older release has nothing to begin with
/// otherwise. Where what is served cannot be said in it, those that are ready decide, so that one which cannot begin holds up nobody.
fn format_for(replicas: &Replicas, snapshot: &Snapshot) -> Option<u32> {
    let written: Vec<u32> = (OLDEST_READ..=FORMAT).collect();
    let says_enough = |format: &u32| snapshot.head_as((*format).min(snapshot.format())).is_ok();
    let all = replicas.common_format(&written, |_| true);
    all.filter(says_enough).or_else(|| replicas.common_format(&written, |pod| pod.ready))
}
