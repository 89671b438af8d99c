use super::*;
use crate::oauth::fixtures::{ISSUER, row};

const BASE: &str = "client_id=shop.web&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid&state=s1\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn hint(text: &str) -> Option<Subject> {
    (text == "good").then(|| Subject("ada".into()))
}

fn judged_by(row: Row, query: &str) -> Result<AuthorizeRequest, Refusal> {
    let issuer = IssuerUrl::parse(ISSUER).unwrap();
    let facts = Facts { issuer: &issuer, pushed: None, pushing: false, hint: &hint };
    judge(&Arc::new(row), &Params::parse(query.as_bytes()).unwrap(), facts)
}

fn judged(query: &str) -> Result<AuthorizeRequest, Refusal> {
    judged_by(row(), query)
}

fn redirected(query: &str) -> OAuthError {
    match judged(query).unwrap_err() {
        Refusal::Redirect(refused) => {
            assert_eq!(refused.0.redirect_uri, "https://shop.example/cb");
            refused.1
        }
        Refusal::Page(error) => panic!("on a page: {error}"),
    }
}

fn without(name: &str) -> String {
    Params::parse(BASE.as_bytes()).unwrap().encode_without(&[name])
}

#[test]
fn a_good_request_passes() {
    let request = judged(BASE).unwrap();
    assert_eq!(request.target.state.as_deref(), Some("s1"));
    assert_eq!(request.scopes.len(), 1);
}

#[test]
fn the_order_of_checks_is_the_specification() {
    let names = |list: &[(&'static str, Check)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    assert_eq!(names(ON_A_PAGE), ["redirect_uri", "response_mode", "state"]);
    assert_eq!(
        names(TO_THE_CLIENT),
        [
            "parameters once",
            "request",
            "pushed where required",
            "response_type",
            "grant",
            "scope",
            "resource",
            "PKCE",
            "nonce",
            "prompt",
            "max_age",
            "claims",
            "id_token_hint",
            "hints"
        ]
    );
}

#[test]
fn a_request_with_every_fault_names_the_first_one() {
    let faults = [
        ("&response_type=x", "response_type"),
        ("&request=x", "request"),
        ("&scope=nonsense", "scope"),
        ("&resource=https%3A%2F%2Fother", "resource"),
        ("&prompt=dance", "prompt"),
    ];
    let all: String = faults.iter().map(|(part, _)| *part).collect();
    let bare = "client_id=shop.web&redirect_uri=https%3A%2F%2Fshop.example%2Fcb";
    assert_eq!(redirected(&format!("{bare}{all}")).code, ErrorCode::RequestNotSupported);
    assert_eq!(
        redirected(&format!("{bare}&scope=nonsense")).description,
        "parameter 'response_type' is missing"
    );
    assert_eq!(
        redirected(&format!("{bare}&response_type=code&scope=nonsense&prompt=dance")).code,
        ErrorCode::InvalidScope
    );
}

#[test]
fn an_unregistered_redirect_uri_is_never_redirected_to() {
    for bad in [
        "",
        "https%3A%2F%2Fevil.example%2Fcb",
        "https%3A%2F%2Fshop.example%2Fcb%3Fx",
        "https%3A%2F%2Fshop.example",
    ] {
        let query = format!("{}&redirect_uri={bad}", without("redirect_uri"));
        assert!(matches!(judged(&query), Err(Refusal::Page(_))), "{bad}");
    }
    let twice = format!("{BASE}&redirect_uri=https%3A%2F%2Fshop.example%2Fcb");
    assert!(matches!(judged(&twice), Err(Refusal::Page(_))));
}

#[test]
fn unknown_response_modes_and_two_states_are_shown_on_a_page() {
    assert!(matches!(judged(&format!("{BASE}&response_mode=fragment")), Err(Refusal::Page(_))));
    assert!(matches!(judged(&format!("{BASE}&state=s2")), Err(Refusal::Page(_))));
}

#[test]
fn form_post_is_taken() {
    assert_eq!(
        judged(&format!("{BASE}&response_mode=form_post")).unwrap().target.mode,
        ResponseMode::FormPost
    );
}

#[test]
fn repeated_parameters_go_back_as_an_error() {
    assert_eq!(redirected(&format!("{BASE}&nonce=a&nonce=b")).code, ErrorCode::InvalidRequest);
}

#[test]
fn request_objects_are_not_supported() {
    assert_eq!(redirected(&format!("{BASE}&request=x")).code, ErrorCode::RequestNotSupported);
    assert_eq!(
        redirected(&format!("{BASE}&request_uri=https%3A%2F%2Fx")).code,
        ErrorCode::RequestUriNotSupported
    );
}

#[test]
fn a_client_that_must_push_is_told_so() {
    let refused = judged_by(Row { require_par: true, ..row() }, BASE).unwrap_err();
    assert!(matches!(refused, Refusal::Redirect(refused) if refused.1.description.contains("/oauth2/par")));
}

#[test]
fn only_code_is_a_response_type() {
    for other in ["token", "id_token", "code%20id_token"] {
        let query = format!("{}&response_type={other}", without("response_type"));
        assert_eq!(redirected(&query).code, ErrorCode::UnsupportedResponseType);
    }
    assert_eq!(redirected(&without("response_type")).code, ErrorCode::InvalidRequest);
}

#[test]
fn a_scope_that_policy_took_is_left_out_and_one_never_asked_for_is_an_error() {
    let query = |scope: &str| format!("{}&scope={scope}", without("scope"));
    let request = judged(&query("openid+payroll")).unwrap();
    assert_eq!(request.scopes.len(), 1);
    assert_eq!(redirected(&query("payroll")).code, ErrorCode::InvalidScope);
    assert_eq!(redirected(&query("openid+other")).code, ErrorCode::InvalidScope);
    assert_eq!(redirected(&without("scope")).code, ErrorCode::InvalidScope);
}

#[test]
fn a_resource_must_be_one_of_the_clients() {
    let named =
        judged(&format!("{BASE}&resource=https%3A%2F%2Fapi.example&resource=https%3A%2F%2Flogin.example"))
            .unwrap();
    assert_eq!(named.resources.len(), 1);
    assert_eq!(redirected(&format!("{BASE}&resource=https%3A%2F%2Fother")).code, ErrorCode::InvalidTarget);
}

#[test]
fn a_missing_challenge_is_an_error_where_required() {
    let query =
        Params::parse(BASE.as_bytes()).unwrap().encode_without(&["code_challenge", "code_challenge_method"]);
    assert_eq!(redirected(&query).code, ErrorCode::InvalidRequest);
    assert!(judged_by(Row { require_pkce: false, ..row() }, &query).unwrap().code_challenge.is_none());
}

#[test]
fn prompt_none_stands_alone() {
    assert!(judged(&format!("{BASE}&prompt=none")).unwrap().prompt.none);
    assert_eq!(redirected(&format!("{BASE}&prompt=none+login")).code, ErrorCode::InvalidRequest);
    let both = judged(&format!("{BASE}&prompt=login+consent")).unwrap().prompt;
    assert!(both.login && both.consent);
}

#[test]
fn max_age_is_the_lower_of_request_and_policy() {
    let policy = Row { max_age: Some(Seconds::new(60)), ..row() };
    let long = judged_by(row(), &format!("{BASE}&max_age=99999999999")).unwrap();
    assert_eq!(long.max_age, Some(Seconds::MAX), "a whole number all the same");
    assert_eq!(judged_by(policy.clone(), BASE).unwrap().max_age, Some(Seconds::new(60)));
    assert_eq!(judged_by(policy, &format!("{BASE}&max_age=10")).unwrap().max_age, Some(Seconds::new(10)));
    for bad in ["-1", "x", "1.5", "+5"] {
        assert_eq!(redirected(&format!("{BASE}&max_age={bad}")).code, ErrorCode::InvalidRequest, "{bad}");
    }
}

#[test]
fn a_hint_must_be_ours_and_agree_with_claims() {
    assert_eq!(
        judged(&format!("{BASE}&id_token_hint=good")).unwrap().expected_subject,
        Some(Subject("ada".into()))
    );
    assert_eq!(redirected(&format!("{BASE}&id_token_hint=forged")).code, ErrorCode::InvalidRequest);
    let claims = "%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22grace%22%7D%7D%7D";
    assert_eq!(
        redirected(&format!("{BASE}&id_token_hint=good&claims={claims}")).code,
        ErrorCode::InvalidRequest
    );
}

#[test]
fn unknown_parameters_and_display_are_taken_silently() {
    assert!(
        judged(&format!("{BASE}&display=popup&foo=bar&ui_locales=de&login_hint=ada&acr_values=x")).is_ok()
    );
}

#[test]
fn an_overlong_state_is_refused_on_a_page() {
    let query = format!("{}&state={}", without("state"), "x".repeat(5_000));
    assert!(matches!(judged(&query), Err(Refusal::Page(_))));
}

#[test]
fn client_id_must_be_there_once() {
    assert!(client_id(&Params::parse(b"x=y").unwrap()).is_err());
    assert!(client_id(&Params::parse(b"client_id=a&client_id=b").unwrap()).is_err());
    assert_eq!(client_id(&Params::parse(b"client_id=a").unwrap()).unwrap(), "a");
}
