//! The console of `nauthera up`: pages on a loopback port that answer each team's question about the folder that is served, and
//! a relying party that logs in with its clients.
//!
//! It owns what is shown there and the tries that a browser makes. It has no rules: verdicts, settings and findings are the
//! [`Report`]'s, and a try speaks to the real endpoints as any application does. Looking at the folder, compiling it and
//! keeping secrets is the caller's part, who hands over a [`View`] whenever something changed.
//!
//! The console acts with clients' secrets, so it answers nobody but browsers of this machine that call it by its own name
//! ([`guard`]), and every form carries a CSRF token. Nothing of a try is written anywhere.

mod answer;
mod browser;
mod callback;
mod client;
mod clients;
mod diagnostics;
mod findings;
mod guard;
mod layout;
mod live;
mod overview;
mod paging;
mod policies;
mod relying_party;
mod route;
mod statement;
#[cfg(test)]
mod tests;

pub use answer::Answering;
pub use callback::with_callback;

use crate::app::App;
use arc_swap::ArcSwapOption;
use guard::Own;
use live::Live;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::Report;
use nauthera_core::snapshot::{Revision, Snapshot};
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::UnixTime;
use relying_party::Attempts;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// What the caller knows of a client, asked for when it is needed.
pub type Lookup = Arc<dyn Fn(&ObjectRef) -> Option<String> + Send + Sync>;

/// What is shown: one look at the folder.
pub struct View {
    /// The folder, as the person named it.
    pub folder: String,
    /// Why each object is as it is.
    pub report: Arc<Report>,
    /// What is served, as compiled: without the console's callback.
    pub snapshot: Arc<Snapshot>,
    /// What each accepted policy says.
    pub policies: BTreeMap<ObjectRef, Arc<PolicySpec>>,
    /// The findings as plain text, one each, as the terminal prints them.
    pub diagnostics: Vec<String>,
    /// The plain secret of a client, read when a try needs it and never shown.
    pub secret_of: Lookup,
    /// The folder in which a client's credentials lie.
    pub secret_folder_of: Lookup,
}

/// A [`View`] with what is worked out once.
struct Shown {
    view: View,
    revision: Revision,
    at: UnixTime,
}

/// The console. Shared by its port and by the caller, who shows it what is new.
pub struct Console {
    app: Arc<App>,
    own: Own,
    cookie: String,
    shown: ArcSwapOption<Shown>,
    live: Live,
    attempts: Attempts,
}

impl Console {
    /// A console that answers at this address, which must be the one that was bound: its port is part of the callback, of the
    /// names that the console answers to, and of its cookie's name.
    #[must_use]
    pub fn new(app: Arc<App>, address: SocketAddr) -> Self {
        let live = Live::new(app.random_text());
        Self {
            own: Own::at(address),
            cookie: format!("nauthera-console-{}", address.port()),
            shown: ArcSwapOption::empty(),
            live,
            attempts: Attempts::default(),
            app,
        }
    }

    /// Shows this from now on; pages that are open follow.
    pub fn show(&self, view: View) {
        let revision = view.snapshot.revision();
        self.shown.store(Some(Arc::new(Shown { view, revision, at: self.app.now() })));
        self.live.changed();
    }

    /// Lets go of the pages that wait for a change, so that the port can be stopped without waiting for them.
    pub fn close(&self) {
        self.live.close();
    }
}
