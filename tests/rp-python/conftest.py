"""What the tests share: servers that run as long as the run lasts, and their logs where a test fails."""

from collections.abc import Iterator

import httpx2
import pytest
from joserfc.jwk import KeySet
from person import Person
from published_keys import PublishedKeys
from nauthera_server import Server

_servers: list[Server] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> object:
    """Adds the servers' logs to the report of a test that fails."""
    report = yield
    if report.failed:
        for server in _servers:
            report.sections.append(("nauthera", server.log()))
    return report


def _run(server: Server) -> Iterator[Server]:
    _servers.append(server)
    yield server
    _servers.remove(server)
    server.stop()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublishedKeys]:
    """The keys of the clients that authenticate with keys: one in its manifest, one published over https."""
    published = PublishedKeys(tmp_path_factory.mktemp("ca"))
    yield published
    published.stop()


@pytest.fixture(scope="session")
def server(keys: PublishedKeys) -> Iterator[Server]:
    """The server that most tests use."""
    yield from _run(Server({"teams/web-keys.yaml": keys.manifests()}, ca=keys.ca))


@pytest.fixture(scope="session", params=["PS256", "ES256", "EdDSA"])
def other_server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    """Servers that sign with another algorithm than the default."""
    for server in _run(Server(algorithm=request.param)):
        yield request.param, server


@pytest.fixture
def ada(server: Server) -> Person:
    """Somebody who is not logged in yet."""
    return Person(server.issuer)


@pytest.fixture(scope="session")
def metadata(server: Server) -> dict[str, object]:
    """What the server says of itself."""
    return httpx2.get(f"{server.issuer}/.well-known/openid-configuration").raise_for_status().json()


@pytest.fixture(scope="session")
def issuer_keys(metadata: dict[str, str]) -> KeySet:
    """The keys that the server publishes."""
    return KeySet.import_key_set(httpx2.get(metadata["jwks_uri"]).raise_for_status().json())
