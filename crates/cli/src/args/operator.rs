//! Flags of `operator`.

use super::values;
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Flags of `operator`.
#[derive(Debug, Clone, Args)]
pub struct OperatorArgs {
    /// A namespace to look after; may stand several times [default: all]
    #[arg(long, value_name = "NAMESPACE", env = "NAUTHERA_NAMESPACE", value_delimiter = ',')]
    pub namespace: Vec<String>,
    /// Stand for election, so that of several replicas one writes and the others take over when it is gone
    #[arg(long, env = "NAUTHERA_LEADER_ELECT", value_parser = BoolishValueParser::new())]
    pub leader_elect: bool,
    /// The namespace of the operator's Lease and its own Secrets [default: the pod's, or the kubeconfig's]
    #[arg(long, value_name = "NAMESPACE", env = "NAUTHERA_OPERATOR_NAMESPACE")]
    pub operator_namespace: Option<String>,
    /// Where health, readiness and metrics are answered; an IPv6 address lets servers listen on IPv6 too
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_ADMIN_LISTEN", value_parser = values::address, default_value = "127.0.0.1:8082")]
    pub admin_listen: SocketAddr,
    /// The image of AuthServers whose manifest names none
    #[arg(long, value_name = "IMAGE", env = "NAUTHERA_SERVER_IMAGE", default_value = concat!("ghcr.io/nauthera/nauthera:", env!("CARGO_PKG_VERSION")))]
    pub server_image: String,
    /// Where the admission webhook listens, by HTTPS; left out, there is none
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_WEBHOOK_LISTEN", value_parser = values::address)]
    pub webhook_listen: Option<SocketAddr>,
    /// A name or an address under which the API server calls the webhook; may stand several times
    /// [default: nauthera-webhook.NAMESPACE.svc]
    #[arg(long, value_name = "NAME", env = "NAUTHERA_WEBHOOK_NAME", value_delimiter = ',')]
    pub webhook_name: Vec<String>,
    /// The ValidatingWebhookConfiguration that is told of the self-made certificate
    #[arg(long, value_name = "NAME", env = "NAUTHERA_WEBHOOK_CONFIGURATION", default_value = "nauthera")]
    pub webhook_configuration: String,
    /// The webhook's certificate chain in PEM, in place of the self-made one
    #[arg(long, value_name = "FILE", env = "NAUTHERA_WEBHOOK_TLS_CERT", requires = "webhook_tls_key")]
    pub webhook_tls_cert: Option<PathBuf>,
    /// That certificate's private key in PEM
    #[arg(long, value_name = "FILE", env = "NAUTHERA_WEBHOOK_TLS_KEY", requires = "webhook_tls_cert")]
    pub webhook_tls_key: Option<PathBuf>,
    /// Let AuthClients name `jwksUri` and `backChannelLogoutUri` at private addresses too: for tests and laptops
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
}
