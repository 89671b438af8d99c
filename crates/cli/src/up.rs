//! `nauthera up`: a folder of manifests, served. It looks at the folder, serves what follows, and looks again whenever the
//! folder changes; what cannot be served is explained, and the last good state goes on.

mod carried;
mod watch;

use crate::args::UpArgs;
use crate::clock::{SystemClock, SystemEntropy};
use crate::data::{DataFolder, SecretFiles, digest_key};
use crate::engine::{Choice, Engine, Turn, brought};
use crate::output::{self, Ui};
use crate::serve::{Running, Setup, Stop, bind, start};
use anyhow::Result;
use nauthera_api::manifests::Manifests;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, SecretTemplate, UserStoreSpec};
use nauthera_core::time::Clock;
use nauthera_server::app::App;
use nauthera_server::console::{Answering, Console, View, with_callback};
use nauthera_server::listen::Port;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use watch::Watch;

/// The annotation of a UserStore that says the password of its people, where that is no secret.
const PASSWORD_HINT: &str = "auth.nauthera.io/password-hint";

/// A server that is up.
struct Live {
    app: Arc<App>,
    running: Running,
    snapshot: Arc<Snapshot>,
    console: Option<Arc<Console>>,
}

struct Up<'a> {
    args: &'a UpArgs,
    ui: &'a Ui,
    clock: Arc<SystemClock>,
    engine: Engine,
    digest_key: [u8; 32],
    console_address: Option<SocketAddr>,
    live: Option<Live>,
    told: Vec<String>,
}

/// Serves until it is told to stop.
pub async fn run(args: &UpArgs, ui: &Ui) -> Result<()> {
    let clock = Arc::new(SystemClock::start());
    let data = DataFolder::open(&args.data)?;
    let digest_key = digest_key(&data.keys()?, &SystemEntropy)?;
    let choice = Choice { server: args.server.clone(), issuer: args.issuer.clone() };
    let engine = Engine::new(data, &digest_key, choice, clock.clone(), Arc::new(SystemEntropy))?;
    let mut up =
        Up { args, ui, clock, engine, digest_key, console_address: None, live: None, told: Vec::new() };
    let mut stop = Stop::listen()?;
    let mut watch = Watch::start(&args.path, &args.data);
    up.look().await?;
    loop {
        tokio::select! {
            () = stop.told() => break,
            () = watch.changed() => up.look_again().await,
        }
    }
    if let Some(live) = up.live.take() {
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
        if let Err(error) = self.look().await {
            self.ui.error(&error);
        }
    }

    async fn look(&mut self) -> Result<()> {
        let started = self.clock.monotonic();
        let manifests = Manifests::read(std::slice::from_ref(&self.args.path));
        let turn = self.engine.turn(&manifests)?;
        let first = self.live.is_none();
        let mut findings = turn.findings.clone();
        findings.extend(carried::not_honoured(&turn));
        let talk = output::findings(&manifests, &turn.compiled.report, &findings);
        if first {
            let summary = output::summary(&self.args.path, &turn.inventory, &turn.compiled.report);
            self.ui.say(&summary);
        }
        self.tell(talk, turn.inventory.incomplete);
        if let Some(snapshot) = &turn.snapshot {
            self.engine.keep(&turn)?;
            self.serve(snapshot, started).await?;
        } else if first {
            self.ui.say("nothing can be served yet: mend what is reported, and it starts by itself");
        }
        self.refresh_console(&turn, &manifests);
        if first && let Some(snapshot) = &turn.snapshot {
            self.greet(&manifests, snapshot)?;
        }
        Ok(())
    }

    /// Serves this from now on.
    async fn serve(&mut self, snapshot: &Arc<Snapshot>, started: Duration) -> Result<()> {
        let served = self.served(snapshot);
        match &mut self.live {
            None => self.begin(snapshot.clone()).await?,
            Some(live) => {
                let changed = live.snapshot != *snapshot;
                if changed {
                    live.snapshot = snapshot.clone();
                    live.app.apply(served)?;
                    let took = self.clock.monotonic().saturating_sub(started);
                    let revision = snapshot.revision().short();
                    self.ui.say(&format!(
                        "served  revision {revision}, {} ms after the change was seen",
                        took.as_millis()
                    ));
                }
            }
        }
        Ok(())
    }

    /// What is new is told; what was told before and is still so is not repeated.
    fn tell(&mut self, talk: Vec<String>, incomplete: bool) {
        for text in talk.iter().filter(|text| !self.told.contains(text)) {
            self.ui.say(text);
        }
        if talk.is_empty() && !self.told.is_empty() {
            self.ui.say("all clear: nothing is reported any more");
        }
        if incomplete && self.live.is_some() {
            self.ui.say("what was served before goes on until this is mended");
            // The rest was not judged this time: it is no news when it is judged again.
            self.told.extend(talk);
        } else {
            self.told = talk;
        }
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
            database: data.database(),
            keys: data.keys()?,
            audit: self.args.audit_target(data.root()),
            allow_private_fetch: self.args.allow_private_fetch,
        };
        let port =
            bind(self.args.listen, self.args.tls_cert.as_deref(), self.args.tls_key.as_deref()).await?;
        let console_port = match self.args.console.address() {
            Some(address) => Some(bind(address, None, None).await?),
            None => None,
        };
        // Where port 0 was asked for, the one that was taken is part of the callback.
        self.console_address = console_port.as_ref().map(Port::address).transpose()?;
        let app = start(&setup, self.digest_key, self.served(&snapshot))?;
        let mut running = Running::default();
        let console = console_port.zip(self.console_address).map(|(port, address)| {
            let console = Arc::new(Console::new(app.clone(), address));
            running.serve("console", port, Answering(console.clone()));
            console
        });
        running.provider(port, &app);
        running.chores(&app);
        self.live = Some(Live { app, running, snapshot, console });
        Ok(())
    }

    /// Shows the console this look at the folder, beside what is served.
    fn refresh_console(&self, turn: &Turn, manifests: &Manifests) {
        let Some(live) = &self.live else { return };
        let Some(console) = &live.console else { return };
        let root = self.engine.data().secrets();
        let templates: BTreeMap<ObjectRef, SecretTemplate> = turn
            .inventory
            .clients
            .iter()
            .filter_map(|(name, object)| Some((name.clone(), object.spec.as_ref()?.secret.clone())))
            .collect();
        let templates = Arc::new(templates);
        let (files, folders) = (root.clone(), templates.clone());
        let brought = brought_secrets(turn, manifests);
        console.show(View {
            folder: std::path::absolute(&self.args.path)
                .unwrap_or_else(|_| self.args.path.clone())
                .display()
                .to_string(),
            report: Arc::new(turn.compiled.report.clone()),
            snapshot: live.snapshot.clone(),
            policies: turn
                .inventory
                .policies
                .iter()
                .filter_map(|(name, object)| Some((name.clone(), object.spec.clone()?)))
                .collect(),
            diagnostics: self
                .told
                .iter()
                .map(|text| anstream::adapter::strip_str(text).to_string())
                .collect(),
            secret_of: Arc::new(move |client| {
                let own = || SecretFiles::below(files.clone()).plain(client, templates.get(client)?);
                brought.get(client).cloned().or_else(own)
            }),
            secret_folder_of: Arc::new(move |client| {
                let template = folders.get(client)?;
                Some(SecretFiles::below(root.clone()).folder(client, template).display().to_string())
            }),
        });
    }

    fn greet(&self, manifests: &Manifests, snapshot: &Snapshot) -> Result<()> {
        if let Some(people) = people(manifests, snapshot) {
            self.ui.say(&people);
        }
        let secrets = self.engine.data().secrets();
        let console = self.console_address.map(|address| format!("console   http://{address}      "));
        self.ui.say(&format!("{}secrets   {}/", console.unwrap_or_default(), secrets.display()));
        self.ui.line(&format!("ready {}", snapshot.head.issuer))
    }
}

/// The secrets of clients that bring their own.
fn brought_secrets(turn: &Turn, manifests: &Manifests) -> BTreeMap<ObjectRef, String> {
    let of =
        |name: &ObjectRef, spec: &ClientSpec| brought(name, spec.existing_secret.as_ref()?, manifests).ok();
    let clients = turn.inventory.clients.iter();
    clients.filter_map(|(name, object)| Some((name.clone(), of(name, object.spec.as_ref()?)?))).collect()
}

/// Who can log in: the names, and the password where the UserStore's author wrote it down for a demonstration.
fn people(manifests: &Manifests, snapshot: &Snapshot) -> Option<String> {
    let users = snapshot.head.users.as_ref()?;
    let UserStoreSpec::Static(people) = &users.spec else { return None };
    let names: Vec<&str> = people.iter().take(3).map(|person| &*person.username).collect();
    let more = people.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let store = ObjectKey::new(Kind::UserStore, users.store.clone());
    let hint = manifests.annotation(&store, PASSWORD_HINT).map(|hint| format!(", password \"{hint}\""));
    Some(format!("log in as {}{more}{}", names.join(" or "), hint.unwrap_or_default()))
}
