//! The world that is measured: a Snapshot that the real engine compiles, keys, people and a folder for all of it. The server and
//! the baseline are given the same files, so they check the same digests and sign with the same key.

use crate::moment;
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::compile::compile;
use nauthera_core::grant::{AuthMethod, ClientType, Consent, GrantSet, SigningAlgorithm};
use nauthera_core::inventory::{CredentialRecord, Inventory, Object};
use nauthera_core::names::{ClientId, ObjectRef, Scope};
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::pattern::PatternSet;
use nauthera_core::snapshot::{SecretDigest, Snapshot};
use nauthera_core::spec::{
    AllowedNamespaces, Branding, ClientSpec, Database, PolicySpec, SecretTemplate, ServerSpec,
    SessionSettings, SigningSettings, StaticUser, TtlCeilings, TtlRequest, UserStoreSpec,
};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::{IssuerUrl, RedirectUri};
use nauthera_server::keys::{FileKeys, KeyStore, SigningKey, write_private};
use nauthera_server::secrets::Secrets;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What tokens name as their issuer; the ports that are really taken are free ones.
const ISSUER: &str = "http://127.0.0.1:8080";
/// Where authorization responses go: nobody listens there, only the address is read.
pub const REDIRECT_URI: &str = "https://app.example.com/callback";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// How many people there are.
pub const PEOPLE: usize = 64;
/// The scopes of the clients that people log in to.
pub const PERSON_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// The scope that services ask for.
pub const SERVICE_SCOPE: &str = "orders:read";

/// A client that authenticates with a secret.
#[derive(Debug, Clone)]
pub struct Confidential {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// In the header or in the body?
    pub method: AuthMethod,
}

/// A folder with everything that a server needs.
pub struct World {
    folder: PathBuf,
    /// Clients of the client credentials grant.
    pub services: Vec<Confidential>,
    /// A confidential client that people log in to.
    pub web: Confidential,
    /// The id of a public client that people log in to.
    pub browser: String,
}

/// A name that a person types.
pub fn username(number: usize) -> String {
    format!("person-{number}")
}

impl World {
    /// Makes a world in a folder that exists.
    pub fn build(folder: &Path, services: usize, algorithm: SigningAlgorithm) -> Result<Self> {
        let random = SystemRandom::new();
        let fill = |buffer: &mut [u8]| random.fill(buffer).map_err(|_| anyhow!("no randomness"));
        let keys = folder.join("keys");
        std::fs::create_dir_all(&keys)?;
        let mut digest_key = [0; 32];
        fill(&mut digest_key)?;
        write_private(&keys.join("digest.key"), &digest_key)?;
        let secrets = Secrets::new(&digest_key)?;
        let mut draft = Draft { secrets, inventory: Inventory::default() };
        let secret = || {
            let mut bytes = [0; 32];
            fill(&mut bytes).map(|()| URL_SAFE_NO_PAD.encode(bytes))
        };
        let mut clients = Vec::with_capacity(services);
        for number in 0..services {
            let basic = number.is_multiple_of(2);
            let method = if basic { AuthMethod::ClientSecretBasic } else { AuthMethod::ClientSecretPost };
            clients.push(draft.confidential(&format!("service-{number:05}"), secret()?, method)?);
        }
        let web = draft.confidential("web", secret()?, AuthMethod::ClientSecretBasic)?;
        let browser = draft.public("browser")?;
        draft.surroundings(algorithm)?;
        let snapshot = draft.compiled(services + 2)?;
        std::fs::write(folder.join("snapshot.json"), snapshot.to_bytes())?;
        let times = KeyTimes {
            algorithm,
            active_from: UnixTime(moment::unix() - 3_600),
            retired_at: None,
            longest_token: snapshot.longest_token(),
        };
        FileKeys::in_folder(&keys).save(&[SigningKey::generate(times)?.stored])?;
        Ok(Self { folder: folder.to_owned(), services: clients, web, browser })
    }

    /// The folder: `snapshot.json`, `keys/`, and what servers write beside them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// An Inventory being filled.
struct Draft {
    secrets: Secrets,
    inventory: Inventory,
}

fn server_name() -> ObjectRef {
    ObjectRef::new("identity", "main")
}

impl Draft {
    fn confidential(&mut self, name: &str, secret: String, method: AuthMethod) -> Result<Confidential> {
        let object = ObjectRef::new("bench", name);
        let id = ClientId::default_of(&object);
        let client_type = if name == "web" { ClientType::Web } else { ClientType::Service };
        let digest = SecretDigest {
            digest: self.secrets.client_secret(&secret),
            not_before: UnixTime(0),
            not_after: None,
        };
        let record = CredentialRecord { server: server_name(), client_id: id.clone(), secrets: vec![digest] };
        self.inventory.credentials.insert(object.clone(), record);
        self.inventory.clients.insert(object, Object::new(client(client_type, Some(method))?));
        Ok(Confidential { id: id.as_str().to_owned(), secret, method })
    }

    fn public(&mut self, name: &str) -> Result<String> {
        let object = ObjectRef::new("bench", name);
        let id = ClientId::default_of(&object).as_str().to_owned();
        self.inventory.clients.insert(object, Object::new(client(ClientType::Browser, None)?));
        Ok(id)
    }

    /// The server, its people and its one policy.
    fn surroundings(&mut self, algorithm: SigningAlgorithm) -> Result<()> {
        let people = ObjectRef::new("identity", "people");
        let server = ServerSpec {
            issuer_url: IssuerUrl::parse(ISSUER)?,
            policy_selector: None,
            allowed_namespaces: AllowedNamespaces::All,
            database: Database::Sqlite,
            user_store: Some(people.clone()),
            signing: SigningSettings { algorithm, ..SigningSettings::default() },
            session: SessionSettings::default(),
            branding: Branding::default(),
            service_account_issuers: Vec::new(),
            tls: false,
        };
        let policy = PolicySpec {
            token: TtlCeilings { access: Some(Seconds::minutes(15)), ..TtlCeilings::default() },
            allowed_grant_types: Some(GrantSet::ALL),
            allowed_scopes: Some(PatternSet::parse([
                "openid",
                "profile",
                "email",
                "offline_access",
                "orders:*",
            ])),
            allowed_hosts: Some(PatternSet::parse(["*.example.com"])),
            consent: Some(Consent::Trusted),
            enforce_pkce: Some(true),
            ..PolicySpec::default()
        };
        let hash: Arc<str> = nauthera_identity::hash_password(&PASSWORD.into(), [7; 16])?.into();
        let users = (0..PEOPLE).map(|number| person(number, &hash)).collect();
        let inventory = &mut self.inventory;
        inventory.servers.insert(server_name(), Object::new(server));
        inventory.policies.insert(ObjectRef::new("identity", "baseline"), Object::new(policy));
        inventory.stores.insert(people, Object::new(UserStoreSpec::Static(users)));
        for namespace in ["bench", "identity"] {
            inventory.namespaces.insert(namespace.into(), BTreeMap::new());
        }
        Ok(())
    }

    fn compiled(&self, clients: usize) -> Result<Arc<Snapshot>> {
        let compiled = compile(&self.inventory);
        let snapshot = compiled.snapshots.values().next();
        let served = snapshot.filter(|snapshot| snapshot.clients.len() == clients);
        served.cloned().with_context(|| {
            let findings: Vec<String> =
                compiled.report.findings().take(3).map(|finding| format!("{finding:?}")).collect();
            format!("the engine does not serve the world: {}", findings.join("; "))
        })
    }
}

fn person(number: usize, hash: &Arc<str>) -> StaticUser {
    let name = username(number);
    let claims = [("email", format!("\"{name}@example.com\"")), ("name", format!("\"Person {number}\""))];
    StaticUser {
        groups: vec!["staff".into()],
        claims: claims.into_iter().map(|(claim, value)| (claim.into(), value.into())).collect(),
        username: name.into(),
        password_hash: hash.clone(),
    }
}

fn client(client_type: ClientType, method: Option<AuthMethod>) -> Result<ClientSpec> {
    let redirects = client_type.redirects();
    let scopes: &[&str] = if redirects { &PERSON_SCOPES } else { &[SERVICE_SCOPE, "orders:write"] };
    let redirect_uri = redirects.then(|| RedirectUri::parse(REDIRECT_URI, client_type)).transpose()?;
    Ok(ClientSpec {
        display_name: None,
        server: server_name(),
        client_type,
        redirect_uris: redirect_uri.into_iter().collect(),
        post_logout_redirect_uris: Vec::new(),
        back_channel_logout_uri: None,
        scopes: scopes.iter().map(|scope| Scope::parse(scope)).collect::<Result<_, _>>()?,
        audiences: Vec::new(),
        introspects: Vec::new(),
        grant_types: None,
        method,
        service_accounts: Vec::new(),
        keys: None,
        token: TtlRequest::default(),
        allowed_groups: None,
        secret: SecretTemplate::default(),
        existing_secret: None,
        client_id: None,
    })
}
