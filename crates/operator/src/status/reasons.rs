//! The reasons that conditions and Events carry. A reason is never renamed: scripts and alerts wait for them. Where a diagnostic is the
//! cause, the reason is the name of its code ([`nauthera_core::codes::Code::reason`]) and its long form stands in `docs/diagnostics.md`;
//! the others are here.

macro_rules! reasons {
    ($($name:ident = $reason:literal, $kinds:literal, $doc:literal;)+) => {
        $(#[doc = $doc] pub const $name: &str = $reason;)+

        /// Every reason that is no code's name: the reason, the conditions that carry it, what it says.
        pub const ALL: &[(&str, &str, &str)] = &[$(($reason, $kinds, $doc)),+];
    };
}

reasons! {
    ACCEPTED = "Accepted", "Accepted",
        "The manifest can be used.";
    RESOLVED_REFS = "ResolvedRefs", "ResolvedRefs",
        "Everything that the object names is there.";
    COMPLIANT = "Compliant", "Compliant",
        "The client asks for nothing beyond policy.";
    NARROWED = "Narrowed", "Compliant, Ready",
        "The client is served without what it asks beyond policy; `status.violations` lists each thing.";
    NOT_JUDGED = "NotJudged", "ResolvedRefs, Compliant",
        "Nobody can say yet: something that comes first is not as it should be.";
    PROGRAMMED = "Programmed", "Programmed, Event",
        "The object's own change is served by every replica that is ready.";
    READY = "Ready", "Ready",
        "All is as the object asks.";
    REFUSED = "Refused", "Programmed",
        "The client is not served; the other conditions say why.";
    WAITING = "Waiting", "Programmed",
        "The client is not served for now; it is, once what it waits for is there.";
    NOT_PUBLISHED = "NotPublished", "Programmed, Ready",
        "The change is accepted, and the Snapshot that carries it is not written yet.";
    NOT_LIVE = "NotLive", "Programmed, Ready",
        "Some replica does not serve the change yet, or does not answer; the message names the first.";
    NO_REPLICA = "NoReplica", "Programmed, Ready",
        "No replica of the server is ready, so nothing can be live.";
    SECRET_PENDING = "SecretPending", "Ready",
        "The Secret of the application is not written yet.";
    SECRET_REFUSED = "SecretRefused", "Ready",
        "The API server does not take the Secret of the application: a quota, a policy of the cluster, or a namespace that is going.";
    AUDIT = "Audit", "Ready",
        "The policy is accepted and in Audit: it reports, and changes nothing.";
    NO_SERVER = "NoServer", "Ready",
        "The policy is accepted, and no AuthServer is there that it applies to.";
    KIND_MISSING = "KindMissing", "ResolvedRefs",
        "The AuthServer asks for a kind of object that the cluster does not know; it is made as soon as the cluster does.";
    KEY_MISSING = "KeyMissing", "ResolvedRefs",
        "A Secret that is named is there without the key that is needed.";
    OUT_OF_REACH = "OutOfReach", "ResolvedRefs",
        "The object named is in a namespace that this operator does not watch.";
    NAME_TAKEN = "NameTaken", "ResolvedRefs",
        "An object that the AuthServer needs has a name that somebody else's object has already; it is never touched.";
    PART_REFUSED = "PartRefused", "ResolvedRefs",
        "The API server refuses a part of the AuthServer, such as its HTTPRoute, by the part's own definition, a quota or a policy of the cluster; the message has its words.";
    PUBLISH_FAILED = "PublishFailed", "Programmed",
        "The Snapshot cannot be written to the API server; what was published goes on being served.";
    ROLLOUT = "Rollout", "Ready",
        "The replicas that are wanted are not all ready, or not yet as the newest edit asks.";
    NOT_APPLIED = "NotApplied", "Ready",
        "A part of the AuthServer could not be written to the API server, and is tried again; what runs goes on as it was.";
    LAGGING = "Lagging", "Ready",
        "Some ready replica does not serve the newest revision yet, or does not answer; `status.laggingReplicas` names them.";
    UNREACHABLE = "Unreachable", "Ready",
        "A server that uses the store cannot reach it.";
    UNUSED = "Unused", "Ready",
        "The store is valid, and no AuthServer uses it.";
    CREATED = "Created", "Event",
        "The client is served for the first time.";
    ADMITTED = "Admitted", "Event",
        "A client that was not served is served now.";
    WIDENED = "Complies", "Event",
        "A client that was narrowed asks for nothing beyond policy any more.";
    ROTATED = "Rotated", "Event",
        "The client has a new secret; the old one goes on for the overlap.";
    REVOKED = "Revoked", "Event",
        "The client has a new secret, and the old ones ended at once.";
    SECRET_REBUILT = "SecretRebuilt", "Event",
        "The Secret of the application was deleted or edited by hand, and is written again with a new secret.";
    FROZEN = "Frozen", "Event",
        "A policy is not accepted, so the server keeps every client as it is.";
    THAWED = "Thawed", "Event",
        "Every policy is accepted again, and clients are judged again.";
    PUBLISHED = "Published", "Event",
        "The policy's change is compiled; the message says how many clients it governs and narrows.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use nauthera_core::codes::Code;

    #[test]
    fn reasons_stand_once_and_have_the_form_that_kubernetes_wants() {
        for (index, (reason, kinds, doc)) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(index + 1).all(|(other, ..)| other != reason), "{reason} stands twice");
            assert!(Code::ALL.iter().all(|code| code.reason() != *reason), "{reason} is a code's name");
            assert!(
                reason.chars().all(|c| c.is_ascii_alphanumeric()) && reason.starts_with(char::is_uppercase)
            );
            assert!(!kinds.is_empty() && doc.ends_with('.'));
        }
    }
}
