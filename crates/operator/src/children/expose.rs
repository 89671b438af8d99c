//! How a server is reached from outside: an Ingress or an HTTPRoute for the issuer's host. The issuer's path is all that is led to it,
//! with the place where RFC 8414 puts the metadata of an issuer that has a path.

use super::metadata::owned;
use super::{ChildKind, Server};
use crate::names::SERVING_PORT_NAME;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};
use kube::core::DynamicObject;
use nauthera_api::v1alpha1::{ExposeHttpRoute, ExposeIngress};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::{Host, Url};

pub(super) fn ingress(server: &Server<'_>, asked: &ExposeIngress) -> Ingress {
    let host = host(server);
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: server.name(),
            port: Some(ServiceBackendPort { name: Some(SERVING_PORT_NAME.into()), number: None }),
        }),
        resource: None,
    };
    let path =
        |path| HTTPIngressPath { path: Some(path), path_type: "Prefix".into(), backend: backend.clone() };
    // A host that is an address is no host to an Ingress: it takes whatever comes then.
    let tls = IngressTLS {
        hosts: host.clone().map(|host| vec![host]),
        secret_name: asked.tls_secret_ref.as_ref().map(|secret| secret.name.clone()),
    };
    let mut metadata = owned(server);
    metadata.annotations = annotations(&asked.annotations);
    Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: asked.class_name.clone(),
            rules: Some(vec![IngressRule {
                host,
                http: Some(HTTPIngressRuleValue { paths: paths(server).into_iter().map(path).collect() }),
            }]),
            tls: server.issuer.is_https().then(|| vec![tls]),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    }
}

pub(super) fn http_route(server: &Server<'_>, asked: &ExposeHttpRoute) -> DynamicObject {
    let [group, ..] = ChildKind::HttpRoute.names();
    let parents: Vec<Value> = asked
        .parent_refs
        .iter()
        .map(|parent| {
            let mut reference = json!({
                "group": group,
                "kind": "Gateway",
                "name": parent.name,
            });
            for (field, value) in [("namespace", &parent.namespace), ("sectionName", &parent.section_name)] {
                if let (Some(reference), Some(value)) = (reference.as_object_mut(), value) {
                    reference.insert(field.into(), value.as_str().into());
                }
            }
            reference
        })
        .collect();
    let matches: Vec<Value> = paths(server)
        .into_iter()
        .map(|path| json!({ "path": { "type": "PathPrefix", "value": path } }))
        .collect();
    let backend = json!({
        "group": "",
        "kind": "Service",
        "name": server.name(),
        "port": server.service_port(),
        "weight": 1,
    });
    let mut spec =
        json!({ "parentRefs": parents, "rules": [{ "matches": matches, "backendRefs": [backend] }] });
    if let (Some(spec), Some(host)) = (spec.as_object_mut(), host(server)) {
        spec.insert("hostnames".into(), json!([host]));
    }
    let mut metadata = owned(server);
    metadata.annotations = annotations(&asked.annotations);
    DynamicObject { types: Some(ChildKind::HttpRoute.types()), metadata, data: json!({ "spec": spec }) }
}

fn annotations(asked: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    Some(asked.clone()).filter(|asked| !asked.is_empty())
}

/// The issuer's host, where it is a name.
fn host(server: &Server<'_>) -> Option<String> {
    match Url::parse(server.issuer.as_str()).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

fn paths(server: &Server<'_>) -> Vec<String> {
    match server.issuer.path() {
        "" | "/" => vec!["/".to_owned()],
        path => vec![
            path.to_owned(),
            format!("/.well-known/oauth-authorization-server{path}"),
            format!("/.well-known/openid-configuration{path}"),
        ],
    }
}
