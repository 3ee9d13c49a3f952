"""Questions to a server and its answers: what is asked again by itself, and what every failure is told as."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Generator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from berth.model import errors
from berth.model.errors import BerthError, Invalid, NotBerth, Unavailable
from berth.model.problems import KINDS, rebuilt

TRIES: Final = 4
"""How often a question is asked that changes nothing, and a command that did not reach the server."""

PAUSE_S: Final = 0.1
"""Before the second try; twice as long before each other, give or take a half."""

PROBLEMS: Final = "/v1/problems/"

_BY_STATUS: Final[dict[int, type[BerthError]]] = {
    400: errors.Invalid,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    409: errors.Conflict,
    413: errors.Invalid,
    414: errors.Invalid,
    429: errors.TooManyRequests,
    431: errors.Invalid,
    500: errors.Failed,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}
"""How an answer is told that is no problem which this client knows."""

Parameters = Mapping[str, str | list[str]]

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _Token(httpx.Auth):
    """Adds a token to requests. It stands in no representation."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Auth-Token"] = self._token
        yield request


class Transport:
    """Connections to one server. Safe to share between threads."""

    def __init__(
        self, url: str, token: str | None, *, timeout_s: float, ca: str | None, cert: tuple[str, str] | None
    ) -> None:
        self.url = _checked(url)
        self._timeout_s = timeout_s
        self._http = httpx.Client(
            base_url=self.url,
            auth=None if token is None else _Token(token),
            timeout=timeout_s,
            verify=_trust(ca, cert) if self.url.startswith("https:") else False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=5.0),
            headers={"accept": "application/json", "user-agent": "berth"},
            trust_env=False,
        )

    def close(self) -> None:
        """End every connection."""
        self._http.close()

    def get(self, path: str, kind: Any, **parameters: Any) -> Any:
        """What a path answers, as a value of this type. Parameters that are None or empty are left out."""
        given = {
            name: value if isinstance(value, list) else str(value)
            for name, value in parameters.items()
            if value not in (None, "", [])
        }
        return self._told("GET", path, kind, params=given)

    def ask(self, path: str, body: Any, kind: Any) -> Any:
        """What a question with a body is answered; it changes nothing, so it may be asked again."""
        return self._told("POST", path, kind, body=body)

    def do(self, path: str, body: Any, kind: Any) -> Any:
        """What a command comes to; sent once, unless it surely did not arrive."""
        return self._told("POST", path, kind, body=body, changes=True)

    def stream(self, path: str, headers: Mapping[str, str], silent_s: float) -> Any:
        """A reply that comes in pieces, as a context manager."""
        timeout = httpx.Timeout(self._timeout_s, read=silent_s)
        return self._http.stream("GET", path, headers=headers, timeout=timeout)

    def _told(
        self,
        method: str,
        path: str,
        kind: Any,
        *,
        params: Parameters | None = None,
        body: Any = None,
        changes: bool = False,
    ) -> Any:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        for tries in range(1, TRIES + 1):
            answer = self._answer(method, path, params, content, headers)
            if isinstance(answer, httpx.Response):
                if answer.status_code < 400:
                    return self.value(answer.content, kind)
                error = refusal(self.url, answer)
                again = not changes and isinstance(error, Unavailable)
            else:
                error, again = self._lost(answer, changes=changes), not changes or isinstance(answer, _NEVER_SENT)
            if not again or tries == TRIES:
                raise error
            time.sleep(PAUSE_S * 2 ** (tries - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        raise AssertionError("the last try returns or raises")

    def _answer(
        self,
        method: str,
        path: str,
        params: Parameters | None,
        content: bytes | None,
        headers: dict[str, str],
    ) -> httpx.Response | httpx.HTTPError:
        """An answer, or what went wrong; not raised, for it knows the request, with the token in it."""
        try:
            return self._http.request(method, path, params=params, content=content, headers=headers)
        except httpx.HTTPError as error:
            return error

    def _lost(self, error: httpx.HTTPError, *, changes: bool) -> BerthError:
        why = f"{self.url} cannot be reached" if isinstance(error, _NEVER_SENT) else f"{self.url} did not answer"
        told = str(error) or type(error).__name__
        if changes and not isinstance(error, _NEVER_SENT):
            return Unavailable(f"{why} ({told}): whether the command was carried out is not known, so look first")
        return Unavailable(f"{why} ({told})")

    def value(self, content: bytes, kind: Any) -> Any:
        """An answer's JSON as a value of this type; NotBerth."""
        if kind is None:
            return None
        wrong = ""
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, ValueError) as error:
            wrong = str(error)
        raise NotBerth(f"{self.url} answers, but not as this client understands: {wrong}")


def refusal(url: str, answer: httpx.Response) -> BerthError:
    """What an answer refuses, as the error that was raised where it was refused."""
    problem = _problem(answer)
    kind, words = str(problem.get("type", "")).removeprefix(PROBLEMS), str(problem.get("detail", ""))
    fields = {name: value for name, value in problem.items() if name not in _TOLD}
    if kind in KINDS:
        return rebuilt(KINDS[kind], words, fields)
    error = _BY_STATUS.get(answer.status_code)
    if error is not None:
        return error(words or f"{url} answers {answer.status_code} {answer.reason_phrase}")
    return NotBerth(f"{url} answers {answer.status_code} {answer.reason_phrase}: {words or 'it is no Berth'}")


_TOLD: Final = frozenset({"type", "title", "status", "detail", "request_id"})


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, ValueError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("a server is given as http://HOST:PORT or https://HOST:PORT")
    if parts.username is not None or parts.password is not None:
        raise Invalid("a server's address holds no user or password: give a token")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _trust(ca: str | None, cert: tuple[str, str] | None) -> ssl.SSLContext:
    """Whom to trust, and what to show. OSError if a file is missing."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        context.load_cert_chain(*cert)
    return context
