//! `nauthera check`: manifests judged without a cluster, the objects of a cluster, or manifests laid over them. The rules are core's and
//! the schema's; what is decided here is what is told, and in `weigh` how much it counts where not all is known.

mod weigh;

use crate::args::{CheckArgs, JudgeFormat, Source};
use crate::cluster::{self, ClusterView};
use crate::exit::Exit;
use crate::output::{self, Case, Cases, Ui, Weight, json, junit, sarif};
use crate::sources::Sources;
use anyhow::{Result, bail};
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{Report, Verdict};
use serde::Serialize;
use std::path::Path;
use weigh::Weighing;

/// Judges and prints.
pub fn run(args: &CheckArgs, ui: &Ui) -> Result<Exit> {
    let sources = Sources::read(&args.paths, &args.cluster)?;
    if let Some(read) = sources.cluster.as_ref().filter(|read| !read.survey.has_objects()) {
        let why: Vec<String> = read.survey.unread.iter().take(1).map(cluster::unread_words).collect();
        bail!("nothing of {} may be read: {}", read.name, why.join(""));
    }
    let paths: Vec<&Path> = args.paths.iter().filter_map(Source::path).collect();
    let judged = Judged::of(&sources, !paths.is_empty());
    let fails = |case: &Case| match case.weight() {
        Weight::Error | Weight::Violation => true,
        Weight::Warning => args.deny_warnings,
        Weight::Note => false,
    };
    let manifests = &sources.manifests;
    match args.format {
        JudgeFormat::Human => {
            for case in judged.cases.iter() {
                ui.line(&format!("{}\n", output::render(manifests, case)))?;
            }
        }
        JudgeFormat::Json => ui.line(&serde_json::to_string_pretty(&judged.document(&sources))?)?,
        JudgeFormat::Sarif => {
            let fallback = paths.first().copied().unwrap_or(Path::new("."));
            ui.line(&serde_json::to_string_pretty(&sarif::log(manifests, &judged.cases, fallback))?)?;
        }
        JudgeFormat::Junit => {
            let cluster = sources.cluster.is_some();
            ui.raw(junit::document(manifests, cluster, &judged.cases, fails).as_bytes())?;
        }
    }
    judged.conclude(&sources, ui);
    Ok(Exit::found_if(judged.cases.iter().any(fails)))
}

struct Judged {
    cases: Cases,
    /// What was judged: of paths over a cluster what the paths hold.
    inventory: Inventory,
    report: Report,
    /// Findings on objects of the cluster that the paths have no part in.
    left_out: usize,
}

/// What `--format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: &'static str,
    checked: Checked,
    complete: bool,
    /// The cluster, where one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterView>,
    counts: json::Counts,
    findings: Vec<json::FindingView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    auth_servers: usize,
    auth_policies: usize,
    user_stores: usize,
    auth_clients: usize,
}

impl Judged {
    fn of(sources: &Sources, has_paths: bool) -> Self {
        let inventory = sources.inventory();
        let survey = sources.cluster.as_ref().map(|read| &read.survey);
        // Nothing is served here, so what can be read is judged by itself.
        let report = compile(&Inventory { incomplete: false, ..inventory.clone() }).report;
        let weighing = Weighing { inventory: &inventory, report: &report, survey };
        let kept = |finding: &Finding| !inventory.incomplete || finding.code == Code::ExampleFails;
        let findings = report.findings().filter(|finding| kept(finding)).cloned();
        let all = sources.cases(findings.filter_map(|finding| weighing.weighed(finding)));
        if !(has_paths && survey.is_some()) {
            return Self { cases: all, inventory, report, left_out: 0 };
        }
        let cases = all.filter(|case| concerns(sources, &case.finding));
        let left_out = all.iter().len() - cases.iter().len();
        Self { cases, inventory: sources.manifests.inventory(), report, left_out }
    }

    fn document(&self, sources: &Sources) -> Document {
        let cluster = sources.cluster.as_ref().map(ClusterView::of);
        Document {
            version: env!("CARGO_PKG_VERSION"),
            checked: Checked {
                auth_servers: self.inventory.servers.len(),
                auth_policies: self.inventory.policies.len(),
                user_stores: self.inventory.stores.len(),
                auth_clients: self.inventory.clients.len(),
            },
            complete: !self.inventory.incomplete
                && self.not_judged() == 0
                && cluster.as_ref().is_none_or(ClusterView::is_whole),
            cluster,
            counts: json::Counts::of(&self.cases),
            findings: json::views(&sources.manifests, &self.cases),
        }
    }

    /// Clients whose policies are not known, since one of them is not accepted.
    fn not_judged(&self) -> usize {
        let frozen =
            |server: &ObjectRef| self.report.servers.get(server).is_some_and(|s| !s.frozen_by.is_empty());
        let waits = |verdict: Verdict| matches!(verdict, Verdict::Waiting | Verdict::Frozen);
        let clients = self.report.clients.values();
        clients.filter(|client| waits(client.verdict) && client.server.as_ref().is_some_and(frozen)).count()
    }

    fn conclude(&self, sources: &Sources, ui: &Ui) {
        let inventory = &self.inventory;
        if inventory.incomplete {
            ui.say("references and policies are judged once every file can be read");
        }
        if let waiting @ 1.. = self.not_judged() {
            let clients = output::count(waiting, "client is", "clients are");
            ui.say(&format!("{clients} not judged: a policy over them is not accepted"));
        }
        if let Some(read) = &sources.cluster {
            let issuer = cluster::issuer_words(&read.survey, inventory);
            for note in cluster::not_judged(&read.survey, &self.cases).into_iter().chain(issuer) {
                ui.say(&format!("note: {note}"));
            }
        }
        if let left_out @ 1.. = self.left_out {
            let findings = output::count(left_out, "finding", "findings");
            ui.say(&format!(
                "note: {findings} on objects of the cluster alone: `nauthera check cluster` tells them"
            ));
        }
        let nothing = inventory.servers.is_empty()
            && inventory.policies.is_empty()
            && inventory.stores.is_empty()
            && inventory.clients.is_empty();
        if nothing && self.cases.is_empty() {
            let place = if sources.cluster.is_some() { "there" } else { "among the paths" };
            ui.say(&format!("note: nothing to check: there is no object of auth.nauthera.io {place}"));
            return;
        }
        ui.say(&format!("checked {}: {}", output::headline(inventory), self.counted()));
    }

    fn counted(&self) -> String {
        let counts = json::Counts::of(&self.cases);
        let parts = [
            (counts.errors, "error", "errors"),
            (counts.violations, "violation", "violations"),
            (counts.warnings, "warning", "warnings"),
            (counts.notes, "note", "notes"),
        ];
        let there = parts.iter().filter(|(number, ..)| *number > 0);
        let words: Vec<String> = there.map(|(number, one, many)| output::count(*number, one, many)).collect();
        if words.is_empty() { "nothing found".into() } else { words.join(", ") }
    }
}

/// Does a finding concern what the paths hold: is it about one of their objects, or does one of them break another?
fn concerns(sources: &Sources, finding: &Finding) -> bool {
    let manifests = &sources.manifests;
    let mut keys = finding.labels.iter().map(|label| &label.place.key);
    match finding.subject() {
        None => true,
        Some(subject) if manifests.has(subject) => true,
        // What a policy takes from clients of the cluster is what `plan` says.
        Some(_) if finding.severity != Severity::Error || finding.is_beyond_policy() => false,
        Some(_) => keys.any(|key| manifests.has(key)),
    }
}
