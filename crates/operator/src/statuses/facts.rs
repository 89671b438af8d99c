//! What the status of an object is worked out from: the Report, what is live, and what is noted of its server.

use super::Key;
use crate::children::ChildKind;
use crate::context::Context;
use crate::events::{Happened, programmed};
use crate::index::Manifest;
use crate::names::{SIGNING_KEYS_FILE, child, signing_keys};
use crate::publish::{Carrier, Published};
use crate::records::SecretState;
use crate::replicas::{Live as Level, SaidOfStore};
use crate::status::{
    self, ClientFacts, HasConditions, Key as SigningKey, Live, PolicyFacts, PolicyLive, Replicas, SecretFact,
    ServerFacts, StoreFacts, StoreLive, StoreWord, Unresolved, merge,
};
use crate::turn::World;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::DynamicObject;
use nauthera_api::v1alpha1::{AuthClientStatus, AuthPolicyStatus, AuthServerStatus, UserStoreStatus};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::report::{ClientReport, ServerReport};
use nauthera_core::snapshot::Revision;
use nauthera_core::time::UnixTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What came of looking at an object.
pub struct Judgement {
    /// The status to write; `None` where the one that is there says just that.
    pub status: Option<Value>,
    /// The write of the object that was judged.
    pub resource_version: Arc<str>,
    /// The edit that was judged.
    pub generation: i64,
    /// Does it wait for nothing any more?
    pub settled: bool,
    /// Was this edit not yet spoken of?
    pub is_new: bool,
    /// What the write tells whoever looks at the object's Events.
    pub happened: Option<Happened>,
}

impl Judgement {
    /// It is looked at again in a moment, when more is known.
    fn later(manifest: &Manifest) -> Self {
        Self {
            status: None,
            resource_version: manifest.identity.resource_version.clone(),
            generation: manifest.generation,
            settled: false,
            is_new: false,
            happened: None,
        }
    }
}

/// Looks at an object; `None` where it is gone, or not yet known well enough.
pub fn judge(context: &Context, world: &World, key: &Key) -> Option<Judgement> {
    let (kind, name) = key;
    let manifest = context.shared.with(|index| index.manifest(*kind, name).cloned())?;
    if manifest.identity.deleting {
        return None;
    }
    match kind {
        Kind::AuthClient => client(context, world, name, &manifest),
        Kind::AuthPolicy => policy(context, world, name, &manifest),
        Kind::AuthServer => server(context, world, name, &manifest),
        Kind::UserStore => store(context, world, name, &manifest),
    }
}

fn judged<S: HasConditions + Serialize + DeserializeOwned>(
    context: &Context,
    manifest: &Manifest,
    there: Option<&S>,
    (wanted, settled): (S, bool),
    tell: Option<&ObjectKey>,
) -> Option<Judgement> {
    let is_new = there.is_none_or(|there| there.observed_generation() != manifest.generation);
    let merged = merge(there, wanted, context.clock.now());
    let happened = tell.zip(merged.as_ref()).and_then(|(about, new)| programmed(about, there, new));
    Some(Judgement {
        status: merged.map(serde_json::to_value).transpose().ok()?,
        resource_version: manifest.identity.resource_version.clone(),
        generation: manifest.generation,
        settled,
        is_new,
        happened,
    })
}

/// The status that is there; one that cannot be read is written over.
fn there<S: DeserializeOwned>(manifest: &Manifest) -> Option<S> {
    serde_json::from_str(&manifest.status).ok()
}

fn client(context: &Context, world: &World, name: &ObjectRef, manifest: &Manifest) -> Option<Judgement> {
    let report = world.compiled.report.clients.get(name)?;
    // The report is of an older edit while a newer one is compiled.
    if report.generation != 0 && report.generation != manifest.generation {
        return None;
    }
    let there: Option<AuthClientStatus> = there(manifest);
    let home = report.server.as_ref();
    let published = home.and_then(|server| world.published.get(server));
    let snapshot = home.and_then(|server| world.compiled.snapshots.get(server));
    let (secret, next_rotation, reached) = noted(context, home, name);
    let level = home.map(|server| level(context, server)).unwrap_or_default();
    let was_live = there.as_ref().is_some_and(|there| was_live(there, manifest.generation));
    let row = report.row.as_ref();
    let carried = published.filter(|published| {
        row.is_some_and(|row| published.snapshot.clients.get(&row.client_id) == Some(row))
    });
    let live = live(carried.map(|published| published.carries(name)), &level, (reached, was_live, published));
    if secret.is_none() && row.is_some() && report.asked.is_some() {
        // Nobody has looked after it yet; what stands there is true still.
        return None;
    }
    let secret = secret_fact(secret.as_ref(), report);
    let served = report.verdict.is_served();
    if served && level.unasked && live != Live::Everywhere {
        return Some(Judgement::later(manifest));
    }
    let settled = !served || (live == Live::Everywhere && secret != SecretFact::Pending);
    let facts = ClientFacts {
        object: name,
        generation: manifest.generation,
        reading: &manifest.findings,
        report,
        issuer: snapshot.map(|snapshot| &snapshot.head.issuer),
        secret,
        live,
        out_of_reach: home.is_some_and(|server| !context.settings.scope.has(&server.namespace)),
        frozen_by: home
            .and_then(|server| world.compiled.report.servers.get(server))
            .map_or(&[], |server| &*server.frozen_by),
        next_rotation,
        there: there.as_ref(),
    };
    let wanted = status::client(&facts);
    let about = ObjectKey::new(Kind::AuthClient, name.clone());
    judged(context, manifest, there.as_ref(), (wanted, settled), Some(&about))
}

/// How far the replicas of a server are. Where nobody looks after them yet, nobody knows.
fn level(context: &Context, server: &ObjectRef) -> Level {
    let replicas = context.replicas(server);
    replicas.map_or_else(|| Level { unasked: true, ..Level::default() }, |replicas| replicas.live())
}

/// What is noted of a client by who looks after its server: its Secret, its next rotation, and how far all replicas have come.
fn noted(
    context: &Context,
    home: Option<&ObjectRef>,
    client: &ObjectRef,
) -> (Option<SecretState>, Option<UnixTime>, u64) {
    let Some(server) = home else { return (None, None, 0) };
    let standing = context.standing(server);
    let notes = standing.notes();
    let state = notes.planner.states.get(client).cloned();
    (state, notes.planner.rotations.get(client).copied(), notes.reached)
}

/// Does the status say that this edit is live?
fn was_live(status: &AuthClientStatus, generation: i64) -> bool {
    let programmed = |condition: &Condition| condition.type_ == "Programmed" && condition.status == "True";
    status.observed_generation == generation && status.conditions.iter().any(programmed)
}

fn secret_fact<'a>(state: Option<&'a SecretState>, report: &ClientReport) -> SecretFact<'a> {
    match state {
        _ if report.row.is_none() => SecretFact::Written,
        Some(SecretState::Written) => SecretFact::Written,
        Some(SecretState::Missing(fault)) => SecretFact::Missing(fault),
        Some(SecretState::Taken(whose)) => SecretFact::Taken(whose),
        Some(SecretState::Refused(why)) => SecretFact::Refused(why),
        // A client that keeps what it has is not looked after, and its Secret is as it was.
        Some(SecretState::Pending) | None if report.asked.is_none() => SecretFact::Written,
        Some(SecretState::Pending) | None => SecretFact::Pending,
    }
}

/// How far a change is that the publication `carrier` brought.
fn live<'a>(
    carrier: Option<u64>,
    level: &'a Level,
    (reached, was_live, published): (u64, bool, Option<&Arc<Published>>),
) -> Live<'a> {
    let Some(carrier) = carrier else { return Live::Unpublished };
    // What every replica has served once stays so: a replica that starts, or is lost, is the AuthServer's to show. What this process
    // has not seen change was judged by those before it.
    let is_old = published.is_some_and(|published| published.is_first(carrier));
    if carrier <= reached || (was_live && is_old) {
        return Live::Everywhere;
    }
    if level.ready == 0 {
        return Live::NoReplica;
    }
    if level.has(carrier) {
        return Live::Everywhere;
    }
    let first = level.lagging.first().map(|name| &**name).unwrap_or_default();
    Live::Behind { serving: level.newest, ready: level.ready, first }
}

/// A server that a policy applies to: how far its replicas are, and the publication that carries an edit there.
struct At<'a> {
    server: &'a ObjectRef,
    report: &'a ServerReport,
    level: Level,
    carried: Option<Carrier>,
}

fn policy(context: &Context, world: &World, name: &ObjectRef, manifest: &Manifest) -> Option<Judgement> {
    let report = world.compiled.report.policies.get(name)?;
    if report.generation != manifest.generation {
        return None;
    }
    let there: Option<AuthPolicyStatus> = there(manifest);
    let told = there.as_ref().filter(|there| there.observed_generation == report.generation);
    // Also those where it governs nobody, and those that are frozen. Which policies one selects whose manifest is not accepted is not
    // known: there it applies where it did.
    let applied = |server: &ObjectRef| {
        let is_read = world.inventory.servers.get(server).is_some_and(|object| object.spec.is_some());
        is_read || told.is_some_and(|told| told.servers.iter().any(|at| *at.name == *server.name))
    };
    let applies = |server: &ServerReport| server.policies.iter().any(|mark| mark.policy == *name);
    let servers = world.compiled.report.servers.iter();
    let servers = servers.filter(|(server, report)| applies(report) && applied(server));
    let servers: Vec<At<'_>> = servers
        .map(|(server, at)| {
            let carried = carried(world, (server, at), (name, report.generation), told);
            At { server, report: at, level: level(context, server), carried }
        })
        .collect();
    if servers.iter().any(|at| at.level.unasked) {
        return Some(Judgement::later(manifest));
    }
    let servers: Vec<PolicyLive<'_>> = servers.iter().map(|at| at.live(told)).collect();
    let settled = servers.iter().all(|at| at.revision.is_some() && at.live == at.replicas);
    let facts = PolicyFacts {
        generation: manifest.generation,
        reading: &manifest.findings,
        report,
        servers: &servers,
        there: told,
    };
    judged(context, manifest, there.as_ref(), (status::policy(&facts), settled), None)
}

/// The publication that carries this edit of a policy at a server.
fn carried(
    world: &World,
    (server, report): (&ObjectRef, &ServerReport),
    (policy, generation): (&ObjectRef, i64),
    told: Option<&AuthPolicyStatus>,
) -> Option<Carrier> {
    let published = world.published.get(server)?;
    let told = told.and_then(|told| told_revision(told, &server.name));
    match published.carries_policy(policy, generation) {
        // What carried it before this process began is what stands there.
        Some((sequence, revision)) => {
            let told = told.filter(|_| published.is_first(sequence));
            Some((sequence, told.unwrap_or(revision)))
        }
        // Of a frozen server this process never sees which edits gave what is published.
        None => told.filter(|_| report.keeps()).map(|told| (published.first(), told)),
    }
}

impl At<'_> {
    fn live(&self, told: Option<&AuthPolicyStatus>) -> PolicyLive<'_> {
        let Self { server, report, level, carried } = self;
        let mut known = told.into_iter().flat_map(|told| &told.servers);
        let known = known.find(|known| *known.name == *server.name);
        PolicyLive {
            server,
            revision: carried.map(|(_, revision)| revision),
            live: match carried {
                Some((sequence, _)) if level.has(*sequence) => level.ready,
                Some(_) => level.newest,
                None => 0,
            },
            replicas: level.ready,
            frozen_by: &report.frozen_by,
            keeps: report.keeps(),
            // Nobody is judged there, so what was counted last stands.
            counted: known.filter(|_| report.keeps()).map(|known| known.clients.clone()),
        }
    }
}

/// The revision that a status names as carrying its edit at a server.
fn told_revision(status: &AuthPolicyStatus, server: &str) -> Option<Revision> {
    Revision::parse(status.servers.iter().find(|at| at.name == server)?.revision.as_deref()?)
}

fn server(context: &Context, world: &World, name: &ObjectRef, manifest: &Manifest) -> Option<Judgement> {
    let report = world.compiled.report.servers.get(name)?;
    if report.generation != manifest.generation {
        return None;
    }
    let published = world.published.get(name);
    let head = world.compiled.snapshots.get(name).map(|snapshot| &snapshot.head);
    let level = level(context, name);
    let standing = context.standing(name);
    if level.unasked || standing.notes().is_before(report.generation) {
        return Some(Judgement::later(manifest));
    }
    let lagging: Vec<String> = level.lagging.iter().map(ToString::to_string).collect();
    let object = |name_of: String| ObjectRef::new(name.namespace.clone(), name_of);
    let (deployment, kept) = context.shared.with(|index| {
        let deployment = index.child(ChildKind::Deployment, &object(child(&name.name))).cloned();
        let keys = index.server_secret(&object(signing_keys(&name.name)));
        (deployment, keys.and_then(|keys| keys.data.get(SIGNING_KEYS_FILE).cloned()))
    });
    let times = kept.map(|kept| context.keys.times(&kept)).unwrap_or_default();
    let keys: Vec<SigningKey<'_>> =
        times.iter().map(|(kid, times)| SigningKey { kid, times: *times }).collect();
    let wanted = deployment
        .as_ref()
        .map(|deployment| i32::try_from(wanted_replicas(&deployment.object)).unwrap_or(i32::MAX));
    let (unresolved, publish_fault, workload_fault): (Vec<Unresolved>, _, _) = {
        let notes = standing.notes();
        // What somebody has to mend first, then what follows from it.
        let unresolved = notes.missing_secrets.iter().chain(&notes.unresolved);
        (unresolved.cloned().collect(), notes.publish_fault.clone(), notes.workload_fault.clone())
    };
    let rollout = deployment.as_ref().and_then(|deployment| trouble(&deployment.object.data));
    let unfinished = deployment.as_ref().and_then(|deployment| unfinished(&deployment.object));
    let there: Option<AuthServerStatus> = there(manifest);
    let facts = ServerFacts {
        object: name,
        generation: manifest.generation,
        reading: &manifest.findings,
        report,
        issuer: head.map(|head| &head.issuer),
        revision: published.map(|published| published.revision),
        publish_fault: publish_fault.as_deref(),
        replicas: Replicas {
            wanted,
            ready: i32::try_from(level.ready).unwrap_or(i32::MAX),
            lagging: &lagging,
            trouble: rollout.as_deref(),
            unfinished: unfinished.as_deref(),
            fault: workload_fault.as_deref(),
        },
        keys: &keys,
        signing: head.map(|head| head.signing).unwrap_or_default(),
        unresolved: &unresolved,
        now: context.clock.now(),
        there: there.as_ref(),
    };
    judged(context, manifest, there.as_ref(), (status::server(&facts), true), None)
}

fn wanted_replicas(deployment: &DynamicObject) -> i64 {
    deployment.data.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// What of a rollout is still to come: pods of before may serve the newest revision too, and are not what was asked for.
fn unfinished(deployment: &DynamicObject) -> Option<String> {
    let number = |pointer: &str| deployment.data.pointer(pointer).and_then(Value::as_i64);
    let count = |pointer: &str| number(pointer).unwrap_or_default();
    if number("/status/observedGeneration") < deployment.metadata.generation {
        return Some("its pods are about to be replaced".to_owned());
    }
    let (updated, all) = (count("/status/updatedReplicas"), count("/status/replicas"));
    let wanted = wanted_replicas(deployment);
    if updated < wanted {
        return Some(format!("{updated} of {wanted} replicas are as it asks now"));
    }
    (all > updated).then(|| format!("replicas of before are still there: {}", all - updated))
}

/// What the Deployment says that keeps its pods from being there.
fn trouble(deployment: &Value) -> Option<String> {
    let conditions = deployment.pointer("/status/conditions")?.as_array()?;
    let says = |kind: &str, status: &str| {
        let mut found = conditions.iter().filter(|condition| {
            condition.get("type").and_then(Value::as_str) == Some(kind)
                && condition.get("status").and_then(Value::as_str) == Some(status)
        });
        found.next().and_then(|condition| condition.get("message")).and_then(Value::as_str)
    };
    says("ReplicaFailure", "True").or_else(|| says("Progressing", "False")).map(ToOwned::to_owned)
}

fn store(context: &Context, world: &World, name: &ObjectRef, manifest: &Manifest) -> Option<Judgement> {
    let report = world.compiled.report.stores.get(name)?;
    if report.generation != manifest.generation {
        return None;
    }
    let users = world.inventory.servers.iter().filter(|(_, object)| {
        object.spec.as_ref().is_some_and(|spec| spec.user_store.as_ref() == Some(name))
    });
    let shown = name.to_string();
    let said: Vec<(&str, Option<SaidOfStore>)> = users
        .map(|(server, _)| {
            let replicas = context.replicas(server);
            (&*server.name, replicas.and_then(|replicas| replicas.with(|all| all.of_store(&shown))))
        })
        .collect();
    let servers: Vec<StoreLive<'_>> =
        said.iter().map(|(server, said)| StoreLive { server, word: said.as_ref().map(word) }).collect();
    let there: Option<UserStoreStatus> = there(manifest);
    let facts = StoreFacts {
        generation: manifest.generation,
        reading: &manifest.findings,
        servers: &servers,
        there: there.as_ref(),
        now: context.clock.now(),
    };
    judged(context, manifest, there.as_ref(), (status::store(&facts), true), None)
}

/// What replicas say of a store, for its status.
fn word(said: &SaidOfStore) -> StoreWord<'_> {
    said.fault.as_deref().map_or(StoreWord::Usable, StoreWord::Fault)
}
