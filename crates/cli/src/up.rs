//! `nauthera up`: a folder of manifests, served. It looks at the folder, serves what follows, and looks again whenever the
//! folder changes; what cannot be served is explained, and the last good state goes on.

mod carried;
mod changes;
mod ports;
mod shown;
mod talk;
mod watch;

use crate::args::UpArgs;
use crate::clock::{SystemClock, SystemEntropy};
use crate::data::{DataFolder, digest_key};
use crate::engine::{Choice, Engine, Turn};
use crate::output::{self, Cases, Ui};
use crate::paths::must_be_readable;
use crate::serve::{Running, Setup, Stop, start};
use anyhow::{Error, Result};
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::snapshot::Snapshot;
use nauthera_core::time::Clock;
use nauthera_server::app::App;
use nauthera_server::console::{Answering, Console, with_callback};
use nauthera_store::Location;
use ports::Ports;
use shown::Look;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use talk::{News, Sight, Talk};
use tokio::time::MissedTickBehavior;
use watch::Watch;

/// How often what was kept of clients that are gone is let go.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// How often what failed is tried again, and Secrets are looked at.
const AGAIN_EVERY: Duration = Duration::from_secs(2);

/// What is said of a look that did not see enough.
const GOES_ON: &str = "what was served before goes on until this is mended";
/// What is said of a look that failed while something is served, and while nothing is.
const TRIED_AGAIN: [&str; 2] = [
    "what was served before goes on; this is tried again every 2 s until it succeeds",
    "nothing is served yet; this is tried again every 2 s until it succeeds",
];

/// A server that is up.
struct Live {
    app: Arc<App>,
    running: Running,
    snapshot: Arc<Snapshot>,
    address: SocketAddr,
    console: Option<Arc<Console>>,
}

struct Up<'a> {
    args: &'a UpArgs,
    ui: &'a Ui,
    clock: Arc<SystemClock>,
    engine: Engine,
    digest_key: [u8; 32],
    /// Held from the start, so that a port that is taken is known before anything is said.
    ports: Option<Ports>,
    console_address: Option<SocketAddr>,
    live: Option<Live>,
    talk: Talk,
    summary: Option<String>,
    last_error: Option<String>,
    /// Did the last look fail, for a full disk for example? The folder need not change for it to be worth another one.
    failed: bool,
}

/// Serves until it is told to stop.
pub async fn run(args: &UpArgs, ui: &Ui) -> Result<()> {
    must_be_readable(std::slice::from_ref(&args.path))?;
    let clock = Arc::new(SystemClock::start());
    let data = DataFolder::open(&args.data)?;
    let digest_key = digest_key(&data.keys()?, &SystemEntropy)?;
    let choice = Choice {
        server: args.server.clone(),
        issuer: args.issuer.clone(),
        private_fetch: args.allow_private_fetch,
    };
    let engine = Engine::new(data, &digest_key, choice, clock.clone(), Arc::new(SystemEntropy))?;
    let mut up = Up {
        args,
        ui,
        clock,
        engine,
        digest_key,
        ports: Some(Ports::take(args)?),
        console_address: None,
        live: None,
        talk: Talk::new(),
        summary: None,
        last_error: None,
        failed: false,
    };
    let mut stop = Stop::listen()?;
    let mut changed = Watch::start(&args.path, &args.data).told();
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    let mut again = tokio::time::interval(AGAIN_EVERY);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    up.look().await?;
    // Where nothing is served yet nobody shall wait for an answer.
    up.ports = None;
    loop {
        tokio::select! {
            () = stop.told() => break,
            Some(()) = changed.recv() => up.look_again().await,
            _ = tidy.tick() => up.tidy(),
            _ = again.tick() => if up.failed || up.engine.has_touched_secrets() {
                up.look_again().await;
            },
        }
    }
    if let Some(live) = up.live.take() {
        stop.drain(&live.app, args.drain, ui).await;
        if let Some(console) = &live.console {
            console.close();
        }
        live.running.stop().await;
    }
    Ok(())
}

impl Up<'_> {
    /// A later look: whatever goes wrong is told, and what is served goes on.
    async fn look_again(&mut self) {
        match self.look().await {
            Ok(()) => {
                self.failed = false;
                self.last_error = None;
            }
            Err(error) => {
                self.failed = true;
                self.talk.failed();
                if self.say_once(&error) {
                    let [goes_on, nothing_yet] = TRIED_AGAIN;
                    self.ui.say(if self.live.is_some() { goes_on } else { nothing_yet });
                }
            }
        }
    }

    fn tidy(&mut self) {
        if let Err(error) = self.engine.tidy() {
            self.say_once(&error);
        }
    }

    /// Whether it was not said just before.
    fn say_once(&mut self, error: &Error) -> bool {
        let text = format!("{error:#}");
        let is_new = self.last_error.as_ref() != Some(&text);
        if is_new {
            self.ui.error(error);
            self.last_error = Some(text);
        }
        is_new
    }

    async fn look(&mut self) -> Result<()> {
        let started = self.clock.monotonic();
        let manifests = self.engine.read(std::slice::from_ref(&self.args.path));
        let turn = self.engine.turn(&manifests);
        let first = self.live.is_none();
        if first {
            if turn.snapshot.is_some() && self.ports.is_none() {
                self.ports = Some(Ports::take(self.args)?);
            }
            self.summarize(&turn);
        }
        let news = self.hear(&turn, &manifests);
        self.tell(&news, &turn);
        if let Some(snapshot) = &turn.snapshot {
            self.engine.keep(&turn)?;
            self.serve(snapshot, started, &news).await?;
        }
        if let Some(live) = &self.live {
            let secrets = self.engine.data().secrets();
            let diagnostics = self.talk.texts();
            let look =
                Look { path: &self.args.path, turn: &turn, manifests: &manifests, diagnostics, secrets };
            shown::refresh(live, look);
        }
        if first && let Some(snapshot) = &turn.snapshot {
            self.greet(&manifests, snapshot)?;
        }
        Ok(())
    }

    /// What is there, until it is served; not again while it is the same.
    fn summarize(&mut self, turn: &Turn) {
        let summary = output::summary(&self.args.path, &turn.inventory, &turn.compiled.report);
        let again = self.summary.is_some();
        if !again || (turn.snapshot.is_some() && self.summary.as_ref() != Some(&summary)) {
            self.ui.say(&summary);
            self.summary = Some(summary);
        }
    }

    fn hear(&mut self, turn: &Turn, manifests: &Manifests) -> News {
        let mut findings = turn.findings.clone();
        findings.extend(carried::not_honoured(turn));
        let report = turn.compiled.report.findings();
        // Without a server to pick its clients go on with it, and do not wait.
        let goes_on = self.live.is_some() && turn.server.is_none();
        let told = report.filter(|finding| !(goes_on && finding.code == Code::ServerNotFound)).cloned();
        let cases = Cases::of(manifests, told.chain(findings));
        let sight = match turn {
            turn if turn.snapshot.is_none() || turn.inventory.incomplete => Sight::Blind,
            turn if turn.is_frozen() => Sight::Frozen,
            _ => Sight::Whole,
        };
        self.talk.hear(manifests, &turn.inventory, &cases, sight)
    }

    fn tell(&self, news: &News, turn: &Turn) {
        for text in &news.texts {
            self.ui.say(text);
        }
        match &self.live {
            Some(_) if news.newly_blind => self.ui.say(GOES_ON),
            Some(live) if news.clear && !(news.mended && self.is_served(live, turn)) => {
                self.ui.say("all clear: nothing is reported any more");
            }
            None if news.newly_blind && turn.snapshot.is_none() => {
                self.ui.say("nothing can be served yet: mend what is reported, and it starts by itself");
            }
            None if news.newly_blind => self.ui.say(GOES_ON),
            _ => {}
        }
    }

    fn is_served(&self, live: &Live, turn: &Turn) -> bool {
        turn.snapshot.as_ref() == Some(&live.snapshot)
    }

    /// Serves this from now on.
    async fn serve(&mut self, snapshot: &Arc<Snapshot>, started: Duration, news: &News) -> Result<()> {
        let served = self.served(snapshot);
        let Some(live) = &mut self.live else { return self.begin(snapshot.clone()).await };
        let revision = snapshot.revision().short();
        if live.snapshot == *snapshot {
            if news.mended {
                self.ui.say(&format!("mended: revision {revision} goes on unchanged"));
            }
            return Ok(());
        }
        live.app.apply(served)?;
        let last = std::mem::replace(&mut live.snapshot, snapshot.clone());
        let took = self.clock.monotonic().saturating_sub(started).as_millis();
        let changes = changes::changes(&last, snapshot);
        self.ui.say(&format!("served  revision {revision}, {took} ms after the change was seen: {changes}"));
        let (old, new) = (&last.head.issuer, &snapshot.head.issuer);
        if old != new {
            self.ui.say(&format!(
                "the issuer is {new} now, and no longer {old}: clients and sessions of the old one must start anew"
            ));
            let address = live.address;
            return self.ready(address, snapshot);
        }
        Ok(())
    }

    /// What is served here: with the console's callback, where there is a console.
    fn served(&self, snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
        match self.console_address {
            Some(address) => with_callback(snapshot, address),
            None => snapshot.clone(),
        }
    }

    async fn begin(&mut self, snapshot: Arc<Snapshot>) -> Result<()> {
        let data = self.engine.data();
        let setup = Setup {
            clock: self.clock.clone(),
            database: Location::Sqlite(data.database()),
            keys: data.keys()?,
            audit: self.args.audit_target(data.root()),
            redis: self.args.redis.clone(),
            allow_private_fetch: self.args.allow_private_fetch,
            // There is no cluster here to trust.
            mounts: std::path::PathBuf::new(),
            log: None,
        };
        let ports = match self.ports.take() {
            Some(ports) => ports,
            None => Ports::take(self.args)?,
        };
        let Ports { provider, address, console } = ports;
        // Where port 0 was asked for, the one that was taken is part of the callback.
        self.console_address = console.as_ref().map(|(_, address)| *address);
        let served = self.served(&snapshot);
        let app = start(&setup, self.digest_key, (served.revision(), served)).await?;
        let mut running = Running::default();
        let console = console.map(|(port, address)| {
            let console = Arc::new(Console::new(app.clone(), address));
            running.serve("console", port, Answering(console.clone()));
            console
        });
        running.provider(provider, &app, self.args.trusted_proxies.clone().into());
        running.chores(&app);
        self.live = Some(Live { app, running, snapshot, address, console });
        Ok(())
    }

    fn greet(&self, manifests: &Manifests, snapshot: &Snapshot) -> Result<()> {
        if let Some(people) = shown::people(manifests, snapshot) {
            self.ui.say(&people);
        }
        let secrets = self.engine.data().secrets();
        let console = self.console_address.map(|address| format!("console   http://{address}      "));
        self.ui.say(&format!("{}secrets   {}/", console.unwrap_or_default(), secrets.display()));
        match &self.live {
            Some(live) => self.ready(live.address, snapshot),
            None => Ok(()),
        }
    }

    /// Says that it serves, and where, should the issuer not lead there.
    fn ready(&self, address: SocketAddr, snapshot: &Snapshot) -> Result<()> {
        let issuer = &snapshot.head.issuer;
        if let Some(note) = ports::note(self.args, address, issuer) {
            self.ui.say(&note);
        }
        self.ui.line(&format!("ready {issuer}"))
    }
}
