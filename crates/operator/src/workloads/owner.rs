//! Whose an object is that has the name of a server's part. Pure. What is somebody else's is never touched, not even by a forced apply.

use crate::names::{MANAGED_BY, MANAGED_BY_LABEL, SERVER_LABEL};
use kube::core::ObjectMeta;
use nauthera_core::names::{Kind, ObjectRef};

/// Who else controls an object, in words; `None` where it is this server's, or may become so: an object without any owner that bears the
/// server's labels is a part of it that was left when its AuthServer was taken away alone, or the claim of its database.
pub fn other((server, uid): (&ObjectRef, &str), meta: &ObjectMeta) -> Option<String> {
    let controller = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    match controller {
        Some(owner) if owner.uid == uid => None,
        Some(owner)
            if (owner.kind.as_str(), owner.name.as_str()) == (Kind::AuthServer.as_str(), &*server.name) =>
        {
            Some(
                "an AuthServer of this name that was deleted: garbage collection is about to remove it"
                    .into(),
            )
        }
        Some(owner) => Some(format!("{} {}", owner.kind, owner.name)),
        None => {
            let label =
                |name: &str| meta.labels.as_ref().and_then(|labels| labels.get(name)).map(String::as_str);
            let ours =
                label(MANAGED_BY_LABEL) == Some(MANAGED_BY) && label(SERVER_LABEL) == Some(&*server.name);
            (!ours).then(|| "somebody else".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::owner;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
    use nauthera_core::names::ObjectKey;

    fn of(meta: &ObjectMeta) -> Option<String> {
        other((&ObjectRef::new("auth", "main"), "now"), meta)
    }

    fn controlled(kind: Kind, name: &str, uid: &str) -> ObjectMeta {
        let owner: OwnerReference = owner(&ObjectKey::new(kind, ObjectRef::new("auth", name)), uid);
        ObjectMeta { owner_references: Some(vec![owner]), ..ObjectMeta::default() }
    }

    fn labelled(server: &str) -> ObjectMeta {
        let labels = [(MANAGED_BY_LABEL, MANAGED_BY), (SERVER_LABEL, server)];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }
    }

    #[test]
    fn only_what_this_server_controls_or_left_is_its_own() {
        assert_eq!(of(&controlled(Kind::AuthServer, "main", "now")), None);
        assert!(of(&controlled(Kind::AuthServer, "main", "before")).unwrap().contains("garbage collection"));
        assert_eq!(of(&controlled(Kind::AuthServer, "other", "x")).as_deref(), Some("AuthServer other"));
        assert_eq!(of(&labelled("main")), None);
        assert_eq!(of(&labelled("other")).as_deref(), Some("somebody else"));
        assert_eq!(of(&ObjectMeta::default()).as_deref(), Some("somebody else"));
        let forged = ObjectMeta { labels: labelled("main").labels, ..controlled(Kind::AuthClient, "a", "x") };
        assert_eq!(of(&forged).as_deref(), Some("AuthClient a"), "a label says nothing against an owner");
    }
}
