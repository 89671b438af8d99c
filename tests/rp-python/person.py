"""A person in front of a browser, without the browser: a cookie jar that fills in the pages' forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2


@dataclass
class Form:
    """A form: where it leads, its hidden fields, and the names of all."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.found.append(Form(values["action"]))
        elif tag == "input" and self.found:
            self.found[-1].names.add(values["name"])
            if values.get("type") == "hidden":
                self.found[-1].hidden[values["name"]] = values.get("value") or ""


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, issuer: str, username: str = "ada", password: str = "quickstart") -> None:
        self.issuer, self.username, self.password = issuer, username, password
        self.browser = httpx2.Client(headers={"accept-language": "en"}, trust_env=False)
        # The paths of the pages that were shown, in order.
        self.seen: list[str] = []

    def _is_here(self, url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(self.issuer)[:2]

    def open(self, url: str, form: dict[str, str] | None = None) -> httpx2.Response | str:
        """Follows redirects: to a page of the server, or to the URL outside it that the browser is sent to."""
        response = self.browser.post(url, data=form) if form else self.browser.get(url)
        for _ in range(10):
            if not response.has_redirect_location:
                self.seen.append(urlsplit(str(response.url)).path)
                return response
            url = urljoin(str(response.url), response.headers["location"])
            if not self._is_here(url):
                return url
            response = self.browser.get(url)
        raise AssertionError(f"redirected in circles at {url}")

    def forms(self, page: httpx2.Response) -> list[Form]:
        """The forms of a page."""
        parser = _Forms()
        parser.feed(page.text)
        return parser.found

    def submit(self, page: httpx2.Response, form: Form, **fields: str) -> httpx2.Response | str:
        """Posts a form of a page with what the person adds."""
        return self.open(urljoin(str(page.url), form.action), {**form.hidden, **fields})

    def authorize(self, url: str, decision: str = "allow") -> str:
        """Goes through an authorization request to its end: the URL at the client that the browser is sent to."""
        at = self.open(url)
        for _ in range(3):
            if isinstance(at, str):
                return at
            form = self.forms(at)[0]
            if "username" in form.names:
                at = self.submit(at, form, username=self.username, password=self.password)
            elif form.action.endswith("/consent"):
                at = self.submit(at, form, decision=decision)
            else:
                break
        raise AssertionError(f"shown instead of a redirect: {at if isinstance(at, str) else at.text}")
