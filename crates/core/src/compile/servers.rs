//! Which servers there are: issuers are unique, people are found, and a server to which a policy that is not accepted
//! applies is frozen.

use super::select::{self, Candidates};
use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::inventory::{Inventory, Object};
use crate::names::{Kind, ObjectRef};
use crate::policy::Governor;
use crate::report::{Report, ServerReport, StoreReport};
use crate::snapshot::{Head, Row, Snapshot, UserWiring};
use crate::spec::{ServerSpec, ServiceAccountIssuer, UserStoreSpec};
use crate::uri::IssuerUrl;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An AuthServer that is served, with the policies that apply to it and the rows that it gets.
pub struct Server<'a> {
    pub object: ObjectRef,
    /// What the manifest says; `None` when it is not accepted and the last published head goes on.
    pub spec: Option<&'a ServerSpec>,
    pub head: Head,
    pub policies: Candidates,
    /// The policies by which it is frozen, with the reason.
    pub frozen_by: Vec<ObjectRef>,
    pub rows: Vec<Arc<Row>>,
    pub report: ServerReport,
}

impl Server<'_> {
    /// Does every client keep what it has? Also when the manifest is not accepted: nobody knows then which policies it selects
    /// and which namespaces it admits.
    pub fn is_frozen(&self) -> bool {
        self.spec.is_none() || !self.frozen_by.is_empty()
    }
}

pub type Servers<'a> = BTreeMap<ObjectRef, Server<'a>>;

/// The servers that are served, and reports of those that are not.
pub struct Judged<'a> {
    pub served: Servers<'a>,
    pub refused: BTreeMap<ObjectRef, ServerReport>,
}

pub fn store_reports(inventory: &Inventory) -> BTreeMap<ObjectRef, StoreReport> {
    let report = |object: &ObjectRef, generation: i64, accepted: bool| StoreReport {
        generation,
        accepted,
        findings: if accepted { Vec::new() } else { vec![not_accepted(Kind::UserStore, object)] },
    };
    let stores = inventory.stores.iter();
    stores.map(|(name, store)| (name.clone(), report(name, store.generation, store.spec.is_some()))).collect()
}

/// The finding on an object whose reader has reported what is wrong with it.
pub fn not_accepted(kind: Kind, object: &ObjectRef) -> Finding {
    let (code, follows) = match kind {
        Kind::AuthServer => (Code::ServerNotAccepted, "what it last published goes on being served"),
        Kind::AuthPolicy => (Code::PolicyNotAccepted, "the servers it applies to keep every client as it is"),
        Kind::UserStore => {
            (Code::UserStoreNotAccepted, "servers that use it go on with the people they last knew")
        }
        Kind::AuthClient => {
            (Code::ClientNotAccepted, "it goes on with its last good settings, if it was served")
        }
    };
    Finding::new(code, format!("{kind} `{object}` is not accepted"))
        .at(Place::new(kind, object, ""), "this object")
        .note(follows)
        .help(format!("{} can mend what is reported of it", kind.owner()))
}

pub fn judge_servers<'a>(
    inventory: &'a Inventory,
    accepted: &[Arc<Governor>],
    rejected: &[super::examples::Rejected],
) -> Judged<'a> {
    let holders = issuer_holders(inventory);
    let mut judged = Judged { served: BTreeMap::new(), refused: BTreeMap::new() };
    for (name, object) in &inventory.servers {
        let mut report = ServerReport { generation: object.generation, ..ServerReport::default() };
        match head(inventory, name, object, &holders, &mut report.findings) {
            Some(head) => {
                let policies = Candidates::of_server(inventory, name, object.spec.as_deref(), accepted);
                let frozen_by = select::freezing(inventory, name, object.spec.as_deref(), rejected);
                report.served = true;
                report.policies = policies.marks();
                report.findings.extend(frozen_by.iter().map(|policy| frozen(name, policy)));
                report.frozen_by.clone_from(&frozen_by);
                let spec = object.spec.as_deref();
                let object = name.clone();
                let rows = Vec::new();
                let server = Server { object, spec, head, policies, frozen_by, rows, report };
                judged.served.insert(name.clone(), server);
            }
            None => {
                judged.refused.insert(name.clone(), report);
            }
        }
    }
    judged
}

fn frozen(server: &ObjectRef, policy: &ObjectRef) -> Finding {
    Finding::new(
        Code::ServerFrozen,
        format!("AuthServer `{server}` is frozen by policy `{policy}`, which is not accepted"),
    )
    .at(Place::new(Kind::AuthServer, server, ""), "every client here keeps the settings it has")
    .at(Place::new(Kind::AuthPolicy, policy, ""), "this policy is not accepted")
    .note("deletions and rotations still go out, and new clients wait")
    .help(format!("the owners of {policy} mend it, or take it away"))
}

/// The server that keeps each issuer: the one that has published it, else the first by name.
fn issuer_holders(inventory: &Inventory) -> BTreeMap<&IssuerUrl, &ObjectRef> {
    let mut holders: BTreeMap<&IssuerUrl, (bool, &ObjectRef)> = BTreeMap::new();
    for (name, object) in &inventory.servers {
        let published = inventory.published.get(name).map(|snapshot| &snapshot.head.issuer);
        let issuer = object.spec.as_deref().map(|spec| &spec.issuer_url).or(published);
        let Some(issuer) = issuer else { continue };
        let holds = published == Some(issuer) || inventory.unread.contains(name);
        let holder = holders.entry(issuer).or_insert((holds, name));
        if holds && !holder.0 {
            *holder = (holds, name);
        }
    }
    holders.into_iter().map(|(issuer, (_, name))| (issuer, name)).collect()
}

fn head(
    inventory: &Inventory,
    name: &ObjectRef,
    object: &Object<ServerSpec>,
    holders: &BTreeMap<&IssuerUrl, &ObjectRef>,
    findings: &mut Vec<Finding>,
) -> Option<Head> {
    let published = inventory.published.get(name);
    let Some(spec) = object.spec.as_deref() else {
        findings.push(not_accepted(Kind::AuthServer, name));
        return published.map(|snapshot| snapshot.head.clone());
    };
    if let Some(holder) = holders.get(&spec.issuer_url).filter(|holder| **holder != name) {
        findings.push(
            Finding::new(
                Code::DuplicateIssuer,
                format!("issuer `{}` belongs to AuthServer `{holder}`", spec.issuer_url),
            )
            .at(Place::field(Kind::AuthServer, name, "issuerUrl"), "claimed here too")
            .at(Place::field(Kind::AuthServer, holder, "issuerUrl"), "served here")
            .note(format!("AuthServer `{name}` is not served"))
            .help("platform takes one of the two away, and makes it anew with another issuerUrl"),
        );
        return None;
    }
    let users = users(inventory, name, spec, published, findings);
    let service_accounts = service_accounts(inventory, name, spec, findings);
    Some(Head {
        server: name.clone(),
        issuer: spec.issuer_url.clone(),
        session: spec.session,
        signing: spec.signing,
        branding: spec.branding.clone(),
        users,
        service_accounts,
    })
}

/// Whose ServiceAccount tokens are taken: this cluster's, and those of the clusters that the manifest names. Without a cluster there
/// are no ServiceAccounts to speak of.
fn service_accounts(
    inventory: &Inventory,
    name: &ObjectRef,
    spec: &ServerSpec,
    findings: &mut Vec<Finding>,
) -> Vec<ServiceAccountIssuer> {
    let Some(own) = &inventory.cluster else { return Vec::new() };
    let named = spec.service_account_issuers.iter().enumerate();
    let others = named.filter_map(|(index, other)| {
        if other.issuer != own.issuer {
            return Some(other.clone());
        }
        let message = format!("ServiceAccount issuer `{}` is that of this cluster", own.issuer);
        let path = format!("serviceAccountIssuers[{index}].issuer");
        findings.push(
            Finding::new(Code::OwnClusterNamed, message)
                .at(Place::field(Kind::AuthServer, name, &path), "named here")
                .note("this entry is left out: this cluster is trusted for clients of every namespace")
                .help("platform takes the entry away, or names the issuer of another cluster"),
        );
        None
    });
    std::iter::once(own.clone()).chain(others).collect()
}

fn users(
    inventory: &Inventory,
    name: &ObjectRef,
    spec: &ServerSpec,
    published: Option<&Arc<Snapshot>>,
    findings: &mut Vec<Finding>,
) -> Option<UserWiring> {
    let store = spec.user_store.as_ref()?;
    let place = Place::field(Kind::AuthServer, name, "userStoreRef");
    if store.namespace != name.namespace {
        findings.push(
            Finding::new(
                Code::UserStoreElsewhere,
                format!("UserStore `{store}` is not in the AuthServer's namespace"),
            )
            .at(place, "named here")
            .note("the server runs, and nobody can log in")
            .help(format!("platform moves the UserStore to namespace {}", name.namespace)),
        );
        return None;
    }
    match inventory.stores.get(store).map(|object| object.spec.as_deref()) {
        Some(Some(users)) => Some(UserWiring { store: store.clone(), spec: UserStoreSpec::clone(users) }),
        Some(None) => {
            published.and_then(|snapshot| snapshot.head.users.clone()).filter(|users| users.store == *store)
        }
        None => {
            findings.push(
                Finding::new(Code::UserStoreNotFound, format!("UserStore `{store}` is not there"))
                    .at(place, "named here")
                    .note("the server runs, and nobody can log in until it appears")
                    .help("platform adds the UserStore, or mends the name"),
            );
            None
        }
    }
}

/// Puts each server's rows into its Snapshot, and its report into the Report.
pub fn publish(
    known: &BTreeMap<ObjectRef, Object<ServerSpec>>,
    judged: Judged<'_>,
    report: &mut Report,
) -> BTreeMap<ObjectRef, Arc<Snapshot>> {
    let mut snapshots = BTreeMap::new();
    let mut reports = judged.refused;
    for (name, server) in judged.served {
        let clients = server.rows.into_iter().map(|row| (row.client_id.clone(), row)).collect();
        snapshots.insert(name.clone(), Arc::new(Snapshot { head: server.head, clients }));
        reports.insert(name, server.report);
    }
    // What was noted of a server meanwhile, counts and findings, joins what was judged first.
    for (name, mut judged) in reports {
        if let Some(noted) = report.servers.remove(&name) {
            judged.clients = noted.clients;
            judged.findings.extend(noted.findings);
        }
        report.servers.insert(name, judged);
    }
    report.servers.retain(|name, _| known.contains_key(name));
    snapshots
}
