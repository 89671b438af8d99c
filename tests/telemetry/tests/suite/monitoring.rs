//! Alert rules and dashboard: good by promtool, proved by unit tests, and naming only what a running server exports.

use crate::parts::{Server, promtool, root, run, until};
use nauthera_test_telemetry::page::{Labels, Page};
use nauthera_test_telemetry::promql::{Selector, named};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{read_to_string, write};
use std::process::Command;

/// Alerts over servers, and over operators. What names an operator exports is judged in tests/kubernetes, where one runs.
const RULES: [&str; 2] =
    ["deploy/monitoring/nauthera.rules.yaml", "deploy/monitoring/nauthera-operator.rules.yaml"];

/// Where it is proved when they fire.
fn proofs(rules: &str) -> String {
    rules.replace(".rules.yaml", ".rules.test.yaml")
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read_to_string(root().join(path)).unwrap()).unwrap()
}

/// Alerts over servers, with their expressions.
pub fn alerts() -> Vec<(String, String)> {
    let [servers, _] = RULES;
    alerts_of(servers)
}

fn alerts_of(file: &str) -> Vec<(String, String)> {
    let rules = yaml(file);
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules
        .map(|rule| (rule["alert"].as_str().unwrap().into(), rule["expr"].as_str().unwrap().into()))
        .collect()
}

/// Expressions of the dashboard, each as Grafana asks it for all jobs and instances.
pub fn queries() -> Vec<String> {
    fn collect(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(expression)) = members.get("expr") {
                    let asked = expression.replace("$__rate_interval", "1m");
                    all.push(asked.replace("$job", ".*").replace("$instance", ".*"));
                }
                members.values().for_each(|value| collect(value, all));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, all)),
            _ => {}
        }
    }
    let dashboard: Value = serde_json::from_str(
        &read_to_string(root().join("deploy/monitoring/nauthera-dashboard.json")).unwrap(),
    )
    .unwrap();
    let mut all = Vec::new();
    collect(&dashboard, &mut all);
    assert!(all.len() > 40 && all.iter().all(|query| !query.contains('$')), "{all:#?}");
    all
}

#[test]
fn promtool_takes_the_rules_and_their_proofs() {
    for file in RULES {
        run(Command::new(promtool()).args(["check", "rules"]).arg(root().join(file)));
        run(Command::new(promtool()).args(["test", "rules"]).arg(root().join(proofs(file))));
    }
}

#[test]
fn every_alert_is_proved_to_fire_and_to_keep_still() {
    for file in RULES {
        let proofs = read_to_string(root().join(proofs(file))).unwrap();
        let quiet = proofs.split("  - name: ").nth(1).unwrap();
        for (alert, expression) in alerts_of(file) {
            let fires = format!("ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"");
            assert!(proofs.matches(&fires).count() >= 2, "no test in which {alert} fires");
            for selector in named(&expression).selectors {
                assert!(quiet.contains(&selector.name), "{alert}: what is at work has no {}", selector.name);
            }
        }
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let files = RULES.map(yaml);
    for rule in files.iter().flat_map(|rules| rules["groups"][0]["rules"].as_array().unwrap()) {
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&severity), "{rule}");
        for text in ["summary", "description", "runbook"] {
            assert!(
                rule["annotations"][text].as_str().is_some_and(|text| text.len() > 10),
                "{text} of {rule}"
            );
        }
    }
}

/// The one metric that these servers do not have: their ports are without TLS. The server's own tests hold it.
const OF_TLS: &str = "nauthera_tls_certificate_not_after_timestamp_seconds";

/// A page after some traffic.
fn page_of(server: &Server) -> String {
    server.log_in();
    server.token(&[]).ok();
    server.admin("GET", "/metrics", "").text
}

#[test]
fn a_live_page_passes_the_lint_and_has_what_the_book_says() {
    let server = Server::start(&[]);
    let text = page_of(&server);
    write(server.at("page.txt"), &text).unwrap();
    let file = std::fs::File::open(server.at("page.txt")).unwrap();
    assert_eq!(run(Command::new(promtool()).args(["check", "metrics"]).stdin(file)), "");
    let book = read_to_string(root().join("docs/metrics.md")).unwrap();
    // The server's; the operator's stand after them.
    let servers = book.split_once("\n## The operator's").map_or(&*book, |(servers, _)| servers);
    let rows = servers.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows =
        rows.filter(|(_, rest)| ["counter", "gauge", "histogram"].iter().any(|kind| rest.starts_with(kind)));
    let mut described: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
    assert!(described.remove(OF_TLS));
    let page = Page::read(&text);
    let exported: BTreeSet<&str> = page.types.keys().map(String::as_str).collect();
    assert_eq!(described, exported);
}

#[test]
fn rules_and_dashboard_name_only_what_a_server_exports() {
    let server = Server::start(&[]);
    let mut page = Page::read(&page_of(&server));
    assert!(page.samples.insert(OF_TLS.to_owned(), Labels::new()).is_none());
    let known: BTreeSet<&str> = page
        .samples
        .values()
        .flat_map(|labels| labels.keys())
        .map(String::as_str)
        .chain(["job", "instance"])
        .collect();
    let all = alerts().into_iter().map(|(_, expression)| expression).chain(queries());
    for expression in all {
        let named = named(&expression);
        assert!(!named.selectors.is_empty(), "{expression}");
        for selector in &named.selectors {
            let labels = page.samples.get(&selector.name);
            let labels = labels.unwrap_or_else(|| panic!("{} is not exported: {expression}", selector.name));
            matches(selector, labels, &expression);
        }
        for label in named.labels {
            assert!(known.contains(label.as_str()), "nothing has the label {label}: {expression}");
        }
    }
}

/// A matcher names a label that the metric has, and values that it can have.
fn matches(selector: &Selector, labels: &Labels, expression: &str) {
    let given = selector.matchers.iter().filter(|(label, ..)| !["job", "instance"].contains(&label.as_str()));
    for (label, operator, value) in given {
        let values = labels
            .get(label)
            .unwrap_or_else(|| panic!("{} has no label {label}: {expression}", selector.name));
        let one = ["=", "!="].contains(&operator.as_str());
        let words: Vec<&str> = if one { vec![value] } else { value.split('|').collect() };
        for word in words {
            assert!(values.contains(word), "{label} of {} is never {word}: {expression}", selector.name);
        }
    }
}

#[test]
fn a_snapshot_that_is_refused_shows_until_a_good_one_comes() {
    let server = Server::start(&[]);
    let good = read_to_string(server.at("snapshot.json")).unwrap();
    let stale =
        |server: &Server| Page::value(&server.admin("GET", "/metrics", "").text, "nauthera_snapshot_stale");
    assert_eq!(stale(&server), Some(0.0));
    write(server.at("next.json"), "{}").unwrap();
    std::fs::rename(server.at("next.json"), server.at("snapshot.json")).unwrap();
    until("it is refused", || (stale(&server) == Some(1.0)).then_some(()));
    server.token(&[]).ok();
    let audit = until("the audit says so", || {
        read_to_string(server.at("audit.jsonl"))
            .ok()
            .filter(|text| text.contains("\"event\":\"snapshot_refused\""))
    });
    assert!(!audit.contains("client_secret_changed"), "{audit}");
    let changed = good.replacen("\"displayName\":\"Storefront\"", "\"displayName\":\"Another front\"", 1);
    assert_ne!(changed, good);
    write(server.at("next.json"), changed).unwrap();
    std::fs::rename(server.at("next.json"), server.at("snapshot.json")).unwrap();
    until("the next one is served", || (stale(&server) == Some(0.0)).then_some(()));
}
