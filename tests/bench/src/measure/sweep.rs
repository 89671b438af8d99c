//! Do very many rows that have ended hold up requests while they are removed?

use super::Bench;
use super::postgres::{durable, rotations};
use crate::load::{Load, closed, open};
use crate::table::milliseconds;
use crate::work::Client;
use crate::world::World;
use anyhow::{Context, Result};
use nauthera_test_postgres::Server;

/// Ten million rows in the tables that grow most, all ended long ago.
const ENDED: [&str; 5] = [
    "INSERT INTO grants (id, client_id, subject, sid, outlives_session, document, created_at, redeemed_at, expires_at, bucket, sweep_at)
        SELECT sha256(n::text::bytea), 'bench.browser', 'person-' || n % 100000, 'sid-' || n, false, '{}', 0, 0, 1, n % 16, n % 1000
        FROM generate_series(1, 3000000) n",
    "INSERT INTO families (grant_id, current, expires_at, bucket)
        SELECT sha256(n::text::bytea), sha256(('r' || n)::bytea), 1, n % 16 FROM generate_series(1, 3000000) n",
    "INSERT INTO codes (digest, grant_id, client_id, subject, document, redirect_uri, expires_at, bucket, sweep_at)
        SELECT sha256(('c' || n)::bytea), sha256(n::text::bytea), 'bench.browser', 'person-' || n % 100000, '{}',
        'https://app.example.com/callback', 1, n % 16, n % 1000 FROM generate_series(1, 2000000) n",
    "INSERT INTO sessions (digest, sid, subject, person, login, created_at, last_seen_at, expires_at, bucket)
        SELECT sha256(('s' || n)::bytea), 'sid-' || n, 'person-' || n % 100000, '{}', '{}', 0, 0, n % 1000, n % 16
        FROM generate_series(1, 1000000) n",
    "INSERT INTO assertions (jti, expires_at, bucket)
        SELECT sha256(('a' || n)::bytea), n % 1000, n % 16 FROM generate_series(1, 1000000) n",
];
/// How many are left, by the planner's count.
const LEFT: &str =
    "SELECT (SELECT count(*) FROM families) + (SELECT count(*) FROM grants) + (SELECT count(*) FROM codes)
    + (SELECT count(*) FROM sessions) + (SELECT count(*) FROM assertions)";

impl Bench {
    /// Measures refreshes at half of capacity before the rows are there and while they are removed.
    pub fn sweep(&mut self, world: &World) -> Result<()> {
        let database = durable()?;
        let server = self.launcher.replica(world, &database.database("sweep")?, 0)?;
        let public = Client::Browser(world.browser.clone());
        let mut workers = rotations(&server, &public, self.connections, None)?;
        let full = closed(&server, &mut workers, self.time)?;
        let rate = full.per_second() / 2.0;
        let quiet = open(&server, &mut workers, rate, self.time * 2)?;
        // Each by itself: PostgreSQL takes several in one for a transaction, and these two want none.
        for statement in ENDED.into_iter().chain(["VACUUM ANALYZE", "CHECKPOINT"]) {
            database.sql("sweep", statement)?;
        }
        let before = left(&database)?;
        let swept = open(&server, &mut workers, rate, self.time * 8)?;
        let removed = before.saturating_sub(left(&database)?);
        self.print_sweep(rate, (&quiet, &swept), (before, removed));
        Ok(())
    }

    fn print_sweep(&mut self, rate: f64, (quiet, swept): (&Load, &Load), (before, removed): (u64, u64)) {
        let (without, with) = (quiet.quantile(0.99), swept.quantile(0.99));
        let ratio = with.as_secs_f64() / without.as_secs_f64().max(1e-6);
        self.table.figures();
        self.table.figure("refreshes in a second, half of capacity", &format!("{rate:.0}"), "");
        self.table.figure("  p99 without and", &milliseconds(without), "");
        self.table.figure("  while rows that have ended are removed", &milliseconds(with), "");
        self.table.figure("  ratio", &format!("{ratio:.1}"), "unmoved");
        self.table.figure("rows that had ended", &before.to_string(), "");
        let per_second = removed as f64 / swept.wall.as_secs_f64().max(1e-3);
        self.table.figure("  removed in a second", &format!("{per_second:.0}"), "");
        self.table.judge("refreshes before", quiet);
        self.table.judge("refreshes during the sweep", swept);
    }
}

fn left(database: &Server) -> Result<u64> {
    database.sql("sweep", LEFT)?.trim().parse().context("no count")
}
