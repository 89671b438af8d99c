//! One stream: a list, page by page, and then watches, each from where the one before ended. It is begun anew when the API server says
//! that what a watch was to begin with is gone, however it says so; and a watch that ends as soon as it has begun is a failure like any
//! other, so that whoever reads waits before the next. Whoever reads may stop waiting for an event at any time and ask again.

use crate::cluster::{CALL_WITHIN, Fault, WATCH_SECONDS, within};
use futures::StreamExt;
use futures::stream::BoxStream;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use kube::runtime::watcher::Event;
use kube::{Error, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::Instant;

/// Objects of a page of a list.
pub const PAGE: u32 = 500;
/// How long a page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(60);
/// How long nothing may come of a watch: it is to end by itself before.
const SILENT_FOR: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 5);
/// A watch that ends earlier, and has brought nothing, has failed.
const SHORTEST: Duration = Duration::from_secs(1);
/// After failures: when a watch has lasted so long, they are over.
const GOOD: Duration = Duration::from_secs(10);

/// Follows objects.
pub struct Follower<K> {
    api: Api<K>,
    labels: Option<String>,
    state: State<K>,
    failures: u32,
}

enum State<K> {
    Unknown,
    Listing { pages: Pages, objects: VecDeque<K> },
    Listed { version: String },
    Watching { version: String, watch: Watch<K> },
}

#[derive(Clone)]
enum Pages {
    First,
    After(String),
    Read { version: String },
}

struct Watch<K> {
    events: BoxStream<'static, kube::Result<WatchEvent<K>>>,
    began: Instant,
    brought: bool,
}

impl<K> Follower<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    /// Follows the objects with these labels, or all.
    #[must_use]
    pub const fn new(api: Api<K>, labels: Option<String>) -> Self {
        Self { api, labels, state: State::Unknown, failures: 0 }
    }

    /// How often it has failed in a row: a list that worked is no success while no watch does.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The next event; `None` where it goes well again after failures.
    ///
    /// # Errors
    /// Why there is none. Ask again after a wait.
    pub async fn next(&mut self) -> Result<Option<Event<K>>, Fault> {
        loop {
            let failed = self.failures;
            let event = self.step().await.inspect_err(|_| self.failures = failed.saturating_add(1))?;
            if matches!(event, Some(Event::Apply(_) | Event::Delete(_))) {
                self.failures = 0;
            }
            if event.is_some() || self.failures < failed {
                return Ok(event);
            }
        }
    }

    /// One step. Nothing is changed before what is waited for is there.
    async fn step(&mut self) -> Result<Option<Event<K>>, Fault> {
        match &mut self.state {
            State::Unknown => {
                self.state = State::Listing { pages: Pages::First, objects: VecDeque::new() };
                Ok(Some(Event::Init))
            }
            State::Listing { pages, objects } => {
                if let Some(object) = objects.pop_front() {
                    return Ok(Some(Event::InitApply(object)));
                }
                let pages = pages.clone();
                self.page(pages).await
            }
            State::Listed { version } => {
                let version = version.clone();
                self.begin(version).await.map(|()| None)
            }
            State::Watching { watch, .. } => {
                let lasts = if self.failures > 0 { GOOD } else { SILENT_FOR };
                match tokio::time::timeout(lasts, watch.events.next()).await {
                    Ok(event) => self.heard(event),
                    Err(_) if self.failures > 0 => {
                        self.failures = 0;
                        Ok(None)
                    }
                    // It is dead without saying so.
                    Err(_) => self.heard(None),
                }
            }
        }
    }

    async fn page(&mut self, pages: Pages) -> Result<Option<Event<K>>, Fault> {
        let token = match pages {
            Pages::First => None,
            Pages::After(token) => Some(token),
            Pages::Read { version } => {
                self.state = State::Listed { version };
                return Ok(Some(Event::InitDone));
            }
        };
        let params = ListParams {
            continue_token: token,
            label_selector: self.labels.clone(),
            ..ListParams::default()
        };
        let page = match within(PAGE_WITHIN, self.api.list(&params.limit(PAGE))).await {
            Ok(page) => page,
            Err(fault) => {
                self.state = State::Unknown;
                return Err(fault);
            }
        };
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pages = match (some(page.metadata.continue_), some(page.metadata.resource_version)) {
            (Some(token), _) => Pages::After(token),
            (None, Some(version)) => Pages::Read { version },
            (None, None) => {
                self.state = State::Unknown;
                return Err(Fault::Other("a list has no resourceVersion".into()));
            }
        };
        self.state = State::Listing { pages, objects: page.items.into() };
        Ok(None)
    }

    async fn begin(&mut self, version: String) -> Result<(), Fault> {
        let mut params = WatchParams::default().timeout(WATCH_SECONDS);
        params.label_selector = self.labels.clone();
        let begun = tokio::time::timeout(CALL_WITHIN, self.api.watch(&params, &version)).await;
        match begun {
            Ok(Ok(events)) => {
                let watch = Watch { events: events.boxed(), began: Instant::now(), brought: false };
                self.state = State::Watching { version, watch };
                Ok(())
            }
            Ok(Err(error)) => Err(self.broke(error)),
            Err(_) => Err(Fault::Late(CALL_WITHIN)),
        }
    }

    /// What a watch brought; `None` is its end.
    fn heard(&mut self, event: Option<kube::Result<WatchEvent<K>>>) -> Result<Option<Event<K>>, Fault> {
        let State::Watching { version, watch } = &mut self.state else { return Ok(None) };
        let (object, is_gone) = match event {
            Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => (object, false),
            Some(Ok(WatchEvent::Deleted(object))) => (object, true),
            Some(Ok(WatchEvent::Bookmark(mark))) => {
                watch.brought = true;
                *version = mark.metadata.resource_version;
                return Ok(None);
            }
            Some(Ok(WatchEvent::Error(status))) => return Err(self.broke(Error::Api(status.boxed()))),
            Some(Err(error)) => return Err(self.broke(error)),
            None => {
                let short = !watch.brought && watch.began.elapsed() < SHORTEST;
                let version = std::mem::take(version);
                self.state = State::Listed { version };
                return if short {
                    Err(Fault::Other("a watch ended as soon as it had begun".into()))
                } else {
                    Ok(None)
                };
            }
        };
        watch.brought = true;
        match object.resource_version() {
            Some(newer) => *version = newer,
            // From where it is to go on nobody knows.
            None => self.state = State::Unknown,
        }
        Ok(Some(if is_gone { Event::Delete(object) } else { Event::Apply(object) }))
    }

    /// A watch broke: it goes on from where it was, unless that is gone.
    fn broke(&mut self, error: Error) -> Fault {
        let gone = matches!(&error, Error::Api(status) if status.code == 410);
        let state = std::mem::replace(&mut self.state, State::Unknown);
        if let State::Listed { version } | State::Watching { version, .. } = state
            && !gone
        {
            self.state = State::Listed { version };
        }
        error.into()
    }
}
