"""Limits of one request and of one caller, checked before anything is done."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Final

from berth.api.http.messages import HttpError, LimitExceeded, Request
from berth.model.request import CandidateRequest, Filter, filter_excess, request_excess
from berth.settings import Limits

MOST_KEYS: Final = 10_000
"""How many callers buckets are kept for, so that a client with ever new addresses cannot use up memory."""


_REST: Final = bytes(each for each in range(256) if each not in b'[]{}"')
_STEPS: Final = [1 if each in b"[{" else -1 for each in range(256)]


class Buckets:
    """Token buckets: `rate` requests a second for each caller, and `burst` more at once. rate 0: no limit."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take one token from a caller's bucket. Return 0, or the seconds until the next token if there is none."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        level, at = self._levels.pop(caller, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        missing = 1.0 - level
        self._levels[caller] = (level if missing > 0 else level - 1.0), now
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)
        return max(0.0, missing / self._rate)


class Limiter:
    """Refuses requests that are too large, and callers that send too many.

    Rates are per process: each of N workers allows one Nth.
    """

    def __init__(self, limits: Limits, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits: Final = limits
        share = 1 / workers
        self._tokens = Buckets(limits.rate_per_token * share, limits.burst, clock)
        self._addresses = Buckets(limits.rate_per_address * share, limits.burst, clock)
        self._failures = Buckets(limits.refusals_per_address * share, limits.burst, clock)
        self._unlimited = limits.rate_per_token <= 0 and limits.rate_per_address <= 0

    def refusal(self, request: Request) -> HttpError | None:
        """Return why a request is not handled at all; None if it may be."""
        if len(request.query) > self.limits.query_bytes:
            return LimitExceeded(414, f"The query is longer than {self.limits.query_bytes} bytes.")
        if _size(request.headers) > self.limits.header_bytes:
            return LimitExceeded(431, f"The headers are larger than {self.limits.header_bytes} bytes.")
        if self._unlimited:
            return None
        wait = self._addresses.wait(request.address) or self._token_wait(request.headers)
        return _too_many(wait) if wait else None

    def too_deep(self, body: bytes) -> HttpError | None:
        """Return why a body is not decoded, if its lists and objects are nested too deeply; None if it may be."""
        if is_deeper(body, self.limits.nesting):
            return LimitExceeded(400, f"The body has lists or objects nested more than {self.limits.nesting} deep.")
        return None

    def guessed(self, request: Request) -> HttpError | None:
        """Count a failed authentication. Return None, or a 429 if its address has had too many.

        Counted only for failures, so that other clients behind the same address are not kept out.
        """
        wait = self._failures.wait(request.address)
        return _too_many(wait) if wait else None

    def _token_wait(self, headers: Mapping[str, str]) -> float:
        token = headers.get("x-auth-token") or headers.get("authorization")
        return self._tokens.wait(token) if token else 0.0


def check_request(limits: Limits, request: CandidateRequest) -> None:
    """Raise LimitExceeded if a request has more groups or conditions than one request may have."""
    _check(request_excess(request, limits.groups, limits.conditions))


def check_filter(limits: Limits, given: Filter) -> None:
    """Raise LimitExceeded if a filter has more conditions than one request may have."""
    _check(filter_excess(given, limits.conditions))


def _check(excess: str | None) -> None:
    if excess is not None:
        raise LimitExceeded(400, excess)


def is_deeper(body: bytes, most: int) -> bool:
    """Return whether JSON arrays and objects are nested deeper than `most`. Undefined for invalid JSON.

    Most bodies have no more than `most` of them in all, so that counting them suffices.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    outside_of_strings = b"".join(unescaped.translate(None, _REST).split(b'"')[::2])
    return max(accumulate(map(_STEPS.__getitem__, outside_of_strings)), default=0) > most


def _size(headers: Mapping[str, str]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _too_many(wait: float) -> HttpError:
    seconds = str(max(1, math.ceil(wait)))
    return LimitExceeded(429, f"Too many requests: try again in {seconds} s.", headers=(("retry-after", seconds),))
