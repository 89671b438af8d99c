//! Labels of a namespace that are not known: whatever they are, nothing is served that would not be served under them.

use crate::oracle::judge::plain;
use crate::tape::{Tape, drawn, repeatable};
use crate::universe::{self, Labels};
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::inventory::Inventory;
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Row;
use nauthera_core::time::Seconds;
use proptest::prelude::*;
use std::sync::Arc;

/// An inventory of which the labels of one namespace are not known.
fn unseen(tape: &mut Tape) -> (Inventory, Arc<str>) {
    let mut inventory = universe::inventory(tape);
    // What is not judged today is no matter here.
    inventory.published.clear();
    let namespace: Arc<str> = tape.pick(&["shop", "pay", "lab"]).into();
    inventory.namespaces.remove(&namespace);
    (inventory, namespace)
}

/// All labels that the universe's selectors can tell apart.
fn worlds() -> Vec<Labels> {
    let tiers = [None, Some("gold"), Some("silver"), Some("prod"), Some("other")];
    let stages = tiers;
    let of = |tier: Option<&str>, stage: Option<&str>| {
        let pairs = [("tier", tier), ("stage", stage)];
        pairs.into_iter().filter_map(|(key, value)| Some((key.into(), value?.into()))).collect()
    };
    tiers.into_iter().flat_map(|tier| stages.map(|stage| of(tier, stage))).collect()
}

proptest! {
    #![proptest_config(repeatable(1_000))]

    #[test]
    fn what_is_served_without_knowing_the_labels_is_within_what_is_served_under_any(
        (inventory, namespace) in drawn(unseen),
    ) {
        let blind = compile(&inventory).report;
        for labels in worlds() {
            let mut seen = inventory.clone();
            seen.namespaces.insert(namespace.clone(), labels.clone());
            let seeing = compile(&seen).report;
            for (client, entry) in blind.clients.iter().filter(|(client, _)| client.namespace == namespace) {
                let Some(row) = entry.row.as_deref() else { continue };
                let real = &seeing.clients[client];
                match real.row.as_deref() {
                    Some(real) => assert_within(row, real),
                    None => assert!(is_a_matter_of_method(real), "{client} {labels:?}: {:?}", real.findings),
                }
            }
        }
    }

    #[test]
    fn the_labels_of_one_namespace_are_no_matter_of_another((inventory, namespace) in drawn(unseen)) {
        let blind = compile(&inventory).report;
        let mut seen = inventory;
        seen.namespaces.insert(namespace.clone(), Labels::new());
        let seeing = compile(&seen).report;
        for (client, entry) in blind.clients.iter().filter(|(client, _)| client.namespace != namespace) {
            // Ids are one space for all namespaces.
            let taken = |entry: &ClientReport| entry.reason() == Some(Code::ClientIdTaken);
            let real = &seeing.clients[client];
            assert!(entry.row == real.row || taken(entry) || taken(real), "{client}");
        }
    }
}

/// A policy that may govern gives no method to who names none, and one that does may give one for which the client has no keys.
fn is_a_matter_of_method(real: &ClientReport) -> bool {
    let unnamed = real.asked.as_ref().is_some_and(|asked| asked.method.is_none());
    unnamed && matches!(real.reason(), Some(Code::NothingLeft | Code::KeysOutOfReach))
}

fn assert_within(row: &Row, real: &Row) {
    let (now, most) = (plain(row), plain(real));
    let within = |now: &[String], most: &[String]| now.iter().all(|item| most.contains(item));
    assert!(within(&now.redirect_uris, &most.redirect_uris));
    assert!(within(&now.post_logout_redirect_uris, &most.post_logout_redirect_uris));
    assert!(within(&now.scopes, &most.scopes), "{now:?} {most:?}");
    assert!(within(&now.audiences, &most.audiences) && within(&now.introspects, &most.introspects));
    assert!(now.grants.is_subset(&most.grants) && now.groups.is_superset(&most.groups));
    assert!(now.seconds.iter().zip(most.seconds).all(|(now, most)| *now <= most));
    assert!(now.pkce >= most.pkce && now.par >= most.par && now.consent <= most.consent);
    let age = |age: Option<Seconds>| age.unwrap_or(Seconds::MAX);
    assert!(age(row.max_age) <= age(real.max_age));
    assert_eq!(now.client_id, most.client_id);
}
