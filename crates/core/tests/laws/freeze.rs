//! What cannot be judged freezes exactly what it touches: a policy its servers, an unreadable server itself, an incomplete
//! inventory everything; rotated and revoked secrets go out all the same.

use crate::oracle::{Server, freezes, last_home, server};
use crate::tape::{Tape, drawn, repeatable};
use crate::universe;
use nauthera_core::compile::compile;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Row;
use proptest::prelude::*;

/// An inventory, and the same with one of its policies not accepted.
fn one_broken(tape: &mut Tape) -> (Inventory, Inventory, ObjectRef) {
    let mut before = universe::inventory(tape);
    // Good policies all, so that only one freezes.
    before.policies.retain(|_, policy| policy.spec.is_some());
    for policy in before.policies.values_mut() {
        let spec = policy.spec.as_mut().map(std::sync::Arc::make_mut);
        spec.into_iter().for_each(|spec| spec.examples.clear());
    }
    if before.policies.is_empty() {
        let policy = universe::one(tape, universe::enforcing);
        before.policies.insert(universe::object("identity/a"), policy);
    }
    let names: Vec<ObjectRef> = before.policies.keys().cloned().collect();
    let name = tape.pick(&names);
    let mut after = before.clone();
    let policy = after.policies.get_mut(&name).expect("it is there");
    match policy.spec.as_mut().map(std::sync::Arc::make_mut) {
        Some(spec) if tape.once_in(2) => spec.examples = vec![universe::example(tape)],
        _ => policy.spec = None,
    }
    (before, after, name)
}

fn incomplete(tape: &mut Tape) -> Inventory {
    Inventory { incomplete: true, ..universe::inventory(tape) }
}

/// The row with the secrets that are live today.
fn with_secrets(inventory: &Inventory, server: &ObjectRef, row: &Row) -> Row {
    let record = inventory.credentials.get(&row.object);
    let live = record.filter(|record| record.server == *server && record.client_id == row.client_id);
    let live = live.filter(|_| row.authentication.method.as_str().starts_with("client_secret_"));
    let secrets = live.map_or(row.secrets.clone(), |record| record.secrets.clone());
    Row { secrets, ..row.clone() }
}

proptest! {
    #![proptest_config(repeatable(2_000))]

    #[test]
    fn a_policy_that_is_not_accepted_freezes_exactly_its_servers((before, after, policy) in drawn(one_broken)) {
        let (was, now) = (compile(&before), compile(&after));
        for (name, object) in &after.servers {
            if object.spec.is_none() {
                continue;
            }
            let frozen = server(&after, name) != Server::NotServed && freezes(&after, &policy, name);
            assert_eq!(now.report.servers[name].frozen_by.contains(&policy), frozen, "{name}");
            let removed = !now.report.policies[&policy].accepted;
            // A policy that only reports may be not accepted, and nobody notices at the server.
            if !frozen && (!removed || !was.report.policies[&policy].enforces) {
                assert_eq!(was.snapshots.get(name), now.snapshots.get(name), "{name}");
            }
            if policy.namespace != name.namespace {
                assert_eq!(was.snapshots.get(name), now.snapshots.get(name), "{name}");
            }
        }
    }

    #[test]
    fn a_frozen_server_keeps_every_row_and_takes_no_new_one(inventory in drawn(universe::inventory)) {
        let compiled = compile(&inventory);
        for name in inventory.servers.keys().filter(|name| server(&inventory, name) == Server::Frozen) {
            let now: Vec<&Row> = compiled.snapshots[name].clients.values().map(|row| &**row).collect();
            let published = inventory.published.get(name);
            let rows = published.into_iter().flat_map(|snapshot| snapshot.clients.values());
            // Gone are deleted clients, and those that moved to another server.
            let stays = |row: &&std::sync::Arc<Row>| match inventory.clients.get(&row.object) {
                None => false,
                Some(object) => match &object.spec {
                    Some(spec) => spec.server == *name,
                    None => last_home(&inventory, &row.object).is_some_and(|(home, _)| home == name),
                },
            };
            let kept: Vec<Row> = rows.filter(stays).map(|row| with_secrets(&inventory, name, row)).collect();
            assert_eq!(now, kept.iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn an_incomplete_inventory_changes_nothing_but_secrets(inventory in drawn(incomplete)) {
        let compiled = compile(&inventory);
        assert_eq!(compiled.snapshots.keys().collect::<Vec<_>>(), inventory.published.keys().collect::<Vec<_>>());
        for (name, was) in &inventory.published {
            let now = &compiled.snapshots[name];
            assert_eq!(now.head, was.head);
            let kept = was.clients.values().map(|row| with_secrets(&inventory, name, row));
            assert_eq!(now.clients.values().map(|row| Row::clone(row)).collect::<Vec<_>>(), kept.collect::<Vec<_>>());
        }
        assert_eq!(compiled.report.clients.len(), inventory.clients.len());
        for (client, entry) in &compiled.report.clients {
            let served = compiled.snapshots.values().any(|s| s.clients.values().any(|row| row.object == *client));
            assert_eq!(entry.verdict.is_served(), served, "{client}");
        }
    }
}
