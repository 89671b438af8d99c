//! `nauthera plan`.

use crate::run::{assert_transcript, output};

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
fn clusters_come_later() {
    assert_transcript!("plan", "cluster", "plan/new");
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
