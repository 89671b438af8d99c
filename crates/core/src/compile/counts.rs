//! Counts per policy and server, for status and listings.

use crate::names::ObjectRef;
use crate::report::{ClientReport, Report, ServerReport, Verdict};

const VIOLATORS: usize = 20;

pub fn count(report: &mut Report) {
    let mut servers = std::mem::take(&mut report.servers);
    for client in report.clients.values() {
        let Some(server) = &client.server else { continue };
        let counts = &mut servers.entry(server.clone()).or_insert_with(ServerReport::default).clients;
        counts.total += 1;
        counts.compliant += usize::from(client.verdict == Verdict::Compliant);
        counts.refused += usize::from(!client.verdict.is_served());
    }
    report.servers = servers;
    let Report { clients, policies, .. } = report;
    for (name, client) in clients.iter() {
        let (Some(server), Some(merged)) = (&client.server, &client.merged) else { continue };
        for mark in merged.marks() {
            let Some(policy) = policies.get_mut(&mark.policy) else { continue };
            let governed = policy.servers.entry(server.clone()).or_default();
            governed.clients += 1;
            if violates(client, &mark.policy) {
                governed.violating += 1;
                if governed.violators.len() < VIOLATORS {
                    governed.violators.push(name.clone());
                }
            } else {
                governed.compliant += 1;
            }
        }
    }
}

fn violates(client: &ClientReport, policy: &ObjectRef) -> bool {
    client.findings.iter().any(|finding| finding.policy.as_ref() == Some(policy) && finding.is_violation())
}
