"""Limits of one request and of one caller, checked before anything is done."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from berth.api.http.forwarded import site_of
from berth.api.http.messages import HttpError, LimitExceeded, Request, retry_after
from berth.model.request import CandidateRequest, Filter, filter_excess, request_excess
from berth.settings import Limits

MOST_KEYS: Final = 10_000
"""How many callers have a bucket of their own."""

SHARED: Final = 1_024
"""How many buckets all others share: a client with ever new addresses uses up no memory, and no other's bucket."""


class Buckets:
    """Token buckets: `rate` requests a second for each caller, and `burst` more at once. rate 0: no limit.

    Only a full bucket is forgotten, which is as good as none. Safe to share between threads: credentials are checked in
    several, and each failure counts.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: OrderedDict[str | int, tuple[float, float]] = OrderedDict()
        self._shared: OrderedDict[str | int, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Take one token from a caller's bucket. Return 0, or the seconds until the next token if there is none."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            now = self._clock()
            if caller in self._levels or self._has_room(now):
                return self._wait_in(self._levels, caller, now)
            return self._wait_in(self._shared, hash(caller) % SHARED, now)

    def _wait_in(self, levels: OrderedDict[str | int, tuple[float, float]], key: str | int, now: float) -> float:
        level = self._level(*levels.pop(key, (self._burst, now)), now)
        missing = 1.0 - level
        levels[key] = (level if missing > 0 else level - 1.0), now
        return max(0.0, missing / self._rate)

    def _level(self, level: float, at: float, now: float) -> float:
        return min(self._burst, level + (now - at) * self._rate)

    def _has_room(self, now: float) -> bool:
        """Whether a new caller may have a bucket. Forgets the one that was used least recently, if it is full."""
        if len(self._levels) < MOST_KEYS:
            return True
        oldest = next(iter(self._levels))
        if self._level(*self._levels[oldest], now) < self._burst:
            return False
        del self._levels[oldest]
        return True


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
        wait = self._addresses.wait(site_of(request.address)) or self._token_wait(request.headers)
        return _too_many(wait) if wait else None

    def guessed(self, request: Request) -> HttpError | None:
        """Count a failed authentication. Return None, or a 429 if its address has had too many.

        Counted only for failures, so that other clients behind the same address are not kept out.
        """
        wait = self._failures.wait(site_of(request.address))
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


def _size(headers: Mapping[str, str]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _too_many(wait_s: float) -> HttpError:
    again = retry_after(wait_s)
    return LimitExceeded(429, f"Too many requests: try again in {again[0][1]} s.", headers=again)
