//! What is served: a server, its people, three policies and a client of every kind.

use crate::secrets::Secrets;
use nauthera_core::grant::{AuthMethod, ClientType, Enforcement, GrantSet, SigningAlgorithm};
use nauthera_core::inventory::{CredentialRecord, Inventory, Object};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::pattern::PatternSet;
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::spec::{
    AllowedNamespaces, Branding, ClientKeys, ClientSpec, Database, PolicySpec, SecretTemplate, Selector,
    ServerSpec, SessionSettings, SigningSettings, StaticUser, TtlCeilings, TtlRequest, UserStoreSpec,
};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::{IssuerUrl, RedirectUri};

/// The issuer.
pub const ISSUER: &str = "http://127.0.0.1:8080";
/// Name and password of a person.
pub const ADA: (&str, &str) = ("ada", "quickstart");
/// A display name that somebody means ill with.
pub const HOSTILE: &str = "<script>alert(1)</script>\"'&";

const ADA_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$wheVZ5l9Y1vG5GTpxxiOQA$pVH5dM95yO+Fcl8KjtokpqOoIretiAWjaVULaQvadMA";

pub fn object(name: &str) -> ObjectRef {
    ObjectRef::parse(name).unwrap()
}

pub fn server() -> ObjectRef {
    object("identity/main")
}

/// The secret of each client.
pub fn secret_of(client: &ObjectRef) -> String {
    format!("the secret of {client} + % & = 256 bits")
}

/// A client of a type with these scopes.
pub fn client(client_type: ClientType, scopes: &[&str]) -> ClientSpec {
    let uri = |text| RedirectUri::parse(text, client_type).unwrap();
    let redirects = client_type.redirects();
    ClientSpec {
        display_name: None,
        server: server(),
        client_type,
        redirect_uris: redirects.then(|| uri("https://app.example/cb")).into_iter().collect(),
        post_logout_redirect_uris: Vec::new(),
        back_channel_logout_uri: None,
        scopes: scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect(),
        audiences: Vec::new(),
        introspects: Vec::new(),
        grant_types: None,
        method: None,
        service_accounts: Vec::new(),
        keys: None,
        token: TtlRequest::default(),
        allowed_groups: None,
        secret: SecretTemplate::default(),
        existing_secret: None,
        client_id: None,
    }
}

fn clients() -> Vec<(&'static str, ClientSpec)> {
    let person = ["openid", "profile", "email", "offline_access", "orders:read"];
    let web = ClientSpec {
        display_name: Some("Web shop".into()),
        audiences: vec![Audience::parse("https://api.example").unwrap()],
        token: TtlRequest { access: Some(Seconds::hours(1)), ..TtlRequest::default() },
        ..client(ClientType::Web, &person)
    };
    let posting =
        ClientSpec { method: Some(AuthMethod::ClientSecretPost), ..client(ClientType::Web, &person) };
    let keyed = ClientSpec {
        method: Some(AuthMethod::PrivateKeyJwt),
        keys: Some(ClientKeys::Jwks("{\"keys\":[]}".into())),
        ..client(ClientType::Web, &["openid"])
    };
    let hostile =
        ClientSpec { display_name: Some(HOSTILE.into()), ..client(ClientType::Browser, &["openid"]) };
    vec![
        ("web", web),
        ("posting", posting),
        ("keyed", keyed),
        ("hostile", hostile),
        ("spa", client(ClientType::Browser, &["openid", "profile"])),
        ("tv", client(ClientType::Device, &["openid", "orders:read"])),
        ("jobs", client(ClientType::Service, &["orders:read", "payroll:admin"])),
    ]
}

fn policies() -> Vec<(&'static str, PolicySpec)> {
    let baseline = PolicySpec {
        token: TtlCeilings { access: Some(Seconds::minutes(15)), ..TtlCeilings::default() },
        allowed_grant_types: Some(GrantSet::ALL),
        allowed_scopes: Some(PatternSet::parse(["openid", "profile", "email", "offline_access", "orders:*"])),
        allowed_audiences: Some(PatternSet::parse(["https://api.example"])),
        ..PolicySpec::default()
    };
    let pushed = PolicySpec {
        client_selector: Some(Selector {
            clients: Some(vec![object("shop/posting")]),
            ..Selector::default()
        }),
        require_pushed_authorization_requests: Some(true),
        ..PolicySpec::default()
    };
    let watching = PolicySpec {
        enforcement: Some(Enforcement::Audit),
        token: TtlCeilings { access: Some(Seconds::minutes(5)), ..TtlCeilings::default() },
        ..PolicySpec::default()
    };
    vec![("baseline", baseline), ("pushed", pushed), ("watching", watching)]
}

fn people() -> UserStoreSpec {
    UserStoreSpec::Static(vec![StaticUser {
        username: ADA.0.into(),
        password_hash: ADA_HASH.into(),
        groups: Vec::new(),
        claims: [("name".into(), "\"Ada Lovelace\"".into()), ("email".into(), "\"ada@example.com\"".into())]
            .into(),
    }])
}

/// All of it.
pub fn inventory(digest_key: &[u8; 32]) -> Inventory {
    let mut inventory = Inventory::default();
    let spec = ServerSpec {
        issuer_url: IssuerUrl::parse(ISSUER).unwrap(),
        policy_selector: None,
        allowed_namespaces: AllowedNamespaces::All,
        database: Database::Sqlite,
        user_store: Some(object("identity/people")),
        signing: SigningSettings { algorithm: SigningAlgorithm::Es256, ..SigningSettings::default() },
        session: SessionSettings::default(),
        branding: Branding::default(),
        service_account_issuers: Vec::new(),
        tls: false,
    };
    inventory.servers.insert(server(), Object::new(spec));
    inventory.stores.insert(object("identity/people"), Object::new(people()));
    for (name, policy) in policies() {
        inventory.policies.insert(object(&format!("identity/{name}")), Object::new(policy));
    }
    for (name, spec) in clients() {
        add(&mut inventory, digest_key, name, spec);
    }
    inventory
}

/// Adds a client of namespace `shop` with a live secret.
pub fn add(inventory: &mut Inventory, digest_key: &[u8; 32], name: &str, spec: ClientSpec) {
    let client = ObjectRef::new("shop", name);
    let digest = Secrets::new(digest_key).unwrap().client_secret(&secret_of(&client));
    let live = SecretDigest { digest, not_before: UnixTime(0), not_after: None };
    let record =
        CredentialRecord { server: server(), client_id: ClientId::default_of(&client), secrets: vec![live] };
    inventory.credentials.insert(client.clone(), record);
    inventory.clients.insert(client, Object::new(spec));
}
