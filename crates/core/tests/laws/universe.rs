//! Generated inventories. The universe is small on purpose, so that names, hosts, ids and labels collide often.

use crate::mutate;
use crate::tape::Tape;
use nauthera_core::codes::Code;
use nauthera_core::compile::{SecretClaims, compile};
use nauthera_core::finding::Finding;
use nauthera_core::grant::{
    Admission, AuthMethod, ClientType, Consent, Enforcement, Expectation, GrantSet, GrantType,
};
use nauthera_core::inventory::{CredentialRecord, Inventory, Object};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::pattern::{Pattern, PatternSet};
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::spec::{
    AllowedNamespaces, Branding, ClientKeys, ClientSpec, Database, Example, LabelSelector, MethodRules,
    PolicySpec, Requirement, RequirementOperator, RotationRule, Schedule, SecretTemplate, Selector,
    ServerSpec, SessionSettings, SigningSettings, StaticUser, TtlCeilings, TtlRequest, UserStoreSpec,
};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::{BackChannelUri, IssuerUrl, RedirectUri};
use std::collections::BTreeMap;
use std::sync::Arc;

pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

const NAMESPACES: [&str; 4] = ["shop", "identity", "pay", "lab"];
const SERVERS: [&str; 3] = ["identity/main", "identity/spare", "shop/own"];
const POLICIES: [&str; 5] = ["identity/a", "identity/b", "identity/c", "identity/d", "shop/e"];
const STORES: [&str; 2] = ["identity/people", "shop/people"];
const CLIENTS: [&str; 8] =
    ["shop/web", "shop/api", "pay/web", "pay/app", "lab/tool", "identity/console", "pay/tv", "shop/zed"];
const ISSUERS: [&str; 3] =
    ["https://login.example.com", "https://spare.example.com", "http://127.0.0.1:8080"];
const SCOPES: [&str; 6] = ["openid", "profile", "orders:read", "orders:write", "payroll:admin", "groups"];
const SCOPE_PATTERNS: [&str; 7] =
    ["openid", "*", "orders:*", "orders:read", "pro*", "groups", "payroll:admin"];
const AUDIENCES: [&str; 3] = ["https://api.example.com/a", "https://api.example.com/b", "urn:ledger"];
const AUDIENCE_PATTERNS: [&str; 4] =
    ["https://api.example.com/*", "urn:ledger", "https://api.example.com/a", "*"];
const HOSTS: [&str; 5] =
    ["*.example.com", "shop.example.com", "example.com", "EXAMPLE.com", "*.b.example.com"];
const URIS: [&str; 8] = [
    "https://shop.example.com/cb",
    "https://a.b.example.com/cb",
    "https://EXAMPLE.com:8443/cb",
    "https://evil.test/shop.example.com",
    "https://evilexample.com/cb",
    "http://127.0.0.1:3000/cb",
    "https://localhost/cb",
    "com.example.app:/cb",
];
const IDS: [&str; 5] = ["storefront", "shop.web", "pay.app", "lab.tool", "ledger"];
const SECRETS: [&str; 3] = ["login", "web-client-secret", "api-client-secret"];
const KEYS: [&str; 5] =
    ["", "", "https://keys.example.com/", "https://keys.pay.svc/", "https://10.0.0.1/keys"];
const GROUPS: [&str; 3] = ["staff", "admins", "robots"];
const TTLS: [u32; 6] = [600, 60, 3_600, 90_000, 43_200, 9_000_000];

pub fn object(text: &str) -> ObjectRef {
    ObjectRef::parse(text).unwrap()
}

/// An inventory as a carrier may hand it over: some of it published, some of it changed or broken since.
pub fn inventory(tape: &mut Tape) -> Inventory {
    let mut inventory = manifests(tape);
    if tape.once_in(3) {
        return inventory;
    }
    publish(&mut inventory, tape);
    if !tape.once_in(4) {
        mutate::objects(&mut inventory, tape);
    }
    if tape.once_in(4) {
        // A change went out of all servers but the first, and the next change is under way.
        let old = inventory.published.first_key_value().map(|(server, old)| (server.clone(), old.clone()));
        publish(&mut inventory, tape);
        inventory.published.extend(old);
        mutate::objects(&mut inventory, tape);
    }
    inventory
}

/// Publishes what is compiled now and keeps a record of each client that is served, as carriers do.
pub fn publish(inventory: &mut Inventory, tape: &mut Tape) {
    inventory.published = compile(inventory).snapshots;
    for (server, snapshot) in &inventory.published {
        for row in snapshot.clients.values() {
            // A client that has none any more may have had one before.
            let has_some = row.authentication.method.uses_secret() || tape.once_in(4);
            let secrets = if has_some { secrets(tape) } else { Vec::new() };
            let record =
                CredentialRecord { server: server.clone(), client_id: row.client_id.clone(), secrets };
            inventory.credentials.insert(row.object.clone(), record);
        }
    }
    let theirs: Vec<ObjectRef> = SecretClaims::of(inventory).conflicts().cloned().collect();
    for (client, object) in &inventory.clients {
        let recorded = inventory.credentials.contains_key(client) && !theirs.contains(client);
        if let Some(spec) = object.spec.as_ref().filter(|_| recorded) {
            inventory.secret_names.insert(client.clone(), spec.secret.name_for(client));
        }
    }
    inventory.published = compile(inventory).snapshots;
}

fn secrets(tape: &mut Tape) -> Vec<SecretDigest> {
    let secret = |n: usize| SecretDigest {
        digest: [u8::try_from(n).unwrap_or_default(); 32],
        not_before: UnixTime(1_700_000_000),
        not_after: (n > 9).then_some(UnixTime(1_800_000_000)),
    };
    (0..=tape.below(2)).map(|_| secret(tape.below(20))).collect()
}

fn manifests(tape: &mut Tape) -> Inventory {
    let mut inventory = Inventory::default();
    for name in NAMESPACES {
        if !tape.once_in(6) {
            inventory.namespaces.insert(name.into(), labels(tape));
        }
    }
    for name in SERVERS.iter().take(1 + tape.below(3)) {
        inventory.servers.insert(object(name), one(tape, server));
    }
    for name in STORES {
        inventory.stores.insert(object(name), one(tape, store));
    }
    for name in POLICIES.iter().take(1 + tape.below(5)) {
        let policy = one(tape, policy);
        inventory.policies.insert(object(name), policy);
    }
    for name in tape.most_of(&CLIENTS) {
        inventory.clients.insert(object(name), one(tape, client));
    }
    inventory.private_fetch = tape.once_in(4);
    if tape.once_in(4) {
        let client = object(tape.pick(&CLIENTS));
        let finding = Finding::new(Code::SecretMissing, "its Secret is not there");
        inventory.unready.insert(client, finding);
    }
    for name in tape.some_of(&CLIENTS) {
        if tape.once_in(3) {
            let (server, client_id) =
                (object(tape.pick(&SERVERS)), ClientId::parse(tape.pick(&IDS)).unwrap());
            let record = CredentialRecord { server, client_id, secrets: secrets(tape) };
            inventory.credentials.insert(object(name), record);
        }
    }
    inventory
}

/// An object, now and then one that is not accepted.
pub fn one<S>(tape: &mut Tape, make: fn(&mut Tape) -> S) -> Object<S> {
    let generation = 1 + i64::try_from(tape.below(3)).unwrap_or_default();
    let spec = (!tape.once_in(20)).then(|| Arc::new(make(tape)));
    Object { generation, labels: labels(tape), spec }
}

fn labels(tape: &mut Tape) -> Labels {
    let mut labels = Labels::new();
    if !tape.once_in(3) {
        labels.insert("tier".into(), tape.pick(&["gold", "silver"]).into());
    }
    if tape.once_in(3) {
        labels.insert("stage".into(), "prod".into());
    }
    labels
}

fn label_selector(tape: &mut Tape) -> LabelSelector {
    use RequirementOperator::{DoesNotExist, Exists, In, NotIn};
    let mut selector = LabelSelector::default();
    if tape.once_in(2) {
        selector.match_labels.insert("tier".into(), tape.pick(&["gold", "silver"]).into());
    }
    if tape.once_in(3) {
        let operator = tape.pick(&[In, NotIn, Exists, DoesNotExist]);
        let values = tape.some_of(&["gold", "silver", "prod"]).into_iter().map(Into::into).collect();
        selector.match_expressions.push(Requirement {
            key: tape.pick(&["tier", "stage"]).into(),
            operator,
            values,
        });
    }
    selector
}

pub fn server(tape: &mut Tape) -> ServerSpec {
    ServerSpec {
        issuer_url: IssuerUrl::parse(tape.pick(&ISSUERS)).unwrap(),
        policy_selector: tape.maybe(3, label_selector),
        allowed_namespaces: match tape.below(6) {
            5 => AllowedNamespaces::Same,
            4 => AllowedNamespaces::Selector(label_selector(tape)),
            _ => AllowedNamespaces::All,
        },
        database: Database::Sqlite,
        user_store: tape.maybe(2, |tape| object(tape.pick(&["identity/people", "shop/people", "pay/none"]))),
        signing: SigningSettings::default(),
        session: SessionSettings::default(),
        branding: Branding::default(),
        service_account_issuers: Vec::new(),
        tls: false,
    }
}

pub fn store(tape: &mut Tape) -> UserStoreSpec {
    let user = |name: &str| StaticUser {
        username: name.into(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".into(),
        groups: vec!["staff".into()],
        claims: BTreeMap::new(),
    };
    UserStoreSpec::Static(tape.most_of(&["ada", "grace"]).into_iter().map(user).collect())
}

/// A policy that narrows, with every other field drawn, and without examples.
pub fn enforcing(tape: &mut Tape) -> PolicySpec {
    PolicySpec {
        enforcement: tape.maybe(2, |_| Enforcement::Enforce),
        admission: tape.maybe(4, |tape| tape.pick(Admission::ALL)),
        mandatory: tape.once_in(4),
        client_selector: tape.maybe(2, selector),
        except: tape.maybe(4, selector),
        token: TtlCeilings { access: ttl(tape), refresh: ttl(tape), id: ttl(tape) },
        allowed_grant_types: tape.maybe(2, |tape| {
            if tape.once_in(6) { tape.some_of(GrantType::ALL) } else { tape.most_of(GrantType::ALL) }
                .into_iter()
                .collect()
        }),
        allowed_scopes: patterns(tape, &SCOPE_PATTERNS),
        allowed_audiences: patterns(tape, &AUDIENCE_PATTERNS),
        allowed_introspection: patterns(tape, &AUDIENCE_PATTERNS),
        enforce_pkce: tape.maybe(3, |tape| tape.once_in(2)),
        client_authentication: methods(tape),
        allowed_hosts: patterns(tape, &HOSTS),
        require_pushed_authorization_requests: tape.maybe(3, |tape| tape.once_in(2)),
        max_age: ttl(tape),
        allowed_groups: tape.maybe(5, groups),
        consent: tape.maybe(3, |tape| tape.pick(Consent::ALL)),
        allow_custom_client_ids: tape.maybe(2, |tape| !tape.once_in(4)),
        examples: Vec::new(),
    }
}

/// Any policy: some only report, and some have examples, which may fail.
pub fn policy(tape: &mut Tape) -> PolicySpec {
    let mut spec = enforcing(tape);
    if tape.once_in(4) {
        spec.enforcement = Some(Enforcement::Audit);
    }
    spec.examples = tape.maybe(6, example).into_iter().collect();
    spec
}

pub fn example(tape: &mut Tape) -> Example {
    Example { name: "sample".into(), client: client(tape), expect: tape.pick(Expectation::ALL) }
}

fn selector(tape: &mut Tape) -> Selector {
    Selector {
        namespace_selector: tape.maybe(4, label_selector),
        namespaces: tape.maybe(3, |tape| tape.some_of(&NAMESPACES).into_iter().map(Into::into).collect()),
        clients: tape.maybe(3, |tape| tape.some_of(&CLIENTS).into_iter().map(object).collect()),
        types: tape.maybe(3, |tape| tape.most_of(ClientType::ALL)),
    }
}

fn ttl(tape: &mut Tape) -> Option<Seconds> {
    tape.maybe(3, |tape| Seconds::new(tape.pick(&TTLS)))
}

fn patterns<P: Pattern>(tape: &mut Tape, all: &[&str]) -> Option<PatternSet<P>> {
    tape.maybe(2, |tape| {
        PatternSet::parse(if tape.once_in(3) { tape.some_of(all) } else { tape.most_of(all) })
    })
}

fn methods(tape: &mut Tape) -> MethodRules {
    MethodRules {
        method: tape.maybe(4, |tape| tape.pick(&AuthMethod::ALL[..4])),
        allowed_methods: tape.maybe(4, |tape| tape.most_of(&AuthMethod::ALL[..4])),
        secret_rotation: tape.maybe(4, |tape| RotationRule {
            enabled: tape.once_in(2),
            schedule: tape.maybe(2, |tape| Schedule::parse(tape.pick(&["0 3 * * 0", "0 4 1 * *"])).unwrap()),
            overlap: ttl(tape),
            max_age: ttl(tape),
        }),
    }
}

fn groups(tape: &mut Tape) -> Vec<Arc<str>> {
    tape.most_of(&GROUPS).into_iter().map(Into::into).collect()
}

pub fn client(tape: &mut Tape) -> ClientSpec {
    let client_type = tape.pick(ClientType::ALL);
    let uris = |tape: &mut Tape| {
        let uris = if client_type.redirects() { tape.some_of(&URIS) } else { Vec::new() };
        uris.iter().filter_map(|uri| RedirectUri::parse(uri, client_type).ok()).collect()
    };
    let audiences = |names: Vec<&str>| names.into_iter().map(|name| Audience::parse(name).unwrap()).collect();
    ClientSpec {
        display_name: tape.maybe(3, |_| "Shop".into()),
        server: object(tape.pick(&["identity/main", "identity/main", "identity/spare", "shop/own"])),
        client_type,
        redirect_uris: uris(tape),
        post_logout_redirect_uris: uris(tape),
        back_channel_logout_uri: tape
            .maybe(4, |_| BackChannelUri::parse("https://shop.example.com/logout").unwrap())
            .filter(|_| client_type.redirects()),
        scopes: tape.some_of(&SCOPES).into_iter().map(|name| Scope::parse(name).unwrap()).collect(),
        audiences: audiences(tape.some_of(&AUDIENCES)),
        introspects: audiences(tape.some_of(&AUDIENCES)),
        grant_types: tape.maybe(3, |tape| {
            let possible: Vec<GrantType> = client_type.possible_grants().iter().collect();
            tape.most_of(&possible).into_iter().collect::<GrantSet>()
        }),
        method: tape
            .maybe(3, |tape| tape.pick(&AuthMethod::ALL[..4]))
            .filter(|_| client_type.is_confidential()),
        service_accounts: tape.maybe(4, |_| vec!["runner".into()]).unwrap_or_default(),
        keys: tape.maybe(4, |tape| match tape.pick(&KEYS) {
            "" => ClientKeys::Jwks(r#"{"keys":[]}"#.into()),
            url => ClientKeys::JwksUri(url.parse().unwrap()),
        }),
        token: TtlRequest { access: ttl(tape), refresh: ttl(tape), id: ttl(tape) },
        allowed_groups: tape.maybe(5, groups),
        secret: SecretTemplate {
            name: tape.maybe(5, |tape| tape.pick(&SECRETS).into()),
            ..SecretTemplate::default()
        },
        existing_secret: tape.maybe(6, |_| "own".into()),
        client_id: tape.maybe(3, |tape| ClientId::parse(tape.pick(&IDS)).unwrap()),
    }
}
