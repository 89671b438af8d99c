"""What happens to tokens after the login: refresh, introspection, revocation; and clients without a person."""

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwt import JWTClaimsRegistry
from person import Person
from relying_party import client, id_claims, log_in, refusal

ORDERS = "https://api.example/orders"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def access_claims(token, server, keys, audience):
    decoded = jwt.decode(token["access_token"], keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "at+jwt"
    registry = JWTClaimsRegistry(
        iss={"essential": True, "value": server.issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        client_id={"essential": True},
        jti={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    registry.validate(decoded.claims)
    return decoded.claims


def test_a_confidential_client_refreshes(server, metadata, ada):
    app = client(server, metadata, "web-basic")
    first, _ = log_in(app, metadata, ada)
    again = app.refresh_token()
    assert again["access_token"] != first["access_token"]
    assert again["refresh_token"] == first["refresh_token"]
    claims = id_claims(metadata, again, app.client_id)
    assert app.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]


def test_a_public_client_gets_a_new_refresh_token_each_time(server, metadata, ada):
    app = client(server, metadata, "page", redirect_uri="https://page.example/callback")
    first, _ = log_in(app, metadata, ada)
    second = app.refresh_token()
    third = app.refresh_token()
    assert len({token["refresh_token"] for token in (first, second, third)}) == 3
    assert refusal(app.refresh_token, refresh_token=first["refresh_token"]) == "invalid_grant"
    assert refusal(app.refresh_token, refresh_token=third["refresh_token"]) == "invalid_grant"


def test_an_access_token_for_a_resource(server, metadata, ada, issuer_keys):
    app = client(server, metadata, "web-basic", scope="openid orders:read")
    token, _ = log_in(app, metadata, ada, resource=ORDERS)
    claims = access_claims(token, server, issuer_keys, ORDERS)
    assert claims["client_id"] == app.client_id
    assert claims["scope"] == "openid orders:read"


def test_a_service_gets_a_token_for_itself(server, metadata, issuer_keys):
    app = client(server, metadata, "reports", scope="orders:read")
    token = app.fetch_token(grant_type="client_credentials", resource=ORDERS)
    assert "refresh_token" not in token
    claims = access_claims(token, server, issuer_keys, ORDERS)
    assert claims["sub"] == app.client_id


def test_a_resource_server_introspects(server, metadata):
    reports = client(server, metadata, "reports", scope="orders:read")
    token = reports.fetch_token(grant_type="client_credentials", resource=ORDERS)["access_token"]
    api = client(server, metadata, "orders-api")
    endpoint = metadata["introspection_endpoint"]
    assert api.introspect_token(endpoint, token=token).json()["active"] is True
    assert api.introspect_token(endpoint, token="nonsense").json() == {"active": False}
    reports.revoke_token(metadata["revocation_endpoint"], token=token, token_type_hint="access_token")
    assert api.introspect_token(endpoint, token=token).json() == {"active": False}


@pytest.mark.parametrize("name", ["web-basic", "page"])
def test_revoking_a_refresh_token_ends_its_family(server, metadata, ada, name):
    redirect = {"redirect_uri": "https://page.example/callback"} if name == "page" else {}
    app = client(server, metadata, name, **redirect)
    token, _ = log_in(app, metadata, ada)
    answer = app.revoke_token(metadata["revocation_endpoint"], token["refresh_token"], "refresh_token")
    assert answer.status_code == 200
    assert refusal(app.refresh_token, refresh_token=token["refresh_token"]) == "invalid_grant"
    assert app.get(metadata["userinfo_endpoint"]).status_code == 401


def start(app, metadata):
    form = {"client_id": app.client_id, "scope": "openid profile"}
    answer = httpx2.post(metadata["device_authorization_endpoint"], data=form)
    return answer.raise_for_status().json()


def decide(person: Person, device, decision):
    page = person.open(device["verification_uri_complete"])
    page = person.submit(page, person.forms(page)[0], user_code=device["user_code"])
    page = person.submit(page, person.forms(page)[0], username=person.username, password=person.password)
    return person.submit(page, person.forms(page)[0], decision=decision)


def test_a_device_that_is_let_in(server, metadata, ada):
    app = client(server, metadata, "screen")
    device = start(app, metadata)
    assert decide(ada, device, "allow").status_code == 200
    token = app.fetch_token(grant_type=DEVICE, device_code=device["device_code"])
    claims = id_claims(metadata, token, app.client_id)
    assert app.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]


def test_a_device_before_the_decision_and_after_a_no(server, metadata, ada):
    app = client(server, metadata, "screen")
    device = start(app, metadata)
    assert refusal(app.fetch_token, grant_type=DEVICE, device_code=device["device_code"]) == "authorization_pending"
    other = start(app, metadata)
    decide(ada, other, "deny")
    assert refusal(app.fetch_token, grant_type=DEVICE, device_code=other["device_code"]) == "access_denied"
