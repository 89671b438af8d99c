//! Counts per policy and server, for status and listings.

use crate::finding::Finding;
use crate::names::ObjectRef;
use crate::report::{ClientReport, Governed, PolicyReport, Report, ServerReport, Verdict};
use crate::snapshot::PolicyMark;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const VIOLATORS: usize = 20;

pub fn count(report: &mut Report) {
    let Report { clients, policies, servers, .. } = report;
    count_servers(clients, servers);
    count_governed(clients, policies);
    for (name, client) in clients.iter().filter(|(_, client)| has_violation(client)) {
        let Some(server) = &client.server else { continue };
        for mark in governing(client).flat_map(|marks| marks.iter()) {
            let governed = policies.get_mut(&mark.policy).and_then(|policy| policy.servers.get_mut(server));
            let Some(governed) = governed.filter(|_| violates(client, &mark.policy)) else { continue };
            governed.violating += 1;
            if governed.violators.len() < VIOLATORS {
                governed.violators.push(name.clone());
            }
        }
    }
    for governed in policies.values_mut().flat_map(|policy| policy.servers.values_mut()) {
        governed.compliant = governed.clients.saturating_sub(governed.violating);
    }
}

fn count_servers(
    clients: &BTreeMap<ObjectRef, ClientReport>,
    servers: &mut BTreeMap<ObjectRef, ServerReport>,
) {
    for client in clients.values() {
        let Some(server) = &client.server else { continue };
        let report = match servers.get_mut(server) {
            Some(report) => report,
            None => servers.entry(server.clone()).or_default(),
        };
        report.clients.total += 1;
        report.clients.compliant += usize::from(client.verdict == Verdict::Compliant);
        report.clients.refused += usize::from(!client.verdict.is_served());
    }
}

/// The lists of policies over a client: in Enforce, in Audit.
fn governing(client: &ClientReport) -> impl Iterator<Item = &Arc<[PolicyMark]>> {
    client.merged.iter().map(|merged| merged.marks()).chain([&client.audits])
}

/// A list of policies, and how many clients have it.
struct Counted<'a> {
    list: &'a [PolicyMark],
    clients: usize,
}

/// Clients of one server share the lists of their policies, so each list is counted once and then added to its policies.
fn count_governed(
    clients: &BTreeMap<ObjectRef, ClientReport>,
    policies: &mut BTreeMap<ObjectRef, PolicyReport>,
) {
    let mut lists: HashMap<(&ObjectRef, *const PolicyMark), Counted<'_>> = HashMap::new();
    for client in clients.values() {
        let Some(server) = &client.server else { continue };
        for list in governing(client).filter(|list| !list.is_empty()) {
            lists.entry((server, list.as_ptr())).or_insert(Counted { list, clients: 0 }).clients += 1;
        }
    }
    for ((server, _), Counted { list, clients }) in lists {
        for mark in list {
            let Some(policy) = policies.get_mut(&mark.policy) else { continue };
            let governed: &mut Governed = policy.servers.entry(server.clone()).or_default();
            governed.clients += clients;
        }
    }
}

fn has_violation(client: &ClientReport) -> bool {
    !client.audit.is_empty() || client.findings.iter().any(Finding::is_violation)
}

/// Does this policy take something of it, or would it if it were in Enforce?
fn violates(client: &ClientReport, policy: &ObjectRef) -> bool {
    let named = |finding: &&Finding| finding.policy.as_ref() == Some(policy);
    client.findings.iter().filter(named).any(Finding::is_violation) || client.audit.iter().any(|f| named(&f))
}
