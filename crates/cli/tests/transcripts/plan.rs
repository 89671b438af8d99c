//! `nauthera plan`.

use crate::run::{assert_transcript, fixtures, output, stderr};
use std::net::TcpListener;

#[test]
fn a_change_client_by_client() {
    assert_transcript!("plan", "plan/old", "plan/new");
}

#[test]
fn the_way_back() {
    assert_transcript!("plan", "plan/new", "plan/old");
}

#[test]
fn no_change() {
    assert_transcript!("plan", "clean", "clean");
}

#[test]
fn a_policy_that_is_not_accepted_freezes_and_is_told() {
    assert_transcript!("plan", "plan/old", "plan/faulty");
}

#[test]
fn everything_new() {
    assert_transcript!("plan", "clean/platform", "clean");
}

#[test]
fn a_side_that_cannot_be_read_has_no_plan() {
    assert_transcript!("plan", "plan/old", "unreadable");
}

#[test]
fn without_a_kubeconfig_there_is_no_cluster() {
    assert_transcript!("plan", "cluster", "plan/new");
}

#[test]
fn a_context_that_is_not_there() {
    assert_transcript!(
        "plan",
        "cluster",
        "plan/new",
        "--kubeconfig",
        "kubeconfig/shut.yaml",
        "--context",
        "prod"
    );
}

#[test]
fn a_kubeconfig_that_is_none() {
    assert_transcript!("plan", "plan/old", "cluster", "--kubeconfig", "kubeconfig/broken.yaml");
}

#[test]
fn a_cluster_that_cannot_be_reached() {
    assert_transcript!("plan", "cluster", "plan/new", "--kubeconfig", "kubeconfig/shut.yaml");
}

#[test]
fn a_cluster_is_not_compared_with_itself() {
    assert_transcript!("plan", "cluster", "cluster", "--kubeconfig", "kubeconfig/shut.yaml");
}

/// A cluster that takes connections and says nothing is given up within 10 s, with a sentence.
#[test]
fn a_cluster_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    let shut = std::fs::read_to_string(fixtures().join("kubeconfig/shut.yaml")).unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    std::fs::write(&kubeconfig, shut.replace("https://127.0.0.1:1", &address)).unwrap();
    let output = output(&["plan", "cluster", "plan/new", "--kubeconfig", kubeconfig.to_str().unwrap()]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be reached: no answer within 8 s"), "{said}");
}

#[test]
fn json_of_a_change() {
    assert_transcript!("plan", "plan/old", "plan/new", "--format", "json");
}

#[test]
fn only_what_takes_or_gives_changes_the_exit_code() {
    let code = |old, new| output(&["plan", old, new]).status.code();
    assert_eq!(code("plan/old", "plan/old"), Some(0));
    assert_eq!(code("plan/old", "plan/new"), Some(1));
    assert_eq!(code("clean/platform", "clean"), Some(0));
    assert_eq!(code("clean", "nowhere"), Some(2));
}
