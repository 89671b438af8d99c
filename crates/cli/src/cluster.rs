//! The cluster that people ask about, as `check`, `plan` and `explain` reach it: which one is meant, what may be read of it, and which
//! of the shipped roles may read what is missing.

use crate::args::ClusterArgs;
use crate::clock::SystemEntropy;
use crate::output::Cases;
use anyhow::{Context, Result};
use nauthera_core::codes::Code;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::spec::ServerSpec;
use nauthera_operator::cluster::{Cluster, Wanted, connect_to, read};
use nauthera_operator::survey::{Part, Survey, Unread, survey};
use serde::Serialize;
use std::sync::Arc;

/// A cluster that was read.
pub struct Read {
    /// What people call it.
    pub name: String,
    /// The namespace of what names none.
    pub home: String,
    /// What it holds.
    pub survey: Survey,
}

async fn reach(args: &ClusterArgs) -> Result<Cluster> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let wanted = Wanted { kubeconfig: args.kubeconfig.clone(), context: args.context.clone() };
    let cluster = connect_to(&wanted).await?;
    let namespace = args.namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
    Ok(Cluster { namespace, ..cluster })
}

/// Reads the cluster, as far as that is allowed.
///
/// # Errors
/// When there is none, or it does not answer.
pub fn read_all(args: &ClusterArgs) -> Result<Read> {
    crate::threads()?.block_on(async {
        let cluster = reach(args).await?;
        let survey = survey(&cluster, &cluster.namespace, Arc::new(SystemEntropy)).await?;
        Ok(Read { name: cluster.name, home: cluster.namespace, survey })
    })
}

/// The object of one client; a name without a namespace is looked for in the context's.
///
/// # Errors
/// When there is no cluster, it does not answer, or it has no such client.
pub fn read_client(args: &ClusterArgs, name: Wish<'_>) -> Result<(ObjectRef, serde_json::Value)> {
    const OTHERWISE: &str = "to explain manifests, name their PATH";
    crate::threads()?.block_on(async {
        let cluster = reach(args)
            .await
            .with_context(|| format!("{name} cannot be read from a cluster; {OTHERWISE}"))?;
        let client = match name {
            Wish::Whole(client) => client.clone(),
            Wish::Bare(name) => ObjectRef::new(&*cluster.namespace, name),
        };
        let object = read(cluster.client, Kind::AuthClient, &client)
            .await
            .with_context(|| format!("AuthClient {client} cannot be read from {}", cluster.name))?;
        let object = object
            .with_context(|| format!("there is no AuthClient {client} in {}; {OTHERWISE}", cluster.name))?;
        Ok((client, object))
    })
}

/// A client as people name it.
#[derive(Clone, Copy)]
pub enum Wish<'a> {
    /// With its namespace.
    Whole(&'a ObjectRef),
    /// Without.
    Bare(&'a str),
}

impl std::fmt::Display for Wish<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(client) => write!(f, "{client}"),
            Self::Bare(name) => write!(f, "{name}"),
        }
    }
}

/// What may not be read, why, and who may.
pub fn unread_words(unread: &Unread) -> String {
    format!("{unread} cannot be listed: {}; {}", unread.why, who_may(unread.part))
}

const fn who_may(part: Part) -> &'static str {
    match part {
        Part::Objects(Kind::AuthClient | Kind::AuthPolicy | Kind::AuthServer) => {
            "the ClusterRoles nauthera-security, nauthera-platform and nauthera-viewer may"
        }
        Part::Objects(Kind::UserStore) => "the ClusterRole nauthera-platform may",
        Part::Namespaces => {
            "the ClusterRoles nauthera-security and nauthera-platform may, bound in the cluster"
        }
        Part::Snapshots | Part::Records | Part::Secrets => "none of the shipped roles may",
    }
}

/// Where a cluster says whose its ServiceAccount tokens are.
const ISSUER: &str = "/.well-known/openid-configuration";

/// Codes by which one of two loses: who held it first is known from Snapshots and records alone.
pub const CONTESTED: [Code; 2] = [Code::DuplicateIssuer, Code::ClientIdTaken];

/// What is not judged since it may not be read, and what of the cases is doubtful by it.
pub fn not_judged(survey: &Survey, cases: &Cases) -> Vec<String> {
    let has = |codes: &[Code]| cases.iter().any(|case| codes.contains(&case.finding.code));
    let objects = survey.unread.iter().filter(|unread| is_shown(unread.part));
    let mut notes: Vec<String> = objects.map(unread_words).collect();
    notes.extend(held_words(survey, has(&CONTESTED)));
    notes.extend(owned_words(survey, has(&[Code::SecretConflict])));
    notes
}

/// Whether a server names its own cluster as another one, where it names any and that is not known.
pub fn issuer_words(survey: &Survey, inventory: &Inventory) -> Option<String> {
    let why = survey.issuer_unread.as_ref()?;
    let names = |spec: &ServerSpec| !spec.service_account_issuers.is_empty();
    let asked = inventory.servers.values().any(|server| server.spec.as_deref().is_some_and(names));
    asked.then(|| {
        format!(
            "whether serviceAccountIssuers names this cluster itself is not known: {ISSUER} cannot be read: {why}; whoever has the \
             ClusterRole system:service-account-issuer-discovery may"
        )
    })
}

const fn is_shown(part: Part) -> bool {
    matches!(part, Part::Objects(_) | Part::Namespaces)
}

/// Who holds what two claim, where that is asked and not known.
pub fn held_words(survey: &Survey, asked: bool) -> Option<String> {
    let unread = survey.unread_of(Part::Snapshots).next().filter(|_| asked)?;
    Some(format!("who holds an id or an issuer that two claim is a guess: {}", unread_words(unread)))
}

/// Whose a Secret is that two claim, where that is asked and not known.
pub fn owned_words(survey: &Survey, asked: bool) -> Option<String> {
    let unread = survey.unread_of(Part::Secrets).next().filter(|_| asked)?;
    Some(format!("whose a Secret is that two claim is a guess: {}", unread_words(unread)))
}

/// The cluster as JSON names it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    name: String,
    /// What may not be read, each with why.
    unread: Vec<UnreadView>,
    #[serde(skip)]
    whole: bool,
}

#[derive(Debug, Serialize)]
struct UnreadView {
    what: String,
    why: String,
}

impl ClusterView {
    /// Of a cluster that was read.
    pub fn of(read: &Read) -> Self {
        let view = |unread: &Unread| UnreadView { what: unread.to_string(), why: unread.why.clone() };
        let unread = &read.survey.unread;
        let whole = !unread.iter().any(|unread| is_shown(unread.part));
        let issuer = read.survey.issuer_unread.as_ref();
        let issuer = issuer.map(|why| UnreadView { what: ISSUER.to_owned(), why: why.clone() });
        let unread = unread.iter().map(view).chain(issuer).collect();
        Self { name: read.name.clone(), unread, whole }
    }

    /// Was every object read?
    pub const fn is_whole(&self) -> bool {
        self.whole
    }
}
