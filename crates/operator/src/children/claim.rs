//! The volume of a server with SQLite. It outlives its AuthServer, as everything that holds state does.

use super::Server;
use super::metadata::kept;
use crate::names;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use nauthera_api::v1alpha1::Sqlite;

pub(super) fn claim(server: &Server<'_>, sqlite: &Sqlite) -> PersistentVolumeClaim {
    let requests = [("storage".to_owned(), sqlite.storage.clone())].into_iter().collect();
    PersistentVolumeClaim {
        metadata: kept(server.object, names::claim(&server.object.name), None),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".into()]),
            resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}
