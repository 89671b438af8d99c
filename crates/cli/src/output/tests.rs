use super::*;
use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::report::Report;
use std::fmt::Write;
use std::path::Path;

const SERVER: &str = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {namespace: identity, name: main}
spec: {issuerUrl: 'https://id.example.com'}
";

const POLICY: &str = "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {namespace: identity, name: base}
spec:
  clientSelector: {types: [service]}
  allowedGrantTypes: [client_credentials]
  allowedScopes: ['orders:*']
";

fn client(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: auth.nauthera.io/v1alpha1\nkind: AuthClient\nmetadata: {{namespace: shop, name: {name}}}\n\
         spec:\n  authServerRef: {{namespace: identity, name: main}}\n{spec}\n"
    )
}

fn service(name: &str, scopes: &str) -> String {
    client(name, &format!("  type: service\n  scopes: [{scopes}]"))
}

fn read(clients: &str) -> Manifests {
    let texts = [("server.yaml", SERVER), ("policy.yaml", POLICY), ("clients.yaml", clients)];
    Manifests::from_texts(texts.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn summary_of(clients: &str) -> Vec<String> {
    let inventory = read(clients).inventory();
    let report = compile(&inventory).report;
    plain(&summary(Path::new("deploy/auth"), &inventory, &report)).lines().map(str::to_owned).collect()
}

#[test]
fn the_summary_has_a_headline_and_a_line_for_each_client() {
    let device = client("tv", "  type: device\n  scopes: [openid]");
    let clients =
        service("reports", "'orders:read', payroll, audit") + &service("stock", "'orders:read'") + &device;
    let lines = summary_of(&clients);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines,
        [
            format!("nauthera {version} · deploy/auth · 1 server, 1 policy, 3 clients, 0 people").as_str(),
            "  narrowed  shop/reports  service  2 scopes removed",
            "  ok        shop/stock    service  client credentials, tokens 15m (default)",
            "  refused   shop/tv       device   no policy governs client `shop/tv` (NA0101)",
        ]
    );
}

#[test]
fn of_many_clients_those_that_are_not_ok_come_first() {
    let mut clients = String::new();
    for n in 0..100 {
        clients.push_str(&service(
            &format!("c{n:03}"),
            if n == 77 { "payroll, 'orders:x'" } else { "'orders:x'" },
        ));
    }
    let lines = summary_of(&clients);
    assert_eq!(lines.len(), 42);
    assert!(lines[1].starts_with("  narrowed  shop/c077"), "{}", lines[1]);
    assert_eq!(lines[41], "  … and 60 more ok");
}

#[test]
fn many_that_are_not_ok_are_counted_too() {
    let clients = (0..50).fold(String::new(), |mut all, n| {
        write!(all, "{}", service(&format!("c{n:03}"), "payroll")).ok();
        all
    });
    let lines = summary_of(&(clients + &service("z", "'orders:x'")));
    assert_eq!(lines[lines.len() - 2..], ["  … and 10 more not ok", "  … and 1 more ok"]);
}

#[test]
fn what_follows_from_a_fault_is_a_note_of_the_fault() {
    let manifests = read(&client("typo", "  type: service\n  scope: [openid]"));
    let texts = findings(&manifests, &compile(&manifests.inventory()).report, &[]);
    let [text] = &*texts else { panic!("{texts:?}") };
    let text = plain(text);
    assert!(
        text.starts_with("error[NA0005]") && text.contains("= note: it goes on with its last good settings"),
        "{text}"
    );
}

#[test]
fn a_finding_without_a_file_has_no_snippet() {
    let manifests = read("");
    let gone = Place::new(Kind::AuthClient, &ObjectRef::new("shop", "gone"), "/spec/scopes/0");
    let finding =
        Finding::new(Code::NothingToServe, "nothing").at(gone, "here").note("a fact").help("mend it");
    let texts = findings(&manifests, &Report::default(), &[finding.clone(), finding]);
    assert_eq!(
        texts.iter().map(|text| plain(text)).collect::<Vec<_>>(),
        ["error[NA0011]: nothing\n  |\n  = note: a fact\n  = help: mend it"]
    );
}

#[test]
fn findings_come_in_the_order_of_the_files() {
    let clients = service("b", "payroll, 'orders:x'") + &service("a", "payroll, 'orders:x'");
    let manifests = read(&clients);
    let global = Finding::new(Code::NothingToServe, "nothing");
    let texts = findings(&manifests, &compile(&manifests.inventory()).report, &[global]);
    let places: Vec<String> = texts
        .iter()
        .filter_map(|text| plain(text).lines().nth(1).map(|line| line.trim().to_owned()))
        .collect();
    assert_eq!(places, ["--> clients.yaml:8:12", "--> clients.yaml:16:12"]);
    assert!(plain(&texts[2]).starts_with("error[NA0011]"));
}

#[test]
fn an_overlong_line_is_named_and_not_quoted() {
    let scopes = format!("'orders:{}', payroll", "x".repeat(100)) + &" ".repeat(5_000);
    let manifests = read(&service("long", &scopes));
    let texts = findings(&manifests, &compile(&manifests.inventory()).report, &[]);
    let text = plain(&texts[0]);
    assert!(text.contains("--> clients.yaml:8:") && text.len() < 1_000, "{text}");
}

#[test]
fn thousands_of_findings_in_one_file_are_told_quickly() {
    let clients =
        (0..2_000).fold(String::new(), |all, n| all + &service(&format!("c{n}"), "payroll, 'orders:x'"));
    let manifests = read(&clients);
    assert_eq!(findings(&manifests, &compile(&manifests.inventory()).report, &[]).len(), 2_000);
}

/// What people are told, as styled text.
fn findings(manifests: &Manifests, report: &Report, more: &[Finding]) -> Vec<String> {
    let cases = Cases::of(manifests, report.findings().chain(more).cloned());
    cases.iter().map(|case| render(manifests, case)).collect()
}

/// A client of a file, and the policy that decides in the cluster.
fn over_a_cluster() -> (Manifests, Cases) {
    let manifests = Manifests::from_texts(vec![("client.yaml".into(), service("web", "payroll"))]);
    let policy = ObjectRef::new("identity", "base");
    let beyond = Finding::new(Code::ScopeBeyondPolicy, "beyond")
        .at(Place::new(Kind::AuthClient, &ObjectRef::new("shop", "web"), "/spec/scopes/0"), "asked here")
        .decided_by(&policy, "allowedScopes");
    let broken =
        Finding::new(Code::PolicyNotAccepted, "broken").at(Place::new(Kind::AuthPolicy, &policy, ""), "");
    let held = [(ObjectKey::new(Kind::AuthPolicy, policy), vec![broken])].into();
    let cases = Cases::over(&manifests, Some(&held), [beyond]);
    (manifests, cases)
}

#[test]
fn an_object_of_a_cluster_is_named_where_a_file_would_be() {
    let (manifests, cases) = over_a_cluster();
    let texts: Vec<String> = cases.iter().map(|case| plain(&render(&manifests, case))).collect();
    assert!(texts[0].contains("--> client.yaml:8:12"), "{}", texts[0]);
    let there = "::: AuthPolicy identity/base in the cluster, spec.allowedScopes: allowed here";
    assert!(texts[0].contains(there), "{}", texts[0]);
    assert_eq!(texts[1], "error[NA0302]: broken\n --> AuthPolicy identity/base in the cluster");
}

#[test]
fn machines_read_a_place_in_a_cluster_without_a_file() {
    let (manifests, cases) = over_a_cluster();
    let views = serde_json::to_value(json::views(&manifests, &cases)).unwrap();
    assert_eq!(views[0]["places"][0]["file"], "client.yaml");
    assert_eq!(
        (&views[0]["places"][1]["file"], &views[0]["places"][1]["name"]),
        (&().into(), &"base".into())
    );
    let log = sarif::log(&manifests, &cases, Path::new("deploy"));
    let result = &log["runs"][0]["results"][1];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "deploy");
    let xml = junit::document(&manifests, true, &cases, |_| true);
    assert!(xml.contains("<testsuite name=\"cluster\" tests=\"1\" failures=\"1\">"), "{xml}");
    let nothing = junit::document(&Manifests::default(), true, &Cases::default(), |_| true);
    assert!(nothing.contains("<testsuite name=\"cluster\" tests=\"1\" failures=\"0\">"), "{nothing}");
}
