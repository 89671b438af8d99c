//! One bad object changes no other object's result.

use crate::tape::{Tape, drawn, repeatable};
use crate::universe::{self, object};
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::names::ObjectRef;
use nauthera_core::report::Verdict;
use nauthera_core::snapshot::Row;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// An inventory that is published as it is, and the name of one client in it.
fn settled(tape: &mut Tape) -> (Inventory, ObjectRef) {
    let mut inventory = universe::inventory(tape);
    inventory.unready.clear();
    universe::publish(&mut inventory, tape);
    if inventory.clients.is_empty() {
        let client = universe::one(tape, universe::client);
        inventory.clients.insert(object("shop/web"), client);
    }
    let names: Vec<ObjectRef> = inventory.clients.keys().cloned().collect();
    let name = tape.pick(&names);
    (inventory, name)
}

fn rows(compiled: &Compiled, but: &ObjectRef) -> BTreeMap<ObjectRef, Vec<Row>> {
    let all = compiled.snapshots.iter();
    let rows = all.map(|(server, snapshot)| {
        let rows = snapshot.clients.values().filter(|row| row.object != *but).map(|row| Row::clone(row));
        (server.clone(), rows.collect())
    });
    rows.collect()
}

/// Everything but this client is the same, in the Snapshots and in the Report; only counts may know of it.
fn assert_others_equal(was: &Compiled, now: &Compiled, but: &ObjectRef) {
    assert_eq!(rows(was, but), rows(now, but));
    let served = was.report.clients.get(but).is_some_and(|entry| entry.row.is_some());
    for (client, entry) in was.report.clients.iter().filter(|(client, _)| *client != but) {
        let now = &now.report.clients[client];
        // Which server's ids a client that is not served would have is known from its manifest alone, so others may be told
        // of another holder.
        assert!(!served || entry == now, "{client}: {entry:?} {now:?}");
        assert_eq!(
            (&entry.row, entry.verdict, entry.reason()),
            (&now.row, now.verdict, now.reason()),
            "{client}"
        );
    }
    for (policy, entry) in &was.report.policies {
        let now = &now.report.policies[policy];
        assert_eq!((entry.accepted, &entry.findings), (now.accepted, &now.findings), "{policy}");
    }
    for (server, entry) in &was.report.servers {
        let now = &now.report.servers[server];
        assert_eq!((entry.served, &entry.findings), (now.served, &now.findings), "{server}");
    }
    assert_eq!(was.report.stores, now.report.stores);
}

proptest! {
    #![proptest_config(repeatable(2_000))]

    #[test]
    fn a_client_that_breaks_changes_nobody_else((inventory, name) in drawn(settled)) {
        let was = compile(&inventory);
        // An id or a Secret that a client merely asks for, without holding it, is forgotten with its manifest.
        let spec = inventory.clients[&name].spec.as_ref();
        let asked = spec.is_some_and(|spec| spec.client_id.is_some() || spec.secret.name.is_some());
        let holds_none = !asked && !inventory.credentials.contains_key(&name);
        if !holds_none && was.report.clients[&name].row.is_none() {
            return Ok(());
        }
        let mut broken = inventory.clone();
        broken.clients.get_mut(&name).expect("it is there").spec = None;
        assert_others_equal(&was, &compile(&broken), &name);
    }

    #[test]
    fn a_client_that_was_never_read_changes_nobody_else((inventory, _) in drawn(settled)) {
        // In a namespace that is here: labels that cannot be seen are reported once a client is in their namespace.
        let Some(namespace) = inventory.namespaces.keys().next() else { return Ok(()) };
        let name = ObjectRef::new(namespace.clone(), "broken");
        let mut more = inventory.clone();
        more.clients.insert(name.clone(), Object { generation: 1, labels: BTreeMap::new(), spec: None });
        let now = compile(&more);
        assert_others_equal(&compile(&inventory), &now, &name);
        assert_eq!(now.report.clients[&name].verdict, Verdict::Waiting);
    }

    #[test]
    fn a_deleted_client_is_gone_and_changes_nobody_who_is_served((inventory, name) in drawn(settled)) {
        let was = compile(&inventory);
        let mut less = inventory;
        less.clients.remove(&name);
        let now = compile(&less);
        for (client, entry) in was.report.clients.iter().filter(|(client, _)| **client != name) {
            assert!(entry.row.is_none() || entry.row == now.report.clients[client].row, "{client}");
        }
        assert!(now.snapshots.values().all(|s| s.clients.values().all(|row| row.object != name)));
    }

    #[test]
    fn a_user_store_that_breaks_changes_no_client((inventory, _) in drawn(settled)) {
        let was = compile(&inventory);
        let mut broken = inventory;
        broken.stores.values_mut().for_each(|store| store.spec = None);
        let now = compile(&broken);
        assert_eq!(was.report.clients, now.report.clients);
        assert_eq!(was.report.policies, now.report.policies);
        assert_eq!(was.report.servers, now.report.servers);
        // The people that are published go on.
        assert_eq!(was.snapshots, now.snapshots);
    }

    #[test]
    fn a_server_that_breaks_keeps_its_rows_and_touches_no_other((inventory, _) in drawn(settled)) {
        let was = compile(&inventory);
        for name in was.snapshots.keys() {
            let mut broken = inventory.clone();
            broken.servers.get_mut(name).expect("it is there").spec = None;
            let now = compile(&broken);
            assert_eq!(was.snapshots, now.snapshots, "{name}");
        }
    }
}
