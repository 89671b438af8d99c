//! Memory with very many clients, and with a database that holds very many live refresh tokens.

use super::Bench;
use super::postgres::{durable, rotations};
use crate::load::closed;
use crate::moment;
use crate::table::megabytes;
use crate::work::{Client, Credentials};
use crate::world::World;
use anyhow::Result;
use std::time::Duration;

/// How long an idle server is left alone before its memory counts.
const SETTLE: Duration = Duration::from_secs(2);

/// A million grants with a refresh token each, of which none has ended.
const MILLION: &str = "
    INSERT INTO grants (id, client_id, subject, sid, outlives_session, document, created_at, redeemed_at, expires_at, bucket, sweep_at)
        SELECT sha256(n::text::bytea), 'bench.browser', 'person-' || n % 100000, 'sid-' || n, true, '{}', 0, 0, 4000000000,
        n % 16, 4000000000 FROM generate_series(1, 1000000) n;
    INSERT INTO families (grant_id, current, expires_at, bucket)
        SELECT sha256(n::text::bytea), sha256(('r' || n)::bytea), 4000000000, n % 16 FROM generate_series(1, 1000000) n;
    ANALYZE";

impl Bench {
    /// Measures both with this world.
    pub fn memory(&mut self, world: &World) -> Result<()> {
        self.table.figures();
        let database = durable()?;
        let url = database.database("memory")?;
        let server = self.launcher.replica(world, &url, 0)?;
        let clients = world.services.len();
        let load = closed(&server, &mut Credentials::workers(world, 4), self.time)?;
        self.table.judge("tokens of very many clients", &load);
        moment::wait_until(moment::now() + SETTLE);
        let before = server.resident()?;
        self.table.figure(&format!("memory with {clients} clients"), &megabytes(before), "150 MB at most");
        let public = Client::Browser(world.browser.clone());
        let mut workers = rotations(&server, &public, self.connections, None)?;
        self.table.judge("refreshes", &closed(&server, &mut workers, self.time)?);
        let few = server.resident()?;
        database.sql("memory", MILLION)?;
        self.table.judge("refreshes among a million", &closed(&server, &mut workers, self.time)?);
        moment::wait_until(moment::now() + SETTLE);
        self.table.figure("  after refreshes among a few tokens", &megabytes(few), "");
        self.table.figure("  after refreshes among a million", &megabytes(server.resident()?), "unchanged");
        Ok(())
    }
}
