//! What is served is exactly what the rules say: compared with the oracle, both ways.

use crate::oracle::judge::{judge, plain};
use crate::oracle::{Fate, Server, fate, governing, last_home, policies, server};
use crate::tape::{drawn, repeatable};
use crate::universe;
use nauthera_core::codes::Code;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{ClientReport, Verdict};
use nauthera_core::snapshot::Row;
use nauthera_core::spec::ClientSpec;
use nauthera_core::time::Seconds;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(repeatable(2_000))]

    #[test]
    fn what_is_served_is_exactly_what_the_rules_say(inventory in drawn(universe::inventory)) {
        let compiled = compile(&inventory);
        for client in inventory.clients.keys() {
            let entry = &compiled.report.clients[client];
            let fate = fate(&inventory, client);
            if matches!(fate, Fate::Frozen | Fate::LastGood) {
                let verdict = if entry.row.is_some() { Verdict::Frozen } else { Verdict::Waiting };
                assert_eq!(entry.verdict, verdict, "{client}");
            }
            match fate {
                Fate::Served { wanted, narrowed } => {
                    let verdict = if narrowed { Verdict::Narrowed } else { Verdict::Compliant };
                    assert_eq!(entry.verdict, verdict, "{client}: {:?}", entry.findings);
                    let row = entry.row.as_deref().expect("it is served");
                    assert_eq!(plain(row), *wanted, "{client}");
                    assert_row_is_told_right(&inventory, client, row);
                }
                Fate::Refused(code) => refused(client, entry, Verdict::Refused, code),
                Fate::Waiting(code) => refused(client, entry, Verdict::Waiting, code),
                Fate::Frozen => {}
                Fate::LastGood => assert_eq!(entry.reason(), Some(Code::ClientNotAccepted), "{client}"),
            }
        }
    }

    #[test]
    fn a_snapshot_holds_the_served_clients_and_nothing_else(inventory in drawn(universe::inventory)) {
        let Compiled { snapshots, report } = compile(&inventory);
        let served: BTreeSet<&ObjectRef> =
            inventory.servers.keys().filter(|name| matches!(server(&inventory, name), Server::Live | Server::Frozen)).collect();
        assert_eq!(snapshots.keys().collect::<BTreeSet<_>>(), served);
        let mut rows = 0;
        for (server, snapshot) in &snapshots {
            for (id, row) in &snapshot.clients {
                let entry = &report.clients[&row.object];
                assert_eq!((id, Some(server)), (&row.client_id, entry.server.as_ref()));
                assert_eq!(entry.row.as_deref(), Some(&**row));
                rows += 1;
            }
        }
        let told = report.clients.values().filter(|entry| entry.verdict.is_served()).count();
        assert_eq!(told, rows);
        assert_eq!(report.clients.values().filter(|entry| entry.row.is_some()).count(), rows);
    }

    #[test]
    fn what_cannot_be_read_is_served_within_todays_policies_and_never_wider(
        inventory in drawn(universe::inventory),
    ) {
        let report = compile(&inventory).report;
        for (client, entry) in &report.clients {
            let (Fate::LastGood, Some(row)) = (fate(&inventory, client), &entry.row) else { continue };
            let (home, last) = last_home(&inventory, client).expect("it was served");
            let governed = policies(&governing(&inventory, home, client, &typed(row)));
            let policies = governed.expect("it is governed");
            // Asking for exactly what is served, it gets exactly that.
            let (again, narrowed) = judge(&policies, client, &typed(row)).expect("within policy");
            assert!(!narrowed, "{client}");
            assert_eq!(again.scopes, plain(row).scopes);
            assert!(row.require_pkce >= again.pkce && row.require_par >= again.par && row.consent <= again.consent);
            assert!(again.groups.is_subset(&plain(row).groups));
            assert!(row.max_age.is_some() || again.max_age.is_none());
            assert_no_wider(row, last);
        }
    }

    #[test]
    fn counts_are_those_of_the_clients(inventory in drawn(universe::inventory)) {
        let report = compile(&inventory).report;
        for (name, server) in &report.servers {
            let clients: Vec<_> = report.clients.values().filter(|c| c.server.as_ref() == Some(name)).collect();
            let count = |keep: fn(&ClientReport) -> bool| clients.iter().filter(|client| keep(client)).count();
            let counts = (server.clients.total, server.clients.compliant, server.clients.refused);
            let told = (clients.len(), count(|c| c.verdict == Verdict::Compliant), count(|c| c.row.is_none()));
            assert_eq!(counts, told, "{name}");
        }
        for (name, policy) in &report.policies {
            for (server, governed) in &policy.servers {
                assert_eq!(governed.clients, governed.compliant + governed.violating);
                assert_eq!(governed.violating.min(20), governed.violators.len());
                let over = report.clients.values().filter(|client| {
                    let enforced = client.merged.iter().flat_map(|merged| merged.marks().iter());
                    let marks: Vec<_> = enforced.chain(client.audits.iter()).collect();
                    client.server.as_ref() == Some(server) && marks.iter().any(|mark| mark.policy == *name)
                });
                assert_eq!(governed.clients, over.count(), "{name} at {server}");
            }
        }
    }
}

/// The laws say nothing about what is never generated.
#[test]
fn the_universe_reaches_every_verdict_every_reason_and_every_narrowing() {
    let mut runner = TestRunner::new(repeatable(1));
    let (mut verdicts, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..2_000 {
        let inventory = drawn(universe::inventory).new_tree(&mut runner).expect("it can be drawn").current();
        let report = compile(&inventory).report;
        verdicts.extend(report.clients.values().map(|entry| entry.verdict.word()));
        codes.extend(report.findings().map(|finding| finding.code.as_str()));
        codes.extend(report.clients.values().flat_map(|entry| &entry.audit).map(|_| "audit"));
    }
    assert_eq!(verdicts, BTreeSet::from(["frozen", "narrowed", "ok", "refused", "waiting"]));
    let engines = |code: &&Code| {
        matches!(code.as_str().as_bytes().get(2), Some(b'1'..=b'4')) || **code == Code::SecretConflict
    };
    let missing: Vec<_> =
        Code::ALL.iter().filter(engines).filter(|code| !codes.contains(code.as_str())).collect();
    assert!(missing.is_empty() && codes.contains("audit"), "{missing:?}");
}

fn refused(client: &ObjectRef, entry: &ClientReport, verdict: Verdict, code: Code) {
    assert_eq!((entry.verdict, entry.reason()), (verdict, Some(code)), "{client}: {:?}", entry.findings);
    assert!(entry.row.is_none(), "{client}");
}

/// Its type, its policies and its secrets, which the oracle does not judge.
fn assert_row_is_told_right(inventory: &Inventory, client: &ObjectRef, row: &Row) {
    let asked = inventory.clients[client].spec.as_ref().expect("it is read");
    assert_eq!((&row.object, row.client_type), (client, asked.client_type));
    let policies = governing(inventory, &asked.server, client, asked);
    let marks: Vec<_> = row.policies.iter().map(|mark| (&mark.policy, mark.generation)).collect();
    assert_eq!(marks, policies.iter().map(|over| (over.name, over.generation)).collect::<Vec<_>>());
    let record = inventory.credentials.get(client);
    let live = record.filter(|r| r.server == asked.server && r.client_id == row.client_id);
    let live = live.filter(|_| row.authentication.method.as_str().starts_with("client_secret_"));
    assert_eq!(row.secrets, live.map(|record| record.secrets.clone()).unwrap_or_default(), "{client}");
}

/// A manifest that asks for exactly what a row has.
fn typed(row: &Row) -> ClientSpec {
    let custom = Some(row.client_id.clone());
    let method = Some(row.authentication.method).filter(|method| method.as_str() != "none");
    ClientSpec {
        display_name: None,
        server: ObjectRef::new("", ""),
        client_type: row.client_type,
        redirect_uris: row.redirect_uris.clone(),
        post_logout_redirect_uris: row.post_logout_redirect_uris.clone(),
        back_channel_logout_uri: row.back_channel_logout_uri.clone(),
        scopes: row.scopes.clone(),
        audiences: row.audiences.clone(),
        introspects: row.introspects.clone(),
        grant_types: Some(row.grants),
        method,
        service_accounts: Vec::new(),
        keys: None,
        token: nauthera_core::spec::TtlRequest {
            access: Some(row.token.access),
            refresh: Some(row.token.refresh),
            id: Some(row.token.id),
        },
        allowed_groups: None,
        secret: nauthera_core::spec::SecretTemplate::default(),
        existing_secret: None,
        client_id: custom,
    }
}

fn assert_no_wider(row: &Row, last: &Row) {
    let (now, was) = (plain(row), plain(last));
    let within = |now: &[String], was: &[String]| now.iter().all(|item| was.contains(item));
    assert_eq!((&now.client_id, &now.method), (&was.client_id, &was.method));
    assert!(within(&now.redirect_uris, &was.redirect_uris));
    assert!(within(&now.post_logout_redirect_uris, &was.post_logout_redirect_uris));
    assert_eq!(now.back_channel_logout_uri, was.back_channel_logout_uri);
    assert!(within(&now.scopes, &was.scopes) && within(&was.withheld_scopes, &now.withheld_scopes));
    assert!(within(&now.audiences, &was.audiences) && within(&now.introspects, &was.introspects));
    assert!(now.grants.is_subset(&was.grants) && now.groups.is_superset(&was.groups));
    assert!(now.seconds.iter().zip(was.seconds).all(|(now, was)| *now <= was));
    assert!(now.pkce >= was.pkce && now.par >= was.par && now.consent <= was.consent);
    let age = |age: Option<Seconds>| age.unwrap_or(Seconds::MAX);
    assert!(age(row.max_age) <= age(last.max_age));
}
