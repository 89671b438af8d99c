//! Usage: help, and what is said of a command line that cannot be understood.

use crate::run::{assert_transcript, command, output, stdout};

#[test]
fn help_lists_the_commands() {
    assert_transcript!("--help");
}

#[test]
fn help_of_check() {
    assert_transcript!("check", "--help");
}

#[test]
fn help_of_up() {
    assert_transcript!("up", "--help");
}

#[test]
fn help_of_server() {
    assert_transcript!("server", "--help");
}

#[test]
fn a_command_that_is_not_there() {
    assert_transcript!("chekc");
}

#[test]
fn a_flag_that_is_not_there() {
    assert_transcript!("check", "clean", "--deny-warning");
}

#[test]
fn check_wants_a_path() {
    assert_transcript!("check");
}

#[test]
fn a_format_that_is_not_there() {
    assert_transcript!("check", "clean", "--format", "xml");
}

#[test]
fn usage_errors_are_two() {
    for arguments in
        [&["plan", "clean"] as &[&str], &["explain"], &["completion", "tcsh"], &[], &["up", "--listen", "x"]]
    {
        assert_eq!(output(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn flags_can_come_from_the_environment() {
    let printed = command(&["check", "clean"]).env("NAUTHERA_FORMAT", "json").output().unwrap();
    assert!(stdout(&printed).starts_with('{'));
}

#[test]
fn version_is_a_flag_too() {
    assert_eq!(stdout(&output(&["--version"])), format!("nauthera {}\n", env!("CARGO_PKG_VERSION")));
}
