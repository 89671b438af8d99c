//! What several policies leave of a client, field by field.

use crate::world::{Told, World, audiences, governed, names, scopes, shown, texts, ttl, uris};
use nauthera_core::codes::Code;
use nauthera_core::grant::{AuthMethod, ClientType, Consent, GrantSet, GrantType};
use nauthera_core::report::Verdict;
use nauthera_core::spec::{ClientKeys, RotationRule, Schedule};
use nauthera_core::time::Seconds;

fn told(world: World) -> Told {
    world.tell()
}

#[test]
fn a_client_within_policy_is_served_as_asked() {
    let told = told(governed().web("shop/web", |c| c.scopes = scopes(["openid", "orders:read"])));
    assert_eq!((told.verdict("shop/web"), told.codes("shop/web")), (Verdict::Compliant, vec![]));
    assert_eq!(shown(&told.row("shop/web").scopes), ["openid", "orders:read"]);
}

#[test]
fn a_scope_beyond_policy_is_withheld() {
    let told = told(governed().web("shop/web", |c| c.scopes = scopes(["openid", "payroll:admin"])));
    assert_eq!(
        (told.verdict("shop/web"), told.codes("shop/web")),
        (Verdict::Narrowed, vec![Code::ScopeBeyondPolicy])
    );
    let row = told.row("shop/web");
    assert_eq!(
        (shown(&row.scopes), shown(&row.withheld_scopes)),
        (vec!["openid".into()], vec!["payroll:admin".into()])
    );
}

#[test]
fn where_no_policy_states_scopes_the_usual_ones_hold() {
    let world = World::new().policy("identity/silent", |_| {});
    let told = told(
        world.web("shop/web", |c| c.scopes = scopes(["openid", "groups", "offline_access", "orders:read"])),
    );
    assert_eq!(shown(&told.row("shop/web").scopes), ["openid", "groups", "offline_access"]);
}

#[test]
fn of_two_overlapping_patterns_the_narrower_stays() {
    let world = governed()
        .policy("identity/narrow", |p| p.allowed_scopes = names(["*:read", "orders:read", "openid"]));
    let told = told(
        world.web("shop/web", |c| c.scopes = scopes(["openid", "orders:read", "orders:write", "profile"])),
    );
    assert_eq!(shown(&told.row("shop/web").scopes), ["openid", "orders:read"]);
}

#[test]
fn an_empty_list_allows_nothing() {
    let world = governed().policy("identity/none", |p| {
        p.allowed_audiences = names([]);
        p.allowed_hosts = names([]);
    });
    let told = told(world.client("shop/app", ClientType::Native, |c| {
        c.audiences = audiences(["urn:a"]);
        c.redirect_uris = uris(["https://shop.example.com/cb", "http://127.0.0.1/cb", "com.example.app:/cb"]);
    }));
    let row = told.row("shop/app");
    assert!(row.audiences.is_empty());
    assert_eq!(shown(&row.redirect_uris), ["http://127.0.0.1/cb", "com.example.app:/cb"]);
}

#[test]
fn where_no_policy_states_audiences_there_are_none() {
    let told = told(governed().web("shop/web", |c| {
        c.audiences = audiences(["urn:a"]);
        c.introspects = audiences(["urn:b"]);
    }));
    let row = told.row("shop/web");
    assert!(row.audiences.is_empty() && row.introspects.is_empty());
    assert_eq!(told.codes("shop/web"), [Code::AudienceBeyondPolicy, Code::IntrospectionBeyondPolicy]);
}

#[test]
fn audiences_and_introspection_are_judged_by_their_own_lists() {
    let world = governed().policy("identity/apis", |p| {
        p.allowed_audiences = names(["urn:a"]);
        p.allowed_introspection = names(["urn:*"]);
    });
    let told = told(world.web("shop/web", |c| {
        c.audiences = audiences(["urn:a", "urn:b"]);
        c.introspects = audiences(["urn:a", "urn:b"]);
    }));
    let row = told.row("shop/web");
    assert_eq!(
        (shown(&row.audiences).join(" "), shown(&row.introspects).join(" ")),
        ("urn:a".into(), "urn:a urn:b".into())
    );
}

#[test]
fn hosts_are_exact_or_any_depth_below_a_star() {
    let world =
        governed().policy("identity/hosts", |p| p.allowed_hosts = names(["*.example.com", "pay.test"]));
    let told = told(world.web("shop/web", |c| {
        c.redirect_uris = uris([
            "https://a.b.example.com/cb",
            "https://example.com/cb",
            "https://pay.test:8443/cb",
            "https://evilexample.com/cb",
            "http://localhost:3000/cb",
        ]);
        c.post_logout_redirect_uris = uris(["https://pay.test/bye", "https://other.test/bye"]);
    }));
    let row = told.row("shop/web");
    assert_eq!(
        shown(&row.redirect_uris),
        ["https://a.b.example.com/cb", "https://pay.test:8443/cb", "http://localhost:3000/cb"]
    );
    assert_eq!(shown(&row.post_logout_redirect_uris), ["https://pay.test/bye"]);
    let codes = [Code::HostBeyondPolicy, Code::HostBeyondPolicy, Code::PostLogoutHostBeyondPolicy];
    assert_eq!(told.codes("shop/web"), codes);
}

#[test]
fn a_lifetime_is_the_ceiling_unless_the_client_asks_for_less() {
    let world = governed().policy("identity/ttl", |p| {
        p.token.access = ttl("10m");
        p.token.refresh = ttl("8h");
    });
    let told = told(world.web("shop/web", |c| {
        c.token.access = ttl("1h");
        c.token.id = ttl("2m");
    }));
    let token = told.row("shop/web").token;
    assert_eq!(
        (token.access, token.refresh, token.id),
        (Seconds::minutes(10), Seconds::hours(8), Seconds::minutes(2))
    );
    assert_eq!(told.codes("shop/web"), [Code::LifetimeBeyondPolicy]);
}

#[test]
fn the_baseline_caps_what_policies_allow() {
    let world = governed().policy("identity/long", |p| {
        p.token.access = ttl("48h");
        p.token.refresh = ttl("365d");
        p.token.id = ttl("48h");
    });
    let told = told(world.web("shop/web", |_| {}));
    let token = told.row("shop/web").token;
    assert_eq!(
        (token.access, token.refresh, token.id),
        (Seconds::hours(24), Seconds::days(90), Seconds::hours(48))
    );
    assert_eq!(told.verdict("shop/web"), Verdict::Compliant);
}

#[test]
fn a_grant_beyond_policy_is_taken() {
    let world = World::new().policy("identity/code", |p| {
        p.allowed_grant_types = Some(GrantSet::of(&[GrantType::AuthorizationCode]));
    });
    let told = told(world.web("shop/web", |c| c.grant_types = Some(ClientType::Web.possible_grants())));
    assert_eq!(told.row("shop/web").grants, GrantSet::of(&[GrantType::AuthorizationCode]));
    assert_eq!(told.codes("shop/web"), [Code::GrantBeyondPolicy, Code::GrantBeyondPolicy]);
    assert_eq!(told.verdict("shop/web"), Verdict::Narrowed);
}

#[test]
fn losing_a_grant_that_only_the_type_brings_is_no_violation() {
    let world = World::new().policy("identity/code", |p| {
        p.allowed_grant_types = Some(GrantSet::of(&[GrantType::AuthorizationCode]));
    });
    let told = told(world.web("shop/web", |_| {}));
    assert_eq!(
        (told.verdict("shop/web"), told.codes("shop/web")),
        (Verdict::Compliant, vec![Code::GrantBeyondPolicy])
    );
    assert!(!told.client("shop/web").findings[0].is_violation());
    assert!(!told.row("shop/web").grants.contains(GrantType::RefreshToken));
}

#[test]
fn a_type_never_gets_a_grant_that_is_not_its_own() {
    let told =
        told(governed().client("shop/spa", ClientType::Browser, |c| c.grant_types = Some(GrantSet::ALL)));
    assert_eq!(told.row("shop/spa").grants, ClientType::Browser.possible_grants());
}

#[test]
fn public_clients_prove_a_code_challenge_whatever_policies_say() {
    let world = governed().policy("identity/loose", |p| p.enforce_pkce = Some(false));
    let told = told(world.web("shop/web", |_| {}).client("shop/spa", ClientType::Browser, |_| {}));
    assert!(told.row("shop/spa").require_pkce && !told.row("shop/web").require_pkce);
}

#[test]
fn pkce_is_required_where_no_policy_states_it() {
    assert!(told(governed().web("shop/web", |_| {})).row("shop/web").require_pkce);
}

#[test]
fn requirements_of_any_policy_hold() {
    let world = governed()
        .policy("identity/a", |p| {
            p.require_pushed_authorization_requests = Some(true);
            p.max_age = ttl("8h");
            p.consent = Some(Consent::Trusted);
        })
        .policy("identity/b", |p| {
            p.require_pushed_authorization_requests = Some(false);
            p.max_age = ttl("1h");
            p.consent = Some(Consent::Required);
        });
    let told = told(world.web("shop/web", |_| {}));
    let row = told.row("shop/web");
    assert_eq!((row.require_par, row.max_age, row.consent), (true, ttl("1h"), Consent::Required));
}

#[test]
fn consent_is_skipped_only_where_all_who_state_it_trust() {
    let world = governed().policy("identity/a", |p| p.consent = Some(Consent::Trusted));
    assert_eq!(told(world.web("shop/web", |_| {})).row("shop/web").consent, Consent::Trusted);
    assert_eq!(told(governed().web("shop/web", |_| {})).row("shop/web").consent, Consent::Required);
}

#[test]
fn every_group_list_must_be_met() {
    let world = governed()
        .policy("identity/a", |p| p.allowed_groups = Some(texts(["staff", "admins"])))
        .policy("identity/b", |p| p.allowed_groups = Some(texts(["admins", "staff"])));
    let told = told(world.web("shop/web", |c| c.allowed_groups = Some(texts(["shop"]))));
    assert_eq!(told.row("shop/web").allowed_groups, [texts(["admins", "staff"]), texts(["shop"])]);
}

#[test]
fn a_client_that_names_no_method_gets_the_first_that_all_allow() {
    let method = |stated: Option<AuthMethod>, allowed: Option<Vec<AuthMethod>>| {
        let world = governed().policy("identity/m", |p| {
            p.client_authentication.method = stated;
            p.client_authentication.allowed_methods = allowed;
        });
        let told = world.web("shop/web", |c| c.keys = Some(ClientKeys::Jwks("{}".into()))).tell();
        told.row("shop/web").authentication.clone()
    };
    use AuthMethod::{ClientSecretBasic, ClientSecretPost, PrivateKeyJwt};
    assert_eq!(method(None, None).method, ClientSecretBasic);
    assert_eq!(method(Some(ClientSecretPost), None).method, ClientSecretPost);
    assert_eq!(method(None, Some(vec![PrivateKeyJwt, ClientSecretPost])).method, ClientSecretPost);
    let by_key = method(Some(PrivateKeyJwt), None);
    assert_eq!((by_key.method, by_key.keys), (PrivateKeyJwt, Some(ClientKeys::Jwks("{}".into()))));
    assert_eq!(method(None, None).keys, None, "keys that are not used are not served");
}

#[test]
fn a_service_account_is_a_subject_of_the_clients_namespace() {
    let told = told(governed().client("shop/api", ClientType::Service, |c| {
        c.method = Some(AuthMethod::KubernetesServiceAccount);
        c.service_accounts = texts(["runner"]);
    }));
    assert_eq!(told.row("shop/api").authentication.subjects, texts(["system:serviceaccount:shop:runner"]));
    assert!(!told.client("shop/api").needs_secret());
}

#[test]
fn public_clients_use_none_and_are_not_judged_by_allowed_methods() {
    let world = governed().policy("identity/m", |p| p.client_authentication.allowed_methods = Some(vec![]));
    let told = told(world.client("shop/spa", ClientType::Browser, |_| {}));
    assert_eq!(told.row("shop/spa").authentication.method, AuthMethod::None);
}

#[test]
fn rotation_takes_every_schedule_and_the_shortest_times_of_the_enabled_rules() {
    let rule = |enabled, schedule: Option<&str>, overlap, max_age| {
        let schedule = schedule.map(|text| Schedule::parse(text).unwrap());
        Some(RotationRule { enabled, schedule, overlap, max_age })
    };
    let world = governed()
        .policy("identity/a", |p| {
            p.client_authentication.secret_rotation = rule(true, Some("0 3 * * 0"), ttl("2h"), ttl("90d"));
        })
        .policy("identity/b", |p| {
            p.client_authentication.secret_rotation = rule(true, Some("0 4 1 * *"), None, ttl("30d"));
        })
        .policy("identity/again", |p| {
            p.client_authentication.secret_rotation = rule(true, Some("0 3 * * 0"), None, None);
        })
        .policy("identity/c", |p| {
            p.client_authentication.secret_rotation = rule(false, Some("* * * * *"), ttl("10m"), ttl("1d"));
        });
    let told = told(world.web("shop/web", |_| {}).client("shop/spa", ClientType::Browser, |_| {}));
    let rotation = told.client("shop/web").rotation().unwrap();
    let schedules: Vec<&str> = rotation.schedules.iter().map(Schedule::as_str).collect();
    assert_eq!(schedules, ["0 3 * * 0", "0 4 1 * *"]);
    assert_eq!((rotation.overlap, rotation.max_age), (Seconds::hours(2), ttl("30d")));
    assert_eq!(told.client("shop/spa").rotation(), None, "it has no secret");
}
