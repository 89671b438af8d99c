//! What a server's container has on disk: keys, certificate and other Secrets as files that are only read, a place for the database, and
//! one for the last good Snapshot. The container's own file system is read-only.

use super::{Facts, SecretKey, Server};
use crate::names::{
    self, DATA_DIR, DATABASE_URL_FILE, DIGEST_KEY_FILE, KEYS_DIR, SECRETS_DIR, SIGNING_KEYS_FILE,
    SNAPSHOT_CACHE_DIR, TLS_DIR, TLS_KEYS,
};
use k8s_openapi::api::core::v1::{
    EmptyDirVolumeSource, KeyToPath, PersistentVolumeClaimVolumeSource, ProjectedVolumeSource,
    SecretProjection, SecretVolumeSource, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use nauthera_api::v1alpha1::DATABASE_URL_KEY;

/// Owner and group may read, nobody else.
const READ_ONLY: i32 = 0o440;
/// How much the last good Snapshot may take, with the one that replaces it.
const CACHE_LIMIT: &str = "256Mi";
/// How much temporary files may take: those of large sorts in SQLite.
const TEMPORARY_LIMIT: &str = "64Mi";

/// A volume with where it is mounted.
pub(super) struct Mounted {
    pub(super) volume: Volume,
    pub(super) mount: VolumeMount,
}

pub(super) fn volumes(server: &Server<'_>, facts: &Facts) -> Vec<Mounted> {
    let mut all = vec![keys(server), empty("tmp", "/tmp", TEMPORARY_LIMIT)];
    all.extend((!facts.secrets.is_empty()).then(|| secrets(&facts.secrets)));
    all.extend(server.certificate_secret().map(certificate));
    match &server.spec.database.postgres {
        Some(postgres) => {
            all.push(database_url(&SecretKey::of(&postgres.url_secret_ref, DATABASE_URL_KEY)));
            all.push(empty("cache", SNAPSHOT_CACHE_DIR, CACHE_LIMIT));
        }
        None => all.push(data(server)),
    }
    all
}

/// Digest key and signing keys side by side. A pod without them waits: keys are never made up.
fn keys(server: &Server<'_>) -> Mounted {
    let name = &server.object.name;
    let sources =
        [(names::digest_key(name), DIGEST_KEY_FILE), (names::signing_keys(name), SIGNING_KEYS_FILE)];
    let sources = sources.map(|(secret, file)| projection(secret, vec![item(file, file)], None));
    projected("keys", KEYS_DIR, sources.to_vec())
}

/// Other Secrets, `NAME/KEY` each. One that is not there yet appears once it is, and is told in the status until then.
fn secrets(keys: &[SecretKey]) -> Mounted {
    let mut keys = keys.to_vec();
    keys.sort();
    keys.dedup();
    let source = |key: SecretKey| {
        let path = format!("{}/{}", key.name, key.key);
        projection(key.name, vec![item(&key.key, &path)], Some(true))
    };
    projected("secrets", SECRETS_DIR, keys.into_iter().map(source).collect())
}

fn certificate(secret: String) -> Mounted {
    let items = TLS_KEYS.map(|key| item(key, key)).to_vec();
    mounted("tls", TLS_DIR, true, Volume { secret: Some(of_secret(secret, items)), ..Volume::default() })
}

fn database_url(key: &SecretKey) -> Mounted {
    let (folder, file) = DATABASE_URL_FILE.rsplit_once('/').unwrap_or_default();
    let secret = of_secret(key.name.clone(), vec![item(&key.key, file)]);
    mounted("database", folder, true, Volume { secret: Some(secret), ..Volume::default() })
}

fn data(server: &Server<'_>) -> Mounted {
    let claim =
        PersistentVolumeClaimVolumeSource { claim_name: names::claim(&server.object.name), read_only: None };
    mounted("data", DATA_DIR, false, Volume { persistent_volume_claim: Some(claim), ..Volume::default() })
}

fn empty(name: &str, folder: &str, limit: &str) -> Mounted {
    let source = EmptyDirVolumeSource { size_limit: Some(Quantity(limit.to_owned())), medium: None };
    mounted(name, folder, false, Volume { empty_dir: Some(source), ..Volume::default() })
}

fn projected(name: &str, folder: &str, sources: Vec<VolumeProjection>) -> Mounted {
    let source = ProjectedVolumeSource { default_mode: Some(READ_ONLY), sources: Some(sources) };
    mounted(name, folder, true, Volume { projected: Some(source), ..Volume::default() })
}

fn projection(secret: String, items: Vec<KeyToPath>, optional: Option<bool>) -> VolumeProjection {
    let secret = SecretProjection { name: secret, items: Some(items), optional };
    VolumeProjection { secret: Some(secret), ..VolumeProjection::default() }
}

fn of_secret(name: String, items: Vec<KeyToPath>) -> SecretVolumeSource {
    SecretVolumeSource {
        secret_name: Some(name),
        items: Some(items),
        default_mode: Some(READ_ONLY),
        optional: None,
    }
}

fn item(key: &str, path: &str) -> KeyToPath {
    KeyToPath { key: key.to_owned(), path: path.to_owned(), mode: None }
}

fn mounted(name: &str, folder: &str, read_only: bool, volume: Volume) -> Mounted {
    let mount = VolumeMount {
        name: name.to_owned(),
        mount_path: folder.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    Mounted { volume: Volume { name: name.to_owned(), ..volume }, mount }
}
