//! Client credentials against the bare handler, in turns.

use super::Bench;
use crate::load::{Load, closed};
use crate::process::Process;
use crate::table::Against;
use crate::wire::Connection;
use crate::work::{Credentials, claims_of};
use crate::world::World;
use anyhow::Result;
use std::time::Duration;

const WARM_UP: Duration = Duration::from_millis(300);

impl Bench {
    /// RS256, where the signature is nearly all there is.
    pub fn rs256(&mut self, world: &World) -> Result<()> {
        let server = self.launcher.serve(world)?;
        self.credentials(world, &server, ("RS256", "0.95")).map(drop)
    }

    /// ES256; the baseline's requests per processor second, and the server's for each second.
    pub fn es256(&mut self, world: &World, server: &Process) -> Result<(f64, f64)> {
        let (bare, served) = self.credentials(world, server, ("ES256", "0.80"))?;
        Ok((bare.per_processor_second(), served.per_second()))
    }

    fn credentials(
        &mut self,
        world: &World,
        server: &Process,
        (algorithm, target): (&str, &'static str),
    ) -> Result<(Load, Load)> {
        let baseline = self.launcher.baseline(world)?;
        self.compare_answers(world, server, &baseline)?;
        let mut workers = Credentials::workers(world, self.connections);
        closed(&baseline, &mut workers, WARM_UP)?;
        closed(server, &mut workers, WARM_UP)?;
        let (mut bare, mut served) = (None, None);
        let (parts, time) = self.parts();
        for _ in 0..parts {
            Self::add(&mut bare, closed(&baseline, &mut workers, time)?);
            Self::add(&mut served, closed(server, &mut workers, time)?);
        }
        let (bare, served) = (bare.unwrap_or_default(), served.unwrap_or_default());
        let against = Against { baseline: Some(bare.per_processor_second()), target };
        self.table.load(&format!("{algorithm} client credentials, bare handler"), &bare, Against::default());
        self.table.load(&format!("{algorithm} client credentials"), &served, against);
        Ok((bare, served))
    }

    /// The comparison is fair only while both answer the same.
    fn compare_answers(&mut self, world: &World, server: &Process, baseline: &Process) -> Result<()> {
        let of = |process: &Process| claims_of(world, &mut Connection::open(process.address)?);
        let (theirs, ours) = (of(baseline)?, of(server)?);
        if theirs != ours {
            self.table.wrong(format!("the bare handler answers {theirs}, the server {ours}"));
        }
        Ok(())
    }
}
