//! How a server is reached in the cluster, and by whom: everyone may ask for tokens; health and metrics are the operator's, and those of
//! namespaces that are labelled for it. Only what comes in is judged: what a server calls (databases, directories, clients' keys) has no
//! list.

use super::metadata::{owned, selected, selector};
use super::{Facts, Server};
use crate::names::{ADMIN_PORT_NAME, COMPONENT_LABEL, METRICS_LABEL, OPERATOR_COMPONENT, SERVING_PORT_NAME};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The label with its own name that every Namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

pub(super) fn service(server: &Server<'_>) -> Service {
    let scheme = if server.has_tls() { "https" } else { "http" };
    Service {
        metadata: owned(server),
        spec: Some(ServiceSpec {
            selector: Some(selected(server.object)),
            ports: Some(vec![ServicePort {
                name: Some(SERVING_PORT_NAME.into()),
                // Gateways that read it know how to speak to the pods.
                app_protocol: Some(scheme.into()),
                port: server.service_port(),
                target_port: Some(IntOrString::String(SERVING_PORT_NAME.into())),
                protocol: Some("TCP".into()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

pub(super) fn policy(server: &Server<'_>, facts: &Facts) -> NetworkPolicy {
    let port = |name: &str| {
        let port = Some(IntOrString::String(name.into()));
        Some(vec![NetworkPolicyPort { port, protocol: Some("TCP".into()), end_port: None }])
    };
    let operator = facts.operator_namespace.as_deref().map(|namespace| NetworkPolicyPeer {
        namespace_selector: Some(having(NAMESPACE_NAME, namespace)),
        pod_selector: Some(having(COMPONENT_LABEL, OPERATOR_COMPONENT)),
        ip_block: None,
    });
    let scrapers = NetworkPolicyPeer {
        namespace_selector: Some(having(METRICS_LABEL, "true")),
        pod_selector: None,
        ip_block: None,
    };
    let admin = NetworkPolicyIngressRule {
        from: Some(operator.into_iter().chain([scrapers]).collect()),
        ports: port(ADMIN_PORT_NAME),
    };
    let serving = NetworkPolicyIngressRule { from: None, ports: port(SERVING_PORT_NAME) };
    NetworkPolicy {
        metadata: owned(server),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(selector(server.object)),
            policy_types: Some(vec!["Ingress".into()]),
            ingress: Some(vec![serving, admin]),
            egress: None,
        }),
    }
}

fn having(label: &str, value: &str) -> LabelSelector {
    let labels = [(label.to_owned(), value.to_owned())].into_iter().collect();
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}
