//! Who governs whom: selectors, exceptions, `policySelector`, `mandatory`, and what a client is told that nobody governs.

use crate::world::{World, by_label, clients, label, namespaces, object, ttl, types};
use nauthera_core::codes::Code;
use nauthera_core::grant::{ClientType, Enforcement};
use nauthera_core::report::Verdict;
use nauthera_core::spec::{LabelSelector, Requirement, RequirementOperator, Selector};
use nauthera_core::time::Seconds;

fn notes(world: &World, client: &str) -> Vec<String> {
    let told = world.tell();
    assert_eq!((told.verdict(client), told.reason(client)), (Verdict::Refused, Some(Code::NoPolicy)));
    told.client(client).findings[0].notes[1..].to_vec()
}

#[test]
fn a_policy_without_a_selector_governs_every_client_of_the_server() {
    let told = World::new().policy("identity/all", |_| {}).web("shop/web", |_| {}).tell();
    assert_eq!(told.verdict("shop/web"), Verdict::Compliant);
    assert_eq!(told.row("shop/web").policies[0].policy, object("identity/all"));
}

#[test]
fn nobody_is_served_without_a_policy() {
    let notes = notes(&World::new().web("shop/web", |_| {}), "shop/web");
    assert_eq!(notes, ["no policy in namespace identity applies to AuthServer `identity/main`"]);
}

#[test]
fn a_policy_of_another_namespace_does_not_count() {
    assert_eq!(notes(&World::new().policy("shop/mine", |_| {}).web("shop/web", |_| {}), "shop/web").len(), 1);
}

#[test]
fn each_policy_that_was_considered_is_named_with_its_mismatch() {
    let world = World::new()
        .policy("identity/a-audit", |p| p.enforcement = Some(Enforcement::Audit))
        .policy("identity/b-clients", |p| p.client_selector = clients(["shop/other"]))
        .policy("identity/c-namespaces", |p| p.client_selector = namespaces(["pay", "identity"]))
        .policy("identity/d-types", |p| p.client_selector = types([ClientType::Service]))
        .policy("identity/e-labels", |p| p.client_selector = by_label("team", "pay"))
        .policy("identity/f-except", |p| p.except = namespaces(["shop"]))
        .web("shop/web", |_| {});
    assert_eq!(
        notes(&world, "shop/web"),
        [
            "policy `identity/a-audit` is in Audit, which admits nobody",
            "policy `identity/b-clients` does not select it: clientSelector.clients does not list shop/web",
            "policy `identity/c-namespaces` does not select it: clientSelector.namespaces does not list shop",
            "policy `identity/d-types` does not select it: clientSelector.types does not list web",
            "policy `identity/e-labels` does not select it: clientSelector.namespaceSelector does not match the labels of \
             namespace shop",
            "policy `identity/f-except` makes an exception of it: except",
        ]
    );
}

#[test]
fn a_policy_that_the_server_does_not_select_is_named_too() {
    let world = World::new()
        .server("identity/main", |s| s.policy_selector = Some(label("for", "main")))
        .labelled_policy("identity/other", &[("for", "spare")], |_| {})
        .web("shop/web", |_| {});
    let said =
        "policy `identity/other` does not apply to the AuthServer: policySelector does not match its labels";
    assert_eq!(notes(&world, "shop/web"), [said]);
}

#[test]
fn at_most_twenty_policies_are_listed() {
    let world = (0..30).fold(World::new().web("shop/web", |_| {}), |world, n| {
        world.policy(&format!("identity/p{n:02}"), |p| p.client_selector = clients([]))
    });
    assert_eq!(notes(&world, "shop/web").len(), 20);
}

#[test]
fn all_parts_of_a_selector_must_match() {
    let select = |namespace: &'static str, client_type| {
        let world = World::new().policy("identity/a", move |p| {
            p.client_selector = Some(Selector {
                namespaces: Some(vec![namespace.into()]),
                types: Some(vec![client_type]),
                clients: Some(vec![object("shop/web")]),
                namespace_selector: Some(label("team", "shop")),
            });
        });
        world.web("shop/web", |_| {}).tell().is_served("shop/web")
    };
    assert!(select("shop", ClientType::Web));
    assert!(!select("pay", ClientType::Web) && !select("shop", ClientType::Native));
}

#[test]
fn a_given_empty_list_matches_nobody_and_an_empty_selector_everybody() {
    let served = |selector: Option<Selector>| {
        let world = World::new().policy("identity/a", |p| p.client_selector = selector);
        world.web("shop/web", |_| {}).tell().is_served("shop/web")
    };
    assert!(!served(namespaces([])) && !served(types([])) && !served(clients([])));
    assert!(served(Some(Selector::default())));
    let any = Selector { namespace_selector: Some(LabelSelector::default()), ..Selector::default() };
    assert!(served(Some(any)));
}

#[test]
fn label_expressions_are_those_of_kubernetes() {
    use RequirementOperator::{DoesNotExist, Exists, In, NotIn};
    let served = |key: &str, operator, values: &[&str]| {
        let values = values.iter().map(|value| (*value).into()).collect();
        let requirement = Requirement { key: key.into(), operator, values };
        let selector = LabelSelector { match_expressions: vec![requirement], ..LabelSelector::default() };
        let selector = Selector { namespace_selector: Some(selector), ..Selector::default() };
        let world = World::new().policy("identity/a", |p| p.client_selector = Some(selector));
        world.web("shop/web", |_| {}).tell().is_served("shop/web")
    };
    assert!(
        served("team", In, &["shop", "pay"]) && !served("team", In, &["pay"]) && !served("x", In, &["shop"])
    );
    assert!(
        served("team", NotIn, &["pay"]) && !served("team", NotIn, &["shop"]) && served("x", NotIn, &["shop"])
    );
    assert!(served("team", Exists, &[]) && !served("x", Exists, &[]));
    assert!(served("x", DoesNotExist, &[]) && !served("team", DoesNotExist, &[]));
}

#[test]
fn one_clients_exception_is_an_except_and_a_policy_of_its_own() {
    let told = World::new()
        .policy("identity/wide", |p| {
            p.token.access = ttl("10m");
            p.except = clients(["shop/batch"]);
        })
        .policy("identity/batch", |p| {
            p.token.access = ttl("2h");
            p.client_selector = clients(["shop/batch"]);
        })
        .web("shop/batch", |_| {})
        .web("shop/web", |_| {})
        .tell();
    assert_eq!(told.row("shop/batch").token.access, Seconds::hours(2));
    assert_eq!(told.row("shop/web").token.access, Seconds::minutes(10));
}

#[test]
fn an_exception_needs_all_its_parts_too() {
    let except = Selector { clients: Some(vec![object("shop/web")]), ..namespaces(["pay"]).unwrap() };
    let told = World::new().policy("identity/a", |p| p.except = Some(except)).web("shop/web", |_| {}).tell();
    assert!(told.is_served("shop/web"));
}

#[test]
fn a_mandatory_policy_holds_whatever_the_server_selects() {
    let told = World::new()
        .server("identity/main", |s| s.policy_selector = Some(label("for", "main")))
        .labelled_policy("identity/own", &[("for", "main")], |_| {})
        .policy("identity/everywhere", |p| {
            p.mandatory = true;
            p.token.access = ttl("5m");
        })
        .policy("identity/elsewhere", |p| p.token.access = ttl("1m"))
        .web("shop/web", |_| {})
        .tell();
    assert_eq!(told.row("shop/web").token.access, Seconds::minutes(5));
    let applied: Vec<String> =
        told.server("identity/main").policies.iter().map(|mark| mark.policy.to_string()).collect();
    assert_eq!(applied, ["identity/everywhere", "identity/own"]);
}
