//! AuthServers and UserStores: who may attach, who keeps an issuer, who the people are.

use crate::world::{Told, World, governed, issuer, label, object, users};
use nauthera_core::codes::Code;
use nauthera_core::report::Verdict;
use nauthera_core::spec::{AllowedNamespaces, IssuerKeys, IssuerNamespaces, ServiceAccountIssuer};

fn server_codes(told: &Told, server: &str) -> Vec<Code> {
    told.server(server).findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_client_waits_for_a_server_that_is_not_there() {
    let told = governed().web("shop/web", |c| c.server = object("identity/later")).tell();
    assert_eq!(
        (told.verdict("shop/web"), told.reason("shop/web")),
        (Verdict::Waiting, Some(Code::ServerNotFound))
    );
    assert!(told.client("shop/web").findings[0].message.ends_with("is not there"));
    assert!(!told.0.report.servers.contains_key(&object("identity/later")));
}

#[test]
fn a_client_of_another_namespace_is_turned_away_where_only_the_same_may_attach() {
    let told = governed()
        .server("identity/main", |s| s.allowed_namespaces = AllowedNamespaces::Same)
        .web("shop/web", |_| {})
        .web("identity/console", |_| {})
        .tell();
    assert_eq!(
        (told.verdict("shop/web"), told.reason("shop/web")),
        (Verdict::Refused, Some(Code::NamespaceNotAllowed))
    );
    assert!(told.is_served("identity/console"));
}

#[test]
fn namespaces_may_attach_by_label_and_unknown_ones_may_not() {
    let world = || governed().web("shop/web", |_| {}).web("pay/web", |_| {}).web("lab/web", |_| {});
    let by = |selector| {
        world().server("identity/main", |s| s.allowed_namespaces = AllowedNamespaces::Selector(selector))
    };
    let told = by(label("team", "shop")).tell();
    assert_eq!(
        (told.is_served("shop/web"), told.is_served("pay/web"), told.is_served("lab/web")),
        (true, false, false)
    );
    let told = by(Default::default()).tell();
    assert_eq!(
        (told.is_served("shop/web"), told.is_served("pay/web"), told.is_served("lab/web")),
        (true, true, false)
    );
    assert_eq!(server_codes(&told, "identity/main"), [Code::NamespaceUnknown]);
}

#[test]
fn of_two_servers_with_one_issuer_the_first_by_name_is_served() {
    let world = governed()
        .server("identity/spare", |s| s.issuer_url = issuer("https://main.example.com"))
        .web("shop/web", |_| {})
        .web("shop/other", |c| c.server = object("identity/spare"));
    let told = world.tell();
    assert_eq!(server_codes(&told, "identity/spare"), [Code::DuplicateIssuer]);
    assert!(!told.server("identity/spare").served && told.server("identity/main").served);
    assert_eq!(told.reason("shop/other"), Some(Code::ServerNotFound));
    assert!(told.client("shop/other").findings[0].message.ends_with("is not served"));
}

#[test]
fn the_server_that_has_published_keeps_the_issuer() {
    let world = World::new()
        .server("identity/main", |s| s.issuer_url = issuer("https://login.example.com"))
        .publish()
        .server("identity/a-new", |s| s.issuer_url = issuer("https://login.example.com"));
    let told = world.tell();
    assert!(told.server("identity/main").served && !told.server("identity/a-new").served);
}

#[test]
fn a_broken_server_keeps_the_issuer_that_it_published() {
    let world = World::new()
        .publish()
        .break_server("identity/main")
        .server("identity/a-new", |s| s.issuer_url = issuer("https://main.example.com"));
    assert_eq!(server_codes(&world.tell(), "identity/a-new"), [Code::DuplicateIssuer]);
}

#[test]
fn a_server_whose_publication_cannot_be_read_keeps_its_issuer() {
    let mut world =
        World::new().server("identity/a-new", |s| s.issuer_url = issuer("https://main.example.com"));
    world.0.unread.insert(object("identity/main"));
    let told = world.tell();
    assert!(told.server("identity/main").served && !told.server("identity/a-new").served);
}

#[test]
fn a_broken_server_serves_what_it_last_published_and_nothing_new() {
    let world = governed()
        .server("identity/main", |s| s.allowed_namespaces = AllowedNamespaces::Same)
        .web("identity/console", |_| {})
        .publish()
        .break_server("identity/main")
        .web("shop/web", |_| {});
    let told = world.tell();
    assert_eq!(server_codes(&told, "identity/main"), [Code::ServerNotAccepted]);
    assert_eq!(
        (told.verdict("identity/console"), told.verdict("shop/web")),
        (Verdict::Frozen, Verdict::Waiting)
    );
    assert_eq!(told.snapshot("identity/main"), &*world.0.published[&object("identity/main")]);
}

#[test]
fn a_broken_server_that_never_published_serves_nothing() {
    let told = governed().break_server("identity/main").web("shop/web", |_| {}).tell();
    assert!(told.0.snapshots.is_empty() && !told.server("identity/main").served);
    assert_eq!(told.reason("shop/web"), Some(Code::ServerNotFound));
}

#[test]
fn the_people_are_those_of_the_user_store() {
    let world = World::new()
        .server("identity/main", |s| s.user_store = Some(object("identity/people")))
        .store("identity/people", &["ada"]);
    let told = world.tell();
    assert_eq!(told.snapshot("identity/main").head.users.as_ref().unwrap().spec, users(&["ada"]));
    assert!(server_codes(&told, "identity/main").is_empty());
}

#[test]
fn without_the_user_store_the_server_runs_and_nobody_can_log_in() {
    let told =
        World::new().server("identity/main", |s| s.user_store = Some(object("identity/people"))).tell();
    assert_eq!(server_codes(&told, "identity/main"), [Code::UserStoreNotFound]);
    assert_eq!(told.snapshot("identity/main").head.users, None);
}

#[test]
fn a_user_store_of_another_namespace_is_not_used() {
    let world = World::new()
        .server("identity/main", |s| s.user_store = Some(object("shop/people")))
        .store("shop/people", &["ada"]);
    let told = world.tell();
    assert_eq!(server_codes(&told, "identity/main"), [Code::UserStoreElsewhere]);
    assert_eq!(told.snapshot("identity/main").head.users, None);
}

#[test]
fn a_user_store_that_is_not_accepted_keeps_the_last_people() {
    let world = World::new()
        .server("identity/main", |s| s.user_store = Some(object("identity/people")))
        .store("identity/people", &["ada"])
        .publish()
        .break_store("identity/people");
    let told = world.tell();
    assert_eq!(told.snapshot("identity/main").head.users.as_ref().unwrap().spec, users(&["ada"]));
    let report = &told.0.report.stores[&object("identity/people")];
    assert_eq!((report.accepted, report.findings[0].code), (false, Code::UserStoreNotAccepted));
}

#[test]
fn the_people_of_another_store_are_not_kept() {
    let world = World::new()
        .server("identity/main", |s| s.user_store = Some(object("identity/people")))
        .store("identity/people", &["ada"])
        .publish()
        .server("identity/main", |s| s.user_store = Some(object("identity/others")))
        .break_store("identity/others");
    assert_eq!(world.tell().snapshot("identity/main").head.users, None);
}

#[test]
fn a_client_that_lacks_something_only_its_carrier_sees_waits() {
    let mut world = governed().web("shop/web", |c| c.existing_secret = Some("mine".into()));
    let missing =
        nauthera_core::finding::Finding::new(Code::SecretMissing, "Secret `shop/mine` is not there");
    world.0.unready.insert(object("shop/web"), missing);
    let told = world.tell();
    assert_eq!(
        (told.verdict("shop/web"), told.reason("shop/web")),
        (Verdict::Waiting, Some(Code::SecretMissing))
    );
    assert!(!told.is_served("shop/web"));
}

fn cluster(issuer: &str, namespaces: IssuerNamespaces) -> ServiceAccountIssuer {
    ServiceAccountIssuer { issuer: issuer.into(), keys: IssuerKeys::Discovery, ca: None, namespaces }
}

#[test]
fn a_server_takes_service_accounts_of_its_cluster_and_of_those_that_its_manifest_names() {
    let own = cluster("https://kubernetes.default.svc", IssuerNamespaces::All);
    let other = cluster("https://other.example", IssuerNamespaces::Listed(["shop".into()].into()));
    let mut world = governed().server("identity/main", |s| s.service_account_issuers = vec![other.clone()]);
    let taken = |world: &World| world.tell().snapshot("identity/main").head.service_accounts.clone();
    assert_eq!(taken(&world), [], "where there is no cluster there are no ServiceAccounts");
    world.0.cluster = Some(own.clone());
    assert_eq!(taken(&world), [own, other]);
}

#[test]
fn a_manifest_cannot_say_otherwise_of_its_own_cluster() {
    let own = cluster("https://kubernetes.default.svc", IssuerNamespaces::All);
    let listed = IssuerNamespaces::Listed(["shop".into()].into());
    let same = ServiceAccountIssuer { namespaces: listed, ..own.clone() };
    let mut world = governed().server("identity/main", |s| s.service_account_issuers = vec![same]);
    world.0.cluster = Some(own.clone());
    let told = world.tell();
    assert_eq!(told.snapshot("identity/main").head.service_accounts, [own]);
    assert_eq!(server_codes(&told, "identity/main"), [Code::OwnClusterNamed]);
}
