//! From a folder of manifests to what one server serves: the join of reading, credentials and `compile` that `up` and
//! `compile` share. It has no rules of its own: it makes the secrets that core asks for, and remembers what was published.

use crate::data::{DataFolder, Records, SecretFiles};
use anyhow::{Result, bail};
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::finding::{Finding, Place};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, SecretTemplate};
use nauthera_core::time::{Clock, Entropy, Seconds, random_256};
use nauthera_core::uri::IssuerUrl;
use nauthera_server::secrets::Secrets;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long an old secret stays valid where no policy states it.
const OVERLAP: Seconds = Seconds::hours(24);

/// What the engine is asked to serve.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The server, where there are several.
    pub server: Option<ObjectRef>,
    /// An issuer instead of the manifest's.
    pub issuer: Option<IssuerUrl>,
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
}

/// The parts that last from one look to the next.
pub struct Engine {
    data: DataFolder,
    records: Records,
    files: SecretFiles,
    secrets: Secrets,
    choice: Choice,
    published: Option<(ObjectRef, Arc<Snapshot>)>,
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
        Ok(Self { data, records, files, secrets, choice, published: None, clock, entropy })
    }

    /// The data folder.
    pub const fn data(&self) -> &DataFolder {
        &self.data
    }

    /// Looks at the manifests: picks the server, makes the secrets that are missing, and compiles.
    pub fn turn(&mut self, manifests: &Manifests) -> Result<Turn> {
        let mut inventory = manifests.inventory();
        let mut findings = Vec::new();
        let server = self.pick(&inventory, &mut findings)?;
        if let Some(server) = &server {
            self.enter_facts(&mut inventory, server, manifests);
        }
        let mut compiled = compile(&inventory);
        if let Some(server) = &server
            && !inventory.incomplete
            && self.fill_credentials(server, &compiled, manifests)
        {
            inventory.credentials.clone_from(self.records.all());
            compiled = compile(&inventory);
        }
        let snapshot = server.as_ref().and_then(|server| compiled.snapshots.get(server)).cloned();
        Ok(Turn { server, snapshot, compiled, inventory, findings })
    }

    /// Keeps what a turn gives out: records first, then Secrets, then the Snapshot. To be called before it is served.
    pub fn keep(&mut self, turn: &Turn) -> Result<()> {
        let (Some(server), Some(snapshot)) = (&turn.server, &turn.snapshot) else { return Ok(()) };
        if !turn.inventory.incomplete {
            self.records.retain(|client| turn.inventory.clients.contains_key(client));
            self.records.save()?;
            self.write_secrets(turn, snapshot)?;
        }
        self.data.keep_snapshot(snapshot)?;
        self.published = Some((server.clone(), snapshot.clone()));
        Ok(())
    }

    fn pick(&self, inventory: &Inventory, findings: &mut Vec<Finding>) -> Result<Option<ObjectRef>> {
        if let Some(wanted) = &self.choice.server {
            if inventory.servers.contains_key(wanted) || inventory.incomplete {
                return Ok(Some(wanted.clone()));
            }
            let known: Vec<String> = inventory.servers.keys().map(ToString::to_string).collect();
            let known = if known.is_empty() {
                "there is none".into()
            } else {
                format!("there is {}", known.join(", "))
            };
            findings.push(
                Finding::new(Code::NothingToServe, format!("AuthServer `{wanted}` is not there")).note(known),
            );
            return Ok(None);
        }
        let mut servers = inventory.servers.keys();
        match (servers.next(), servers.next()) {
            (Some(only), None) => Ok(Some(only.clone())),
            (None, _) => {
                // What cannot be read may be the server: what was served before goes on.
                let before = self
                    .published
                    .as_ref()
                    .filter(|_| inventory.incomplete)
                    .map(|(server, _)| server.clone());
                if before.is_none() {
                    let help = "add an object of kind AuthServer with an issuerUrl";
                    findings
                        .push(Finding::new(Code::NothingToServe, "there is no AuthServer here").help(help));
                }
                Ok(before)
            }
            (Some(_), Some(_)) => {
                let names: Vec<String> = inventory.servers.keys().map(ToString::to_string).collect();
                bail!(
                    "there are several AuthServers ({}): pick one with --server NAMESPACE/NAME",
                    names.join(", ")
                )
            }
        }
    }

    /// What this carrier knows beside the manifests: the issuer that was asked for, what is published, live credentials.
    fn enter_facts(&mut self, inventory: &mut Inventory, server: &ObjectRef, manifests: &Manifests) {
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
        let brings = inventory.clients.iter().filter_map(|(client, object)| {
            let spec = object.spec.as_ref().filter(|spec| spec.server == *server)?;
            let name = spec.existing_secret.as_ref()?;
            let has_record = self.records.all().get(client).is_some_and(|record| !record.secrets.is_empty());
            let fault = brought(client, name, manifests).err().filter(|_| !has_record)?;
            Some((client.clone(), *fault))
        });
        inventory.unready = brings.collect();
    }

    /// Makes or takes up the secret of each client that needs one; whether anything changed.
    fn fill_credentials(&mut self, server: &ObjectRef, compiled: &Compiled, manifests: &Manifests) -> bool {
        let mut changed = false;
        for (name, client) in &compiled.report.clients {
            let (Some(row), Some(home)) = (&client.row, &client.server) else { continue };
            if home != server {
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
                let overlap = client.rotation().map_or(OVERLAP, |rotation| rotation.overlap);
                self.records.add(name, digest, overlap, now);
            }
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
        self.pending_secret(name, spec, &plain);
        Some(plain)
    }

    /// Puts a new secret where its application reads it. Its digest is served before this process answers anyone.
    fn pending_secret(&mut self, name: &ObjectRef, spec: &ClientSpec, plain: &str) {
        let folder = self.files.folder(name, &spec.secret);
        let key = spec.secret.keys.get("client_secret").cloned().unwrap_or_else(|| "client_secret".into());
        let parent = folder.parent().map_or(Ok(()), crate::data::private_folder);
        let written = parent.and_then(|()| crate::data::private_folder(&folder)).and_then(|()| {
            nauthera_server::keys::write_private(&folder.join(&*key), plain.as_bytes()).map_err(Into::into)
        });
        if let Err(error) = written {
            tracing::error!(client = %name, %error, "the client's Secret cannot be written");
        }
    }

    fn write_secrets(&mut self, turn: &Turn, snapshot: &Snapshot) -> Result<()> {
        let mut keep = BTreeSet::new();
        let nothing = SecretTemplate::default();
        for (name, object) in &turn.inventory.clients {
            let template = object.spec.as_ref().map_or(&nothing, |spec| &spec.secret);
            keep.insert(self.files.folder(name, template));
        }
        for row in snapshot.clients.values() {
            let Some(spec) = turn.inventory.clients.get(&row.object).and_then(|object| object.spec.as_ref())
            else {
                continue;
            };
            let own = row.authentication.method.uses_secret() && spec.existing_secret.is_none();
            let plain = if own { self.files.plain(&row.object, &spec.secret) } else { None };
            self.files.write(row, &spec.secret, &snapshot.head.issuer, plain.as_deref())?;
        }
        self.files.retain(&keep);
        Ok(())
    }
}

fn new_secret(entropy: &dyn Entropy) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(random_256(entropy))
}

/// The secret that a client brings, as its Secret among the manifests has it.
///
/// # Errors
/// Why there is none: the Secret is missing, is another client's, or has no usable `client_secret`.
pub fn brought(client: &ObjectRef, name: &str, manifests: &Manifests) -> Result<String, Box<Finding>> {
    let object = ObjectRef::new(client.namespace.clone(), name);
    let place = Place::field(Kind::AuthClient, client, "existingSecretRef.name");
    let Some(secret) = manifests.secrets().get(&object) else {
        let missing = Finding::new(Code::SecretMissing, format!("Secret `{object}` is not there"))
            .at(place, "named here")
            .note("the client waits until it is; no secret is made up")
            .help("add the Secret to the folder, or take existingSecretRef away");
        return Err(Box::new(missing));
    };
    let unusable = |what: &str| {
        let finding = Finding::new(Code::SecretUnusable, format!("Secret `{object}` cannot be used: {what}"))
            .at(place.clone(), "named here")
            .note("the client waits until it can");
        Box::new(finding.help(format!(
            "it needs the label auth.nauthera.io/client: {} and the key client_secret with at least 32 characters",
            client.name
        )))
    };
    if secret.labels().get("auth.nauthera.io/client").is_none_or(|label| **label != *client.name) {
        return Err(unusable("its label auth.nauthera.io/client does not name this client"));
    }
    let value = secret.value("client_secret").and_then(|bytes| std::str::from_utf8(bytes).ok());
    match value.map(str::trim_end) {
        Some(value) if value.chars().count() >= 32 => Ok(value.to_owned()),
        Some(_) => Err(unusable("client_secret has fewer than 32 characters")),
        None => Err(unusable("the key client_secret is missing or not text")),
    }
}
