"""authlib as web frameworks use it: a registration by discovery alone, and the library does the rest."""

import asyncio

import pytest
from authlib.integrations.starlette_client import OAuth
from relying_party import CALLBACK
from starlette.requests import Request


class Application:
    """A small application: one browser session, one registration."""

    def __init__(self, server) -> None:
        given = server.credentials("web-basic")
        self.session: dict[str, object] = {}
        self.op = OAuth().register(
            "nauthera",
            client_id=given["client_id"],
            client_secret=given["client_secret"],
            server_metadata_url=given["discovery_url"],
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "trust_env": False},
        )

    def request(self, url: str) -> Request:
        """The request that the browser makes when it is sent to a URL of the application."""
        query = url.partition("?")[2].encode()
        return Request({"type": "http", "method": "GET", "query_string": query, "headers": [], "session": self.session})


@pytest.fixture
def application(server):
    return Application(server)


async def log_in(application, person):
    redirect = await application.op.authorize_redirect(application.request(""), CALLBACK)
    answer = person.authorize(redirect.headers["location"])
    return await application.op.authorize_access_token(application.request(answer))


def test_a_login(application, ada):
    token = asyncio.run(log_in(application, ada))
    assert token["userinfo"]["email"] == "ada@example.com"


def test_userinfo(application, ada):
    async def flow():
        token = await log_in(application, ada)
        return token["userinfo"], await application.op.userinfo(token=token)

    from_token, from_endpoint = asyncio.run(flow())
    assert from_token["sub"] == from_endpoint["sub"]
    assert from_endpoint["name"] == "Ada Lovelace"


def test_logout(application, ada):
    async def flow():
        token = await log_in(application, ada)
        bye = "https://rp.example/bye"
        redirect = await application.op.logout_redirect(application.request(""), bye, token["id_token"])
        end = ada.open(redirect.headers["location"])
        assert end.startswith(f"{bye}?state=")
        state = await application.op.validate_logout_response(application.request(end))
        assert state["post_logout_redirect_uri"] == bye
        ada.seen.clear()
        await log_in(application, ada)

    asyncio.run(flow())
    assert ada.seen == ["/login"]
