//! `nauthera check`: manifests judged without a cluster. The rules are core's and the schema's; what is decided here is how
//! much a finding weighs when another repository may hold what is missing.

use crate::args::{CheckArgs, JudgeFormat};
use crate::exit::Exit;
use crate::output::{self, Case, Cases, Ui, Weight, json, junit, sarif};
use crate::paths::must_be_readable;
use anyhow::Result;
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::{Report, Verdict};
use nauthera_core::spec::{AllowedNamespaces, ClientSpec, Selector};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Judges and prints.
pub fn run(args: &CheckArgs, ui: &Ui) -> Result<Exit> {
    must_be_readable(&args.paths)?;
    let manifests = Manifests::read(&args.paths);
    let judged = Judged::of(&manifests);
    let fails = |case: &Case| match case.weight() {
        Weight::Error | Weight::Violation => true,
        Weight::Warning => args.deny_warnings,
        Weight::Note => false,
    };
    match args.format {
        JudgeFormat::Human => {
            for case in judged.cases.iter() {
                ui.line(&format!("{}\n", output::render(&manifests, case)))?;
            }
        }
        JudgeFormat::Json => ui.line(&serde_json::to_string_pretty(&judged.document(&manifests))?)?,
        JudgeFormat::Sarif => {
            let fallback = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
            ui.line(&serde_json::to_string_pretty(&sarif::log(&manifests, &judged.cases, fallback))?)?;
        }
        JudgeFormat::Junit => ui.raw(junit::document(&manifests, &judged.cases, fails).as_bytes())?,
    }
    judged.conclude(ui);
    Ok(Exit::found_if(judged.cases.iter().any(fails)))
}

struct Judged {
    cases: Cases,
    inventory: Inventory,
    report: Report,
}

/// What `--format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: &'static str,
    checked: Checked,
    complete: bool,
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
    fn of(manifests: &Manifests) -> Self {
        let inventory = manifests.inventory();
        // Nothing is served here, so what can be read is judged by itself.
        let report = compile(&Inventory { incomplete: false, ..inventory.clone() }).report;
        let kept = |finding: &Finding| !inventory.incomplete || finding.code == Code::ExampleFails;
        let findings = report.findings().filter(|finding| kept(finding)).cloned();
        let cases =
            Cases::of(manifests, findings.filter_map(|finding| weighed(finding, &inventory, &report)));
        Self { cases, inventory, report }
    }

    fn document(&self, manifests: &Manifests) -> Document {
        Document {
            version: env!("CARGO_PKG_VERSION"),
            checked: Checked {
                auth_servers: self.inventory.servers.len(),
                auth_policies: self.inventory.policies.len(),
                user_stores: self.inventory.stores.len(),
                auth_clients: self.inventory.clients.len(),
            },
            complete: !self.inventory.incomplete && self.not_judged() == 0,
            counts: json::Counts::of(&self.cases),
            findings: json::views(manifests, &self.cases),
        }
    }

    /// Clients whose policies are not known, since one of them is not accepted.
    fn not_judged(&self) -> usize {
        let frozen =
            |server: &ObjectRef| self.report.servers.get(server).is_some_and(|s| !s.frozen_by.is_empty());
        let waits = |verdict: Verdict| verdict == Verdict::Waiting;
        let clients = self.report.clients.values();
        clients.filter(|client| waits(client.verdict) && client.server.as_ref().is_some_and(frozen)).count()
    }

    fn conclude(&self, ui: &Ui) {
        let inventory = &self.inventory;
        if inventory.incomplete {
            ui.say("references and policies are judged once every file can be read");
        }
        if let waiting @ 1.. = self.not_judged() {
            let clients = output::count(waiting, "client is", "clients are");
            ui.say(&format!("{clients} not judged: a policy over them is not accepted"));
        }
        let nothing = inventory.servers.is_empty()
            && inventory.policies.is_empty()
            && inventory.stores.is_empty()
            && inventory.clients.is_empty();
        if nothing && self.cases.is_empty() {
            ui.say("note: nothing to check: there is no object of auth.nauthera.io among the paths");
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

/// The finding as it weighs where another repository may hold what is missing; `None` for what only a running server knows.
fn weighed(finding: Finding, inventory: &Inventory, report: &Report) -> Option<Finding> {
    let warning = |finding: Finding, note: &str| Some(finding.weighing(Severity::Warning).note(note));
    let client = finding.subject().filter(|key| key.kind == Kind::AuthClient).map(|key| key.object.clone());
    let spec = client
        .as_ref()
        .and_then(|name| inventory.clients.get(name))
        .and_then(|object| object.spec.as_deref());
    let (Some(client), Some(spec)) = (client, spec) else { return Some(finding) };
    match finding.code {
        _ if finding.policy.as_ref().is_some_and(|policy| may_not_govern(report, &client, policy)) => {
            // What a client asks beyond a policy counts by its code, whatever it weighs.
            let guess =
                if finding.code.as_str().starts_with("NA02") { Severity::Note } else { Severity::Warning };
            Some(finding.weighing(guess))
        }
        Code::ClientWaiting => None,
        Code::ServerNotFound if !inventory.servers.contains_key(&spec.server) => {
            let finding = match near(&spec.server, inventory) {
                Some(server) => finding.help(format!("did you mean {server}?")),
                None => finding,
            };
            warning(finding, "it is not among the paths; another repository may hold it")
        }
        Code::NoPolicy if !has_policies(inventory, &spec.server) => warning(
            finding,
            "no policy of that namespace is among the paths; another repository may hold them",
        ),
        Code::NoPolicy if may_govern(inventory, &client, spec) => warning(
            finding,
            "a policy may govern it by labels of its namespace, which is not among the paths",
        ),
        Code::NamespaceNotAllowed if may_be_admitted(inventory, &client, spec) => {
            warning(finding, "the labels of its namespace are not among the paths")
        }
        _ => Some(finding),
    }
}

/// A server that is there under nearly this name.
fn near<'i>(server: &ObjectRef, inventory: &'i Inventory) -> Option<&'i ObjectRef> {
    let wanted = server.to_string();
    let distance = |known: &&ObjectRef| strsim::damerau_levenshtein(&known.to_string(), &wanted);
    inventory.servers.keys().min_by_key(distance).filter(|known| distance(known) <= 2)
}

fn has_policies(inventory: &Inventory, server: &ObjectRef) -> bool {
    inventory.policies.keys().any(|policy| policy.namespace == server.namespace)
}

/// Is it unknown here whether the policy governs the client, since it looks at labels that are not among the paths?
fn may_not_govern(report: &Report, client: &ObjectRef, policy: &ObjectRef) -> bool {
    let merged = report.clients.get(client).and_then(|entry| entry.merged.as_ref());
    let mut governors = merged.iter().flat_map(|merged| &merged.governors);
    governors.any(|governor| governor.mark.policy == *policy && !governor.certain)
}

/// Could a policy select the client by namespace labels that are not known here?
fn may_govern(inventory: &Inventory, client: &ObjectRef, spec: &ClientSpec) -> bool {
    let known = inventory.namespaces.contains_key(&client.namespace);
    let by_labels = |selector: &Selector| {
        selector.namespace_selector.is_some()
            && selector.namespaces.as_ref().is_none_or(|list| list.contains(&client.namespace))
            && selector.clients.as_ref().is_none_or(|list| list.contains(client))
            && selector.types.as_ref().is_none_or(|list| list.contains(&spec.client_type))
    };
    let here = inventory.policies.iter().filter(|(policy, _)| policy.namespace == spec.server.namespace);
    let mut specs = here.filter_map(|(_, object)| object.spec.as_deref());
    !known && specs.any(|policy| policy.enforces() && policy.client_selector.as_ref().is_some_and(by_labels))
}

fn may_be_admitted(inventory: &Inventory, client: &ObjectRef, spec: &ClientSpec) -> bool {
    let server = inventory.servers.get(&spec.server).and_then(|object| object.spec.as_deref());
    let selects =
        server.is_some_and(|server| matches!(server.allowed_namespaces, AllowedNamespaces::Selector(_)));
    selects && !inventory.namespaces.contains_key(&client.namespace)
}
