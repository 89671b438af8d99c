//! `compile` is idempotent on its own output: once published, nothing moves, not even when every client's manifest breaks.

use crate::tape::{drawn, repeatable};
use crate::universe;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::inventory::Inventory;
use nauthera_core::report::Verdict;
use proptest::prelude::*;
use std::sync::Arc;

proptest! {
    #![proptest_config(repeatable(2_000))]

    #[test]
    fn what_is_published_compiles_to_itself(inventory in drawn(universe::inventory)) {
        let first = compile(&inventory);
        let second = compile(&published(&inventory, &first));
        assert_same_bytes(&first, &second);
        for (client, was) in &first.report.clients {
            let now = &second.report.clients[client];
            assert_eq!((was.verdict, was.reason()), (now.verdict, now.reason()), "{client}");
        }
    }

    #[test]
    fn rows_stay_when_every_client_breaks(inventory in drawn(universe::inventory)) {
        let first = compile(&inventory);
        let mut broken = published(&inventory, &first);
        broken.clients.values_mut().for_each(|object| object.spec = None);
        let second = compile(&broken);
        assert_same_bytes(&first, &second);
        for (client, was) in &first.report.clients {
            let now = &second.report.clients[client];
            let verdict = if was.row.is_some() { Verdict::Frozen } else { Verdict::Waiting };
            assert_eq!(now.verdict, verdict, "{client}");
        }
    }

    #[test]
    fn an_unchanged_row_is_shared_with_what_is_published(inventory in drawn(universe::inventory)) {
        let first = compile(&inventory);
        let second = compile(&published(&inventory, &first));
        for (server, snapshot) in &second.snapshots {
            for (id, row) in &snapshot.clients {
                assert!(Arc::ptr_eq(row, &first.snapshots[server].clients[id]), "{id}");
            }
        }
    }
}

fn published(inventory: &Inventory, compiled: &Compiled) -> Inventory {
    Inventory { published: compiled.snapshots.clone(), ..inventory.clone() }
}

fn assert_same_bytes(one: &Compiled, two: &Compiled) {
    assert_eq!(one.snapshots.keys().collect::<Vec<_>>(), two.snapshots.keys().collect::<Vec<_>>());
    for (server, snapshot) in &one.snapshots {
        assert_eq!(snapshot, &two.snapshots[server], "{server}");
        assert_eq!(snapshot.to_bytes(), two.snapshots[server].to_bytes(), "{server}");
    }
}
