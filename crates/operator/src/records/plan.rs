//! What each client of a server is due for. A client of which nothing has changed since it was settled is passed over.

use super::FENCE_ANNOTATION;
use crate::index::{ClientSecret, Index, of_rest};
use crate::names::{ADDED_ANNOTATION, REVOKE_ANNOTATION, ROTATE_ANNOTATION};
use crate::secrets::{Application, Claim, secret};
use nauthera_core::binding;
use nauthera_core::credentials::{Facts, Found, KeyedDigest, Mark, Need, Record, Step, next};
use nauthera_core::finding::Finding;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::{ClientSpec, Rotation};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::IssuerUrl;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How it stands with the Secret of a client, for its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretState {
    /// It is there as it should be.
    Written,
    /// It is still to be written.
    Pending,
    /// A Secret of that name is another's.
    Taken(String),
    /// The API server does not take it.
    Refused(String),
    /// The secret that the client brings is not there, or cannot be used: it goes on with what it brought last.
    Missing(Box<Finding>),
}

/// A client of a server, with everything that is looked at.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The AuthClient.
    pub client: ObjectRef,
    /// Its uid.
    pub uid: Arc<str>,
    /// What is served of it.
    pub row: Arc<Row>,
    /// What it asks for.
    pub spec: Arc<ClientSpec>,
    /// How its secret rotates.
    pub rotation: Option<Rotation>,
    /// The annotations that ask for something.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Its record is to be written.
    Record,
    /// Its Secret is to be written with the secret that is held.
    Secret(KeyedDigest),
    /// Its Secret is to be marked.
    Fence(Mark),
    /// Its Secret is taken over.
    Adopt,
    /// Its Secret is to say what it should beside the secret, which stays.
    Refresh,
    /// Its Secret, or the one that it brings, came before it was known how to read it: it is read again.
    Look(ObjectRef),
}

/// What is due of all clients of a server.
#[derive(Debug, Default)]
pub struct Plan {
    /// By client.
    pub due: BTreeMap<ObjectRef, (Entry, Due)>,
    /// When to look again although nothing changed.
    pub next: Option<UnixTime>,
    /// Does a client wait for replicas?
    pub awaits_live: bool,
    /// Clients of which something else is to be said than before.
    pub touched: BTreeSet<ObjectRef>,
}

impl Plan {
    /// Is something due of the Secret of this client?
    #[must_use]
    pub fn has_secret(&self, client: &ObjectRef) -> bool {
        self.due.get(client).is_some_and(|(_, due)| *due != Due::Record)
    }
}

#[derive(Debug, Clone)]
struct Settled {
    entry: Entry,
    versions: [Option<Arc<str>>; 2],
    record: Option<Record>,
    next: Option<UnixTime>,
}

/// Plans for one server.
#[derive(Default)]
pub struct Planner {
    settled: HashMap<ObjectRef, Settled>,
    /// Secrets that were made and are not yet in their Secret.
    pub held: HashMap<ObjectRef, Zeroizing<String>>,
    /// What each Secret was given last, until its record says so.
    put: HashMap<ObjectRef, KeyedDigest>,
    /// How it stands with each client's Secret.
    pub states: HashMap<ObjectRef, SecretState>,
    /// When each client's secret rotates next.
    pub rotations: HashMap<ObjectRef, UnixTime>,
    /// When a Secret that is in a client's way was looked at last.
    looked: HashMap<ObjectRef, UnixTime>,
}

/// How often a Secret of which no watch tells is looked at.
const LOOK_EVERY: Seconds = Seconds::new(30);

/// What this process has made for a client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hands {
    /// The digest of the secret that is held for it.
    pub held: Option<KeyedDigest>,
    /// The digest that its Secret was given last.
    pub put: Option<KeyedDigest>,
}

/// What planning looks at beside the client.
pub struct View<'a> {
    /// The server.
    pub server: &'a ObjectRef,
    /// Its issuer.
    pub issuer: &'a IssuerUrl,
    /// Its digest key.
    pub digest_key: &'a [u8; 32],
    /// The key under which this process hashes.
    pub process_key: &'a [u8; 32],
    /// The index.
    pub index: &'a Index,
    /// The time.
    pub now: UnixTime,
}

impl Entry {
    /// The client, if anything may be made for it: it is served, its manifest is accepted, and neither it nor its namespace is being
    /// deleted.
    #[must_use]
    pub fn of(client: &ObjectRef, report: &ClientReport, index: &Index) -> Option<Self> {
        let manifest = index.manifest(Kind::AuthClient, client)?;
        if manifest.identity.deleting || index.is_terminating(&client.namespace) {
            return None;
        }
        Some(Self {
            client: client.clone(),
            uid: manifest.identity.uid.clone(),
            row: report.row.clone()?,
            spec: report.asked.clone()?,
            rotation: report.rotation().cloned(),
            annotations: manifest.annotations.clone(),
        })
    }

    /// The Secret that is written for it; `None` where that is the one that it brings.
    #[must_use]
    pub fn secret(&self) -> Option<ObjectRef> {
        let name = self.spec.secret.name_for(&self.client);
        let brings_it = self.spec.existing_secret.as_deref() == Some(&*name);
        (!brings_it).then(|| ObjectRef::new(self.client.namespace.clone(), name))
    }

    fn brought(&self) -> Option<ObjectRef> {
        let name = self.spec.existing_secret.clone()?;
        Some(ObjectRef::new(self.client.namespace.clone(), name))
    }

    /// What it needs.
    #[must_use]
    pub fn need(&self, index: &Index) -> Need {
        if !self.row.authentication.method.uses_secret() {
            return Need::Nothing;
        }
        let Some(brought) = self.brought() else { return Need::Made };
        let there = index.secret(&brought);
        let there = there.filter(|secret| !secret.identity.deleting && secret.is_for(&self.client));
        Need::Brought(there.and_then(ClientSecret::digest))
    }

    /// The facts by which the next step is chosen.
    #[must_use]
    pub fn facts<'a>(&'a self, view: &View<'a>, hands: Hands, live: bool) -> Facts<'a> {
        let annotation = |key: &str| self.annotations.get(key).map(|value| &**value);
        Facts {
            client: &self.client,
            owner: &self.uid,
            server: view.server,
            client_id: &self.row.client_id,
            need: self.need(view.index),
            found: self.found(view),
            held: hands.held,
            put: hands.put,
            live,
            rotation: self.rotation.as_ref(),
            rotate: annotation(ROTATE_ANNOTATION),
            revoke: annotation(REVOKE_ANNOTATION),
            now: view.now,
        }
    }

    fn found(&self, view: &View<'_>) -> Found {
        let Some(secret) = self.secret().and_then(|name| view.index.secret(&name)) else {
            return Found::Absent;
        };
        let holds = secret.digest();
        match secret.owner.claim(&self.uid) {
            Claim::Ours => {
                let fence = secret.annotations.get(FENCE_ANNOTATION).and_then(|text| Mark::parse(text));
                Found::Ours { holds, fence }
            }
            Claim::Nobodys => Found::Ownerless { holds, says_all: self.is_refreshed(view) },
            Claim::Anothers => Found::Foreign,
        }
    }

    /// A Secret of it whose content was not read as its client and server ask now.
    fn unread(&self, view: &View<'_>) -> Option<ObjectRef> {
        let names = [self.secret(), self.brought()];
        names.into_iter().flatten().find(|name| {
            // One that names another client, or none, is not read for this one.
            let named = view.index.secret(name).filter(|secret| secret.is_for(&self.client));
            let Some(secret) = named.filter(|secret| !secret.identity.deleting) else { return false };
            secret.content.as_ref().is_none_or(|content| content.server != *view.server)
        })
    }

    /// Does the Secret say everything that it should, beside the secret?
    pub(super) fn is_refreshed(&self, view: &View<'_>) -> bool {
        let Some(there) = self.secret().and_then(|name| view.index.secret(&name)) else {
            return self.secret().is_none();
        };
        let wanted = secret(&self.application(view.server, view.issuer), None);
        let meta = &wanted.metadata;
        let has = |there: &BTreeMap<Arc<str>, Arc<str>>, wanted: Option<&BTreeMap<String, String>>| {
            wanted
                .into_iter()
                .flatten()
                .all(|(key, value)| there.get(key.as_str()).is_some_and(|v| **v == **value))
        };
        if !has(&there.labels, meta.labels.as_ref()) || !has(&there.annotations, meta.annotations.as_ref()) {
            return false;
        }
        // One that has no use for a secret, or brings its own, keeps none that was made for it before.
        let holds = self.row.authentication.method.uses_secret() && self.spec.existing_secret.is_none();
        if !holds && there.digest().is_some() {
            return false;
        }
        // What the template added, and does not any more.
        if there.annotations.get(ADDED_ANNOTATION).map(|added| &**added)
            != meta.annotations.as_ref().and_then(|all| all.get(ADDED_ANNOTATION)).map(String::as_str)
        {
            return false;
        }
        let content = binding::content(&self.row, &self.spec.secret, view.issuer, None);
        let rest = of_rest(view.process_key, content.iter().map(|(key, value)| (&**key, value.as_bytes())));
        let secret_key = self.spec.secret.key(binding::CLIENT_SECRET);
        there.content.as_ref().is_some_and(|there| there.rest == rest && there.secret_key == secret_key)
    }

    /// The client as its Secret is made.
    #[must_use]
    pub fn application<'a>(&'a self, server: &'a ObjectRef, issuer: &'a IssuerUrl) -> Application<'a> {
        Application { row: &self.row, uid: &self.uid, server, issuer, template: &self.spec.secret }
    }
}

impl Planner {
    /// What was made for a client.
    #[must_use]
    pub fn hands(&self, client: &ObjectRef, digest_key: &[u8; 32]) -> Hands {
        let held = self.held.get(client).map(|plain| KeyedDigest::of(digest_key, plain));
        Hands { held, put: self.put.get(client).copied() }
    }

    /// The Secret of a client was given what was held for it. Whoever takes it away again gets another one: what they do not want to be
    /// there is never put back.
    pub fn gave(&mut self, client: &ObjectRef, digest: KeyedDigest) {
        self.held.remove(client);
        self.put.insert(client.clone(), digest);
    }

    /// What is due of one client, given its record.
    pub fn plan(
        &mut self,
        plan: &mut Plan,
        entry: Entry,
        record: Option<&Record>,
        (view, live): (&View<'_>, bool),
        make: impl FnOnce() -> Zeroizing<String>,
    ) {
        let versions = [entry.secret(), entry.brought()].map(|name| {
            let secret = name.and_then(|name| view.index.secret(&name));
            secret.map(|secret| secret.identity.resource_version.clone())
        });
        if let Some(settled) = self.settled.get(&entry.client)
            && settled.is_as(&entry, &versions, record)
            && settled.next.is_none_or(|next| view.now < next)
        {
            plan.next = earlier(plan.next, settled.next);
            return;
        }
        if let Some(unread) = entry.unread(view) {
            self.states.entry(entry.client.clone()).or_insert(SecretState::Pending);
            plan.due.insert(entry.client.clone(), (entry, Due::Look(unread)));
            return;
        }
        let mut hands = self.hands(&entry.client, view.digest_key);
        let mut step = next(record, &entry.facts(view, hands, live));
        if step == Step::MakeSecret {
            let plain = make();
            hands.held = Some(KeyedDigest::of(view.digest_key, &plain));
            self.held.insert(entry.client.clone(), plain);
            step = next(record, &entry.facts(view, hands, live));
        }
        self.note(plan, entry, step, versions, (record, view));
    }

    fn note(
        &mut self,
        plan: &mut Plan,
        entry: Entry,
        step: Step,
        versions: [Option<Arc<str>>; 2],
        (record, view): (Option<&Record>, &View<'_>),
    ) {
        let client = entry.client.clone();
        let (due, state) = match step {
            Step::WriteRecord(_) | Step::MakeSecret => (Some(Due::Record), SecretState::Pending),
            Step::WriteSecret(digest) => (Some(Due::Secret(digest)), SecretState::Pending),
            Step::Fence(mark) => (Some(Due::Fence(mark)), SecretState::Pending),
            Step::Adopt => (Some(Due::Adopt), SecretState::Pending),
            Step::WaitUntilLive => {
                plan.awaits_live = true;
                (None, SecretState::Pending)
            }
            Step::WaitUntil(then) => {
                plan.next = earlier(plan.next, Some(then));
                (None, SecretState::Pending)
            }
            Step::Conflict => {
                let look = self.unwatched(plan, &entry, view).map(Due::Look);
                (look, SecretState::Taken(self.holder_of(&entry, view.index)))
            }
            Step::Missing => {
                let name = entry.brought().map(|name| name.name).unwrap_or_default();
                let fault = view.index.brought_fault(&client, &name);
                (None, fault.map_or(SecretState::Pending, |fault| SecretState::Missing(Box::new(fault))))
            }
            Step::Done { next } => {
                self.held.remove(&client);
                self.put.remove(&client);
                if !entry.is_refreshed(view) {
                    (Some(Due::Refresh), SecretState::Pending)
                } else {
                    plan.next = earlier(plan.next, next);
                    self.settle(&entry, versions, record, next);
                    (None, SecretState::Written)
                }
            }
        };
        // What the API server said of it stays until it is written.
        let refused = matches!(self.states.get(&client), Some(SecretState::Refused(_)));
        if !(refused && state == SecretState::Pending) {
            let before = self.states.insert(client.clone(), state.clone());
            if before != Some(state) {
                plan.touched.insert(client.clone());
            }
        }
        if let Some(due) = due {
            self.settled.remove(&client);
            plan.due.insert(client, (entry, due));
        }
    }

    /// A Secret that is in the way and has no label of ours, of which no watch tells when it is gone: it is to be looked at now and then.
    fn unwatched(&mut self, plan: &mut Plan, entry: &Entry, view: &View<'_>) -> Option<ObjectRef> {
        let name = entry.secret()?;
        let is_watched = view.index.secret(&name)?.labels.contains_key(crate::names::CLIENT_LABEL);
        if is_watched {
            return None;
        }
        let last = self.looked.entry(entry.client.clone()).or_insert(view.now);
        let due = view.now >= last.plus(LOOK_EVERY);
        if due {
            *last = view.now;
        }
        plan.next = earlier(plan.next, Some(last.plus(LOOK_EVERY)));
        due.then_some(name)
    }

    fn settle(
        &mut self,
        entry: &Entry,
        versions: [Option<Arc<str>>; 2],
        record: Option<&Record>,
        next: Option<UnixTime>,
    ) {
        let rotation = entry.rotation.as_ref().zip(record.and_then(|record| record.written_at));
        let due = rotation.and_then(|(rotation, since)| {
            nauthera_core::credentials::next_rotation(rotation, &entry.client, since)
        });
        let brought = record.is_some_and(|record| record.brought);
        match due.filter(|_| !brought) {
            Some(due) => drop(self.rotations.insert(entry.client.clone(), due)),
            None => drop(self.rotations.remove(&entry.client)),
        }
        let settled = Settled { entry: entry.clone(), versions, record: record.cloned(), next };
        self.settled.insert(entry.client.clone(), settled);
    }

    fn holder_of(&self, entry: &Entry, index: &Index) -> String {
        let secret = entry.secret().and_then(|name| index.secret(&name));
        match secret.and_then(|secret| secret.owner.controller()) {
            Some(owner) => format!("is controlled by the object with uid {owner}"),
            None => "holds no secret of this client".to_owned(),
        }
    }

    /// Forgets clients that are not this server's any more.
    pub fn retain(&mut self, is_there: impl Fn(&ObjectRef) -> bool) {
        self.settled.retain(|client, _| is_there(client));
        self.held.retain(|client, _| is_there(client));
        self.put.retain(|client, _| is_there(client));
        self.states.retain(|client, _| is_there(client));
        self.rotations.retain(|client, _| is_there(client));
        self.looked.retain(|client, _| is_there(client));
    }

    /// Looks at this client again, whatever is known of it.
    pub fn unsettle(&mut self, client: &ObjectRef) {
        self.settled.remove(client);
    }
}

impl Settled {
    fn is_as(&self, entry: &Entry, versions: &[Option<Arc<str>>; 2], record: Option<&Record>) -> bool {
        let Entry { client, uid, row, spec, rotation, annotations } = &self.entry;
        *client == entry.client
            && *uid == entry.uid
            && self.versions == *versions
            && self.record.as_ref() == record
            && *annotations == entry.annotations
            && *rotation == entry.rotation
            && (Arc::ptr_eq(spec, &entry.spec) || *spec == entry.spec)
            && (Arc::ptr_eq(row, &entry.row) || *row == entry.row)
    }
}

fn earlier(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.into_iter().chain(other).min()
}
