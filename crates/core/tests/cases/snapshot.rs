//! A Snapshot's bytes: what they look like, and which ones are refused.

use crate::world::{World, governed, scopes};
use insta::assert_snapshot;
use nauthera_core::grant::{AuthMethod, ClientType};
use nauthera_core::snapshot::{BadSnapshot, FORMAT, Inexpressible, OLDEST_READ, Snapshot};
use nauthera_core::spec::{IssuerKeys, IssuerNamespaces, ServiceAccountIssuer};
use nauthera_core::uri::BackChannelUri;

fn bytes(world: &World) -> String {
    String::from_utf8(world.tell().snapshot("identity/main").to_bytes()).unwrap()
}

fn two() -> String {
    bytes(&governed().web("shop/a", |_| {}).web("shop/b", |_| {}))
}

#[test]
fn the_bytes_are_json_with_the_format_first() {
    let world = governed().web("shop/web", |c| c.scopes = scopes(["openid"]));
    let world = world.record("shop/web", "identity/main", "shop.web", &[0xab]);
    assert_snapshot!(bytes(&world).replace("],", "],\n").replace("},", "},\n"), @r#"
    {"format":1,"head":{"server":{"namespace":"identity","name":"main"},
    "issuer":"https://main.example.com","session":{"lifetime":"12h","idleTimeout":"1h"},
    "signing":{"algorithm":"RS256","rotationInterval":"30d","prePublish":"24h"},
    "branding":{"name":null,"logoUrl":null,"primaryColor":null},
    "users":null},
    "clients":[{"clientId":"shop.web","object":{"namespace":"shop","name":"web"},
    "displayName":"web","type":"web","redirectUris":["https://shop.example.com/cb"],
    "postLogoutRedirectUris":[],
    "scopes":["openid"],
    "withheldScopes":[],
    "audiences":[],
    "introspects":[],
    "grants":["authorization_code","refresh_token"],
    "authentication":{"method":"client_secret_basic"},
    "secrets":[{"digest":"abababababababababababababababababababababababababababababababab","notBefore":0}],
    "token":{"access":"15m","refresh":"24h","id":"5m"},
    "requirePkce":true,"requirePar":false,"maxAge":null,"allowedGroups":[],
    "consent":"Required","policies":[{"policy":{"namespace":"identity","name":"base"},
    "generation":1}]}]}
    "#);
}

#[test]
fn a_back_channel_logout_uri_is_written_where_there_is_one() {
    let world = governed().web("shop/web", |c| {
        c.back_channel_logout_uri = Some(BackChannelUri::parse("https://shop.example.com/logout").unwrap());
    });
    let text = bytes(&world);
    assert!(text.contains(r#""backChannelLogoutUri":"https://shop.example.com/logout","#), "{text}");
    let read = Snapshot::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(read, *world.tell().snapshot("identity/main"));
    let public = text.replace("https://shop.example.com/logout", "http://shop.example.com/logout");
    assert!(matches!(Snapshot::from_bytes(public.as_bytes()), Err(BadSnapshot::Shape(_))));
}

#[test]
fn a_key_outlasts_the_logout_tokens_that_it_signed() {
    let brief = |c: &mut nauthera_core::spec::ClientSpec| {
        c.token.access = nauthera_core::time::Seconds::parse("30s").ok();
        c.token.id = nauthera_core::time::Seconds::parse("20s").ok();
    };
    let longest = |world: World| world.tell().snapshot("identity/main").longest_token().get();
    assert_eq!(longest(governed().web("shop/web", brief)), 30);
    let told = governed().web("shop/web", |c| {
        brief(c);
        c.back_channel_logout_uri = Some(BackChannelUri::parse("https://shop.example.com/logout").unwrap());
    });
    assert_eq!(longest(told), 120);
}

#[test]
fn another_format_is_refused() {
    for format in [0, 3, 77] {
        let text = two().replace(r#"{"format":1,"#, &format!(r#"{{"format":{format},"#));
        assert!(matches!(Snapshot::from_bytes(text.as_bytes()), Err(BadSnapshot::Format(f)) if f == format));
    }
}

/// A Snapshot with a cluster whose ServiceAccounts it takes.
fn in_a_cluster(world: World) -> Snapshot {
    let mut snapshot = Snapshot::clone(world.tell().snapshot("identity/main"));
    snapshot.head.service_accounts.push(ServiceAccountIssuer {
        issuer: "https://kubernetes.default.svc".into(),
        keys: IssuerKeys::Jwks(r#"{"keys":[]}"#.into()),
        ca: None,
        namespaces: IssuerNamespaces::All,
    });
    snapshot
}

#[test]
fn a_release_that_brings_a_format_changes_no_byte_of_what_does_not_use_it() {
    let plain = Snapshot::clone(governed().web("shop/web", |_| {}).tell().snapshot("identity/main"));
    assert_eq!((plain.format(), OLDEST_READ, FORMAT), (1, 1, 2));
    assert!(plain.to_bytes().starts_with(br#"{"format":1,"#));
    // Asked for the newest it says so, and means the same.
    let newest = plain.write_as(FORMAT).unwrap();
    assert!(newest.starts_with(br#"{"format":2,"#));
    assert_eq!(Snapshot::from_bytes(&newest).unwrap(), plain);
    assert_ne!(plain.revision_as(FORMAT).unwrap(), plain.revision());
    assert_eq!(plain.write_as(3), Err(Inexpressible::Format(3)));
    assert_eq!(plain.write_as(0), Err(Inexpressible::Format(0)));
}

#[test]
fn what_no_client_needs_is_left_out_of_the_older_format() {
    let snapshot = in_a_cluster(governed().web("shop/web", |_| {}));
    let bytes = snapshot.to_bytes();
    assert!(bytes.starts_with(br#"{"format":2,"#));
    assert_eq!(Snapshot::from_bytes(&bytes).unwrap(), snapshot);
    let older = Snapshot::from_bytes(&snapshot.write_as(1).unwrap()).unwrap();
    assert_eq!(older.clients, snapshot.clients);
    assert!(older.head.service_accounts.is_empty());
}

#[test]
fn what_a_client_needs_is_not_said_in_a_format_that_cannot_say_it() {
    let snapshot = in_a_cluster(governed().client("shop/job", ClientType::Service, |c| {
        c.method = Some(AuthMethod::KubernetesServiceAccount);
        c.service_accounts = vec!["job".into()];
        c.scopes = scopes(["orders:read"]);
    }));
    let Err(Inexpressible::ServiceAccounts { client, format: 1 }) = snapshot.write_as(1) else {
        panic!("written")
    };
    assert_eq!(client.as_str(), "shop.job");
    assert!(snapshot.revision_as(1).is_err());
}

#[test]
fn a_field_of_a_newer_format_is_unknown_in_an_older_one() {
    let newer = String::from_utf8(in_a_cluster(governed()).to_bytes()).unwrap();
    let text = newer.replace(r#"{"format":2,"#, r#"{"format":1,"#);
    let read = Snapshot::from_bytes(text.as_bytes());
    assert!(matches!(read, Err(BadSnapshot::Field(1, "serviceAccounts"))));
}

#[test]
fn an_unknown_field_is_refused_since_it_could_be_a_restriction() {
    for part in [r#"{"format":1,"#, r#""head":{"#, r#""clients":[{"#, r#""token":{"#] {
        let text = two().replacen(part, &format!(r#"{part}"onlyOnMondays":true,"#), 1);
        assert!(text.contains("onlyOnMondays"), "{part}");
        assert!(matches!(Snapshot::from_bytes(text.as_bytes()), Err(BadSnapshot::Shape(_))), "{part}");
    }
}

#[test]
fn rows_out_of_order_and_two_of_one_id_are_refused() {
    for text in [two().replace("shop.a", "shop.c"), two().replace("shop.a", "shop.b")] {
        assert!(matches!(Snapshot::from_bytes(text.as_bytes()), Err(BadSnapshot::Order(_))));
    }
}

#[test]
fn a_digest_is_64_hexadecimal_digits_and_no_sign() {
    let world = governed().web("shop/web", |_| {}).record("shop/web", "identity/main", "shop.web", &[0xab]);
    let text = bytes(&world);
    for (digits, good) in [("ab", true), ("AB", true), ("+b", false), ("-b", false), ("\u{e4}", false)] {
        let text = text.replacen("\"digest\":\"ab", &format!("\"digest\":\"{digits}"), 1);
        assert_eq!(Snapshot::from_bytes(text.as_bytes()).is_ok(), good, "{digits}");
    }
}

#[test]
fn half_of_the_bytes_is_no_snapshot() {
    let text = two();
    assert!(Snapshot::from_bytes(&text.as_bytes()[..text.len() / 2]).is_err());
    assert!(Snapshot::from_bytes(b"").is_err());
}

#[test]
fn a_changed_client_changes_the_revision() {
    let revision = |world: &World| world.tell().snapshot("identity/main").revision();
    let world = governed().web("shop/web", |_| {});
    let before = revision(&world);
    assert_eq!(before, revision(&world));
    assert_ne!(before, revision(&world.web("shop/web", |c| c.scopes = scopes(["openid"]))));
    assert_eq!(before.short().len(), 12);
}
