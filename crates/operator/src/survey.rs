//! A cluster read once, for people who ask what is there or what a change would do: the same lists into the same [`Index`] as the
//! operator's streams fill, so that what is judged is what is served. It only reads, and takes no Secret's content but that of
//! credential records, which hold digests. What may not be read is said, never taken for absent.
//!
//! [`Index`]: crate::index::Index

use crate::cluster::{Cluster, Fault, within};
use crate::index::{Shared, Source, StreamId};
use crate::issuer;
use crate::names::{KIND_LABEL, kind};
use crate::publish::index_of;
use crate::records::RecordCache;
use crate::turn::{Gathered, gather};
use crate::watch::stream::PAGE;
use futures::future::{join, join_all};
use futures::{StreamExt, stream};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ObjectList, ObjectMeta};
use kube::runtime::watcher::Event;
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectKey};
use nauthera_core::spec::ServiceAccountIssuer;
use nauthera_core::time::Entropy;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a page of a list may take: people wait for it.
const PAGE_WITHIN: Duration = Duration::from_secs(8);
/// How often a list that grew too old on the way is begun anew.
const TRIES: usize = 3;
/// How many lists of namespaces are read at a time.
const AT_ONCE: usize = 8;

/// What a survey reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// One of the four kinds.
    Objects(Kind),
    /// Namespaces with their labels.
    Namespaces,
    /// The Snapshots that are published, in ConfigMaps.
    Snapshots,
    /// Credential records, in Secrets: who has which client id.
    Records,
    /// Secrets of applications, without their content: whose each is.
    Secrets,
}

impl Part {
    const fn source(self) -> Source {
        match self {
            Self::Objects(kind) => Source::Manifests(kind),
            Self::Namespaces => Source::Namespaces,
            Self::Snapshots => Source::Snapshots,
            Self::Records => Source::ServerSecrets,
            Self::Secrets => Source::ClientSecrets,
        }
    }

    /// The labels by which its objects are found. Of the Secrets of servers those with keys are none of anybody's business here.
    fn labels(self) -> Option<String> {
        match self {
            Self::Records => Some(format!("{KIND_LABEL}={}", kind::RECORD)),
            part => part.source().labels(),
        }
    }

    /// Is its metadata all that is looked at?
    const fn is_metadata(self) -> bool {
        matches!(self, Self::Namespaces | Self::Secrets)
    }

    /// Is it needed to say what is governed by what?
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(
            self,
            Self::Objects(Kind::AuthServer | Kind::AuthPolicy | Kind::AuthClient) | Self::Namespaces
        )
    }
}

/// A list that may not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What.
    pub part: Part,
    /// Where; `None` is everywhere.
    pub namespace: Option<Arc<str>>,
    /// Why, in the API server's words.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.part.source().resource();
        write!(f, "{}", resource.plural)?;
        if !resource.group.is_empty() {
            write!(f, ".{}", resource.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " of namespace {namespace}"),
            None if self.part == Part::Namespaces => Ok(()),
            None => write!(f, " of all namespaces"),
        }
    }
}

/// Why there is no survey.
#[derive(Debug, thiserror::Error)]
pub enum NoSurvey {
    /// It does not answer, or not in time.
    #[error("{cluster} cannot be reached: {why}")]
    Unreachable {
        /// What people call it.
        cluster: String,
        /// Why.
        why: Fault,
    },
    /// Who asks is nobody there.
    #[error("{cluster} does not know who asks ({why}): log in again, or name another context")]
    Stranger {
        /// What people call it.
        cluster: String,
        /// Why, in the API server's words.
        why: String,
    },
    /// Our definitions are not there.
    #[error(
        "{cluster} has no {plural}: its definitions are not installed; `nauthera crds | kubectl apply --server-side -f -` installs them"
    )]
    NoDefinitions {
        /// What people call it.
        cluster: String,
        /// The kind's plural.
        plural: String,
    },
}

/// What a cluster holds, as far as it may be read.
#[derive(Debug, Default)]
pub struct Survey {
    /// The facts.
    pub inventory: Inventory,
    /// What is wrong with each object by itself.
    pub findings: BTreeMap<ObjectKey, Vec<Finding>>,
    /// What may not be read.
    pub unread: Vec<Unread>,
    /// Why it is not known who issues the ServiceAccount tokens of the cluster, if it is not.
    pub issuer_unread: Option<String>,
    /// Lists of single namespaces that were read where that of all may not be.
    pub partly: BTreeSet<(Part, Arc<str>)>,
}

impl Survey {
    /// Was all of this read, as far as it concerns a namespace?
    #[must_use]
    pub fn knows(&self, part: Part, namespace: &str) -> bool {
        self.partly.contains(&(part, namespace.into()))
            || !self.unread.iter().any(|unread| {
                unread.part == part && unread.namespace.as_deref().is_none_or(|place| place == namespace)
            })
    }

    /// What of this may not be read.
    pub fn unread_of(&self, part: Part) -> impl Iterator<Item = &Unread> {
        self.unread.iter().filter(move |unread| unread.part == part)
    }

    /// Was anything of the four kinds read?
    #[must_use]
    pub fn has_objects(&self) -> bool {
        let objects = |part: Part| matches!(part, Part::Objects(_));
        Kind::ALL.iter().any(|kind| self.unread_of(Part::Objects(*kind)).next().is_none())
            || self.partly.iter().any(|(part, _)| objects(*part))
    }
}

/// Reads a cluster. What may not be read in all namespaces is read in `home`, as far as that is allowed.
///
/// # Errors
/// [`NoSurvey`].
pub async fn survey(cluster: &Cluster, home: &str, entropy: Arc<dyn Entropy>) -> Result<Survey, NoSurvey> {
    let mut reader = Reader { cluster, shared: Shared::new(entropy), survey: Survey::default() };
    let issuer = issuer::ask(&cluster.client);
    let (read, issuer) = join(reader.read_everywhere(home), issuer).await;
    read?;
    reader.note_issuer(issuer);
    reader.read_servers().await?;
    Ok(reader.finish())
}

struct Reader<'a> {
    cluster: &'a Cluster,
    shared: Arc<Shared>,
    survey: Survey,
}

impl Reader<'_> {
    /// The four kinds, the Namespaces, and whose the applications' Secrets are.
    async fn read_everywhere(&mut self, home: &str) -> Result<(), NoSurvey> {
        let objects = Kind::ALL.map(Part::Objects);
        let parts: Vec<Part> = objects.into_iter().chain([Part::Namespaces, Part::Secrets]).collect();
        let lists = parts.iter().map(|part| self.list(*part, None));
        let outcomes = join_all(lists).await;
        for (part, outcome) in parts.into_iter().zip(outcomes) {
            if self.noted(part, None, outcome)? || part == Part::Namespaces {
                continue;
            }
            let outcome = self.list(part, Some(home.into())).await;
            if outcome.is_ok() {
                self.survey.partly.insert((part, home.into()));
            }
        }
        Ok(())
    }

    /// Whose ServiceAccount tokens the cluster has: a server may name that issuer as another cluster's.
    fn note_issuer(&mut self, issuer: Result<ServiceAccountIssuer, Fault>) {
        match issuer {
            Ok(issuer) => self.shared.met_cluster(Some(issuer)),
            Err(why) => self.survey.issuer_unread = Some(why.to_string()),
        }
    }

    /// Snapshots and records, where there are servers.
    async fn read_servers(&mut self) -> Result<(), NoSurvey> {
        let inventory = self.shared.with(|index| index.inventory());
        let places: BTreeSet<Arc<str>> =
            inventory.servers.keys().map(|server| server.namespace.clone()).collect();
        let lists: Vec<(Part, Arc<str>)> = places
            .iter()
            .flat_map(|place| [Part::Snapshots, Part::Records].map(|part| (part, place.clone())))
            .collect();
        let this = &*self;
        let outcomes: Vec<_> = stream::iter(lists.clone())
            .map(|(part, place)| async move { this.list(part, Some(place)).await })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for ((part, place), outcome) in lists.into_iter().zip(outcomes) {
            self.noted(part, Some(place), outcome)?;
        }
        Ok(())
    }

    /// Was it read? What may not be is noted.
    fn noted(
        &mut self,
        part: Part,
        namespace: Option<Arc<str>>,
        outcome: Result<(), Fault>,
    ) -> Result<bool, NoSurvey> {
        let cluster = self.cluster.name.clone();
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Forbidden(why)) => {
                self.survey.unread.push(Unread { part, namespace, why });
                Ok(false)
            }
            Err(Fault::Unauthenticated(why)) => Err(NoSurvey::Stranger { cluster, why }),
            Err(Fault::NotFound) => {
                Err(NoSurvey::NoDefinitions { cluster, plural: part.source().resource().plural })
            }
            Err(why) => Err(NoSurvey::Unreachable { cluster, why }),
        }
    }

    /// Lists into the index.
    async fn list(&self, part: Part, namespace: Option<Arc<str>>) -> Result<(), Fault> {
        let id = StreamId { source: part.source(), namespace };
        self.shared.open(&id);
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = self.pages(part, &id).await;
            if !matches!(outcome, Err(Fault::Expired)) {
                break;
            }
        }
        outcome
    }

    async fn pages(&self, part: Part, id: &StreamId) -> Result<(), Fault> {
        let api = id.api(self.cluster.client.clone());
        self.shared.apply(id, Event::Init);
        let mut params =
            ListParams { label_selector: part.labels(), limit: Some(PAGE), ..ListParams::default() };
        loop {
            let page = page(&api, &params, part.is_metadata()).await?;
            for object in page.items {
                self.shared.apply(id, Event::InitApply(object));
            }
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                self.shared.apply(id, Event::InitDone);
                return Ok(());
            }
        }
    }

    fn finish(self) -> Survey {
        let (cache, publications) = (RecordCache::default(), Mutex::default());
        let Gathered { mut inventory, .. } = gather(&self.shared, &cache, &publications, Duration::ZERO);
        // Of a Secret that may not be read nobody knows whether it is there.
        let unread = |part| self.survey.unread_of(part).next().is_some();
        if unread(Part::Secrets) || unread(Part::Records) {
            inventory.unready.clear();
        }
        let torn: Vec<Unread> = self.shared.with(|index| {
            let servers =
                inventory.servers.keys().filter(|server| !inventory.published.contains_key(*server));
            let torn = servers.filter(|server| index.map(&index_of(server)).is_some());
            torn.map(|server| Unread {
                part: Part::Snapshots,
                namespace: Some(server.namespace.clone()),
                why: format!("what is published of AuthServer {server} cannot be put together"),
            })
            .collect()
        });
        let findings = self.shared.with(|index| {
            let told = index.manifests().filter(|(_, manifest)| !manifest.identity.deleting);
            let told = told.filter(|(_, manifest)| !manifest.findings.is_empty());
            told.map(|((kind, name), manifest)| {
                (ObjectKey::new(*kind, name.clone()), manifest.findings.to_vec())
            })
            .collect()
        });
        let unread = self.survey.unread.iter().cloned().chain(torn).collect();
        Survey { inventory, findings, unread, ..self.survey }
    }
}

/// One page, of objects or of their metadata alone.
async fn page(
    api: &Api<DynamicObject>,
    params: &ListParams,
    metadata: bool,
) -> Result<ObjectList<DynamicObject>, Fault> {
    if !metadata {
        return within(PAGE_WITHIN, api.list(params)).await;
    }
    let list = within(PAGE_WITHIN, api.list_metadata(params)).await?;
    let bare = |metadata: ObjectMeta| DynamicObject { types: None, metadata, data: serde_json::Value::Null };
    let items = list.items.into_iter().map(|item| bare(item.metadata)).collect();
    Ok(ObjectList { types: list.types, metadata: list.metadata, items })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENTS: Part = Part::Objects(Kind::AuthClient);

    fn unread(part: Part, namespace: Option<&str>) -> Unread {
        Unread { part, namespace: namespace.map(Into::into), why: "no".into() }
    }

    #[test]
    fn what_may_not_be_read_is_not_known_but_where_it_was_read_all_the_same() {
        let survey = Survey {
            unread: vec![unread(CLIENTS, None), unread(Part::Snapshots, Some("auth"))],
            partly: BTreeSet::from([(CLIENTS, "shop".into())]),
            ..Survey::default()
        };
        assert!(survey.knows(CLIENTS, "shop") && !survey.knows(CLIENTS, "pay"));
        assert!(!survey.knows(Part::Snapshots, "auth") && survey.knows(Part::Snapshots, "other"));
        assert!(survey.knows(Part::Objects(Kind::AuthServer), "auth") && survey.has_objects());
        let blind = Kind::ALL.map(|kind| unread(Part::Objects(kind), None)).to_vec();
        assert!(!Survey { unread: blind, ..Survey::default() }.has_objects());
    }

    #[test]
    fn a_list_is_named_as_kubectl_names_it() {
        let name = |part, namespace| unread(part, namespace).to_string();
        assert_eq!(name(CLIENTS, None), "authclients.auth.nauthera.io of all namespaces");
        assert_eq!(name(Part::Snapshots, Some("auth")), "configmaps of namespace auth");
        assert_eq!(name(Part::Namespaces, None), "namespaces");
    }

    #[test]
    fn keys_of_servers_are_never_asked_for() {
        assert_eq!(Part::Records.labels().as_deref(), Some("auth.nauthera.io/kind=record"));
        assert!(Part::Secrets.is_metadata());
    }
}
