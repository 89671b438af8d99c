//! The security team's question: what does each policy govern, and who asks beyond it?

use super::answer::{Outcome, Problem, Visit};
use super::clients::{ClientLine, governs};
use super::findings::FindingView;
use super::layout::{Layout, Section};
use super::route::{self, encoded};
use super::statement::{Statement, statements};
use http::StatusCode;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::PolicyReport;

/// How many clients a policy's page lists.
const LISTED: usize = 20;

/// One policy in a list.
pub struct PolicyLine {
    /// `namespace/name`.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Its edit.
    pub generation: i64,
    /// What it does.
    pub state: &'static str,
    /// The badge's class.
    pub class: &'static str,
    /// Clients that it governs, over all servers.
    pub clients: usize,
    /// Those from which it takes something.
    pub violating: usize,
    /// The list of clients that it governs.
    pub governed_href: String,
    /// The list of those that ask beyond it.
    pub violating_href: String,
}

impl PolicyLine {
    /// A policy of the Report.
    pub fn of(object: &ObjectRef, report: &PolicyReport) -> Self {
        let (state, class) = match (report.accepted, report.enforces) {
            (false, _) => ("not accepted", "badge-danger"),
            (true, true) => ("enforces", "badge-success"),
            (true, false) => ("audits", "badge-info"),
        };
        let name = object.to_string();
        Self {
            href: route::policy(object),
            generation: report.generation,
            state,
            class,
            clients: report.servers.values().map(|governed| governed.clients).sum(),
            violating: report.servers.values().map(|governed| governed.violating).sum(),
            governed_href: format!("/clients?policy={}", encoded(&name)),
            violating_href: format!("/clients?violates={}", encoded(&name)),
            name,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "console_policies.html")]
struct Policies {
    layout: Layout,
    policies: Vec<PolicyLine>,
}

/// Answers with the list.
pub fn page(visit: &Visit<'_>) -> Outcome {
    let policies = visit.shown.view.report.policies.iter().map(|(name, policy)| PolicyLine::of(name, policy));
    let page = Policies { layout: Layout::of(visit, Section::Policies), policies: policies.collect() };
    Ok(visit.page(StatusCode::OK, &page))
}

struct OnServer {
    server: String,
    clients: usize,
    compliant: usize,
    violating: usize,
}

#[derive(askama::Template)]
#[template(path = "console_policy.html")]
struct Policy<'a> {
    layout: Layout,
    line: PolicyLine,
    statements: Option<Vec<Statement>>,
    servers: Vec<OnServer>,
    findings: Vec<FindingView<'a>>,
    violators: Vec<ClientLine>,
    governed: Vec<ClientLine>,
}

/// Answers with the page of one policy.
pub fn one(visit: &Visit<'_>, object: &ObjectRef) -> Outcome {
    let view = &visit.shown.view;
    let report = view.report.policies.get(object);
    let report =
        report.ok_or_else(|| Problem::missing(format!("There is no AuthPolicy {object} in the folder.")))?;
    let lines = |names: &mut dyn Iterator<Item = &ObjectRef>| -> Vec<ClientLine> {
        let known = names.filter_map(|name| view.report.clients.get_key_value(name));
        known.take(LISTED).map(|(name, client)| ClientLine::of(visit, name, client)).collect()
    };
    let governed = view.report.clients.iter().filter(|(_, client)| governs(object, client));
    let servers = report.servers.iter().map(|(server, governed)| OnServer {
        server: server.to_string(),
        clients: governed.clients,
        compliant: governed.compliant,
        violating: governed.violating,
    });
    let page = Policy {
        layout: Layout::of(visit, Section::Policies),
        line: PolicyLine::of(object, report),
        statements: view.policies.get(object).map(|spec| statements(spec)),
        servers: servers.collect(),
        findings: report.findings.iter().map(FindingView::of).collect(),
        violators: lines(&mut report.servers.values().flat_map(|governed| &governed.violators)),
        governed: lines(&mut governed.map(|(name, _)| name)),
    };
    Ok(visit.page(StatusCode::OK, &page))
}
