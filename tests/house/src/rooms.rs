//! The table of rooms: which crate may use which, and what must never stand under it.
//!
//! It owns the rules as data and the judging of a graph by them; reading the graph is left to [`crate::graph`].
//! The table is the one of the architecture: a change here is a change of the architecture and wants a decision
//! record.

use crate::graph::{Kind, Node, Package};

/// One crate under `crates/`.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Its package name.
    pub package: &'static str,
    /// The crates of ours that its manifest may name.
    pub uses: &'static [&'static str],
    /// Patterns of packages that must not stand anywhere under it; a `*` at the end matches any rest.
    pub never: &'static [&'static [&'static str]],
}

/// Asynchronous run times.
const RUNTIME: &[&str] = &["tokio", "tokio-*", "async-std", "smol", "mio"];
/// All of Kubernetes: types and client.
const KUBERNETES: &[&str] = &["kube", "kube-*", "k8s-openapi"];
/// The part of `kube` that talks to an API server.
const KUBE_CLIENT: &[&str] = &["kube-client", "kube-runtime"];
/// HTTP servers and clients.
const HTTP: &[&str] = &["axum", "axum-*", "hyper", "hyper-*", "reqwest"];
/// Sources of randomness.
const RANDOMNESS: &[&str] = &["rand", "rand_*", "getrandom", "fastrand"];
/// What speaks to a database, or to what stands beside one.
pub const SQL: &[&str] = &[
    "rusqlite",
    "libsqlite3-sys",
    "tokio-postgres*",
    "postgres",
    "postgres-*",
    "deadpool*",
    "refinery*",
    "sqlx*",
    "diesel*",
    "redis",
    "fred",
];

/// The only rooms whose manifest may name a part of [`KUBERNETES`].
const KUBERNETES_ROOMS: &[&str] = &["nauthera-api", "nauthera-operator", "nauthera"];
/// The only room whose manifest may name a part of [`SQL`].
const SQL_ROOMS: &[&str] = &["nauthera-store"];

/// Every room there is or will be.
pub const ROOMS: &[Room] = &[
    Room { package: "nauthera-core", uses: &[], never: &[RUNTIME, KUBERNETES, SQL, HTTP, RANDOMNESS] },
    Room { package: "nauthera-api", uses: &["nauthera-core"], never: &[RUNTIME, KUBE_CLIENT, SQL, HTTP] },
    Room { package: "nauthera-store", uses: &["nauthera-core"], never: &[KUBERNETES, HTTP] },
    Room {
        package: "nauthera-identity",
        uses: &["nauthera-core", "nauthera-store"],
        never: &[KUBERNETES, &["axum", "axum-*"]],
    },
    Room {
        package: "nauthera-operator",
        uses: &["nauthera-core", "nauthera-api"],
        never: &[SQL, &["nauthera-store", "nauthera-server"]],
    },
    Room {
        package: "nauthera-server",
        uses: &["nauthera-core", "nauthera-store", "nauthera-identity"],
        never: &[KUBERNETES],
    },
    Room {
        package: "nauthera",
        uses: &[
            "nauthera-core",
            "nauthera-api",
            "nauthera-store",
            "nauthera-identity",
            "nauthera-operator",
            "nauthera-server",
        ],
        never: &[],
    },
];

/// Whether `name` is one of the packages that the patterns mean.
#[must_use]
pub fn matches(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *pattern == name,
    })
}

/// The findings about what the manifests of `members` name: an edge between rooms that the table does not have, a
/// room that it does not list, a driver named outside its room. Tests count: one that needs two rooms belongs to the
/// binary or to a crate under `tests/`.
#[must_use]
pub fn judge_edges(members: &[Package]) -> Vec<String> {
    members.iter().filter(|member| member.is_room()).flat_map(|member| judge_room(member, members)).collect()
}

fn judge_room(member: &Package, members: &[Package]) -> Vec<String> {
    let name = member.name.as_str();
    let Some(room) = ROOMS.iter().find(|room| room.package == name) else {
        return vec![format!("{name} ({}) is not in the table of rooms", member.folder.display())];
    };
    let is_ours = |wanted: &str| members.iter().any(|other| other.name == wanted);
    // Parts to test against stand in no room, and in nothing that is shipped.
    let is_part = |wanted: &str| members.iter().any(|other| other.name == wanted && !other.is_room());
    let mut findings = Vec::new();
    for dependency in &member.dependencies {
        let to = dependency.name.as_str();
        let for_tests = dependency.kind == Kind::Dev && is_part(to);
        if is_ours(to) && !for_tests && !room.uses.contains(&to) {
            findings.push(format!("{name} must not use {to} ({:?})", dependency.kind));
        }
        if matches(KUBERNETES, to) && !KUBERNETES_ROOMS.contains(&name) {
            findings
                .push(format!("{name} names {to}: Kubernetes belongs to {}", KUBERNETES_ROOMS.join(", ")));
        }
        if matches(SQL, to) && !SQL_ROOMS.contains(&name) {
            findings.push(format!("{name} names {to}: databases belong to {}", SQL_ROOMS.join(", ")));
        }
    }
    findings
}

/// The findings about what stands under `room`, given its whole tree.
#[must_use]
pub fn judge_tree(room: &Room, tree: &[Node]) -> Vec<String> {
    let forbidden = |node: &&Node| room.never.iter().any(|patterns| matches(patterns, &node.name));
    tree.iter().filter(forbidden).map(|node| format!("must not be reached: {}", node.way())).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::graph::{Dependency, Kind, parse_tree};

    fn package(name: &str, folder: &str, uses: &[&str]) -> Package {
        let dependencies =
            uses.iter().map(|name| Dependency { name: (*name).to_owned(), kind: Kind::Normal }).collect();
        Package { name: name.to_owned(), folder: PathBuf::from(folder), dependencies }
    }

    #[test]
    fn an_edge_that_the_table_lacks_is_found() {
        let server = package("nauthera-server", "crates/server", &["nauthera-api", "nauthera-core"]);
        let api = package("nauthera-api", "crates/api", &["nauthera-core"]);
        let core = package("nauthera-core", "crates/core", &[]);
        let findings = judge_edges(&[server, api, core]);
        assert_eq!(findings, ["nauthera-server must not use nauthera-api (Normal)"]);
    }

    #[test]
    fn a_room_that_the_table_lacks_is_found() {
        assert_eq!(judge_edges(&[package("nauthera-extra", "crates/extra", &[])]).len(), 1);
    }

    #[test]
    fn a_crate_for_tests_may_use_any_room() {
        let suite = package("nauthera-suite", "tests/suite", &["nauthera-server", "kube", "rusqlite"]);
        assert_eq!(judge_edges(&[suite]), Vec::<String>::new());
    }

    #[test]
    fn a_driver_outside_its_room_is_found() {
        let findings =
            judge_edges(&[package("nauthera-server", "crates/server", &["rusqlite", "kube-client"])]);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn what_is_reached_through_others_is_found_with_the_way_to_it() {
        let tree = parse_tree("0nauthera-core v0.1.0\n1some v1.0.0\n2tokio v1.54.1\n").unwrap();
        let findings = judge_tree(&ROOMS[0], &tree);
        assert_eq!(findings, ["must not be reached: nauthera-core > some > tokio 1.54.1"]);
    }

    #[test]
    fn a_star_matches_any_rest_and_nothing_else_does() {
        assert!(matches(&["kube-*"], "kube-client"));
        assert!(!matches(&["kube"], "kube-client"));
    }
}
