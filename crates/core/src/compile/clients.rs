//! Each client's way from what it asks to what is served: its server, its policies, its settings, its id, its secrets.

use super::freeze::{Published, kept, with_live_secrets};
use super::ids::Claims;
use super::narrow::{Judged, judge};
use super::secrets::SecretClaims;
use super::select::{Audit, Over};
use super::servers::{self, Server, not_accepted};
use super::unreadable::{as_asked, never_wider};
use crate::codes::Code;
use crate::finding::{Finding, Place, Severity};
use crate::inventory::{Inventory, Object};
use crate::names::{Kind, ObjectRef};
use crate::reach::reach;
use crate::report::{ClientReport, Report, Verdict};
use crate::snapshot::Row;
use crate::spec::{AllowedNamespaces, ClientKeys, ClientSpec};
use crate::time::Seconds;
use std::sync::Arc;

/// Fills each server's rows and the Report's clients.
pub fn compile_clients(inventory: &Inventory, servers: &mut servers::Judged<'_>, report: &mut Report) {
    let published = Published::of(inventory);
    let claims = Claims::of(inventory, &published);
    let secrets = SecretClaims::of(inventory);
    let entries = inventory.clients.iter().map(|(name, object)| {
        let home = object.spec.as_ref().map(|spec| &spec.server);
        let home = home.or_else(|| published.home(name).map(|(server, _)| server));
        let entry = match home.and_then(|home| servers.served.get_mut(home)) {
            Some(server) => {
                let row = published.row(&server.object, name);
                let entry =
                    Client { inventory, claims: &claims, secrets: &secrets, name, object, row }.at(server);
                server.rows.extend(entry.row.clone());
                entry
            }
            None => homeless(inventory, name, object),
        };
        (name.clone(), ClientReport { generation: object.generation, ..entry })
    });
    report.clients = entries.collect();
    note_unknown_namespaces(inventory, report);
}

/// A client whose server is not served, or that cannot be read and was never served.
fn homeless(inventory: &Inventory, name: &ObjectRef, object: &Object<ClientSpec>) -> ClientReport {
    let Some(spec) = &object.spec else {
        let findings = vec![not_accepted(Kind::AuthClient, name)];
        return ClientReport { findings, ..kept(None, None, name, None) };
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
    ClientReport { findings: vec![finding], ..kept(Some(server.clone()), None, name, Some(spec)) }
}

/// A client that waits is told for whom.
fn frozen_by(mut entry: ClientReport, policies: &[ObjectRef]) -> ClientReport {
    let names: Vec<String> = policies.iter().map(|policy| format!("`{policy}`")).collect();
    let waits = entry.findings.iter_mut().filter(|finding| finding.code == Code::ClientWaiting);
    for finding in waits.filter(|_| !names.is_empty()) {
        let names = names.join(", ");
        finding.notes.push(format!("its AuthServer is frozen by policy {names}, which is not accepted"));
        finding.help = Some(format!("the owners of {names} mend what is reported of it, or take it away"));
    }
    entry
}

struct Client<'a> {
    inventory: &'a Inventory,
    claims: &'a Claims<'a>,
    secrets: &'a SecretClaims<'a>,
    name: &'a ObjectRef,
    object: &'a Object<ClientSpec>,
    /// What is published of it at this server.
    row: Option<&'a Arc<Row>>,
}

impl Client<'_> {
    fn at(&self, server: &mut Server<'_>) -> ClientReport {
        if server.is_frozen() {
            let row = self.row.map(|row| with_live_secrets(self.inventory, row, &server.object));
            let entry = kept(Some(server.object.clone()), row, self.name, self.object.spec.as_ref());
            return frozen_by(entry, &server.frozen_by);
        }
        let mut entry = match (&self.object.spec, self.row) {
            (Some(spec), _) => self.judged(server, spec.clone()),
            (None, Some(row)) => self.unreadable(server, row),
            (None, None) => return homeless(self.inventory, self.name, self.object),
        };
        // An unchanged row is the published one, so that two compiles share what is equal.
        if let (Some(now), Some(last)) = (&mut entry.row, self.row)
            && now == last
        {
            *now = last.clone();
        }
        entry
    }

    /// Its manifest cannot be used: its last good settings are judged again by today's policies, and nothing is widened.
    fn unreadable(&self, server: &mut Server<'_>, last: &Row) -> ClientReport {
        let mut entry = self.judged(server, Arc::new(as_asked(last, &server.object)));
        entry.asked = None;
        entry.findings.insert(0, not_accepted(Kind::AuthClient, self.name));
        // Once it is refused its last settings are gone with its row, and only its manifest can bring them back.
        entry.verdict = if entry.row.is_some() { Verdict::Frozen } else { Verdict::Waiting };
        let narrowed = entry.row.take().map(|now| never_wider(Arc::unwrap_or_clone(now), last));
        entry.row = narrowed.map(Arc::new);
        entry
    }

    fn judged(&self, server: &mut Server<'_>, spec: Arc<ClientSpec>) -> ClientReport {
        let Over { enforced, audits, audit_marks } =
            server.policies.over(self.inventory, self.name, spec.client_type);
        let mut entry = ClientReport {
            generation: self.object.generation,
            verdict: Verdict::Refused,
            server: Some(server.object.clone()),
            client_type: Some(spec.client_type),
            asked: Some(spec.clone()),
            row: None,
            merged: enforced,
            audits: audit_marks,
            findings: Vec::new(),
            audit: Vec::new(),
        };
        if let Some(finding) = self.not_admitted(server) {
            entry.findings.push(finding);
            return ClientReport { merged: None, audits: Arc::default(), ..entry };
        }
        match entry.merged.clone().map(|merged| judge(self.name, &spec, &merged)) {
            None => entry.findings.push(self.ungoverned(server, &spec)),
            Some(Judged::Refused(finding)) => entry.findings.push(*finding),
            Some(Judged::Served { row, findings }) => {
                entry.findings = findings;
                let taken = self.claims.other_holder(&server.object, &row.client_id, self.name);
                let taken = || taken.map(|holder| self.id_taken(&row, holder));
                // What is wrong with the client itself comes first: it is so whatever others do.
                match self.keys_out_of_reach(&row).or_else(taken) {
                    Some(finding) => entry.findings.push(finding),
                    None => self.serve(&mut entry, server, *row),
                }
            }
        }
        entry.audit = audits.iter().flat_map(|audit| self.audited(&spec, &entry.findings, audit)).collect();
        entry
    }

    fn serve(&self, entry: &mut ClientReport, server: &Server<'_>, row: Row) {
        let conflict = self.secrets.conflict(self.name);
        if let Some(finding) = conflict.or_else(|| self.inventory.unready.get(self.name).cloned()) {
            entry.verdict = Verdict::Waiting;
            entry.findings.push(finding);
            return;
        }
        let record = self.inventory.credentials.get(self.name);
        let live = record.filter(|r| r.server == server.object && r.client_id == row.client_id);
        let uses_secret = row.authentication.method.uses_secret();
        let secrets = live.filter(|_| uses_secret).map(|r| r.secrets.clone()).unwrap_or_default();
        entry.findings.extend(self.logout_out_of_reach(&row));
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

    /// The keys of a client that authenticates with them must be where the server may fetch them.
    fn keys_out_of_reach(&self, row: &Row) -> Option<Finding> {
        let Some(ClientKeys::JwksUri(url)) = &row.authentication.keys else { return None };
        let namespace = &self.name.namespace;
        let why = reach(url, namespace).err().filter(|_| !self.inventory.private_fetch)?;
        let finding = Finding::new(Code::KeysOutOfReach, format!("`{url}` is never fetched: {why}"))
            .at(Place::field(Kind::AuthClient, self.name, "authentication.jwksUri"), "asked here")
            .note("the client is not served, since it could never authenticate");
        Some(finding.help(format!(
            "name a public address or a Service of the own namespace (NAME.{namespace}.svc), or write the keys in authentication.jwks"
        )))
    }

    /// A client that names an address which the server never calls is served, and never told of a logout.
    fn logout_out_of_reach(&self, row: &Row) -> Option<Finding> {
        let url = row.back_channel_logout_uri.as_ref()?.as_str().parse().ok()?;
        let namespace = &self.name.namespace;
        let why = reach(&url, namespace).err().filter(|_| !self.inventory.private_fetch)?;
        let finding = Finding::new(Code::LogoutOutOfReach, format!("`{url}` is never called: {why}"))
            .at(Place::field(Kind::AuthClient, self.name, "backChannelLogoutUri"), "asked here")
            .note("the client is served, and not told when a session ends");
        Some(
            finding.help(format!(
                "name a public address or a Service of the own namespace (NAME.{namespace}.svc)"
            )),
        )
    }

    /// What a policy in Audit would take, on top of what is found already.
    fn audited(&self, spec: &ClientSpec, known: &[Finding], audit: &Audit) -> Vec<Finding> {
        let findings = match judge(self.name, spec, &audit.with) {
            Judged::Served { row, findings } => {
                findings.into_iter().chain(self.keys_out_of_reach(&row)).collect()
            }
            Judged::Refused(finding) => vec![*finding],
        };
        let policy = &audit.policy;
        let more = findings.into_iter().filter(|finding| finding.is_violation() && !says(known, finding));
        more.map(|finding| Finding {
            severity: Severity::Note,
            policy: Some(policy.clone()),
            notes: vec![format!("policy `{policy}` is in Audit: nothing changes until it is set to Enforce")],
            ..finding
        })
        .collect()
    }
}

/// Is it known already? A lifetime is known when what holds already is no longer.
fn says(known: &[Finding], finding: &Finding) -> bool {
    let ceiling = |finding: &Finding| finding.allowed.as_deref().and_then(|text| Seconds::parse(text).ok());
    known.iter().any(|other| {
        let same_place =
            other.labels.first().map(|label| &label.place) == finding.labels.first().map(|l| &l.place);
        let tighter = finding.code == Code::LifetimeBeyondPolicy && ceiling(finding) < ceiling(other);
        other.code == finding.code && same_place && !tighter
    })
}

/// A selector that asks for namespace labels, and a client whose namespace is not among the manifests.
fn note_unknown_namespaces(inventory: &Inventory, report: &mut Report) {
    // Clients are ordered by namespace, so each namespace is looked up once.
    let mut unknown: Vec<&Arc<str>> = inventory.clients.keys().map(|client| &client.namespace).collect();
    unknown.dedup();
    unknown.retain(|namespace| !inventory.namespaces.contains_key(*namespace));
    if unknown.is_empty() {
        return;
    }
    let names = unknown.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let finding = |kind: Kind, object: &ObjectRef, path: &str, follows: &str| {
        let message = format!(
            "{kind} `{object}` selects by namespace labels, and those of namespace {names} are not known here"
        );
        Finding::new(Code::NamespaceUnknown, message)
            .at(Place::field(kind, object, path), "selected here")
            .note(follows)
            .help("add the Namespace objects to what is judged")
    };
    let tightens = "the policy only tightens there: it admits nobody, and replaces no default";
    let closed = "clients of a namespace whose labels are not known are not admitted";
    for (name, object) in &inventory.policies {
        let Some(spec) = object.spec.as_deref() else { continue };
        let parts = [(&spec.client_selector, "clientSelector"), (&spec.except, "except")];
        for (selector, part) in parts {
            let asks = selector.as_ref().is_some_and(|s| s.namespace_selector.is_some());
            if let (true, Some(entry)) = (asks, report.policies.get_mut(name)) {
                entry.findings.push(finding(
                    Kind::AuthPolicy,
                    name,
                    &format!("{part}.namespaceSelector"),
                    tightens,
                ));
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
            entry.findings.push(finding(Kind::AuthServer, name, "allowedClients.namespaces", closed));
        }
    }
}
