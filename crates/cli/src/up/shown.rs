//! What people are shown beside the findings: the console's view of a look at the folder, and who can log in.

use super::Live;
use crate::data::SecretFiles;
use crate::engine::{Turn, brought};
use nauthera_api::manifests::Manifests;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, SecretTemplate, UserStoreSpec};
use nauthera_server::console::View;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The annotation of a UserStore that says the password of its people, where that is no secret.
const PASSWORD_HINT: &str = "auth.nauthera.io/password-hint";

/// A look at the folder, as the console shows it.
pub struct Look<'a> {
    /// The folder.
    pub path: &'a Path,
    /// What came of it.
    pub turn: &'a Turn,
    /// What was read.
    pub manifests: &'a Manifests,
    /// What is reported.
    pub diagnostics: Vec<String>,
    /// Where clients' Secrets are.
    pub secrets: PathBuf,
}

/// Shows the console this look, beside what is served.
pub fn refresh(live: &Live, look: Look<'_>) {
    let Some(console) = &live.console else { return };
    let Look { path, turn, manifests, diagnostics, secrets: root } = look;
    let templates: BTreeMap<ObjectRef, SecretTemplate> = turn
        .inventory
        .clients
        .iter()
        .filter(|(name, _)| !turn.conflicts.contains(*name))
        .filter_map(|(name, object)| Some((name.clone(), object.spec.as_ref()?.secret.clone())))
        .collect();
    let templates = Arc::new(templates);
    let (files, folders) = (root.clone(), templates.clone());
    let brought = brought_secrets(turn, manifests);
    let policies = turn.inventory.policies.iter();
    console.show(View {
        folder: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string(),
        report: Arc::new(turn.compiled.report.clone()),
        snapshot: live.snapshot.clone(),
        policies: policies.filter_map(|(name, object)| Some((name.clone(), object.spec.clone()?))).collect(),
        diagnostics,
        secret_of: Arc::new(move |client| {
            let own = || SecretFiles::below(files.clone()).plain(client, templates.get(client)?);
            brought.get(client).cloned().or_else(own)
        }),
        secret_folder_of: Arc::new(move |client| {
            let template = folders.get(client)?;
            Some(SecretFiles::below(root.clone()).folder(client, template).display().to_string())
        }),
    });
}

/// The secrets of clients that bring their own.
fn brought_secrets(turn: &Turn, manifests: &Manifests) -> BTreeMap<ObjectRef, String> {
    let of =
        |name: &ObjectRef, spec: &ClientSpec| brought(name, spec.existing_secret.as_ref()?, manifests).ok();
    let clients = turn.inventory.clients.iter();
    clients.filter_map(|(name, object)| Some((name.clone(), of(name, object.spec.as_ref()?)?))).collect()
}

/// Who can log in: the names, and the password where the UserStore's author wrote it down for a demonstration.
pub fn people(manifests: &Manifests, snapshot: &Snapshot) -> Option<String> {
    let users = snapshot.head.users.as_ref()?;
    let UserStoreSpec::Static(people) = &users.spec else { return None };
    let names: Vec<&str> = people.iter().take(3).map(|person| &*person.username).collect();
    let more = people.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let store = ObjectKey::new(Kind::UserStore, users.store.clone());
    let hint = manifests.annotation(&store, PASSWORD_HINT).map(|hint| format!(", password \"{hint}\""));
    Some(format!("log in as {}{more}{}", names.join(" or "), hint.unwrap_or_default()))
}
