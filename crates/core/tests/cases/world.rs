//! A small world that reads as sentences: one AuthServer `identity/main`, the namespaces `shop`, `pay` and `identity`, and what
//! each test adds. `tell` compiles it and answers questions about single objects.

use nauthera_core::codes::Code;
use nauthera_core::compile::{Compiled, compile};
use nauthera_core::finding::Finding;
use nauthera_core::grant::ClientType;
use nauthera_core::inventory::{CredentialRecord, Inventory, Object};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::pattern::{Pattern, PatternSet};
use nauthera_core::report::{ClientReport, Governed, PolicyReport, ServerReport, Setting, Source, Verdict};
use nauthera_core::snapshot::{Row, SecretDigest, Snapshot};
use nauthera_core::spec::{
    AllowedNamespaces, Branding, ClientSpec, Database, LabelSelector, PolicySpec, SecretTemplate, Selector,
    ServerSpec, SessionSettings, SigningSettings, StaticUser, TtlRequest, UserStoreSpec,
};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::{IssuerUrl, RedirectUri};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

pub struct World(pub Inventory);

/// The world with one policy that allows every grant and every scope of `orders:*` besides the usual ones.
pub fn governed() -> World {
    World::new().policy("identity/base", |p| {
        p.allowed_grant_types = Some(nauthera_core::grant::GrantSet::ALL);
        p.allowed_scopes = names(["openid", "profile", "orders:*"]);
    })
}

impl World {
    pub fn new() -> Self {
        let namespaces = ["shop", "pay", "identity"];
        let world = Self(Inventory::default()).server("identity/main", |_| {});
        namespaces.into_iter().fold(world, |world, name| world.namespace(name, &[("team", name)]))
    }

    pub fn namespace(mut self, name: &str, labels: &[(&str, &str)]) -> Self {
        self.0.namespaces.insert(name.into(), self::labels(labels));
        self
    }

    pub fn server(mut self, name: &str, say: impl FnOnce(&mut ServerSpec)) -> Self {
        let object = object(name);
        let mut spec = ServerSpec {
            issuer_url: issuer(&format!("https://{}.example.com", object.name)),
            policy_selector: None,
            allowed_namespaces: AllowedNamespaces::All,
            database: Database::Sqlite,
            user_store: None,
            signing: SigningSettings::default(),
            session: SessionSettings::default(),
            branding: Branding::default(),
            service_account_issuers: Vec::new(),
            tls: false,
        };
        say(&mut spec);
        self.0.servers.insert(object, Object::new(spec));
        self
    }

    pub fn policy(self, name: &str, say: impl FnOnce(&mut PolicySpec)) -> Self {
        self.labelled_policy(name, &[], say)
    }

    pub fn labelled_policy(
        mut self,
        name: &str,
        labels: &[(&str, &str)],
        say: impl FnOnce(&mut PolicySpec),
    ) -> Self {
        let mut spec = PolicySpec::default();
        say(&mut spec);
        let policy = Object { labels: self::labels(labels), ..Object::new(spec) };
        self.0.policies.insert(object(name), policy);
        self
    }

    pub fn store(mut self, name: &str, people: &[&str]) -> Self {
        self.0.stores.insert(object(name), Object::new(users(people)));
        self
    }

    pub fn client(mut self, name: &str, client_type: ClientType, say: impl FnOnce(&mut ClientSpec)) -> Self {
        let mut spec = plain_client(client_type);
        say(&mut spec);
        self.0.clients.insert(object(name), Object::new(spec));
        self
    }

    pub fn web(self, name: &str, say: impl FnOnce(&mut ClientSpec)) -> Self {
        self.client(name, ClientType::Web, say)
    }

    /// Its manifest is not accepted any more.
    pub fn break_client(mut self, name: &str) -> Self {
        self.0.clients.entry(object(name)).or_insert_with(unreadable).spec = None;
        self
    }

    pub fn break_policy(mut self, name: &str) -> Self {
        self.0.policies.entry(object(name)).or_insert_with(unreadable).spec = None;
        self
    }

    pub fn break_server(mut self, name: &str) -> Self {
        self.0.servers.entry(object(name)).or_insert_with(unreadable).spec = None;
        self
    }

    pub fn break_store(mut self, name: &str) -> Self {
        self.0.stores.entry(object(name)).or_insert_with(unreadable).spec = None;
        self
    }

    pub fn delete_client(mut self, name: &str) -> Self {
        self.0.clients.remove(&object(name));
        self
    }

    pub fn record(mut self, client: &str, server: &str, id: &str, secrets: &[u8]) -> Self {
        let secret = |n: &u8| SecretDigest { digest: [*n; 32], not_before: UnixTime(0), not_after: None };
        let secrets = secrets.iter().map(secret).collect();
        let record = CredentialRecord { server: object(server), client_id: self::id(id), secrets };
        self.0.credentials.insert(object(client), record);
        self
    }

    /// Its Secret has this name.
    pub fn has_secret(mut self, client: &str, name: &str) -> Self {
        self.0.secret_names.insert(object(client), name.into());
        self
    }

    /// Serves what is compiled now.
    pub fn publish(mut self) -> Self {
        self.0.published = compile(&self.0).snapshots;
        self
    }

    pub fn tell(&self) -> Told {
        Told(compile(&self.0))
    }
}

/// What was compiled.
pub struct Told(pub Compiled);

impl Told {
    pub fn client(&self, name: &str) -> &ClientReport {
        &self.0.report.clients[&object(name)]
    }

    pub fn policy(&self, name: &str) -> &PolicyReport {
        &self.0.report.policies[&object(name)]
    }

    pub fn server(&self, name: &str) -> &ServerReport {
        &self.0.report.servers[&object(name)]
    }

    pub fn governed(&self, policy: &str, server: &str) -> Governed {
        self.policy(policy).servers.get(&object(server)).cloned().unwrap_or_default()
    }

    pub fn snapshot(&self, server: &str) -> &Snapshot {
        &self.0.snapshots[&object(server)]
    }

    pub fn row(&self, client: &str) -> &Row {
        self.client(client)
            .row
            .as_ref()
            .unwrap_or_else(|| panic!("{client}: {:?}", self.client(client).findings))
    }

    pub fn is_served(&self, client: &str) -> bool {
        let object = object(client);
        self.0.snapshots.values().any(|snapshot| snapshot.clients.values().any(|row| row.object == object))
    }

    pub fn verdict(&self, client: &str) -> Verdict {
        self.client(client).verdict
    }

    pub fn reason(&self, client: &str) -> Option<Code> {
        self.client(client).reason()
    }

    pub fn codes(&self, client: &str) -> Vec<Code> {
        self.client(client).findings.iter().map(|finding| finding.code).collect()
    }

    pub fn setting(&self, client: &str, name: &str) -> Setting {
        let settings = self.client(client).effective();
        settings
            .into_iter()
            .find(|setting| setting.name == name)
            .unwrap_or_else(|| panic!("{name} of {client}"))
    }

    /// The value of a setting, and what decided it in short.
    pub fn source(&self, client: &str, name: &str) -> (String, String) {
        let setting = self.setting(client, name);
        let source = match setting.source {
            Source::Client => "client".to_owned(),
            Source::Type => "type".to_owned(),
            Source::Default => "default".to_owned(),
            Source::Baseline => "baseline".to_owned(),
            Source::Policy { policies, field } => {
                let names: Vec<String> = policies.iter().map(|mark| mark.policy.to_string()).collect();
                format!("{field} of {}", names.join(", "))
            }
        };
        (setting.value, source)
    }

    /// The findings of a client as text.
    pub fn text(&self, client: &str) -> String {
        self.client(client).findings.iter().map(text).collect::<Vec<_>>().join("\n")
    }
}

/// A finding as text, in the order in which a terminal shows its parts.
pub fn text(finding: &Finding) -> String {
    let mut text = format!("{}[{}]: {}\n", finding.severity.as_str(), finding.code, finding.message);
    for label in &finding.labels {
        let _ = writeln!(text, "  --> {} {}: {}", label.place.key, label.place.path(), label.note);
    }
    if let (Some(requested), Some(allowed)) = (&finding.requested, &finding.allowed) {
        let _ = writeln!(text, "   | asked {requested}, allowed {allowed}");
    }
    for note in &finding.notes {
        let _ = writeln!(text, "   = {note}");
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "   = help: {help}");
    }
    text
}

fn unreadable<S>() -> Object<S> {
    Object { generation: 1, labels: BTreeMap::new(), spec: None }
}

pub fn plain_client(client_type: ClientType) -> ClientSpec {
    let uri = || RedirectUri::parse("https://shop.example.com/cb", client_type).unwrap();
    ClientSpec {
        display_name: None,
        server: object("identity/main"),
        client_type,
        redirect_uris: if client_type.redirects() { vec![uri()] } else { Vec::new() },
        post_logout_redirect_uris: Vec::new(),
        back_channel_logout_uri: None,
        scopes: Vec::new(),
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

pub fn object(text: &str) -> ObjectRef {
    ObjectRef::parse(text).unwrap()
}

pub fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

pub fn issuer(text: &str) -> IssuerUrl {
    IssuerUrl::parse(text).unwrap()
}

pub fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

pub fn label(key: &str, value: &str) -> LabelSelector {
    LabelSelector { match_labels: labels(&[(key, value)]), match_expressions: Vec::new() }
}

/// A selector of which nothing is given but these names of clients.
pub fn clients<const N: usize>(names: [&str; N]) -> Option<Selector> {
    Some(Selector { clients: Some(names.map(object).to_vec()), ..Selector::default() })
}

pub fn namespaces<const N: usize>(names: [&str; N]) -> Option<Selector> {
    Some(Selector { namespaces: Some(texts(names)), ..Selector::default() })
}

pub fn types<const N: usize>(types: [ClientType; N]) -> Option<Selector> {
    Some(Selector { types: Some(types.to_vec()), ..Selector::default() })
}

pub fn by_label(key: &str, value: &str) -> Option<Selector> {
    Some(Selector { namespace_selector: Some(label(key, value)), ..Selector::default() })
}

pub fn texts<const N: usize>(texts: [&str; N]) -> Vec<Arc<str>> {
    texts.map(Into::into).to_vec()
}

pub fn names<P: Pattern, const N: usize>(patterns: [&str; N]) -> Option<PatternSet<P>> {
    Some(PatternSet::parse(patterns))
}

pub fn scopes<const N: usize>(names: [&str; N]) -> Vec<Scope> {
    names.map(|name| Scope::parse(name).unwrap()).to_vec()
}

pub fn audiences<const N: usize>(names: [&str; N]) -> Vec<Audience> {
    names.map(|name| Audience::parse(name).unwrap()).to_vec()
}

pub fn uris<const N: usize>(texts: [&str; N]) -> Vec<RedirectUri> {
    texts.map(|text| RedirectUri::parse(text, ClientType::Native).unwrap()).to_vec()
}

pub fn ttl(text: &str) -> Option<Seconds> {
    Some(Seconds::parse(text).unwrap())
}

pub fn users(people: &[&str]) -> UserStoreSpec {
    let user = |name: &&str| StaticUser {
        username: (*name).into(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".into(),
        groups: Vec::new(),
        claims: BTreeMap::new(),
    };
    UserStoreSpec::Static(people.iter().map(user).collect())
}

/// The names of scopes, audiences, redirect URIs.
pub fn shown<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
