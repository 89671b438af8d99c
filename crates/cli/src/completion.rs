//! `nauthera completion`: a shell's completion script.

use crate::args::{Cli, CompletionArgs, called_as};
use crate::exit::Exit;
use crate::output::Ui;
use anyhow::Result;
use clap::CommandFactory;

/// Prints the script.
pub fn run(args: &CompletionArgs, ui: &Ui) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), called_as(), &mut script);
    ui.raw(&script)?;
    Ok(Exit::Done)
}
