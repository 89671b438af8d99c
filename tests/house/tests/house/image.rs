//! The image and the chart are of the version, the Rust and the user that the tree has.

use std::fs::read_to_string;

use nauthera_house::files::root;
use nauthera_house::graph::members;
use nauthera_house::image::{unfit, value};
use nauthera_house::{Outcome, verdict};

fn text(path: &str) -> Outcome<String> {
    read_to_string(root()?.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))
}

fn told(path: &str, key: &str) -> Outcome<String> {
    value(&text(path)?, key).map(str::to_owned).ok_or_else(|| format!("{path} says no {key}"))
}

#[test]
fn the_image_is_of_the_rust_the_version_and_the_user_that_the_tree_has() -> Outcome<()> {
    let (rust, version) = (told("Cargo.toml", "rust-version")?, told("Cargo.toml", "version")?);
    let user = told("crates/operator/src/names.rs", "pub const USER: i64")?.replace('_', "");
    verdict("the Dockerfile is in step", &unfit(&text("Dockerfile")?, &rust, &version, &user))
}

#[test]
fn the_chart_is_of_the_version_of_the_binary() -> Outcome<()> {
    let version = told("Cargo.toml", "version")?;
    let keys = ["version", "appVersion"];
    let charts = keys.map(|key| told("deploy/helm/nauthera/Chart.yaml", key));
    let findings: Vec<String> = charts
        .into_iter()
        .zip(keys)
        .filter(|(said, _)| said.as_ref() != Ok(&version))
        .map(|(said, key)| format!("deploy/helm/nauthera/Chart.yaml: {key} is {said:?}, not {version}"))
        .collect();
    verdict("chart, operator and servers are released together", &findings)
}

/// Cargo reads the manifest of every member, whichever it builds.
#[test]
fn every_member_of_the_workspace_is_in_the_context_of_the_image() -> Outcome<()> {
    let ignored = text(".dockerignore")?;
    let kept: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let members = members()?.into_iter().map(|member| member.folder);
    let lost: Vec<String> = members
        .filter(|folder| !kept.iter().any(|kept| folder.starts_with(kept)))
        .map(|folder| format!("{} is not", folder.display()))
        .collect();
    verdict(".dockerignore lets every member in", &lost)
}
