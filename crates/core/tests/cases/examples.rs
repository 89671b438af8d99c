//! Examples in policies: judged against that policy alone, on the baseline, its selector ignored.

use crate::world::{Told, World, clients, names, plain_client, scopes};
use nauthera_core::codes::Code;
use nauthera_core::grant::{ClientType, Expectation, GrantSet};
use nauthera_core::spec::{ClientSpec, Example};
use nauthera_core::time::Seconds;

fn told(expect: Expectation, client: ClientSpec) -> Told {
    let world = World::new().policy("identity/a", |p| {
        p.client_selector = clients(["nobody/at-all"]);
        p.allowed_grant_types = Some(GrantSet::ALL);
        p.allowed_scopes = names(["openid"]);
        p.examples = vec![Example { name: "sample".into(), client, expect }];
    });
    // Another policy that would take everything has no say.
    world.policy("identity/b", |p| p.allowed_scopes = names([])).tell()
}

fn asking<const N: usize>(names: [&str; N]) -> ClientSpec {
    ClientSpec { scopes: scopes(names), ..plain_client(ClientType::Web) }
}

#[test]
fn an_example_passes_when_it_gets_its_verdict() {
    for (expect, client) in [
        (Expectation::Compliant, asking(["openid"])),
        (Expectation::Narrowed, asking(["openid", "payroll:admin"])),
        (Expectation::Refused, asking(["payroll:admin"])),
        (Expectation::Compliant, plain_client(ClientType::Service)),
    ] {
        assert!(told(expect, client).policy("identity/a").accepted, "{expect}");
    }
}

#[test]
fn an_example_that_gets_another_verdict_makes_the_policy_not_accepted() {
    let told = told(Expectation::Compliant, asking(["openid", "payroll:admin"]));
    let report = told.policy("identity/a");
    assert_eq!((report.accepted, report.findings[0].code), (false, Code::ExampleFails));
    assert!(told.policy("identity/b").accepted);
}

#[test]
fn each_failing_example_is_reported() {
    let example = |name: &str, expect| Example { name: name.into(), client: asking(["openid"]), expect };
    let world = World::new().policy("identity/a", |p| {
        p.examples = vec![
            example("one", Expectation::Refused),
            example("two", Expectation::Compliant),
            example("three", Expectation::Narrowed),
        ];
    });
    let told = world.tell();
    let places: Vec<String> =
        told.policy("identity/a").findings.iter().map(|finding| finding.labels[0].place.path()).collect();
    assert_eq!(places, ["spec.examples[0].expect", "spec.examples[2].expect"]);
}

#[test]
fn a_ceiling_beyond_the_baseline_is_noted_and_the_policy_accepted() {
    let told = World::new()
        .policy("identity/a", |p| {
            p.token.access = Some(Seconds::hours(48));
            p.token.refresh = Some(Seconds::days(90));
            p.token.id = Some(Seconds::days(900));
        })
        .tell();
    let report = told.policy("identity/a");
    let [note] = &*report.findings else { panic!("{:?}", report.findings) };
    assert!(report.accepted && !note.is_violation());
    assert_eq!(
        (note.code, &*note.message),
        (
            Code::LifetimeBeyondBaseline,
            "lifetime `2d` of policy `identity/a` is beyond the built-in baseline"
        )
    );
    assert_eq!(note.notes, ["24h holds"]);
}
