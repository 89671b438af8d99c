//! Flags of `operator`.

use super::values;
use clap::Args;
use clap::builder::BoolishValueParser;
use std::net::SocketAddr;

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
    /// Where health, readiness and metrics are answered
    #[arg(long, value_name = "ADDRESS", env = "NAUTHERA_ADMIN_LISTEN", value_parser = values::address, default_value = "127.0.0.1:8082")]
    pub admin_listen: SocketAddr,
    /// The image of AuthServers whose manifest names none
    #[arg(long, value_name = "IMAGE", env = "NAUTHERA_SERVER_IMAGE", default_value = concat!("ghcr.io/nauthera/nauthera:", env!("CARGO_PKG_VERSION")))]
    pub server_image: String,
    /// Let AuthClients name `jwksUri` and `backChannelLogoutUri` at private addresses too: for tests and laptops
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
}
