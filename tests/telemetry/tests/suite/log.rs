//! The log: every line of a request has its id, and what it lets through is changed while the server runs.

use crate::parts::{Server, until};
use serde_json::Value;

/// A request that is refused, which the log says at debug; its id.
fn refused(server: &Server) -> String {
    let form = [("grant_type", "client_credentials"), ("client_id", "made.up"), ("client_secret", "x")];
    let answer = server.send("/oauth2/token", &form, &[]);
    assert_eq!(answer.status, 401);
    answer.request_id()
}

#[test]
fn every_line_of_a_request_has_the_id_that_its_answer_has() {
    let server = Server::start(&[("NAUTHERA_LOG", "debug"), ("NAUTHERA_LOG_FORMAT", "json")]);
    let id = refused(&server);
    server.says(&id);
    let said = server.end();
    let lines: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let line =
        lines.iter().find(|line| line["request_id"] == id.as_str()).unwrap_or_else(|| panic!("{said}"));
    assert_eq!((&line["message"], &line["level"]), (&"refused".into(), &"DEBUG".into()));
    assert!(
        line["timestamp"].is_string() && line["error"].as_str().unwrap().starts_with("invalid_client"),
        "{line}"
    );
}

#[test]
fn lines_for_people_have_it_too() {
    let server = Server::start(&[("NAUTHERA_LOG", "debug")]);
    let id = refused(&server);
    let line = until("a line of the request", || {
        server.said().lines().find(|line| line.ends_with(&format!(" request_id={id}"))).map(str::to_owned)
    });
    assert!(line.contains("refused"), "{line}");
}

#[test]
fn the_filter_is_changed_while_the_server_runs() {
    let server = Server::start(&[]);
    assert_eq!(server.admin("GET", "/log", "").ok()["filter"], "info");
    let quiet = refused(&server);
    assert_eq!(
        server.admin("PUT", "/log", "warn,nauthera_server::http=debug").ok()["filter"],
        "warn,nauthera_server::http=debug"
    );
    let heard = refused(&server);
    server.says(&heard);
    assert_eq!(server.admin("PUT", "/log", "info").status, 200);
    let quiet_again = refused(&server);
    server.admin("PUT", "/log", "debug").ok();
    let last = refused(&server);
    server.says(&last);
    let said = server.end();
    assert!(!said.contains(&quiet) && !said.contains(&quiet_again), "{said}");
}

#[test]
fn a_filter_that_cannot_be_meant_is_refused_with_what_may_be_written() {
    let server = Server::start(&[]);
    let answer = server.admin("PUT", "/log", "debgu");
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("error, warn, info, debug, trace or off"), "{}", answer.text);
    assert_eq!(server.admin("GET", "/log", "").ok()["filter"], "info");
}

#[test]
fn a_filter_of_the_environment_that_cannot_be_meant_is_passed_over_and_told() {
    let server = Server::start(&[("NAUTHERA_LOG", "debgu")]);
    assert!(
        server.said().contains("NAUTHERA_LOG is passed over: \"debgu\" is no level"),
        "{}",
        server.said()
    );
}

#[test]
fn the_log_of_a_whole_login_holds_nothing_secret_at_any_level() {
    let server = Server::start(&[("NAUTHERA_LOG", "trace")]);
    let secrets = server.log_in();
    let last = refused(&server);
    server.says(&last);
    let said = server.end();
    // What the password of the quickstart is called is also what the folder is called.
    for secret in secrets.iter().filter(|secret| *secret != "quickstart") {
        assert!(!said.contains(secret.as_str()), "{secret}\n{said}");
    }
}
