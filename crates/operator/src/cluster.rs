//! The way to the API server: a client with deadlines on everything, and what an error of it means for who asked.

use crate::index::manifests;
use crate::names::FIELD_MANAGER;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config, ResourceExt};
use nauthera_core::names::{Kind, ObjectRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a watch lasts before it is begun anew, in seconds. A connection that is dead without saying so is noticed after it.
pub const WATCH_SECONDS: u32 = 60;
/// How long nothing may be read: longer than a watch is silent.
const READ_WITHIN: Duration = Duration::from_secs(75);
/// How long one call that is no watch may take.
pub const CALL_WITHIN: Duration = Duration::from_secs(15);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoCluster {
    /// No configuration.
    #[error(
        "no cluster is configured: there is no kubeconfig (of KUBECONFIG, or ~/.kube/config), and this is no pod of a cluster"
    )]
    None,
    /// The kubeconfig that was named cannot be used.
    #[error("{}", kubeconfig_words(.0))]
    Kubeconfig(Box<KubeconfigError>),
    /// The configuration cannot be used.
    #[error("the cluster's configuration cannot be used: {}", chain(.0))]
    Client(kube::Error),
}

/// kube's own words with the names that it leaves out, and what to do.
fn kubeconfig_words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, path) => {
            format!("the kubeconfig {} cannot be read: {error}", path.display())
        }
        KubeconfigError::LoadContext(name) => {
            format!("the kubeconfig has no context {name}; `kubectl config get-contexts` lists them")
        }
        KubeconfigError::CurrentContextNotSet => {
            "the kubeconfig has no current context; name one, or set it with `kubectl config use-context`"
                .into()
        }
        // Further lines may quote what stands there, secrets too.
        error => {
            format!("the kubeconfig cannot be used: {}", chain(error).lines().next().unwrap_or_default())
        }
    }
}

/// Is there no kubeconfig at all, where nobody named one?
fn is_absent(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// Which cluster is meant, as people tell kubectl.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A kubeconfig file, instead of those of `KUBECONFIG` or the usual one.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it, instead of the current one.
    pub context: Option<String>,
}

/// A cluster with the way to it.
pub struct Cluster {
    /// The client.
    pub client: Client,
    /// The namespace of the context, or of the pod.
    pub namespace: String,
    /// What people call it: its context, and its address.
    pub name: String,
}

/// A client by the kubeconfig, or the pod's own, with the namespace that it is at home in.
///
/// # Errors
/// [`NoCluster`].
pub async fn connect() -> Result<(Client, String), NoCluster> {
    let Cluster { client, namespace, .. } = connect_to(&Wanted::default()).await?;
    Ok((client, namespace))
}

/// The same for the cluster that is wanted.
///
/// # Errors
/// [`NoCluster`].
pub async fn connect_to(wanted: &Wanted) -> Result<Cluster, NoCluster> {
    let named = wanted.kubeconfig.is_some()
        || wanted.context.is_some()
        || std::env::var_os("KUBECONFIG").is_some_and(|files| !files.is_empty());
    let bad = |error| NoCluster::Kubeconfig(Box::new(error));
    let read = match &wanted.kubeconfig {
        Some(file) => Kubeconfig::read_from(file),
        None => Kubeconfig::read(),
    };
    let mut context = wanted.context.clone();
    let mut config = match read {
        Err(error) if !named && is_absent(&error) => Config::incluster().map_err(|_| NoCluster::None)?,
        read => {
            let kubeconfig = read.map_err(bad)?;
            context = context.or_else(|| kubeconfig.current_context.clone());
            let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(bad)?
        }
    };
    config.connect_timeout = Some(CONNECT_WITHIN);
    config.read_timeout = Some(READ_WITHIN);
    config.reset_reader_on_write = true;
    // What is refused for a while is tried again by who asked, with the state of then.
    config.default_retry = false;
    let (namespace, address) = (config.default_namespace.clone(), config.cluster_url.to_string());
    let address = address.trim_end_matches('/');
    let name = match context {
        Some(context) => format!("context {context} ({address})"),
        None => address.to_owned(),
    };
    Ok(Cluster { client: Client::try_from(config).map_err(NoCluster::Client)?, namespace, name })
}

/// Why a call did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// What is there is another one than was read, or is there already.
    #[error("it was changed by another one meanwhile")]
    Conflict,
    /// It is not there.
    #[error("it is not there")]
    NotFound,
    /// A list has grown too old for its next page.
    #[error("the list is too old to be read on")]
    Expired,
    /// The API server does not know who this is.
    #[error("the API server does not know who asks: {0}")]
    Unauthenticated(String),
    /// This process may not.
    #[error("the API server does not allow it: {0}")]
    Forbidden(String),
    /// The API server does not take it as it is.
    #[error("the API server refuses it: {0}")]
    Invalid(String),
    /// The name is somebody else's.
    #[error("an object of that name is there and belongs to {0}")]
    Taken(String),
    /// The namespace is being deleted.
    #[error("its namespace is being deleted")]
    Terminating,
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// This process does not lead any more.
    #[error("another operator leads")]
    NotLeading,
    /// Something else: it is worth another try.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// Does somebody have to mend something first? Anything else may go well at the next try.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::Invalid(_) | Self::Taken(_))
    }

    /// Every word of [`Fault::category`].
    pub const CATEGORIES: [&str; 9] = [
        "conflict",
        "not_found",
        "forbidden",
        "invalid",
        "taken",
        "terminating",
        "late",
        "not_leading",
        "other",
    ];

    /// A stable word for metrics and events.
    #[must_use]
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::Expired => "expired",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::Taken(_) => "taken",
            Self::Terminating => "terminating",
            Self::Late(_) => "late",
            Self::NotLeading => "not_leading",
            Self::Other(_) => "other",
        }
    }
}

/// Secrets of a namespace by name, each read once; `None` for one that is not there.
///
/// # Errors
/// The first [`Fault`].
pub async fn secrets_of<'n>(
    client: &Client,
    namespace: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<BTreeMap<&'n str, Option<Secret>>, Fault> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let mut there = BTreeMap::new();
    for name in names.into_iter().collect::<BTreeSet<_>>() {
        there.insert(name, call(api.get_opt(name)).await?);
    }
    Ok(there)
}

/// Does a Secret have this key?
#[must_use]
pub fn has_key(secret: &Secret, key: &str) -> bool {
    secret.data.as_ref().is_some_and(|data| data.contains_key(key))
}

/// How the API server begins when server-side apply names a field that a kind has not; it has no code of its own for that.
const UNKNOWN_FIELD: &str = "failed to create typed patch object";

impl From<kube::Error> for Fault {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                let terminating = status.details.as_ref().is_some_and(|details| {
                    details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
                });
                let message = bounded(&status.message);
                match status.code {
                    _ if terminating => Self::Terminating,
                    409 => Self::Conflict,
                    404 => Self::NotFound,
                    410 => Self::Expired,
                    401 => Self::Unauthenticated(message),
                    403 => Self::Forbidden(message),
                    400 | 413 | 422 => Self::Invalid(message),
                    // What the API server says of a field that the kind's definition has not, perhaps an older one of somebody else's.
                    500 if message.starts_with(UNKNOWN_FIELD) => Self::Invalid(message),
                    code => Self::Other(format!("the API server answers {code}: {message}")),
                }
            }
            kube::Error::Service(error) => Self::Other(bounded(&chain(&*error))),
            error => Self::Other(bounded(&chain(&error))),
        }
    }
}

/// An error with what caused it: kube's own text often leaves the cause out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn bounded(text: &str) -> String {
    text.chars().take(500).collect()
}

/// Waits for a call so long and no longer.
///
/// # Errors
/// [`Fault`].
pub async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, kube::Error>> + Send,
) -> Result<T, Fault> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Fault::Late(limit)),
    }
}

/// Waits for a call as long as any may take.
///
/// # Errors
/// [`Fault`].
pub async fn call<T>(call: impl Future<Output = Result<T, kube::Error>> + Send) -> Result<T, Fault> {
    within(CALL_WITHIN, call).await
}

/// How everything is written.
#[must_use]
pub fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.into()), dry_run: false }
}

/// How everything is patched that is no server-side apply.
#[must_use]
pub fn patch_params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() }
}

/// Writes an object in place of the write of it that was read, which its metadata names, or makes it where none was.
///
/// # Errors
/// [`Fault`]; [`Fault::Conflict`] where something else is there by now.
pub async fn put<K>(api: &Api<K>, object: &K) -> Result<K, Fault>
where
    K: ResourceExt + Clone + DeserializeOwned + Serialize + Debug + Send + Sync,
{
    match object.meta().resource_version {
        Some(_) => call(api.replace(&object.name_any(), &params(), object)).await,
        None => call(api.create(&params(), object)).await,
    }
}

/// Reads one object of the four kinds; `None` where it is not there.
///
/// # Errors
/// [`Fault`].
pub async fn read(client: Client, kind: Kind, name: &ObjectRef) -> Result<Option<Value>, Fault> {
    let api: Api<DynamicObject> = Api::namespaced_with(client, &name.namespace, &manifests(kind));
    let object = call(api.get_opt(&name.name)).await?;
    object.map(serde_json::to_value).transpose().map_err(|error| Fault::Other(error.to_string()))
}
