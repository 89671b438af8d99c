//! What operators see of a pool: how it stands, and in a trace where a step's time goes.

use super::backend::{fresh, open};
use crate::Store;
use std::sync::{Arc, Mutex};
use tracing::span::{Attributes, Id};
use tracing::{Instrument, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[tokio::test]
async fn a_pool_says_how_it_stands() {
    let store = open(&fresh().unwrap()).await.unwrap();
    store.ping().await.unwrap();
    let load = store.load();
    assert_eq!((load.backend, load.most, load.waiting), ("postgresql", 16, 0));
    assert!(load.open >= 1 && load.idle == Some(load.open), "{load:?}");
}

/// Names of spans, each after its parent's.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let way: Vec<&str> = context.span_scope(id).unwrap().from_root().map(|span| span.name()).collect();
        self.0.lock().unwrap().push(way.join(" > "));
    }
}

#[tokio::test]
async fn a_statement_has_a_span_of_its_own_beside_the_wait_for_a_connection() {
    let store = open(&fresh().unwrap()).await.unwrap();
    let seen = Seen::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(seen.clone()));
    store.ping().instrument(tracing::info_span!("step")).await.unwrap();
    let seen = seen.0.lock().unwrap();
    assert!(seen.iter().any(|way| way == "step > statement"), "{seen:?}");
}
