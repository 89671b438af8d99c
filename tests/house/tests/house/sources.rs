//! The files of the tree keep to the style.

use std::path::PathBuf;

use nauthera_house::files::{SourceFile, all, root};
use nauthera_house::graph::members;
use nauthera_house::{Outcome, papers, security, text, verdict};

fn hold(rule: &str, judge: fn(&SourceFile) -> Vec<String>) -> Outcome<()> {
    let findings: Vec<String> = all()?.iter().flat_map(judge).collect();
    verdict(rule, &findings)
}

#[test]
fn no_file_of_code_is_longer_than_its_limit() -> Outcome<()> {
    hold("files of code are short", text::too_long)
}

#[test]
fn no_function_in_go_is_longer_than_its_limit() -> Outcome<()> {
    hold("functions are short", text::too_long_function)
}

#[test]
fn no_file_or_module_has_a_vague_name() -> Outcome<()> {
    hold("names say what is inside", text::vague_name)
}

#[test]
fn no_lint_is_silenced_without_a_reason() -> Outcome<()> {
    hold("exceptions give a reason", text::silenced)
}

#[test]
fn no_test_is_skipped() -> Outcome<()> {
    hold("every test runs", text::skipped)
}

#[test]
fn nothing_is_marked_as_unfinished() -> Outcome<()> {
    hold("unfinished work is an issue, not a mark", text::unfinished)
}

#[test]
fn no_path_of_one_machine_is_in_the_tree() -> Outcome<()> {
    hold("files work on any machine", text::machine_path)
}

#[test]
fn no_package_registry_is_pinned_in_the_tree() -> Outcome<()> {
    hold("where packages come from is set on the machine", text::registry_host)
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() -> Outcome<()> {
    let files = all()?;
    let manifests = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let judged: Vec<(&str, bool)> =
        manifests.map(|file| (file.path.as_str(), file.text.contains("[lints]\nworkspace = true"))).collect();
    assert!(judged.len() >= 7, "only {} manifests are found", judged.len());
    let without = judged.iter().filter(|(_, inherits)| !inherits);
    let findings: Vec<String> =
        without.map(|(path, _)| format!("{path}: no [lints] workspace = true")).collect();
    verdict("every crate takes the workspace's lints", &findings)
}

#[test]
fn every_suite_is_run() -> Outcome<()> {
    let root = root()?;
    let script = std::fs::read_to_string(root.join("scripts/test.sh")).map_err(|e| e.to_string())?;
    let members: Vec<PathBuf> = members()?.into_iter().map(|member| member.folder).collect();
    let mut folders: Vec<String> = all()?.iter().filter_map(|file| suite_folder(&file.path)).collect();
    folders.dedup();
    let run = |folder: &String| members.contains(&PathBuf::from(folder)) || script.contains(folder.as_str());
    let lost: Vec<String> = folders.iter().filter(|folder| !run(folder)).cloned().collect();
    verdict("a folder under tests/ is a member of the workspace or stands in scripts/test.sh", &lost)
}

/// `tests/NAME` of a file somewhere below it.
fn suite_folder(path: &str) -> Option<String> {
    let (name, _) = path.strip_prefix("tests/")?.split_once('/')?;
    Some(format!("tests/{name}"))
}

#[test]
fn links_in_the_papers_lead_somewhere() -> Outcome<()> {
    let root = root()?;
    let findings: Vec<String> = all()?.iter().flat_map(|file| papers::dead_links(file, &root)).collect();
    verdict("links lead to files that exist", &findings)
}

#[test]
fn decision_records_are_numbered_and_listed() -> Outcome<()> {
    verdict("docs/decisions/README.md lists every record", &papers::unlisted_decisions(&all()?))
}

/// The papers on security, and all files.
fn papers_on_security() -> Outcome<(Vec<SourceFile>, Vec<SourceFile>)> {
    let files = all()?;
    let papers: Vec<SourceFile> = files.iter().filter(|file| security::is_paper(file)).cloned().collect();
    assert!(papers.len() >= 2, "only {} papers on security are found", papers.len());
    Ok((papers, files))
}

#[test]
fn tests_that_the_papers_on_security_name_are_there() -> Outcome<()> {
    let (papers, files) = papers_on_security()?;
    let findings: Vec<String> =
        papers.iter().flat_map(|paper| security::missing_tests(paper, &files)).collect();
    verdict("a test that docs/security names is in the file to which it links", &findings)
}

#[test]
fn every_line_of_the_papers_on_security_names_a_test() -> Outcome<()> {
    let (papers, _) = papers_on_security()?;
    let findings: Vec<String> = papers.iter().flat_map(security::lines_without_a_test).collect();
    verdict("every line of a table in docs/security names a test", &findings)
}

#[test]
fn rfc_9700_is_gone_through_section_by_section() -> Outcome<()> {
    verdict("docs/security/rfc9700.md speaks to every section", &security::missing_sections(&all()?))
}
