//! Statuses of AuthClients.

use super::*;
use nauthera_core::report::Verdict;
use serde_json::json;

#[test]
fn a_client_that_is_served_as_it_asks() {
    let mut case = Case::of(world(), client_spec(&["openid"]));
    let status = case.settled();
    assert_eq!(
        said(&status),
        [
            "Accepted=True Accepted",
            "ResolvedRefs=True ResolvedRefs",
            "Compliant=True Compliant",
            "Programmed=True Programmed",
            "Ready=True Ready",
        ]
    );
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::Current);
    let written = merge(None, status, NOW).unwrap();
    insta::assert_json_snapshot!(written);
    // Nothing is written twice.
    assert_eq!(merge(Some(&written), case.settled(), UnixTime(NOW.0 + 9)), None);
    case.edited(2, client_spec(&["openid", "email"]));
    assert_eq!(judged_by_kstatus(&written, 2), Kstatus::InProgress);
}

#[test]
fn a_narrowed_client_is_ready_and_not_compliant() {
    let case = Case::of(world(), client_spec(&["openid", "orders:read"]));
    let status = case.settled();
    assert_eq!(status.violations_total, Some(1));
    assert!(said(&status).contains(&"Compliant=False Narrowed".into()));
    assert!(said(&status).contains(&"Ready=True Narrowed".into()));
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::Current);
    insta::assert_json_snapshot!(status.violations);
}

#[test]
fn a_client_that_is_refused_says_by_what() {
    let status = Case::of(world(), client_spec(&["orders:read"])).settled();
    assert_eq!(
        said(&status),
        [
            "Accepted=True Accepted",
            "ResolvedRefs=True ResolvedRefs",
            "Compliant=False NothingLeft",
            "Programmed=False Refused",
            "Ready=False NothingLeft",
        ]
    );
    assert_eq!((status.client_id, status.client_secret_ref, status.binding), (None, None, None));
}

#[test]
fn a_client_without_policy_waits_for_one_and_is_told_which_were_considered() {
    let mut inventory = world();
    let selective = json!({ "clientSelector": { "namespaces": ["desk"] } });
    put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 1, selective);
    let status = Case::of(inventory, client_spec(&["openid"])).settled();
    assert!(said(&status).contains(&"Ready=False NoPolicy".into()));
    assert!(message(&status, "Ready").contains("auth/baseline"), "{}", message(&status, "Ready"));
    // Another policy may come: that is no failure yet.
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::InProgress);
}

#[test]
fn only_what_an_edit_alone_can_mend_is_stalled() {
    let mut strict = world();
    let methods = json!({ "clientAuthentication": { "allowedMethods": ["private_key_jwt"] } });
    put(&mut strict, Kind::AuthPolicy, "auth/strict", 1, methods);
    let mut basic = client_spec(&["openid"]);
    basic["authentication"] = json!({ "method": "client_secret_basic" });
    let status = Case::of(strict, basic).settled();
    assert!(said(&status).contains(&"Stalled=True MethodNotAllowed".into()), "{:?}", said(&status));
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::Failed);

    let mut unknown = client_spec(&["openid"]);
    unknown["requireSomething"] = json!(true);
    let status = Case::of(world(), unknown).settled();
    assert!(said(&status).contains(&"Accepted=False UnknownField".into()));
    assert!(said(&status).contains(&"Stalled=True UnknownField".into()));
    assert!(message(&status, "Accepted").starts_with("NA0005 spec.requireSomething: "));
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::Failed);
}

#[test]
fn a_client_without_its_server_waits() {
    let mut inventory = world();
    inventory.servers.clear();
    let case = Case::of(inventory, client_spec(&["openid"]));
    let status = case.settled();
    assert_eq!(
        said(&status),
        [
            "Accepted=True Accepted",
            "ResolvedRefs=False ServerNotFound",
            "Compliant=Unknown NotJudged",
            "Programmed=False Waiting",
            "Ready=False ServerNotFound",
        ]
    );
    assert_eq!(judged_by_kstatus(&status, 1), Kstatus::InProgress);
    // Nobody knows whether it is there, and platform is told what to change.
    let hidden = case.status(|facts| facts.out_of_reach = true);
    assert_eq!(said(&hidden)[4], "Ready=False OutOfReach");
    assert!(message(&hidden, "Ready").contains("platform adds auth to its namespaces"), "{hidden:?}");
}

#[test]
fn a_client_is_ready_only_when_it_is_live_and_its_secret_is_there() {
    let case = Case::of(world(), client_spec(&["openid"]));
    let ready = |status: &AuthClientStatus| said(status).last().unwrap().clone();
    let behind = Live::Behind { serving: 2, ready: 3, first: "nauthera-main-x" };
    for (live, reason) in
        [(Live::Unpublished, "NotPublished"), (Live::NoReplica, "NoReplica"), (behind, "NotLive")]
    {
        let status = case.status(|facts| facts.live = live);
        assert_eq!(ready(&status), format!("Ready=False {reason}"));
    }
    let status = case.status(|facts| facts.live = behind);
    assert_eq!(
        message(&status, "Programmed"),
        "2 of 3 replicas serve its change; nauthera-main-x does not yet"
    );
    for (secret, reason) in [
        (SecretFact::Pending, "SecretPending"),
        (SecretFact::Taken("controlled by AuthClient shop/other"), "SecretConflict"),
        (SecretFact::Refused("exceeded quota"), "SecretRefused"),
    ] {
        let status = case.status(|facts| facts.secret = secret);
        assert_eq!(ready(&status), format!("Ready=False {reason}"));
        assert_eq!((&status.client_secret_ref, &status.binding), (&None, &None));
        assert_eq!(judged_by_kstatus(&status, 1), Kstatus::InProgress);
    }
}

#[test]
fn a_client_that_brings_its_secret_names_it_and_binds_the_other() {
    let mut spec = client_spec(&["openid"]);
    spec["existingSecretRef"] = json!({ "name": "mine" });
    let status = Case::of(world(), spec).settled();
    assert_eq!(status.client_secret_ref.unwrap().name, "mine");
    assert_eq!(status.binding.unwrap().name, "web-client-secret");
}

#[test]
fn a_frozen_server_is_no_news_about_a_client_that_was_not_edited() {
    let mut case = Case::of(world(), client_spec(&["openid"]));
    let before = merge(None, case.settled(), NOW).unwrap();
    put(&mut case.inventory, Kind::AuthPolicy, "auth/baseline", 2, json!({ "unknown": 1 }));
    case.report = publish(&mut case.inventory).report;
    assert_eq!(case.report.clients[&name("shop/web")].verdict, Verdict::Frozen);
    let frozen = case.status(|facts| facts.there = Some(&before));
    assert_eq!(merge(Some(&before), frozen, UnixTime(NOW.0 + 60)), None);
    // One that is edited meanwhile is not what is served.
    case.edited(2, client_spec(&["openid", "email"]));
    let status = case.status(|facts| facts.there = Some(&before));
    assert!(said(&status).contains(&"Programmed=False ServerFrozen".into()), "{:?}", said(&status));
    assert!(said(&status).contains(&"Ready=False ServerFrozen".into()));
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::InProgress);
}

#[test]
fn what_was_on_its_way_when_the_server_froze_still_arrives() {
    let mut case = Case::of(world(), client_spec(&["openid", "orders:read"]));
    let behind = Live::Behind { serving: 0, ready: 1, first: "p" };
    let before = merge(None, case.status(|facts| facts.live = behind), NOW).unwrap();
    put(&mut case.inventory, Kind::AuthPolicy, "auth/baseline", 2, json!({ "unknown": 1 }));
    case.report = publish(&mut case.inventory).report;
    let still = case.status(|facts| (facts.there, facts.live) = (Some(&before), behind));
    assert_eq!(merge(Some(&before), still, NOW), None);
    let arrived = merge(Some(&before), case.status(|facts| facts.there = Some(&before)), NOW).unwrap();
    assert_eq!(said(&arrived)[3..], ["Programmed=True Programmed", "Ready=True Narrowed"]);
    assert_eq!(arrived.violations, before.violations);
}

#[test]
fn a_new_client_of_a_frozen_server_waits_and_says_for_what() {
    let mut inventory = world();
    publish(&mut inventory);
    put(&mut inventory, Kind::AuthPolicy, "auth/baseline", 2, json!({ "unknown": 1 }));
    let case = Case::of(inventory, client_spec(&["openid"]));
    let status = case.settled();
    assert_eq!(said(&status)[3..], ["Programmed=False ClientWaiting", "Ready=False ClientWaiting"]);
    let mut object = crate::world::object(Kind::AuthClient, "shop/web", 1, client_spec(&["openid"]));
    object["status"] = serde_json::to_value(&status).unwrap();
    let explained = reading::explained(&object).unwrap();
    assert_eq!((explained.verdict, explained.reason.map(|code| code.as_str())), ("waiting", Some("NA0108")));
}

#[test]
fn a_client_whose_manifest_breaks_goes_on_and_says_so() {
    let mut case = Case::of(world(), client_spec(&["openid"]));
    let mut broken = client_spec(&["openid"]);
    broken["scopes"] = json!("openid");
    case.edited(2, broken);
    let status = case.settled();
    assert_eq!(status.client_id.as_deref(), Some("shop.web"));
    assert!(said(&status).contains(&"Accepted=False WrongType".into()), "{:?}", said(&status));
    assert!(said(&status).contains(&"Programmed=False ClientNotAccepted".into()));
    assert_eq!(judged_by_kstatus(&status, 2), Kstatus::Failed);
}

#[test]
fn the_status_explains_the_client_as_its_report_does() {
    let mut inventory = world();
    put(
        &mut inventory,
        Kind::AuthPolicy,
        "auth/second",
        4,
        json!({ "allowedScopes": ["openid"], "enforcement": "Enforce" }),
    );
    put(
        &mut inventory,
        Kind::AuthPolicy,
        "auth/trial",
        1,
        json!({ "enforcement": "Audit", "token": { "idTokenTTL": "1m" } }),
    );
    let mut spec = client_spec(&["openid", "orders:read"]);
    spec["token"] = json!({ "accessTokenTTL": "24h" });
    let case = Case::of(inventory, spec.clone());
    let status = case.settled();
    let mut object = crate::world::object(Kind::AuthClient, "shop/web", 1, spec);
    object["status"] = serde_json::to_value(&status).unwrap();
    let explained = reading::explained(&object).unwrap();
    let report = &case.report.clients[&name("shop/web")];
    assert_eq!(explained.verdict, report.verdict.word());
    assert_eq!(explained.policies, report.merged.as_ref().unwrap().marks().to_vec());
    assert_eq!(explained.notes, Vec::<String>::new());
    let settings: Vec<reading::Setting> = report.effective().into_iter().map(Into::into).collect();
    let comparable = |setting: &reading::Setting| reading::Setting {
        // What is asked and served alike is not written twice.
        asked: setting.asked.clone().filter(|asked| *asked != setting.value),
        ..setting.clone()
    };
    assert_eq!(explained.settings, settings.iter().map(comparable).collect::<Vec<_>>());
    let codes: Vec<String> = explained.findings.iter().map(|told| told.code.to_string()).collect();
    let all = report.findings.iter().filter(|finding| finding.is_violation()).chain(&report.audit);
    assert_eq!(codes, all.map(|finding| finding.code.to_string()).collect::<Vec<_>>());
}

#[test]
fn explaining_says_when_the_status_is_not_of_this_edit() {
    let case = Case::of(world(), client_spec(&["orders:read"]));
    let mut object = crate::world::object(Kind::AuthClient, "shop/web", 3, client_spec(&["orders:read"]));
    let unseen = reading::explained(&object).unwrap();
    assert_eq!((unseen.verdict, unseen.notes.len()), ("waiting", 1));
    object["status"] = serde_json::to_value(case.settled()).unwrap();
    let explained = reading::explained(&object).unwrap();
    assert_eq!(explained.verdict, "refused");
    assert_eq!(explained.reason.map(|code| code.reason()), Some("NothingLeft"));
    assert_eq!(explained.notes, ["this is said of generation 1, and the AuthClient is at generation 3"]);
    for condition in object["status"]["conditions"].as_array_mut().unwrap() {
        condition["reason"] = "OutOfReach".into();
        condition["message"] = "its server is not watched".into();
    }
    // No code is to blame, so the condition itself is told.
    let explained = reading::explained(&object).unwrap();
    assert_eq!(explained.notes[1..], ["it is not Ready (OutOfReach): its server is not watched"]);
    object["status"] = json!({ "conditions": "?" });
    assert!(reading::explained(&object).is_err());
}
