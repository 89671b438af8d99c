//! One object as an API server gives it: judged by the same schema, rules and `resolve` as a manifest, so that what a cluster serves
//! is what `check` said.
//!
//! Fields that are not known here are faults, as in a manifest: they could be restrictions. Metadata is the API server's own and was
//! judged by it, and the status is ours: of both no more is read than the inventory needs. Objects are judged one by one, so one that
//! cannot be read hides no other.

use crate::manifests::{MAX_OBJECT, fault, shown, typed};
use crate::schema::{Schemas, printable};
use crate::v1alpha1::{API_VERSION, AuthServerSpec, CA_KEY, PASSWORD_KEY, SecretKeyRef, UserStoreSpec};
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::manifests::typed::Spec;

/// What metadata says of an object, as far as anybody here asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// `uid`; empty where there is none yet, as in a request to create.
    pub uid: Arc<str>,
    /// `generation`; 1 where there is none yet.
    pub generation: i64,
    /// `resourceVersion`; empty where there is none yet.
    pub resource_version: Arc<str>,
    /// `labels`.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// `annotations`.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// Is it being deleted? Then it counts as absent.
    pub deleted: bool,
}

/// An object with what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which object it is.
    pub key: ObjectKey,
    /// Its metadata.
    pub metadata: Metadata,
    /// What it says; `None` when it is not accepted.
    pub spec: Option<Spec>,
    /// Of an accepted AuthServer: what it says with defaults filled in, for how it runs (image, TLS, exposure).
    pub workload: Option<Arc<AuthServerSpec>>,
    /// Of an accepted object: the keys of Secrets of its namespace whose content a server reads for it, beside its database's URL and its
    /// certificate. Each names its key.
    pub secrets: Vec<SecretKeyRef>,
    /// What is wrong or noteworthy, by place.
    pub findings: Vec<Finding>,
}

/// Judges an object of this kind. `None` when it has no name, which no stored object lacks.
#[must_use]
pub fn judge(kind: Kind, object: &Value) -> Option<Judged> {
    let metadata = object.get("metadata").and_then(Value::as_object)?;
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() {
        return None;
    }
    let key = ObjectKey::new(kind, ObjectRef::new(printable(text("namespace")), printable(text("name"))));
    let mut judged = Judged {
        key,
        metadata: read_metadata(metadata),
        spec: None,
        workload: None,
        secrets: Vec::new(),
        findings: Vec::new(),
    };
    judged.read(object, text("name"), text("namespace"));
    judged.findings = judged.findings.into_iter().map(shown).collect();
    Some(judged)
}

impl Judged {
    /// Is it there with a spec that can be used?
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.spec.is_some()
    }

    /// Enters it into the facts that `compile` judges: without its spec when it is not accepted.
    pub fn enter(&self, inventory: &mut Inventory) {
        let entry = typed::Entry {
            generation: self.metadata.generation,
            labels: &self.metadata.labels,
            spec: self.spec.as_ref(),
        };
        typed::enter(inventory, &self.key, &entry);
    }

    /// Keeps what is written of an accepted object beside what core makes of it. What the schema accepts the types read: `typed` has just
    /// done so.
    fn keep(&mut self, spec: Value) {
        match self.key.kind {
            Kind::AuthServer => {
                let written: Option<AuthServerSpec> = serde_json::from_value(spec).ok();
                let issuers = written.iter().flat_map(|written| &written.service_account_issuers);
                self.secrets =
                    issuers.filter_map(|issuer| named(issuer.ca_secret_ref.as_ref(), CA_KEY)).collect();
                self.workload = written.map(Arc::new);
            }
            Kind::UserStore => {
                let written: Option<UserStoreSpec> = serde_json::from_value(spec).ok();
                let directory = written.as_ref().and_then(|written| written.ldap.as_ref());
                self.secrets = directory
                    .into_iter()
                    .flat_map(|ldap| {
                        let password = named(ldap.bind_password_secret_ref.as_ref(), PASSWORD_KEY);
                        [named(ldap.ca_secret_ref.as_ref(), CA_KEY), password]
                    })
                    .flatten()
                    .collect();
            }
            Kind::AuthPolicy | Kind::AuthClient => {}
        }
    }

    fn read(&mut self, object: &Value, name: &str, namespace: &str) {
        let mut stored = stored(self.key.kind, object, name, namespace);
        let size = stored.to_string().len();
        if size > MAX_OBJECT {
            self.findings.push(fault::object_too_large(&self.key, size));
            return;
        }
        let judgements = Schemas::ours().of(self.key.kind).judge(&mut stored);
        self.findings.extend(judgements.iter().map(|judgement| fault::judged(&self.key, judgement)));
        if self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            return;
        }
        let spec = stored.get("spec").cloned().unwrap_or_default();
        match typed::read(&self.key, stored) {
            Ok(read) => {
                self.keep(spec);
                self.spec = Some(read);
            }
            Err(faults) => {
                let told = faults
                    .into_iter()
                    .map(|found| fault::bad_value(&self.key, &found.pointer, found.message, found.help));
                self.findings.extend(told);
            }
        }
    }
}

/// The reference with the key that it means.
fn named(reference: Option<&SecretKeyRef>, usual: &str) -> Option<SecretKeyRef> {
    let reference = reference?;
    Some(SecretKeyRef { name: reference.name.clone(), key: Some(reference.key_or(usual).to_owned()) })
}

/// The object as far as it is judged. List items may come without version and kind, which the request named.
fn stored(kind: Kind, object: &Value, name: &str, namespace: &str) -> Value {
    let mut stored: Map<String, Value> = object
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(field, _)| !matches!(field.as_str(), "status" | "metadata"))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    stored.insert("apiVersion".into(), API_VERSION.into());
    stored.insert("kind".into(), kind.as_str().into());
    stored.insert("metadata".into(), json!({ "name": name, "namespace": namespace }));
    Value::Object(stored)
}

fn read_metadata(metadata: &Map<String, Value>) -> Metadata {
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default().into();
    let texts = |field: &str| {
        let entries = metadata.get(field).and_then(Value::as_object).into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into()))).collect()
    };
    Metadata {
        uid: text("uid"),
        generation: metadata.get("generation").and_then(Value::as_i64).unwrap_or(1),
        resource_version: text("resourceVersion"),
        labels: texts("labels"),
        annotations: texts("annotations"),
        deleted: metadata.get("deletionTimestamp").is_some_and(|at| !at.is_null()),
    }
}
