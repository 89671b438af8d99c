//! The clients: made many at once, and watched, so that it is known at every moment how many are Ready.

use super::platform::{HOME, resource};
use anyhow::{Context, Result};
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, Object};
use kube::runtime::watcher::{self, Event, watcher};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Objects that are made side by side.
const AT_ONCE: usize = 16;

fn kind() -> ApiResource {
    resource("AuthClient", "authclients")
}

/// A client as far as it is looked at.
type Seen = Object<IgnoredAny, Status>;

#[derive(Debug, Clone, Default, Deserialize)]
struct Status {
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Said {
    ready: bool,
    narrowed: bool,
}

/// What is said of all clients.
#[derive(Debug, Default)]
pub struct Board(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    clients: HashMap<String, Said>,
    ready: usize,
    narrowed: usize,
    seen: usize,
}

impl Board {
    /// Watches them for as long as this process runs.
    pub fn watch(client: kube::Client) -> Arc<Self> {
        let board = Arc::<Self>::default();
        let into = board.clone();
        tokio::spawn(async move {
            let api: Api<Seen> = Api::all_with(client, &kind());
            let mut events = std::pin::pin!(watcher(api, watcher::Config::default()));
            while let Some(event) = events.next().await {
                if let Ok(Event::Apply(object) | Event::InitApply(object)) = event {
                    into.note(&object);
                }
            }
        });
        board
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, object: &Seen) {
        let meta = &object.metadata;
        let name =
            format!("{}/{}", meta.namespace.as_deref().unwrap_or(""), meta.name.as_deref().unwrap_or(""));
        let conditions = object.status.iter().flat_map(|status| &status.conditions);
        let ready: Vec<&Condition> =
            conditions.filter(|condition| condition.kind == "Ready" && condition.status == "True").collect();
        let said =
            Said { ready: !ready.is_empty(), narrowed: ready.iter().any(|ready| ready.reason == "Narrowed") };
        let mut known = self.known();
        let before = known.clients.insert(name, said).unwrap_or_default();
        known.seen += 1;
        known.ready = known.ready + usize::from(said.ready) - usize::from(before.ready);
        known.narrowed = known.narrowed + usize::from(said.narrowed) - usize::from(before.narrowed);
    }

    /// How many are Ready.
    pub fn ready(&self) -> usize {
        self.known().ready
    }

    /// How many are served with less than they ask for.
    pub fn narrowed(&self) -> usize {
        self.known().narrowed
    }

    /// How many writes of clients were seen.
    pub fn seen(&self) -> usize {
        self.known().seen
    }
}

fn namespace(number: usize) -> String {
    format!("team-{number}")
}

/// Makes the namespaces, labelled with the policy that governs them beside the first.
pub async fn namespaces(client: &kube::Client, count: usize, policies: usize) -> Result<()> {
    let api: Api<Namespace> = Api::all(client.clone());
    let make = |number: usize| {
        let api = api.clone();
        async move {
            let share = (number % policies.max(1)).to_string();
            let metadata = json!({ "name": namespace(number), "labels": { "share": share } });
            let made = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata });
            api.create(&PostParams::default(), &serde_json::from_value(made)?).await?;
            anyhow::Ok(())
        }
    };
    every(count, make).await
}

/// Makes the clients, spread over the namespaces.
pub async fn create(client: &kube::Client, count: usize, namespaces: usize) -> Result<()> {
    let make = |number: usize| async move {
        let place = namespace(number % namespaces.max(1));
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &place, &kind());
        let mut object = DynamicObject::new(&format!("app-{number}"), &kind());
        object.data = json!({ "spec": {
            "authServerRef": { "name": "main", "namespace": HOME },
            "type": "service",
            "scopes": ["orders:read", "orders:write"],
            "token": { "accessTokenTTL": "10m" },
        } });
        api.create(&PostParams::default(), &object).await?;
        anyhow::Ok(())
    };
    every(count, make).await
}

async fn every<F: Future<Output = Result<()>>>(count: usize, make: impl Fn(usize) -> F) -> Result<()> {
    let mut made = futures::stream::iter((0..count).map(make)).buffer_unordered(AT_ONCE);
    while let Some(made) = made.next().await {
        made?;
    }
    Ok(())
}

/// One client asks for one scope less.
pub async fn edit(client: &kube::Client) -> Result<()> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace(0), &kind());
    let less = json!({ "spec": { "scopes": ["orders:read"] } });
    api.patch("app-0", &PatchParams::default(), &Patch::Merge(&less)).await.context("the edit")?;
    Ok(())
}

/// How many applications have their Secret.
pub async fn secrets(client: &kube::Client) -> Result<usize> {
    let api: Api<Secret> = Api::all(client.clone());
    let mut params = ListParams::default().labels("auth.nauthera.io/client").limit(1_000);
    let mut count = 0;
    loop {
        let page = api.list_metadata(&params).await?;
        count += page.items.len();
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(count),
        }
    }
}
