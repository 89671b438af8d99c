//! `nauthera operator`: the controller in a cluster, joined with the clock, the randomness and the making of signing keys that it gets
//! from here.

mod keys;

use crate::args::OperatorArgs;
use crate::clock::{SystemClock, SystemEntropy};
use crate::output::Ui;
use crate::serve::Stop;
use anyhow::{Context as _, Result};
use keys::ServerKeys;
use nauthera_core::time::Entropy;
use nauthera_operator::cluster::connect;
use nauthera_operator::context::{Context, Settings};
use nauthera_operator::run::{Options, WebhookOptions, run as operate};
use nauthera_operator::watch::Scope;
use nauthera_operator::webhook::CertificateSource;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Where a pod finds its namespace.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Looks after a cluster until it is told to stop.
pub async fn run(args: &OperatorArgs, ui: &Ui) -> Result<()> {
    let mut told = Stop::listen()?;
    let (client, default_namespace) = connect().await?;
    let pod_namespace = std::fs::read_to_string(Path::new(POD_NAMESPACE)).ok();
    let namespace = args.operator_namespace.clone().or(pod_namespace);
    let scope = match args.namespace.as_slice() {
        [] => Scope::All,
        listed => Scope::Listed(listed.iter().map(|name| name.as_str().into()).collect()),
    };
    let settings = Settings {
        scope,
        home: namespace.clone().unwrap_or(default_namespace),
        namespace,
        server_image: args.server_image.clone(),
        allow_private_fetch: args.allow_private_fetch,
        ipv6: args.admin_listen.is_ipv6(),
    };
    let clock = Arc::new(SystemClock::start());
    let context = Context::new(client, settings, clock, Arc::new(SystemEntropy), Arc::new(ServerKeys));
    let identity = args.leader_elect.then(identity);
    let webhook = webhook(args, &context.settings.home);
    let options = Options { identity, admin: args.admin_listen, webhook };
    let stop = CancellationToken::new();
    let ending = stop.clone();
    let signals = tokio::spawn(async move {
        told.told().await;
        ending.cancel();
    });
    let started = |admin| ui.tell(&format!("admin on {admin}"));
    let outcome = operate(context, options, stop, started).await;
    signals.abort();
    outcome.context("the operator cannot run")
}

/// The admission webhook, where one is asked for.
fn webhook(args: &OperatorArgs, home: &str) -> Option<WebhookOptions> {
    let certificate = match (&args.webhook_tls_cert, &args.webhook_tls_key) {
        (Some(certificate), Some(key)) => {
            CertificateSource::Files { certificate: certificate.clone(), key: key.clone() }
        }
        _ => CertificateSource::SelfMade {
            names: match args.webhook_name.as_slice() {
                [] => vec![format!("nauthera-webhook.{home}.svc")],
                names => names.to_vec(),
            },
            configuration: args.webhook_configuration.clone(),
        },
    };
    args.webhook_listen.map(|listen| WebhookOptions { listen, certificate })
}

/// A name that no other candidate has: the pod's, where there is one, and some random digits.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "nauthera".to_owned());
    let mut random = [0; 8];
    SystemEntropy.fill(&mut random);
    format!("{host}_{:016x}", u64::from_ne_bytes(random))
}
