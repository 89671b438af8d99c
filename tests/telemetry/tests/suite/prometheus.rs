//! A real Prometheus: it scrapes a server in the format that it asks for, loads the rules, and answers every query of the dashboard.

use crate::monitoring::{alerts, queries};
use crate::parts::{Kept, Server, agent, free_port, prometheus, root, until};
use serde_json::Value;
use std::fs::write;
use std::process::Command;

struct Prometheus {
    _process: Kept,
    address: String,
}

impl Prometheus {
    fn scraping(server: &Server) -> Self {
        let rules = root().join("deploy/monitoring/nauthera.rules.yaml").canonicalize().unwrap();
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{}']\n\
             scrape_configs: [{{job_name: nauthera, static_configs: [{{targets: ['{}']}}]}}]\n",
            rules.display(),
            server.admin_address()
        );
        write(server.at("prometheus.yaml"), configuration).unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(prometheus());
        command.arg(format!("--config.file={}", server.at("prometheus.yaml").display()));
        command.arg(format!("--storage.tsdb.path={}", server.at("prometheus").display()));
        command.arg(format!("--web.listen-address={address}"));
        Self { _process: Kept::start(&command), address }
    }

    /// Asks its API; `None` while it does not answer.
    fn ask(&self, path: &str) -> Option<Value> {
        let mut response = agent().get(format!("http://{}{path}", self.address)).call().ok()?;
        serde_json::from_str(&response.body_mut().read_to_string().ok()?).ok()
    }

    /// The result of a query.
    fn query(&self, expression: &str) -> Value {
        let encoded: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let answer = self.ask(&format!("/api/v1/query?query={encoded}")).unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"]["result"].clone()
    }
}

#[test]
fn a_prometheus_scrapes_a_server_loads_the_rules_and_answers_the_dashboard() {
    let server = Server::start(&[]);
    server.log_in();
    server.token(&[]).ok();
    let prometheus = Prometheus::scraping(&server);
    let target = until("a scrape", || {
        let targets = prometheus.ask("/api/v1/targets")?;
        let target = targets["data"]["activeTargets"][0].clone();
        (target["health"] == "up" && target["lastScrape"] != "").then_some(target)
    });
    assert_eq!(target["lastError"], "", "{target}");
    // Two scrapes make a rate.
    let twice = "count_over_time(nauthera_build_info[1m]) >= 3";
    until("some scrapes", || {
        prometheus.query(twice).as_array().is_some_and(|all| !all.is_empty()).then_some(())
    });
    for expression in queries() {
        let result = prometheus.query(&expression);
        // What is only there when something is wrong is asked for with `> 0`.
        let filtered = expression.ends_with("> 0") || expression.contains("state=\"idle\"");
        assert!(filtered || !result.as_array().unwrap().is_empty(), "nothing to show for {expression}");
    }
    let rules = until("the rules have been judged", || {
        let rules = prometheus.ask("/api/v1/rules")?["data"]["groups"][0]["rules"].as_array()?.clone();
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    });
    assert_eq!(rules.len(), alerts().len());
    for rule in rules {
        assert_eq!((&rule["health"], &rule["state"]), (&"ok".into(), &"inactive".into()), "{rule}");
    }
}
