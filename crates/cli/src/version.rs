//! `nauthera version`: what was built, from what, for what.

use crate::args::{Format, VersionArgs};
use crate::exit::Exit;
use crate::output::Ui;
use anyhow::Result;
use serde_json::json;

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit.
pub const COMMIT: &str = env!("NAUTHERA_COMMIT");
const TARGET: &str = env!("NAUTHERA_TARGET");

/// Prints it.
pub fn run(args: &VersionArgs, ui: &Ui) -> Result<Exit> {
    let (version, commit, target) = (VERSION, COMMIT, TARGET);
    match args.format {
        Format::Human => ui.line(&format!("nauthera {version}\ncommit   {commit}\ntarget   {target}"))?,
        Format::Json => {
            let document = json!({ "version": version, "commit": commit, "target": target });
            ui.line(&serde_json::to_string_pretty(&document)?)?;
        }
    }
    Ok(Exit::Done)
}
