//! A list and its watches against a small server that answers in a given order.

use super::Follower;
use crate::http::{Answer, Handler, Request, bind, serve, text};
use http::StatusCode;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio_util::sync::{CancellationToken, DropGuard};

struct Script(Mutex<VecDeque<(StatusCode, String)>>);

impl Handler for Script {
    const LARGEST: usize = 1_024;

    async fn answer(&self, _: Request) -> Answer {
        let next = self.0.lock().unwrap().pop_front();
        match next {
            Some((status, body)) => text(status, "application/json", body),
            // A watch that is silent.
            None => std::future::pending().await,
        }
    }
}

/// Follows ConfigMaps of a server that gives these answers.
async fn following(answers: Vec<(StatusCode, String)>) -> (Follower<ConfigMap>, DropGuard) {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut config = Config::new(url.parse().unwrap());
    config.default_retry = false;
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, None, Arc::new(Script(Mutex::new(answers.into()))), stop.clone()));
    let api = Api::namespaced(Client::try_from(config).unwrap(), "auth");
    (Follower::new(api, None), stop.drop_guard())
}

fn map(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "auth", "resourceVersion": version },
    })
}

fn list(names: &[&str], version: &str) -> (StatusCode, String) {
    let items: Vec<Value> = names.iter().map(|name| map(name, "1")).collect();
    let metadata = json!({ "resourceVersion": version });
    let list = json!({ "apiVersion": "v1", "kind": "ConfigMapList", "metadata": metadata, "items": items });
    (StatusCode::OK, list.to_string())
}

fn events(events: &[(&str, Value)]) -> (StatusCode, String) {
    let line = |(kind, object): &(&str, Value)| format!("{}\n", json!({ "type": kind, "object": object }));
    (StatusCode::OK, events.iter().map(line).collect())
}

fn status(code: u16) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "message": "no", "reason": "No",
    })
}

fn refusal(code: u16) -> (StatusCode, String) {
    (StatusCode::from_u16(code).unwrap(), status(code).to_string())
}

/// The next so many events, in short; failures among them.
async fn told(follower: &mut Follower<ConfigMap>, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..count {
        let name = |map: ConfigMap| map.metadata.name.unwrap_or_default();
        told.push(match follower.next().await {
            Ok(Some(Event::Init)) => "begins".into(),
            Ok(Some(Event::InitApply(map))) => format!("has {}", name(map)),
            Ok(Some(Event::InitDone)) => "whole".into(),
            Ok(Some(Event::Apply(map))) => format!("puts {}", name(map)),
            Ok(Some(Event::Delete(map))) => format!("takes {}", name(map)),
            Ok(None) => "well".into(),
            Err(_) => format!("failure {}", follower.failures()),
        });
    }
    told
}

#[tokio::test]
async fn a_list_is_followed_by_watches_and_one_that_ends_by_the_next() {
    let answers = vec![
        list(&["a", "b"], "5"),
        events(&[("ADDED", map("c", "6"))]),
        events(&[("DELETED", map("a", "7")), ("MODIFIED", map("b", "8"))]),
    ];
    let (mut follower, _stop) = following(answers).await;
    let told = told(&mut follower, 7).await;
    assert_eq!(told, ["begins", "has a", "has b", "whole", "puts c", "takes a", "puts b"]);
}

#[tokio::test]
async fn what_a_watch_was_to_begin_with_may_be_gone_in_either_way() {
    for gone in [refusal(410), events(&[("ERROR", status(410))])] {
        let answers = vec![list(&["a"], "5"), gone, list(&["b"], "9"), events(&[("ADDED", map("c", "10"))])];
        let (mut follower, _stop) = following(answers).await;
        let told = told(&mut follower, 8).await;
        let wanted = ["begins", "has a", "whole", "failure 1", "begins", "has b", "whole", "puts c"];
        assert_eq!(told, wanted);
        assert_eq!(follower.failures(), 0, "an event of a watch ends the failures");
    }
}

#[tokio::test]
async fn failures_count_on_until_a_watch_brings_something() {
    let answers = vec![
        refusal(500),
        list(&[], "5"),
        refusal(429),
        events(&[]),
        refusal(410),
        list(&[], "9"),
        refusal(503),
        events(&[("ADDED", map("a", "10"))]),
    ];
    let (mut follower, _stop) = following(answers).await;
    let told = told(&mut follower, 11).await;
    let wanted = [
        "begins",
        "failure 1",
        "begins",
        "whole",
        "failure 2",
        "failure 3",
        "failure 4",
        "begins",
        "whole",
        "failure 5",
        "puts a",
    ];
    assert_eq!(told, wanted);
}
