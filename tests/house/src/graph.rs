//! Who depends on whom, as cargo resolves it.
//!
//! Two views, because they answer two questions. `cargo metadata` says what each manifest of ours names: the direct
//! edges. `cargo tree -p PACKAGE` says what really stands under one package: it resolves features for that package
//! alone, as a build of it does, while the resolve graph of `cargo metadata` mixes in what other members and their
//! tests switch on. Which edges are allowed is left to [`crate::rooms`].

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Outcome, files};

/// The platform that is judged, whatever machine the tests run on: the one the binary is shipped for.
pub const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// For what a dependency is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the compiled crate.
    Normal,
    /// In its build script.
    Build,
    /// In its tests, examples and benches.
    Dev,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package name, not the name it may have been given in the manifest.
    pub name: String,
    /// The table it stands in.
    pub kind: Kind,
}

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its package name.
    pub name: String,
    /// Its folder, relative to the root of the workspace.
    pub folder: PathBuf,
    /// Every dependency its manifest names.
    pub dependencies: Vec<Dependency>,
}

impl Package {
    /// Whether it lives under `crates/`, so that it is (part of) what is shipped.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.folder.starts_with("crates")
    }
}

/// The members of the workspace, from `cargo metadata`.
///
/// # Errors
/// When cargo fails (a lock file that is not up to date, for one) or answers something else than its format 1.
pub fn members() -> Outcome<Vec<Package>> {
    let answer = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"])?;
    let root = files::root()?;
    parse_metadata(&answer, &root)
}

/// Reads the packages out of the JSON of `cargo metadata --no-deps`.
///
/// # Errors
/// A sentence that names the member of the JSON that is missing.
pub fn parse_metadata(json: &str, root: &Path) -> Outcome<Vec<Package>> {
    let value: Value = serde_json::from_str(json).map_err(|e| format!("cargo metadata is not JSON: {e}"))?;
    list(&value, "packages")?.iter().map(|package| parse_package(package, root)).collect()
}

fn parse_package(package: &Value, root: &Path) -> Outcome<Package> {
    let manifest = PathBuf::from(string(package, "manifest_path")?);
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let folder = folder.ok_or_else(|| format!("{} is outside the workspace", manifest.display()))?;
    let dependencies = list(package, "dependencies")?;
    Ok(Package {
        name: string(package, "name")?,
        folder: folder.to_path_buf(),
        dependencies: dependencies.iter().map(parse_dependency).collect::<Outcome<_>>()?,
    })
}

fn parse_dependency(dependency: &Value) -> Outcome<Dependency> {
    let kind = match dependency.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => return Err(format!("cargo metadata knows a kind of dependency we do not: {other}")),
    };
    Ok(Dependency { name: string(dependency, "name")?, kind })
}

fn list<'a>(value: &'a Value, key: &str) -> Outcome<&'a Vec<Value>> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| format!("cargo metadata has no list {key:?}"))
}

fn string(value: &Value, key: &str) -> Outcome<String> {
    let found = value.get(key).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("cargo metadata has no string {key:?}"))
}

/// A package somewhere under another one, and the first way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its package name.
    pub name: String,
    /// Its version, without the leading `v`.
    pub version: String,
    /// The packages from the top of the tree down to this one, both included.
    pub path: Vec<String>,
}

impl Node {
    /// The way to this package in one line: `nauthera-core > croner > jiff 0.2.1`.
    #[must_use]
    pub fn way(&self) -> String {
        format!("{} {}", self.path.join(" > "), self.version)
    }
}

/// Everything compiled into `package` for [`PLATFORM`], itself first. Macros and build scripts are left out: they run
/// while it is built and are not in it.
///
/// # Errors
/// When cargo fails or prints a line that is not a package.
pub fn tree(package: &str) -> Outcome<Vec<Node>> {
    let edges = "normal,no-proc-macro";
    let command = ["tree", "--locked", "-p", package, "--target", PLATFORM, "-e", edges, "--prefix", "depth"];
    parse_tree(&cargo(&command)?)
}

/// Reads `cargo tree --prefix depth`: each line is a depth, a name and a version, such as `2serde v1.0.0`.
///
/// # Errors
/// The line that does not have this form.
pub fn parse_tree(text: &str) -> Outcome<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut above: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let strange = || format!("cargo tree printed a line that is not a package: {line:?}");
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth = line.strip_suffix(rest).and_then(|digits| digits.parse::<usize>().ok());
        let depth = depth.filter(|depth| *depth <= above.len()).ok_or_else(strange)?;
        let mut words = rest.split_whitespace();
        let name = words.next().ok_or_else(strange)?.to_owned();
        let version = words.next().and_then(|word| word.strip_prefix('v')).ok_or_else(strange)?.to_owned();
        above.truncate(depth);
        above.push(name.clone());
        nodes.push(Node { name, version, path: above.clone() });
    }
    if nodes.is_empty() { Err("cargo tree printed no package".to_owned()) } else { Ok(nodes) }
}

fn cargo(arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(files::root()?).env("CARGO_TERM_COLOR", "never");
    let output = command.output().map_err(|e| format!("cargo does not start: {e}"))?;
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {} failed: {talk}", arguments.join(" ")));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("cargo printed what is not UTF-8: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{"packages": [{
        "name": "nauthera-store", "manifest_path": "/tree/crates/store/Cargo.toml",
        "dependencies": [
            {"name": "rusqlite", "kind": null},
            {"name": "cc", "kind": "build"},
            {"name": "tempfile", "kind": "dev"}
        ]
    }]}"#;

    #[test]
    fn metadata_gives_folder_and_kinds() {
        let packages = parse_metadata(METADATA, Path::new("/tree")).unwrap();
        let store = &packages[0];
        assert_eq!(store.folder, Path::new("crates/store"));
        assert!(store.is_room());
        let kinds: Vec<Kind> = store.dependencies.iter().map(|d| d.kind).collect();
        assert_eq!(kinds, [Kind::Normal, Kind::Build, Kind::Dev]);
    }

    #[test]
    fn metadata_of_another_shape_is_an_error() {
        assert!(parse_metadata("{}", Path::new("/tree")).is_err());
    }

    #[test]
    fn a_tree_line_remembers_the_way_to_it() {
        let text = "0top v0.1.0 (/tree)\n1left v1.0.0\n2leaf v2.0.0\n1right v3.0.0\n2leaf v2.0.0 (*)\n";
        let nodes = parse_tree(text).unwrap();
        let ways: Vec<String> = nodes.iter().map(Node::way).collect();
        assert_eq!(ways[2], "top > left > leaf 2.0.0");
        assert_eq!(ways[3], "top > right 3.0.0");
        assert_eq!(ways[4], "top > right > leaf 2.0.0");
    }

    #[test]
    fn a_tree_line_without_depth_is_an_error() {
        assert!(parse_tree("serde v1.0.0").is_err());
        assert!(parse_tree("").is_err());
    }
}
