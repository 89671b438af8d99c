//! One of the four kinds, read and judged by itself. It is done before the index is locked: it takes longer than all the rest.

use super::object::{Identity, Manifest, texts};
use kube::api::DynamicObject;
use nauthera_api::objects;
use nauthera_core::names::Kind;
use serde_json::Value;

/// An object that was judged.
pub struct Judged {
    /// What is kept of it.
    pub manifest: Manifest,
    /// What it says; `None` for an object without a name, which no API server keeps.
    pub object: Option<objects::Judged>,
}

/// The annotations that are looked at.
const ANNOTATIONS: [&str; 2] = [crate::names::ROTATE_ANNOTATION, crate::names::REVOKE_ANNOTATION];

/// What is kept of an object beside what it says.
#[must_use]
pub fn manifest(object: &DynamicObject) -> Manifest {
    let meta = &object.metadata;
    let mut annotations = texts(meta.annotations.as_ref());
    annotations.retain(|key, _| ANNOTATIONS.contains(&&**key));
    let status = object.data.get("status").map(Value::to_string).unwrap_or_default();
    Manifest {
        identity: Identity::of(meta),
        generation: meta.generation.unwrap_or_default(),
        annotations,
        status: status.into(),
        ..Manifest::default()
    }
}

/// Judges an object: an object that cannot be understood is there, and not accepted.
#[must_use]
pub fn judge(kind: Kind, object: DynamicObject) -> Judged {
    let mut manifest = manifest(&object);
    let json = serde_json::to_value(object).unwrap_or_default();
    let object = objects::judge(kind, &json);
    if let Some(judged) = &object {
        manifest.findings = judged.findings.as_slice().into();
        manifest.workload.clone_from(&judged.workload);
        manifest.secrets = judged.secrets.as_slice().into();
    }
    Judged { manifest, object }
}
