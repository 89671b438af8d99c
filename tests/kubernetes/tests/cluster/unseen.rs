//! Objects that no operator has seen: where none runs, a roll-out waits, and nobody takes them for done.

use nauthera_test_kubernetes::definitions;
use nauthera_test_kubernetes::gitops::judge;
use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::namespace::Namespace;

const OBJECTS: &str = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {name: main}
spec: {issuerUrl: https://id.example}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {name: main}
spec: {allowedScopes: [openid]}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: UserStore
metadata: {name: main}
spec:
  type: static
  users:
    - username: ada
      passwordHash: $argon2id$v=19$m=19456,t=2,p=1$wheVZ5l9Y1vG5GTpxxiOQA$pVH5dM95yO+Fcl8KjtokpqOoIretiAWjaVULaQvadMA
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {name: main}
spec: {authServerRef: {name: main}, type: service}
";

#[test]
fn what_no_operator_has_seen_is_waited_for() {
    definitions::apply().unwrap();
    let namespace = Namespace::new("unseen").unwrap();
    apply(namespace.name(), OBJECTS).unwrap().worked().unwrap();
    for kind in ["authserver", "authpolicy", "userstore", "authclient"] {
        let object = get(&[kind, "main", "-n", namespace.name()]).unwrap();
        assert_eq!(object["status"]["observedGeneration"], -1, "{kind}");
        let judged = judge(&object).unwrap();
        assert_eq!((&*judged.kstatus, &*judged.argocd), ("InProgress", "Progressing"), "{kind}");
    }
}
