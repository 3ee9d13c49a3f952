"""HTTP requests to a server: which are retried automatically, and how failures map to exceptions.

An asynchronous transport (berth.client.async_transport) is this one with other ways to send and to pause.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from berth.model import errors
from berth.model.errors import BerthError, Invalid, NotBerth, Unavailable
from berth.model.pages import Page, ServerInfo
from berth.model.problems import KINDS, rebuilt
from berth.model.steps import Steps, finish, in_steps

T = TypeVar("T")

TRIES: Final = 4
"""How often a read is tried, and a command that did not reach the server."""

PAUSE_S: Final = 0.1
"""The pause before the second try; doubled before each further one, with a jitter of 50 %."""

KEY: Final = "idempotency-key"
"""The header with the key of a command."""

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
"""Errors for responses that are not a problem document of a known type."""

Parameters = Mapping[str, str | list[str]]

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Lines(NamedTuple):
    """A body that is sent piece by piece. pieces: iterated over for each try."""

    media_type: str
    pieces: Iterable[bytes]


class _Token(httpx.Auth):
    """Adds a token to requests. No representation shows it."""

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
        self.url = _base_url(url)
        self._timeout_s = timeout_s
        self._keeps_answers: bool | None = None
        self._http: Any = self._connections(
            base_url=self.url,
            auth=None if token is None else _Token(token),
            timeout=timeout_s,
            verify=_tls_context(ca, cert) if self.url.startswith("https:") else False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=5.0),
            headers={"accept": "application/json", "user-agent": "berth"},
            trust_env=False,
        )

    _connections: Callable[..., Any] = httpx.Client

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, result_type: type[T], **parameters: Any) -> T:
        """Send a GET, and return the response as a value of this type. None and empty parameters are omitted."""
        params = {
            name: value if isinstance(value, list) else str(value)
            for name, value in parameters.items()
            if value not in (None, "", [])
        }
        result: T = self._request("GET", path, result_type, params=params)
        return result

    @in_steps
    def items(self, path: str, /, item_type: type[T], **parameters: Any) -> Steps[list[T]]:
        """Send a GET for a page, and return its items."""
        page: Page[T] = yield self.get(path, Page[item_type], **parameters)  # type: ignore[valid-type]
        return page.items

    def query(self, path: str, body: Any, result_type: type[T]) -> T:
        """Send a query with a body, and return its result. It changes nothing, so it may be retried."""
        result: T = self._request("POST", path, result_type, body=body)
        return result

    def command(self, path: str, body: Any, result_type: Any, key: str | None = None) -> Any:
        """Send a command, and return its result.

        Without an idempotency key it is sent once, unless it certainly did not arrive. With one it is sent again if its
        answer is lost, with the same key, provided that the server keeps answers by key.
        """
        return self._request("POST", path, result_type, body=body, changes=True, key=key)

    def stream(self, path: str, headers: Mapping[str, str], silent_s: float) -> Any:
        """Return a context manager for a response that is read as a stream."""
        timeout = httpx.Timeout(self._timeout_s, read=silent_s)
        return self._http.stream("GET", path, headers=headers, timeout=timeout)

    @in_steps
    def _request(
        self,
        method: str,
        path: str,
        result_type: Any,
        *,
        params: Parameters | None = None,
        body: Any = None,
        changes: bool = False,
        key: str | None = None,
    ) -> Steps[Any]:
        content, headers = _content(body)
        if key is not None:
            headers[KEY] = key
        for tries in range(1, TRIES + 1):
            response = yield self._send(method, path, params, content, headers)
            if isinstance(response, httpx.Response):
                if response.status_code < 400:
                    return self.decode(response.content, result_type)
                error = refusal(self.url, response)
                unsent = False
            else:
                error = self._connection_error(response, changes=changes)
                unsent = isinstance(response, _NEVER_SENT)
            again = isinstance(error, Unavailable) and tries < TRIES
            if not again or (changes and not unsent and not (yield self._repeatable(key))):
                raise _with_key(error, key)
            yield self._pause(PAUSE_S * 2 ** (tries - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        raise AssertionError("the last try returns or raises")

    @in_steps
    def _repeatable(self, key: str | None) -> Steps[bool]:
        """Whether a command that may have been carried out can be sent again, as the server knows it by its key.

        A server of before keys would carry it out twice, so it is asked, once.
        """
        if key is not None and self._keeps_answers is None:
            try:
                about = yield self.get("/v1", ServerInfo)
            except BerthError:
                return False
            self._keeps_answers = about.keys
        return key is not None and bool(self._keeps_answers)

    def _send(
        self,
        method: str,
        path: str,
        params: Parameters | None,
        content: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
    ) -> Any:
        """Return the response or the error. The error is not raised: it holds the request, with the token in it."""
        try:
            return self._http.request(method, path, params=params, content=content, headers=headers)
        except httpx.HTTPError as error:
            return error

    def _pause(self, seconds: float) -> Any:
        time.sleep(seconds)

    def _run(self, steps: Steps[T]) -> Any:
        return finish(steps)

    def _connection_error(self, error: httpx.HTTPError, *, changes: bool) -> BerthError:
        summary = f"{self.url} cannot be reached" if isinstance(error, _NEVER_SENT) else f"{self.url} did not answer"
        detail = str(error) or type(error).__name__
        if changes and not isinstance(error, _NEVER_SENT):
            return Unavailable(
                f"{summary} ({detail}): it is not known whether the command was carried out, so check first"
            )
        return Unavailable(f"{summary} ({detail})")

    def decode(self, content: bytes, result_type: Any) -> Any:
        """Decode JSON as a value of this type. Raises NotBerth."""
        if result_type is None:
            return None
        reason = ""
        try:
            return msgspec.json.decode(content, type=result_type)
        except (msgspec.DecodeError, ValueError) as error:
            reason = str(error)
        raise NotBerth(f"{self.url} sent a response that this client does not understand: {reason}")


def _content(body: Any) -> tuple[bytes | Iterable[bytes] | None, dict[str, str]]:
    """Return what is sent as a body, and the headers that describe it."""
    if body is None:
        return None, {}
    if isinstance(body, Lines):
        return body.pieces, {"content-type": body.media_type}
    return msgspec.json.encode(body), {"content-type": "application/json"}


def _with_key(error: BerthError, key: str | None) -> BerthError:
    """Return an error, with the key of its command if the answer was lost."""
    if isinstance(error, Unavailable) and key is not None:
        error.key = key
    return error


def refusal(url: str, response: httpx.Response) -> BerthError:
    """Return the error of a response, as the server raised it."""
    problem = _problem(response)
    problem_type, detail = str(problem.get("type", "")).removeprefix(PROBLEMS), str(problem.get("detail", ""))
    fields = {name: value for name, value in problem.items() if name not in _STANDARD_FIELDS}
    if problem_type in KINDS:
        return rebuilt(KINDS[problem_type], detail, fields)
    error = _BY_STATUS.get(response.status_code)
    if error is not None:
        return error(detail or f"{url} answers {response.status_code} {response.reason_phrase}")
    return NotBerth(
        f"{url} answers {response.status_code} {response.reason_phrase}: {detail or 'this is not a Berth server'}"
    )


_STANDARD_FIELDS: Final = frozenset({"type", "title", "status", "detail", "request_id"})


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, ValueError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("the address of a server must be http://HOST:PORT or https://HOST:PORT")
    if parts.username is not None or parts.password is not None:
        raise Invalid("the address of a server must not contain a user or password: give a token")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _tls_context(ca: str | None, cert: tuple[str, str] | None) -> ssl.SSLContext:
    """Return the TLS context: trusted certificates, and the client certificate. Raises OSError if a file is missing."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        context.load_cert_chain(*cert)
    return context
