//! How much a finding weighs where not all is known: another repository may hold what is missing among paths, and of a cluster some may
//! not be read. What is proved absent weighs in full; what is only not seen is a warning.

use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Severity};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::Report;
use nauthera_core::spec::{AllowedNamespaces, ClientSpec, Selector};
use nauthera_operator::survey::{Part, Survey};

/// What is known, and what follows from it.
pub struct Weighing<'a> {
    pub inventory: &'a Inventory,
    pub report: &'a Report,
    /// The cluster, where one was read.
    pub survey: Option<&'a Survey>,
}

impl Weighing<'_> {
    /// The finding as it weighs; `None` for what cannot be told here.
    pub fn weighed(&self, finding: Finding) -> Option<Finding> {
        match finding.code {
            Code::UserStoreNotFound
                if self.is_out_of_sight(Kind::UserStore, finding.subject().map(|key| &key.object)) =>
            {
                None
            }
            Code::ClientWaiting => None,
            _ => Some(self.of_client(finding)),
        }
    }

    fn of_client(&self, finding: Finding) -> Finding {
        let Self { inventory, report, .. } = self;
        let client = finding.subject().filter(|key| key.kind == Kind::AuthClient);
        let client = client.map(|key| key.object.clone());
        let object = client.as_ref().and_then(|name| inventory.clients.get(name));
        let spec = object.and_then(|object| object.spec.as_deref());
        let (Some(client), Some(spec)) = (client, spec) else { return finding };
        match finding.code {
            _ if finding.policy.as_ref().is_some_and(|policy| may_not_govern(report, &client, policy)) => {
                // What a client asks beyond a policy counts by its code, whatever it weighs.
                let guess = match finding.code.as_str().starts_with("NA02") {
                    true => Severity::Note,
                    false => Severity::Warning,
                };
                finding.weighing(guess)
            }
            Code::ServerNotFound if !inventory.servers.contains_key(&spec.server) => {
                self.without_server(finding, &spec.server)
            }
            Code::NoPolicy if self.may_have_policies(&spec.server) => {
                self.without_policy(finding, &spec.server)
            }
            Code::NoPolicy if may_govern(inventory, &client, spec) => {
                self.unseen(finding, "a policy may govern it by labels of its namespace")
            }
            Code::NamespaceNotAllowed if may_be_admitted(inventory, &client, spec) => {
                self.unseen(finding, "the labels of its namespace decide")
            }
            _ => finding,
        }
    }

    fn without_server(&self, finding: Finding, server: &ObjectRef) -> Finding {
        let finding = match near(server, self.inventory) {
            Some(server) => finding.help(format!("did you mean {server}?")),
            None => finding,
        };
        match self.survey {
            None => warning(finding, "it is not among the paths; another repository may hold it"),
            Some(_) if self.is_out_of_sight(Kind::AuthServer, Some(server)) => {
                let message = format!("whether AuthServer `{server}` is there is not known");
                let note = format!("AuthServers of namespace {} may not be read", server.namespace);
                warning(Finding { message, ..finding }, &note)
            }
            Some(_) => finding,
        }
    }

    fn without_policy(&self, finding: Finding, server: &ObjectRef) -> Finding {
        match self.survey {
            None => warning(
                finding,
                "no policy of that namespace is among the paths; another repository may hold them",
            ),
            Some(_) => {
                let message =
                    finding.message.replacen("no policy governs", "no policy that may be read governs", 1);
                let note = format!("AuthPolicies of namespace {} may not be read", server.namespace);
                warning(Finding { message, notes: Vec::new(), ..finding }, &note)
            }
        }
    }

    fn unseen(&self, finding: Finding, what: &str) -> Finding {
        let place = match self.survey {
            None => "which is not among the paths",
            Some(survey) if survey.unread_of(Part::Namespaces).next().is_some() => "which may not be read",
            Some(_) => "which is not in the cluster yet",
        };
        warning(finding, &format!("{what}, {place}"))
    }

    /// May a policy that is not seen here govern clients of this server?
    fn may_have_policies(&self, server: &ObjectRef) -> bool {
        match self.survey {
            None => !self.inventory.policies.keys().any(|policy| policy.namespace == server.namespace),
            Some(_) => self.is_out_of_sight(Kind::AuthPolicy, Some(server)),
        }
    }

    /// May objects of this kind, beside this one, not be read in a cluster?
    fn is_out_of_sight(&self, kind: Kind, beside: Option<&ObjectRef>) -> bool {
        let namespace = beside.map_or("", |object| &*object.namespace);
        self.survey.is_some_and(|survey| !survey.knows(Part::Objects(kind), namespace))
    }
}

fn warning(finding: Finding, note: &str) -> Finding {
    finding.weighing(Severity::Warning).note(note)
}

/// A server that is there under nearly this name.
fn near<'i>(server: &ObjectRef, inventory: &'i Inventory) -> Option<&'i ObjectRef> {
    let wanted = server.to_string();
    let distance = |known: &&ObjectRef| strsim::damerau_levenshtein(&known.to_string(), &wanted);
    inventory.servers.keys().min_by_key(distance).filter(|known| distance(known) <= 2)
}

/// Is it unknown here whether the policy governs the client, since it looks at labels that are not among the paths?
fn may_not_govern(report: &Report, client: &ObjectRef, policy: &ObjectRef) -> bool {
    let merged = report.clients.get(client).and_then(|entry| entry.merged.as_ref());
    let mut governors = merged.iter().flat_map(|merged| &merged.governors);
    governors.any(|governor| governor.mark.policy == *policy && !governor.certain)
}

/// Could a policy select the client by namespace labels that are not known here?
fn may_govern(inventory: &Inventory, client: &ObjectRef, spec: &ClientSpec) -> bool {
    let known = inventory.namespaces.contains_key(&client.namespace);
    let by_labels = |selector: &Selector| {
        selector.namespace_selector.is_some()
            && selector.namespaces.as_ref().is_none_or(|list| list.contains(&client.namespace))
            && selector.clients.as_ref().is_none_or(|list| list.contains(client))
            && selector.types.as_ref().is_none_or(|list| list.contains(&spec.client_type))
    };
    let here = inventory.policies.iter().filter(|(policy, _)| policy.namespace == spec.server.namespace);
    let mut specs = here.filter_map(|(_, object)| object.spec.as_deref());
    !known && specs.any(|policy| policy.enforces() && policy.client_selector.as_ref().is_some_and(by_labels))
}

fn may_be_admitted(inventory: &Inventory, client: &ObjectRef, spec: &ClientSpec) -> bool {
    let server = inventory.servers.get(&spec.server).and_then(|object| object.spec.as_deref());
    let selects =
        server.is_some_and(|server| matches!(server.allowed_namespaces, AllowedNamespaces::Selector(_)));
    selects && !inventory.namespaces.contains_key(&client.namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_api::manifests::Manifests;
    use nauthera_core::compile::compile;
    use nauthera_operator::survey::Unread;

    const CLIENT: &str = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {namespace: shop, name: till}
spec: {authServerRef: {namespace: identity, name: main}, type: service, scopes: ['orders:read']}
";
    const SERVER: &str = "---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {namespace: identity, name: main}
spec: {issuerUrl: 'https://id.example', userStoreRef: {name: people}}
";

    /// What is told of manifests beside a cluster of which these kinds may not be read.
    fn told(text: &str, unread: Option<&[Kind]>) -> Vec<(Code, Severity, String)> {
        let manifests = Manifests::from_texts(vec![("all.yaml".into(), text.into())]);
        let inventory = manifests.inventory();
        let report = compile(&inventory).report;
        let forbidden =
            |kind: &Kind| Unread { part: Part::Objects(*kind), namespace: None, why: "no".into() };
        let survey =
            unread.map(|kinds| Survey { unread: kinds.iter().map(forbidden).collect(), ..Survey::default() });
        let weighing = Weighing { inventory: &inventory, report: &report, survey: survey.as_ref() };
        let findings = report.findings().cloned().filter_map(|finding| weighing.weighed(finding));
        findings.map(|finding| (finding.code, finding.severity, finding.message)).collect()
    }

    fn weights(text: &str, unread: Option<&[Kind]>) -> Vec<(Code, Severity)> {
        told(text, unread).into_iter().map(|(code, severity, _)| (code, severity)).collect()
    }

    #[test]
    fn a_server_that_is_nowhere_is_an_error_only_where_all_was_seen() {
        assert_eq!(weights(CLIENT, None), [(Code::ServerNotFound, Severity::Warning)]);
        assert_eq!(weights(CLIENT, Some(&[])), [(Code::ServerNotFound, Severity::Error)]);
        let unseen = told(CLIENT, Some(&[Kind::AuthServer]));
        let message = "whether AuthServer `identity/main` is there is not known";
        assert_eq!(unseen, [(Code::ServerNotFound, Severity::Warning, message.to_owned())]);
    }

    #[test]
    fn policies_that_may_not_be_read_refuse_nobody() {
        let both = format!("{CLIENT}{SERVER}");
        let of_client = |unread: &[Kind]| {
            let told = told(&both, Some(unread)).into_iter();
            told.filter(|(code, ..)| *code == Code::NoPolicy)
                .map(|(_, severity, _)| severity)
                .collect::<Vec<_>>()
        };
        assert_eq!(of_client(&[]), [Severity::Error]);
        assert_eq!(of_client(&[Kind::AuthPolicy]), [Severity::Warning]);
    }

    #[test]
    fn a_user_store_that_may_not_be_read_is_not_missed() {
        let missed =
            |unread| weights(SERVER, unread).iter().any(|(code, _)| *code == Code::UserStoreNotFound);
        assert!(missed(None) && missed(Some(&[])) && !missed(Some(&[Kind::UserStore])));
    }
}
