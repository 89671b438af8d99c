use super::*;
use crate::compile::compile;
use crate::grant::{AuthMethod, Consent, Enforcement};
use crate::inventory::{Inventory, Object};
use crate::names::{ClientId, Scope};
use crate::pattern::PatternSet;
use crate::spec::{
    AllowedNamespaces, Branding, ClientSpec, Database, PolicySpec, SecretTemplate, ServerSpec, TtlRequest,
};
use crate::time::Seconds;
use crate::uri::{IssuerUrl, RedirectUri};

fn at(text: &str) -> ObjectRef {
    ObjectRef::parse(text).unwrap()
}

fn web() -> ClientSpec {
    let uri = |text| RedirectUri::parse(text, ClientType::Web).unwrap();
    ClientSpec {
        display_name: None,
        server: at("identity/main"),
        client_type: ClientType::Web,
        redirect_uris: vec![uri("https://shop.example/callback")],
        post_logout_redirect_uris: Vec::new(),
        back_channel_logout_uri: None,
        scopes: ["openid", "email"].map(|scope| Scope::parse(scope).unwrap()).to_vec(),
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

fn world(clients: &[(&str, ClientSpec)], policies: &[(&str, PolicySpec)]) -> Inventory {
    let server = ServerSpec {
        issuer_url: IssuerUrl::parse("https://id.example").unwrap(),
        policy_selector: None,
        allowed_namespaces: AllowedNamespaces::All,
        database: Database::Sqlite,
        user_store: None,
        signing: crate::spec::SigningSettings::default(),
        session: crate::spec::SessionSettings::default(),
        branding: Branding::default(),
        service_account_issuers: Vec::new(),
        tls: false,
    };
    Inventory {
        servers: [(at("identity/main"), Object::new(server))].into(),
        clients: clients.iter().map(|(name, spec)| (at(name), Object::new(spec.clone()))).collect(),
        policies: policies.iter().map(|(name, spec)| (at(name), Object::new(spec.clone()))).collect(),
        ..Inventory::default()
    }
}

fn one(spec: ClientSpec, policy: PolicySpec) -> Inventory {
    world(&[("shop/web", spec)], &[("identity/base", policy)])
}

fn between(old: &Inventory, new: Inventory) -> Vec<Change> {
    let old = compile(old);
    let new = Inventory { published: old.snapshots, ..new };
    plan(&old.report, &compile(&new).report)
}

fn only(old: &Inventory, new: Inventory) -> Change {
    let mut changes = between(old, new);
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes.remove(0)
}

fn custom(id: &str) -> ClientSpec {
    ClientSpec { client_id: Some(ClientId::parse(id).unwrap()), ..web() }
}

fn access(text: &str) -> PolicySpec {
    let mut policy = PolicySpec::default();
    policy.token.access = Some(Seconds::parse(text).unwrap());
    policy
}

#[test]
fn another_place_to_tell_of_a_logout_is_shown_and_neither_widens_nor_narrows() {
    let told = ClientSpec {
        back_channel_logout_uri: crate::uri::BackChannelUri::parse("https://shop.example/logout").ok(),
        ..web()
    };
    let served = |client: ClientSpec| {
        let policy = PolicySpec { consent: Some(Consent::Trusted), ..PolicySpec::default() };
        compile(&world(&[("shop/web", client)], &[("identity/base", policy)])).report.clients[&at("shop/web")]
            .clone()
    };
    let changes = fields::changed(&served(web()), &served(told));
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((change.name, change.widens, change.narrows), ("backChannelLogoutUri", false, false));
    let shown = What::Value { before: "none".into(), after: "https://shop.example/logout".into() };
    assert_eq!(change.what, shown);
}

#[test]
fn equal_states_have_no_changes() {
    let state = one(web(), access("15m"));
    assert_eq!(between(&state, state.clone()), []);
}

#[test]
fn a_raised_ceiling_widens_and_names_the_policy() {
    let change = only(&one(web(), access("15m")), one(web(), access("1h")));
    let [field] = &*change.fields else { panic!("{change:?}") };
    assert_eq!(field.name, "token.accessTokenTTL");
    assert_eq!(field.what, What::Value { before: "15m".into(), after: "1h".into() });
    assert!(field.widens && !field.narrows && change.widens() && !change.narrows() && !change.refuses());
    let Some(Source::Policy { policies, field }) = &field.source else { panic!("{field:?}") };
    assert_eq!((policies[0].policy.to_string().as_str(), *field), ("identity/base", "token.accessTokenTTL"));
}

#[test]
fn a_lowered_ceiling_narrows() {
    let change = only(&one(web(), access("1h")), one(web(), access("15m")));
    assert!(change.narrows() && !change.widens());
}

#[test]
fn a_scope_that_policy_takes_is_removed_and_a_new_violation() {
    let strict = PolicySpec { allowed_scopes: Some(PatternSet::parse(["openid"])), ..Default::default() };
    let change = only(&one(web(), PolicySpec::default()), one(web(), strict));
    assert_eq!(change.fields[0].what, What::Items { added: Vec::new(), removed: vec!["email".into()] });
    assert_eq!(change.new_findings.len(), 1);
    assert_eq!((change.before, change.after), (Some(Verdict::Compliant), Some(Verdict::Narrowed)));
    assert!(change.narrows() && !change.widens());
}

#[test]
fn the_way_back_widens_and_the_violation_is_gone() {
    let strict = PolicySpec { allowed_scopes: Some(PatternSet::parse(["openid"])), ..Default::default() };
    let change = only(&one(web(), strict), one(web(), PolicySpec::default()));
    assert!(change.widens() && !change.narrows() && change.gone_findings.len() == 1);
}

#[test]
fn asking_beyond_policy_counts_as_narrowed_though_settings_stay() {
    let mut greedy = web();
    greedy.scopes.push(Scope::parse("payroll:admin").unwrap());
    let change = only(&one(web(), access("15m")), one(greedy, access("15m")));
    assert!(change.fields.is_empty() && change.narrows() && !change.widens());
}

#[test]
fn the_last_policy_gone_refuses_the_client() {
    let change = only(&one(web(), access("15m")), world(&[("shop/web", web())], &[]));
    assert_eq!(change.fate, Fate::Refused);
    assert!(change.refuses() && !change.narrows() && change.new_findings.len() == 1);
}

#[test]
fn the_first_policy_admits_it_which_is_a_widening() {
    let change = only(&world(&[("shop/web", web())], &[]), one(web(), access("15m")));
    assert_eq!(change.fate, Fate::Admitted);
    assert!(change.widens() && !change.refuses());
}

#[test]
fn new_and_removed_clients_are_named_in_order() {
    let policy = [("identity/base", access("15m"))];
    let old = world(&[("shop/a", web()), ("shop/c", web())], &policy);
    let new = world(&[("shop/b", web()), ("shop/c", web())], &policy);
    let fates: Vec<_> = between(&old, new).into_iter().map(|c| (c.client.to_string(), c.fate)).collect();
    assert_eq!(fates, [("shop/a".into(), Fate::Removed), ("shop/b".into(), Fate::Added)]);
}

#[test]
fn a_new_client_that_is_refused_counts_as_refused() {
    let policy = [("identity/base", access("15m"))];
    let change = only(&world(&[], &policy), world(&[("shop/web", custom("mine"))], &policy));
    assert!(change.refuses() && change.fate == Fate::Added);
}

#[test]
fn requirements_widen_when_they_fall() {
    let strict =
        PolicySpec { enforce_pkce: Some(true), consent: Some(Consent::Required), ..Default::default() };
    let loose =
        PolicySpec { enforce_pkce: Some(false), consent: Some(Consent::Trusted), ..Default::default() };
    let change = only(&one(web(), strict), one(web(), loose));
    let names: Vec<_> = change.fields.iter().map(|field| (field.name, field.widens, field.narrows)).collect();
    assert_eq!(names, [("pkce", true, false), ("consent", true, false)]);
}

#[test]
fn another_method_stops_one_way_in_and_opens_another() {
    let mut post = web();
    post.method = Some(AuthMethod::ClientSecretPost);
    let change = only(&one(web(), access("15m")), one(post, access("15m")));
    assert!(change.narrows() && change.widens());
    assert_eq!(change.fields[0].name, "authentication.method");
}

#[test]
fn group_lists_are_compared_by_who_passes() {
    let groups = |lists: &[&str]| ClientSpec {
        allowed_groups: Some(lists.iter().map(|group| (*group).into()).collect()),
        ..web()
    };
    let more =
        only(&one(groups(&["staff"]), access("15m")), one(groups(&["staff", "guests"]), access("15m")));
    assert!(more.widens() && !more.narrows());
    let fewer = only(&one(web(), access("15m")), one(groups(&["staff"]), access("15m")));
    assert!(fewer.narrows() && !fewer.widens());
}

#[test]
fn a_new_display_name_neither_widens_nor_narrows() {
    let named = ClientSpec { display_name: Some("Shop".into()), ..web() };
    let change = only(&one(web(), access("15m")), one(named, access("15m")));
    assert!(!change.widens() && !change.narrows() && change.fields[0].name == "displayName");
}

#[test]
fn a_policy_in_audit_shows_what_it_would_do_and_changes_nothing() {
    let audit = PolicySpec {
        enforcement: Some(Enforcement::Audit),
        allowed_scopes: Some(PatternSet::parse(["openid"])),
        ..Default::default()
    };
    let old = one(web(), access("15m"));
    let new = world(&[("shop/web", web())], &[("identity/audit", audit), ("identity/base", access("15m"))]);
    let change = only(&old, new);
    assert!(change.fields.is_empty() && change.new_findings.len() == 1);
    assert!(!change.narrows() && !change.widens() && !change.refuses());
}

#[test]
fn a_frozen_server_changes_nothing_for_the_clients_it_has() {
    let clients = [("shop/web", web()), ("shop/refused", custom("mine"))];
    let policies = [("identity/base", access("15m"))];
    let mut frozen = world(&clients, &policies);
    frozen
        .policies
        .insert(at("identity/broken"), Object { spec: None, ..Object::new(PolicySpec::default()) });
    assert_eq!(between(&world(&clients, &policies), frozen), []);
}
