//! Clients of a namespace whose labels are not known: nothing is widened, whatever they are.

use crate::world::{World, by_label, label, names, scopes, ttl};
use nauthera_core::codes::Code;
use nauthera_core::grant::Enforcement;
use nauthera_core::report::Verdict;
use nauthera_core::spec::{LabelSelector, Requirement, RequirementOperator, Selector};
use nauthera_core::time::Seconds;

/// A selector by an expression on the namespace's labels.
fn expression(operator: RequirementOperator) -> Option<Selector> {
    let values = match operator {
        RequirementOperator::In | RequirementOperator::NotIn => vec!["prod".into()],
        _ => Vec::new(),
    };
    let requirement = Requirement { key: "stage".into(), operator, values: values.into_iter().collect() };
    let selector = LabelSelector { match_expressions: vec![requirement], ..LabelSelector::default() };
    Some(Selector { namespace_selector: Some(selector), ..Selector::default() })
}

const OPERATORS: [RequirementOperator; 4] = [
    RequirementOperator::In,
    RequirementOperator::NotIn,
    RequirementOperator::Exists,
    RequirementOperator::DoesNotExist,
];

#[test]
fn a_policy_that_may_select_a_client_does_not_admit_it() {
    for operator in OPERATORS {
        let world = World::new().policy("identity/a", |p| p.client_selector = expression(operator));
        let told = world.web("lab/tool", |_| {}).tell();
        assert_eq!(
            (told.verdict("lab/tool"), told.reason("lab/tool")),
            (Verdict::Refused, Some(Code::NoPolicy))
        );
        let note = &told.client("lab/tool").findings[0].notes[1];
        let said = "policy `identity/a` may select it: clientSelector.namespaceSelector looks at labels of namespace lab, \
                    which are not known here";
        assert_eq!(note, said);
        let finding = &told.policy("identity/a").findings[0];
        assert_eq!((finding.code, told.policy("identity/a").accepted), (Code::NamespaceUnknown, true));
    }
}

#[test]
fn its_restrictions_hold_and_its_permissions_do_not() {
    for operator in OPERATORS {
        let told = World::new()
            .policy("identity/all", |p| p.token.access = ttl("1h"))
            .policy("identity/may", |p| {
                p.client_selector = expression(operator);
                p.token.access = ttl("5m");
                p.token.refresh = ttl("30d");
                p.allowed_scopes = names(["openid", "payroll:*"]);
            })
            .web("lab/tool", |c| c.scopes = scopes(["openid", "email", "payroll:admin"]))
            .tell();
        let row = told.row("lab/tool");
        // Five minutes if it governs, and one day, the default, if it does not.
        assert_eq!((row.token.access, row.token.refresh), (Seconds::minutes(5), Seconds::hours(24)));
        assert_eq!(row.scopes, scopes(["openid"]));
        let finding = &told.client("lab/tool").findings[0];
        assert!(
            finding.notes.iter().any(|note| note.contains("may not govern this client at all")),
            "{finding:?}"
        );
    }
}

#[test]
fn an_exception_that_may_hold_is_none_and_admits_nobody() {
    for operator in OPERATORS {
        let strict = World::new().policy("identity/strict", |p| {
            p.except = expression(operator);
            p.token.access = ttl("1m");
        });
        let alone = strict.web("lab/tool", |_| {});
        let told = alone.tell();
        assert_eq!(told.reason("lab/tool"), Some(Code::NoPolicy));
        let note = &told.client("lab/tool").findings[0].notes[1];
        assert!(
            note.contains("may make an exception of it: except looks at labels of namespace lab"),
            "{note}"
        );
        let told = alone.policy("identity/all", |_| {}).tell();
        assert_eq!(told.row("lab/tool").token.access, Seconds::minutes(1));
    }
}

#[test]
fn who_asks_for_no_label_is_not_left_in_doubt() {
    let any = || Some(Selector { namespace_selector: Some(LabelSelector::default()), ..Selector::default() });
    let told =
        World::new().policy("identity/a", |p| p.client_selector = any()).web("lab/tool", |_| {}).tell();
    assert!(told.is_served("lab/tool"));
    let told = World::new().policy("identity/a", |p| p.except = any()).web("lab/tool", |_| {}).tell();
    assert_eq!(told.reason("lab/tool"), Some(Code::NoPolicy));
    // Other parts decide without the labels.
    let other = Selector { namespaces: Some(vec!["shop".into()]), ..by_label("team", "lab").unwrap() };
    let world = World::new().policy("identity/a", |_| {}).policy("identity/b", |p| {
        p.client_selector = Some(other);
        p.token.access = ttl("1m");
    });
    assert_eq!(world.web("lab/tool", |_| {}).tell().row("lab/tool").token.access, Seconds::minutes(15));
}

#[test]
fn a_policy_in_audit_that_may_look_says_nothing() {
    let told = World::new()
        .policy("identity/all", |_| {})
        .policy("identity/audit", |p| {
            p.enforcement = Some(Enforcement::Audit);
            p.client_selector =
                Some(Selector { namespace_selector: Some(label("team", "lab")), ..Selector::default() });
            p.allowed_scopes = names([]);
        })
        .web("lab/tool", |c| c.scopes = scopes(["openid"]))
        .tell();
    assert_eq!((told.verdict("lab/tool"), told.client("lab/tool").audit.len()), (Verdict::Compliant, 0));
}
