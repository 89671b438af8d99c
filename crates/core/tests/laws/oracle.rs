//! The rules a second time, as plainly as they can be said, with none of the engine's own parts: who is served, who governs
//! whom and who holds which id. What policies leave of a client is in `judge`; how names and labels match, in `matching`.
//! Slow and simple: everything is looked at again for every client.

pub mod judge;
mod matching;

use judge::{Policies, Wanted, judge};
use nauthera_core::codes::Code;
use nauthera_core::grant::{Enforcement, Expectation};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::{AllowedNamespaces, ClientKeys, ClientSpec, LabelSelector, PolicySpec, Selector};

/// How an AuthServer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Absent,
    NotServed,
    Frozen,
    Live,
}

/// What must become of a client.
#[derive(Debug)]
pub enum Fate {
    Served {
        wanted: Box<Wanted>,
        narrowed: bool,
    },
    Refused(Code),
    Waiting(Code),
    /// It keeps its row, if it has one.
    Frozen,
    /// Its manifest cannot be used, and it was served: within today's policies and its last row, or not at all.
    LastGood,
}

pub fn server(inventory: &Inventory, name: &ObjectRef) -> Server {
    let Some(object) = inventory.servers.get(name) else { return Server::Absent };
    let Some(spec) = &object.spec else {
        return if inventory.published.contains_key(name) { Server::Frozen } else { Server::NotServed };
    };
    let published = |server: &ObjectRef| inventory.published.get(server).map(|s| s.head.issuer.as_str());
    let mut rivals: Vec<(bool, &ObjectRef)> = Vec::new();
    for (other, object) in &inventory.servers {
        let claims = object.spec.as_ref().map(|spec| spec.issuer_url.as_str()).or(published(other));
        if claims == Some(spec.issuer_url.as_str()) {
            let fresh = published(other) != Some(spec.issuer_url.as_str());
            rivals.push((fresh, other));
        }
    }
    if rivals.iter().min().is_some_and(|(_, holder)| *holder != name) {
        return Server::NotServed;
    }
    let frozen = inventory.policies.keys().any(|policy| freezes(inventory, policy, name));
    if frozen { Server::Frozen } else { Server::Live }
}

/// Is it not accepted, does it apply to the server, and would it narrow?
pub fn freezes(inventory: &Inventory, policy: &ObjectRef, server: &ObjectRef) -> bool {
    match &inventory.policies[policy].spec {
        None => policy.namespace == server.namespace,
        Some(spec) => {
            !accepted(policy, spec)
                && spec.enforcement != Some(Enforcement::Audit)
                && applies(inventory, policy, spec, server)
        }
    }
}

fn accepted(policy: &ObjectRef, spec: &PolicySpec) -> bool {
    spec.examples.iter().all(|example| {
        let client = ObjectRef::new(policy.namespace.clone(), example.name.clone());
        let got = match judge(&Policies::sure(&[spec]), &client, &example.client) {
            Ok((_, false)) => Expectation::Compliant,
            Ok((_, true)) => Expectation::Narrowed,
            Err(_) => Expectation::Refused,
        };
        got == example.expect
    })
}

/// Rule 1: in the server's namespace, and matched by its `policySelector` or mandatory.
fn applies(inventory: &Inventory, policy: &ObjectRef, spec: &PolicySpec, server: &ObjectRef) -> bool {
    if policy.namespace != server.namespace {
        return false;
    }
    let labels = &inventory.policies[policy].labels;
    let server = inventory.servers[server].spec.as_ref().expect("judged only where it is accepted");
    spec.mandatory || server.policy_selector.as_ref().is_none_or(|wanted| matching::labels(wanted, labels))
}

/// Rule 2: the selector matches and the exception does not. `None` where that hangs on labels which are not known.
fn selects(inventory: &Inventory, spec: &PolicySpec, client: &ObjectRef, asked: &ClientSpec) -> Option<bool> {
    let known = inventory.namespaces.get(&client.namespace);
    let matches = |selector: &Selector| {
        let Selector { namespace_selector, namespaces, clients, types } = selector;
        let others = namespaces.as_ref().is_none_or(|list| list.contains(&client.namespace))
            && clients.as_ref().is_none_or(|list| list.contains(client))
            && types.as_ref().is_none_or(|list| list.contains(&asked.client_type));
        match (namespace_selector, known) {
            _ if !others => Some(false),
            (None, _) => Some(true),
            (Some(wanted), Some(labels)) => Some(matching::labels(wanted, labels)),
            (Some(wanted), None) => (*wanted == LabelSelector::default()).then_some(true),
        }
    };
    let selected = spec.client_selector.as_ref().map_or(Some(true), matches);
    let excepted = spec.except.as_ref().map_or(Some(false), matches);
    match (selected, excepted) {
        (Some(false), _) | (_, Some(true)) => Some(false),
        (Some(true), Some(false)) => Some(true),
        _ => None,
    }
}

/// A policy over a client.
pub struct Over<'a> {
    pub name: &'a ObjectRef,
    pub generation: i64,
    pub spec: &'a PolicySpec,
    /// Whatever the labels of the client's namespace are?
    pub sure: bool,
}

/// What the policies say, if any of them governs for sure.
pub fn policies<'a>(over: &[Over<'a>]) -> Option<Policies<'a>> {
    let sure: Vec<&PolicySpec> = over.iter().filter(|policy| policy.sure).map(|policy| policy.spec).collect();
    let all = over.iter().map(|policy| policy.spec).collect();
    (!sure.is_empty()).then_some(Policies { all, sure })
}

/// The policies in Enforce that govern a client at a server, or may.
pub fn governing<'a>(
    inventory: &'a Inventory,
    server: &ObjectRef,
    client: &ObjectRef,
    asked: &ClientSpec,
) -> Vec<Over<'a>> {
    let policies = inventory.policies.iter().filter_map(|(name, object)| {
        let spec = object.spec.as_deref()?;
        let counts = accepted(name, spec)
            && spec.enforcement != Some(Enforcement::Audit)
            && applies(inventory, name, spec, server);
        let governs = selects(inventory, spec, client, asked);
        let over = Over { name, generation: object.generation, spec, sure: governs == Some(true) };
        (counts && governs != Some(false)).then_some(over)
    });
    policies.collect()
}

pub fn fate(inventory: &Inventory, client: &ObjectRef) -> Fate {
    let Some(asked) = &inventory.clients[client].spec else {
        return match last_home(inventory, client).map(|(home, _)| server(inventory, home)) {
            Some(Server::Live) => Fate::LastGood,
            Some(Server::Frozen) => Fate::Frozen,
            Some(Server::Absent | Server::NotServed) | None => Fate::Waiting(Code::ClientNotAccepted),
        };
    };
    match server(inventory, &asked.server) {
        Server::Absent | Server::NotServed => return Fate::Waiting(Code::ServerNotFound),
        Server::Frozen => return Fate::Frozen,
        Server::Live => {}
    }
    let from = &inventory.servers[&asked.server].spec.as_ref().expect("it is live").allowed_namespaces;
    let admitted = match from {
        AllowedNamespaces::All => true,
        AllowedNamespaces::Same => client.namespace == asked.server.namespace,
        AllowedNamespaces::Selector(wanted) => {
            inventory.namespaces.get(&client.namespace).is_some_and(|labels| matching::labels(wanted, labels))
        }
    };
    if !admitted {
        return Fate::Refused(Code::NamespaceNotAllowed);
    }
    let Some(policies) = policies(&governing(inventory, &asked.server, client, asked)) else {
        return Fate::Refused(Code::NoPolicy);
    };
    match judge(&policies, client, asked) {
        Err(code) => Fate::Refused(code),
        Ok((wanted, _)) if !holds(inventory, &asked.server, client, &wanted.client_id) => {
            Fate::Refused(Code::ClientIdTaken)
        }
        Ok((wanted, _)) if !is_in_reach(inventory, client, &wanted) => Fate::Refused(Code::KeysOutOfReach),
        Ok(_) if !has_secret(inventory, client) => Fate::Waiting(Code::SecretConflict),
        Ok(_) if inventory.unready.contains_key(client) => Fate::Waiting(inventory.unready[client].code),
        Ok((wanted, narrowed)) => Fate::Served { wanted: Box::new(wanted), narrowed },
    }
}

/// Where a client was served last; while a move goes out its record decides.
pub fn last_home<'a>(inventory: &'a Inventory, client: &ObjectRef) -> Option<(&'a ObjectRef, &'a Row)> {
    let mut homes = Vec::new();
    for (server, snapshot) in &inventory.published {
        if let Some(row) = snapshot.clients.values().find(|row| row.object == *client) {
            let recorded = inventory.credentials.get(client).is_some_and(|record| record.server == *server);
            homes.push((!recorded, server, &**row));
        }
    }
    homes
        .into_iter()
        .min_by_key(|(second, server, _)| (*second, *server))
        .map(|(_, server, row)| (server, row))
}

fn default_id(client: &ObjectRef) -> String {
    format!("{}.{}", client.namespace, client.name)
}

/// The server and the id that a client wants, as far as anything is known of it; and whether it can have it now.
fn wants(inventory: &Inventory, client: &ObjectRef) -> Option<(ObjectRef, String, bool)> {
    if let Some(spec) = &inventory.clients[client].spec {
        let id = spec.client_id.as_ref().map_or(default_id(client), ToString::to_string);
        return Some((spec.server.clone(), id, true));
    }
    let row =
        last_home(inventory, client).map(|(server, row)| (server.clone(), row.client_id.to_string(), true));
    let record = inventory.credentials.get(client);
    row.or_else(|| record.map(|record| (record.server.clone(), record.client_id.to_string(), false)))
}

/// Does this client, among all that want the id at this server, hold it?
fn holds(inventory: &Inventory, server: &ObjectRef, client: &ObjectRef, id: &str) -> bool {
    let mut best: Option<(u8, &ObjectRef)> = None;
    let mut waits_for_another = false;
    for rival in inventory.clients.keys() {
        let rank = match wants(inventory, rival) {
            Some((at, wanted, now)) if at == *server && wanted == id => {
                waits_for_another |= !now && default_id(rival) == id;
                if now { rank(inventory, server, rival, id) } else { RESERVED }
            }
            None => {
                waits_for_another |= default_id(rival) == id;
                continue;
            }
            Some(_) => continue,
        };
        best = best.into_iter().chain([(rank, rival)]).min();
    }
    // The default id of a client of which nothing is known waits for it, unless someone is served under it.
    let published = inventory.published.get(server).and_then(|snapshot| snapshot.clients.get(id));
    let served = id == default_id(client) || published.is_some_and(|row| row.object == *client);
    best.is_none_or(|(_, holder)| holder == client) && (served || !waits_for_another)
}

/// Are the keys by which it authenticates, if any, where the server may call? The universe has two addresses that are not public.
fn is_in_reach(inventory: &Inventory, client: &ObjectRef, wanted: &Wanted) -> bool {
    let Some(ClientKeys::JwksUri(url)) = &wanted.keys else { return true };
    let own = format!("https://keys.{}.svc/", client.namespace);
    inventory.private_fetch || url.as_str() == own || url.as_str() == "https://keys.example.com/"
}

/// Does this client, among all of its namespace that want its Secret, have it?
fn has_secret(inventory: &Inventory, client: &ObjectRef) -> bool {
    let wants = |client: &ObjectRef| {
        let known = inventory.secret_names.get(client).map(ToString::to_string);
        let written = inventory.clients[client].spec.as_ref().map(|spec| spec.secret.name.as_ref());
        let named = written.map_or(known, |name| name.map(ToString::to_string));
        named.unwrap_or_else(|| format!("{}-client-secret", client.name))
    };
    let wanted = wants(client);
    let neighbours = inventory.clients.keys().filter(|other| other.namespace == client.namespace);
    let rivals = neighbours.filter(|other| wants(other) == wanted);
    let first = rivals.min_by_key(|rival| {
        let known = inventory.secret_names.get(*rival).map(ToString::to_string);
        (known.as_ref() != Some(&wanted), *rival)
    });
    first == Some(client)
}

const RESERVED: u8 = 3;

fn rank(inventory: &Inventory, server: &ObjectRef, client: &ObjectRef, id: &str) -> u8 {
    let record = inventory.credentials.get(client);
    let recorded = record.is_some_and(|r| r.server == *server && r.client_id.as_str() == id);
    let published = inventory.published.get(server).and_then(|snapshot| snapshot.clients.get(id));
    match () {
        () if id == default_id(client) => 0,
        () if recorded => 1,
        () if published.is_some_and(|row| row.object == *client) => 2,
        () => 4,
    }
}
