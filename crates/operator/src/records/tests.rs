//! What is noticed of the Secret of an application, as the index keeps it: nothing plain.

use super::{Due, Entry, Hands, Plan, Planner, View};
use crate::index::{Shared, Source, StreamId};
use crate::names::{DIGEST_KEY_FILE, digest_key, owner_mark};
use crate::secrets::secret;
use crate::world;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use nauthera_core::compile::compile;
use nauthera_core::credentials::{Found, KeyedDigest, Need, Record, Step, next};
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::time::{Entropy, UnixTime};
use nauthera_core::uri::IssuerUrl;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use zeroize::Zeroizing;

const DIGEST_KEY: [u8; 32] = [7; 32];

struct Counting;

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
    }
}

fn dynamic(value: impl Serialize) -> DynamicObject {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}

fn put(shared: &Shared, source: Source, object: DynamicObject) {
    shared.apply(&StreamId { source, namespace: None }, Event::Apply(object));
}

/// A server with its digest key, a policy and the client `shop/web`.
fn cluster() -> (Arc<Shared>, Entry, ObjectRef) {
    let shared = Shared::new(Arc::new(Counting));
    let server = world::name("auth/main");
    let client = json!({
        "authServerRef": { "name": "main", "namespace": "auth" }, "type": "service",
        "secret": {
            "name": "oidc", "keys": { "client_secret": "OIDC_SECRET" },
            "labels": { "team": "shop" }, "annotations": { "a.example/b": "c" },
        },
    });
    let policy = json!({ "allowedGrantTypes": ["client_credentials"] });
    for (kind, name, spec) in [
        (Kind::AuthServer, "auth/main", json!({ "issuerUrl": "https://id.example" })),
        (Kind::AuthPolicy, "auth/baseline", policy),
        (Kind::AuthClient, "shop/web", client),
    ] {
        put(&shared, Source::Manifests(kind), dynamic(world::object(kind, name, 1, spec)));
    }
    for namespace in ["auth", "shop"] {
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "uid": "n" } });
        put(&shared, Source::Namespaces, dynamic(namespace));
    }
    let key = crate::children::kept(&server, digest_key("main"), None);
    let data = [(DIGEST_KEY_FILE.to_owned(), ByteString(DIGEST_KEY.to_vec()))];
    let key = Secret { metadata: key, data: Some(data.into_iter().collect()), ..Secret::default() };
    assert!(key.metadata.annotations.iter().flatten().any(|(_, mark)| *mark == owner_mark(&server)));
    put(&shared, Source::ServerSecrets, dynamic(key));
    let inventory = shared.with(|index| index.inventory());
    let name = world::name("shop/web");
    let report = compile(&inventory).report.clients.remove(&name).unwrap();
    let entry = shared.with(|index| Entry::of(&name, &report, index));
    let entry = entry.unwrap_or_else(|| panic!("it is not served: {:?}", report.findings));
    (shared, entry, server)
}

/// What is known once the Secret is as `edit` left it: how it stands with it, and does it say all that it should?
fn seen(edit: fn(&mut Secret)) -> (Found, bool) {
    let (shared, entry, server) = cluster();
    let issuer = IssuerUrl::parse("https://id.example").unwrap();
    let mut there = secret(&entry.application(&server, &issuer), Some("plain"));
    there.metadata.uid = Some("uid-of-the-secret".into());
    edit(&mut there);
    put(&shared, Source::ClientSecrets, dynamic(there));
    shared.with(|index| {
        let view = View {
            server: &server,
            issuer: &issuer,
            digest_key: &DIGEST_KEY,
            process_key: shared.process_key(),
            index,
            now: UnixTime(1_000),
        };
        assert_eq!(entry.need(index), Need::Made);
        (entry.facts(&view, Hands::default(), true).found, entry.is_refreshed(&view))
    })
}

#[test]
fn an_edit_of_what_we_write_is_noticed_and_one_of_others_is_not() {
    let ours = Found::Ours { holds: Some(KeyedDigest::of(&DIGEST_KEY, "plain")), fence: None };
    assert_eq!(seen(|_| ()), (ours, true));
    let edited = |edit| seen(edit) != (ours, true);
    assert!(!edited(|secret| {
        secret.metadata.labels.get_or_insert_default().insert("backup".into(), "yes".into());
        secret.metadata.annotations.get_or_insert_default().insert("seen".into(), "today".into());
        secret.metadata.resource_version = Some("7".into());
    }));
    assert!(edited(|secret| {
        secret.metadata.labels.get_or_insert_default().remove("team");
    }));
    assert!(edited(|secret| secret.metadata.annotations = None));
    assert!(edited(|secret| secret.metadata.owner_references = None));
    assert!(edited(|secret| {
        secret.data.get_or_insert_default().insert("OIDC_SECRET".into(), ByteString(b"another".to_vec()));
    }));
    assert!(edited(|secret| {
        secret.data.get_or_insert_default().insert("issuer".into(), ByteString(b"https://evil".to_vec()));
    }));
    assert!(edited(|secret| {
        secret.data.get_or_insert_default().insert("more".into(), ByteString(Vec::new()));
    }));
}

#[test]
fn a_secret_without_an_owner_is_taken_over_and_one_of_another_is_left() {
    let (found, _) = seen(|secret| secret.metadata.owner_references = None);
    assert_eq!(
        found,
        Found::Ownerless { holds: Some(KeyedDigest::of(&DIGEST_KEY, "plain")), says_all: true }
    );
    let (found, _) = seen(|secret| {
        secret.metadata.owner_references.iter_mut().flatten().for_each(|owner| owner.uid = "another".into());
    });
    assert_eq!(found, Found::Foreign);
}

/// What is due of the client next, with the record that follows where that is what is due.
fn due(
    planner: &mut Planner,
    of: (&Shared, &Entry, &ObjectRef),
    record: &mut Option<Record>,
    made: &str,
) -> Option<Due> {
    let (shared, entry, server) = of;
    let issuer = IssuerUrl::parse("https://id.example").unwrap();
    shared.with(|index| {
        let process_key = shared.process_key();
        let now = UnixTime(1_000);
        let view = View { server, issuer: &issuer, digest_key: &DIGEST_KEY, process_key, index, now };
        let mut plan = Plan::default();
        planner.plan(&mut plan, entry.clone(), record.as_ref(), (&view, true), || {
            Zeroizing::new(made.to_owned())
        });
        let (_, due) = plan.due.remove(&entry.client)?;
        if due == Due::Record {
            let hands = planner.hands(&entry.client, &DIGEST_KEY);
            let Step::WriteRecord(written) = next(record.as_ref(), &entry.facts(&view, hands, false)) else {
                panic!("no record is due");
            };
            *record = Some(*written);
        }
        Some(due)
    })
}

#[test]
fn a_secret_that_is_edited_before_its_record_says_that_it_was_written_gets_another_one() {
    let (shared, entry, server) = cluster();
    let issuer = IssuerUrl::parse("https://id.example").unwrap();
    let write = |plain: &str| {
        let mut there = secret(&entry.application(&server, &issuer), Some(plain));
        there.metadata.uid = Some("uid-of-the-secret".into());
        put(&shared, Source::ClientSecrets, dynamic(there));
    };
    let (mut planner, mut record) = (Planner::default(), None);
    let mut step =
        |made: &str, planner: &mut Planner| due(planner, (&shared, &entry, &server), &mut record, made);
    assert_eq!(step("first", &mut planner), Some(Due::Record));
    let first = KeyedDigest::of(&DIGEST_KEY, "first");
    assert_eq!(step("-", &mut planner), Some(Due::Secret(first)));
    // It is written, and edited before anybody looks again.
    planner.gave(&entry.client, first);
    write("edited by hand");
    assert_eq!(step("second", &mut planner), Some(Due::Record));
    let second = KeyedDigest::of(&DIGEST_KEY, "second");
    assert_eq!(step("-", &mut planner), Some(Due::Secret(second)));
    planner.gave(&entry.client, second);
    write("second");
    assert_eq!(step("-", &mut planner), Some(Due::Record));
    assert_eq!(step("-", &mut planner), None);
    let live: Vec<_> = record.unwrap().secrets.iter().map(|live| live.not_after.is_some()).collect();
    assert_eq!(live, [true, false], "whoever has read the first one has an overlap");
}
