//! The certificate that cert-manager keeps for a server. It names the issuer's host alone: a public authority would refuse names that
//! only the cluster knows.

use super::metadata::owned;
use super::{ChildKind, Server};
use crate::names;
use kube::core::DynamicObject;
use nauthera_api::v1alpha1::CertManager;
use serde_json::json;
use url::{Host, Url};

pub(super) fn certificate(server: &Server<'_>, asked: &CertManager) -> DynamicObject {
    let issuer = &asked.issuer_ref;
    let mut spec = json!({
        "secretName": names::certificate(&server.object.name),
        "issuerRef": {
            "group": issuer.group.as_deref().unwrap_or("cert-manager.io"),
            "kind": issuer.kind.as_deref().unwrap_or("Issuer"),
            "name": issuer.name,
        },
        "usages": ["digital signature", "key encipherment", "server auth"],
        "privateKey": { "algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always" },
    });
    let url = Url::parse(server.issuer.as_str()).ok();
    let (field, name) = match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => ("ipAddresses", address.to_string()),
        Some(Host::Ipv6(address)) => ("ipAddresses", address.to_string()),
        Some(Host::Domain(name)) => ("dnsNames", name.to_owned()),
        None => ("dnsNames", String::new()),
    };
    if let Some(spec) = spec.as_object_mut() {
        spec.insert(field.into(), json!([name]));
    }
    DynamicObject {
        types: Some(ChildKind::Certificate.types()),
        metadata: owned(server),
        data: json!({ "spec": spec }),
    }
}
