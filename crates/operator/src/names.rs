//! The names that the operator, its children and its tests agree on: labels, annotations, names of objects, ports, and paths in
//! containers. Nothing else spells one of them out.

use nauthera_core::names::ObjectRef;

pub use nauthera_api::v1alpha1::{CLIENT_LABEL, REVOKE_ANNOTATION, ROTATE_ANNOTATION};

/// On a Secret of an application: which of its labels and annotations the template of its AuthClient has added.
pub const ADDED_ANNOTATION: &str = "auth.nauthera.io/added";
/// Who the operator is to server-side apply, and the controller that Events are told by.
pub const FIELD_MANAGER: &str = "nauthera-operator";

/// The label of everything that the operator makes; its value is [`MANAGED_BY`].
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY_LABEL`].
pub const MANAGED_BY: &str = "nauthera";
/// The label with the name of the program; its value is [`APPLICATION`].
pub const NAME_LABEL: &str = "app.kubernetes.io/name";
/// The value of [`NAME_LABEL`].
pub const APPLICATION: &str = "nauthera";
/// The label that tells servers from operators: [`SERVER_COMPONENT`] or [`OPERATOR_COMPONENT`].
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The component of an AuthServer's pods.
pub const SERVER_COMPONENT: &str = "server";
/// The component of the operator's own pods.
pub const OPERATOR_COMPONENT: &str = "operator";
/// The label with the AuthServer that an object belongs to. It finds objects; it proves nothing.
pub const SERVER_LABEL: &str = "auth.nauthera.io/server";
/// The label with what an object of ours holds: one of [`kind`].
pub const KIND_LABEL: &str = "auth.nauthera.io/kind";
/// Namespaces with this label at `true` may read the metrics of servers, past their NetworkPolicy.
pub const METRICS_LABEL: &str = "auth.nauthera.io/metrics";

/// The annotation that says whose object without owner reference it is: `AuthServer NAMESPACE/NAME`, see [`owner_mark`].
pub const OWNER_ANNOTATION: &str = "auth.nauthera.io/owner";

/// Values of [`KIND_LABEL`].
pub mod kind {
    /// A shard of a Snapshot, a ConfigMap.
    pub const SNAPSHOT: &str = "snapshot";
    /// The index of a Snapshot, a ConfigMap.
    pub const INDEX: &str = "index";
    /// A shard of credential records, a Secret.
    pub const RECORD: &str = "record";
    /// The key of clients' digests, a Secret.
    pub const DIGEST_KEY: &str = "digest-key";
    /// The signing keys, a Secret.
    pub const SIGNING_KEYS: &str = "signing-keys";
    /// What an application reads, a Secret in its own namespace.
    pub const CLIENT_SECRET: &str = "client-secret";
}

/// What children of an AuthServer are called: `nauthera-NAME`, at most 49 characters. The Deployment, Service, ServiceAccount, Role,
/// RoleBinding, PodDisruptionBudget, NetworkPolicy, Ingress, HTTPRoute and Certificate have this name as it is.
#[must_use]
pub fn child(server: &str) -> String {
    format!("nauthera-{server}")
}

/// The Secret with the key of clients' digests, 32 bytes under [`DIGEST_KEY_FILE`].
#[must_use]
pub fn digest_key(server: &str) -> String {
    format!("{}-digest-key", child(server))
}

/// The Secret with the signing keys, under [`SIGNING_KEYS_FILE`].
#[must_use]
pub fn signing_keys(server: &str) -> String {
    format!("{}-signing-keys", child(server))
}

/// The Secret with one shard of credential records.
#[must_use]
pub fn credentials(server: &str, bucket: impl std::fmt::Display) -> String {
    format!("{}-credentials-{bucket}", child(server))
}

/// The ConfigMap with the index of the Snapshot.
#[must_use]
pub fn index(server: &str) -> String {
    format!("{}-snapshot", child(server))
}

/// What the names of shards of the Snapshot begin with; `-` and the start of the content's hash follow.
#[must_use]
pub fn shard_prefix(server: &str) -> String {
    index(server)
}

/// The PersistentVolumeClaim of a server with SQLite.
#[must_use]
pub fn claim(server: &str) -> String {
    format!("{}-data", child(server))
}

/// The Secret that cert-manager puts a server's certificate into.
#[must_use]
pub fn certificate(server: &str) -> String {
    format!("{}-tls", child(server))
}

/// The value of [`OWNER_ANNOTATION`]. It names the AuthServer and not its uid: one that is applied again, or restored, goes on with
/// the same keys and records.
#[must_use]
pub fn owner_mark(server: &ObjectRef) -> String {
    format!("AuthServer {server}")
}

/// The key of the Secret with the digest key, and the file in [`KEYS_DIR`].
pub const DIGEST_KEY_FILE: &str = "digest.key";
/// The key of the Secret with the signing keys, and the file in [`KEYS_DIR`].
pub const SIGNING_KEYS_FILE: &str = "signing-keys.json";

/// The name of a server's container.
pub const CONTAINER: &str = "nauthera";
/// The name of the port that applications and browsers talk to, with and without TLS.
pub const SERVING_PORT_NAME: &str = "serving";
/// Where a server with TLS listens in its pod.
pub const HTTPS_PORT: i32 = 8443;
/// Where a server without TLS listens in its pod.
pub const HTTP_PORT: i32 = 8080;
/// The name of the port of health, readiness and metrics.
pub const ADMIN_PORT_NAME: &str = "admin";
/// Where a server answers for its health, in its pod. No Service has it.
pub const ADMIN_PORT: i32 = 8082;
/// The port of a Service in front of servers with TLS.
pub const SERVICE_HTTPS_PORT: i32 = 443;
/// The port of a Service in front of servers without TLS.
pub const SERVICE_HTTP_PORT: i32 = 80;

/// `--keys` of a server: the digest key and the signing keys, mounted from their Secrets.
pub const KEYS_DIR: &str = "/etc/nauthera/keys";
/// `--secrets` of a server: `NAME/KEY` for each key of a Secret that it needs.
pub const SECRETS_DIR: &str = "/etc/nauthera/secrets";
/// `--database file:…` of a server with PostgreSQL.
pub const DATABASE_URL_FILE: &str = "/etc/nauthera/database/url";
/// The folder of the certificate: `tls.crt` and `tls.key`.
pub const TLS_DIR: &str = "/etc/nauthera/tls";
/// What a Secret of type `kubernetes.io/tls` calls the certificate and its private key.
pub const TLS_KEYS: [&str; 2] = ["tls.crt", "tls.key"];
/// The folder of the SQLite database, on its claim.
pub const DATA_DIR: &str = "/var/lib/nauthera";
/// `--snapshot-cache` of a server: the folder where the last good Snapshot lies, on the claim with SQLite, else as long as the pod.
pub const SNAPSHOT_CACHE_DIR: &str = "/var/cache/nauthera";
/// The user and the group that servers run as: `nonroot` of distroless images.
pub const USER: i64 = 65_532;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_of_an_auth_server_fits_a_service() {
        assert!(child(&"n".repeat(40)).len() <= 63);
    }

    #[test]
    fn objects_of_two_servers_never_share_a_name() {
        let names = |server: &str| {
            [
                child(server),
                digest_key(server),
                signing_keys(server),
                credentials(server, "0"),
                index(server),
                claim(server),
                certificate(server),
            ]
        };
        let tricky =
            ["a", "a-snapshot", "a-tls", "a-data", "a-digest-key", "a-credentials-0", "a-credentials"];
        let mut all: Vec<String> =
            tricky.iter().flat_map(|server| names(server).into_iter().skip(1)).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
