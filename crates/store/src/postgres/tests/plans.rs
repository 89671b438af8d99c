//! No statement reads a large table from end to end: what grows must not make steps slow.

use super::backend::{fresh, open};
use super::subset::all;
use nauthera_test_postgres::shared;

/// Fills each table that grows with rows enough for the planner to mind, as of different people and times.
const FILL: &str = "
INSERT INTO grants SELECT sha256(n::text::bytea), 'c' || n % 50, 's' || n % 5000, 'sid' || n, false, '{}', 0, 0, n % 16, n / 100, 0
    FROM generate_series(1, 30000) n;
INSERT INTO codes SELECT sha256(n::text::bytea), sha256(n::text::bytea), 'c', 's' || n % 5000, NULL, '{}', '', NULL, NULL, 0, n % 16,
    n / 100 FROM generate_series(1, 30000) n;
INSERT INTO families SELECT sha256(n::text::bytea), sha256(n::text::bytea), 0, sha256((n + 1)::text::bytea), ''::bytea, n, n / 100,
    n % 16 FROM generate_series(1, 30000) n;
INSERT INTO revoked_grants SELECT sha256(n::text::bytea), 0, n % 16, n / 100 FROM generate_series(1, 30000) n;
INSERT INTO revoked_tokens SELECT sha256(n::text::bytea), n / 100, n % 16 FROM generate_series(1, 30000) n;
INSERT INTO assertions SELECT sha256(n::text::bytea), n / 100, n % 16 FROM generate_series(1, 30000) n;
INSERT INTO pushed SELECT sha256(n::text::bytea), 'c', '', n / 100, false, n % 16 FROM generate_series(1, 30000) n;
INSERT INTO sessions SELECT sha256(n::text::bytea), 'sid' || n, 's' || n % 5000, '{}', '{}', 0, 0, n / 100, n % 16
    FROM generate_series(1, 30000) n;
INSERT INTO ended_sessions SELECT 'sid' || n, 's', 0, n % 16, n / 100 FROM generate_series(1, 30000) n;
INSERT INTO logouts SELECT 'sid' || n || '/c', 'c' || n % 50, 's' || n % 5000, 'sid' || n, n / 100, n / 100, 0, n % 16
    FROM generate_series(1, 30000) n;
INSERT INTO consents SELECT 's' || n % 5000, 'c' || n, '[]', '[]', 0 FROM generate_series(1, 30000) n;
INSERT INTO devices SELECT sha256(n::text::bytea), 'u' || n, sha256(n::text::bytea), 'c', '[]', '[]', 0, 5, NULL, false, 'pending',
    NULL, NULL, n % 16, n / 100 FROM generate_series(1, 30000) n;
INSERT INTO limits SELECT sha256(n::text::bytea), n, n, 0, false, n % 16 FROM generate_series(1, 30000) n;
ANALYZE";

/// Tables that a statement may read whole: of one row, or a handful.
const SMALL: &[&str] = &["probe", "duties"];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let url = fresh().unwrap();
    drop(open(&url).await.unwrap());
    let (server, database) = (shared().unwrap(), url.rsplit('/').next().unwrap());
    server.sql(database, FILL).unwrap();
    let mut found = Vec::new();
    for (n, sql) in all().enumerate().filter(|(_, sql)| !sql.starts_with("SELECT count(*) FROM")) {
        let most = (1..20).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or_default();
        let values = if most == 0 { String::new() } else { format!("({})", vec!["NULL"; most].join(", ")) };
        // The plan that is made once for all values, which is what a server ends up with.
        let plan = server.sql(
            database,
            &format!(
                "SET plan_cache_mode = force_generic_plan; PREPARE s{n} AS {sql}; EXPLAIN (COSTS OFF) EXECUTE s{n}{values}"
            ),
        );
        let plan = plan.unwrap();
        let scans = plan.lines().filter(|line| line.contains("Seq Scan on"));
        let large = scans.filter(|line| !SMALL.iter().any(|small| line.contains(small)));
        if large.count() > 0 {
            found.push(format!("{sql}\n{plan}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
