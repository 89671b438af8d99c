//! What holds for every status: it is one that the API server takes, its times move only with its statuses, and its reasons are known.

use super::*;
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place};
use serde_json::json;

/// Judges a status by the schema's limits: `maxLength`, `maxItems`, `minimum` and `pattern` are walked by hand, since the judge of
/// manifests leaves statuses alone.
fn fits(kind: Kind, status: &Value) -> Result<(), String> {
    fn walk(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let most = |key: &str| schema[key].as_u64().unwrap_or(u64::MAX);
        match value {
            Value::String(text) if text.chars().count() as u64 > most("maxLength") => {
                Err(format!("{at} is too long"))
            }
            Value::Array(items) => {
                if items.len() as u64 > most("maxItems") {
                    return Err(format!("{at} has too many items"));
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(n, item)| walk(&schema["items"], item, &format!("{at}/{n}")))
            }
            Value::Object(fields) => fields.iter().try_for_each(|(field, value)| {
                let inner =
                    schema["properties"].get(field).ok_or(format!("{at}/{field} is not in the schema"))?;
                walk(inner, value, &format!("{at}/{field}"))
            }),
            _ => Ok(()),
        }
    }
    let schema = nauthera_api::crds::schema(kind);
    walk(&schema["properties"]["status"], status, "")
}

#[test]
fn a_monstrous_client_still_has_a_status_that_the_api_server_takes() {
    let mut inventory = world();
    for n in 0..80 {
        let policy = json!({ "allowedScopes": ["openid"], "token": { "accessTokenTTL": "5m" } });
        put(&mut inventory, Kind::AuthPolicy, &format!("auth/{}-{n}", "p".repeat(240)), 1, policy);
    }
    let scopes: Vec<String> = (0..49).map(|n| format!("{}:{n}", "s".repeat(100))).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).chain(["openid"]).collect();
    let long = "x".repeat(40_000);
    let case = Case::of(inventory, client_spec(&scopes));
    for secret in [SecretFact::Written, SecretFact::Refused(&long)] {
        let status = merge(None, case.status(|facts| facts.secret = secret), NOW).unwrap();
        assert_eq!(status.violations.len(), 30);
        assert!(status.violations_total.unwrap() > 30);
        let value = serde_json::to_value(&status).unwrap();
        assert_eq!(fits(Kind::AuthClient, &value), Ok(()));
        assert!(value.to_string().len() < 256 << 10, "{}", value.to_string().len());
    }
}

fn live_nowhere(server: &ObjectRef) -> PolicyLive<'_> {
    PolicyLive { server, revision: None, live: 0, replicas: 1, frozen_by: &[], keeps: false, counted: None }
}

#[test]
fn statuses_of_the_other_kinds_fit_their_schemas_too() {
    let servers: Vec<_> = (0..100).map(|n| name(&format!("auth/s{n}"))).collect();
    let long = "x".repeat(40_000);
    let mut report =
        nauthera_core::report::PolicyReport { enforces: true, accepted: true, ..Default::default() };
    for server in &servers {
        let violators = (0..20).map(|n| name(&format!("shop/c{n}"))).collect();
        let governed =
            nauthera_core::report::Governed { clients: 9, violating: 9, violators, ..Default::default() };
        report.servers.insert(server.clone(), governed);
    }
    let live: Vec<_> = servers.iter().map(live_nowhere).collect();
    let status =
        policy(&PolicyFacts { generation: 1, reading: &[], report: &report, servers: &live, there: None });
    let value = serde_json::to_value(merge(None, status, NOW).unwrap()).unwrap();
    assert_eq!(fits(Kind::AuthPolicy, &value), Ok(()));
    let stores: Vec<_> =
        (0..100).map(|_| StoreLive { server: "s", word: Some(StoreWord::Fault(&long)) }).collect();
    let status = store(&StoreFacts { generation: 1, reading: &[], servers: &stores, there: None, now: NOW });
    let value = serde_json::to_value(merge(None, status, NOW).unwrap()).unwrap();
    assert_eq!(fits(Kind::UserStore, &value), Ok(()));
}

#[test]
fn a_time_moves_only_when_its_status_does() {
    let case = Case::of(world(), client_spec(&["openid"]));
    let first = merge(None, case.status(|facts| facts.live = Live::Unpublished), NOW).unwrap();
    let behind = Live::Behind { serving: 0, ready: 1, first: "p" };
    let later = merge(Some(&first), case.status(|facts| facts.live = behind), UnixTime(NOW.0 + 1)).unwrap();
    let times = |status: &AuthClientStatus| {
        status
            .conditions
            .iter()
            .map(|condition| condition.last_transition_time.0.as_second())
            .collect::<Vec<_>>()
    };
    assert_eq!(times(&later), [NOW.0; 5]);
    assert_eq!(said(&later).last().unwrap(), "Ready=False NotLive");
    let live = merge(Some(&later), case.settled(), UnixTime(NOW.0 + 2)).unwrap();
    assert_eq!(times(&live), [NOW.0, NOW.0, NOW.0, NOW.0 + 2, NOW.0 + 2]);
    assert_eq!(merge(Some(&live), case.settled(), UnixTime(NOW.0 + 3)), None);
}

#[test]
fn a_stall_that_is_over_leaves_no_trace() {
    let mut broken = client_spec(&["openid"]);
    broken["nonsense"] = json!(1);
    let mut case = Case::of(world(), broken);
    let stalled = merge(None, case.settled(), NOW).unwrap();
    assert!(said(&stalled).iter().any(|said| said.starts_with("Stalled=True")));
    case.edited(2, client_spec(&["openid"]));
    let mended = merge(Some(&stalled), case.settled(), NOW).unwrap();
    assert!(said(&mended).iter().all(|said| !said.starts_with("Stalled")));
}

#[test]
fn every_code_of_a_client_gives_conditions_with_known_reasons() {
    let case = Case::of(world(), client_spec(&["openid"]));
    let object = name("shop/web");
    for code in Code::ALL {
        let finding = Finding::new(*code, "x").at(Place::new(Kind::AuthClient, &object, ""), "");
        for verdict in [nauthera_core::report::Verdict::Refused, nauthera_core::report::Verdict::Waiting] {
            let mut report = case.report.clients[&object].clone();
            report.findings = vec![finding.clone()];
            report.verdict = verdict;
            report.row = None;
            let status = case.status(|facts| facts.report = &report);
            for condition in &status.conditions {
                let known = reasons::ALL.iter().any(|(reason, ..)| *reason == condition.reason)
                    || Code::ALL.iter().any(|code| code.reason() == condition.reason);
                assert!(known, "{code}: {}", condition.reason);
            }
            assert!(
                said(&status).iter().any(|said| said.starts_with("Ready=False")),
                "{code}: {:?}",
                said(&status)
            );
        }
    }
}
