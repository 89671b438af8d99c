//! How long `compile` takes over 100,000 clients under 200 policies, on one thread, and how much memory it holds. Run it in
//! a release build; `make bench` prints it. The inventory is made by counting, so every run compiles the same one.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use nauthera_core::compile::{Compiled, compile};
use nauthera_core::grant::{AuthMethod, ClientType, Consent, Enforcement, GrantSet};
use nauthera_core::inventory::{CredentialRecord, Inventory, Object};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::pattern::PatternSet;
use nauthera_core::snapshot::{Revision, SecretDigest, Snapshot};
use nauthera_core::spec::{
    AllowedNamespaces, Branding, ClientSpec, Database, LabelSelector, PolicySpec, SecretTemplate, Selector,
    ServerSpec, SessionSettings, SigningSettings, StaticUser, TtlCeilings, TtlRequest, UserStoreSpec,
};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::{IssuerUrl, RedirectUri};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const CLIENTS: usize = 100_000;
const NAMESPACES: usize = 500;
const POLICIES: usize = 200;
const RUNS: usize = 5;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let started = Instant::now();
    let mut inventory = inventory()?;
    println!("{CLIENTS} clients, {POLICIES} policies, {NAMESPACES} namespaces");
    println!("inventory               {:>9} built, {} MB resident", ms(started.elapsed()), memory("VmRSS")?);

    let (fresh, compiled) = best_of(&inventory);
    println!("compile, first          {fresh}");
    println!("peak memory             {:>9} MB so far", memory("VmHWM")?);
    print_verdicts(&compiled);
    print_snapshot(&compiled);

    inventory.published = compiled.snapshots.clone();
    drop(compiled);
    let (again, compiled) = best_of(&inventory);
    println!("compile, published      {again}");
    let revision = revision(&compiled);

    change_one(&mut inventory)?;
    let (changed, after) = best_of(&inventory);
    println!("compile, one changed    {changed}");
    println!("rows changed            {:>9}", rows_changed(&compiled, &after));
    println!("revision moved          {:>9}", self::revision(&after) != revision);
    println!("peak memory             {:>9} MB", memory("VmHWM")?);
    Ok(())
}

/// Compiles five times; best and median, and what the last one made.
fn best_of(inventory: &Inventory) -> (String, Compiled) {
    let (mut wall, mut busy) = (Vec::with_capacity(RUNS), Vec::with_capacity(RUNS));
    let mut last = Compiled::default();
    for _ in 0..RUNS {
        // What the last run made is freed outside the measurement.
        drop(std::mem::take(&mut last));
        let (started, before) = (Instant::now(), processor_time());
        last = compile(inventory);
        wall.push(started.elapsed());
        busy.push(processor_time().saturating_sub(before));
    }
    (format!("{}; on the processor {}", best_and_median(wall), best_and_median(busy)), last)
}

fn best_and_median(mut times: Vec<Duration>) -> String {
    times.sort();
    let best = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    format!("{:>9} best, {} median of {RUNS}", ms(best), ms(median))
}

/// How long this thread has run, from the kernel: what a busy machine does not change. Zero where there is no `/proc`.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn ms(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
}

fn print_verdicts(compiled: &Compiled) {
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for client in compiled.report.clients.values() {
        *verdicts.entry(client.verdict.word()).or_default() += 1;
    }
    let verdicts: Vec<String> = verdicts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    println!("                        {}", verdicts.join(", "));
    println!("                        {} findings", compiled.report.findings().count());
}

fn print_snapshot(compiled: &Compiled) {
    let started = Instant::now();
    let bytes: u64 = compiled.snapshots.values().map(|snapshot| written(snapshot)).sum();
    println!("snapshot                {bytes:>9} bytes, {} to write", ms(started.elapsed()));
    let started = Instant::now();
    let revision = revision(compiled);
    let short = revision.first().map(Revision::short).unwrap_or_default();
    println!("revision                {:>9}, {short}", ms(started.elapsed()));
}

/// The length of a Snapshot's bytes, without holding them.
fn written(snapshot: &Snapshot) -> u64 {
    let mut out = Counter(0);
    let buffered = std::io::BufWriter::with_capacity(16 * 1_024, &mut out);
    snapshot.write(buffered).map(|()| out.0).unwrap_or_default()
}

struct Counter(u64);

impl std::io::Write for &mut Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn revision(compiled: &Compiled) -> Vec<Revision> {
    compiled.snapshots.values().map(|snapshot| snapshot.revision()).collect()
}

fn rows_changed(before: &Compiled, after: &Compiled) -> usize {
    let old = |id: &ClientId| before.snapshots.values().find_map(|snapshot| snapshot.clients.get(id));
    let rows = after.snapshots.values().flat_map(|snapshot| snapshot.clients.iter());
    rows.filter(|(id, row)| old(id) != Some(*row)).count()
}

/// A figure of this process from the kernel, in MB; zero where there is no `/proc`.
fn memory(what: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).unwrap_or("0");
    Ok(kilobytes.parse::<u64>()? / 1_024)
}

fn namespace(n: usize) -> String {
    format!("team-{:03}", n % NAMESPACES)
}

fn client_name(n: usize) -> ObjectRef {
    ObjectRef::new(namespace(n), format!("app-{n:06}"))
}

fn server_name() -> ObjectRef {
    ObjectRef::new("identity", "main")
}

fn inventory() -> Outcome<Inventory> {
    let people = ObjectRef::new("identity", "people");
    let mut inventory = Inventory::default();
    inventory.servers.insert(server_name(), Object::new(server(people.clone())?));
    let ada = StaticUser {
        username: "ada".into(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".into(),
        groups: vec!["admins".into()],
        claims: BTreeMap::new(),
    };
    inventory.stores.insert(people, Object::new(UserStoreSpec::Static(vec![ada])));
    for n in 0..NAMESPACES {
        let labels = [
            ("kubernetes.io/metadata.name".into(), namespace(n).into()),
            ("tier".into(), ["gold", "silver", "bronze"].get(n % 3).copied().unwrap_or_default().into()),
            ("stage".into(), if n.is_multiple_of(2) { "prod" } else { "dev" }.into()),
        ];
        inventory.namespaces.insert(namespace(n).into(), labels.into_iter().collect());
    }
    for n in 0..POLICIES {
        inventory
            .policies
            .insert(ObjectRef::new("identity", format!("policy-{n:03}")), Object::new(policy(n)));
    }
    for n in 0..CLIENTS {
        let name = client_name(n);
        let spec = client(n)?;
        if spec.client_type.is_confidential() {
            inventory.credentials.insert(name.clone(), record(n, &name));
        }
        inventory.clients.insert(name, Object::new(spec));
    }
    Ok(inventory)
}

fn server(people: ObjectRef) -> Outcome<ServerSpec> {
    Ok(ServerSpec {
        issuer_url: IssuerUrl::parse("https://login.example.com")?,
        policy_selector: None,
        allowed_namespaces: AllowedNamespaces::All,
        database: Database::Sqlite,
        user_store: Some(people),
        signing: SigningSettings::default(),
        session: SessionSettings::default(),
        branding: Branding::default(),
        service_account_issuers: Vec::new(),
        tls: false,
    })
}

fn record(n: usize, client: &ObjectRef) -> CredentialRecord {
    let mut digest = [7; 32];
    digest.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
    let secret = SecretDigest { digest, not_before: UnixTime(1_700_000_000), not_after: None };
    CredentialRecord { server: server_name(), client_id: ClientId::default_of(client), secrets: vec![secret] }
}

/// One policy for all, 20 that name clients, 9 by type, 20 by label, the others by the namespaces of one team each; every tenth of
/// those only reports.
fn policy(n: usize) -> PolicySpec {
    let mut spec = PolicySpec::default();
    match n {
        0 => return wide(spec),
        1..=20 => {
            let clients = (0..40).map(|k| client_name((n * 4_999 + k * 37) % CLIENTS)).collect();
            spec.client_selector = Some(Selector { clients: Some(clients), ..Selector::default() });
            spec.require_pushed_authorization_requests = Some(true);
        }
        21..=29 => {
            let types = vec![ClientType::ALL.get(n % 5).copied().unwrap_or(ClientType::Web)];
            let except = (0..20).map(|k| client_name(n * 100 + k)).collect();
            spec.client_selector = Some(Selector { types: Some(types), ..Selector::default() });
            spec.except = Some(Selector { clients: Some(except), ..Selector::default() });
            spec.token = TtlCeilings { refresh: Some(Seconds::hours(12)), ..TtlCeilings::default() };
        }
        30..=49 => {
            let tier = ["gold", "silver", "bronze"].get(n % 3).copied().unwrap_or_default();
            let labels = [("tier".into(), tier.into())].into_iter().collect();
            let by_label = LabelSelector { match_labels: labels, match_expressions: Vec::new() };
            spec.client_selector =
                Some(Selector { namespace_selector: Some(by_label), ..Selector::default() });
            spec.max_age = Some(Seconds::hours(8));
            spec.enforce_pkce = Some(true);
        }
        _ => {
            let namespaces = (0..4).map(|k| namespace(n * 3 + k * 7).into()).collect();
            spec.client_selector = Some(Selector { namespaces: Some(namespaces), ..Selector::default() });
            spec.allowed_scopes = Some(PatternSet::parse([
                "openid",
                "profile",
                "email",
                "groups",
                "offline_access",
                "orders:*",
            ]));
            spec.allowed_audiences =
                Some(PatternSet::parse(["https://api.example.com/*", "https://x.example.com"]));
            spec.enforcement = Some(Enforcement::Audit).filter(|_| n.is_multiple_of(10));
        }
    }
    spec
}

fn wide(mut spec: PolicySpec) -> PolicySpec {
    spec.mandatory = true;
    spec.token.access = Some(Seconds::minutes(15));
    spec.allowed_grant_types = Some(GrantSet::ALL);
    spec.allowed_scopes =
        Some(PatternSet::parse(["openid", "profile", "email", "groups", "offline_access", "orders:*"]));
    spec.allowed_audiences = Some(PatternSet::parse(["https://api.example.com/*"]));
    spec.allowed_hosts = Some(PatternSet::parse(["*.example.com", "*.apps.example.net"]));
    spec.client_authentication.allowed_methods =
        Some(vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt]);
    spec.consent = Some(Consent::Trusted);
    spec
}

/// One client in twenty asks beyond policy.
fn client(n: usize) -> Outcome<ClientSpec> {
    let client_type = match n % 10 {
        3 | 4 => ClientType::Browser,
        5 => ClientType::Native,
        6 => ClientType::Device,
        7 | 8 => ClientType::Service,
        _ => ClientType::Web,
    };
    let host = if n.is_multiple_of(20) { "elsewhere.test" } else { "apps.example.net" };
    let uri = |path: &str| RedirectUri::parse(&format!("https://app-{n}.{host}/{path}"), client_type);
    let names = ["openid", "profile", "email", "offline_access", "orders:read"];
    let scopes: Result<Vec<Scope>, _> = names.iter().map(|name| Scope::parse(name)).collect();
    let redirects = client_type.redirects();
    let own = RedirectUri::parse("https://app.example.com/callback", client_type)?;
    Ok(ClientSpec {
        display_name: Some(format!("Application {n}").into()),
        server: server_name(),
        client_type,
        redirect_uris: if redirects { vec![own, uri("callback")?] } else { Vec::new() },
        post_logout_redirect_uris: if redirects { vec![uri("bye")?] } else { Vec::new() },
        back_channel_logout_uri: None,
        scopes: scopes?,
        audiences: vec![Audience::parse(&format!("https://api.example.com/{}", n % 7))?],
        introspects: Vec::new(),
        grant_types: Some(client_type.possible_grants()).filter(|_| n.is_multiple_of(4)),
        method: None,
        service_accounts: Vec::new(),
        keys: None,
        token: TtlRequest { access: Some(Seconds::minutes(10)), ..TtlRequest::default() },
        allowed_groups: Some(vec!["staff".into(), namespace(n).into()]).filter(|_| redirects),
        secret: SecretTemplate::default(),
        existing_secret: None,
        client_id: None,
    })
}

fn change_one(inventory: &mut Inventory) -> Outcome<()> {
    let mut spec = client(4_711)?;
    spec.scopes.push(Scope::parse("orders:write")?);
    let object = Object { generation: 2, ..Object::new(spec) };
    inventory.clients.insert(client_name(4_711), object);
    Ok(())
}
