"""The authorization code flow with PKCE, with each way that a client may authenticate."""

import httpx2
import pytest
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from person import Person
from relying_party import answered, begin, client, finish, id_claims, log_in, refusal


def with_key(server, metadata, name, key, alg, **settings):
    app = client(server, metadata, name, token_endpoint_auth_method="private_key_jwt", client_secret=key, **settings)
    app.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg=alg, headers={"kid": key.kid}))
    return app


def proves(app, metadata, person):
    token, login = log_in(app, metadata, person)
    claims = id_claims(metadata, token, app.client_id, login.nonce)
    assert claims["nonce"] == login.nonce
    assert token["token_type"] == "Bearer"
    assert token["scope"] == "openid profile"
    userinfo = app.get(metadata["userinfo_endpoint"]).raise_for_status().json()
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["name"] == "Ada Lovelace"
    return token


def test_published_keys_over_https_are_fetched_once(server, metadata, keys):
    app = with_key(server, metadata, "web-jwks-uri", keys.published, "ES256")
    proves(app, metadata, Person(server.issuer))
    app.fetch_token(grant_type="client_credentials", scope="orders:read")
    assert keys.fetches == 1


def test_authlib_finds_no_fault_in_the_metadata(metadata, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    OpenIDProviderMetadata(metadata).validate()


def test_client_secret_basic(server, metadata, ada):
    proves(client(server, metadata, "web-basic"), metadata, ada)


def test_client_secret_post(server, metadata, ada):
    proves(client(server, metadata, "web-post", token_endpoint_auth_method="client_secret_post"), metadata, ada)


def test_private_key_jwt_with_the_key_in_the_manifest(server, metadata, ada, keys):
    proves(with_key(server, metadata, "web-jwt", keys.in_manifest, "RS256"), metadata, ada)


def test_private_key_jwt_with_another_key_is_refused(server, metadata, keys):
    stranger = RSAKey.generate_key(2048, {"kid": "in-manifest"})
    app = with_key(server, metadata, "web-jwt", stranger, "RS256")
    assert refusal(app.fetch_token, grant_type="client_credentials") == "invalid_client"


def test_a_single_page(server, metadata, ada):
    proves(client(server, metadata, "page", redirect_uri="https://page.example/callback"), metadata, ada)


def test_a_native_client_on_any_loopback_port(server, metadata, ada):
    proves(client(server, metadata, "till", redirect_uri="http://127.0.0.1:43211/callback"), metadata, ada)


def test_a_redirect_uri_keeps_the_query_that_it_was_registered_with(server, metadata, ada):
    app = client(server, metadata, "web-basic", redirect_uri="https://rp.example/other?tenant=a")
    login = begin(app, metadata)
    answer = ada.authorize(login.url)
    assert answered(answer)["tenant"] == "a"
    assert finish(app, login, answer)["id_token"]


def test_a_wrong_verifier_is_refused(server, metadata, ada):
    app = client(server, metadata, "web-basic")
    login = begin(app, metadata)
    answer = ada.authorize(login.url)
    login.verifier = "x" * 64
    assert refusal(finish, app, login, answer) == "invalid_grant"


def test_a_code_is_good_once(server, metadata, ada):
    app = client(server, metadata, "web-basic")
    login = begin(app, metadata)
    answer = ada.authorize(login.url)
    finish(app, login, answer)
    assert refusal(finish, app, login, answer) == "invalid_grant"


def test_the_answer_names_the_issuer(server, metadata, ada):
    login = begin(client(server, metadata, "web-basic"), metadata)
    assert answered(ada.authorize(login.url))["iss"] == server.issuer


def test_prompt_none_without_a_session(server, metadata, ada):
    login = begin(client(server, metadata, "web-basic"), metadata, prompt="none")
    answer = answered(ada.authorize(login.url))
    assert (answer["error"], answer["state"]) == ("login_required", login.state)
    assert ada.seen == []


def test_a_person_who_says_no(server, metadata, ada):
    login = begin(client(server, metadata, "asking"), metadata)
    assert answered(ada.authorize(login.url, decision="deny"))["error"] == "access_denied"


def test_a_pushed_request(server, metadata, ada):
    app = client(server, metadata, "pushed")
    login = begin(app, metadata)
    endpoint = metadata["pushed_authorization_request_endpoint"]
    pushed = httpx2.post(endpoint, data=answered(login.url), auth=app.client_auth("client_secret_basic"))
    assert pushed.status_code == 201
    reference = {"client_id": app.client_id, "request_uri": pushed.json()["request_uri"]}
    login.url = str(httpx2.URL(metadata["authorization_endpoint"], params=reference))
    token = finish(app, login, ada.authorize(login.url))
    id_claims(metadata, token, app.client_id, login.nonce)


@pytest.mark.parametrize("scope", ["openid email", "openid groups", "openid address phone"])
def test_scopes_give_their_claims(server, metadata, ada, scope):
    app = client(server, metadata, "web-basic", scope=scope)
    log_in(app, metadata, ada)
    userinfo = app.get(metadata["userinfo_endpoint"]).raise_for_status().json()
    wanted = {"email": "email", "groups": "groups", "address": "address", "phone": "phone_number"}
    assert {wanted[word] for word in scope.split()[1:]} <= userinfo.keys()
    assert "name" not in userinfo


def test_other_algorithms(other_server):
    algorithm, server = other_server
    metadata = Person(server.issuer).browser.get(f"{server.issuer}/.well-known/openid-configuration").json()
    assert metadata["id_token_signing_alg_values_supported"] == [algorithm]
    app = client(server, metadata, "web-basic")
    token = proves(app, metadata, Person(server.issuer))
    keys = KeySet.import_key_set(httpx2.get(metadata["jwks_uri"]).json())
    assert jwt.decode(token["access_token"], keys, algorithms=[algorithm]).header["typ"] == "at+jwt"
