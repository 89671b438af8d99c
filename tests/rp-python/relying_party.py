"""A relying party as applications write it, with authlib, and its tokens checked with joserfc."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from person import Person

CALLBACK = "https://rp.example/callback"


def client(server, metadata: dict[str, str], name: str, **settings: object) -> OAuth2Client:
    """An authlib client with what the server gave it."""
    given = server.credentials(name)
    settings = {"client_secret": given.get("client_secret"), "redirect_uri": CALLBACK, "scope": "openid profile", **settings}
    return OAuth2Client(
        given["client_id"],
        token_endpoint=metadata["token_endpoint"],
        code_challenge_method="S256",
        trust_env=False,
        **settings,
    )


@dataclass
class Login:
    """A login under way: what the browser opens, and what the answer is checked against."""

    url: str
    state: str
    verifier: str
    nonce: str


def begin(app: OAuth2Client, metadata: dict[str, str], **parameters: str) -> Login:
    """An authorization request with PKCE, state and nonce."""
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = app.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **parameters
    )
    return Login(url, state, verifier, nonce)


def finish(app: OAuth2Client, login: Login, answer: str, **parameters: str) -> dict[str, object]:
    """The code exchange; authlib judges the state."""
    return app.fetch_token(
        authorization_response=answer, state=login.state, code_verifier=login.verifier, **parameters
    )


def log_in(app: OAuth2Client, metadata: dict[str, str], person: Person, **parameters: str) -> tuple[dict[str, object], Login]:
    """Logs a person in, from the request to the tokens."""
    login = begin(app, metadata, **parameters)
    return finish(app, login, person.authorize(login.url)), login


def id_claims(metadata: dict[str, str], token: dict[str, str], client_id: str, nonce: str | None = None) -> CodeIDToken:
    """The ID token's claims: its signature judged by joserfc, its claims (at_hash too) by authlib."""
    keys = KeySet.import_key_set(httpx2.get(metadata["jwks_uri"]).raise_for_status().json())
    algorithms = metadata["id_token_signing_alg_values_supported"]
    decoded = jwt.decode(token["id_token"], keys, algorithms=algorithms)
    options = {"iss": {"essential": True, "value": metadata["issuer"]}, "aud": {"essential": True, "value": client_id}}
    parameters = {"client_id": client_id, "nonce": nonce, "access_token": token["access_token"]}
    claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
    claims.validate(leeway=5)
    return claims


def refusal(call, *arguments: object, **named: object) -> str:
    """The code of the OAuth error that a call ends with."""
    try:
        call(*arguments, **named)
    except OAuthError as error:
        return error.error
    raise AssertionError("it was not refused")


def answered(url: str) -> dict[str, str]:
    """The parameters of an authorization answer."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
