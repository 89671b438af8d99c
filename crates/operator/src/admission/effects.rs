//! A policy or a server judged by what the change would do: everything is compiled with it once, and the difference is told in numbers,
//! with the first few names.

use super::answer::Answer;
use super::judge::{View, errors, with};
use crate::status::line;
use nauthera_api::objects::Judged;
use nauthera_core::codes::Code;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::plan::{Change, plan};

/// How many clients are named.
const NAMED: usize = 5;

pub(super) fn policy(judged: &Judged, view: &View<'_>, hints: Vec<String>) -> Answer {
    let compiled = compile(&with(view.inventory.clone(), judged));
    let report = compiled.report.policies.get(&judged.key.object);
    if let Some(report) = report.filter(|report| !report.accepted) {
        return Answer::refuse(errors(&report.findings));
    }
    let noted = report.into_iter().flat_map(|report| &report.findings).map(line);
    Answer::warn(hints.into_iter().chain(noted).chain(effects(view, &compiled)))
}

pub(super) fn server(judged: &Judged, view: &View<'_>, hints: Vec<String>) -> Answer {
    let compiled = compile(&with(view.inventory.clone(), judged));
    let report = compiled.report.servers.get(&judged.key.object);
    // That a policy freezes it is told where the policy is.
    let noted = report.into_iter().flat_map(|report| &report.findings);
    let noted = noted.filter(|finding| finding.code != Code::ServerFrozen).map(line);
    Answer::warn(hints.into_iter().chain(noted).chain(effects(view, &compiled)))
}

fn effects(view: &View<'_>, compiled: &Compiled) -> Vec<String> {
    let changes = plan(view.report, &compiled.report);
    let told = |what, is: fn(&Change) -> bool| effect(what, changes.iter().filter(|change| is(change)));
    let effects = [
        told("refuses", Change::refuses),
        told("narrows", Change::narrows),
        told("widens what it has of", Change::widens),
    ];
    effects.into_iter().flatten().collect()
}

fn effect<'c>(what: &str, clients: impl Iterator<Item = &'c Change>) -> Option<String> {
    let names: Vec<String> = clients.map(|change| change.client.to_string()).collect();
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let clients = if names.len() == 1 { "client" } else { "clients" };
    let plan = "nauthera plan shows each setting";
    (!names.is_empty())
        .then(|| format!("this change {what} {} {clients}: {named}{more}; {plan}", names.len()))
}
