//! `nauthera plan`: what a change of manifests does to each client. The comparison is core's; here two folders are read, the new
//! one compiled over the old one's Snapshots (so that a freeze shows as one), and the changes printed.

mod document;
mod lines;

use crate::args::{Format, PlanArgs};
use crate::exit::Exit;
use crate::output::{self, Cases, Ui, Weight};
use crate::paths::must_be_readable;
use anyhow::{Result, bail};
use nauthera_api::manifests::Manifests;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::inventory::Inventory;
use nauthera_core::plan::{Change, Fate, plan};
use nauthera_core::report::Report;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Compares and prints.
pub fn run(args: &PlanArgs, ui: &Ui) -> Result<Exit> {
    for path in [&args.old, &args.new] {
        if path.as_os_str() == "cluster" {
            bail!(
                "plans against a cluster come with the operator; give a path (./cluster for a folder of that name)"
            );
        }
    }
    must_be_readable(&[args.old.clone(), args.new.clone()])?;
    let (old, new) = (read(&args.old), read(&args.new));
    let before = compiled(&old, "OLD", &args.old, Inventory::default(), ui)?;
    let over = Inventory { published: before.snapshots, ..Inventory::default() };
    let after = compiled(&new, "NEW", &args.new, over, ui)?;
    let changes = plan(&before.report, &after.report);
    let faults = faults(&new, &after.report);
    let totals = Totals::of(&changes);
    match args.format {
        Format::Human => {
            for change in &changes {
                ui.line(&lines::of_change(change, after.report.clients.get(&change.client)))?;
            }
            ui.line(&totals.words())?;
            for case in faults.iter() {
                ui.say(&format!("\n{}", output::render(&new, case)));
            }
        }
        Format::Json => {
            let document = document::Document::of(totals, &changes, &new, &faults);
            ui.line(&serde_json::to_string_pretty(&document)?)?;
        }
    }
    Ok(Exit::found_if(!faults.is_empty() || totals.refused + totals.narrowed + totals.widened > 0))
}

fn read(path: &PathBuf) -> Manifests {
    Manifests::read(std::slice::from_ref(path))
}

/// Compiles one side; `facts` has what is published. A side that cannot be read in full has no meaning here.
fn compiled(manifests: &Manifests, side: &str, path: &Path, facts: Inventory, ui: &Ui) -> Result<Compiled> {
    if manifests.is_incomplete() {
        for case in Cases::of(manifests, []).iter() {
            ui.say(&format!("{}\n", output::render(manifests, case)));
        }
        bail!("{side} ({}) cannot be read in full, so what the change does cannot be told", path.display());
    }
    Ok(compile(&Inventory { published: facts.published, ..manifests.inventory() }))
}

/// What is wrong with the new side itself: not with single clients, which the changes show.
fn faults(manifests: &Manifests, report: &Report) -> Cases {
    let servers = report.servers.values().flat_map(|server| &server.findings);
    let stores = report.stores.values().flat_map(|store| &store.findings);
    let policies = report.policies.values().flat_map(|policy| &policy.findings);
    let all = Cases::of(manifests, servers.chain(stores).chain(policies).cloned());
    all.weighing(Weight::Error)
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
