//! The audit of the binary: lines that the schema in the book knows, and what a disk or a pipe that takes none does to logins: nothing.

use crate::parts::{Server, root, until};
use nauthera_test_telemetry::page::Page;
use serde_json::Value;
use std::fs::read_to_string;

/// The value of a counter of the server's page.
fn count(server: &Server, name: &str) -> f64 {
    Page::value(&server.admin("GET", "/metrics", "").text, name).unwrap_or_default()
}

#[test]
fn every_line_of_a_login_is_one_that_the_book_knows() {
    let server = Server::start(&[]);
    let secrets = server.log_in();
    let lines = until("the last line", || {
        let text = read_to_string(server.at("audit.jsonl")).ok()?;
        (text.matches("\"event\":\"token_issued\"").count() == 2).then_some(text)
    });
    let book = read_to_string(root().join("docs/audit.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&book).unwrap()).unwrap();
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&value), "{line}");
        assert!(secrets.iter().all(|secret| !line.contains(secret.as_str())), "{line}");
    }
}

#[test]
fn a_full_disk_is_told_once_and_counted_and_people_log_in() {
    let server = Server::start(&[("NAUTHERA_AUDIT", "/dev/full")]);
    server.log_in();
    let lost = "nauthera_audit_lines_lost_total{reason=\"not_written\"}";
    // Among them: the Snapshot, the key, the login, the consent, the code, two tokens.
    until("lines are counted", || (count(&server, lost) >= 7.0).then_some(()));
    server.log_in();
    let said = server.end();
    assert_eq!(said.matches("audit lines cannot be written").count(), 1, "{said}");
}

#[test]
fn lines_on_standard_output_are_lines_and_nothing_else_is_there() {
    let server = Server::start(&[("NAUTHERA_AUDIT", "stdout"), ("NAUTHERA_LOG", "off")]);
    server.log_in();
    let said = server.end();
    let lines = said.lines().filter(|line| line.starts_with('{'));
    assert!(lines.clone().count() >= 7, "{said}");
    assert!(lines.into_iter().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{said}");
}
