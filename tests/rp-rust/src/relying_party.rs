//! The client as an application sets it up with the crate `openidconnect`: by discovery, with PKCE, state and nonce.

use crate::http::send;
use crate::person::Person;
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, DeviceAuthorizationUrl, EndSessionUrl, EndpointMaybeSet, EndpointSet, IntrospectionUrl,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, RevocationUrl, Scope, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

/// Endpoints that the crate knows of, but not by discovery.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MoreEndpoints {
    device_authorization_endpoint: DeviceAuthorizationUrl,
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
    /// Where logout begins.
    pub end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for MoreEndpoints {}

/// What discovery finds.
pub type Metadata = ProviderMetadata<
    MoreEndpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client that knows all endpoints.
pub type Client =
    CoreClient<EndpointSet, EndpointSet, EndpointSet, EndpointSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Where every test's client is sent back to, unless it says otherwise.
pub const CALLBACK: &str = "https://rp.example/callback";

/// Finds the provider.
///
/// # Errors
/// Whatever the crate finds wrong with the metadata or the keys.
pub fn discover(server: &Server) -> Result<Metadata> {
    Ok(Metadata::discover(&IssuerUrl::new(server.issuer.clone())?, &send)?)
}

/// A client of the manifests, with what the server gave it.
///
/// # Errors
/// Those of discovery, and when the server gave it no id.
pub fn client(server: &Server, name: &str, redirect: &str) -> Result<Client> {
    let id = server.credential(name, "client_id").with_context(|| format!("{name} has no client_id"))?;
    let secret = server.credential(name, "client_secret").map(ClientSecret::new);
    let metadata = discover(server)?;
    let more = metadata.additional_metadata().clone();
    // The crate revokes over https alone; `send` leads it back to where the server listens.
    let revocation = more.revocation_endpoint.as_str().replacen("http:", "https:", 1);
    // The crate sends a client without a secret as a public one, whatever is said here.
    Ok(CoreClient::from_provider_metadata(metadata, ClientId::new(id), secret)
        .set_auth_type(AuthType::BasicAuth)
        .set_redirect_uri(RedirectUrl::new(redirect.to_owned())?)
        .set_device_authorization_url(more.device_authorization_endpoint)
        .set_introspection_url(more.introspection_endpoint)
        .set_revocation_url(RevocationUrl::new(revocation)?))
}

/// A login under way: where the browser goes, and what the answer is checked against.
pub struct Login {
    /// Where the browser goes.
    pub url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Login {
    /// A request for these scopes beside `openid`.
    #[must_use]
    pub fn begin(client: &Client, scopes: &[&str]) -> Self {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = scopes.iter().map(|scope| Scope::new((*scope).to_owned()));
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Self { url, state, nonce, verifier }
    }

    /// Exchanges the code of an answer, and checks what comes back as the crate's guide says.
    ///
    /// # Errors
    /// A wrong state, an error of the token endpoint, an ID token that does not hold.
    pub fn finish(self, client: &Client, answer: &Url) -> Result<(CoreTokenResponse, CoreIdTokenClaims)> {
        ensure!(parameter(answer, "state")? == *self.state.secret(), "the state is another");
        let code = AuthorizationCode::new(parameter(answer, "code")?);
        let tokens = client.exchange_code(code)?.set_pkce_verifier(self.verifier).request(&send)?;
        let claims = verified(client, &tokens, &self.nonce)?;
        Ok((tokens, claims))
    }
}

/// Logs a person in, from the request to the tokens.
///
/// # Errors
/// Whatever goes wrong on the way.
pub fn log_in(
    client: &Client,
    person: &mut Person,
    scopes: &[&str],
) -> Result<(CoreTokenResponse, CoreIdTokenClaims)> {
    let login = Login::begin(client, scopes);
    let answer = person.go(&login.url, "allow")?;
    login.finish(client, &answer)
}

/// The ID token's claims: signature, issuer, audience, times and nonce judged by the crate, and `at_hash`.
fn verified(client: &Client, tokens: &CoreTokenResponse, nonce: &Nonce) -> Result<CoreIdTokenClaims> {
    let id_token = tokens.id_token().context("there is no ID token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, nonce)?;
    let expected = claims.access_token_hash().context("there is no at_hash")?;
    let actual = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(&verifier)?,
    )?;
    ensure!(actual == *expected, "at_hash is of another token");
    Ok(claims.clone())
}

/// A parameter of an answer.
///
/// # Errors
/// When it is not there.
pub fn parameter(url: &Url, name: &str) -> Result<String> {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).with_context(|| format!("{url} has no {name}"))
}
