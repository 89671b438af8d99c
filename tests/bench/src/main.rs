//! `nauthera-bench`: what the server does with a second of processor time, against a bare handler in the same run. It makes a
//! world, starts both as children on loopback, loads them, and reads what they cost from `/proc`.

mod args;
mod baseline;
mod kubernetes;
mod launcher;
mod load;
mod measure;
mod moment;
mod proc;
mod process;
mod rotator;
mod table;
mod wire;
mod work;
mod world;

use anyhow::{Context, Result, bail};
use args::{BenchArgs, Cli, Part};
use clap::Parser;
use process::Children;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The binary that is measured has the same one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.part {
        Some(Part::Baseline(args)) => baseline::run(args).map(|()| Vec::new()),
        Some(Part::Rotator(args)) => rotator::run(args).map(|()| Vec::new()),
        Some(Part::Kubernetes(args)) => kubernetes::run(args),
        None => bench(cli.bench),
    };
    let errors = outcome.unwrap_or_else(|error| vec![format!("{error:#}")]);
    errors.iter().for_each(|error| complain(error));
    if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures until all is measured or a signal comes. Either way no child and no folder is left.
fn bench(args: BenchArgs) -> Result<Vec<String>> {
    let folder = match &args.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("no folder for the worlds")?;
    let children = Children::default();
    let (path, its_children) = (folder.path().to_owned(), children.clone());
    let (done, outcome) = oneshot::channel();
    std::thread::spawn(move || done.send(measure::run(&args, &path, its_children)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            outcome = outcome => outcome.context("the measurements broke off")?,
            _ = terminate.recv() => bail!("told to stop"),
            _ = interrupt.recv() => bail!("told to stop"),
        }
    });
    children.end();
    outcome
}

#[expect(clippy::print_stderr, reason = "what is wrong goes to standard error")]
fn complain(error: &str) {
    eprintln!("error: {error}");
}
