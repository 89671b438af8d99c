//! What people's grants cost: refresh, code exchange, introspection, and whole logins by browsers that have a session.

use super::Bench;
use crate::load::{Load, Worker, Workers, closed};
use crate::process::Process;
use crate::table::Against;
use crate::wire::Connection;
use crate::work::{Browser, Client, Codes, Introspection, Logins, Redemption, Refresh};
use crate::world::World;
use anyhow::Result;
use std::sync::mpsc::channel;

impl Bench {
    /// All of them; `baseline` is the bare handler's ES256 figure.
    pub fn grants(&mut self, world: &World, server: &Process, baseline: f64) -> Result<()> {
        let against = |target| Against { baseline: Some(baseline), target };
        let web = Client::Web(world.web.clone());
        let public = Client::Browser(world.browser.clone());
        let browsers = self.browsers(server, &web)?;
        let load = self.worked(server, &browsers, |connection, browser| {
            Ok(Box::new(Refresh::new(&web, Logins::new(&web, browser).tokens(connection)?)?))
        })?;
        self.table.load("ES256 refresh, confidential client", &load, against(""));
        let load = self.worked(server, &browsers, |connection, browser| {
            Ok(Box::new(Refresh::new(&public, Logins::new(&public, browser).tokens(connection)?)?))
        })?;
        self.table.load("ES256 refresh, public client (rotated)", &load, against(""));
        let load = self.redemptions(server, &web, &browsers)?;
        self.table.load("ES256 code exchange, three tokens", &load, against(""));
        let load = self.worked(server, &browsers, |connection, browser| {
            Ok(Box::new(Introspection::new(&world.web, &Logins::new(&web, browser).tokens(connection)?)))
        })?;
        self.table.load("introspection", &load, against(""));
        let load = self.worked(server, &browsers, |_, browser| Ok(Box::new(Logins::new(&web, browser))))?;
        let target = Against { target: "1500", ..Against::default() };
        self.table.load("ES256 logins with a session (2 requests)", &load, target);
        Ok(())
    }

    /// Browsers with a session, one for each connection.
    fn browsers(&self, server: &Process, client: &Client) -> Result<Vec<Browser>> {
        let mut connection = Connection::open(server.address)?;
        (0..self.connections).map(|number| Browser::log_in(&mut connection, client, number)).collect()
    }

    fn worked(
        &self,
        server: &Process,
        browsers: &[Browser],
        worker: impl Fn(&mut Connection, &Browser) -> Result<Box<dyn Worker>>,
    ) -> Result<Load> {
        let mut connection = Connection::open(server.address)?;
        let mut workers: Workers =
            browsers.iter().map(|browser| worker(&mut connection, browser)).collect::<Result<_>>()?;
        closed(server, &mut workers, self.time)
    }

    /// Gathers codes first, which is not measured; then exchanges them all.
    fn redemptions(&mut self, server: &Process, client: &Client, browsers: &[Browser]) -> Result<Load> {
        let (gathered, codes) = channel();
        let worker = |browser| Box::new(Codes::new(client, browser, gathered.clone())) as Box<dyn Worker>;
        let mut workers: Workers = browsers.iter().map(worker).collect();
        let load = closed(server, &mut workers, self.time)?;
        self.table.judge("authorization requests", &load);
        drop((gathered, workers));
        let codes: Vec<String> = codes.into_iter().collect();
        let share = codes.len().div_ceil(self.connections).max(1);
        let worker = |part: &[String]| Box::new(Redemption::new(client, part.to_vec())) as Box<dyn Worker>;
        let mut workers: Workers = codes.chunks(share).map(worker).collect();
        // Codes live for a minute: what is not exchanged by then would be an error, so the time is bounded by their number.
        closed(server, &mut workers, self.time * 4)
    }
}
