//! The one binary, `nauthera`: a command line over the engine and the server. Each command is a module; what they share
//! is how arguments are read (`args`), how people and machines are told (`output`) and how a process ends (`exit`).

mod args;
mod background;
mod check;
mod clock;
mod cluster;
mod compile;
mod completion;
mod crds;
mod data;
mod descriptors;
mod destination;
mod doctor;
mod engine;
mod exit;
mod explain;
mod hash_password;
mod logging;
mod operator;
mod output;
mod paths;
mod plan;
mod reference;
mod serve;
mod server;
mod sources;
mod store;
mod up;
mod version;

use anyhow::{Context, Result};
use args::{Cli, Command};
use exit::Exit;
use nauthera_server::app::LogFilter;
use output::Ui;
use std::process::ExitCode;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::of_process();
    let ui = Ui::of_process();
    match run(&cli.command, &ui) {
        Ok(exit) => exit.into(),
        Err(error) => {
            ui.error(&error);
            ExitCode::from(exit::FAILED)
        }
    }
}

fn run(command: &Command, ui: &Ui) -> Result<Exit> {
    match command {
        Command::Up(args) => serving("warn", |_| up::run(args, ui)),
        Command::Server(args) => serving("info", |log| server::run(args, ui, log)),
        Command::Operator(args) => serving("info", |_| operator::run(args, ui)),
        Command::Doctor(args) => doctor::run(args, ui),
        Command::Store(args) => store::run(args, ui),
        Command::Compile(args) => compile::run(args, ui),
        Command::Check(args) => check::run(args, ui),
        Command::Plan(args) => plan::run(args, ui),
        Command::Explain(args) => explain::run(args, ui),
        Command::Crds(args) => crds::run(args, ui),
        Command::HashPassword(args) => hash_password::run(args, ui),
        Command::Completion(args) => completion::run(args, ui),
        Command::Version(args) => version::run(args, ui),
        Command::Reference(args) => reference::run(args, ui),
    }
}

/// Runs a command that serves until it is told to stop; `level` is its log's, where the environment names none.
fn serving<F>(level: &str, command: impl FnOnce(Arc<dyn LogFilter>) -> F) -> Result<Exit>
where
    F: Future<Output = Result<()>>,
{
    // The one TLS stack; an error only says that it is chosen already.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let telemetry = logging::start(level);
    let outcome = threads()?.block_on(command(telemetry.filter()));
    telemetry.end();
    outcome.map(|()| Exit::Done)
}

/// What asynchronous work runs on.
fn threads() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("no threads can be started")
}
