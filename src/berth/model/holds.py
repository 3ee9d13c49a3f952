"""The verbs of holds: claims that count until a deadline unless they are confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from berth.model.candidate import Grant
from berth.model.commands import KEEP, Allocate, Confirm, Extend, Keep, ReleaseAllocations
from berth.model.consumer import Resources
from berth.model.errors import BerthError
from berth.model.idempotency import made_uuid
from berth.model.namespace import CommandLedger, Namespace
from berth.model.plain_values import as_request
from berth.model.request import CandidateRequest
from berth.model.steps import Steps, in_steps
from berth.model.term import Term

T = TypeVar("T")


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
        return self._done(self._do(Confirm(consumer=consumer, allocations=allocations, onto=onto, end=end), key=key))

    def extend(self, consumer: str, seconds: int, *, key: str | None = None) -> int:
        """Let a hold be pending, or a claim that ends go on, for this time from now. It never ends earlier.

        Return its deadline or its end, in microseconds since 1970 UTC. Raises HoldLapsed, NoEnd, HoldTooLong,
        InvalidTerm, AllocationsNotFound.
        """
        until: int = self._do(Extend(consumer=consumer, seconds=seconds), key=key)
        return until

    def holding(
        self,
        request: CandidateRequest | Mapping[str, int],
        *,
        within: int,
        project: str,
        user: str,
        consumer: str | None = None,
        name: str | Keep = KEEP,
        note: str | Keep = KEEP,
        key: str | None = None,
    ) -> Holding:
        """Find where a request fits and hold it inside the context: then confirm it, or release it if this raises.

        within: the time in seconds after which it lapses if this program does neither; key: of the hold, from which
        those of its end follow. Raises as `allocate`, and at the end as `confirm`.
        """
        request = as_request(request)
        chosen = consumer or made_uuid(key, "consumer", request, project, user)
        term = Term(confirm_within=within)
        command = Allocate(
            request=request, consumer=chosen, project=project, user=user, term=term, name=name, note=note
        )
        return Holding(self._ledger, command, key)


class Holding:
    """The context of `holding`: a hold that its end confirms, or releases if the program raised."""

    def __init__(self, ledger: CommandLedger, claim: Allocate, key: str | None) -> None:
        self._ledger, self._claim, self._key = ledger, claim, key
        self._last = None if key is None else made_uuid(key, "end of the hold", claim.consumer)

    def start(self) -> Grant:
        """Make the hold. Raises as `allocate`."""
        grant: Grant = self._ledger.do(self._claim, key=self._key)
        return grant

    @in_steps
    def end(self, error: BaseException | None) -> Steps[None]:
        """Confirm the hold, or release it after an error. Raises as `confirm`."""
        if error is None:
            yield self._ledger.do(Confirm(consumer=self._claim.consumer), key=self._last)
            return
        with suppress(BerthError):  # it lapses; the caller has to see what the program raised
            yield self._ledger.do(ReleaseAllocations(consumer=self._claim.consumer), key=self._last)

    def __enter__(self) -> Grant:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def _run(self, steps: Steps[T]) -> Any:
        return self._ledger._run(steps)  # noqa: SLF001 - its steps are the ledger's
