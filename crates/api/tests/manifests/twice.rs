//! Two documents of one name: nobody knows which of them a cluster would keep, so neither may widen anything.

use crate::told::{CLIENT, SHOP, accepted_clients, only, tell};
use nauthera_api::manifests::Manifests;
use nauthera_api::yaml::Part;
use nauthera_core::codes::Code;
use nauthera_core::finding::Severity;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab, labels: {stage: prod}}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {namespace: shop, name: own}\nstringData: {client_secret: \
                      hunter2hunter2hunter2hunter2hunter2}\n";

fn both(first: &str, second: &str) -> Manifests {
    Manifests::from_texts(vec![("a.yaml".into(), first.into()), ("b.yaml".into(), second.into())])
}

#[test]
fn two_documents_with_one_name_are_told_with_both_places_and_neither_is_used() {
    let manifests = both(CLIENT, &format!("# moved\n{CLIENT}"));
    let found = only(&manifests);
    assert_eq!(
        tell(&manifests, found),
        "NA0003 b.yaml:6:9 \"web\" | AuthClient shop/web stands twice | rename one of them, or take it away"
    );
    let first = manifests.locate(&found.finding.labels[1].place, Part::Value).unwrap();
    assert_eq!((first.file, first.span.line), (0, 5));
    assert_eq!((accepted_clients(&manifests), manifests.inventory().clients.len()), (0, 1));
    assert!(!manifests.is_incomplete());
}

#[test]
fn every_kind_of_ours_is_there_and_not_accepted_when_it_stands_twice() {
    let documents: Vec<&str> = SHOP.split("---\n").collect();
    let mut seen = Vec::new();
    for document in &documents[1..5] {
        // The copy, which may be the looser one, is the first to be read.
        let manifests = both(document, SHOP);
        let subject = only(&manifests).finding.subject().cloned().unwrap();
        let inventory = manifests.inventory();
        let ObjectKey { kind, object } = &subject;
        assert!(match kind {
            Kind::AuthServer => inventory.servers[object].spec.is_none(),
            Kind::AuthPolicy => inventory.policies[object].spec.is_none(),
            Kind::UserStore => inventory.stores[object].spec.is_none(),
            Kind::AuthClient => inventory.clients[object].spec.is_none(),
        });
        seen.push(*kind);
    }
    seen.sort();
    let mut kinds = Kind::ALL.to_vec();
    kinds.sort();
    assert_eq!(seen, kinds);
}

#[test]
fn of_a_namespace_that_stands_twice_the_labels_are_not_known() {
    let other = NAMESPACE.replace("prod", "test");
    for (first, second) in [(NAMESPACE, &*other), (&other, NAMESPACE)] {
        let manifests = both(first, &format!("---\n{second}---\n{second}"));
        assert!(!manifests.inventory().namespaces.contains_key("lab"));
        let [found, _] = manifests.findings() else { panic!("{:#?}", manifests.findings()) };
        assert_eq!((found.finding.code, found.finding.severity), (Code::DuplicateObject, Severity::Error));
        assert_eq!(found.finding.message, "Namespace lab stands twice");
        assert_eq!(found.finding.notes[0], "first in a.yaml:1, again in b.yaml:2");
        assert_eq!(found.at.map(|at| (at.file, at.span.line)), Some((1, 0)));
    }
}

#[test]
fn a_secret_that_stands_twice_is_not_used_and_not_quoted() {
    let manifests = both(SECRET, &SECRET.replace("hunter2", "hunter3"));
    let secret = &manifests.secrets()[&ObjectRef::new("shop", "own")];
    assert!(secret.stands_twice() && secret.value("client_secret").is_none());
    let found = only(&manifests);
    assert_eq!(
        (found.finding.code, &*found.finding.message),
        (Code::DuplicateObject, "Secret shop/own stands twice")
    );
    let shown = format!("{found:?} {:?} {:?}", manifests.files(), manifests.files()[1].text);
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn facts_that_stand_twice_and_say_the_same_are_used_with_a_warning() {
    let manifests = both(&format!("{NAMESPACE}---\n{SECRET}"), &format!("{SECRET}---\n{NAMESPACE}"));
    assert_eq!(manifests.inventory().namespaces["lab"]["stage"], "prod".into());
    assert!(manifests.secrets()[&ObjectRef::new("shop", "own")].value("client_secret").is_some());
    let told: Vec<_> =
        manifests.findings().iter().map(|found| (found.finding.code, found.finding.severity)).collect();
    assert_eq!(told, [(Code::DuplicateObject, Severity::Warning); 2]);
}
