//! The developers' question: is my client served, and as I asked? All clients with their verdicts, filtered by the address and cut into
//! pages, so that it works without scripts and for thousands.

use super::answer::{Outcome, Problem, Visit};
use super::findings::{VERDICTS, VerdictBadge, badge};
use super::layout::{Layout, Section};
use super::paging::{PAGE, Paging};
use super::relying_party::{Attempted, attempted};
use super::route;
use http::StatusCode;
use nauthera_core::finding::Finding;
use nauthera_core::grant::ClientType;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{ClientReport, Report, Verdict};

/// One client in a list.
pub struct ClientLine {
    /// `namespace/name`.
    pub name: String,
    /// Its page.
    pub href: String,
    /// What people see.
    pub display_name: Option<String>,
    /// Its type, where known.
    pub client_type: &'static str,
    /// What became of it.
    pub badge: VerdictBadge,
    /// Why, in a few words.
    pub note: String,
    /// How it can be tried, where it can.
    pub attempted: Option<Attempted>,
}

impl ClientLine {
    /// A client of the Report.
    pub fn of(visit: &Visit<'_>, object: &ObjectRef, report: &ClientReport) -> Self {
        let display_name = report.row.as_ref().map(|row| row.display_name.to_string());
        Self {
            name: object.to_string(),
            href: route::client(object),
            display_name: display_name.filter(|name| **name != *object.name),
            client_type: report.client_type.map_or("", ClientType::as_str),
            badge: badge(report.verdict),
            note: note(report),
            attempted: attempted(visit, object, report).ok(),
        }
    }
}

/// The first thing to know about a client: what refuses it, else what was taken, else what policies in Audit would do.
fn note(report: &ClientReport) -> String {
    let violations = report.findings.iter().filter(|finding| finding.is_violation()).count();
    let first = report.decisive().or_else(|| report.findings.iter().find(|finding| finding.is_violation()));
    match first {
        Some(finding) if violations > 1 => format!("{}, and {} more", finding.message, violations - 1),
        Some(finding) => finding.message.clone(),
        None if !report.audit.is_empty() => {
            format!("{} would be reported by policies in Audit", report.audit.len())
        }
        None => String::new(),
    }
}

/// What the address asks for.
#[derive(Default)]
struct Filter {
    text: String,
    verdict: Option<Verdict>,
    client_type: Option<ClientType>,
    policy: Option<ObjectRef>,
    violates: Option<ObjectRef>,
}

impl Filter {
    fn keeps(&self, object: &ObjectRef, report: &ClientReport) -> bool {
        self.verdict.is_none_or(|verdict| report.verdict == verdict)
            && self.client_type.is_none_or(|wanted| report.client_type == Some(wanted))
            && self.policy.as_ref().is_none_or(|policy| governs(policy, report))
            && self.violates.as_ref().is_none_or(|policy| takes_from(policy, report))
            && self.names(object, report)
    }

    fn names(&self, object: &ObjectRef, report: &ClientReport) -> bool {
        let holds = |text: &str| text.to_lowercase().contains(&self.text);
        self.text.is_empty()
            || holds(&object.to_string())
            || report
                .row
                .as_ref()
                .is_some_and(|row| holds(&row.display_name) || holds(row.client_id.as_str()))
    }

    /// The query of another page of the same list.
    fn query(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let object = |object: &Option<ObjectRef>| object.as_ref().map(ToString::to_string);
        let all = [
            ("q", Some(self.text.clone()).filter(|text| !text.is_empty())),
            ("verdict", self.verdict.map(|verdict| verdict.word().to_owned())),
            ("type", self.client_type.map(|client_type| client_type.as_str().to_owned())),
            ("policy", object(&self.policy)),
            ("violates", object(&self.violates)),
            ("page", Some(page.to_string())),
        ];
        for (name, value) in all {
            query.extend_pairs(value.map(|value| (name, value)));
        }
        format!("/clients?{}", query.finish())
    }
}

/// Does the policy govern the client, or look at it in Audit?
pub fn governs(policy: &ObjectRef, report: &ClientReport) -> bool {
    let merged = report.merged.as_ref().map(|merged| merged.marks());
    let marks = merged.or_else(|| report.row.as_ref().map(|row| &row.policies));
    let mut all = marks.into_iter().flat_map(|marks| marks.iter()).chain(report.audits.iter());
    all.any(|mark| mark.policy == *policy)
}

/// Does the policy take something from the client, or would it?
fn takes_from(policy: &ObjectRef, report: &ClientReport) -> bool {
    let mut all = report.findings.iter().chain(&report.audit);
    all.any(|finding: &Finding| finding.is_violation() && finding.policy.as_ref() == Some(policy))
}

/// How many clients have each verdict, worst first; verdicts that none has are left out.
pub fn counts(report: &Report) -> Vec<(Verdict, usize)> {
    let count = |verdict| report.clients.values().filter(|client| client.verdict == verdict).count();
    VERDICTS.iter().map(|verdict| (*verdict, count(*verdict))).filter(|(_, count)| *count > 0).collect()
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

#[derive(askama::Template)]
#[template(path = "console_clients.html")]
struct Clients {
    layout: Layout,
    text: String,
    verdicts: Vec<Choice>,
    types: Vec<Choice>,
    policy: Option<String>,
    violates: Option<String>,
    filtered: bool,
    clients: Vec<ClientLine>,
    paging: Paging,
    previous: Option<String>,
    next: Option<String>,
}

/// Answers with the page.
pub fn page(visit: &Visit<'_>) -> Outcome {
    let query = visit.query();
    let broken = |_| {
        Problem::new(StatusCode::BAD_REQUEST, "The address cannot be read", "Start from the list of clients.")
    };
    let params = query.params().map_err(broken)?;
    let filter = Filter {
        text: params.get("q").unwrap_or_default().trim().to_lowercase().chars().take(200).collect(),
        verdict: params.get("verdict").and_then(|word| VERDICTS.iter().copied().find(|v| v.word() == word)),
        client_type: params.get("type").and_then(ClientType::parse),
        policy: params.get("policy").and_then(ObjectRef::parse),
        violates: params.get("violates").and_then(ObjectRef::parse),
    };
    let report = &visit.shown.view.report;
    let kept = || report.clients.iter().filter(|(object, client)| filter.keeps(object, client));
    let paging = Paging::of(params.get("page"), kept().count());
    let clients = kept().skip(paging.skipped()).take(PAGE);
    let verdicts = counts(report).into_iter().map(|(verdict, count)| Choice {
        value: verdict.word(),
        label: format!("{} ({count})", verdict.word()),
        chosen: filter.verdict == Some(verdict),
    });
    let types = ClientType::ALL.iter().map(|client_type| Choice {
        value: client_type.as_str(),
        label: client_type.as_str().to_owned(),
        chosen: filter.client_type == Some(*client_type),
    });
    let page = Clients {
        layout: Layout::of(visit, Section::Clients),
        text: params.get("q").unwrap_or_default().chars().take(200).collect(),
        verdicts: verdicts.collect(),
        types: types.collect(),
        policy: filter.policy.as_ref().map(ToString::to_string),
        violates: filter.violates.as_ref().map(ToString::to_string),
        filtered: filter.query(1) != Filter::default().query(1),
        clients: clients.map(|(object, client)| ClientLine::of(visit, object, client)).collect(),
        previous: paging.previous().map(|page| filter.query(page)),
        next: paging.next().map(|page| filter.query(page)),
        paging,
    };
    Ok(visit.page(StatusCode::OK, &page))
}
