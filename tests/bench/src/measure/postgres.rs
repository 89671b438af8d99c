//! PostgreSQL behind one and three replicas, and refreshes beside the bare handler that rotates by one `UPDATE .. RETURNING`.

use super::Bench;
use crate::load::{Load, Workers, closed};
use crate::process::Process;
use crate::table::Against;
use crate::wire::Connection;
use crate::work::{Browser, Client, Credentials, Logins, Refresh};
use crate::world::World;
use anyhow::{Result, anyhow};
use nauthera_test_postgres::{Server, Settings};
use std::time::Duration;

/// Scopes without an ID token, so that both sign once.
const ONE_SIGNATURE: &str = "profile offline_access";
const WARM_UP: Duration = Duration::from_millis(500);

/// A server as an installation has it: what was answered survives a power cut.
pub fn durable() -> Result<Server> {
    let settings = [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("shared_buffers", "512MB"),
        ("max_wal_size", "4GB"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Server::start(&Settings { settings: settings.to_vec(), ..Settings::default() })
}

impl Bench {
    /// Both numbers of replicas, then the comparison.
    pub fn postgres(&mut self, world: &World) -> Result<()> {
        let database = durable()?;
        self.table.loads();
        for (replicas, words) in [(1, "one replica"), (3, "three replicas")] {
            let url = database.database(&format!("replicas_{replicas}"))?;
            let servers = (0..replicas).map(|number| self.launcher.replica(world, &url, number));
            let servers = servers.collect::<Result<Vec<_>>>()?;
            self.replicated(world, &servers, words)?;
        }
        self.against_a_bare_update(world, &database)
    }

    fn replicated(&mut self, world: &World, servers: &[Process], words: &str) -> Result<()> {
        let share = self.connections.div_ceil(servers.len());
        let public = Client::Browser(world.browser.clone());
        let none = Against::default();
        let load = self.spread(servers, |_| Ok(Credentials::workers(world, share)))?;
        self.table.load(&format!("client credentials, {words}"), &load, none);
        let load = self.spread(servers, |server| rotations(server, &public, share, None))?;
        self.table.load(&format!("refresh with rotation, {words}"), &load, none);
        let load = self.spread(servers, |server| {
            let mut connection = Connection::open(server.address)?;
            let browsers = (0..share).map(|number| Browser::log_in(&mut connection, &public, number));
            browsers.map(|browser| Ok(Box::new(Logins::new(&public, &browser?)) as Box<_>)).collect()
        })?;
        self.table.load(&format!("logins with a session, {words}"), &load, none);
        Ok(())
    }

    /// The same load on each server at once; all of it together.
    fn spread(&self, servers: &[Process], workers: impl Fn(&Process) -> Result<Workers>) -> Result<Load> {
        let mut crews = servers.iter().map(&workers).collect::<Result<Vec<_>>>()?;
        let time = self.time;
        let loads: Vec<Result<Load>> = std::thread::scope(|scope| {
            let running: Vec<_> = servers
                .iter()
                .zip(&mut crews)
                .map(|(server, crew)| scope.spawn(move || closed(server, crew, time)))
                .collect();
            running.into_iter().map(|load| load.join().map_err(|_| anyhow!("a load broke off"))?).collect()
        });
        let mut all = Load::default();
        for load in loads {
            all.add(load?);
        }
        Ok(all)
    }

    fn against_a_bare_update(&mut self, world: &World, database: &Server) -> Result<()> {
        let public = Client::Browser(world.browser.clone());
        let bare = self.launcher.rotator(world, &database.database("bare")?)?;
        let server = self.launcher.replica(world, &database.database("compared")?, 0)?;
        let first = |number| Refresh::of(&public, format!("first-{number}"), Some(ONE_SIGNATURE));
        let mut bare_workers: Workers =
            (0..self.connections).map(|number| Box::new(first(number)) as Box<_>).collect();
        let mut workers = rotations(&server, &public, self.connections, Some(ONE_SIGNATURE))?;
        closed(&bare, &mut bare_workers, WARM_UP)?;
        closed(&server, &mut workers, WARM_UP)?;
        let (mut theirs, mut ours) = (None, None);
        let (parts, time) = self.parts();
        for _ in 0..parts {
            Self::add(&mut theirs, closed(&bare, &mut bare_workers, time)?);
            Self::add(&mut ours, closed(&server, &mut workers, time)?);
        }
        let (theirs, ours) = (theirs.unwrap_or_default(), ours.unwrap_or_default());
        let against = Against { baseline: Some(theirs.per_processor_second()), target: "0.70" };
        self.table.load("bare UPDATE .. RETURNING and signature", &theirs, Against::default());
        self.table.load("refresh with rotation, one signature", &ours, against);
        let ratio = ours.per_second() / theirs.per_second().max(1e-3);
        self.table.figure("  refreshes in a second, of the bare handler's", &format!("{ratio:.2}"), "0.70");
        Ok(())
    }
}

/// Connections of people who logged in once and refresh from then on.
pub fn rotations(
    server: &Process,
    client: &Client,
    connections: usize,
    scope: Option<&'static str>,
) -> Result<Workers> {
    let mut connection = Connection::open(server.address)?;
    let worker = |number| {
        let browser = Browser::log_in(&mut connection, client, number)?;
        let tokens = Logins::new(client, &browser).tokens(&mut connection)?;
        let token = tokens.refresh_token.ok_or_else(|| anyhow!("no refresh token"))?;
        Ok(Box::new(Refresh::of(client, token, scope)) as Box<_>)
    };
    (0..connections).map(worker).collect()
}
