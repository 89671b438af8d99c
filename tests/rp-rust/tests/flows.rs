//! Every flow that the crate `openidconnect` has, against a running server.

use anyhow::{Context, Result, ensure};
use nauthera_rp_rust::http::send;
use nauthera_rp_rust::person::Person;
use nauthera_rp_rust::relying_party::{CALLBACK, Client, Login, client, discover, log_in, parameter};
use nauthera_rp_rust::server::{Server, shared};
use openidconnect::core::{CoreDeviceAuthorizationResponse, CoreErrorResponseType, CoreUserInfoClaims};
use openidconnect::{
    AccessToken, LogoutRequest, OAuth2TokenResponse, PostLogoutRedirectUrl, RequestTokenError, Scope,
    TokenIntrospectionResponse, TokenResponse,
};
use std::time::Duration;

const ORDERS: &str = "https://api.example/orders";

/// Runs a test against the shared server, whose log is in the error.
fn proof(run: impl FnOnce(&Server) -> Result<()>) -> Result<()> {
    let server = shared()?;
    run(server).with_context(|| server.log())
}

fn userinfo(client: &Client, token: &AccessToken) -> Result<CoreUserInfoClaims> {
    Ok(client.user_info(token.clone(), None)?.request(&send)?)
}

fn is_active(client: &Client, token: &str) -> Result<bool> {
    Ok(client.introspect(&AccessToken::new(token.to_owned())).request(&send)?.active())
}

fn orders_token(client: &Client) -> Result<AccessToken> {
    let request = client.exchange_client_credentials()?.add_scope(Scope::new("orders:read".into()));
    Ok(request.add_extra_param("resource", ORDERS).request(&send)?.access_token().clone())
}

#[test]
fn the_provider_is_found() -> Result<()> {
    proof(|server| {
        let metadata = discover(server)?;
        ensure!(metadata.issuer().as_str() == server.issuer);
        ensure!(!metadata.jwks().keys().is_empty());
        Ok(())
    })
}

#[test]
fn a_web_client_logs_a_person_in() -> Result<()> {
    proof(|server| {
        let client = client(server, "web-basic", CALLBACK)?;
        let (tokens, claims) = log_in(&client, &mut Person::ada(), &["profile", "email"])?;
        ensure!(claims.email().is_some_and(|email| email.as_str() == "ada@example.com"));
        let person = userinfo(&client, tokens.access_token())?;
        ensure!(person.subject() == claims.subject());
        let name = person.name().and_then(|name| name.get(None)).context("no name")?;
        ensure!(name.as_str() == "Ada Lovelace");
        Ok(())
    })
}

#[test]
fn a_single_page_logs_a_person_in() -> Result<()> {
    proof(|server| {
        let client = client(server, "page", "https://page.example/callback")?;
        log_in(&client, &mut Person::ada(), &["profile"]).map(drop)
    })
}

#[test]
fn a_native_client_logs_a_person_in_on_any_loopback_port() -> Result<()> {
    proof(|server| {
        let client = client(server, "till", "http://127.0.0.1:50123/callback")?;
        log_in(&client, &mut Person::ada(), &["profile"]).map(drop)
    })
}

#[test]
fn a_person_may_say_no() -> Result<()> {
    proof(|server| {
        let login = Login::begin(&client(server, "asking", CALLBACK)?, &["profile"]);
        let answer = Person::ada().go(&login.url, "deny")?;
        ensure!(parameter(&answer, "error")? == "access_denied");
        ensure!(parameter(&answer, "iss")? == server.issuer);
        Ok(())
    })
}

#[test]
fn a_confidential_client_refreshes() -> Result<()> {
    proof(|server| {
        let client = client(server, "web-basic", CALLBACK)?;
        let (tokens, claims) = log_in(&client, &mut Person::ada(), &[])?;
        let refresh_token = tokens.refresh_token().context("no refresh token")?;
        let fresh = client.exchange_refresh_token(refresh_token)?.request(&send)?;
        ensure!(fresh.access_token().secret() != tokens.access_token().secret());
        ensure!(userinfo(&client, fresh.access_token())?.subject() == claims.subject());
        Ok(())
    })
}

#[test]
fn a_public_client_that_shows_a_spent_refresh_token_loses_the_family() -> Result<()> {
    proof(|server| {
        let client = client(server, "page", "https://page.example/callback")?;
        let (first, _) = log_in(&client, &mut Person::ada(), &["offline_access"])?;
        let first = first.refresh_token().context("no refresh token")?;
        let second = client.exchange_refresh_token(first)?.request(&send)?;
        let second = second.refresh_token().context("no second refresh token")?;
        ensure!(first.secret() != second.secret());
        client.exchange_refresh_token(second)?.request(&send)?;
        for spent in [first, second] {
            let refused = client.exchange_refresh_token(spent)?.request(&send);
            let Err(RequestTokenError::ServerResponse(answer)) = refused else {
                anyhow::bail!("a spent refresh token is taken")
            };
            ensure!(*answer.error() == CoreErrorResponseType::InvalidGrant);
        }
        Ok(())
    })
}

#[test]
fn a_service_gets_a_token_that_its_resource_server_can_ask_about() -> Result<()> {
    proof(|server| {
        let token = orders_token(&client(server, "reports", CALLBACK)?)?;
        let api = client(server, "orders-api", CALLBACK)?;
        let about = api.introspect(&token).request(&send)?;
        ensure!(about.active());
        ensure!(about.client_id().is_some_and(|id| id.as_str() == "apps.reports"));
        ensure!(about.aud().is_some_and(|aud| *aud == [ORDERS.to_owned()]));
        ensure!(!is_active(&api, "nonsense")?);
        Ok(())
    })
}

#[test]
fn a_revoked_token_is_not_active_any_more() -> Result<()> {
    proof(|server| {
        let reports = client(server, "reports", CALLBACK)?;
        let token = orders_token(&reports)?;
        ensure!(is_active(&reports, token.secret())?);
        reports.revoke_token(token.clone().into())?.request(&send)?;
        ensure!(!is_active(&reports, token.secret())?);
        Ok(())
    })
}

#[test]
fn revoking_a_refresh_token_ends_what_it_gave() -> Result<()> {
    proof(|server| {
        let client = client(server, "page", "https://page.example/callback")?;
        let (tokens, _) = log_in(&client, &mut Person::ada(), &[])?;
        let refresh_token = tokens.refresh_token().context("no refresh token")?;
        client.revoke_token(refresh_token.clone().into())?.request(&send)?;
        ensure!(client.exchange_refresh_token(refresh_token)?.request(&send).is_err());
        ensure!(userinfo(&client, tokens.access_token()).is_err());
        Ok(())
    })
}

#[test]
fn a_device_is_let_in() -> Result<()> {
    proof(|server| {
        let client = client(server, "screen", CALLBACK)?;
        let request = client.exchange_device_code().add_scope(Scope::new("profile".into()));
        let device: CoreDeviceAuthorizationResponse = request.request(&send)?;
        let last = Person::ada().let_in(device.verification_uri().url(), device.user_code().secret())?;
        ensure!(!last.contains("<form"), "{last}");
        let wait = |_: Duration| ();
        let tokens = client.exchange_device_access_token(&device)?.request(&send, wait, None)?;
        let nonce_free = |nonce: Option<&openidconnect::Nonce>| match nonce {
            None => Ok(()),
            Some(_) => Err("a nonce that nobody sent".to_owned()),
        };
        let claims =
            tokens.id_token().context("no ID token")?.claims(&client.id_token_verifier(), nonce_free)?;
        ensure!(userinfo(&client, tokens.access_token())?.subject() == claims.subject());
        Ok(())
    })
}

#[test]
fn logging_out_leads_back() -> Result<()> {
    proof(|server| {
        let client = client(server, "web-basic", CALLBACK)?;
        let mut ada = Person::ada();
        let (tokens, _) = log_in(&client, &mut ada, &[])?;
        let metadata = discover(server)?;
        let end = metadata.additional_metadata().end_session_endpoint.clone();
        let url = LogoutRequest::from(end)
            .set_id_token_hint(tokens.id_token().context("no ID token")?)
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new("https://rp.example/bye".into())?)
            .http_get_url();
        ensure!(ada.go(&url, "logout")?.as_str() == "https://rp.example/bye");
        let refresh_token = tokens.refresh_token().context("no refresh token")?;
        ensure!(client.exchange_refresh_token(refresh_token)?.request(&send).is_err());
        Ok(())
    })
}
