//! The operator as a whole: every replica watches and compiles; the one that leads carries out. When its term is over, everything
//! that writes is dropped at once, and watching goes on.

mod lead;

use crate::admin::Admin;
use crate::children::ChildKind;
use crate::context::Context;
use crate::http;
use crate::index::Source;
use crate::issuer;
use crate::lease::{Candidate, Term};
use crate::records::RecordCache;
use crate::turn::{Turner, first_sources};
use crate::watch;
use crate::webhook::{BadPair, CertificateSource, Keeper, Presented, Webhook};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use lead::Leader;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The name of the Lease.
pub const LEASE: &str = "nauthera-operator";
/// How often it is asked whether the cluster knows kinds of others by now.
const DISCOVER_EVERY: Duration = Duration::from_secs(30);
/// How long a stop may take.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How the operator runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this process among candidates; `None` where it runs alone and leads at once.
    pub identity: Option<String>,
    /// Where health and metrics are answered.
    pub admin: SocketAddr,
    /// The admission webhook, where there is one.
    pub webhook: Option<WebhookOptions>,
}

/// How the admission webhook is served.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Where the API server reaches it.
    pub listen: SocketAddr,
    /// Where its certificate comes from.
    pub certificate: CertificateSource,
}

/// Why the operator does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The admin port.
    #[error("{0} cannot be listened on: {1}; give another address with --admin-listen")]
    Admin(SocketAddr, #[source] std::io::Error),
    /// The webhook's port.
    #[error("{0} cannot be listened on: {1}; give another address with --webhook-listen")]
    Webhook(SocketAddr, #[source] std::io::Error),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] BadPair),
}

/// Runs until it is told to stop. `started` is told the address of the admin port.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    context: Arc<Context>,
    options: Options,
    stop: CancellationToken,
    started: impl FnOnce(SocketAddr),
) -> Result<(), RunError> {
    let bad = |error| RunError::Admin(options.admin, error);
    let listener = http::bind(options.admin).await.map_err(bad)?;
    started(listener.local_addr().map_err(bad)?);
    let (leading, stopping, queued) =
        (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let admin = Admin {
        context: context.clone(),
        leading: leading.clone(),
        stopping: stopping.clone(),
        queued: queued.clone(),
    };
    let end = CancellationToken::new();
    let admin = tokio::spawn(http::serve(listener, None, Arc::new(admin), end.clone()));
    let mut workers = JoinSet::new();
    context.shared.with(|index| index.await_cluster());
    workers.spawn(watch_all(context.clone()));
    workers.spawn(issuer::keep(context.clone()));
    let cache = Arc::new(RecordCache::default());
    let turner = Turner::new(context.clone(), cache.clone());
    let leader = Leader {
        context: context.clone(),
        cache,
        ledger: turner.ledger(),
        worlds: turner.worlds(),
        leading,
        queued,
    };
    if let Some(webhook) = &options.webhook {
        serve_webhook(&mut workers, &leader, webhook, &end).await?;
    }
    workers.spawn(turner.run());
    let told = stop.clone();
    workers.spawn(async move {
        told.cancelled().await;
        stopping.store(true, Ordering::Release);
    });
    lead(leader, options.identity, &stop).await;
    workers.shutdown().await;
    end.cancel();
    tokio::time::timeout(STOP_WITHIN, admin).await.ok();
    Ok(())
}

/// Leads until it is told to stop: alone at once, or whenever it is elected.
async fn lead(leader: Leader, identity: Option<String>, stop: &CancellationToken) {
    let context = leader.context.clone();
    let Some(identity) = identity else {
        let over = CancellationToken::new();
        let term = Term::alone(context.clock.clone(), over.clone());
        tokio::select! {
            () = leader.lead(term) => {}
            () = stop.cancelled() => over.cancel(),
        }
        return;
    };
    let api: Api<Lease> = Api::namespaced(context.client.clone(), &context.settings.home);
    let candidate = Candidate::new(api, LEASE, identity, context.clock.clone());
    let terms = candidate.terms();
    let leads = tokio::spawn(leader.lead_whenever(terms));
    let mut stands = tokio::spawn(candidate.stand(stop.clone()));
    tokio::select! {
        () = stop.cancelled() => { tokio::time::timeout(STOP_WITHIN, &mut stands).await.ok(); }
        _ = &mut stands => {}
    }
    leads.abort();
}

/// Answers admission requests, in every replica.
async fn serve_webhook(
    workers: &mut JoinSet<()>,
    leader: &Leader,
    options: &WebhookOptions,
    end: &CancellationToken,
) -> Result<(), RunError> {
    let listener =
        http::bind(options.listen).await.map_err(|error| RunError::Webhook(options.listen, error))?;
    let presented = Arc::new(Presented::default());
    let acceptor = presented.clone().acceptor()?;
    let webhook =
        Arc::new(Webhook { worlds: leader.worlds.clone(), scope: leader.context.settings.scope.clone() });
    workers.spawn(http::serve(listener, Some(acceptor), webhook, end.clone()));
    let keeper = Keeper {
        context: leader.context.clone(),
        source: options.certificate.clone(),
        presented,
        leading: leader.leading.clone(),
    };
    workers.spawn(keeper.run());
    Ok(())
}

/// Watches everything: first what says how the rest is to be read.
async fn watch_all(context: Arc<Context>) {
    let mut streams = JoinSet::new();
    let later: Vec<Source> = [Source::ClientSecrets, Source::Snapshots, Source::Slices]
        .into_iter()
        .chain(ChildKind::BUILT_IN.map(Source::Children))
        .collect();
    let scope = &context.settings.scope;
    // Nothing is complete before these are.
    for id in later.iter().flat_map(|source| scope.streams(*source)) {
        context.shared.open(&id);
    }
    for source in first_sources() {
        watch::start(&mut streams, &context.client, scope, source, &context.shared);
    }
    let mut every = tokio::time::interval(Duration::from_millis(50));
    let is_listed =
        || context.shared.with(|index| first_sources().into_iter().all(|source| index.has_listed(source)));
    while !is_listed() {
        every.tick().await;
    }
    for source in later {
        watch::start(&mut streams, &context.client, scope, source, &context.shared);
    }
    let mut every = tokio::time::interval(DISCOVER_EVERY);
    let mut known = [false; ChildKind::OPTIONAL.len()];
    loop {
        every.tick().await;
        for (kind, known) in ChildKind::OPTIONAL.into_iter().zip(&mut known) {
            if !*known && is_known(&context, kind).await {
                *known = true;
                watch::start(&mut streams, &context.client, scope, Source::Children(kind), &context.shared);
            }
        }
    }
}

/// Does the cluster know this kind?
async fn is_known(context: &Context, kind: ChildKind) -> bool {
    let [group, version, _, plural] = kind.names();
    let resources =
        crate::cluster::call(context.client.list_api_group_resources(&format!("{group}/{version}"))).await;
    resources.is_ok_and(|list| list.resources.iter().any(|resource| resource.name == plural))
}
