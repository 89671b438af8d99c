//! `nauthera compile`: what a server would serve, as a file.

use crate::args::{CompileArgs, Format};
use crate::clock::{SystemClock, SystemEntropy};
use crate::data::{DataFolder, digest_key};
use crate::destination::Destination;
use crate::engine::{Choice, Engine, is_hollow, pick};
use crate::exit::Exit;
use crate::output::{self, Case, Cases, Ui, Weight, json};
use crate::paths::must_be_readable;
use anyhow::{Result, bail};
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::Report;
use nauthera_core::snapshot::Snapshot;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// What came of the manifests.
struct Outcome {
    snapshot: Option<Arc<Snapshot>>,
    report: Report,
    findings: Vec<Finding>,
    /// Is there nothing to write but what nobody wants to serve: a server without the clients that it had before?
    hollow: bool,
}

/// What `--format json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: &'static str,
    /// Is there a Snapshot, and was it written or printed?
    written: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    clients: usize,
    counts: json::Counts,
    findings: Vec<json::FindingView>,
    /// With `--print`.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<serde_json::Value>,
}

/// Compiles, writes and prints.
pub fn run(args: &CompileArgs, ui: &Ui) -> Result<Exit> {
    let machine = args.format == Format::Json;
    if args.output == Some(Destination::Stdout) && (args.print || machine) {
        let other = if args.print { "--print" } else { "--format json" };
        bail!("`-o -` and `{other}` both write to stdout: take one of them");
    }
    must_be_readable(&args.paths)?;
    let manifests = Manifests::read(&args.paths);
    let mut outcome = if args.no_credentials {
        without_credentials(args, &manifests)
    } else {
        with_credentials(args, &manifests)?
    };
    if outcome.snapshot.is_none() && outcome.findings.is_empty() && !outcome.hollow {
        outcome.findings.push(Finding::new(Code::NothingToServe, "there is nothing to serve"));
    }
    let all = outcome.report.findings().chain(&outcome.findings).cloned();
    let cases = Cases::of(&manifests, all);
    if !machine {
        cases.iter().for_each(|case| ui.say(&output::render(&manifests, case)));
    }
    if outcome.hollow {
        ui.say(&nothing_is_written(args, manifests.is_incomplete()));
    }
    let snapshot = outcome.snapshot.filter(|_| !outcome.hollow);
    if let Some(snapshot) = &snapshot {
        write(args, snapshot, ui)?;
    }
    if machine {
        let document = document(args, snapshot.as_deref(), json::views(&manifests, &cases), &cases)?;
        ui.line(&serde_json::to_string_pretty(&document)?)?;
    }
    let counts = |case: &Case| matches!(case.weight(), Weight::Error | Weight::Violation);
    Ok(Exit::found_if(snapshot.is_none() || cases.iter().any(counts)))
}

fn document(
    args: &CompileArgs,
    snapshot: Option<&Snapshot>,
    findings: Vec<json::FindingView>,
    cases: &Cases,
) -> Result<Document> {
    let printed =
        snapshot.filter(|_| args.print).map(|snapshot| serde_json::from_slice(&snapshot.to_bytes()));
    Ok(Document {
        version: env!("CARGO_PKG_VERSION"),
        written: snapshot.is_some(),
        auth_server: snapshot.map(|snapshot| snapshot.head.server.to_string()),
        revision: snapshot.map(|snapshot| snapshot.revision().to_string()),
        clients: snapshot.map_or(0, |snapshot| snapshot.clients.len()),
        counts: json::Counts::of(cases),
        findings,
        snapshot: printed.transpose()?,
    })
}

fn write(args: &CompileArgs, snapshot: &Snapshot, ui: &Ui) -> Result<()> {
    if let Some(destination) = &args.output {
        destination.write(&snapshot.to_bytes(), ui)?;
        let clients = output::count(snapshot.clients.len(), "client", "clients");
        let shown = match destination {
            Destination::Stdout => Path::new("stdout"),
            Destination::Path(path) => path,
        };
        ui.say(&format!("{}: {clients}, revision {}", shown.display(), snapshot.revision()));
    }
    if args.print && args.format == Format::Human {
        let value: serde_json::Value = serde_json::from_slice(&snapshot.to_bytes())?;
        ui.line(&serde_json::to_string_pretty(&value)?)?;
    }
    Ok(())
}

/// Why a Snapshot without clients does not take the place of one with them, and what to do.
fn nothing_is_written(args: &CompileArgs, incomplete: bool) -> String {
    let why = if incomplete { "not everything can be read" } else { "its server is frozen" };
    let data = args.data.display();
    let (before, way) = if args.no_credentials {
        ("--no-credentials keeps nothing of what was served before".to_owned(), "compile without it")
    } else {
        (
            format!("{data} has nothing of what was served before"),
            "give the folder of the earlier run with --data",
        )
    };
    format!("nothing is written: {why}, and {before}; mend what is reported, or {way}")
}

fn with_credentials(args: &CompileArgs, manifests: &Manifests) -> Result<Outcome> {
    let data = DataFolder::open(&args.data)?;
    let key = digest_key(&data.keys()?, &SystemEntropy)?;
    let (server, private_fetch) = (args.server.clone(), args.allow_private_fetch);
    let choice = Choice { server, private_fetch, issuer: None };
    let mut engine =
        Engine::new(data, &key, choice, Arc::new(SystemClock::start()), Arc::new(SystemEntropy))?;
    let turn = engine.turn(manifests);
    engine.keep(&turn)?;
    let (snapshot, report) = (turn.snapshot, turn.compiled.report);
    Ok(Outcome { snapshot, report, findings: turn.findings, hollow: turn.hollow })
}

/// Compiles what needs no secret: nothing is read or kept beside the manifests.
fn without_credentials(args: &CompileArgs, manifests: &Manifests) -> Outcome {
    let inventory = Inventory { private_fetch: args.allow_private_fetch, ..manifests.inventory() };
    let compiled = compile(&inventory);
    let report = compiled.report;
    let server = match pick(args.server.as_ref(), &inventory, None) {
        Ok(server) => server,
        Err(finding) => return Outcome { snapshot: None, report, findings: vec![*finding], hollow: false },
    };
    let hollow = is_hollow(&server, &inventory, &report);
    let mut findings = Vec::new();
    let snapshot = compiled.snapshots.get(&server).map(|snapshot| {
        let (out, kept): (Vec<_>, Vec<_>) =
            snapshot.clients.iter().partition(|(_, row)| row.authentication.method.uses_secret());
        findings.extend(out.iter().map(|(_, row)| left_out(&row.object)));
        let clients = kept.into_iter().map(|(id, row)| (id.clone(), row.clone())).collect();
        Arc::new(Snapshot { head: snapshot.head.clone(), clients })
    });
    Outcome { snapshot, report, findings, hollow }
}

fn left_out(client: &ObjectRef) -> Finding {
    Finding::new(Code::CredentialsLeftOut, format!("client `{client}` is left out: it has a secret"))
        .at(Place::new(Kind::AuthClient, client, ""), "left out")
        .help("compile without --no-credentials to include it")
}
