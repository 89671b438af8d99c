//! The manifests of the test world, written as specs: one server, its people, a client of every kind, and the policies
//! over them. Names say what is special about a client.

use super::jose::client_jwks;
use nauthera_core::grant::{AuthMethod, ClientType, Consent, GrantSet, GrantType};
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
use nauthera_server::secrets::Secrets;

/// A person of the groups staff and finance: name and password.
pub const ADA: (&str, &str) = ("ada", "lovelace");
/// A person without groups.
pub const GRACE: (&str, &str) = ("grace", "hopper");
/// A person whose password takes longer to check.
pub const SLOTH: (&str, &str) = ("sloth", "slow");
/// A resource that clients may name; `shop.api` is its resource server.
pub const API: &str = "https://api.example";
/// Another one.
pub const LEDGER: &str = "https://ledger.example";

const ADA_HASH: &str =
    "$argon2id$v=19$m=7168,t=1,p=1$c2FsdCBvZiBhZGEgMTIzNA$dsZihfrIs1dHsEgz9MwA3SZGLfu1Vt8x3jwmnJYBEDs";
const GRACE_HASH: &str =
    "$argon2id$v=19$m=7168,t=1,p=1$c2FsdCBvZiBncmFjZSAxMg$CPI2kkJIzqAwog8nm5u4vxEccFnMj3Fo7LBv43ql0gY";
const SLOTH_HASH: &str =
    "$argon2id$v=19$m=32768,t=2,p=1$c2FsdCBvZiBzbG90aCAxMg$e1d170BNkigiwbId7cgGY1HXP9TY3/5+0q7CWPvSmLI";

const PERSONAL: &[&str] =
    &["openid", "profile", "email", "groups", "offline_access", "orders:read", "orders:write"];

/// Names an object.
pub fn object(name: &str) -> ObjectRef {
    ObjectRef::parse(name).unwrap()
}

/// The one server.
pub fn server() -> ObjectRef {
    object("platform/login")
}

/// The id of a client of namespace `shop`.
pub fn client_id(name: &str) -> ClientId {
    ClientId::parse(&format!("shop.{name}")).unwrap()
}

/// The object of a client id such as `shop.web`.
pub fn shop_client(id: &str) -> ObjectRef {
    object(&id.replacen('.', "/", 1))
}

/// The secret of a client.
pub fn secret_of(id: &str) -> String {
    format!("{id}: a secret of 256 bits, more or less +%&=")
}

/// Everything, for a server of this issuer.
pub fn inventory(issuer: &str, signing: SigningSettings, digest_key: &[u8; 32]) -> Inventory {
    let mut inventory = Inventory::default();
    inventory.servers.insert(server(), Object::new(server_spec(issuer, signing)));
    inventory.stores.insert(object("platform/people"), Object::new(people()));
    for (name, policy) in policies() {
        inventory.policies.insert(object(&format!("platform/{name}")), Object::new(policy));
    }
    let secrets = Secrets::new(digest_key).unwrap();
    for (name, spec) in clients() {
        let client = object(&format!("shop/{name}"));
        let id = client_id(name);
        let digest = secrets.client_secret(&secret_of(id.as_str()));
        let live = SecretDigest { digest, not_before: UnixTime(0), not_after: None };
        let record = CredentialRecord { server: server(), client_id: id, secrets: vec![live] };
        inventory.credentials.insert(client.clone(), record);
        inventory.clients.insert(client, Object::new(spec));
    }
    inventory
}

fn server_spec(issuer: &str, signing: SigningSettings) -> ServerSpec {
    ServerSpec {
        issuer_url: IssuerUrl::parse(issuer).unwrap(),
        policy_selector: None,
        allowed_namespaces: AllowedNamespaces::All,
        database: Database::Sqlite,
        user_store: Some(object("platform/people")),
        signing,
        session: SessionSettings::default(),
        branding: Branding { name: Some("Works Ltd".into()), ..Branding::default() },
        service_account_issuers: Vec::new(),
        tls: false,
    }
}

fn people() -> UserStoreSpec {
    let user =
        |(username, _): (&str, &str), hash: &str, groups: &[&str], claims: &[(&str, &str)]| StaticUser {
            username: username.into(),
            password_hash: hash.into(),
            groups: groups.iter().map(|group| (*group).into()).collect(),
            claims: claims.iter().map(|(name, json)| ((*name).into(), (*json).into())).collect(),
        };
    let ada = [
        ("name", "\"Ada Lovelace\""),
        ("given_name", "\"Ada\""),
        ("preferred_username", "\"ada\""),
        ("email", "\"ada@works.example\""),
        ("email_verified", "true"),
        ("phone_number", "\"+44 1\""),
    ];
    let grace =
        [("name", "\"Grace Hopper\""), ("email", "\"grace@works.example\""), ("email_verified", "false")];
    UserStoreSpec::Static(vec![
        user(ADA, ADA_HASH, &["staff", "finance"], &ada),
        user(GRACE, GRACE_HASH, &[], &grace),
        user(SLOTH, SLOTH_HASH, &[], &[]),
    ])
}

fn selecting(clients: &[&str]) -> Option<Selector> {
    let clients = clients.iter().map(|name| object(&format!("shop/{name}"))).collect();
    Some(Selector { clients: Some(clients), ..Selector::default() })
}

fn policies() -> Vec<(&'static str, PolicySpec)> {
    let ceilings = TtlCeilings {
        access: Some(Seconds::minutes(15)),
        refresh: Some(Seconds::hours(24)),
        id: Some(Seconds::minutes(5)),
    };
    let base = PolicySpec {
        token: ceilings,
        allowed_grant_types: Some(GrantSet::ALL),
        allowed_scopes: Some(PatternSet::parse(PERSONAL.iter().copied().chain(["jobs:*"]))),
        allowed_audiences: Some(PatternSet::parse([API, LEDGER])),
        allowed_introspection: Some(PatternSet::parse([API])),
        enforce_pkce: Some(false),
        consent: Some(Consent::Trusted),
        ..PolicySpec::default()
    };
    vec![
        ("base", base),
        (
            "pkce",
            PolicySpec { enforce_pkce: Some(true), except: selecting(&["plain"]), ..PolicySpec::default() },
        ),
        (
            "ask",
            PolicySpec {
                consent: Some(Consent::Required),
                client_selector: selecting(&["web", "second"]),
                ..PolicySpec::default()
            },
        ),
        (
            "push",
            PolicySpec {
                require_pushed_authorization_requests: Some(true),
                client_selector: selecting(&["pushed"]),
                ..PolicySpec::default()
            },
        ),
        (
            "recent",
            PolicySpec {
                max_age: Some(Seconds::minutes(5)),
                client_selector: selecting(&["recent"]),
                ..PolicySpec::default()
            },
        ),
    ]
}

fn uris(texts: &[&str], client_type: ClientType) -> Vec<RedirectUri> {
    texts.iter().map(|text| RedirectUri::parse(text, client_type).unwrap()).collect()
}

fn scopes(names: &[&str]) -> Vec<Scope> {
    names.iter().map(|name| Scope::parse(name).unwrap()).collect()
}

fn audiences(names: &[&str]) -> Vec<Audience> {
    names.iter().map(|name| Audience::parse(name).unwrap()).collect()
}

/// A client of a type with all that the type may have.
fn client(name: &str, client_type: ClientType) -> ClientSpec {
    let redirects: &[&str] = match client_type {
        ClientType::Web | ClientType::Browser => {
            &["https://NAME.shop.example/cb", "https://NAME.shop.example/cb?kept=a+b"]
        }
        ClientType::Native => {
            &["http://127.0.0.1/cb", "com.example.native:/cb", "https://NAME.shop.example/claimed"]
        }
        ClientType::Device | ClientType::Service => &[],
    };
    let redirects: Vec<String> = redirects.iter().map(|text| text.replace("NAME", name)).collect();
    let redirects: Vec<&str> = redirects.iter().map(String::as_str).collect();
    let farewell = format!("https://{name}.shop.example/bye?kept=a");
    let after_logout: &[&str] = if redirects.is_empty() { &[] } else { &[&farewell] };
    ClientSpec {
        display_name: Some(format!("The {name} app").into()),
        server: server(),
        client_type,
        redirect_uris: uris(&redirects, client_type),
        post_logout_redirect_uris: uris(after_logout, client_type),
        back_channel_logout_uri: None,
        scopes: scopes(&[PERSONAL, &["payroll:admin"]].concat()),
        audiences: audiences(&[API, LEDGER]),
        introspects: Vec::new(),
        grant_types: Some(client_type.possible_grants()),
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
    let web = |name| client(name, ClientType::Web);
    let method = |name, method| ClientSpec { method: Some(method), ..client(name, ClientType::Web) };
    let service = |name| ClientSpec {
        scopes: scopes(&["orders:read", "jobs:run", "payroll:admin"]),
        ..client(name, ClientType::Service)
    };
    let staff = ["staff", "board"].iter().map(|group| (*group).into()).collect();
    let code_alone = GrantSet::of(&[GrantType::AuthorizationCode]);
    vec![
        ("web", web("web")),
        ("second", web("second")),
        ("post", method("post", AuthMethod::ClientSecretPost)),
        (
            "jwt",
            ClientSpec {
                keys: Some(ClientKeys::Jwks(client_jwks())),
                ..method("jwt", AuthMethod::PrivateKeyJwt)
            },
        ),
        ("trusted", web("trusted")),
        ("plain", web("plain")),
        ("pushed", web("pushed")),
        ("recent", web("recent")),
        ("staff", ClientSpec { allowed_groups: Some(staff), ..web("staff") }),
        ("brief", ClientSpec { grant_types: Some(code_alone), ..web("brief") }),
        ("spa", client("spa", ClientType::Browser)),
        ("native", client("native", ClientType::Native)),
        ("tv", client("tv", ClientType::Device)),
        ("console", client("console", ClientType::Device)),
        ("job", service("job")),
        ("api", ClientSpec { introspects: audiences(&[API]), ..service("api") }),
    ]
}
