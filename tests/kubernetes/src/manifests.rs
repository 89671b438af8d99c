//! Manifests that most tests begin with: a server, a policy for services, and a client. Each is a document of its own, so that they can
//! be written one after the other; `more` are further lines of its spec.

/// An AuthServer `main` of this namespace, whose issuer bears the namespace's name.
#[must_use]
pub fn server(namespace: &str, more: &str) -> String {
    format!(
        "
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {{name: main}}
spec:
  issuerUrl: https://{namespace}.example
{more}
"
    )
}

/// An AuthPolicy that lets services ask for orders.
#[must_use]
pub fn policy(name: &str, more: &str) -> String {
    format!(
        "
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {{name: {name}}}
spec:
  allowedGrantTypes: [client_credentials]
  allowedScopes: [\"orders:*\"]
{more}
"
    )
}

/// A service that asks for this scope at the server `main` of a namespace.
#[must_use]
pub fn client(name: &str, server: &str, scope: &str, more: &str) -> String {
    format!(
        "
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: {name}}}
spec:
  authServerRef: {{name: main, namespace: {server}}}
  type: service
  scopes: [\"{scope}\"]
{more}
"
    )
}

/// A UserStore `people` with one person.
pub const PEOPLE: &str = "
---
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: people}
spec:
  type: static
  users:
    - username: ada
      passwordHash: $argon2id$v=19$m=19456,t=2,p=1$wheVZ5l9Y1vG5GTpxxiOQA$pVH5dM95yO+Fcl8KjtokpqOoIretiAWjaVULaQvadMA
";
