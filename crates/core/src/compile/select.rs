//! Who governs whom. A policy applies to a server when it is in the server's namespace and matched by its
//! `policySelector`, or mandatory; it governs a client when its selector matches and its exception does not.

use super::examples::Rejected;
use crate::grant::ClientType;
use crate::inventory::Inventory;
use crate::names::ObjectRef;
use crate::policy::{Governor, Merged};
use crate::snapshot::PolicyMark;
use crate::spec::{LabelSelector, PolicySpec, Selector, ServerSpec};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// A message lists at most so many policies.
const LISTED: usize = 20;

/// The policies of one server, made ready to be asked about many clients: selectors are judged once per namespace and type,
/// and equal sets of policies are merged once.
pub struct Candidates {
    all: Vec<Candidate>,
    /// Policies of the server's namespace that its `policySelector` leaves out.
    left_out: Vec<ObjectRef>,
    /// Clients that some policy names; all others of one namespace and type have the same policies.
    named: HashSet<ObjectRef>,
    places: HashMap<(Arc<str>, ClientType), Place>,
    /// By the policies' indexes, each with whether it governs for sure.
    merged: HashMap<Vec<(usize, bool)>, Arc<Merged>>,
}

struct Candidate {
    governor: Arc<Governor>,
    /// The same where it only may govern.
    perhaps: Arc<Governor>,
    named: Option<HashSet<ObjectRef>>,
    named_except: Option<HashSet<ObjectRef>>,
}

/// What is known of all clients of one namespace and type.
struct Place {
    possible: Vec<Possible>,
    /// The policies over those that no policy names.
    unnamed: Over,
}

/// A policy whose namespace and type parts match or may match; its lists of names are still to be asked.
#[derive(Clone, Copy)]
struct Possible {
    index: usize,
    /// How the selector's other parts match.
    selected: Match,
    /// The selector's names must be asked.
    ask_named: bool,
    /// How the exception's other parts match: it holds unless it also lists names, which must be asked.
    excepted: Match,
    ask_except: bool,
}

/// Whether something matches, as far as it can be seen. The least of several parts is that of all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    /// It looks at labels of a namespace that cannot be seen.
    Perhaps,
    Yes,
}

impl From<bool> for Match {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

impl Match {
    const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Perhaps => Self::Perhaps,
            Self::Yes => Self::No,
        }
    }
}

/// The policies over one client.
#[derive(Clone, Default)]
pub struct Over {
    /// Those in Enforce as one; `None` when there are none.
    pub enforced: Option<Arc<Merged>>,
    /// Those in Audit.
    pub audits: Arc<[Audit]>,
    /// The same, as marks.
    pub audit_marks: Arc<[PolicyMark]>,
}

/// A policy in Audit over a client.
pub struct Audit {
    /// Its name.
    pub policy: ObjectRef,
    /// It and the policies in Enforce as one: what would hold if it were in Enforce.
    pub with: Arc<Merged>,
}

fn place_matches(
    selector: &Selector,
    namespace: &str,
    labels: Option<&Labels>,
    client_type: ClientType,
) -> Match {
    let namespaces = selector.namespaces.as_ref().is_none_or(|list| list.iter().any(|n| &**n == namespace));
    let types = selector.types.as_ref().is_none_or(|list| list.contains(&client_type));
    let wanted = selector.namespace_selector.as_ref();
    let by_labels = wanted.map_or(Match::Yes, |wanted| label_matches(wanted, labels));
    by_labels.min(namespaces.into()).min(types.into())
}

/// Of a namespace that cannot be seen nobody knows the labels; a selector that asks for none matches all the same.
fn label_matches(wanted: &LabelSelector, labels: Option<&Labels>) -> Match {
    match labels {
        Some(labels) => wanted.matches(labels).into(),
        None if wanted.keys().next().is_none() => Match::Yes,
        None => Match::Perhaps,
    }
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
        let (ours, left_out): (Vec<_>, Vec<_>) = accepted
            .iter()
            .filter(|governor| governor.mark.policy.namespace == server.namespace)
            .partition(|governor| {
                let policy = &governor.mark.policy;
                let labels = inventory.policies.get(policy).map(|object| &object.labels);
                applies(server, spec, policy, labels, governor.spec.mandatory)
            });
        let candidate = |governor: &Arc<Governor>| Candidate {
            named: names(&governor.spec.client_selector),
            named_except: names(&governor.spec.except),
            perhaps: Arc::new(Governor { certain: false, ..Governor::clone(governor) }),
            governor: governor.clone(),
        };
        let all: Vec<Candidate> = ours.into_iter().map(candidate).collect();
        let lists = all.iter().flat_map(|candidate| [&candidate.named, &candidate.named_except]);
        Self {
            named: lists.flatten().flatten().cloned().collect(),
            all,
            left_out: left_out.into_iter().map(|governor| governor.mark.policy.clone()).collect(),
            places: HashMap::new(),
            merged: HashMap::new(),
        }
    }

    pub fn marks(&self) -> Vec<PolicyMark> {
        self.all.iter().map(|candidate| candidate.governor.mark.clone()).collect()
    }

    /// The policies over a client.
    pub fn over(&mut self, inventory: &Inventory, client: &ObjectRef, client_type: ClientType) -> Over {
        let key = (client.namespace.clone(), client_type);
        let named = self.named.contains(client);
        if let (false, Some(place)) = (named, self.places.get(&key)) {
            return place.unnamed.clone();
        }
        let possible = match self.places.get(&key) {
            Some(place) => place.possible.clone(),
            None => self.possible(inventory, &client.namespace, client_type),
        };
        if !self.places.contains_key(&key) {
            let unnamed = self.combined(&possible, None);
            self.places.insert(key, Place { possible: possible.clone(), unnamed });
        }
        self.combined(&possible, Some(client))
    }

    fn possible(&self, inventory: &Inventory, namespace: &str, client_type: ClientType) -> Vec<Possible> {
        let labels = inventory.namespaces.get(namespace);
        let matches = |selector: &Selector| place_matches(selector, namespace, labels, client_type);
        let possible = self.all.iter().enumerate().filter_map(|(index, candidate)| {
            let spec = &candidate.governor.spec;
            let selected = spec.client_selector.as_ref().map_or(Match::Yes, matches);
            let excepted = spec.except.as_ref().map_or(Match::No, matches);
            let (ask_named, ask_except) = (candidate.named.is_some(), candidate.named_except.is_some());
            let possible = selected > Match::No && (excepted < Match::Yes || ask_except);
            possible.then_some(Possible { index, selected, ask_named, excepted, ask_except })
        });
        possible.collect()
    }

    /// Asks the lists of names, of which `None` is on none, and merges what is left.
    fn combined(&mut self, possible: &[Possible], client: Option<&ObjectRef>) -> Over {
        let lists = |set: &Option<HashSet<ObjectRef>>| {
            client.is_some_and(|client| set.as_ref().is_some_and(|names| names.contains(client)))
        };
        let mut enforced = Vec::new();
        let mut audits = Vec::new();
        for Possible { index, selected, ask_named, excepted, ask_except } in possible.iter().copied() {
            let Some(candidate) = self.all.get(index) else { continue };
            let selected = selected.min((!ask_named || lists(&candidate.named)).into());
            let excepted = excepted.min((!ask_except || lists(&candidate.named_except)).into());
            let governs = selected.min(excepted.not());
            match (governs, candidate.governor.spec.enforces()) {
                (Match::No, _) | (Match::Perhaps, false) => {}
                (governs, true) => enforced.push((index, governs == Match::Yes)),
                (Match::Yes, false) => audits.push((index, candidate.governor.mark.clone())),
            }
        }
        let audit_marks = audits.iter().map(|(_, mark)| mark.clone()).collect();
        let audits = audits.into_iter().filter_map(|(index, mark)| {
            let with = enforced.iter().copied().chain([(index, true)]).collect();
            self.merge(with).map(|with| Audit { policy: mark.policy, with })
        });
        let audits = audits.collect();
        Over { enforced: self.merge(enforced), audits, audit_marks }
    }

    /// As one; `None` where none of them governs for sure: silence is not permission, and neither is a guess.
    fn merge(&mut self, indexes: Vec<(usize, bool)>) -> Option<Arc<Merged>> {
        if !indexes.iter().any(|(_, certain)| *certain) {
            return None;
        }
        if let Some(known) = self.merged.get(&indexes) {
            return Some(known.clone());
        }
        let governor = |(index, certain): &(usize, bool)| {
            let candidate = self.all.get(*index)?;
            Some(if *certain { candidate.governor.clone() } else { candidate.perhaps.clone() })
        };
        let governors = indexes.iter().filter_map(governor).collect();
        let merged = Arc::new(Merged::of(governors));
        self.merged.insert(indexes, merged.clone());
        Some(merged)
    }

    /// Why none of the policies admits a client: a sentence for each of the server's namespace, at most twenty.
    pub fn why_not(&self, inventory: &Inventory, client: &ObjectRef, client_type: ClientType) -> Vec<String> {
        let labels = inventory.namespaces.get(&client.namespace);
        let reason = |candidate: &Candidate| {
            let spec = &candidate.governor.spec;
            let what = if !spec.enforces() {
                "is in Audit, which admits nobody".into()
            } else {
                match spec.client_selector.as_ref().and_then(|s| mismatch(s, client, labels, client_type)) {
                    Some((Match::Perhaps, part)) => format!("may select it: {part}"),
                    Some((_, part)) => format!("does not select it: {part}"),
                    None if except_is_sure(spec, client, labels, client_type) => {
                        "makes an exception of it: except".into()
                    }
                    None => format!("may make an exception of it: except looks at {}", unknown(client)),
                }
            };
            format!("policy `{}` {what}", candidate.governor.mark.policy)
        };
        let left_out = |policy: &ObjectRef| {
            format!(
                "policy `{policy}` does not apply to the AuthServer: policySelector does not match its labels"
            )
        };
        self.all.iter().map(reason).chain(self.left_out.iter().map(left_out)).take(LISTED).collect()
    }
}

fn except_is_sure(
    spec: &PolicySpec,
    client: &ObjectRef,
    labels: Option<&Labels>,
    client_type: ClientType,
) -> bool {
    let place = |except: &Selector| place_matches(except, &client.namespace, labels, client_type);
    spec.except.as_ref().map(place) != Some(Match::Perhaps)
}

fn unknown(client: &ObjectRef) -> String {
    format!("labels of namespace {}, which are not known here", client.namespace)
}

/// The first part of a selector that does not match, or at last one that only may, with what it wants.
fn mismatch(
    selector: &Selector,
    client: &ObjectRef,
    labels: Option<&Labels>,
    client_type: ClientType,
) -> Option<(Match, String)> {
    let no = |text: String| Some((Match::No, text));
    if selector.namespaces.as_ref().is_some_and(|list| !list.contains(&client.namespace)) {
        return no(format!("clientSelector.namespaces does not list {}", client.namespace));
    }
    if selector.types.as_ref().is_some_and(|list| !list.contains(&client_type)) {
        return no(format!("clientSelector.types does not list {client_type}"));
    }
    if selector.clients.as_ref().is_some_and(|list| !list.contains(client)) {
        return no(format!("clientSelector.clients does not list {client}"));
    }
    let field = "clientSelector.namespaceSelector";
    match label_matches(selector.namespace_selector.as_ref()?, labels) {
        Match::Yes => None,
        Match::No => no(format!("{field} does not match the labels of namespace {}", client.namespace)),
        Match::Perhaps => Some((Match::Perhaps, format!("{field} looks at {}", unknown(client)))),
    }
}
