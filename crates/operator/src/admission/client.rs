//! An AuthClient judged as `compile` would judge it, among those objects alone that matter to it: one of ten thousand clients is answered
//! without compiling the others.

use super::answer::Answer;
use super::judge::{View, with};
use crate::status::{line, out_of_reach};
use crate::watch::Scope;
use nauthera_api::objects::{Judged, Spec};
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::Finding;
use nauthera_core::grant::Admission;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{ClientId, ObjectRef};
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Snapshot;
use std::sync::Arc;

pub(super) fn judge(judged: &Judged, view: &View<'_>, hints: Vec<String>) -> Answer {
    let name = &judged.key.object;
    let inventory = with(around(judged, view.inventory), judged);
    let compiled = compile(&inventory);
    let Some(report) = compiled.report.clients.get(name) else { return Answer::warn(hints) };
    let denies = report.merged.as_ref().is_some_and(|merged| merged.admission == Admission::Deny);
    // Another policy may still admit the client, and another client may go: those are no grounds to refuse an apply.
    let beyond: Vec<&Finding> = report.findings.iter().filter(|finding| finding.is_beyond_policy()).collect();
    if denies && !beyond.is_empty() {
        return Answer::refuse(beyond).because(&denying(report, view.inventory));
    }
    Answer::warn(hints.into_iter().chain(told(report, view.scope)))
}

/// Why it is a refusal and no warning.
fn denying(report: &ClientReport, inventory: &Inventory) -> String {
    let marks = report.merged.iter().flat_map(|merged| merged.marks().iter());
    let denies = marks.filter(|mark| {
        let object = inventory.policies.get(&mark.policy);
        let spec = object.and_then(|object| object.spec.as_ref());
        spec.is_some_and(|spec| spec.admission == Some(Admission::Deny))
    });
    let names: Vec<String> = denies.map(|mark| format!("`{}`", mark.policy)).collect();
    let who = if names.len() == 1 { "policy" } else { "policies" };
    let say = if names.len() == 1 { "says" } else { "say" };
    format!(
        "this is refused, and not served with less, since {who} {} {say} admission: Deny",
        names.join(", ")
    )
}

/// Violations, and what policies in Audit would say. What the client waits for is said too: it may be on its way.
fn told(report: &ClientReport, scope: &Scope) -> impl Iterator<Item = String> {
    let hidden = report.server.as_ref().filter(|server| !scope.has(&server.namespace));
    let shown = move |finding: &&Finding| hidden.is_none() || finding.code != Code::ServerNotFound;
    let all = report.findings.iter().filter(|finding| finding.is_violation()).chain(&report.audit);
    hidden.map(out_of_reach).into_iter().chain(all.filter(shown).map(line))
}

/// The facts without clients that cannot matter: those that matter share its namespace, where Secrets are claimed, or its id.
fn around(judged: &Judged, all: &Inventory) -> Inventory {
    let name = &judged.key.object;
    let id = match &judged.spec {
        Some(Spec::Client(spec)) => spec.client_id.clone(),
        _ => None,
    };
    let id = id.unwrap_or_else(|| ClientId::default_of(name));
    let claims = |client: &ObjectRef, custom: Option<&ClientId>| {
        client.namespace == name.namespace || custom == Some(&id) || is_default(client, &id)
    };
    let clients = all.clients.iter().filter(|(client, object)| {
        claims(client, object.spec.as_ref().and_then(|spec| spec.client_id.as_ref()))
    });
    let clients = clients.map(|(client, object)| (client.clone(), object.clone())).collect();
    let held = |client: &ObjectRef, held: &ClientId| claims(client, Some(held));
    let published = all.published.iter().map(|(server, snapshot)| {
        let rows = snapshot.clients.iter().filter(|(id, row)| held(&row.object, id));
        let clients = rows.map(|(id, row)| (id.clone(), row.clone())).collect();
        (server.clone(), Arc::new(Snapshot { head: snapshot.head.clone(), clients }))
    });
    let credentials = all.credentials.iter().filter(|(client, record)| held(client, &record.client_id));
    let of_namespace = |client: &ObjectRef| client.namespace == name.namespace;
    let secret_names = all.secret_names.iter().filter(|(client, _)| of_namespace(client));
    Inventory {
        servers: all.servers.clone(),
        policies: all.policies.clone(),
        stores: all.stores.clone(),
        clients,
        namespaces: all.namespaces.clone(),
        published: published.collect(),
        credentials: credentials.map(|(client, record)| (client.clone(), record.clone())).collect(),
        unread: all.unread.clone(),
        secret_names: secret_names.map(|(client, secret)| (client.clone(), secret.clone())).collect(),
        // What is missing may come with the next manifest, and of the others nothing is asked.
        unready: Default::default(),
        cluster: all.cluster.clone(),
        private_fetch: all.private_fetch,
        incomplete: false,
    }
}

/// Is it this client's default id?
fn is_default(client: &ObjectRef, id: &ClientId) -> bool {
    let rest = id.as_str().strip_prefix(&*client.namespace).and_then(|rest| rest.strip_prefix('.'));
    rest == Some(&*client.name)
}
