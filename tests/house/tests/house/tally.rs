//! `scripts/tally.sh` reads the closing lines of every test runner in use.

use std::io::Write;
use std::process::{Command, Stdio};

use nauthera_house::Outcome;
use nauthera_house::files::root;

/// What the script prints for a log: passed, failed, skipped.
fn tally(log: &str) -> Outcome<String> {
    let mut command = Command::new(root()?.join("scripts/tally.sh"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("scripts/tally.sh does not start: {e}"))?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    input.write_all(log.as_bytes()).map_err(|e| e.to_string())?;
    drop(input);
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    assert!(output.status.success(), "scripts/tally.sh failed");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn cargo_tests_of_several_binaries_are_added_up() -> Outcome<()> {
    let log = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
               test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
    assert_eq!(tally(log)?, "15 2 1");
    Ok(())
}

#[test]
fn node_is_read_in_both_of_its_reporters() -> Outcome<()> {
    assert_eq!(tally("# pass 4\n# fail 1\n# cancelled 1\n# skipped 2\n# todo 0\n")?, "4 2 2");
    assert_eq!(tally("\u{1b}[34m\u{2139} pass 4\u{1b}[39m\n\u{2139} fail 0\n")?, "4 0 0");
    Ok(())
}

#[test]
fn pytest_is_read_with_and_without_its_frame() -> Outcome<()> {
    assert_eq!(tally("=== 1 failed, 20 passed, 2 skipped in 3.21s ===\n")?, "20 1 2");
    assert_eq!(tally("7 passed, 1 error in 61.50s (0:01:01)\n")?, "7 1 0");
    Ok(())
}

#[test]
fn go_tests_are_counted_and_their_parts_are_not() -> Outcome<()> {
    let log = "=== RUN   TestA\n=== RUN   TestA/part\n--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/part (0.00s)\n\
               --- PASS: TestB (1.20s)\n--- SKIP: TestC (0.00s)\nFAIL\n";
    assert_eq!(tally(log)?, "1 1 1");
    Ok(())
}

#[test]
fn a_log_without_a_runner_counts_nothing() -> Outcome<()> {
    assert_eq!(tally("3 passed the gate\nall is well\n")?, "0 0 0");
    Ok(())
}
