//! What goes on unchanged: everything, when something could not be read; and the rows of a frozen server, with the
//! credentials that are live today.

use super::Compiled;
use super::servers::not_accepted;
use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::inventory::Inventory;
use crate::names::{Kind, ObjectRef};
use crate::report::{ClientReport, Report, ServerReport, Verdict};
use crate::snapshot::{Row, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of a published Snapshot by the object that each is of.
pub fn rows_by_object(snapshot: &Snapshot) -> BTreeMap<&ObjectRef, &Arc<Row>> {
    snapshot.clients.values().map(|row| (&row.object, row)).collect()
}

/// A row with the credentials that are live today: rotations and revocations still go out of a frozen server.
pub fn with_live_secrets(inventory: &Inventory, row: &Arc<Row>, server: &ObjectRef) -> Arc<Row> {
    let record = inventory.credentials.get(&row.object).filter(|record| record.server == *server);
    match record {
        Some(record) if record.secrets != row.secrets => {
            Arc::new(Row { secrets: record.secrets.clone(), ..Row::clone(row) })
        }
        _ => row.clone(),
    }
}

/// Everything as it is published: an object that cannot be seen is not an object that was deleted.
pub fn as_published(inventory: &Inventory) -> Compiled {
    let mut report = Report::default();
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
    let mut rows: BTreeMap<ObjectRef, (&ObjectRef, Arc<Row>)> = BTreeMap::new();
    for (server, snapshot) in &snapshots {
        rows.extend(snapshot.clients.values().map(|row| (row.object.clone(), (server, row.clone()))));
    }
    for (name, object) in &inventory.clients {
        let row = rows.get(name);
        let mut entry = kept(row.map(|(server, row)| ((*server).clone(), row.clone())), name);
        entry.generation = object.generation;
        entry.client_type = object.spec.as_ref().map(|spec| spec.client_type).or(entry.client_type);
        report.clients.insert(name.clone(), entry);
    }
    Compiled { snapshots, report }
}

/// The report of a client that keeps its row, or waits for one.
pub fn kept(row: Option<(ObjectRef, Arc<Row>)>, client: &ObjectRef) -> ClientReport {
    let (server, row) = row.unzip();
    let findings = if row.is_some() { Vec::new() } else { vec![waiting(client)] };
    ClientReport {
        generation: 0,
        verdict: if row.is_some() { Verdict::Frozen } else { Verdict::Waiting },
        server,
        client_type: row.as_ref().map(|row| row.client_type),
        asked: None,
        row,
        merged: None,
        findings,
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
