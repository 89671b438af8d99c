use super::*;

fn web(text: &str) -> Result<RedirectUri, BadUri> {
    RedirectUri::parse(text, ClientType::Web)
}

#[test]
fn good_redirect_uris_are_taken_as_written() {
    for good in [
        "https://shop.example.com/cb",
        "https://shop.example.com",
        "http://127.0.0.1:8080/cb",
        "http://localhost/cb",
        "http://[::1]:1/x?y=z",
    ] {
        assert_eq!(web(good).unwrap().as_str(), good);
    }
    assert!(RedirectUri::parse("com.example.app:/cb", ClientType::Native).is_ok());
}

#[test]
fn bad_redirect_uris_say_why() {
    assert_eq!(web("https://a.example/#x").unwrap_err(), BadUri::Fragment);
    assert_eq!(web("https://u:p@a.example/").unwrap_err(), BadUri::UserInfo);
    assert_eq!(web("https://*.example/cb").unwrap_err(), BadUri::Wildcard);
    assert_eq!(web("javascript:alert(1)").unwrap_err(), BadUri::Scheme("javascript".into()));
    assert_eq!(web("http://shop.example.com/cb").unwrap_err(), BadUri::PublicHttp);
    assert_eq!(web("/cb").unwrap_err(), BadUri::NotAbsolute);
    assert_eq!(web("https://a.example/a b").unwrap_err(), BadUri::Character);
    assert_eq!(web("https:\\\\evil.example").unwrap_err(), BadUri::Character);
    assert_eq!(web("com.example.app:/cb").unwrap_err(), BadUri::PrivateScheme("com.example.app".into()));
    assert_eq!(web("http://127.0.0.1.evil.example/").unwrap_err(), BadUri::PublicHttp);
}

#[test]
fn an_empty_user_name_is_one_too() {
    for text in
        ["https://@x.example/cb", "https://:@x.example/cb", "https://:a@x.example", "https:///@x.example"]
    {
        assert_eq!(web(text).unwrap_err(), BadUri::UserInfo, "{text}");
    }
    let app = RedirectUri::parse("com.example.app://@x/cb", ClientType::Native);
    assert_eq!(app.unwrap_err(), BadUri::UserInfo);
    assert!(web("https://x.example/@me?to=a@b").is_ok());
}

#[test]
fn one_address_has_one_spelling_and_the_message_says_which() {
    for (text, normal) in [
        ("https:x.example/cb", "https://x.example/cb"),
        ("https:/x.example/cb", "https://x.example/cb"),
        ("https:///x.example/cb", "https://x.example/cb"),
        ("https:////x.example", "https://x.example"),
        ("HTTPS://x.example/cb", "https://x.example/cb"),
        ("https://X.EXAMPLE?a=b", "https://x.example?a=b"),
        ("https://x.example:443/cb", "https://x.example/cb"),
        ("https://x.example/a/../b", "https://x.example/b"),
        ("https://x.example/a/%2e%2E/b", "https://x.example/b"),
        ("https://%61.example/", "https://a.example/"),
        ("http://2130706433/cb", "http://127.0.0.1/cb"),
        ("http://127.1/cb", "http://127.0.0.1/cb"),
        ("http://0x7f.0.0.1/cb", "http://127.0.0.1/cb"),
        ("http://[0:0::1]/cb", "http://[::1]/cb"),
    ] {
        assert_eq!(web(text).unwrap_err(), BadUri::NotNormal(normal.into()), "{text}");
        assert!(web(normal).is_ok(), "{normal}");
        assert!(RedirectUri::try_from(text.to_owned()).is_ok(), "{text} in a Snapshot");
    }
    for good in ["https://x.example", "https://x.example/", "https://x.example?a", "https://x.example/?a=%2F"]
    {
        assert_eq!(web(good).unwrap().as_str(), good);
    }
    let app = |text| RedirectUri::parse(text, ClientType::Native);
    assert_eq!(app("com.Example.app:/cb").unwrap_err(), BadUri::NotNormal("com.example.app:/cb".into()));
    assert!(app("com.example.app://cb").is_ok() && app("com.example.app:cb").is_ok());
}

#[test]
fn parameters_of_an_answer_are_the_answers_own() {
    let post_logout = |text: &str| RedirectUri::parse_post_logout(text, ClientType::Web);
    for name in ANSWERS {
        let text = format!("https://x.example/cb?a=b&{name}=c");
        assert_eq!(web(&text).unwrap_err(), BadUri::Parameter(name));
        assert_eq!(post_logout(&text).is_ok(), name != "state", "{name}");
    }
    assert_eq!(web("https://x.example/cb?%63ode=c").unwrap_err(), BadUri::Parameter("code"));
    assert!(web("https://x.example/cb?Code=1&states=2&barcode").is_ok());
}

#[test]
fn only_a_native_clients_loopback_ip_may_change_its_port() {
    let uri = RedirectUri::parse("http://127.0.0.1/cb", ClientType::Native).unwrap();
    assert!(uri.matches("http://127.0.0.1:5173/cb", ClientType::Native));
    assert!(!uri.matches("http://127.0.0.1:5173/cb", ClientType::Web));
    for other in [
        "http://127.0.0.1:5173/cb2",
        "http://127.0.0.2/cb",
        "http://127.0.0.1:x/cb",
        "http://127.0.0.1:1@evil/cb",
        "https://127.0.0.1/cb",
    ] {
        assert!(!uri.matches(other, ClientType::Native), "{other}");
    }
    let named = RedirectUri::parse("http://localhost/cb", ClientType::Native).unwrap();
    assert!(!named.matches("http://localhost:9/cb", ClientType::Native));
    let six = RedirectUri::parse("http://[::1]/cb", ClientType::Native).unwrap();
    assert!(six.matches("http://[::1]:81/cb", ClientType::Native));
}

#[test]
fn a_host_is_a_name_or_an_address() {
    for bad in [
        "https://shop.example;script-src/cb",
        "https://a,b.example/cb",
        "https://a'b.example/cb",
        "https://(a).example/cb",
        "https://a%3Bb.example/cb",
    ] {
        assert!(matches!(web(bad), Err(BadUri::Host(_))), "{bad}");
        assert!(matches!(IssuerUrl::parse(bad), Err(BadUri::Host(_))), "{bad}");
    }
    assert!(web("https://under_score.example/a;b,c").is_ok());
}

#[test]
fn issuers_are_in_normal_form() {
    assert_eq!(IssuerUrl::parse("https://login.example.com/tenant").unwrap().path(), "/tenant");
    assert_eq!(IssuerUrl::parse("http://127.0.0.1:8080").unwrap().origin(), "http://127.0.0.1:8080");
    assert_eq!(IssuerUrl::parse("https://a.example/").unwrap_err(), BadUri::TrailingSlash);
    assert_eq!(IssuerUrl::parse("https://a.example?x").unwrap_err(), BadUri::Query);
    assert_eq!(IssuerUrl::parse("http://a.example").unwrap_err(), BadUri::PublicHttp);
    assert_eq!(
        IssuerUrl::parse("https://A.example").unwrap_err(),
        BadUri::NotNormal("https://a.example".into())
    );
    assert!(matches!(IssuerUrl::parse("https://a.example/../x").unwrap_err(), BadUri::NotNormal(_)));
    assert!(matches!(IssuerUrl::parse("https://@a.example").unwrap_err(), BadUri::NotNormal(_)));
    for text in ["https://a.example//a", "https://a.example/a//b"] {
        assert_eq!(IssuerUrl::parse(text).unwrap_err(), BadUri::EmptySegment, "{text}");
    }
    for text in [
        "https://a.example/.well-known",
        "https://a.example/.well-known/a",
        "https://a.example/a/.well-known",
    ] {
        assert_eq!(IssuerUrl::parse(text).unwrap_err(), BadUri::WellKnown, "{text}");
    }
    assert!(IssuerUrl::parse("https://a.example/well-known").is_ok());
}

#[test]
fn the_judged_host_is_the_one_that_a_uri_parser_sees() {
    for (text, host) in [
        ("https://shop.example.com/cb", Some("shop.example.com")),
        ("https://shop.example.com:8443?x", Some("shop.example.com")),
        ("https://Shop.Example.COM", Some("shop.example.com")),
        ("HTTPS://a-b.example", Some("a-b.example")),
        ("https://xn--mnchen-3ya.example/cb", Some("xn--mnchen-3ya.example")),
        ("https://a.example./cb", Some("a.example.")),
        ("https:/one.example/cb", Some("one.example")),
        ("https://@one.example/cb", Some("one.example")),
        ("https://%61.example/cb", Some("a.example")),
        ("https://192.0.2.7/cb", Some("192.0.2.7")),
        ("https://0xc0000207/cb", Some("192.0.2.7")),
        ("https://[2001:db8::1]:1/cb", Some("[2001:db8::1]")),
        ("https://0x7f.1/cb", None),
        ("https://127.0.0.1/cb", None),
        ("https://localhost/cb", None),
        ("http://[::1]/cb", None),
    ] {
        // Also of spellings that are not registered any more, and may stand in a Snapshot.
        let uri = RedirectUri::read(text, ClientType::Web).unwrap();
        assert_eq!(uri.judged_host().as_deref(), host, "{text}");
        assert_eq!(uri.judged_host().is_some(), uri.kind() == RedirectKind::Https, "{text}");
        assert!(host.is_none_or(|host| uri.host() == host), "{text}");
    }
    let app = RedirectUri::parse("com.example.app:/cb", ClientType::Native).unwrap();
    assert_eq!(app.judged_host(), None);
}

#[test]
fn hosts_and_origins() {
    let uri = web("https://shop.example.com:8443/cb?x").unwrap();
    assert_eq!(
        (uri.host().as_str(), uri.origin().as_str()),
        ("shop.example.com", "https://shop.example.com:8443")
    );
    let app = RedirectUri::parse("com.example.app:/cb", ClientType::Native).unwrap();
    assert_eq!((app.host().as_str(), app.origin().as_str()), ("com.example.app", "com.example.app:"));
    assert_eq!(app.kind(), RedirectKind::PrivateScheme);
}
