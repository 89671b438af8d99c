//! From a folder of manifests to what one server serves: the join of reading, credentials and `compile` that `up` and
//! `compile` share. It has no rules of its own: it makes the secrets that core asks for, and remembers what was published.

mod brought;
mod pick;

pub use brought::brought;
pub use pick::pick;

use crate::data::{DataFolder, Records, SecretFiles};
use anyhow::Result;
use nauthera_api::manifests::{Listing, Manifests};
use nauthera_core::compile::{Compiled, SecretClaims, compile};
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::policy::DEFAULT_OVERLAP;
use nauthera_core::report::{ClientReport, Report};
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, SecretTemplate};
use nauthera_core::time::{Clock, Entropy, random_256};
use nauthera_core::uri::IssuerUrl;
use nauthera_server::secrets::Secrets;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// What follows where a Secret is missing that was there before.
const LAST_BROUGHT: &str = "the client goes on with the secret that it brought last";

/// What the engine is asked to serve.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The server, where there are several.
    pub server: Option<ObjectRef>,
    /// An issuer instead of the manifest's.
    pub issuer: Option<IssuerUrl>,
    /// May keys be fetched from private addresses?
    pub private_fetch: bool,
}

/// What came of one look at the manifests.
pub struct Turn {
    /// The server that is served; `None` when there is none to serve.
    pub server: Option<ObjectRef>,
    /// What it serves.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Everything that was compiled, of all servers.
    pub compiled: Compiled,
    /// The facts that it was compiled from.
    pub inventory: Inventory,
    /// What this carrier has to say, beside what the manifests and the Report say.
    pub findings: Vec<Finding>,
    /// Clients that ask for a Secret which is another one's: nothing is read from there for them, and nothing written.
    pub conflicts: BTreeSet<ObjectRef>,
    /// Is what is served empty for no other reason than that nothing is known of what was served before?
    pub hollow: bool,
}

impl Turn {
    /// Does everything stay as it was served before, since a file cannot be read, or a policy or the server is not accepted?
    pub fn is_frozen(&self) -> bool {
        self.inventory.incomplete
            || self
                .server
                .as_ref()
                .is_some_and(|server| is_frozen(server, &self.inventory, &self.compiled.report))
    }
}

/// Is the server frozen by a policy, or by its own manifest?
fn is_frozen(server: &ObjectRef, inventory: &Inventory, report: &Report) -> bool {
    report.servers.get(server).is_some_and(|server| !server.frozen_by.is_empty())
        || inventory.servers.get(server).is_some_and(|server| server.spec.is_none())
}

/// Would the server serve nothing for no other reason than that nothing is known of what it served before?
pub fn is_hollow(server: &ObjectRef, inventory: &Inventory, report: &Report) -> bool {
    let stays = inventory.incomplete || is_frozen(server, inventory, report);
    stays && !inventory.published.contains_key(server)
}

/// The parts that last from one look to the next.
pub struct Engine {
    data: DataFolder,
    records: Records,
    files: SecretFiles,
    secrets: Secrets,
    choice: Choice,
    published: Option<(ObjectRef, Arc<Snapshot>)>,
    /// Was everything read at the last look? Otherwise a client that is missed may be in what was not.
    complete: bool,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Engine {
    /// An engine over an open data folder.
    pub fn new(
        data: DataFolder,
        digest_key: &[u8; 32],
        choice: Choice,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let records = data.records()?;
        let files = SecretFiles::below(data.secrets());
        let secrets = Secrets::new(digest_key)?;
        Ok(Self { data, records, files, secrets, choice, published: None, complete: false, clock, entropy })
    }

    /// The data folder.
    pub const fn data(&self) -> &DataFolder {
        &self.data
    }

    /// Reads the manifests. Beside that it notices what somebody has done to Secrets: of ten thousand clients both take a while.
    pub fn read(&mut self, paths: &[PathBuf]) -> Manifests {
        let files = &mut self.files;
        let listing = Listing::beside(paths, self.data.root());
        std::thread::scope(|scope| {
            scope.spawn(|| files.notice_changes());
            Manifests::load(&listing)
        })
    }

    /// Has somebody taken away or replaced a file of a Secret since the last look?
    pub fn has_touched_secrets(&self) -> bool {
        self.files.are_touched()
    }

    /// Looks at the manifests: picks the server, makes the secrets that are missing, and compiles.
    pub fn turn(&mut self, manifests: &Manifests) -> Turn {
        let private_fetch = self.choice.private_fetch;
        let mut inventory = Inventory { private_fetch, ..manifests.inventory() };
        self.complete = !inventory.incomplete;
        let (server, mut findings) = match self.picked(&inventory) {
            Ok(server) => (Some(server), Vec::new()),
            Err(finding) => (None, vec![*finding]),
        };
        if let Some(server) = &server {
            self.enter_facts(&mut inventory, server);
            findings.extend(self.missed_secrets(&mut inventory, server, manifests));
        }
        let conflicts: BTreeSet<ObjectRef> = SecretClaims::of(&inventory).conflicts().cloned().collect();
        let mut compiled = compile(&inventory);
        if let Some(server) = &server
            && !inventory.incomplete
            && self.fill_credentials(server, &compiled, manifests, &conflicts)
        {
            inventory.credentials.clone_from(self.records.all());
            compiled = compile(&inventory);
        }
        findings.extend(unready_and_served(&inventory, &compiled.report));
        let snapshot = server.as_ref().and_then(|server| compiled.snapshots.get(server)).cloned();
        let hollow = server.as_ref().is_some_and(|server| is_hollow(server, &inventory, &compiled.report));
        Turn { server, snapshot, compiled, inventory, findings, conflicts, hollow }
    }

    /// The server to serve. Before the first look that sees all, the one that was served before this process began is known
    /// from what was kept of it.
    fn picked(&self, inventory: &Inventory) -> Result<ObjectRef, Box<Finding>> {
        let before = self.published.as_ref().map(|(server, _)| server.clone());
        let kept = || self.data.kept_snapshot().map(|snapshot| snapshot.head.server);
        let before = before.or_else(|| if inventory.incomplete { kept() } else { None });
        pick(self.choice.server.as_ref(), inventory, before.as_ref())
    }

    /// Keeps what a turn gives out: records first, then Secrets, then the Snapshot. To be called before it is served.
    pub fn keep(&mut self, turn: &Turn) -> Result<()> {
        let (Some(server), Some(snapshot)) = (&turn.server, &turn.snapshot) else { return Ok(()) };
        if !turn.inventory.incomplete {
            self.keep_records(turn)?;
            self.write_secrets(turn, snapshot);
        }
        if !turn.hollow {
            self.data.keep_snapshot(snapshot)?;
            self.published = Some((server.clone(), snapshot.clone()));
        }
        Ok(())
    }

    /// Lets go of clients that have been gone for long enough.
    pub fn tidy(&mut self) -> Result<()> {
        if !self.complete {
            return Ok(());
        }
        for (client, name) in self.records.forget_expired(self.clock.now()) {
            // Another client may have taken the Secret's name meanwhile.
            if !name.as_ref().is_some_and(|name| self.records.has_secret(&client.namespace, name)) {
                self.files.remove(&self.folder_of_missing(&client, name.as_ref()));
            }
        }
        self.records.save()
    }

    fn keep_records(&mut self, turn: &Turn) -> Result<()> {
        let clients = &turn.inventory.clients;
        for (name, object) in clients.iter().filter(|(name, _)| !turn.conflicts.contains(*name)) {
            if let Some(spec) = &object.spec {
                self.records.name_secret(name, &spec.secret.name_for(name));
            }
        }
        self.records.meet(|client| clients.contains_key(client), self.clock.now());
        self.records.save()
    }

    /// The folder of a client that is gone, or of which not even the name of its Secret can be used: the one that it had.
    fn folder_of_missing(&self, client: &ObjectRef, name: Option<&Arc<str>>) -> PathBuf {
        match name {
            Some(name) => self.files.named(client, name),
            None => self.files.folder(client, &SecretTemplate::default()),
        }
    }

    /// What this carrier knows beside the manifests: the issuer that was asked for, what is published, live credentials.
    fn enter_facts(&mut self, inventory: &mut Inventory, server: &ObjectRef) {
        if let (Some(issuer), Some(object)) = (&self.choice.issuer, inventory.servers.get_mut(server))
            && let Some(spec) = &mut object.spec
        {
            Arc::make_mut(spec).issuer_url = issuer.clone();
        }
        if self.published.is_none() {
            self.published = self.data.last_snapshot(server).map(|snapshot| (server.clone(), snapshot));
        }
        if let Some((published, snapshot)) =
            self.published.as_ref().filter(|(published, _)| published == server)
        {
            inventory.published.insert(published.clone(), snapshot.clone());
        }
        inventory.credentials.clone_from(self.records.all());
        inventory.secret_names.clone_from(self.records.secret_names());
    }

    /// Clients that bring a Secret which is not there or cannot be used: one that has brought a secret before goes on with it, and
    /// any other one waits, since a secret that was made here is not the one that it means. The findings on those that go on.
    fn missed_secrets(
        &self,
        inventory: &mut Inventory,
        server: &ObjectRef,
        manifests: &Manifests,
    ) -> Vec<Finding> {
        // What cannot be read may be the Secret.
        if inventory.incomplete {
            return Vec::new();
        }
        let mut go_on = Vec::new();
        for (client, object) in &inventory.clients {
            let spec = object.spec.as_ref().filter(|spec| spec.server == *server);
            let Some(name) = spec.and_then(|spec| spec.existing_secret.as_ref()) else { continue };
            let Err(finding) = brought(client, name, manifests) else { continue };
            if self.records.has_brought(client) {
                go_on.push(Finding { notes: vec![LAST_BROUGHT.to_owned()], ..*finding });
            } else {
                inventory.unready.insert(client.clone(), *finding);
            }
        }
        go_on
    }

    /// Makes or takes up the secret of each client that needs one; whether anything changed.
    fn fill_credentials(
        &mut self,
        server: &ObjectRef,
        compiled: &Compiled,
        manifests: &Manifests,
        conflicts: &BTreeSet<ObjectRef>,
    ) -> bool {
        let mut changed = false;
        for (name, client) in &compiled.report.clients {
            let (Some(row), Some(home)) = (&client.row, &client.server) else { continue };
            if home != server || conflicts.contains(name) {
                continue;
            }
            self.records.hold(name, server, &row.client_id);
            if !row.authentication.method.uses_secret() {
                continue;
            }
            let Some(spec) = &client.asked else { continue };
            let Some(plain) = self.plain_secret(name, spec, client, manifests) else { continue };
            let digest = self.secrets.client_secret(&plain);
            let now = self.clock.now();
            let record = self.records.of(name, server, &row.client_id);
            let known = record.is_some_and(|record| {
                record.secrets.iter().any(|secret| secret.digest == digest && secret.not_after.is_none())
            });
            if !known {
                let overlap = client.rotation().map_or(DEFAULT_OVERLAP, |rotation| rotation.overlap);
                self.records.add(name, digest, overlap, now);
            }
            self.records.note_brought(name, spec.existing_secret.is_some());
            changed |= !known || row.secrets.is_empty();
        }
        changed
    }

    /// The secret that a client has from now on: what it brings, what lies in its Secret and is known, or a new one.
    fn plain_secret(
        &mut self,
        name: &ObjectRef,
        spec: &ClientSpec,
        client: &ClientReport,
        manifests: &Manifests,
    ) -> Option<String> {
        if let Some(secret) = &spec.existing_secret {
            return brought(name, secret, manifests).ok();
        }
        let there = self.files.plain(name, &spec.secret).filter(|plain| {
            // A value that somebody edited in is no secret of ours: it is replaced.
            let digest = self.secrets.client_secret(plain);
            let live = |record: &nauthera_core::inventory::CredentialRecord| {
                record.secrets.iter().any(|secret| secret.digest == digest && secret.not_after.is_none())
            };
            let id = client.client_id();
            id.zip(client.server.as_ref())
                .and_then(|(id, server)| self.records.of(name, server, id))
                .is_some_and(live)
        });
        if there.is_some() {
            return there;
        }
        let plain = new_secret(&*self.entropy);
        // Its digest is served before this process answers anyone.
        if let Err(error) = self.files.put(name, &spec.secret, &plain) {
            tracing::error!(client = %name, error = format!("{error:#}"), "the client's Secret cannot be written");
        }
        Some(plain)
    }

    fn write_secrets(&mut self, turn: &Turn, snapshot: &Snapshot) {
        let there = turn.inventory.clients.iter().map(|(name, object)| match &object.spec {
            Some(spec) if !turn.conflicts.contains(name) => self.files.folder(name, &spec.secret),
            _ => self.folder_of_missing(name, self.records.secret_name(name)),
        });
        let missed = self.records.missed();
        let missed = missed.map(|name| self.folder_of_missing(name, self.records.secret_name(name)));
        let keep: BTreeSet<PathBuf> = there.chain(missed).collect();
        for row in snapshot.clients.values().filter(|row| !turn.conflicts.contains(&row.object)) {
            let Some(spec) = turn.inventory.clients.get(&row.object).and_then(|object| object.spec.as_ref())
            else {
                continue;
            };
            let own = row.authentication.method.uses_secret() && spec.existing_secret.is_none();
            let plain = if own { self.files.plain(&row.object, &spec.secret) } else { None };
            let written = self.files.write(row, &spec.secret, &snapshot.head.issuer, plain.as_deref());
            if let Err(error) = written {
                // One client's Secret keeps nobody else's change from being served.
                tracing::error!(client = %row.object, error = format!("{error:#}"), "its Secret cannot be written");
            }
        }
        self.files.retain(&keep);
    }
}

/// The findings on clients that lack something, and keep what they have since their server is frozen.
fn unready_and_served(inventory: &Inventory, report: &Report) -> Vec<Finding> {
    let served = |client: &ObjectRef| report.clients.get(client).is_some_and(|entry| entry.row.is_some());
    let unready = inventory.unready.iter().filter(|(client, _)| served(client));
    let keeps = "it keeps what it has, since its server is frozen".to_owned();
    unready.map(|(_, finding)| Finding { notes: vec![keeps.clone()], ..finding.clone() }).collect()
}

fn new_secret(entropy: &dyn Entropy) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(random_256(entropy))
}

#[cfg(test)]
mod tests;
