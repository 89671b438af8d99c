//! `nauthera plan`: what a change of manifests does to each client. The comparison is core's; here two sides are read, the new
//! one compiled over the old one's Snapshots (so that a freeze shows as one), and the changes printed.

mod document;
mod lines;
mod sides;

use crate::args::{Format, PlanArgs};
use crate::cluster::{self, CONTESTED, ClusterView, unread_words};
use crate::exit::Exit;
use crate::output::{self, Cases, Ui, Weight};
use crate::sources::Sources;
use anyhow::Result;
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::plan::{Change, Fate, plan};
use nauthera_core::report::{Report, Verdict};
use nauthera_operator::survey::{Part, Survey};
use serde::Serialize;
use sides::Sides;
use std::collections::HashSet;

/// Compares and prints.
pub fn run(args: &PlanArgs, ui: &Ui) -> Result<Exit> {
    let Sides { old, new, sources } = Sides::read(args, ui)?;
    let before = compile(&old);
    let after = compile(&Inventory { published: before.snapshots, ..new });
    let changes = plan(&before.report, &after.report);
    let faults = faults(&sources, &before.report, &after.report);
    let totals = Totals::of(&changes);
    match args.format {
        Format::Human => {
            for change in &changes {
                ui.line(&lines::of_change(change, after.report.clients.get(&change.client)))?;
            }
            ui.line(&totals.words())?;
            for case in faults.iter() {
                ui.say(&format!("\n{}", output::render(&sources.manifests, case)));
            }
        }
        Format::Json => {
            let cluster = sources.cluster.as_ref().map(ClusterView::of);
            let document = document::Document::of(totals, cluster, &changes, &sources.manifests, &faults);
            ui.line(&serde_json::to_string_pretty(&document)?)?;
        }
    }
    if let Some(read) = &sources.cluster {
        for doubt in doubts(&read.survey, [&before.report, &after.report]) {
            ui.say(&format!("note: {doubt}"));
        }
    }
    Ok(Exit::found_if(!faults.is_empty() || totals.refused + totals.narrowed + totals.widened > 0))
}

/// What is wrong with the new side itself: not with single clients, which the changes show. What was wrong in the cluster before, and
/// is none of the manifests', is no fault of the change.
fn faults(sources: &Sources, before: &Report, after: &Report) -> Cases {
    fn own(report: &Report) -> impl Iterator<Item = &Finding> {
        let servers = report.servers.values().flat_map(|server| &server.findings);
        let stores = report.stores.values().flat_map(|store| &store.findings);
        servers.chain(stores).chain(report.policies.values().flat_map(|policy| &policy.findings))
    }
    let all = sources.cases(own(after).cloned()).weighing(Weight::Error);
    let Some(read) = &sources.cluster else { return all };
    let known: HashSet<&Finding> = own(before).chain(read.survey.findings.values().flatten()).collect();
    all.filter(|case| {
        let subject = case.finding.subject();
        subject.is_some_and(|subject| sources.manifests.has(subject)) || !known.contains(&case.finding)
    })
}

/// What of the changes is a guess, since it may not be read.
fn doubts(survey: &Survey, reports: [&Report; 2]) -> Vec<String> {
    let has = |codes: &[Code]| {
        reports.iter().any(|report| report.findings().any(|finding| codes.contains(&finding.code)))
    };
    let waits = |report: &&Report| {
        report.clients.values().any(|client| {
            let named = client.server.as_ref().and_then(|server| report.servers.get(server));
            client.verdict == Verdict::Waiting
                && named.is_none_or(|server| !server.frozen_by.is_empty() || !server.served)
        })
    };
    let frozen = survey.unread_of(Part::Snapshots).next().filter(|_| reports.iter().any(waits));
    let frozen = frozen
        .map(|unread| format!("clients that wait here may be served as before: {}", unread_words(unread)));
    let held = cluster::held_words(survey, has(&CONTESTED));
    let owned = cluster::owned_words(survey, has(&[Code::SecretConflict]));
    frozen.into_iter().chain(held).chain(owned).collect()
}

/// How many clients a change touches, and how. One client can count several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// All that differ.
    changed: usize,
    /// New ones.
    added: usize,
    /// Those that are gone.
    removed: usize,
    /// Refused by the change.
    refused: usize,
    /// Served from now on, and not before.
    admitted: usize,
    /// With less than before, or a new one with less than it asks.
    narrowed: usize,
    /// With more than before.
    widened: usize,
}

impl Totals {
    fn of(changes: &[Change]) -> Self {
        let number = |holds: &dyn Fn(&Change) -> bool| changes.iter().filter(|change| holds(change)).count();
        Self {
            changed: changes.len(),
            added: number(&|change| change.fate == Fate::Added),
            removed: number(&|change| change.fate == Fate::Removed),
            refused: number(&Change::refuses),
            admitted: number(&|change| change.fate == Fate::Admitted),
            narrowed: number(&Change::narrows),
            widened: number(&Change::widens),
        }
    }

    fn words(self) -> String {
        if self.changed == 0 {
            return "no client changes".into();
        }
        let parts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.refused, "refused"),
            (self.admitted, "admitted"),
            (self.narrowed, "narrowed"),
            (self.widened, "widened"),
        ];
        let there = parts.iter().filter(|(number, _)| *number > 0);
        let words: Vec<String> = there.map(|(number, word)| format!("{number} {word}")).collect();
        let clients = output::count(self.changed, "client changes", "clients change");
        if words.is_empty() { clients } else { format!("{clients}: {}", words.join(", ")) }
    }
}
