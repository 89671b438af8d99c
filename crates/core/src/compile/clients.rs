//! Each client's way from what it asks to what is served: its server, its policies, its settings, its id, its secrets.

use super::freeze::{kept, rows_by_object, with_live_secrets};
use super::ids::Claims;
use super::narrow::{Judged, as_asked, judge};
use super::select::Over;
use super::servers::{self, Server, not_accepted};
use crate::codes::Code;
use crate::finding::{Finding, Place, Severity};
use crate::inventory::{Inventory, Object};
use crate::names::{Kind, ObjectRef};
use crate::policy::{Governor, Merged};
use crate::report::{ClientReport, Report, Verdict};
use crate::snapshot::Row;
use crate::spec::{AllowedNamespaces, ClientSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Fills each server's rows and the Report's clients.
pub fn compile_clients(inventory: &Inventory, servers: &mut servers::Judged<'_>, report: &mut Report) {
    let published = published_rows(inventory);
    let claims = claims(inventory, &published);
    let nobody = Claims::default();
    for (name, object) in &inventory.clients {
        let last = published.get(name);
        let home = object.spec.as_ref().map(|spec| &spec.server).or(last.map(|(server, _)| *server));
        let entry = match home.and_then(|home| servers.served.get_mut(home)) {
            Some(server) => {
                let row = last.filter(|(home, _)| **home == server.object).map(|(_, row)| *row);
                let claims = claims.get(&server.object).unwrap_or(&nobody);
                let client = Client { inventory, name, object, row };
                let entry = client.at(server, claims);
                server.rows.extend(entry.row.clone());
                entry
            }
            None => homeless(inventory, name, object),
        };
        report.clients.insert(name.clone(), ClientReport { generation: object.generation, ..entry });
    }
    note_unknown_namespaces(inventory, report);
}

type PublishedRows<'a> = BTreeMap<&'a ObjectRef, (&'a ObjectRef, &'a Arc<Row>)>;

fn published_rows(inventory: &Inventory) -> PublishedRows<'_> {
    let all = inventory.published.iter();
    all.flat_map(|(server, snapshot)| {
        rows_by_object(snapshot).into_iter().map(move |(object, row)| (object, (server, row)))
    })
    .collect()
}

fn claims<'a>(inventory: &'a Inventory, published: &PublishedRows<'a>) -> BTreeMap<ObjectRef, Claims<'a>> {
    let mut claims: BTreeMap<ObjectRef, Claims<'a>> = BTreeMap::new();
    for (name, object) in &inventory.clients {
        match (&object.spec, published.get(name)) {
            (Some(spec), _) => {
                claims.entry(spec.server.clone()).or_default().claim(
                    inventory,
                    &spec.server,
                    name,
                    spec.client_id.as_ref(),
                );
            }
            (None, Some((server, row))) => {
                let custom = as_asked(row, server).client_id;
                claims.entry((*server).clone()).or_default().claim(inventory, server, name, custom.as_ref());
            }
            (None, None) => {}
        }
    }
    claims
}

/// A client whose server is not served, or that cannot be read and was never served.
fn homeless(inventory: &Inventory, name: &ObjectRef, object: &Object<ClientSpec>) -> ClientReport {
    let mut entry = kept(None, name);
    let Some(spec) = &object.spec else {
        entry.findings = vec![not_accepted(Kind::AuthClient, name)];
        return entry;
    };
    let server = &spec.server;
    let there = inventory.servers.contains_key(server);
    let what = if there { "is not served" } else { "is not there" };
    let finding = Finding::new(Code::ServerNotFound, format!("AuthServer `{server}` {what}"))
        .at(Place::field(Kind::AuthClient, name, "authServerRef"), "named here")
        .note("the client waits until it is")
        .help(if there {
            "platform mends what is reported of it"
        } else {
            "mend the name, or add the AuthServer"
        });
    ClientReport {
        server: Some(server.clone()),
        client_type: Some(spec.client_type),
        asked: Some(Arc::new(spec.clone())),
        findings: vec![finding],
        ..entry
    }
}

struct Client<'a> {
    inventory: &'a Inventory,
    name: &'a ObjectRef,
    object: &'a Object<ClientSpec>,
    /// What is published of it at this server.
    row: Option<&'a Arc<Row>>,
}

impl Client<'_> {
    fn at(&self, server: &mut Server<'_>, claims: &Claims<'_>) -> ClientReport {
        if !server.frozen_by.is_empty() {
            return self.frozen(server);
        }
        match (&self.object.spec, self.row) {
            (Some(spec), _) => self.judged(server, claims, Arc::new(spec.clone())),
            (None, Some(row)) => self.unreadable(server, claims, row),
            (None, None) => homeless(self.inventory, self.name, self.object),
        }
    }

    fn frozen(&self, server: &Server<'_>) -> ClientReport {
        let row = self.row.map(|row| with_live_secrets(self.inventory, row, &server.object));
        let mut entry = kept(row.map(|row| (server.object.clone(), row)), self.name);
        entry.server = Some(server.object.clone());
        if let Some(spec) = &self.object.spec {
            entry.client_type = Some(spec.client_type);
            entry.asked = Some(Arc::new(spec.clone()));
        } else {
            entry.findings.push(not_accepted(Kind::AuthClient, self.name));
        }
        entry
    }

    /// Its manifest cannot be used: its last good settings are judged again by today's policies, and nothing is widened.
    fn unreadable(&self, server: &mut Server<'_>, claims: &Claims<'_>, row: &Arc<Row>) -> ClientReport {
        let spec = Arc::new(as_asked(row, &server.object));
        let mut entry = self.judged(server, claims, spec);
        entry.asked = None;
        entry.findings.insert(0, not_accepted(Kind::AuthClient, self.name));
        let Some(now) = entry.row.take() else { return entry };
        let mut lists = now.allowed_groups.clone();
        lists.extend(row.allowed_groups.iter().cloned());
        lists.sort();
        lists.dedup();
        entry.verdict = Verdict::Frozen;
        entry.row = Some(Arc::new(Row { allowed_groups: lists, ..Row::clone(&now) }));
        entry
    }

    fn judged(&self, server: &mut Server<'_>, claims: &Claims<'_>, spec: Arc<ClientSpec>) -> ClientReport {
        let mut entry = ClientReport {
            generation: self.object.generation,
            verdict: Verdict::Refused,
            server: Some(server.object.clone()),
            client_type: Some(spec.client_type),
            asked: Some(spec.clone()),
            row: None,
            merged: None,
            findings: Vec::new(),
            audit: Vec::new(),
        };
        if let Some(finding) = self.not_admitted(server) {
            entry.findings.push(finding);
            return entry;
        }
        let Over { enforced, audits } = server.policies.over(self.inventory, self.name, spec.client_type);
        let Some(merged) = enforced else {
            entry.findings.push(self.ungoverned(server, &spec));
            return entry;
        };
        entry.merged = Some(merged.clone());
        match judge(self.name, &spec, &merged) {
            Judged::Refused(finding) => entry.findings.push(*finding),
            Judged::Served { row, findings } => {
                entry.findings = findings;
                match claims.other_holder(&row.client_id, self.name) {
                    Some(holder) => entry.findings.push(self.id_taken(&row, holder)),
                    None => self.serve(&mut entry, server, *row),
                }
            }
        }
        entry.audit = audits.iter().flat_map(|audit| self.audited(&spec, &merged, audit)).collect();
        entry
    }

    fn serve(&self, entry: &mut ClientReport, server: &Server<'_>, row: Row) {
        let record = self.inventory.credentials.get(self.name);
        let live = record.filter(|r| r.server == server.object && r.client_id == row.client_id);
        let uses_secret = row.authentication.method.uses_secret();
        let secrets = live.filter(|_| uses_secret).map(|r| r.secrets.clone()).unwrap_or_default();
        let narrowed = entry.findings.iter().any(Finding::is_violation);
        entry.verdict = if narrowed { Verdict::Narrowed } else { Verdict::Compliant };
        entry.row = Some(Arc::new(Row { secrets, ..row }));
    }

    fn not_admitted(&self, server: &Server<'_>) -> Option<Finding> {
        let namespace = &self.name.namespace;
        let admitted = match server.spec.map(|spec| &spec.allowed_namespaces) {
            None | Some(AllowedNamespaces::All) => true,
            Some(AllowedNamespaces::Same) => *namespace == server.object.namespace,
            Some(AllowedNamespaces::Selector(selector)) => {
                self.inventory.namespaces.get(namespace).is_some_and(|labels| selector.matches(labels))
            }
        };
        if admitted {
            return None;
        }
        let message =
            format!("AuthServer `{}` does not admit clients of namespace `{namespace}`", server.object);
        let finding = Finding::new(Code::NamespaceNotAllowed, message)
            .at(Place::field(Kind::AuthClient, self.name, "authServerRef"), "attached here")
            .at(Place::field(Kind::AuthServer, &server.object, "allowedClients.namespaces"), "admitted here")
            .note("the client is not served");
        Some(finding.help(format!(
            "platform can admit the namespace in allowedClients.namespaces of {}",
            server.object
        )))
    }

    fn ungoverned(&self, server: &Server<'_>, spec: &ClientSpec) -> Finding {
        let finding = Finding::new(Code::NoPolicy, format!("no policy governs client `{}`", self.name))
            .at(Place::new(Kind::AuthClient, self.name, ""), "not governed")
            .note("the client is not served: a client is served only when a policy in Enforce governs it");
        let reasons = server.policies.why_not(self.inventory, self.name, spec.client_type);
        let finding = if reasons.is_empty() {
            finding.note(format!(
                "no policy in namespace {} applies to AuthServer `{}`",
                server.object.namespace, server.object
            ))
        } else {
            reasons.into_iter().fold(finding, Finding::note)
        };
        finding.help("security can select it in a policy, or add one")
    }

    fn id_taken(&self, row: &Row, holder: &ObjectRef) -> Finding {
        let message = format!("client id `{}` belongs to client `{holder}`", row.client_id);
        Finding::new(Code::ClientIdTaken, message)
            .at(Place::field(Kind::AuthClient, self.name, "clientId"), "claimed here too")
            .at(Place::new(Kind::AuthClient, holder, ""), "held here")
            .note("the client is not served")
            .help("choose another clientId, or take it away and use the default id")
    }

    /// What a policy in Audit would take, on top of the policies that hold.
    fn audited(&self, spec: &ClientSpec, merged: &Merged, audit: &Arc<Governor>) -> Vec<Finding> {
        let mut governors = merged.governors.clone();
        governors.push(audit.clone());
        let findings = match judge(self.name, spec, &Merged::of(governors)) {
            Judged::Served { findings, .. } => findings,
            Judged::Refused(finding) => vec![*finding],
        };
        let policy = &audit.mark.policy;
        let own = findings.into_iter().filter(|f| f.policy.as_ref() == Some(policy) && f.is_violation());
        own.map(|finding| Finding {
            severity: Severity::Note,
            notes: vec![format!("policy `{policy}` is in Audit: nothing changes until it is set to Enforce")],
            ..finding
        })
        .collect()
    }
}

/// A selector that asks for namespace labels, and a client whose namespace is not among the manifests.
fn note_unknown_namespaces(inventory: &Inventory, report: &mut Report) {
    let unknown: BTreeSet<&Arc<str>> = inventory
        .clients
        .keys()
        .map(|c| &c.namespace)
        .filter(|n| !inventory.namespaces.contains_key(*n))
        .collect();
    if unknown.is_empty() {
        return;
    }
    let names = unknown.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let finding = |kind: Kind, object: &ObjectRef, path: &str| {
        let message =
            format!("{kind} `{object}` selects by namespace labels, and namespace {names} is not here");
        Finding::new(Code::NamespaceUnknown, message)
            .at(Place::field(kind, object, path), "selected here")
            .note("labels that cannot be seen do not match")
            .help("add the Namespace objects to what is judged")
    };
    for (name, object) in &inventory.policies {
        let Some(spec) = &object.spec else { continue };
        let parts = [(&spec.client_selector, "clientSelector"), (&spec.except, "except")];
        for (selector, part) in parts {
            let asks = selector.as_ref().is_some_and(|s| s.namespace_selector.is_some());
            if let (true, Some(entry)) = (asks, report.policies.get_mut(name)) {
                entry.findings.push(finding(Kind::AuthPolicy, name, &format!("{part}.namespaceSelector")));
            }
        }
    }
    for (name, object) in &inventory.servers {
        let selects = object
            .spec
            .as_ref()
            .is_some_and(|s| matches!(s.allowed_namespaces, AllowedNamespaces::Selector(_)));
        if selects {
            let entry = report.servers.entry(name.clone()).or_default();
            entry.findings.push(finding(Kind::AuthServer, name, "allowedClients.namespaces"));
        }
    }
}
