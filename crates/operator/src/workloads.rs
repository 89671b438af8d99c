//! Applying what a server is made of. What is there as it should be is left alone, so nothing is written at rest; what somebody has
//! changed of it is put back; fields of other managers are theirs.

mod compare;
mod owner;

pub use compare::{covers, hash};
use owner::other;

use crate::children::{ChildKind, Children, Facts, SecretKey, Server, children, mounted};
use crate::cluster::{Fault, call, has_key, secrets_of};
use crate::context::Context;
use crate::index::Source;
use crate::lease::Term;
use crate::names::{FIELD_MANAGER, child};
use crate::status::{Unresolved, reasons};
use crate::turn::World;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use nauthera_core::codes::Code;
use nauthera_core::compile::Compiled;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use std::sync::Arc;

/// The hash of what was applied last, so that a field which is not wanted any more is seen to be there still.
pub const APPLIED_ANNOTATION: &str = "auth.nauthera.io/applied";

/// What came of looking after a server's parts.
#[derive(Debug, Default)]
pub struct Tended {
    /// Objects that were written.
    pub written: usize,
    /// Kinds that are asked for and not there, names that somebody else's objects have, and parts that the API server refuses.
    pub unresolved: Vec<Unresolved>,
    /// What could not be applied, by object.
    pub faults: Vec<(String, Fault)>,
    /// Does a part stay as it is until something is there that it needs? Nothing tells when.
    pub held: bool,
}

/// The parts of a server as they should be.
#[derive(Debug)]
pub struct Wanted {
    /// The parts.
    pub children: Children,
    /// What they were made of beside the manifest.
    pub facts: Facts,
    /// The AuthServer's uid, by which it controls them.
    pub uid: Arc<str>,
    /// The Secrets without which its pods do not start.
    pub mounted: Vec<SecretKey>,
}

/// What came of one part.
enum Applied {
    /// It is as it should be.
    Kept,
    /// It was written.
    Written,
    /// It stays as it is until what is named is there.
    Held(String),
    /// Something in the cluster makes another object of it.
    Unkept,
}

/// Looks after the parts of one server.
pub struct Tender<'a> {
    /// What every worker shares.
    pub context: &'a Arc<Context>,
    /// Only while this lasts.
    pub term: &'a Term,
}

impl Tender<'_> {
    /// The parts as they should be; `None` while the server's manifest is not accepted, and everything stays as it is.
    #[must_use]
    pub fn wanted(&self, server: &ObjectRef, inventory: &Inventory) -> Option<Wanted> {
        let spec = inventory.servers.get(server)?.spec.as_ref()?;
        let (uid, workload, scaled_to, secrets) = self.context.shared.with(|index| {
            let manifest = index.manifest(Kind::AuthServer, server)?;
            let name = ObjectRef::new(server.namespace.clone(), child(&server.name));
            let deployment = index.child(ChildKind::Deployment, &name);
            let replicas = deployment.and_then(|child| child.object.data.pointer("/spec/replicas")?.as_i64());
            let replicas = replicas.and_then(|replicas| i32::try_from(replicas).ok());
            let store = spec.user_store.as_ref().and_then(|store| index.manifest(Kind::UserStore, store));
            let read =
                manifest.secrets.iter().chain(store.into_iter().flat_map(|store| store.secrets.iter()));
            // Each names its key.
            let mut secrets: Vec<SecretKey> = read.map(|reference| SecretKey::of(reference, "")).collect();
            secrets.sort();
            secrets.dedup();
            Some((manifest.identity.uid.clone(), manifest.workload.clone()?, replicas, secrets))
        })?;
        let has = |kind| self.context.shared.with(|index| index.has_listed(Source::Children(kind)));
        let facts = Facts {
            image: self.context.settings.server_image.clone(),
            operator_namespace: self.context.settings.namespace.clone(),
            ipv6: self.context.settings.ipv6,
            has_http_routes: has(ChildKind::HttpRoute),
            has_certificates: has(ChildKind::Certificate),
            scaled_to,
            secrets,
        };
        let server = Server { object: server, uid: &uid, spec: &workload, issuer: &spec.issuer_url };
        let mounted = mounted(&server.object.name, &workload);
        Some(Wanted { children: children(&server, &facts), facts, uid: uid.clone(), mounted })
    }

    /// May anything be made? Nothing where everything goes, nor for a server that is refused and never was served.
    fn may_be(&self, server: &ObjectRef, compiled: &Compiled) -> bool {
        let deployment = ObjectRef::new(server.namespace.clone(), child(&server.name));
        self.context.shared.with(|index| {
            let is_there = index.child(ChildKind::Deployment, &deployment).is_some();
            !index.is_terminating(&server.namespace) && (is_there || compiled.snapshots.contains_key(server))
        })
    }

    /// Applies what is not as it should be, and removes what is not wanted any more.
    pub async fn tend(&self, server: &ObjectRef, world: &World) -> Tended {
        if !self.may_be(server, &world.compiled) {
            return Tended::default();
        }
        let Some(wanted) = self.wanted(server, &world.inventory) else { return Tended::default() };
        let Wanted { children, facts, uid, mounted } = wanted;
        let unresolved = children.missing.iter().map(Unresolved::from).collect();
        let mut tended = Tended { unresolved, ..Tended::default() };
        let objects = match children.to_apply() {
            Ok(objects) => objects,
            Err(error) => {
                tended.faults.push((server.to_string(), Fault::Other(error.to_string())));
                return tended;
            }
        };
        for object in objects {
            let shown = shown(&object);
            match self.apply((server, &uid), object, &mounted).await {
                Ok(Applied::Kept) => {}
                Ok(Applied::Written) => tended.written += 1,
                Ok(Applied::Held(until)) => {
                    let message = format!("{shown} stays as it is until {until}");
                    tended.unresolved.push(Unresolved { reason: Code::SecretMissing.reason(), message });
                    tended.held = true;
                }
                Ok(Applied::Unkept) => {
                    let message = format!(
                        "{shown} is not as the AuthServer asks: something in the cluster, such as a mutating policy, makes another one of what \
                         is applied; whoever runs it leaves this object alone"
                    );
                    tended.unresolved.push(Unresolved { reason: reasons::PART_REFUSED, message });
                }
                Err(error) => {
                    tended.unresolved.extend(to_mend(&shown, &error));
                    tended.faults.push((shown, error));
                }
            }
        }
        for kind in children.unwanted(&facts) {
            match self.remove(server, kind).await {
                Ok(removed) => tended.written += usize::from(removed),
                Err(error) => {
                    let shown = format!("{kind:?} {}", child(&server.name));
                    if error.is_refusal() {
                        let message = format!(
                            "{shown} is not wanted any more and cannot be removed: {error}; whoever runs the cluster allows it, or removes it"
                        );
                        tended.unresolved.push(Unresolved { reason: reasons::PART_REFUSED, message });
                    }
                    tended.faults.push((shown, error));
                }
            }
        }
        tended
    }

    /// Applies an object, unless it is there with everything that it should have.
    async fn apply(
        &self,
        (server, uid): (&ObjectRef, &str),
        mut wanted: DynamicObject,
        mounted: &[SecretKey],
    ) -> Result<Applied, Fault> {
        let kind = wanted.types.as_ref().and_then(|types| ChildKind::of(&types.kind));
        let Some(kind) = kind else { return Err(Fault::Other("a part of an unknown kind".into())) };
        let hash = hash(&wanted);
        wanted.metadata.annotations.get_or_insert_default().insert(APPLIED_ANNOTATION.into(), hash.clone());
        let name = wanted.metadata.name.clone().unwrap_or_default();
        let object = ObjectRef::new(server.namespace.clone(), name.as_str());
        let there = self.context.shared.with(|index| index.child(kind, &object).cloned());
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.context.client.clone(), &server.namespace, &kind.resource());
        // What does not bear our labels is not watched: it is asked for before it is made.
        let whose = match &there {
            Some(there) => other((server, uid), &there.object.metadata),
            None => {
                let found = call(api.get_metadata_opt(&name)).await?;
                found.and_then(|found| other((server, uid), &found.metadata))
            }
        };
        if let Some(whose) = whose {
            return Err(Fault::Taken(whose));
        }
        if there.as_ref().is_some_and(|there| !there.identity.deleting && covers(&there.object, &wanted)) {
            return Ok(Applied::Kept);
        }
        let standing = self.context.standing(server);
        let last = there.as_ref().map(|there| (edit_of(&there.object), hash.clone()));
        if last.is_some() && standing.notes().unkept.get(&kind) == last.as_ref() {
            // Just that was applied, and this is what was made of it.
            return Ok(Applied::Unkept);
        }
        if kind == ChildKind::Deployment
            && there.is_some()
            && is_recreated(&wanted)
            && let Some(until) = self.lacks(server, mounted).await?
        {
            return Ok(Applied::Held(until));
        }
        self.term.check()?;
        tracing::info!(kind = ?kind, %object, "applying a part of a server");
        let written = self.write(&api, &name, &wanted).await?;
        let kept = covers(&written, &wanted);
        let edit = edit_of(&written);
        self.context.shared.wrote(Source::Children(kind), written);
        if kept {
            standing.notes().unkept.remove(&kind);
            return Ok(Applied::Written);
        }
        if standing.notes().unkept.insert(kind, (edit, hash)).is_none() {
            tracing::warn!(kind = ?kind, %object, "something in the cluster makes another object of what is applied");
        }
        Ok(Applied::Unkept)
    }

    /// The first of these Secrets that is not there as it is needed. The only pod of a server would be ended, and none could follow it.
    async fn lacks(&self, server: &ObjectRef, mounted: &[SecretKey]) -> Result<Option<String>, Fault> {
        let names = mounted.iter().map(|mounted| mounted.name.as_str());
        let there = secrets_of(&self.context.client, &server.namespace, names).await?;
        let is_there = |named: &&SecretKey| {
            let secret = there.get(named.name.as_str()).and_then(Option::as_ref);
            secret.is_some_and(|secret| has_key(secret, &named.key))
        };
        let lacking = mounted.iter().find(|named| !is_there(named));
        Ok(lacking.map(|SecretKey { name, key }| {
            format!("Secret {}/{name} is there with the key {key}", server.namespace)
        }))
    }

    /// Applies an object. An apply leaves what others have added to a list, a container for example: a list is then put in place whole.
    async fn write(
        &self,
        api: &Api<DynamicObject>,
        name: &str,
        wanted: &DynamicObject,
    ) -> Result<DynamicObject, Fault> {
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let written = call(api.patch(name, &params, &Patch::Apply(wanted))).await?;
        if covers(&written, wanted) {
            return Ok(written);
        }
        self.term.check()?;
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        call(api.patch(name, &params, &Patch::Merge(&wanted.data))).await
    }

    /// Removes a part that is not wanted any more, if it is this server's by its owner.
    async fn remove(&self, server: &ObjectRef, kind: ChildKind) -> Result<bool, Fault> {
        let object = ObjectRef::new(server.namespace.clone(), child(&server.name));
        let found = self.context.shared.with(|index| {
            let uid = index.manifest(Kind::AuthServer, server)?.identity.uid.clone();
            let child = index.child(kind, &object)?;
            let ours = crate::index::controller(&child.object.metadata).is_some_and(|owner| owner == uid);
            (ours && !child.identity.deleting).then(|| child.identity.clone())
        });
        let Some(identity) = found else { return Ok(false) };
        self.term.check()?;
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.context.client.clone(), &server.namespace, &kind.resource());
        let same = Preconditions { uid: Some(identity.uid.to_string()), resource_version: None };
        match call(api.delete(&object.name, &DeleteParams::background().preconditions(same))).await {
            Ok(_) => Ok(true),
            Err(Fault::NotFound | Fault::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What the status says of a part that is not there for a reason that somebody has to mend. What is over with the next try is not told.
fn to_mend(shown: &str, fault: &Fault) -> Option<Unresolved> {
    match fault {
        Fault::Taken(whose) => {
            let message = format!(
                "{shown} is there and belongs to {whose}, so it is never touched; platform takes it away, or gives the AuthServer another name"
            );
            Some(Unresolved { reason: reasons::NAME_TAKEN, message })
        }
        Fault::Invalid(_) | Fault::Forbidden(_) => {
            let message = format!(
                "{shown} is not as the AuthServer asks: {fault}; platform changes what the AuthServer asks for, or what is against it in the \
                 cluster: a quota, a policy, or a right that the operator lacks"
            );
            Some(Unresolved { reason: reasons::PART_REFUSED, message })
        }
        _ => None,
    }
}

/// The edit of an object: its generation, or the write where it has none. A status alone changes no generation.
fn edit_of(object: &DynamicObject) -> String {
    let generation = object.metadata.generation.map(|generation| generation.to_string());
    generation.or_else(|| object.metadata.resource_version.clone()).unwrap_or_default()
}

/// Is its pod ended before the next one starts?
fn is_recreated(deployment: &DynamicObject) -> bool {
    deployment.data.pointer("/spec/strategy/type").is_some_and(|strategy| strategy == "Recreate")
}

fn shown(object: &DynamicObject) -> String {
    let kind = object.types.as_ref().map(|types| types.kind.as_str()).unwrap_or_default();
    format!("{kind} {}", object.metadata.name.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(fault: Fault) -> Option<(&'static str, String)> {
        to_mend("HTTPRoute nauthera-main", &fault).map(|told| (told.reason, told.message))
    }

    #[test]
    fn a_part_that_is_refused_is_told_in_the_words_of_who_refuses_it() {
        let (reason, message) =
            told(Fault::Invalid("spec.parentRefs: sectionName must be unique".into())).unwrap();
        assert_eq!(reason, "PartRefused");
        assert_eq!(
            message,
            "HTTPRoute nauthera-main is not as the AuthServer asks: the API server refuses it: spec.parentRefs: sectionName must be unique; \
             platform changes what the AuthServer asks for, or what is against it in the cluster: a quota, a policy, or a right that the operator \
             lacks"
        );
        let (reason, message) = told(Fault::Forbidden("exceeded quota".into())).unwrap();
        assert_eq!(reason, "PartRefused");
        assert!(message.contains("the API server does not allow it: exceeded quota"), "{message}");
    }

    #[test]
    fn a_field_that_an_older_definition_has_not_is_told_though_the_api_server_calls_it_a_fault_of_its_own() {
        let answer = |message: &str| {
            let status = json!({ "status": "Failure", "code": 500, "message": message });
            Fault::from(kube::Error::Api(Box::new(serde_json::from_value(status).unwrap())))
        };
        let unknown = "failed to create typed patch object (a/nauthera-main; cert-manager.io/v1, Kind=Certificate): \
                       .spec.privateKey.rotationPolicy: field not declared in schema";
        let (reason, message) = told(answer(unknown)).unwrap();
        assert_eq!(reason, "PartRefused");
        assert!(
            message.contains(".spec.privateKey.rotationPolicy: field not declared in schema"),
            "{message}"
        );
        assert_eq!(told(answer("etcdserver: request timed out")), None);
    }

    #[test]
    fn what_the_next_try_may_mend_is_not_told() {
        for fault in
            [Fault::Conflict, Fault::Terminating, Fault::NotLeading, Fault::Other("a cut line".into())]
        {
            assert_eq!(told(fault), None);
        }
    }
}
