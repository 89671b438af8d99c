use super::*;
use crate::facts::{LoginEvent, PersonRef};
use crate::names::ObjectRef;
use crate::oauth::authorize::{Facts, judge};
use crate::oauth::fixtures::{ISSUER, row};
use crate::oauth::params::Params;
use crate::snapshot::Row;
use crate::uri::{IssuerUrl, RedirectUri};

fn request(row: Row, extra: &str) -> AuthorizeRequest {
    let uri = row.redirect_uris[0].as_str().to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("redirect_uri", &uri)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid");
    let query = format!(
        "{}&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256{extra}",
        query.finish()
    );
    let issuer = IssuerUrl::parse(ISSUER).unwrap();
    let facts = Facts { issuer: &issuer, pushed: None, pushing: false, hint: &|_| None };
    judge(&Arc::new(row), &Params::parse(query.as_bytes()).unwrap(), facts).unwrap()
}

fn session(auth_time: i64) -> SessionRecord {
    SessionRecord {
        digest: Digest::of("s"),
        sid: "sid".into(),
        person: PersonRef::new(ObjectRef::new("identity", "people"), "ada"),
        login: LoginEvent { auth_time: UnixTime(auth_time), amr: vec![] },
        created_at: UnixTime(auth_time),
        last_seen_at: UnixTime(auth_time),
        expires_at: UnixTime(1_000_000),
    }
}

fn trusted() -> Row {
    Row { consent: Consent::Trusted, ..row() }
}

/// Decides at time 1,000 for a request that started then.
fn decided(request: &AuthorizeRequest, session: Option<&SessionRecord>) -> Next {
    let progress = Progress { started_at: UnixTime(1_000), before: None, selected: None };
    let groups: [Arc<str>; 1] = ["staff".into()];
    let session = session.map(|session| (session, groups.as_slice()));
    next(&Situation { request, progress: &progress, session, consent: None, now: UnixTime(1_000) })
}

fn refused(next: Next) -> ErrorCode {
    match next {
        Next::Refuse(error) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_logged_in_means_login_or_an_error_with_prompt_none() {
    assert_eq!(decided(&request(trusted(), ""), None), Next::Login);
    assert_eq!(refused(decided(&request(trusted(), "&prompt=none"), None)), ErrorCode::LoginRequired);
}

#[test]
fn a_session_of_a_trusted_client_issues_at_once() {
    assert_eq!(decided(&request(trusted(), ""), Some(&session(500))), Next::Issue);
}

#[test]
fn prompt_login_wants_a_login_later_than_the_request() {
    let request = request(trusted(), "&prompt=login");
    assert_eq!(decided(&request, Some(&session(999))), Next::Login);
    assert_eq!(decided(&request, Some(&session(1_000))), Next::Issue);
}

#[test]
fn a_login_of_the_same_second_that_came_before_the_request_does_not_count() {
    let (request, session) = (request(trusted(), "&prompt=login"), session(1_000));
    let progress = Progress { started_at: UnixTime(1_000), before: Some(session.digest), selected: None };
    let situation = Situation {
        request: &request,
        progress: &progress,
        session: Some((&session, &[])),
        consent: None,
        now: UnixTime(1_000),
    };
    assert_eq!(next(&situation), Next::Login);
}

#[test]
fn max_age_zero_is_like_prompt_login_and_others_count_from_the_login() {
    assert_eq!(decided(&request(trusted(), "&max_age=0"), Some(&session(999))), Next::Login);
    assert_eq!(decided(&request(trusted(), "&max_age=0"), Some(&session(1_000))), Next::Issue);
    assert_eq!(decided(&request(trusted(), "&max_age=100"), Some(&session(899))), Next::Login);
    assert_eq!(decided(&request(trusted(), "&max_age=100"), Some(&session(900))), Next::Issue);
}

#[test]
fn another_person_than_the_client_expects_logs_in() {
    let mut request = request(trusted(), "");
    request.expected_subject = Some(Subject("grace".into()));
    assert_eq!(decided(&request, Some(&session(500))), Next::Login);
}

#[test]
fn select_account_asks_until_this_session_is_chosen() {
    let request = request(trusted(), "&prompt=select_account");
    let session = session(500);
    assert_eq!(decided(&request, Some(&session)), Next::SelectAccount);
    let progress = Progress { started_at: UnixTime(1_000), before: None, selected: Some("sid".into()) };
    let situation = Situation {
        request: &request,
        progress: &progress,
        session: Some((&session, &[])),
        consent: None,
        now: UnixTime(1),
    };
    assert_eq!(next(&situation), Next::Issue);
}

#[test]
fn a_person_outside_the_groups_is_refused() {
    let row = Row { allowed_groups: vec![vec!["staff".into()], vec!["admins".into()]], ..trusted() };
    assert_eq!(refused(decided(&request(row, ""), Some(&session(500)))), ErrorCode::AccessDenied);
    let row = Row { allowed_groups: vec![vec!["staff".into(), "x".into()]], ..trusted() };
    assert_eq!(decided(&request(row, ""), Some(&session(500))), Next::Issue);
}

#[test]
fn consent_is_asked_once_and_again_when_more_is_asked() {
    let first = request(row(), "");
    let session = session(500);
    assert_eq!(decided(&first, Some(&session)), Next::Consent);
    let given = agreed(&first, &session.person.subject, None, UnixTime(1));
    let progress = Progress { started_at: UnixTime(1_000), before: None, selected: None };
    let with = |request: &AuthorizeRequest| {
        let session = Some((&session, [].as_slice()));
        next(&Situation {
            request,
            progress: &progress,
            session,
            consent: Some(&given),
            now: UnixTime(1_000),
        })
    };
    assert_eq!(with(&first), Next::Issue);
    let mut more = first;
    more.scopes.extend(crate::oauth::fixtures::scopes(&["profile"]));
    assert_eq!(with(&more), Next::Consent);
    let both = agreed(&more, &session.person.subject, Some(&given), UnixTime(2));
    assert_eq!(both.scopes.len(), 2);
}

#[test]
fn consent_with_prompt_none_is_an_error_and_with_prompt_consent_asked_anyway() {
    assert_eq!(
        refused(decided(&request(row(), "&prompt=none"), Some(&session(500)))),
        ErrorCode::ConsentRequired
    );
    assert_eq!(decided(&request(trusted(), "&prompt=consent"), Some(&session(500))), Next::Consent);
}

#[test]
fn native_clients_without_https_are_always_asked() {
    let native = |uri: &str| Row {
        client_type: ClientType::Native,
        redirect_uris: vec![RedirectUri::parse(uri, ClientType::Native).unwrap()],
        ..trusted()
    };
    assert_eq!(decided(&request(native("http://127.0.0.1/cb"), ""), Some(&session(500))), Next::Consent);
    assert_eq!(decided(&request(native("com.example.app:/cb"), ""), Some(&session(500))), Next::Consent);
    assert_eq!(decided(&request(native("https://app.example/cb"), ""), Some(&session(500))), Next::Issue);
}

#[test]
fn an_essential_acr_that_cannot_be_reached_is_said() {
    let claims = "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22values%22%3A%5B%22mfa%22%5D%7D%7D%7D";
    let code = refused(decided(&request(trusted(), claims), Some(&session(500))));
    assert_eq!(code, ErrorCode::UnmetAuthenticationRequirements);
}
