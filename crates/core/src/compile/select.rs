//! Who governs whom. A policy applies to a server when it is in the server's namespace and matched by its
//! `policySelector`, or mandatory; it governs a client when its selector matches and its exception does not.

use super::examples::Rejected;
use crate::grant::ClientType;
use crate::inventory::Inventory;
use crate::names::ObjectRef;
use crate::policy::{Governor, Merged};
use crate::snapshot::PolicyMark;
use crate::spec::{Selector, ServerSpec};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// The policies of one server, made ready to be asked about many clients: selectors are judged once per namespace and type,
/// and equal sets of policies are merged once.
pub struct Candidates {
    all: Vec<Candidate>,
    by_place: HashMap<(Arc<str>, ClientType), Arc<[Possible]>>,
    merged: HashMap<Vec<usize>, Arc<Merged>>,
}

struct Candidate {
    governor: Arc<Governor>,
    named: Option<HashSet<ObjectRef>>,
    named_except: Option<HashSet<ObjectRef>>,
}

/// A policy whose namespace and type parts match; its lists of names are still to be asked.
#[derive(Clone, Copy)]
struct Possible {
    index: usize,
    /// The selector's names must be asked.
    ask_named: bool,
    /// The exception's other parts match: it holds unless it also lists names, which must be asked.
    ask_except: bool,
}

/// The policies over one client.
pub struct Over {
    /// Those in Enforce as one; `None` when there are none.
    pub enforced: Option<Arc<Merged>>,
    /// Those in Audit.
    pub audits: Vec<Arc<Governor>>,
}

fn labels_of<'a>(inventory: &'a Inventory, namespace: &str) -> Option<&'a Labels> {
    inventory.namespaces.get(namespace)
}

fn place_matches(
    selector: &Selector,
    namespace: &str,
    labels: Option<&Labels>,
    client_type: ClientType,
) -> bool {
    let by_label = |wanted: &crate::spec::LabelSelector| match labels {
        Some(labels) => wanted.matches(labels),
        // A namespace that cannot be seen has no labels; a selector that asks for none matches all the same.
        None => wanted.matches(&Labels::new()),
    };
    selector.namespace_selector.as_ref().is_none_or(by_label)
        && selector.namespaces.as_ref().is_none_or(|list| list.iter().any(|n| &**n == namespace))
        && selector.types.as_ref().is_none_or(|list| list.contains(&client_type))
}

/// Does a policy of this name, with these labels, apply to the server?
fn applies(
    server: &ObjectRef,
    spec: Option<&ServerSpec>,
    policy: &ObjectRef,
    labels: Option<&Labels>,
    mandatory: bool,
) -> bool {
    if policy.namespace != server.namespace {
        return false;
    }
    let selector = spec.and_then(|spec| spec.policy_selector.as_ref());
    mandatory || selector.is_none_or(|selector| labels.is_some_and(|labels| selector.matches(labels)))
}

/// The policies that freeze a server: not accepted, and in Enforce as far as can be told.
pub fn freezing(
    inventory: &Inventory,
    server: &ObjectRef,
    spec: Option<&ServerSpec>,
    rejected: &[Rejected],
) -> Vec<ObjectRef> {
    let freezes = |policy: &&Rejected| {
        let labels = inventory.policies.get(&policy.object).map(|object| &object.labels);
        // Of a policy that cannot be read nobody knows whether it is mandatory, so it is taken to be.
        policy.enforces && applies(server, spec, &policy.object, labels, policy.mandatory.unwrap_or(true))
    };
    rejected.iter().filter(freezes).map(|policy| policy.object.clone()).collect()
}

impl Candidates {
    pub fn of_server(
        inventory: &Inventory,
        server: &ObjectRef,
        spec: Option<&ServerSpec>,
        accepted: &[Arc<Governor>],
    ) -> Self {
        let names = |selector: &Option<Selector>| {
            let list = selector.as_ref().and_then(|selector| selector.clients.as_ref());
            list.map(|list| list.iter().cloned().collect::<HashSet<_>>())
        };
        let all = accepted.iter().filter(|governor| {
            let policy = &governor.mark.policy;
            let labels = inventory.policies.get(policy).map(|object| &object.labels);
            applies(server, spec, policy, labels, governor.spec.mandatory)
        });
        let all = all.map(|governor| Candidate {
            named: names(&governor.spec.client_selector),
            named_except: names(&governor.spec.except),
            governor: governor.clone(),
        });
        Self { all: all.collect(), by_place: HashMap::new(), merged: HashMap::new() }
    }

    pub fn marks(&self) -> Vec<PolicyMark> {
        self.all.iter().map(|candidate| candidate.governor.mark.clone()).collect()
    }

    fn possible(
        &mut self,
        inventory: &Inventory,
        client: &ObjectRef,
        client_type: ClientType,
    ) -> Arc<[Possible]> {
        let key = (client.namespace.clone(), client_type);
        if let Some(known) = self.by_place.get(&key) {
            return known.clone();
        }
        let labels = labels_of(inventory, &client.namespace);
        let matches = |selector: &Selector| place_matches(selector, &client.namespace, labels, client_type);
        let possible = self.all.iter().enumerate().filter_map(|(index, candidate)| {
            let spec = &candidate.governor.spec;
            let selected = spec.client_selector.as_ref().is_none_or(matches);
            let excepted = spec.except.as_ref().is_some_and(matches);
            let possible = selected && (!excepted || candidate.named_except.is_some());
            possible.then_some(Possible { index, ask_named: candidate.named.is_some(), ask_except: excepted })
        });
        let possible: Arc<[Possible]> = possible.collect();
        self.by_place.insert(key, possible.clone());
        possible
    }

    /// The policies over a client.
    pub fn over(&mut self, inventory: &Inventory, client: &ObjectRef, client_type: ClientType) -> Over {
        let lists =
            |set: &Option<HashSet<ObjectRef>>| set.as_ref().is_some_and(|names| names.contains(client));
        let possible = self.possible(inventory, client, client_type);
        let mut enforced = Vec::new();
        let mut audits = Vec::new();
        for Possible { index, ask_named, ask_except } in possible.iter().copied() {
            let Some(candidate) = self.all.get(index) else { continue };
            if (ask_named && !lists(&candidate.named)) || (ask_except && lists(&candidate.named_except)) {
                continue;
            }
            if candidate.governor.spec.enforces() {
                enforced.push(index);
            } else {
                audits.push(candidate.governor.clone());
            }
        }
        Over { enforced: self.merge(enforced), audits }
    }

    fn merge(&mut self, indexes: Vec<usize>) -> Option<Arc<Merged>> {
        if indexes.is_empty() {
            return None;
        }
        if let Some(known) = self.merged.get(&indexes) {
            return Some(known.clone());
        }
        let governors =
            indexes.iter().filter_map(|index| self.all.get(*index)).map(|c| c.governor.clone()).collect();
        let merged = Arc::new(Merged::of(governors));
        self.merged.insert(indexes, merged.clone());
        Some(merged)
    }

    /// Why none of the server's policies admits a client: a sentence for each, at most twenty.
    pub fn why_not(&self, inventory: &Inventory, client: &ObjectRef, client_type: ClientType) -> Vec<String> {
        let labels = labels_of(inventory, &client.namespace);
        let reason = |candidate: &Candidate| {
            let spec = &candidate.governor.spec;
            let what = if !spec.enforces() {
                "is in Audit, which admits nobody".into()
            } else {
                match spec.client_selector.as_ref().and_then(|s| mismatch(s, client, labels, client_type)) {
                    Some(part) => format!("does not select it: {part}"),
                    None => "makes an exception of it: except".into(),
                }
            };
            format!("policy `{}` {what}", candidate.governor.mark.policy)
        };
        self.all.iter().take(20).map(reason).collect()
    }
}

/// The first part of a selector that does not match, with what it wants.
fn mismatch(
    selector: &Selector,
    client: &ObjectRef,
    labels: Option<&Labels>,
    client_type: ClientType,
) -> Option<String> {
    if selector.namespaces.as_ref().is_some_and(|list| !list.contains(&client.namespace)) {
        return Some(format!("clientSelector.namespaces does not list {}", client.namespace));
    }
    if selector.types.as_ref().is_some_and(|list| !list.contains(&client_type)) {
        return Some(format!("clientSelector.types does not list {client_type}"));
    }
    if selector.clients.as_ref().is_some_and(|list| !list.contains(client)) {
        return Some(format!("clientSelector.clients does not list {client}"));
    }
    let by_label = selector.namespace_selector.as_ref()?;
    if by_label.matches(labels.unwrap_or(&Labels::new())) {
        return None;
    }
    let seen = if labels.is_some() { "" } else { " (that Namespace is not here, so its labels are unknown)" };
    Some(format!(
        "clientSelector.namespaceSelector does not match the labels of namespace {}{seen}",
        client.namespace
    ))
}
