//! The order in which objects arrive does not matter: a small set of them, in every order, each seen before the next comes, ends in
//! the same rows and the same conditions.

use super::turns::whole;
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use nauthera_core::shards::unpack;
use nauthera_test_kubernetes::account::{Account, Way};
use nauthera_test_kubernetes::kubectl::{get, with_input};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects::SOON;
use nauthera_test_kubernetes::operator::{Operator, prepare};
use nauthera_test_kubernetes::wait::wait_for;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The set; the pods of its server find no node, so nobody waits for them.
fn objects() -> [Value; 5] {
    let client = |name: &str, scopes: Value| {
        json!({ "kind": "AuthClient", "metadata": { "name": name }, "spec": {
            "authServerRef": { "name": "main" }, "type": "service", "scopes": scopes,
        }})
    };
    [
        json!({ "kind": "AuthServer", "metadata": { "name": "main" }, "spec": {
            "issuerUrl": "https://NAMESPACE.example", "signing": { "algorithm": "ES256" },
            "userStoreRef": { "name": "people" }, "podTemplate": { "nodeSelector": { "nowhere": "yes" } },
        }}),
        json!({ "kind": "AuthPolicy", "metadata": { "name": "baseline" }, "spec": {
            "token": { "accessTokenTTL": "15m" }, "allowedGrantTypes": ["client_credentials"],
            "allowedScopes": ["orders:*"],
        }}),
        json!({ "kind": "UserStore", "metadata": { "name": "people" }, "spec": {
            "type": "static", "users": [{ "username": "ada", "passwordHash":
                "$argon2id$v=19$m=19456,t=2,p=1$wheVZ5l9Y1vG5GTpxxiOQA$pVH5dM95yO+Fcl8KjtokpqOoIretiAWjaVULaQvadMA" }],
        }}),
        client("within", json!(["orders:read"])),
        client("beyond", json!(["orders:read", "refunds:write"])),
    ]
}

/// Every order of `count` things; the last two of five are clients, which stand for each other and come one after the other.
fn orders() -> Vec<Vec<usize>> {
    fn go(left: &[usize], order: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if left.is_empty() {
            all.push(order.clone());
        }
        for (place, next) in left.iter().enumerate() {
            let rest: Vec<usize> =
                left.iter().enumerate().filter(|(n, _)| *n != place).map(|(_, n)| *n).collect();
            order.push(*next);
            go(&rest, order, all);
            order.pop();
        }
    }
    let mut all = Vec::new();
    go(&[0, 1, 2, 3], &mut Vec::new(), &mut all);
    for (number, order) in all.iter_mut().enumerate() {
        let place = order.iter().position(|object| *object == 3).unwrap();
        order.insert(if number % 2 == 0 { place } else { place + 1 }, 4);
    }
    all
}

fn manifest(object: &Value, namespace: &str) -> Value {
    let text = object.to_string().replace("NAMESPACE", namespace);
    let mut object: Value = serde_json::from_str(&text).unwrap();
    object["apiVersion"] = json!("auth.nauthera.io/v1alpha1");
    object["metadata"]["namespace"] = json!(namespace);
    object
}

/// All objects of ours that are in a namespace, by kind and name.
fn there(namespace: &str) -> Result<BTreeMap<String, Value>> {
    let all = get(&["authservers,authpolicies,userstores,authclients", "-n", namespace])?;
    let items = all["items"].as_array().context("items")?.iter();
    let name = |item: &Value| {
        format!("{} {}", item["kind"].as_str().unwrap(), item["metadata"]["name"].as_str().unwrap())
    };
    Ok(items.map(|item| (name(item), item.clone())).collect())
}

/// What is said of every object, and what is published, without what differs by nature: the namespace's name, times, digests, and
/// the revision that follows from them.
fn outcome(namespace: &str) -> Result<Value> {
    let mut said = BTreeMap::new();
    for (name, object) in there(namespace)? {
        let conditions = object["status"]["conditions"].as_array().context("no status yet")?.iter();
        let short = |condition: &Value| {
            json!([condition["type"], condition["status"], condition["reason"], condition["message"]])
        };
        let mut conditions: Vec<Value> = conditions.map(short).collect();
        conditions.sort_by_key(ToString::to_string);
        said.insert(
            name,
            json!([object["status"]["observedGeneration"], conditions, object["status"]["clients"]]),
        );
    }
    let maps = get(&["configmaps", "-l", "auth.nauthera.io/server=main", "-n", namespace])?;
    let maps: BTreeMap<String, Value> = maps["items"]
        .as_array()
        .context("items")?
        .iter()
        .map(|map| (map["metadata"]["name"].as_str().unwrap_or_default().to_owned(), map.clone()))
        .collect();
    let index = maps.get("nauthera-main-snapshot").context("no index yet")?;
    let index = index["data"]["index.json"].as_str().context("an index")?.as_bytes();
    let shard = |name: &str| {
        let bytes = maps.get(name)?["binaryData"]["shard.json.gz"].as_str()?;
        STANDARD.decode(bytes).ok().map(Into::into)
    };
    let unpacked = unpack(index, shard)?;
    let revision = unpacked.revision.short();
    let mut snapshot: Value = serde_json::from_slice(&unpacked.snapshot.to_bytes())?;
    for row in snapshot["clients"].as_array_mut().context("rows")? {
        let secrets = row["secrets"].as_array().map(Vec::len);
        row["secrets"] = json!(secrets);
    }
    let all = json!({ "said": said, "snapshot": snapshot }).to_string();
    Ok(serde_json::from_str(&all.replace(namespace, "NAMESPACE").replace(&revision, "REVISION"))?)
}

#[tokio::test]
async fn every_order_of_arrival_ends_in_the_same() {
    let _turn = whole().await;
    prepare().unwrap();
    let orders = orders();
    let namespaces: Vec<Namespace> = orders.iter().map(|_| Namespace::new("order").unwrap()).collect();
    let flags: Vec<&str> =
        namespaces.iter().flat_map(|namespace| ["--namespace", namespace.name()]).collect();
    let account = Account::operator("order").unwrap();
    let kubeconfig = account.kubeconfig(&Way::direct().unwrap()).unwrap();
    let _operator = Operator::start("order", &kubeconfig, &flags).unwrap();
    let objects = objects();
    for round in 0..objects.len() {
        let all = namespaces.iter().zip(&orders);
        let items: Vec<Value> =
            all.map(|(namespace, order)| manifest(&objects[order[round]], namespace.name())).collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        with_input(["create", "-f", "-"], &list.to_string()).unwrap().worked().unwrap();
        let seen = async || {
            let all = get(&["authservers,authpolicies,userstores,authclients", "-A"])?;
            let ours = |item: &&Value| {
                namespaces.iter().any(|namespace| item["metadata"]["namespace"] == namespace.name())
            };
            let unseen = all["items"]
                .as_array()
                .context("items")?
                .iter()
                .filter(ours)
                .filter(|item| item["status"]["observedGeneration"] != item["metadata"]["generation"])
                .count();
            anyhow::ensure!(unseen == 0, "{unseen} were not seen");
            Ok(Some(()))
        };
        wait_for(&format!("everybody's object number {round}"), SOON, seen).await.unwrap();
    }
    let first = async || {
        let outcome = outcome(namespaces[0].name())?;
        anyhow::ensure!(
            outcome["snapshot"]["clients"].as_array().is_some_and(|rows| rows.len() == 2),
            "{outcome}"
        );
        Ok(Some(()))
    };
    wait_for("two rows", SOON, first).await.unwrap();
    let same = async || {
        let wanted = outcome(namespaces[0].name())?;
        for (namespace, order) in namespaces.iter().zip(&orders) {
            let outcome = outcome(namespace.name())?;
            anyhow::ensure!(outcome == wanted, "{order:?}:\n{outcome}\n{wanted}");
        }
        Ok(Some(()))
    };
    wait_for("the same in every order", SOON, same).await.unwrap();
}
