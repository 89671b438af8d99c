use super::*;
use crate::facts::Rotated;
use crate::grant::{ClientType, GrantSet};
use crate::names::ClientId;
use crate::oauth::fixtures::{self, ISSUER, row, scopes};

fn issuer() -> IssuerUrl {
    IssuerUrl::parse(ISSUER).unwrap()
}

fn params(text: &str) -> Params<'_> {
    Params::parse(text.as_bytes()).unwrap()
}

const REDIRECT: &str = "redirect_uri=https%3A%2F%2Fshop.example%2Fcb";

fn redeemed(row: &Row, record: &CodeRecord, form: &str) -> Result<Mint, OAuthError> {
    code(row, &issuer(), record, Some(&[]), (&params(form), UnixTime(1_030)))
}

#[test]
fn a_code_gives_what_was_authorised() {
    let mint = redeemed(&row(), &fixtures::code(), REDIRECT).unwrap();
    assert_eq!(mint.scopes, scopes(&["openid", "orders:read"]));
    assert_eq!(mint.audience.as_str(), ISSUER);
    assert_eq!(mint.refresh_until, Some(UnixTime(1_000 + 8 * 3_600)));
    assert!(mint.has_id_token());
}

#[test]
fn a_code_is_bound_to_client_redirect_uri_and_time() {
    let other = Row { client_id: ClientId::parse("shop.other").unwrap(), ..row() };
    assert!(redeemed(&other, &fixtures::code(), REDIRECT).is_err());
    for form in ["", "redirect_uri=https%3A%2F%2Fshop.example%2Fother"] {
        assert!(redeemed(&row(), &fixtures::code(), form).is_err());
    }
    let late = code(&row(), &issuer(), &fixtures::code(), Some(&[]), (&params(REDIRECT), UnixTime(1_060)));
    assert_eq!(late.unwrap_err().code, ErrorCode::InvalidGrant);
}

#[test]
fn a_redeemed_code_passes_so_that_the_store_can_revoke() {
    let record = CodeRecord { redeemed_at: Some(UnixTime(1_010)), ..fixtures::code() };
    assert!(redeemed(&row(), &record, REDIRECT).is_ok());
}

#[test]
fn todays_groups_are_judged_for_every_grant_of_a_person() {
    let staff = Row { allowed_groups: vec![vec!["staff".into()]], ..row() };
    let (params, now) = (params(REDIRECT), UnixTime(1_030));
    let code_of = |record: &CodeRecord, person| code(&staff, &issuer(), record, person, (&params, now));
    let device_of = |person| device(&staff, &issuer(), &fixtures::authorization(), person, (&params, now));
    let (inside, outside): (&[Arc<str>], &[Arc<str>]) = (&["staff".into()], &["alumni".into()]);
    assert!(code_of(&fixtures::code(), Some(inside)).is_ok() && device_of(Some(inside)).is_ok());
    for person in [Some(outside), Some(&[][..]), None] {
        assert_eq!(code_of(&fixtures::code(), person).unwrap_err().code, ErrorCode::InvalidGrant);
        let used = CodeRecord { redeemed_at: Some(UnixTime(1_010)), ..fixtures::code() };
        assert!(code_of(&used, person).is_ok(), "a second use is noticed all the same");
        let denied = if person.is_some() { ErrorCode::AccessDenied } else { ErrorCode::InvalidGrant };
        assert_eq!(device_of(person).unwrap_err().code, denied);
    }
}

#[test]
fn policy_may_have_tightened_since_the_code_was_issued() {
    let tighter =
        Row { scopes: scopes(&["openid"]), grants: GrantSet::of(&[GrantType::AuthorizationCode]), ..row() };
    let mint = redeemed(&tighter, &fixtures::code(), REDIRECT).unwrap();
    assert_eq!((mint.scopes, mint.refresh_until), (scopes(&["openid"]), None));
    let nothing = Row { scopes: vec![], ..row() };
    assert_eq!(redeemed(&nothing, &fixtures::code(), REDIRECT).unwrap_err().code, ErrorCode::InvalidScope);
}

#[test]
fn a_token_has_one_audience() {
    let mut record = fixtures::code();
    record.authorization.resources = row().audiences;
    assert_eq!(redeemed(&row(), &record, REDIRECT).unwrap_err().code, ErrorCode::InvalidTarget);
    let named = format!("{REDIRECT}&resource=https%3A%2F%2Fapi.example");
    assert_eq!(redeemed(&row(), &record, &named).unwrap().audience.as_str(), "https://api.example");
    let two = format!("{named}&resource=https%3A%2F%2Fb.example");
    assert_eq!(redeemed(&row(), &record, &two).unwrap_err().code, ErrorCode::InvalidTarget);
    record.authorization.resources.truncate(1);
    assert_eq!(redeemed(&row(), &record, REDIRECT).unwrap().audience.as_str(), "https://api.example");
    let issuer = format!("{REDIRECT}&resource=https%3A%2F%2Flogin.example");
    assert_eq!(redeemed(&row(), &record, &issuer).unwrap().audience.as_str(), ISSUER);
    let other = format!("{REDIRECT}&resource=https%3A%2F%2Fb.example");
    assert_eq!(redeemed(&row(), &record, &other).unwrap_err().code, ErrorCode::InvalidTarget);
}

fn family() -> FamilyRecord {
    FamilyRecord {
        grant: fixtures::grant().id,
        current: Digest::of("r"),
        expires_at: UnixTime(50_000),
        rotated: None,
    }
}

/// Presents the token of this word.
fn presented(
    row: &Row,
    (word, family, grant): (&str, &FamilyRecord, &GrantRecord),
    person: GroupsNow<'_>,
    (form, now): (&str, i64),
) -> Result<Refresh, OAuthError> {
    let facts = Presented { digest: Digest::of(word), family, grant };
    refresh(row, &issuer(), facts, person, (&params(form), UnixTime(now)))
}

fn refreshed(row: &Row, family: &FamilyRecord, form: &str, now: i64) -> Result<Refresh, OAuthError> {
    let groups: [Arc<str>; 1] = ["staff".into()];
    presented(row, ("r", family, &fixtures::grant()), Some(&groups), (form, now))
}

fn public() -> Row {
    Row { client_type: ClientType::Browser, ..row() }
}

#[test]
fn public_clients_rotate_and_confidential_ones_keep() {
    assert!(matches!(refreshed(&public(), &family(), "", 2_000), Ok(Refresh::Rotate(_))));
    assert!(matches!(refreshed(&row(), &family(), "", 2_000), Ok(Refresh::Keep(_))));
}

#[test]
fn a_rotated_token_repeats_within_the_grace_and_is_theft_after_it() {
    let rotated = |sealed: &[u8]| FamilyRecord {
        current: Digest::of("s"),
        rotated: Some(Rotated {
            previous: Digest::of("r"),
            at: UnixTime(2_000),
            sealed_successor: sealed.to_vec(),
        }),
        ..family()
    };
    assert!(matches!(refreshed(&public(), &rotated(&[1]), "", 2_009), Ok(Refresh::Repeat(_))));
    assert_eq!(refreshed(&public(), &rotated(&[1]), "", 2_010), Ok(Refresh::Reused));
    assert_eq!(refreshed(&public(), &rotated(&[]), "", 2_001), Ok(Refresh::Reused));
    let older = presented(&public(), ("q", &rotated(&[1]), &fixtures::grant()), Some(&[]), ("", 2_001));
    assert_eq!(older, Ok(Refresh::Reused), "the grace is over once the successor was used");
}

#[test]
fn a_plain_rotation_is_judged_without_the_facts_that_change() {
    let (authorization, staff): (_, &[Arc<str>]) = (fixtures::authorization(), &["staff".into()]);
    let judge = |row: &Row, authorization: &Authorization, person, (form, now)| {
        rotation(row, &issuer(), authorization, person, (&params(form), UnixTime(now)))
    };
    let Ok(Refresh::Rotate(mint)) = refreshed(&public(), &family(), "", 2_000) else { panic!() };
    assert_eq!(judge(&public(), &authorization, Some(staff), ("", 2_000)), Some(mint));
    // Whatever would be refused, and whatever is no rotation, is left to the judgement that knows all.
    assert_eq!(judge(&row(), &authorization, Some(staff), ("", 2_000)), None);
    assert_eq!(judge(&public(), &authorization, None, ("", 2_000)), None);
    assert_eq!(judge(&public(), &authorization, Some(staff), ("scope=profile", 2_000)), None);
    assert_eq!(judge(&public(), &authorization, Some(staff), ("", 1_000 + 8 * 3_600)), None);
    let other = Row { client_id: ClientId::parse("shop.other").unwrap(), ..public() };
    assert_eq!(judge(&other, &authorization, Some(staff), ("", 2_000)), None);
}

#[test]
fn a_grant_that_outlives_its_session_rotates_plainly_while_it_has_offline_access() {
    let offline = Authorization {
        sid: Some("sid".into()),
        scopes: scopes(&["openid", "offline_access"]),
        ..fixtures::authorization()
    };
    let judge = |row: &Row| rotation(row, &issuer(), &offline, Some(&[]), (&params(""), UnixTime(2_000)));
    let with = |names: &[&str]| Row { scopes: scopes(names), ..public() };
    assert!(judge(&with(&["openid", "offline_access"])).is_some());
    assert_eq!(judge(&with(&["openid"])), None, "its session may have ended since");
}

#[test]
fn a_tightened_lifetime_ends_the_family_earlier() {
    let tighter =
        Row { token: crate::snapshot::Lifetimes { refresh: Seconds::new(500), ..row().token }, ..public() };
    assert!(refreshed(&tighter, &family(), "", 1_499).is_ok());
    assert_eq!(refreshed(&tighter, &family(), "", 1_500).unwrap_err().code, ErrorCode::InvalidGrant);
}

#[test]
fn a_person_who_left_ends_the_family() {
    let gone = presented(&public(), ("r", &family(), &fixtures::grant()), None, ("", 2_000));
    assert_eq!(gone.unwrap_err().code, ErrorCode::InvalidGrant);
    let row = Row { allowed_groups: vec![vec!["admins".into()]], ..public() };
    assert_eq!(refreshed(&row, &family(), "", 2_000).unwrap_err().code, ErrorCode::InvalidGrant);
}

#[test]
fn a_refresh_may_ask_for_less_and_never_for_more() {
    match refreshed(&public(), &family(), "scope=openid", 2_000) {
        Ok(Refresh::Rotate(mint)) => assert_eq!(mint.scopes, scopes(&["openid"])),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        refreshed(&public(), &family(), "scope=profile", 2_000).unwrap_err().code,
        ErrorCode::InvalidScope
    );
}

#[test]
fn another_clients_refresh_token_is_refused() {
    let other = Row { client_id: ClientId::parse("shop.other").unwrap(), ..public() };
    assert_eq!(refreshed(&other, &family(), "", 2_000).unwrap_err().code, ErrorCode::InvalidGrant);
}

#[test]
fn a_revoked_grant_refreshes_nothing() {
    let revoked = GrantRecord { revoked_at: Some(UnixTime(1)), ..fixtures::grant() };
    assert!(presented(&public(), ("r", &family(), &revoked), Some(&[]), ("", 2_000)).is_err());
}

#[test]
fn client_credentials_get_everything_but_what_is_about_a_person() {
    let all = client_credentials(&row(), &issuer(), &params("")).unwrap();
    assert_eq!(all.scopes, scopes(&["orders:read"]));
    let asked = client_credentials(&row(), &issuer(), &params("scope=orders:read+payroll")).unwrap();
    assert_eq!(asked.scopes, scopes(&["orders:read"]));
    for (form, code) in [
        ("scope=openid", ErrorCode::InvalidScope),
        ("scope=nope", ErrorCode::InvalidScope),
        ("resource=x", ErrorCode::InvalidTarget),
    ] {
        assert_eq!(client_credentials(&row(), &issuer(), &params(form)).unwrap_err().code, code, "{form}");
    }
    let api = client_credentials(&row(), &issuer(), &params("resource=https%3A%2F%2Fapi.example")).unwrap();
    assert_eq!(api.audience.as_str(), "https://api.example");
}

#[test]
fn a_grant_outside_the_clients_own_is_unauthorized() {
    let row = Row { grants: GrantSet::of(&[GrantType::ClientCredentials]), ..row() };
    assert!(may_use_grant(&row, GrantType::ClientCredentials).is_ok());
    assert_eq!(may_use_grant(&row, GrantType::RefreshToken).unwrap_err().code, ErrorCode::UnauthorizedClient);
}
