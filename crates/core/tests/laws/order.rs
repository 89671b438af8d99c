//! Order never matters, and equal inventories give equal bytes.

use crate::oracle::judge::plain;
use crate::tape::{drawn, repeatable};
use crate::universe;
use nauthera_core::compile::compile;
use nauthera_core::inventory::Inventory;
use nauthera_core::pattern::{Pattern, PatternSet};
use nauthera_core::snapshot::Snapshot;
use nauthera_core::spec::{ClientSpec, PolicySpec, Selector};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::Arc;

proptest! {
    #![proptest_config(repeatable(1_000))]

    #[test]
    fn the_order_of_a_policys_lists_changes_no_byte(inventory in drawn(universe::inventory)) {
        let mut turned = inventory.clone();
        for object in turned.policies.values_mut() {
            object.spec = object.spec.take().map(|spec| Arc::new(turn_policy(&spec)));
        }
        let (before, after) = (compile(&inventory), compile(&turned));
        assert_eq!(before.snapshots, after.snapshots);
        for (client, entry) in &before.report.clients {
            let other = &after.report.clients[client];
            assert_eq!((entry.verdict, entry.reason()), (other.verdict, other.reason()), "{client}");
        }
    }

    #[test]
    fn the_order_of_a_clients_lists_changes_no_set(inventory in drawn(universe::inventory)) {
        let mut turned = inventory.clone();
        for object in turned.clients.values_mut() {
            object.spec = object.spec.take().map(|spec| Arc::new(turn_client(&spec)));
        }
        let (before, after) = (compile(&inventory), compile(&turned));
        for (client, entry) in &before.report.clients {
            let other = &after.report.clients[client];
            assert_eq!((entry.verdict, entry.reason()), (other.verdict, other.reason()), "{client}");
            assert_eq!(entry.row.as_deref().map(sorted), other.row.as_deref().map(sorted), "{client}");
        }
    }

    #[test]
    fn equal_inventories_give_equal_bytes_and_reports(inventory in drawn(universe::inventory)) {
        let (one, two) = (compile(&inventory), compile(&inventory.clone()));
        assert_eq!(bytes(&one.snapshots), bytes(&two.snapshots));
        assert_eq!(one.report, two.report);
    }

    #[test]
    fn the_order_in_which_objects_arrive_changes_nothing(inventory in drawn(universe::inventory)) {
        let (incomplete, private_fetch) = (inventory.incomplete, inventory.private_fetch);
        let mut late = Inventory { incomplete, private_fetch, ..Inventory::default() };
        late.unready.extend(inventory.unready.clone().into_iter().rev());
        late.credentials.extend(inventory.credentials.clone().into_iter().rev());
        late.secret_names.extend(inventory.secret_names.clone().into_iter().rev());
        late.clients.extend(inventory.clients.clone().into_iter().rev());
        late.published.extend(inventory.published.clone().into_iter().rev());
        late.policies.extend(inventory.policies.clone().into_iter().rev());
        late.namespaces.extend(inventory.namespaces.clone().into_iter().rev());
        late.servers.extend(inventory.servers.clone().into_iter().rev());
        late.stores.extend(inventory.stores.clone().into_iter().rev());
        assert_eq!(compile(&inventory), compile(&late));
    }

    #[test]
    fn a_snapshot_reads_back_from_its_bytes(inventory in drawn(universe::inventory)) {
        for snapshot in compile(&inventory).snapshots.values() {
            let bytes = snapshot.to_bytes();
            let read = Snapshot::from_bytes(&bytes).expect("what was written can be read");
            assert_eq!(&read, &**snapshot);
            assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_revision_is_the_sha_256_of_the_bytes(inventory in drawn(universe::inventory)) {
        for snapshot in compile(&inventory).snapshots.values() {
            let digest: [u8; 32] = Sha256::digest(snapshot.to_bytes()).into();
            assert_eq!(snapshot.revision().0, digest);
        }
    }
}

fn bytes<K>(snapshots: &std::collections::BTreeMap<K, Arc<Snapshot>>) -> Vec<Vec<u8>> {
    snapshots.values().map(|snapshot| snapshot.to_bytes()).collect()
}

fn sorted(row: &nauthera_core::snapshot::Row) -> crate::oracle::judge::Wanted {
    let mut wanted = plain(row);
    for list in [
        &mut wanted.redirect_uris,
        &mut wanted.post_logout_redirect_uris,
        &mut wanted.scopes,
        &mut wanted.withheld_scopes,
        &mut wanted.audiences,
        &mut wanted.introspects,
    ] {
        list.sort();
    }
    wanted
}

fn turn_set<P: Pattern>(set: &Option<PatternSet<P>>) -> Option<PatternSet<P>> {
    set.as_ref().map(|set| PatternSet::parse(set.patterns().iter().rev().map(ToString::to_string)))
}

fn turn_selector(selector: &mut Option<Selector>) {
    let Some(Selector { namespace_selector, namespaces, clients, types }) = selector else { return };
    namespace_selector.iter_mut().for_each(|labels| labels.match_expressions.reverse());
    namespaces.iter_mut().for_each(|list| list.reverse());
    clients.iter_mut().for_each(|list| list.reverse());
    types.iter_mut().for_each(|list| list.reverse());
}

fn turn_policy(spec: &PolicySpec) -> PolicySpec {
    let mut turned = spec.clone();
    turn_selector(&mut turned.client_selector);
    turn_selector(&mut turned.except);
    turned.allowed_scopes = turn_set(&spec.allowed_scopes);
    turned.allowed_audiences = turn_set(&spec.allowed_audiences);
    turned.allowed_introspection = turn_set(&spec.allowed_introspection);
    turned.allowed_hosts = turn_set(&spec.allowed_hosts);
    turned.allowed_groups.iter_mut().for_each(|list| list.reverse());
    turned.client_authentication.allowed_methods.iter_mut().for_each(|list| list.reverse());
    turned.examples.reverse();
    turned
}

fn turn_client(spec: &ClientSpec) -> ClientSpec {
    let mut turned = spec.clone();
    turned.redirect_uris.reverse();
    turned.post_logout_redirect_uris.reverse();
    turned.scopes.reverse();
    turned.audiences.reverse();
    turned.introspects.reverse();
    turned.service_accounts.reverse();
    turned.allowed_groups.iter_mut().for_each(|list| list.reverse());
    turned
}
