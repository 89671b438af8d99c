//! No statement reads a table from end to end: what grows must not make steps slow.

use super::backend::place;
use crate::sqlite::{
    Options, Sqlite, codes, connection, consents, devices, grants, logouts, once, portable, pushed, refresh,
    sessions, sweep,
};
use std::time::Duration;

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let (_folder, path) = place();
    let _store = Sqlite::open(&path, &Options::default()).unwrap();
    let c = connection::write(&path, Duration::ZERO).unwrap();
    let rooms = [
        codes::ALL,
        consents::ALL,
        devices::ALL,
        grants::ALL,
        logouts::ALL,
        once::ALL,
        portable::ALL,
        pushed::ALL,
        refresh::ALL,
        sessions::ALL,
        sweep::ALL,
    ];
    for sql in rooms.concat() {
        let mut statement = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let unbound = vec![rusqlite::types::Null; statement.parameter_count()];
        let plan: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(unbound), |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let slow = |step: &String| {
            (step.starts_with("SCAN") && step != "SCAN due")
                || step.contains("AUTOMATIC")
                || step.contains("ORDER BY")
        };
        assert!(!plan.iter().any(slow), "{sql}\n{plan:#?}");
    }
}
