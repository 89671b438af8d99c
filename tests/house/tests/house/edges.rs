//! The crates keep to their rooms.

use nauthera_house::graph::{members, tree};
use nauthera_house::rooms::{ROOMS, Room, judge_edges, judge_tree};
use nauthera_house::{Outcome, verdict};

#[test]
fn manifests_name_only_what_the_table_of_rooms_allows() -> Outcome<()> {
    verdict("edges between crates follow the table of rooms", &judge_edges(&members()?))
}

#[test]
fn nothing_forbidden_stands_under_a_room() -> Outcome<()> {
    let members = members()?;
    let mut findings = Vec::new();
    for room in ROOMS.iter().filter(|room| members.iter().any(|member| member.name == room.package)) {
        findings.extend(judge_tree(room, &tree(room.package)?));
    }
    verdict("each room is free of what it must never use", &findings)
}

#[test]
fn a_forbidden_package_would_be_found_in_a_real_tree() -> Outcome<()> {
    let strict = Room { package: "nauthera-core", uses: &[], never: &[&["serde_core"]] };
    let findings = judge_tree(&strict, &tree(strict.package)?);
    assert!(!findings.is_empty(), "the judge sees nothing in the tree of the core");
    Ok(())
}

#[test]
fn every_room_of_the_first_release_exists() -> Outcome<()> {
    let members = members()?;
    let later = ["nauthera-operator"];
    let wanted = ROOMS.iter().filter(|room| !later.contains(&room.package));
    let missing =
        wanted.filter(|room| !members.iter().any(|member| member.name == room.package && member.is_room()));
    let missing: Vec<String> = missing.map(|room| format!("{} is missing", room.package)).collect();
    verdict("every room is a member of the workspace", &missing)
}
