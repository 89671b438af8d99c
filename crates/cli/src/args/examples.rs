//! The long texts of `--help`: what each command is for, with an example.

pub const EXIT_CODES: &str = "\
Exit codes:
  0  done, and nothing found
  1  done, and something found: an error, a violation (a client asks beyond policy), or for `plan`
     a client that the change refuses, narrows or widens
  2  the command could not do its job: usage, unreadable input, no cluster or too few rights in it";

pub const UP_ABOUT: &str = "\
Serves a folder of manifests: the same engine and the same server as in a cluster, with SQLite.

It watches the folder and serves each good edit; a bad edit is explained, and the last good state goes on. Everything \
that it makes is kept under --data, so that running it again keeps keys, clients' secrets, sessions and refresh tokens. \
A client that is taken away is no longer served, and has the same secret again if it comes back within an hour. \
When it serves, it prints one line to stdout: `ready ISSUER`.";

pub const UP: &str = "\
Examples:
  nauthera up examples/quickstart
  nauthera up deploy/auth --issuer http://127.0.0.1:8080   production's manifests on a laptop";

pub const CHECK_ABOUT: &str = "\
Judges manifests without a cluster, as a pull request should be: schema, CEL rules, references, policies, examples.

A Secret that is not there is no finding, since Secrets are rarely in Git. An AuthServer, UserStore or policy that is not \
among the paths is a warning, since another repository may hold it. Namespaces among the paths are read as facts.

`cluster` in place of a path is what is in the cluster of the current kubeconfig context (./cluster is a folder of that name). \
Paths beside it are laid over it, as applying them would: what other repositories hold is then found there, and what is told \
is what concerns the paths. What may not be read is said, and never taken for absent.";

pub const CHECK: &str = "\
Examples:
  nauthera check deploy/auth
  nauthera check platform security teams/shop --deny-warnings
  nauthera check deploy/auth --format sarif > nauthera.sarif
  nauthera check cluster
  nauthera check cluster teams/shop --namespace shop   a team's folder over what is there";

pub const PLAN_ABOUT: &str = "\
Compares two states of the manifests: each client whose settings, acceptance or violations differ, field by field, with \
the policy that decides. Exit code 1 says that the change refuses, narrows or widens a client.

`cluster` is what is in the cluster of the current kubeconfig context (./cluster is a folder of that name): `plan cluster NEW` \
answers what a change would do before it is applied, and `plan OLD cluster` how the cluster differs from manifests. The other \
side is laid over the cluster's objects: those that it has stand in place of the cluster's of the same name, and what it lacks \
stays as it is, as with `kubectl apply`; with --prune what it lacks is deleted. It writes nothing. It reads AuthServers, \
AuthPolicies, AuthClients and Namespaces of the whole cluster, as the ClusterRoles nauthera-security and nauthera-platform may; \
of a Secret's content no more than credential records, where it may.";

pub const PLAN: &str = "\
Examples:
  nauthera plan main/deploy/auth branch/deploy/auth
  git worktree add ../main main && nauthera plan ../main/deploy deploy
  nauthera plan cluster security/stricter-lifetimes.yaml
  kubectl kustomize overlays/prod | nauthera plan cluster /dev/stdin
  nauthera plan cluster deploy/auth --prune --context prod";

pub const EXPLAIN_ABOUT: &str = "\
Explains a client: every effective setting, what was asked, and the policy (and its generation) that decided. Or explains \
a diagnostic by its code.

Without a PATH the client is read from the cluster of the current kubeconfig context: from its status alone, which its owner \
can read.";

pub const EXPLAIN: &str = "\
Examples:
  nauthera explain shop/storefront examples/quickstart
  nauthera explain storefront --namespace shop   as it is served in the cluster
  nauthera explain NA0203";

pub const COMPILE_ABOUT: &str = "\
Compiles manifests and writes the Snapshot: all that `nauthera server` needs to serve them, and nothing else.

Clients' secrets are made and kept under --data, exactly as `nauthera up` does. Where a policy is not accepted, clients \
stay as they were compiled last; where nothing is known of that, nothing is written. Exit code 1 says that something \
was found: an error, or a client that asks beyond policy. What could be compiled is written all the same.";

pub const COMPILE: &str = "\
Examples:
  nauthera compile deploy/auth -o snapshot.json
  nauthera compile deploy/auth --print --no-credentials";

pub const SERVER_ABOUT: &str = "\
Serves a Snapshot: a file, or the ConfigMaps that an operator publishes. It reads no manifests and writes nothing but its \
database, its keys and its audit lines.";

pub const SERVER: &str = "\
Examples:
  nauthera server --snapshot snapshot.json --database sqlite:nauthera.db --keys .nauthera/keys
  nauthera server --snapshot snapshot.json --database file:/run/secrets/database-url --keys /run/keys";

pub const OPERATOR_ABOUT: &str = "\
Looks after AuthServers, AuthPolicies, UserStores and AuthClients in a cluster: it runs the servers, publishes what they \
serve, writes the Secrets of applications, and says in every status how things are.

It uses KUBECONFIG, or the pod's own ServiceAccount. Objects are watched in all namespaces, or in those of --namespace.";

pub const OPERATOR: &str = "\
Examples:
  nauthera operator --leader-elect
  nauthera operator --namespace shop --namespace platform";

pub const DOCTOR_ABOUT: &str = "\
Checks an installation, and says what to do about each thing that it finds. It takes the flags and the environment of `server`, \
so that it is run where the server runs, and checks what it is given: the Snapshot and its age, signing keys, the database and \
its schema, the certificate, the clocks, and whether the issuer is reached and says what is configured. It changes nothing.";

pub const DOCTOR: &str = "\
Examples:
  nauthera doctor --snapshot snapshot.json --database file:/run/secrets/database-url --keys /run/keys
  kubectl exec deploy/main -- nauthera doctor";

pub const STORE_ABOUT: &str = "\
Looks after a database by hand. `server` brings the schema up to date by itself; `migrate` does it beforehand, where the \
server's own user must not. `copy` moves an installation while nothing serves it: sessions, consents and refresh tokens stay \
intact, and a copy that broke off goes on where it was.";

pub const STORE: &str = "\
Examples:
  nauthera store migrate file:/run/secrets/database-url
  nauthera store check sqlite:.nauthera/nauthera.db
  nauthera store copy sqlite:.nauthera/nauthera.db postgres://nauthera@db.example/nauthera";

pub const CRDS_ABOUT: &str = "\
Prints the custom resource definitions of AuthServer, AuthPolicy, UserStore and AuthClient.";

pub const CRDS: &str = "\
Examples:
  nauthera crds | kubectl apply --server-side -f -";

pub const HASH_PASSWORD_ABOUT: &str = "\
Reads a password from the terminal (asked twice, not shown) or the first line of stdin, and prints an Argon2id hash in PHC \
format for `users[].passwordHash` of a UserStore of type static.";

pub const HASH_PASSWORD: &str = "\
Examples:
  nauthera hash-password
  pass show ada | nauthera hash-password";

pub const COMPLETION: &str = "\
Examples:
  nauthera completion bash > ~/.local/share/bash-completion/completions/nauthera
  nauthera completion zsh > \"${fpath[1]}/_nauthera\"";

pub const VERSION: &str = "\
Examples:
  nauthera version
  nauthera version --format json";
