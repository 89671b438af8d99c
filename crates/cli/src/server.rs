//! `nauthera server`: a Snapshot from a file or from ConfigMaps, served by the same server that `up` runs, and followed when it changes.

mod feed;

use crate::args::ServerArgs;
use crate::background::Background;
use crate::clock::{SystemClock, SystemEntropy};
use crate::data::{digest_key, private_folder};
use crate::output::Ui;
use crate::serve::{Running, Setup, Stop, bind, bind_beside, start};
use anyhow::{Result, bail};
use feed::Feed;
use nauthera_core::snapshot::{Revision, Snapshot};
use nauthera_core::time::Clock;
use nauthera_server::admin::Admin;
use nauthera_server::app::{App, LogFilter};
use std::path::Path;
use std::sync::Arc;

/// Serves until it is told to stop.
pub async fn run(args: &ServerArgs, ui: &Ui, log: Arc<dyn LogFilter>) -> Result<()> {
    let clock = Arc::new(SystemClock::start());
    let mut stop = Stop::listen()?;
    let began = clock.monotonic();
    let background = Arc::new(Background::start()?);
    let mut feed = feed_of(args, &background).await?;
    let mut running = Running::default();
    let (admin, port) = (Admin::default(), bind_beside(args.admin_listen, "--admin-listen")?);
    if args.admin_listen.port() == 0 {
        ui.tell(&format!("admin on {}", port.address()?));
    }
    // Before there is anything to serve: the operator asks what this release reads, and the kubelet whether it is alive.
    running.admin(port, admin.clone());
    let first = tokio::select! {
        first = feed.first() => first,
        () = stop.told() => {
            running.stop().await;
            return Ok(());
        }
    };
    let (revision, snapshot) = first?;
    private_folder(&args.keys)?;
    let setup = Setup {
        clock: clock.clone(),
        database: args.database.clone(),
        keys: args.keys.clone(),
        audit: args.audit.clone(),
        redis: args.redis.clone(),
        allow_private_fetch: args.allow_private_fetch,
        mounts: args.secrets.clone().unwrap_or_default(),
        log: Some(log),
    };
    let port = bind(args.listen, args.tls_cert.as_deref(), args.tls_key.as_deref())?;
    if args.listen.port() == 0 {
        ui.tell(&format!("listening on {}", port.address()?));
    }
    let issuer = snapshot.head.issuer.clone();
    let app = start(&setup, key_of(&args.keys, &snapshot)?, (revision, snapshot)).await?;
    running.provider(port, &app, args.trusted_proxies.clone().into());
    admin.begin(app.clone());
    running.chores(&app);
    let took = clock.monotonic().saturating_sub(began).as_millis();
    ui.tell(&format!("revision {}, ready after {took} ms", revision.short()));
    ui.tell(&format!("ready {issuer}"));
    let stopped = async {
        stop.told().await;
        stop.drain(&app, args.drain, ui).await;
    };
    tokio::select! {
        () = stopped => {}
        () = follow(feed, revision, &app, &background) => {}
    }
    running.stop().await;
    Ok(())
}

/// The digest key. One that is made here would know none of the clients' secrets, so it is made only where there are none.
fn key_of(keys: &Path, snapshot: &Snapshot) -> Result<[u8; 32]> {
    let has_secrets = snapshot.clients.values().any(|row| !row.secrets.is_empty());
    if has_secrets && !keys.join("digest.key").exists() {
        bail!(
            "{} is not there: copy the one with which the Snapshot was compiled, clients' secrets are checked with it",
            keys.join("digest.key").display()
        );
    }
    digest_key(keys, &SystemEntropy)
}

/// Where the Snapshot comes from.
async fn feed_of(args: &ServerArgs, background: &Arc<Background>) -> Result<Feed> {
    match (&args.source.snapshot, &args.source.snapshot_configmaps) {
        (_, Some(index)) => Feed::maps(index, args.snapshot_cache.as_deref(), background.clone()).await,
        (Some(path), None) => Ok(Feed::file(path, background.clone())),
        (None, None) => bail!("there is nothing to serve: give --snapshot or --snapshot-configmaps"),
    }
}

/// Applies what comes; what cannot be served is logged once, and the held Snapshot stays.
async fn follow(mut feed: Feed, mut held: Revision, app: &Arc<App>, background: &Background) {
    while let Some(news) = feed.next().await {
        match news {
            Ok((revision, _)) if revision == held => {}
            Ok((revision, snapshot)) => {
                held = revision;
                tracing::info!(revision = %revision.short(), "Snapshot applied");
                let app = app.clone();
                match background.run(move || app.apply_published(snapshot, revision)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "signing keys cannot follow the Snapshot"),
                    Err(error) => {
                        tracing::error!(error = format!("{error:#}"), "the Snapshot is not applied")
                    }
                }
            }
            Err(error) => {
                app.snapshot_refused();
                tracing::error!(error, "the Snapshot is refused; the held one stays");
            }
        }
    }
    // Nothing more will come; what is held goes on.
    std::future::pending::<()>().await;
}
