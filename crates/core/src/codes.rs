//! Every diagnostic code with its meaning: the one table from which `explain`, the documentation and SARIF rules are
//! made. A code is never reused and never changes its meaning.

use crate::finding::Severity;
use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! codes {
    ($($variant:ident = $code:literal, $severity:ident, $title:literal, $text:literal;)+) => {
        /// A stable diagnostic code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as printed, `NA0203`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The reason that conditions carry: the code's name in PascalCase.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }

            /// How much a finding of this code weighs unless it says otherwise.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// One line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// The long form: what it means, why it is so, what to do.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    FileUnreadable = "NA0001", Error, "a file cannot be read",
        "A file or folder among the given paths could not be opened or read to its end: it is missing, its permissions \
         forbid it, it is not UTF-8, or it vanished while it was read. `up` then keeps serving what it served before, since \
         an object that cannot be seen is not an object that was deleted. Make the file readable, or take it away.";
    NotYaml = "NA0002", Error, "a file is not YAML",
        "The YAML parser stopped at the marked place. Nothing of that file is used, and `up` keeps serving what it served \
         before: what the file held is unknown, so nothing may be taken for deleted. Common causes are a tab for \
         indentation, a missing space after a colon, an unclosed quote, or aliases that expand to more than the limit.";
    DuplicateObject = "NA0003", Error, "two documents have the same kind, namespace and name",
        "A cluster would keep only one of them, and which one depends on the order in which they are applied. Neither is used \
         here, since the one that was not meant could be looser: the object is there and not accepted, and what was served \
         before goes on as for any such object. Of a Namespace that stands twice the labels are not known, and a Secret that \
         stands twice cannot be used, unless both say the same. Rename or remove one of them.";
    UnknownKind = "NA0004", Error, "a kind that this group does not have",
        "The group auth.nauthera.io has the kinds AuthClient, AuthPolicy, AuthServer and UserStore. Kinds of other groups \
         are ignored silently, since a folder usually holds more than authentication.";
    UnknownField = "NA0005", Error, "a field that the schema does not have",
        "The object is not accepted: a field that is not known could be a restriction, and a restriction must never be \
         skipped. The help line names the field that was probably meant, and `nauthera crds` prints the whole schema.";
    WrongType = "NA0006", Error, "a value of the wrong type",
        "The schema wants another type here, such as a list where a single text stands. Quote texts that YAML would read as \
         something else: `\"yes\"`, `\"1.0\"`, `\"on\"`.";
    SchemaViolation = "NA0007", Error, "a value that the schema does not allow",
        "The value has the right type and breaks another rule of the schema: a missing required field, a word that is not \
         in the list, a text that is too long or has not the right form, too many items. A cluster's API server would refuse it with the \
         same rule.";
    RuleViolation = "NA0008", Error, "a combination of values that is not allowed",
        "A rule (CEL, as the API server would run it) over several fields of the object does not hold. The message says what \
         to write instead. The rules stand in the custom resource definitions that `nauthera crds` prints.";
    FileTooLarge = "NA0009", Error, "a file is too large",
        "A manifest file may have at most 8 MiB, and one object about 1 MiB as in Kubernetes. Split the file.";
    AmbiguousBoolean = "NA0010", Warning, "a bare word that some YAML readers take for a boolean",
        "YAML 1.1 readers such as kubectl's take a bare y, n, yes, no, on or off for a boolean, newer readers for text. So that both \
         agree, quote it where you mean the word and write true or false where you mean the boolean.";
    NothingToServe = "NA0011", Error, "there is no AuthServer to serve",
        "Clients attach to an AuthServer, and the given paths hold none (or several, and none was picked with --server). Add \
         an object of kind AuthServer with an `issuerUrl`, or give the path of the folder that has it.";
    UnknownVersion = "NA0012", Error, "a version that this group does not have",
        "This release reads `apiVersion: auth.nauthera.io/v1alpha1`. Write that version, or use the release that knows the other one.";
    BadValue = "NA0013", Error, "a value that cannot be used",
        "The value has the form that the schema wants, and still cannot be used: a redirect URI with a fragment, a schedule \
         with six fields, a password hash that is not Argon2id, the same user twice. The message says what to write instead. \
         The object is not accepted until it is mended; other objects are not touched.";
    NoPolicy = "NA0101", Error, "no policy governs the client",
        "A client is served only when at least one policy in Enforce governs it: silence is not permission. The notes list \
         each policy that was considered and the selector that did not match. The security team can widen a selector or add a \
         policy; a policy in Audit admits nobody.";
    ServerNotFound = "NA0102", Error, "the client's AuthServer is not there",
        "The AuthClient names an AuthServer in `authServerRef` that does not exist, or whose manifest is not accepted. In a \
         cluster the client waits until it appears. `check` gives a warning only, since another repository may hold it.";
    NamespaceNotAllowed = "NA0103", Error, "the AuthServer does not admit the client's namespace",
        "The platform team says in `allowedClients.namespaces` of the AuthServer which namespaces may attach clients. This \
         client's namespace is not among them.";
    NothingLeft = "NA0104", Error, "policy leaves nothing of the client that could work",
        "After everything beyond policy was taken away, the client could not do anything: no grant that can start a flow \
         (`refresh_token` alone cannot), no redirect URI where its type needs one, no authentication method, an empty group \
         list, or scopes were asked and none is left. It is refused rather than served broken.";
    MethodNotAllowed = "NA0105", Error, "the client names an authentication method that policy forbids",
        "A method is never switched behind a client's back: it would stop authenticating without knowing why. Name an \
         allowed method in the AuthClient, or ask the policy's owners to allow this one in `clientAuthentication.allowedMethods`.";
    CustomClientIdNotAllowed = "NA0106", Error, "the client chooses its own id and policy forbids that",
        "A custom `clientId` is served only where every governing policy says `allowCustomClientIds: true`. It is refused, \
         never replaced by the default id, since the application would present an id that nobody knows.";
    ClientIdTaken = "NA0107", Error, "another client has this id",
        "A default id (`<namespace>.<name>`) always wins over a custom one. Of two custom claims the client that already \
         holds the id keeps it, else the first by namespace and name. Choose another `clientId`.";
    ClientWaiting = "NA0108", Error, "the client waits: its server is frozen",
        "A policy of this client's server is not accepted, or a file cannot be read. Settings stay as they are until that is \
         mended, and a client that was not served before waits until then.";
    ClientNotAccepted = "NA0109", Error, "the client's manifest is not accepted",
        "The AuthClient has a fault that is reported with it. A client that was served before goes on with its last good \
         settings, narrowed by today's policies; a new one waits.";
    KeysOutOfReach = "NA0110", Error, "the client's keys are at an address that the server never calls",
        "`authentication.jwksUri` leads to a private address, or to a Service of another namespace. The server calls public \
         addresses and Services of the client's own namespace (`NAME.NAMESPACE.svc`) and nothing else, so that nobody can make it \
         ask what only it can reach. The client could never authenticate, and is not served. For tests and laptops `up`, `compile`, \
         `server` and `operator` take `--allow-private-fetch`, and `check`, `plan` and `explain` judge as these do when they are \
         given it too.";
    LogoutOutOfReach = "NA0111", Note, "the client is told of no logout: its address is one that the server never calls",
        "`backChannelLogoutUri` leads to a private address, or to a Service of another namespace. The server calls public \
         addresses and Services of the client's own namespace (`NAME.NAMESPACE.svc`) and nothing else. The client is served, and \
         no logout token ever reaches it. For tests and laptops `up`, `compile`, `server` and `operator` take \
         `--allow-private-fetch`, and `check`, `plan` and `explain` judge as these do when they are given it too.";
    GrantBeyondPolicy = "NA0201", Warning, "a grant type is beyond policy",
        "The client asks for a grant that one of its policies does not list in `allowedGrantTypes`. It is served without it. \
         Grants that come from the client's type alone are taken away with a note only.";
    HostBeyondPolicy = "NA0202", Warning, "a redirect URI's host is beyond policy",
        "The host of the redirect URI matches no entry of `redirectUris.allowedHosts`. The client is served without that \
         URI: a login that names it ends at an error page.";
    ScopeBeyondPolicy = "NA0203", Warning, "a scope is beyond policy",
        "The client asks for a scope that one of its policies does not list in `allowedScopes`. The client is served \
         without it: a request that names it is granted the others, and `scope` in the answer says so.";
    AudienceBeyondPolicy = "NA0204", Warning, "an audience is beyond policy",
        "The client names a resource that one of its policies does not list in `allowedAudiences`. Tokens for it are not issued.";
    IntrospectionBeyondPolicy = "NA0205", Warning, "introspection of an audience is beyond policy",
        "The client wants to introspect tokens of an audience that one of its policies does not list in `allowedIntrospection`. \
         It sees such tokens as inactive.";
    LifetimeBeyondPolicy = "NA0206", Warning, "a lifetime is beyond policy",
        "The client asks for a longer lifetime than its policies allow; the lowest ceiling holds. Clients may only shorten.";
    PostLogoutHostBeyondPolicy = "NA0207", Warning, "a post-logout URI's host is beyond policy",
        "The host of the post-logout redirect URI matches no entry of `redirectUris.allowedHosts`. Logout does not lead there.";
    ExampleFails = "NA0301", Error, "an example of a policy does not get the verdict that it expects",
        "`examples[]` of an AuthPolicy are judged against that policy alone on the built-in baseline. One of them got another \
         verdict than `expect` says, so the policy is not accepted: either the policy says something else than its author \
         means, or the example is out of date. The servers it applies to keep their settings until it is mended.";
    PolicyNotAccepted = "NA0302", Error, "a policy is not accepted",
        "The policy has a fault that is reported with it. A restriction must never be skipped, so the servers it applies \
         to freeze: every client keeps the settings it has, new ones wait, and deletions and rotations still go out.";
    NamespaceUnknown = "NA0303", Warning, "a selector looks at labels of a namespace that are not known here",
        "A policy or a server selects by namespace labels, and a client's namespace is not among the manifests, or stands there twice. \
         Whatever its labels are, nothing is widened: a policy that may govern the client, or may make an exception of it, tightens, \
         admits nobody and replaces no default, and a server that admits by labels does not admit it. Add the Namespace object, so \
         that its labels are known here as they are in the cluster.";
    LifetimeBeyondBaseline = "NA0304", Note, "a policy states a longer lifetime than the built-in baseline",
        "Under every policy lies a baseline that none can loosen: access tokens live at most 24h, refresh tokens at most 90d. \
         The policy is accepted, and the baseline holds instead of what it states.";
    DuplicateIssuer = "NA0401", Error, "two AuthServers have one issuer",
        "Tokens of two servers with one issuer could not be told apart. The server that has published keeps the issuer, else \
         the first by namespace and name; the other one is not served.";
    UserStoreNotFound = "NA0402", Warning, "the AuthServer's UserStore is not there",
        "The AuthServer names a UserStore in `userStoreRef` that does not exist. It serves its clients, and nobody can log in until \
         the UserStore appears.";
    UserStoreNotAccepted = "NA0403", Error, "a UserStore is not accepted",
        "The UserStore has a fault that is reported with it. The servers that use it go on with the people they last knew.";
    ServerNotAccepted = "NA0404", Error, "an AuthServer is not accepted",
        "The AuthServer has a fault that is reported with it. What it last published goes on being served; without that it \
         serves nothing.";
    UserStoreElsewhere = "NA0405", Error, "the UserStore is in another namespace",
        "`userStoreRef.namespace`, where it is written, must be the AuthServer's own: the operator never copies a Secret between \
         namespaces.";
    ServerFrozen = "NA0406", Error, "a server is frozen",
        "A policy that applies to this server is not accepted, so every client keeps the settings it has. This is neither an \
         outage nor a widening. Mend the policy that is named.";
    OwnClusterNamed = "NA0407", Warning, "an AuthServer names the cluster that it runs in as another one",
        "`serviceAccountIssuers` names other clusters. The cluster that the server runs in is trusted anyway, for clients of every \
         namespace and with the keys that the operator reads; an entry with its issuer could only contradict that, and is left \
         out. Take it away, or name the issuer of the other cluster.";
    NotHonouredHere = "NA0501", Warning, "a field that this carrier does not carry out",
        "The field is valid and a cluster (or a later release) carries it out; the command that runs now does not. The message says \
         what happens instead.";
    SecretMissing = "NA0502", Error, "the Secret that a client brings is not there",
        "`existingSecretRef` names a Secret that is not among the manifests. The client is not served a made-up secret: \
         it waits until the Secret is there. `check` does not report this, since Secrets are rarely in Git.";
    SecretUnusable = "NA0503", Error, "the Secret that a client brings cannot be used",
        "It needs the key `client_secret` with at least 32 characters (its check is a fast keyed hash, so it must be random) and the label \
         `auth.nauthera.io/client: <name of the AuthClient>`, by which its owner says that it is meant for this client.";
    CredentialsLeftOut = "NA0504", Warning, "a client with a secret is left out",
        "The Snapshot was compiled with --no-credentials, so clients that authenticate with a secret are not in it.";
    SecretConflict = "NA0505", Error, "another client has the Secret that a client asks for",
        "Each AuthClient has a Secret of its own in its namespace: `secret.name`, or `<name of the AuthClient>-client-secret`. Two clients \
         name the same one here. The client whose Secret it is already keeps it, else the first by name; the other one waits, since \
         writing its own secret there would lock the first one out. Write another `secret.name`.";
}

impl Code {
    /// Reads a code as printed, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }

    #[test]
    fn every_code_reads_back_and_explains_itself() {
        for code in Code::ALL {
            assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(*code));
            assert!(code.text().len() > 60 && code.text().ends_with('.'), "{code}");
            assert!(!code.title().ends_with('.'), "{code}");
        }
    }
}
