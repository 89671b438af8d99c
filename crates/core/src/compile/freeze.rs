//! What goes on unchanged: everything, when something could not be read; and the rows of a frozen server, with the
//! credentials that are live today.

use super::servers::{not_accepted, store_reports};
use super::{Compiled, counts, examples};
use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::inventory::Inventory;
use crate::names::{Kind, ObjectRef};
use crate::report::{ClientReport, Report, ServerReport, Verdict};
use crate::snapshot::{Row, Snapshot};
use crate::spec::ClientSpec;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The published rows, by server and by the AuthClient that each is of.
pub struct Published<'a> {
    inventory: &'a Inventory,
    rows: BTreeMap<&'a ObjectRef, HashMap<&'a ObjectRef, &'a Arc<Row>>>,
}

impl<'a> Published<'a> {
    pub fn of(inventory: &'a Inventory) -> Self {
        let rows =
            |snapshot: &'a Arc<Snapshot>| snapshot.clients.values().map(|row| (&row.object, row)).collect();
        let all = inventory.published.iter().map(|(server, snapshot)| (server, rows(snapshot)));
        Self { inventory, rows: all.collect() }
    }

    /// What is published of a client at a server.
    pub fn row(&self, server: &ObjectRef, client: &ObjectRef) -> Option<&'a Arc<Row>> {
        self.rows.get(server)?.get(client).copied()
    }

    /// Where a client was served last, with its row. While a move from one server to another goes out it may be
    /// published at both; then its credential record decides, else the first server by name.
    pub fn home(&self, client: &ObjectRef) -> Option<(&'a ObjectRef, &'a Arc<Row>)> {
        let recorded = self.inventory.credentials.get(client).map(|record| &record.server);
        let recorded = recorded.and_then(|server| self.rows.get_key_value(server));
        let all = self.rows.iter();
        let mut homes = recorded.into_iter().chain(all);
        homes.find_map(|(server, rows)| rows.get(client).map(|row| (*server, *row)))
    }
}

/// A row with the credentials that are live today: rotations and revocations still go out of a frozen server.
pub fn with_live_secrets(inventory: &Inventory, row: &Arc<Row>, server: &ObjectRef) -> Arc<Row> {
    let record = inventory.credentials.get(&row.object);
    let live = record.filter(|record| record.server == *server && record.client_id == row.client_id);
    match live.filter(|_| row.authentication.method.uses_secret()) {
        Some(record) if record.secrets != row.secrets => {
            Arc::new(Row { secrets: record.secrets.clone(), ..Row::clone(row) })
        }
        _ => row.clone(),
    }
}

/// Everything as it is published: an object that cannot be seen is not an object that was deleted.
pub fn as_published(inventory: &Inventory) -> Compiled {
    let policies = examples::judge_policies(inventory).reports;
    let mut report = Report { policies, stores: store_reports(inventory), ..Report::default() };
    let published = inventory.published.iter();
    let snapshots: BTreeMap<ObjectRef, Arc<Snapshot>> = published
        .map(|(server, snapshot)| {
            let rows = snapshot.clients.iter();
            let clients =
                rows.map(|(id, row)| (id.clone(), with_live_secrets(inventory, row, server))).collect();
            (server.clone(), Arc::new(Snapshot { head: snapshot.head.clone(), clients }))
        })
        .collect();
    for (server, object) in &inventory.servers {
        let served = snapshots.contains_key(server);
        let findings =
            if object.spec.is_some() { Vec::new() } else { vec![not_accepted(Kind::AuthServer, server)] };
        let entry =
            ServerReport { generation: object.generation, served, findings, ..ServerReport::default() };
        report.servers.insert(server.clone(), entry);
    }
    let rows = Published::of(inventory);
    for (name, object) in &inventory.clients {
        let wanted = object.spec.as_ref().map(|spec| &spec.server);
        let there = wanted.and_then(|server| rows.row(server, name).map(|row| (server, row)));
        let home = there.or_else(|| rows.home(name));
        let row = home.map(|(server, row)| with_live_secrets(inventory, row, server));
        let server = home.map(|(server, _)| server).or(wanted);
        let mut entry = kept(server.cloned(), row, name, object.spec.as_ref());
        entry.generation = object.generation;
        report.clients.insert(name.clone(), entry);
    }
    counts::count(&mut report);
    report.servers.retain(|name, _| inventory.servers.contains_key(name));
    Compiled { snapshots, report }
}

/// The report of a client that keeps its row, or waits for one.
pub fn kept(
    server: Option<ObjectRef>,
    row: Option<Arc<Row>>,
    client: &ObjectRef,
    asked: Option<&Arc<ClientSpec>>,
) -> ClientReport {
    let unreadable = asked.is_none().then(|| not_accepted(Kind::AuthClient, client));
    let waits = row.is_none().then(|| waiting(client));
    let row_type = row.as_ref().map(|row| row.client_type);
    ClientReport {
        generation: 0,
        verdict: if row.is_some() { Verdict::Frozen } else { Verdict::Waiting },
        server,
        client_type: asked.map(|spec| spec.client_type).or(row_type),
        asked: asked.cloned(),
        row,
        merged: None,
        audits: Arc::default(),
        findings: unreadable.into_iter().chain(waits).collect(),
        audit: Vec::new(),
    }
}

fn waiting(client: &ObjectRef) -> Finding {
    Finding::new(
        Code::ClientWaiting,
        format!("client `{client}` waits: nothing new is served until the faults are mended"),
    )
    .at(Place::new(Kind::AuthClient, client, ""), "not served yet")
    .help("mend what is reported of policies and files")
}
