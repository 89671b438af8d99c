//! Manifests in memory: each kind of fault is told with its code, at its place, in plain words.

use nauthera_api::schema::Schemas;
use nauthera_api::yaml::Part;
use nauthera_core::codes::Code;
use nauthera_core::finding::{Place, Severity};
use nauthera_core::names::{Kind, ObjectRef};

use crate::told::{CLIENT, SHOP, accepted_clients, client, only, read, tell, told};

#[test]
fn our_own_schemas_are_understood() {
    for kind in Kind::ALL {
        assert_eq!(Schemas::ours().of(kind).faults(), [] as [String; 0], "{kind}");
    }
}

#[test]
fn a_good_folder_gives_an_inventory_and_nothing_to_say() {
    let manifests = read(SHOP);
    assert!(manifests.findings().is_empty(), "{:#?}", manifests.findings());
    let inventory = manifests.inventory();
    assert!(!inventory.incomplete);
    let counts = (
        inventory.servers.len(),
        inventory.policies.len(),
        inventory.stores.len(),
        inventory.clients.len(),
        inventory.namespaces.len(),
    );
    assert_eq!(counts, (1, 1, 1, 2, 1));
    assert!(inventory.clients.values().all(|client| client.spec.is_some()));
    assert_eq!(inventory.namespaces["shop"]["team"], "shop".into());
    assert_eq!(inventory.policies[&ObjectRef::new("identity", "baseline")].labels["tier"], "1".into());
    let secret = &manifests.secrets()[&ObjectRef::new("shop", "legacy")];
    assert_eq!(secret.value("client_secret"), Some(&b"0123456789abcdef0123456789abcdef"[..]));
    assert_eq!(secret.value("from_string"), Some(&b"hunter2hunter2"[..]));
    assert!(secret.is_unreadable("sealed"));
    let shown = format!("{manifests:?} {secret:?} {:?}", manifests.files());
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789"), "{shown}");
}

#[test]
fn an_unknown_field_is_told_at_its_line_and_column_with_a_suggestion() {
    assert_eq!(
        told(&client("accessTokenTTL: 10m", "accessTokenTtl: 10m")),
        "NA0005 a.yaml:16:5 \"accessTokenTtl\" | `accessTokenTtl` is not a field of spec.token | did you mean \
         `accessTokenTTL`?"
    );
    assert_eq!(
        told(&client("  scopes:", "  allowedScopes: []\n  scopes:")),
        "NA0005 a.yaml:13:3 \"allowedScopes\" | `allowedScopes` is not a field of spec | `allowedScopes` is a field of \
         the kind AuthPolicy"
    );
}

#[test]
fn who_looks_for_a_clients_labels_is_told_why_there_are_none() {
    for place in ["clientSelector", "except"] {
        let policy = "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthPolicy\nmetadata: {namespace: identity, name: base}\n";
        let told = told(&read(&format!("{policy}spec:\n  {place}:\n    labels: {{tier: gold}}\n")));
        let help = "a policy never looks at a client's own labels, since its owner could edit itself out; use \
                    `namespaceSelector`, `namespaces`, `clients` or `types`";
        assert_eq!(
            told,
            format!("NA0005 a.yaml:6:5 \"labels\" | `labels` is not a field of spec.{place} | {help}")
        );
    }
}

#[test]
fn an_object_with_an_unknown_field_is_there_and_not_accepted() {
    let manifests = client("accessTokenTTL: 10m", "accessTokenTtl: 10m");
    let inventory = manifests.inventory();
    assert!(inventory.clients[&ObjectRef::new("shop", "web")].spec.is_none());
    assert!(!inventory.incomplete);
}

#[test]
fn wrong_types_and_words_are_told_at_the_value() {
    for (from, to, want) in [
        (
            "type: web",
            "type: webb",
            "NA0007 a.yaml:10:9 \"webb\" | `type` is one of web, browser, native, device or service, not `webb` | did you \
             mean `web`?",
        ),
        (
            "scopes: [openid, email]",
            "scopes: openid",
            "NA0006 a.yaml:13:11 \"openid\" | `scopes` is a list of texts, not the text `openid` | write `[…]`, or one line \
             that begins with `- ` for each item",
        ),
        (
            "scopes: [openid, email]",
            "scopes: [openid, 5]",
            "NA0006 a.yaml:13:20 \"5\" | `scopes[1]` is a text, not the number 5 | put it in quotes",
        ),
        (
            "accessTokenTTL: 10m",
            "accessTokenTTL: 15x",
            "NA0007 a.yaml:16:21 \"15x\" | `accessTokenTTL` is a duration, not `15x` | write a whole number and one of s, m, \
             h, d, such as 90s, 15m, 24h or 30d",
        ),
    ] {
        assert_eq!(told(&client(from, to)), want);
    }
}

#[test]
fn redirect_uris_are_judged_at_their_line() {
    for uri in [
        "https://shop.example/cb#fragment",
        "https://user:pass@shop.example/cb",
        "https://*.shop.example/cb",
        "javascript:alert(1)",
        "http://shop.example/cb",
        "/relative",
    ] {
        let manifests = client("https://shop.example/cb", uri);
        let found = only(&manifests);
        assert_eq!(found.finding.code, Code::BadValue, "{uri}");
        assert_eq!(found.finding.labels[0].place.pointer, "/spec/redirectUris/0");
        let at = found.at.unwrap();
        assert_eq!((at.span.line, at.span.column), (12, 7), "{uri}");
        assert_eq!(accepted_clients(&manifests), 0, "{uri}");
    }
}

#[test]
fn a_schedule_with_six_fields_is_told() {
    let manifests = read(&SHOP.replace("schedule: 0 3 * * 0", "schedule: 0 0 3 * * 0"));
    let found = only(&manifests);
    assert_eq!(found.finding.labels[0].place.pointer, "/spec/clientAuthentication/secretRotation/schedule");
    assert!(tell(&manifests, found).contains("\"0 0 3 * * 0\""), "{}", tell(&manifests, found));
    assert!(found.finding.message.contains("five"), "{}", found.finding.message);
}

#[test]
fn rules_over_several_fields_are_told() {
    let manifests = client("type: web", "type: service");
    let found = only(&manifests);
    assert_eq!(
        (found.finding.code, &*found.finding.labels[0].place.pointer),
        (Code::RuleViolation, "/spec/redirectUris")
    );
    assert_eq!(found.at.unwrap().span.line, 11);
}

#[test]
fn a_missing_field_is_told_at_the_key_above() {
    let manifests = client("  authServerRef:\n    name: main\n    namespace: identity\n", "");
    assert!(
        told(&manifests)
            .starts_with("NA0007 a.yaml:6:1 \"spec\" | spec has no `authServerRef` | add `authServerRef`: ")
    );
}

#[test]
fn bare_words_that_kubectl_reads_as_booleans_are_warned_of() {
    let manifests = client("scopes: [openid, email]", "scopes: [openid, on]");
    assert_eq!(
        told(&manifests),
        "NA0010 a.yaml:13:20 \"on\" | `on` without quotes is a boolean for kubectl and other readers of YAML 1.1 | write \
         `\"on\"`"
    );
    assert_eq!(only(&manifests).finding.severity, Severity::Warning);
    assert_eq!(accepted_clients(&manifests), 1);
    let label = client("  name: web\n", "  name: web\n  labels: {y: 'no', a: No}\n");
    let told: Vec<String> = label.findings().iter().map(|found| tell(&label, found)).collect();
    assert!(told[0].starts_with("NA0010 a.yaml:6:12 \"y\""), "{told:?}");
    assert!(told[1].starts_with("NA0010 a.yaml:6:24 \"No\""), "{told:?}");
    assert!(client("scopes: [openid, email]", "scopes: [openid, 'on']").findings().is_empty());
}

#[test]
fn a_key_that_stands_twice_refuses_the_object() {
    let manifests = client("type: web", "type: web\n  type: browser");
    assert_eq!(
        told(&manifests),
        "NA0007 a.yaml:11:3 \"type\" | the key `type` stands twice in this mapping | keep one of them"
    );
    assert_eq!(accepted_clients(&manifests), 0);
    assert_eq!(manifests.inventory().clients.len(), 1);
}

#[test]
fn unknown_kinds_and_versions_of_the_group_are_told() {
    for (from, to, want) in [
        (
            "kind: AuthClient",
            "kind: AuthCleint",
            "NA0004 a.yaml:2:7 \"AuthCleint\" | `AuthCleint` is not a kind of auth.nauthera.io | did you mean `AuthClient`?",
        ),
        (
            "kind: AuthClient",
            "kind: Gateway",
            "NA0004 a.yaml:2:7 \"Gateway\" | `Gateway` is not a kind of auth.nauthera.io | the kinds are AuthServer, AuthPolicy, UserStore and AuthClient",
        ),
        (
            "kind: AuthClient\n",
            "",
            "NA0004 a.yaml:1:13 \"auth.nauthera.io/v1alpha1\" | an object of auth.nauthera.io has no `kind` | the kinds are AuthServer, AuthPolicy, UserStore and AuthClient",
        ),
        (
            "/v1alpha1",
            "/v1",
            "NA0012 a.yaml:1:13 \"auth.nauthera.io/v1\" | `auth.nauthera.io/v1` is not a version that is known here | write `apiVersion: auth.nauthera.io/v1alpha1`",
        ),
        (
            "auth.nauthera.io/",
            "auth.nauthera.com/",
            "NA0012 a.yaml:1:13 \"auth.nauthera.com/v1alpha1\" | `auth.nauthera.com/v1alpha1` is not a version that is known here | write `apiVersion: auth.nauthera.io/v1alpha1`",
        ),
        (
            "auth.nauthera.io/",
            "nauthera.io/",
            "NA0012 a.yaml:1:13 \"nauthera.io/v1alpha1\" | `nauthera.io/v1alpha1` is not a version that is known here | write `apiVersion: auth.nauthera.io/v1alpha1`",
        ),
        (
            "auth.nauthera.io/",
            "",
            "NA0012 a.yaml:1:13 \"v1alpha1\" | `v1alpha1` is not a version that is known here | write `apiVersion: auth.nauthera.io/v1alpha1`",
        ),
        (
            "apiVersion: auth.nauthera.io/v1alpha1\n",
            "",
            "NA0012 a.yaml:1:7 \"AuthClient\" | an object of this kind has no `apiVersion` | write `apiVersion: auth.nauthera.io/v1alpha1`",
        ),
    ] {
        assert_eq!(told(&client(from, to)), want);
    }
}

#[test]
fn what_may_hide_a_restriction_makes_the_inventory_incomplete() {
    assert!(client("kind: AuthClient", "kind: AuthPolcy").inventory().incomplete);
    assert!(client("kind: AuthClient", "kind: Gateway").inventory().incomplete);
    assert!(read(&SHOP.replace("  name: baseline\n", "")).inventory().incomplete);
}

#[test]
fn an_object_whose_name_is_not_known_may_be_any_object() {
    for (from, to) in [
        ("  name: web\n", ""),
        ("  name: web\n", "  name:\n"),
        ("  name: web\n", "  name: \"\"\n"),
        ("  name: web\n", "  name: [web]\n"),
        ("  namespace: shop\n", "  namespace: {shop: }\n"),
        ("metadata:\n  namespace: shop\n  name: web\n", ""),
    ] {
        assert!(client(from, to).inventory().incomplete, "{to}");
    }
    let store = SHOP
        .replace("kind: UserStore\nmetadata:\n  namespace: identity\n  name: people\n", "kind: UserStore\n");
    assert_ne!(store, SHOP);
    assert!(read(&store).inventory().incomplete);
}

#[test]
fn a_client_of_a_kind_or_version_that_is_not_known_is_there_and_not_accepted() {
    for (from, to) in [
        ("kind: AuthClient", "kind: AuthCleint"),
        ("/v1alpha1", "/v1"),
        ("auth.nauthera.io/v1alpha1", "v1alpha1"),
        ("apiVersion: auth.nauthera.io/v1alpha1\n", ""),
    ] {
        let inventory = client(from, to).inventory();
        assert!(!inventory.incomplete, "{to}");
        assert!(inventory.clients[&ObjectRef::new("shop", "web")].spec.is_none(), "{to}");
        assert!(client(from, to).findings()[0].finding.subject().is_some());
    }
    let nameless = CLIENT.replace("kind: AuthClient", "kind: AuthCleint").replace("  name: web\n", "");
    assert!(read(&nameless).inventory().incomplete);
}

#[test]
fn objects_without_a_usable_name_are_told() {
    for (to, want) in [
        ("", "NA0007 a.yaml:3:1 \"metadata\" | this AuthClient has no name | write `metadata.name`"),
        (
            "  generateName: web-\n",
            "NA0007 a.yaml:5:3 \"generateName\" | this AuthClient has a `generateName`, which would make a new object each time | write `metadata.name`",
        ),
        ("  name: 5\n", "NA0006 a.yaml:5:9 \"5\" | `name` is a text, not the number 5 | put it in quotes"),
        (
            "  name: Web_1\n",
            "NA0007 a.yaml:5:9 \"Web_1\" | `Web_1` is no name that Kubernetes allows as metadata.name | use at most 253 small letters, digits, `-` and `.`, a letter or digit first and last",
        ),
    ] {
        assert_eq!(told(&client("  name: web\n", to)), want);
    }
    let long = format!("  name: {}\n", "x".repeat(64));
    let manifests = client("  name: web\n", &long);
    assert_eq!(only(&manifests).finding.code, Code::RuleViolation);
    assert_eq!(only(&manifests).at.unwrap().span.line, 5);
}

#[test]
fn objects_without_a_namespace_are_in_default() {
    let manifests = client("  namespace: shop\n", "");
    assert!(manifests.inventory().clients.contains_key(&ObjectRef::new("default", "web")));
}

#[test]
fn other_kinds_and_other_files_are_ignored_silently() {
    for text in [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {a: 1, a: 2, b: !Ref c}\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
        "replicaCount: 2\nimage: {tag: yes}\n",
        "- just\n- a list\n",
        "only a text\n",
        "kind: AuthClient of something else\n",
        "apiVersion: kuadrant.io/v1\nkind: AuthPolicy\nspec: {}\n",
        "",
        "---\n---\n# nothing\n",
    ] {
        let manifests = read(text);
        assert!(manifests.findings().is_empty(), "{text}: {:#?}", manifests.findings());
        assert!(!manifests.is_incomplete());
        assert!(manifests.files()[0].text.is_empty());
    }
}

#[test]
fn what_is_not_yaml_is_told_where_reading_stopped() {
    let manifests = client("  namespace: shop\n", "\tnamespace: shop\n");
    let found = only(&manifests);
    assert_eq!(
        (found.finding.code, found.at.unwrap().span.line, found.at.unwrap().span.column),
        (Code::NotYaml, 4, 1)
    );
    assert!(found.finding.labels.is_empty());
    assert!(manifests.inventory().incomplete && manifests.inventory().clients.is_empty());
}

#[test]
fn line_ends_and_byte_order_marks_do_not_shift_columns() {
    let text = format!("\u{feff}{}", CLIENT.replace("type: web", "type: webb").replace('\n', "\r\n"));
    assert!(told(&read(&text)).starts_with("NA0007 a.yaml:10:9 \"webb\""));
    let text = CLIENT
        .replace("displayName: Shop", "displayName: \"Läden 😀\"   ")
        .replace("[openid, email]", "['ö', 5]");
    assert!(told(&read(&text)).starts_with("NA0006 a.yaml:13:17 \"5\""));
}

#[test]
fn places_of_policies_and_their_examples_are_located() {
    let manifests = read(SHOP);
    let policy = ObjectRef::new("identity", "baseline");
    for (pointer, part, want) in [
        ("/spec/allowedScopes", Part::Value, "[openid, email, \"orders:*\"]"),
        ("/spec/allowedScopes/2", Part::Value, "\"orders:*\""),
        ("/spec/token", Part::Value, "token"),
        ("/spec/token/accessTokenTTL", Part::Key, "accessTokenTTL"),
        ("/spec/examples/0/client/scopes/1", Part::Value, "payroll:admin"),
        ("/spec/examples/0/client/type", Part::Value, "client"),
        ("/spec/consent", Part::Value, "spec"),
        ("", Part::Value, "baseline"),
        ("/status", Part::Value, "baseline"),
    ] {
        let at = manifests.locate(&Place::new(Kind::AuthPolicy, &policy, pointer), part).unwrap();
        assert_eq!(&manifests.files()[0].text[at.span.range()], want, "{pointer}");
    }
    let absent = Place::new(Kind::AuthClient, &policy, "");
    assert!(manifests.locate(&absent, Part::Value).is_none());
}

#[test]
fn findings_come_in_the_order_of_their_places() {
    let text =
        CLIENT.replace("type: web", "type: webb").replace("name: web", "name: web\n  labels: {a b: c}");
    let manifests = read(&text.replace("10m", "15x"));
    let lines: Vec<u32> = manifests.findings().iter().map(|found| found.at.unwrap().span.line).collect();
    assert_eq!(lines, [6, 11, 17]);
}

#[test]
fn a_key_of_a_secret_that_can_be_no_file_is_refused() {
    let with = |key: &str| {
        client(
            "  displayName: Shop",
            &format!("  displayName: Shop\n  secret: {{ keys: {{ client_id: '{key}' }} }}"),
        )
    };
    for key in [".", "..", "..id", "a/b"] {
        let manifests = with(key);
        assert!(told(&manifests).contains("a key of a Secret"), "{key}: {}", told(&manifests));
        assert_eq!(accepted_clients(&manifests), 0);
    }
    assert_eq!(accepted_clients(&with(".id")), 1);
}
