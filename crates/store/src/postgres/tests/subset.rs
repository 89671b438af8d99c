//! The statements keep to what CockroachDB and YugabyteDB take as well.

use crate::postgres::{
    codes, consents, devices, grants, limits, logouts, once, portable, pushed, refresh, sessions, sweep,
};

pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let rooms = [
        codes::ALL,
        consents::ALL,
        devices::ALL,
        grants::ALL,
        limits::ALL,
        logouts::ALL,
        once::ALL,
        portable::ALL,
        pushed::ALL,
        refresh::ALL,
        sessions::ALL,
        sweep::ALL,
    ];
    rooms.into_iter().flatten().copied()
}

/// The tables that a statement changes, each as often as it does.
fn changed(sql: &str) -> Vec<&str> {
    let words: Vec<&str> = sql.split_whitespace().map(|word| word.trim_start_matches('(')).collect();
    let mut tables = Vec::new();
    for pair in words.windows(3) {
        match pair {
            ["INSERT", "INTO", table, ..] | ["DELETE", "FROM", table, ..] | ["UPDATE", table, "SET"] => {
                tables.push(*table);
            }
            _ => {}
        }
    }
    tables
}

#[test]
fn no_statement_changes_a_table_twice() {
    for sql in all() {
        let mut tables = changed(sql);
        let count = tables.len();
        tables.sort_unstable();
        tables.dedup();
        assert_eq!(tables.len(), count, "{sql}");
    }
    assert_eq!(changed("WITH a AS (UPDATE x SET y = 1) INSERT INTO x (y) VALUES (1)"), ["x", "x"]);
}

#[test]
fn no_statement_uses_what_others_lack() {
    let foreign = [
        "pg_advisory",
        "LOCK TABLE",
        "SKIP LOCKED",
        "ctid",
        "xmin",
        "nextval",
        "SERIAL",
        "LISTEN",
        "NOTIFY",
        "MERGE INTO",
        "ON CONFLICT ON CONSTRAINT",
    ];
    let schema = [
        include_str!("../../../migrations/postgres/V1__facts.sql"),
        include_str!("../../../migrations/postgres/V2__limits.sql"),
        include_str!("../../../migrations/postgres/V3__logouts.sql"),
        include_str!("../../../migrations/postgres/V4__families.sql"),
    ];
    let schema = schema.into_iter().flat_map(str::lines).filter(|line| !line.starts_with("--"));
    for sql in all().chain(schema) {
        for word in foreign {
            assert!(!sql.contains(word), "{word}: {sql}");
        }
    }
}
