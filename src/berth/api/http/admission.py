"""What requests take up in one process, in all and for each client: open requests, bytes of bodies, streams.

Each has a bound, so that no client can pin what others need. Beyond it a request is refused at once, before anything
is read or waited for.
"""

from __future__ import annotations

from collections.abc import Hashable
from types import TracebackType
from typing import Final, Self

from berth.api.http.forwarded import site_of
from berth.api.http.messages import HttpError, LimitExceeded, Request, retry_after
from berth.settings import Limits


class Quota:
    """An amount of something that is in use, in all and for each name.

    what: a noun for it, in the plural; most: in all; most_each: for one name; 0: no limit.
    """

    def __init__(self, what: str, most: int, most_each: int) -> None:
        self.what, self._most, self._most_each = what, most, most_each
        self._total = 0
        self._each: dict[Hashable, int] = {}

    def reserve(self, name: Hashable, amount: int = 1) -> None:
        """Add to what is in use. Raise HttpError 429 if that is too much for the name, 503 if in all."""
        used = self._each.get(name, 0) + amount
        if 0 < self._most_each < used:
            raise _excess(429, f"You have too many {self.what}: at most {self._most_each} at once.")
        if 0 < self._most < self._total + amount:
            raise _excess(503, f"The server has too many {self.what}: at most {self._most} at once.")
        self._total += amount
        self._each[name] = used

    def give_back(self, name: Hashable, amount: int) -> None:
        """Subtract from what is in use."""
        self._total -= amount
        left = self._each.pop(name, 0) - amount
        if left:
            self._each[name] = left


class Admission:
    """The quotas of one process. For its event loop."""

    def __init__(self, limits: Limits) -> None:
        self.requests: Final = Quota("open requests", limits.open_requests, limits.open_requests_per_address)
        self.streams: Final = Quota("streams", limits.streams, limits.streams_per_address)
        self.streams_of_callers: Final = Quota("streams", 0, limits.streams_per_caller)
        self.bytes: Final = Quota("bytes of bodies", limits.buffer_bytes, limits.buffer_bytes_per_caller)
        self.bytes_of_callers: Final = Quota("bytes of bodies", 0, limits.buffer_bytes_per_caller)

    def reservation(self) -> Reservation:
        """Return a reservation for one request, which holds nothing yet."""
        return Reservation(self)


class Reservation:
    """What one request takes up, until it has been answered: a context manager around it."""

    __slots__ = ("_admission", "_held")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._held: list[tuple[Quota, Hashable, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._give_back()

    def open(self, request: Request) -> None:
        """Count a request whose body has not been read yet; raise HttpError 429 or 503 if there are too many."""
        self._reserve(self._admission.requests, site_of(request.address))

    def hold(self, request: Request, size: int) -> None:
        """Count bytes of a request's body; raise HttpError 429 or 503 if there are too many."""
        self._reserve(self._admission.bytes, site_of(request.address), size)
        self._reserve(self._admission.bytes_of_callers, _caller_of(request), size)

    def begin_stream(self, request: Request) -> None:
        """Count a request as a stream, not as an open request; raise HttpError 429 or 503 if there are too many."""
        admission = self._admission
        self._reserve(admission.streams_of_callers, _caller_of(request))
        self._reserve(admission.streams, site_of(request.address))
        self._give_back(admission.requests, admission.bytes, admission.bytes_of_callers)

    def _reserve(self, quota: Quota, name: Hashable, amount: int = 1) -> None:
        quota.reserve(name, amount)
        self._held.append((quota, name, amount))

    def _give_back(self, *only: Quota) -> None:
        kept = []
        for quota, name, amount in self._held:
            if only and quota not in only:
                kept.append((quota, name, amount))
            else:
                quota.give_back(name, amount)
        self._held = kept


def _caller_of(request: Request) -> Hashable:
    caller = request.info.caller
    return caller.via, caller.user, caller.name


def _excess(status: int, why: str) -> HttpError:
    return LimitExceeded(status, f"{why} Try again later.", headers=retry_after())
