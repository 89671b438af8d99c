//! `nauthera crds`: the custom resource definitions, for `kubectl apply`.

use crate::args::{CrdFormat, CrdsArgs};
use crate::exit::Exit;
use crate::output::Ui;
use anyhow::Result;
use nauthera_api::crds::{crds, crds_yaml};
use serde_json::json;

/// Prints all four.
pub fn run(args: &CrdsArgs, ui: &Ui) -> Result<Exit> {
    match args.format {
        CrdFormat::Yaml => ui.raw(crds_yaml().as_bytes())?,
        CrdFormat::Json => {
            let list = json!({ "apiVersion": "v1", "kind": "List", "items": crds() });
            ui.line(&serde_json::to_string_pretty(&list)?)?;
        }
    }
    Ok(Exit::Done)
}
