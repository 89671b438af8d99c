//! `nauthera compile`: what a server would serve, as a file.

use crate::args::CompileArgs;
use crate::clock::{SystemClock, SystemEntropy};
use crate::data::{DataFolder, digest_key};
use crate::engine::{Choice, Engine};
use crate::output::{self, Ui};
use anyhow::{Context, Result};
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::{Finding, Place, Severity};
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::snapshot::Snapshot;
use nauthera_server::keys::write_private;
use std::sync::Arc;

/// Compiles; whether something was found.
pub fn run(args: &CompileArgs, ui: &Ui) -> Result<bool> {
    let manifests = Manifests::read(&args.paths);
    let (snapshot, report, mut findings) = if args.no_credentials {
        without_credentials(args, &manifests)?
    } else {
        with_credentials(args, &manifests)?
    };
    if snapshot.is_none() && findings.is_empty() {
        findings.push(Finding::new(Code::NothingToServe, "there is nothing to serve"));
    }
    for text in output::findings(&manifests, &report, &findings) {
        ui.say(&text);
    }
    let Some(snapshot) = snapshot else { return Ok(true) };
    if let Some(path) = &args.output {
        write_private(path, &snapshot.to_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
        let clients = snapshot.clients.len();
        ui.say(&format!("{}: {clients} clients, revision {}", path.display(), snapshot.revision()));
    }
    if args.print {
        let value: serde_json::Value = serde_json::from_slice(&snapshot.to_bytes())?;
        ui.line(&serde_json::to_string_pretty(&value)?)?;
    }
    let faults = manifests.findings().iter().any(|found| found.finding.severity == Severity::Error);
    Ok(faults
        || report.has(Severity::Error)
        || findings.iter().any(|finding| finding.severity == Severity::Error))
}

type Compiled = (Option<Arc<Snapshot>>, nauthera_core::report::Report, Vec<Finding>);

fn with_credentials(args: &CompileArgs, manifests: &Manifests) -> Result<Compiled> {
    let data = DataFolder::open(&args.data)?;
    let key = digest_key(&data.keys()?, &SystemEntropy)?;
    let choice = Choice { server: args.server.clone(), issuer: None };
    let mut engine =
        Engine::new(data, &key, choice, Arc::new(SystemClock::start()), Arc::new(SystemEntropy))?;
    let turn = engine.turn(manifests)?;
    engine.keep(&turn)?;
    Ok((turn.snapshot, turn.compiled.report, turn.findings))
}

/// Compiles what needs no secret: nothing is read or kept beside the manifests.
fn without_credentials(args: &CompileArgs, manifests: &Manifests) -> Result<Compiled> {
    let inventory = manifests.inventory();
    let compiled = compile(&inventory);
    let mut findings = Vec::new();
    let mut servers = compiled.snapshots.iter();
    let picked = match &args.server {
        Some(server) => compiled.snapshots.get_key_value(server),
        None => servers.next(),
    };
    if args.server.is_none() && servers.next().is_some() {
        anyhow::bail!("there are several AuthServers: pick one with --server NAMESPACE/NAME");
    }
    let snapshot = picked.map(|(_, snapshot)| {
        let left_out = |object: &ObjectRef| {
            Finding::new(Code::CredentialsLeftOut, format!("client `{object}` is left out: it has a secret"))
                .at(Place::new(Kind::AuthClient, object, ""), "left out")
                .help("compile without --no-credentials to include it")
        };
        let (out, kept): (Vec<_>, Vec<_>) =
            snapshot.clients.iter().partition(|(_, row)| row.authentication.method.uses_secret());
        findings.extend(out.iter().map(|(_, row)| left_out(&row.object)));
        let clients = kept.into_iter().map(|(id, row)| (id.clone(), row.clone())).collect();
        Arc::new(Snapshot { head: snapshot.head.clone(), clients })
    });
    Ok((snapshot, compiled.report, findings))
}
