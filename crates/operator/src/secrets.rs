//! The Secret of an application as it should be: content, labels, annotations and owner. Pure; who writes it, when, and with which
//! plain secret is the runtime's, and what the content is stands in [`nauthera_core::binding`].

use crate::names::{
    ADDED_ANNOTATION, CLIENT_LABEL, KIND_LABEL, MANAGED_BY, MANAGED_BY_LABEL, OWNER_ANNOTATION, SERVER_LABEL,
    kind,
};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use nauthera_api::v1alpha1::API_VERSION;
use nauthera_core::binding;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::snapshot::Row;
use nauthera_core::spec::SecretTemplate;
use nauthera_core::uri::IssuerUrl;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The `type` of Secrets for Service Bindings: its part after the slash is the content's `type`.
pub const BINDING_TYPE: &str = "servicebinding.io/oauth2";

/// A client whose Secret is made.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// What is served of it.
    pub row: &'a Row,
    /// The uid of the AuthClient: the Secret of another uid is another's.
    pub uid: &'a str,
    /// The server that it is registered with.
    pub server: &'a ObjectRef,
    /// That server's issuer.
    pub issuer: &'a IssuerUrl,
    /// How the Secret looks.
    pub template: &'a SecretTemplate,
}

/// The Secret as it should be. `plain` is the client's secret, where it has one that we made.
#[must_use]
pub fn secret(application: &Application<'_>, plain: Option<&str>) -> Secret {
    let Application { row, uid, server, issuer, template } = *application;
    let data = binding::content(row, template, issuer, plain);
    let data = data.into_iter().map(|(key, value)| (key.to_string(), ByteString(value.into_bytes())));
    Secret {
        metadata: ObjectMeta {
            name: Some(template.name_for(&row.object).to_string()),
            namespace: Some(row.object.namespace.to_string()),
            labels: Some(labels(&row.object, server, &template.labels)),
            annotations: Some(annotations(template)).filter(|all| !all.is_empty()),
            owner_references: Some(vec![owner(&ObjectKey::new(Kind::AuthClient, row.object.clone()), uid)]),
            ..ObjectMeta::default()
        },
        type_: Some(BINDING_TYPE.to_owned()),
        data: Some(data.collect()),
        ..Secret::default()
    }
}

/// The labels of an application's Secret: the template's, and over them ours.
fn labels(
    client: &ObjectRef,
    server: &ObjectRef,
    template: &BTreeMap<Arc<str>, Arc<str>>,
) -> BTreeMap<String, String> {
    let mut labels = texts(template);
    labels.insert(MANAGED_BY_LABEL.into(), MANAGED_BY.into());
    labels.insert(CLIENT_LABEL.into(), client.name.to_string());
    labels.insert(SERVER_LABEL.into(), server.name.to_string());
    labels.insert(KIND_LABEL.into(), kind::CLIENT_SECRET.into());
    labels
}

/// The template's annotations, and which labels and annotations it is that the template adds: those alone go when it drops them.
fn annotations(template: &SecretTemplate) -> BTreeMap<String, String> {
    let mut annotations = texts(&template.annotations);
    let labels = template.labels.keys().map(|key| format!("label {key}"));
    let added: Vec<String> =
        labels.chain(template.annotations.keys().map(|key| format!("annotation {key}"))).collect();
    if !added.is_empty() {
        annotations.insert(ADDED_ANNOTATION.into(), added.join(", "));
    }
    annotations
}

/// Takes out of a Secret's metadata what the template had added before.
pub fn take_added(metadata: &mut ObjectMeta) {
    let added = metadata.annotations.as_mut().and_then(|all| all.remove(ADDED_ANNOTATION));
    for (kind, key) in added.iter().flat_map(|added| added.split(", ")).filter_map(|one| one.split_once(' '))
    {
        let map = match kind {
            "label" => &mut metadata.labels,
            "annotation" => &mut metadata.annotations,
            _ => continue,
        };
        map.as_mut().and_then(|map| map.remove(key));
    }
}

fn texts(map: &BTreeMap<Arc<str>, Arc<str>>) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// The reference of a child to the object that controls it. It blocks no deletion: nothing waits for a child to be gone.
#[must_use]
pub fn owner(key: &ObjectKey, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: key.kind.as_str().to_owned(),
        name: key.object.name.to_string(),
        uid: uid.to_owned(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

/// Whose a Secret is that has the name of an application's Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This AuthClient's: its uid controls it.
    Ours,
    /// Nobody's: it may be a restored one, which the client's record tells by its content.
    Nobodys,
    /// Somebody else's: never touched.
    Anothers,
}

/// Whose a Secret is, as its metadata says. Labels prove nothing, so none is asked; owners do, by uid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The AuthClient with this uid controls it.
    Client(Arc<str>),
    /// Another object controls it: its uid.
    Controller(Arc<str>),
    /// Something has it without controlling it.
    Uncontrolled,
    /// Nobody.
    Nobody,
}

impl Owner {
    /// Reads it.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Self {
        let owners = metadata.owner_references.as_deref().unwrap_or_default();
        let controller = owners.iter().find(|owner| owner.controller == Some(true));
        match controller {
            Some(owner) if owner.kind == Kind::AuthClient.as_str() => Self::Client(owner.uid.as_str().into()),
            Some(owner) => Self::Controller(owner.uid.as_str().into()),
            // An object that an AuthServer keeps, such as its keys, has no owner reference and says whose it is.
            None if metadata.annotations.iter().flatten().any(|(key, _)| key == OWNER_ANNOTATION) => {
                Self::Uncontrolled
            }
            None if owners.is_empty() => Self::Nobody,
            None => Self::Uncontrolled,
        }
    }

    /// How it stands with it for the AuthClient with this uid.
    #[must_use]
    pub fn claim(&self, uid: &str) -> Claim {
        match self {
            Self::Client(owner) if **owner == *uid => Claim::Ours,
            Self::Nobody => Claim::Nobodys,
            Self::Client(_) | Self::Controller(_) | Self::Uncontrolled => Claim::Anothers,
        }
    }

    /// The uid of what controls it.
    #[must_use]
    pub fn controller(&self) -> Option<&str> {
        match self {
            Self::Client(uid) | Self::Controller(uid) => Some(uid),
            Self::Uncontrolled | Self::Nobody => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_api::v1alpha1::{REVOKE_ANNOTATION, ROTATE_ANNOTATION};
    use nauthera_core::grant::{AuthMethod, ClientType, Consent, GrantSet, GrantType};
    use nauthera_core::names::ClientId;
    use nauthera_core::snapshot::{Authentication, Lifetimes};
    use nauthera_core::time::Seconds;

    fn row() -> Row {
        let object = ObjectRef::new("shop", "web");
        Row {
            client_id: ClientId::default_of(&object),
            object,
            display_name: "web".into(),
            client_type: ClientType::Service,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            back_channel_logout_uri: None,
            scopes: Vec::new(),
            withheld_scopes: Vec::new(),
            audiences: Vec::new(),
            introspects: Vec::new(),
            grants: GrantSet::of(&[GrantType::ClientCredentials]),
            authentication: Authentication {
                method: AuthMethod::ClientSecretBasic,
                keys: None,
                subjects: Vec::new(),
            },
            secrets: Vec::new(),
            token: Lifetimes {
                access: Seconds::minutes(5),
                refresh: Seconds::hours(1),
                id: Seconds::minutes(5),
            },
            require_pkce: true,
            require_par: false,
            max_age: None,
            allowed_groups: Vec::new(),
            consent: Consent::Required,
            policies: Vec::new().into(),
        }
    }

    fn made(template: &SecretTemplate, plain: Option<&str>) -> Secret {
        let issuer = IssuerUrl::parse("https://id.example").unwrap();
        let (row, server) = (row(), ObjectRef::new("auth", "main"));
        let application =
            Application { row: &row, uid: "uid-of-web", server: &server, issuer: &issuer, template };
        secret(&application, plain)
    }

    #[test]
    fn the_secret_of_an_application() {
        let template = SecretTemplate {
            name: Some("oidc".into()),
            keys: [("client_secret".into(), "OIDC_SECRET".into())].into_iter().collect(),
            labels: [("team".into(), "shop".into())].into_iter().collect(),
            annotations: [("a.example/b".into(), "c".into())].into_iter().collect(),
        };
        let mut value = serde_json::to_value(made(&template, Some("plain"))).unwrap();
        // As people read it, not in base64.
        let data = value["data"].as_object_mut().unwrap();
        for entry in data.values_mut() {
            let bytes: ByteString = serde_json::from_value(entry.clone()).unwrap();
            *entry = String::from_utf8(bytes.0).unwrap().into();
        }
        insta::assert_json_snapshot!(value);
    }

    #[test]
    fn what_the_template_does_not_add_any_more_goes_and_what_others_have_stays() {
        let template = SecretTemplate {
            labels: [("team".into(), "shop".into())].into_iter().collect(),
            annotations: [("a.example/b".into(), "c".into())].into_iter().collect(),
            ..SecretTemplate::default()
        };
        let mut metadata = made(&template, None).metadata;
        metadata.labels.as_mut().unwrap().insert("theirs".into(), "x".into());
        metadata.annotations.as_mut().unwrap().insert("theirs".into(), "x".into());
        take_added(&mut metadata);
        let labels = metadata.labels.unwrap();
        assert!(!labels.contains_key("team") && labels.contains_key("theirs"), "{labels:?}");
        assert_eq!(labels.get(CLIENT_LABEL).map(String::as_str), Some("web"));
        assert_eq!(metadata.annotations.unwrap().into_keys().collect::<Vec<_>>(), ["theirs"]);
    }

    #[test]
    fn a_client_without_secret_gets_the_rest() {
        let data = made(&SecretTemplate::default(), None).data.unwrap();
        assert!(data.contains_key("client_id") && !data.contains_key("client_secret"));
    }

    #[test]
    fn a_secret_is_ours_by_uid_alone() {
        let ours = made(&SecretTemplate::default(), None).metadata;
        assert_eq!(Owner::of(&ours).claim("uid-of-web"), Claim::Ours);
        assert_eq!(Owner::of(&ours).claim("uid-of-another"), Claim::Anothers);
        let labelled = ObjectMeta { owner_references: None, ..ours.clone() };
        assert_eq!(Owner::of(&labelled).claim("uid-of-web"), Claim::Nobodys);
        let mut owners = ours.owner_references.clone().unwrap();
        owners[0].controller = None;
        let uncontrolled = ObjectMeta { owner_references: Some(owners), ..ours };
        assert_eq!(Owner::of(&uncontrolled).claim("uid-of-web"), Claim::Anothers);
        let keys =
            crate::children::kept(&ObjectRef::new("auth", "main"), "nauthera-main-digest-key".into(), None);
        assert_eq!(Owner::of(&keys).claim("uid-of-web"), Claim::Anothers);
    }

    #[test]
    fn annotations_by_which_a_client_asks_for_a_rotation_are_not_passed_on() {
        let annotations = made(&SecretTemplate::default(), None).metadata.annotations.unwrap_or_default();
        assert!(!annotations.contains_key(ROTATE_ANNOTATION) && !annotations.contains_key(REVOKE_ANNOTATION));
    }
}
