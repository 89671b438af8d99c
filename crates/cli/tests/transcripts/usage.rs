//! Usage: help, and what is said of a command line that cannot be understood.

use crate::run::{assert_transcript, command, output, stderr, stdout};

#[test]
fn help_lists_the_commands() {
    assert_transcript!("--help");
}

#[test]
fn help_of_check() {
    assert_transcript!("check", "--help");
}

#[test]
fn help_of_plan() {
    assert_transcript!("plan", "--help");
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
fn a_format_of_the_environment_that_a_command_does_not_know_is_passed_over() {
    for arguments in [&["version"] as &[&str], &["explain", "NA0103"], &["plan", "clean", "clean"]] {
        let plain = output(arguments);
        for format in ["sarif", "junit", "nonsense", ""] {
            let printed = command(arguments).env("NAUTHERA_FORMAT", format).output().unwrap();
            assert_eq!(
                (printed.status.code(), &printed.stdout),
                (Some(0), &plain.stdout),
                "{arguments:?} {format}"
            );
        }
        let all: Vec<&str> = arguments.iter().chain(&["--format", "sarif"]).copied().collect();
        assert_eq!(output(&all).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_is_answered_with_one_that_can() {
    for (written, example) in [
        (":18090", "127.0.0.1:18090"),
        ("18090", "localhost:18090"),
        ("shop.example:1", "127.0.0.1:1"),
        ("x", "127.0.0.1:8080"),
    ] {
        let output = output(&["up", "--listen", written]);
        let said = stderr(&output);
        assert!(
            output.status.code() == Some(2) && said.contains("such as ") && said.contains(example),
            "{said}"
        );
    }
}

#[test]
fn called_as_kubectls_plugin_it_carries_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-nauthera");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_nauthera"), &plugin).unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(&plugin).args(arguments).env_clear().output().unwrap();
        stdout(&output)
    };
    let help = run(&["check", "--help"]);
    assert!(help.contains("Usage: kubectl nauthera check [OPTIONS]"), "{help}");
    assert!(
        help.contains("  kubectl nauthera check deploy/auth\n") && !help.contains("  nauthera check"),
        "{help}"
    );
    assert!(run(&["completion", "bash"]).contains(" kubectl-nauthera\n"));
}

#[test]
fn version_is_a_flag_too() {
    assert_eq!(stdout(&output(&["--version"])), format!("nauthera {}\n", env!("CARGO_PKG_VERSION")));
}
