"""A client changes its published keys. It stands last: the server fetches an address again for a key id that it does not
know, but not twice within a few seconds, and by now they have passed."""

from joserfc.jwk import ECKey
from nauthera_server import until
from relying_party import refusal
from test_code_flow import with_key

# After a few failures in a row a client is told to wait; one that proves who it is, is let in all the same.
REFUSED = ("invalid_client", "temporarily_unavailable")


def test_a_new_published_key_is_fetched_when_its_id_is_seen(server, metadata, keys):
    old = with_key(server, metadata, "web-jwks-uri", keys.published, "ES256")
    old.fetch_token(grant_type="client_credentials", scope="orders:read")
    keys.published = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
    new = with_key(server, metadata, "web-jwks-uri", keys.published, "ES256")

    def works():
        try:
            return new.fetch_token(grant_type="client_credentials", scope="orders:read")
        except Exception as error:
            assert getattr(error, "error", "") in REFUSED, error
            return None

    until("the new key is known", 20.0, works)
    assert refusal(old.fetch_token, grant_type="client_credentials") in REFUSED
