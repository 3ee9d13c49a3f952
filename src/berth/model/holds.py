"""The verbs of holds: claims that count until a deadline unless they are confirmed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from berth.model.candidate import Grant
from berth.model.commands import KEEP, Allocate, Confirm, Extend, Keep, ReleaseAllocations
from berth.model.consumer import Resources
from berth.model.errors import BerthError
from berth.model.idempotency import made_uuid
from berth.model.namespace import Namespace
from berth.model.request import CandidateRequest
from berth.model.term import Term


class Holds(Namespace):
    """The verbs of holds, an attribute of a ledger or a client. A hold is made by a claim with `confirm_within`."""

    def confirm(
        self,
        consumer: str,
        allocations: dict[str, Resources] | Keep = KEEP,
        *,
        onto: str | None = None,
        end: int | Keep | None = KEEP,
        key: str | None = None,
    ) -> None:
        """Make a hold the consumer's claim. In time it is never refused for room.

        allocations: less than is held, the rest is released; onto: a consumer to whose claim the amounts are added;
        end: when the claim ends, in microseconds since 1970 UTC, None for ever. A hold that is confirmed already, with
        the same, is no error. Raises HoldLapsed, NotPending, NotHeld, DoesNotJoin, InvalidTerm, AllocationsNotFound.
        """
        self._do(Confirm(consumer=consumer, allocations=allocations, onto=onto, end=end), key=key)

    def extend(self, consumer: str, seconds: int, *, key: str | None = None) -> int:
        """Let a hold be pending for this time from now. Return its deadline, in microseconds since 1970 UTC.

        Raises HoldLapsed, NotPending, HoldTooLong, AllocationsNotFound.
        """
        deadline: int = self._do(Extend(consumer=consumer, seconds=seconds), key=key)
        return deadline

    @contextmanager
    def holding(
        self,
        request: CandidateRequest,
        *,
        within: int,
        project: str,
        user: str,
        consumer: str | None = None,
        key: str | None = None,
    ) -> Iterator[Grant]:
        """Find where a request fits and hold it inside the context: then confirm it, or release it if this raises.

        within: the time in seconds after which it lapses if this program does neither; key: of the hold, from which
        those of its end follow. Raises as `allocate`, and at the end as `confirm`.
        """
        chosen = consumer or made_uuid(key, "consumer", request, project, user)
        last = None if key is None else made_uuid(key, "end of the hold", chosen)
        claim = Allocate(request=request, consumer=chosen, project=project, user=user, term=Term(confirm_within=within))
        grant: Grant = self._do(claim, key=key)
        with self._released_if_raised(grant, last):
            yield grant
        self.confirm(grant.consumer, key=last)

    @contextmanager
    def _released_if_raised(self, grant: Grant, key: str | None) -> Iterator[None]:
        """Release a hold if the context raises."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(BerthError):  # it lapses; the caller has to see what the program raised
                self._do(ReleaseAllocations(consumer=grant.consumer), key=key)
            raise
