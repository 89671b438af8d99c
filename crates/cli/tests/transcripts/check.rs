//! `nauthera check`.

use crate::run::{assert_transcript, command, output, stderr, stdout, transcript};
use serde_json::Value;
use std::fs;

#[test]
fn three_teams_with_nothing_to_say() {
    assert_transcript!("check", "clean");
}

#[test]
fn every_way_to_be_beyond_policy() {
    assert_transcript!("check", "company");
}

#[test]
fn every_fault_of_a_manifest() {
    assert_transcript!("check", "broken");
}

#[test]
fn files_that_cannot_be_read() {
    assert_transcript!("check", "unreadable");
}

#[test]
fn one_teams_repository_is_judged_kindly() {
    assert_transcript!("check", "alone");
}

#[test]
fn warnings_can_be_denied() {
    let output = output(&["check", "alone", "--deny-warnings"]);
    assert_eq!(output.status.code(), Some(1));
    let by_environment = command(&["check", "alone"]).env("NAUTHERA_DENY_WARNINGS", "1").output().unwrap();
    assert_eq!(by_environment.status.code(), Some(1));
}

#[test]
fn clients_with_policies_elsewhere_are_judged_kindly() {
    let text = transcript(&["check", "clean/platform", "clean/teams"]);
    assert!(text.contains("warning[NA0101]") && text.ends_with("--- exit 0\n"), "{text}");
}

#[test]
fn policies_with_clients_elsewhere_have_nothing_to_say() {
    assert_transcript!("check", "clean/security");
}

#[test]
fn labels_of_a_namespace_that_is_elsewhere() {
    assert_transcript!("check", "labels");
}

#[test]
fn a_policy_that_may_not_govern_is_a_guess_and_no_violation() {
    assert_transcript!("check", "guess");
}

#[test]
fn a_failing_example_freezes_and_nothing_else_is_told_of_the_clients() {
    assert_transcript!("check", "frozen");
}

#[test]
fn several_paths_are_judged_together() {
    assert_transcript!("check", "clean/platform", "clean/security", "alone");
}

#[test]
fn a_single_file_is_judged() {
    assert_transcript!("check", "alone/reports.yaml");
}

#[test]
fn what_could_steer_a_terminal_is_made_visible() {
    assert_transcript!("check", "hostile");
    for format in ["human", "junit"] {
        let printed = stdout(&output(&["check", "hostile", "--format", format]));
        assert!(!printed.contains(['\u{1b}', '\u{202e}']), "{format}");
    }
}

#[test]
fn colours_come_only_when_they_are_wanted() {
    let forced = command(&["check", "alone"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(stdout(&forced).contains('\u{1b}'));
    let refused =
        command(&["check", "alone"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!stdout(&refused).contains('\u{1b}') && !stderr(&refused).contains('\u{1b}'));
}

#[test]
fn a_folder_with_nothing_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    for manifest in [None, Some("apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n")] {
        if let Some(text) = manifest {
            fs::write(folder.path().join("service.yaml"), text).unwrap();
        }
        let output = output(&["check", folder.path().to_str().unwrap()]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
        assert_eq!(
            stderr(&output),
            "note: nothing to check: there is no object of auth.nauthera.io among the paths\n"
        );
    }
}

#[test]
fn a_path_that_is_not_there_is_no_judgement() {
    assert_transcript!("check", "clean", "nowhere");
}

#[test]
fn json_has_all_that_the_terminal_has() {
    assert_transcript!("check", "company", "--format", "json");
}

#[test]
fn json_of_faults() {
    assert_transcript!("check", "unreadable", "--format", "json");
}

#[test]
fn junit_for_ci() {
    assert_transcript!(
        "check",
        "alone",
        "broken/policy.yaml",
        "clean/security/baseline.yaml",
        "--format",
        "junit"
    );
}

#[test]
fn junit_counts_denied_warnings_as_failures() {
    let printed = stdout(&output(&["check", "alone", "--format", "junit", "--deny-warnings"]));
    assert!(printed.contains("tests=\"2\" failures=\"2\""), "{printed}");
    assert_eq!(printed.matches("<failure ").count(), 2);
}

fn sarif(arguments: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["check"].iter().chain(arguments).chain(&["--format", "sarif"]).copied().collect();
    serde_json::from_slice(&output(&arguments).stdout).unwrap()
}

#[test]
fn sarif_results_for_code_scanning() {
    let mut log = sarif(&["company"]);
    let driver = &mut log["runs"][0]["tool"]["driver"];
    // The rules are the table of codes, which has its own document.
    driver["rules"] = Value::Null;
    driver["semanticVersion"] = Value::Null;
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
    });
}

#[test]
fn sarif_rules_have_what_code_scanning_demands() {
    let log = sarif(&["clean"]);
    assert_eq!(log["version"], "2.1.0");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() > 30);
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        assert!(
            ["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
        );
    }
}

#[test]
fn sarif_results_have_what_code_scanning_demands() {
    for folder in ["company", "broken", "unreadable", "frozen"] {
        let log = sarif(&[folder]);
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert!(!results.is_empty(), "{folder}");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let physical = &result["locations"][0]["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.starts_with(folder) && !uri.contains(' '), "{uri}");
            assert!(physical["region"]["startLine"].as_u64().unwrap() > 0);
        }
    }
}

#[test]
fn a_finding_is_told_once() {
    let once = stdout(&output(&["check", "alone"]));
    let twice = stdout(&output(&["check", "alone", "./alone", "alone/reports.yaml"]));
    assert_eq!(once.matches("warning[").count(), twice.matches("warning[").count());
}

#[test]
fn a_reader_that_goes_away_is_nobodys_error_and_hides_none() {
    for (folder, code) in [("company", 1), ("broken", 1), ("alone", 0)] {
        let mut child = command(&["check", folder])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{folder}");
    }
}

#[test]
fn a_disk_that_is_full_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&["check", "company"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: No space left on device"), "{}", stderr(&output));
}

#[test]
fn a_cluster_that_cannot_be_reached_is_no_judgement() {
    assert_transcript!("check", "cluster", "clean", "--kubeconfig", "kubeconfig/shut.yaml");
}

#[test]
fn manifests_without_a_namespace_are_in_the_one_that_is_named() {
    let said = stdout(&output(&["check", "homeless.yaml", "--namespace", "shop", "--format", "json"]));
    assert!(
        said.contains("\"namespace\": \"shop\"") && !said.contains("\"namespace\": \"default\""),
        "{said}"
    );
}
