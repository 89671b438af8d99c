//! Statuses of AuthPolicies, AuthServers and UserStores.

use super::*;
use nauthera_api::v1alpha1::ClientCounts;
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::snapshot::Revision;
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::Seconds;
use serde_json::json;

fn policy_status(
    inventory: &mut Inventory,
    live: &[PolicyLive<'_>],
) -> nauthera_api::v1alpha1::AuthPolicyStatus {
    let judged = put(inventory, Kind::AuthPolicy, "auth/baseline", 1, crate::world::baseline());
    let report = publish(inventory).report;
    let report = &report.policies[&name("auth/baseline")];
    policy(&PolicyFacts { generation: 1, reading: &judged.findings, report, servers: live, there: None })
}

#[test]
fn a_policy_is_ready_when_it_is_live_on_every_server_or_on_none() {
    let (main, other) = (name("auth/main"), name("auth/other"));
    let at = |server, revision, live, replicas| PolicyLive {
        server,
        revision,
        live,
        replicas,
        frozen_by: &[],
        keeps: false,
        counted: None,
    };
    let some = Some(Revision([7; 32]));
    let mut inventory = world();
    put(&mut inventory, Kind::AuthClient, "shop/web", 1, client_spec(&["openid", "orders:read"]));
    put(&mut inventory, Kind::AuthClient, "shop/fine", 1, client_spec(&["openid"]));
    let status = policy_status(&mut inventory, &[at(&main, some, 3, 3)]);
    assert_eq!(said(&status), ["Accepted=True Accepted", "Ready=True Ready"]);
    assert_eq!(
        (status.live.as_deref(), &*status.violating_clients),
        (Some("3/3"), &["shop/web".to_owned()][..])
    );
    let clients = status.clients.as_ref().unwrap();
    assert_eq!((clients.total, clients.compliant, clients.violating), (2, 1, 1));
    assert_eq!(status.servers[0].revision.as_deref(), Some(&*"07".repeat(32)));
    for (second, reason) in [
        (at(&other, some, 1, 2), "NotLive"),
        (at(&other, None, 0, 2), "NotPublished"),
        (at(&other, some, 0, 0), "NoReplica"),
    ] {
        let status = policy_status(&mut inventory, &[at(&main, some, 3, 3), second]);
        assert_eq!(said(&status)[1], format!("Ready=False {reason}"));
        assert_eq!(judged_by_kstatus(&status, 1), Kstatus::InProgress);
    }
    assert_eq!(said(&policy_status(&mut inventory, &[]))[1], "Ready=True NoServer");
}

#[test]
fn a_policy_is_not_ready_where_another_one_keeps_it_from_holding() {
    let main = name("auth/main");
    let frozen_by = [name("auth/broken")];
    let counted = ClientCounts { total: 5, compliant: 3, violating: 2 };
    let frozen = |revision: Option<Revision>, counted: Option<&ClientCounts>| PolicyLive {
        server: &main,
        revision,
        live: usize::from(revision.is_some()),
        replicas: 1,
        frozen_by: &frozen_by,
        keeps: true,
        counted: counted.cloned(),
    };
    let mut inventory = world();
    let status = policy_status(&mut inventory, &[frozen(None, None)]);
    assert_eq!(said(&status)[1], "Ready=False ServerFrozen");
    assert!(message(&status, "Ready").contains("frozen by AuthPolicy auth/broken"), "{status:?}");
    // One that was served before goes on being served, and counts what was counted.
    let status = policy_status(&mut inventory, &[frozen(Some(Revision([7; 32])), Some(&counted))]);
    assert_eq!(said(&status)[1], "Ready=True Ready");
    assert_eq!((status.clients, status.live.as_deref()), (Some(counted), Some("1/1")));
}

#[test]
fn a_policy_that_is_not_accepted_is_stalled() {
    let mut inventory = world();
    let example = json!({
        "name": "orders", "expect": "Compliant",
        "client": { "authServerRef": { "name": "any" }, "type": "service", "scopes": ["orders:read"] },
    });
    let spec = json!({ "allowedScopes": ["openid"], "examples": [example] });
    let judged = put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 2, spec);
    let report = publish(&mut inventory).report;
    let report = &report.policies[&name("auth/baseline")];
    let status =
        policy(&PolicyFacts { generation: 2, reading: &judged.findings, report, servers: &[], there: None });
    assert_eq!(
        said(&status),
        ["Accepted=False ExampleFails", "Ready=False ExampleFails", "Stalled=True ExampleFails"]
    );
    assert_eq!((judged_by_kstatus(&status, 2), status.live), (Kstatus::Failed, None));
}

#[test]
fn a_policy_in_audit_is_ready_as_soon_as_it_is_accepted() {
    let mut inventory = world();
    let judged = put(&mut inventory, Kind::AuthPolicy, "auth/trial", 1, json!({ "enforcement": "Audit" }));
    let report = publish(&mut inventory).report;
    let report = &report.policies[&name("auth/trial")];
    let status =
        policy(&PolicyFacts { generation: 1, reading: &judged.findings, report, servers: &[], there: None });
    assert_eq!(said(&status)[1], "Ready=True Audit");
}

struct ServerCase {
    inventory: Inventory,
    reading: Vec<nauthera_core::finding::Finding>,
    report: Report,
    object: nauthera_core::names::ObjectRef,
    issuer: IssuerUrl,
}

impl ServerCase {
    fn of(spec: Value) -> Self {
        let mut inventory = world();
        let judged = put(&mut inventory, Kind::AuthServer, "auth/main", 2, spec);
        let report = publish(&mut inventory).report;
        Self { inventory, reading: judged.findings, report, object: name("auth/main"), issuer: issuer() }
    }

    fn minimal() -> Self {
        Self::of(json!({ "issuerUrl": "https://id.example" }))
    }

    fn beside(mut self, kind: Kind, other: &str, generation: i64, spec: Value) -> Self {
        put(&mut self.inventory, kind, other, generation, spec);
        self.report = publish(&mut self.inventory).report;
        self
    }

    fn status<'a>(
        &'a self,
        change: impl FnOnce(&mut ServerFacts<'a>),
    ) -> nauthera_api::v1alpha1::AuthServerStatus {
        let mut facts = ServerFacts {
            object: &self.object,
            generation: 2,
            reading: &self.reading,
            report: &self.report.servers[&self.object],
            issuer: Some(&self.issuer),
            revision: Some(Revision([7; 32])),
            publish_fault: None,
            replicas: Replicas { wanted: Some(2), ready: 2, ..Replicas::default() },
            keys: &[],
            signing: SigningSettings::default(),
            unresolved: &[],
            now: NOW,
            there: None,
        };
        change(&mut facts);
        server(&facts)
    }
}

#[test]
fn a_server_is_ready_when_every_wanted_replica_serves_the_newest_revision() {
    let lagging: Vec<String> = (0..40).map(|n| format!("pod-{n}")).collect();
    let whole = Replicas { wanted: Some(2), ready: 2, ..Replicas::default() };
    let case = ServerCase::minimal();
    let status = case.status(|_| ());
    assert_eq!(
        said(&status),
        [
            "Accepted=True Accepted",
            "ResolvedRefs=True ResolvedRefs",
            "Programmed=True Programmed",
            "Ready=True Ready"
        ]
    );
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::Current);
    let cases = [
        (Replicas::default(), "Rollout"),
        (
            Replicas { wanted: Some(3), ready: 2, trouble: Some("exceeded quota"), ..Replicas::default() },
            "Rollout",
        ),
        (Replicas { wanted: Some(0), ..Replicas::default() }, "NoReplica"),
        (Replicas { lagging: &lagging, ..whole }, "Lagging"),
        (Replicas { unfinished: Some("1 of 2"), ..whole }, "Rollout"),
        (Replicas { fault: Some("Deployment nauthera-main: refused"), ..whole }, "NotApplied"),
    ];
    for (replicas, reason) in cases {
        let status = case.status(|facts| facts.replicas = replicas);
        assert_eq!(said(&status)[3], format!("Ready=False {reason}"));
        assert_eq!(judged_by_kstatus(&status, 2), Kstatus::InProgress);
    }
    let status = case.status(|facts| facts.replicas.lagging = &lagging);
    assert_eq!(status.lagging_replicas.len(), 30);
    assert_eq!(message(&status, "Ready"), "pod-0 and 39 other replicas do not serve the newest revision yet");
}

#[test]
fn a_server_without_clients_is_ready() {
    let status = ServerCase::minimal().status(|_| ());
    assert_eq!(status.clients.unwrap().total, 0);
}

#[test]
fn a_frozen_server_names_the_policy_and_is_not_stalled_itself() {
    let case = ServerCase::minimal().beside(Kind::AuthPolicy, "auth/baseline", 2, json!({ "unknown": 1 }));
    let status = case.status(|_| ());
    assert_eq!(said(&status)[2], "Programmed=False PolicyNotAccepted");
    assert!(
        message(&status, "Programmed")
            .starts_with("AuthPolicy auth/baseline is not accepted, so every client keeps")
    );
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::InProgress);
    let nothing = case.status(|facts| facts.revision = None);
    assert!(message(&nothing, "Programmed").contains("it serves no clients yet"));
    // What lies there cannot be read, and is served: nothing takes its place.
    let unread = case.status(|facts| {
        facts.revision = None;
        facts.publish_fault = Some("format 99");
    });
    let told = message(&unread, "Programmed");
    assert!(told.contains("keeps the settings it has; nothing newer can be published: format 99"), "{told}");
}

#[test]
fn a_frozen_server_counts_as_it_did_when_its_clients_were_judged_last() {
    let spec = client_spec(&["openid"]);
    let case = ServerCase::minimal().beside(Kind::AuthClient, "shop/web", 1, spec);
    let before = case.status(|_| ());
    assert_eq!(before.clients.as_ref().unwrap().compliant, 1);
    let case = case.beside(Kind::AuthPolicy, "auth/baseline", 2, json!({ "unknown": 1 }));
    let frozen = case.status(|facts| facts.there = Some(&before));
    assert_eq!(frozen.clients, before.clients);
}

#[test]
fn what_a_server_names_must_be_there() {
    let with_store =
        ServerCase::of(json!({ "issuerUrl": "https://id.example", "userStoreRef": { "name": "people" } }));
    let status = with_store.status(|_| ());
    assert_eq!(said(&status)[1], "ResolvedRefs=False UserStoreNotFound");
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::InProgress);
    let missing =
        crate::children::Missing { kind: crate::children::ChildKind::HttpRoute, field: "expose.httpRoute" };
    let unresolved = [Unresolved::from(&missing)];
    let status = ServerCase::minimal().status(|facts| facts.unresolved = &unresolved);
    assert_eq!(said(&status)[1], "ResolvedRefs=False KindMissing");
    assert_eq!(said(&status)[3], "Ready=False KindMissing");
}

#[test]
fn a_server_with_anothers_issuer_is_stalled() {
    let issuer = "https://taken.example";
    let first =
        ServerCase::minimal().beside(Kind::AuthServer, "auth/a-first", 1, json!({ "issuerUrl": issuer }));
    let case = first.beside(Kind::AuthServer, "auth/main", 2, json!({ "issuerUrl": issuer }));
    let status = case.status(|facts| facts.revision = None);
    assert_eq!(said(&status)[0], "Accepted=False DuplicateIssuer");
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::Failed);
}

#[test]
fn what_cannot_be_published_is_told() {
    let status = ServerCase::minimal()
        .status(|facts| facts.publish_fault = Some("etcdserver: mvcc: database space exceeded"));
    assert_eq!(said(&status)[2], "Programmed=False PublishFailed");
}

#[test]
fn keys_are_told_with_what_they_are_for_and_until_when() {
    let key = |from: i64, retired: Option<i64>| KeyTimes {
        algorithm: nauthera_core::grant::SigningAlgorithm::Es256,
        active_from: UnixTime(NOW.0 + from),
        retired_at: retired.map(|at| UnixTime(NOW.0 + at)),
        longest_token: Seconds::hours(1),
    };
    let keys = [
        Key { kid: "old", times: key(-9_000, Some(-60)) },
        Key { kid: "now", times: key(-60, None) },
        Key { kid: "next", times: key(600, None) },
    ];
    let status = ServerCase::minimal().status(|facts| facts.keys = &keys);
    let told: Vec<_> = status
        .signing_keys
        .iter()
        .map(|key| (&*key.kid, &*key.usage, key.rotates_at.as_ref().unwrap().0.as_second() - NOW.0))
        .collect();
    assert_eq!(told, [("old", "Retired", 3_540), ("now", "Active", 30 * 86_400 - 60), ("next", "Next", 600)]);
}

#[test]
fn a_store_is_ready_when_every_server_reaches_it() {
    let at = |server, fault: Option<&'static str>| {
        let word = Some(fault.map_or(StoreWord::Usable, StoreWord::Fault));
        StoreLive { server, word }
    };
    const fn facts<'a>(servers: &'a [StoreLive<'a>]) -> StoreFacts<'a> {
        StoreFacts { generation: 1, reading: &[], servers, there: None, now: NOW }
    }
    let status = |servers: &[StoreLive<'_>]| store(&facts(servers));
    assert_eq!(said(&status(&[]))[1], "Ready=True Unused");
    assert_eq!(said(&status(&[at("main", None)]))[1], "Ready=True Ready");
    let away = status(&[at("main", None), at("other", Some("connection refused"))]);
    assert_eq!(said(&away)[1], "Ready=False Unreachable");
    assert_eq!(
        (away.servers[1].reachable, away.servers[1].message.as_deref()),
        (false, Some("connection refused"))
    );
    // Since when it is so stays as long as it is so; of a server of which nobody knows anything, so does all.
    let hour = UnixTime(NOW.0 + 3_600);
    let later =
        |servers: &[StoreLive<'_>]| store(&StoreFacts { there: Some(&away), now: hour, ..facts(servers) });
    assert_eq!(later(&[at("main", None), at("other", Some("connection refused"))]), away);
    let silent = |server| StoreLive { server, word: None };
    assert_eq!(later(&[silent("main"), silent("other")]), away);
    let back = later(&[at("main", None), at("other", None)]);
    assert!(back.servers[1].since > away.servers[1].since && back.servers[0].since == away.servers[0].since);
    assert_eq!(said(&status(&[silent("main")]))[1], "Ready=False Unreachable");
    let judged =
        put(&mut world(), Kind::UserStore, "auth/people", 1, json!({ "type": "static", "users": 5 }));
    let broken = store(&StoreFacts { reading: &judged.findings, ..facts(&[]) });
    assert_eq!(judged_by_kstatus(&broken, 1), Kstatus::Failed);
}
