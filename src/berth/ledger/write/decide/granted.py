"""Claims that were granted before: what a consumer holds, as the answer to the request that it was claimed with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer
from berth.ledger.write.draft_names import given_name
from berth.model.candidate import Grant
from berth.model.commands import Allocate, Keep
from berth.model.consumer import Owner, Resources
from berth.model.request import CandidateRequest
from berth.model.term import Span, Term, span_of

MOST_STEPS: Final = 1_000
"""How many providers are tried for the groups of one request."""

GroupPart = tuple[str, Resources]
"""The suffix of a group, and amounts that one provider has of it."""


def earlier_grant(draft: Draft, consumer: DraftConsumer, command: Allocate) -> Grant | None:
    """Return the grant of a consumer that holds exactly what a command asks for, and has since it was new; else None.

    So a command whose answer was lost gets it when it is sent again. The owner and the name must be the same; traits
    and aggregates are not compared, since those of a provider may have changed.
    """
    if consumer.generation != 1 or draft.owner(consumer) != Owner(command.project, command.user, command.type):
        return None
    if consumer.named != given_name(consumer.named, command.name, command.note):
        return None
    if not _same_term(consumer.span, command.term, draft.longest_hold_s):
        return None
    parts = _parts(command.request)
    places = _Matching(consumer, parts, isolate=command.request.isolate).places()
    if places is None:
        return None
    mappings: dict[str, list[str]] = {}
    for (suffix, _), place in zip(parts, places, strict=True):
        serving = mappings.setdefault(suffix, [])
        if place not in serving:
            serving.append(place)
    return Grant(consumer.uuid, consumer.generation, consumer.held, mappings)


def _same_term(span: Span | None, term: Term | Keep, longest_hold_s: int) -> bool:
    """Whether a consumer's claim counts as long as a command asks for, from when it was made."""
    if isinstance(term, Keep) or not any(
        each is not None for each in (term.end, term.lasts, term.confirm_within, term.lease)
    ):
        return span is None
    return span is not None and span == span_of(term, span.start, longest_hold_s)


def _parts(request: CandidateRequest) -> list[GroupPart]:
    """Return what single providers have: a group with a suffix as a whole, the classes of the other one by one."""
    parts: list[GroupPart] = []
    for group in request.groups:
        if group.one_provider:
            parts.append((group.suffix, group.resources))
        else:
            parts += [(group.suffix, {name: amount}) for name, amount in group.resources.items()]
    return parts


class _Matching:
    """A search for the provider of each part, such that together they are all that a consumer holds."""

    def __init__(self, consumer: DraftConsumer, parts: Sequence[GroupPart], *, isolate: bool) -> None:
        self._left = {uuid: dict(resources) for uuid, resources in consumer.held.items()}
        self._parts, self._isolate = parts, isolate
        self._places: list[str] = []
        self._steps = 0

    def places(self) -> list[str] | None:
        """Return the provider of each part, None if there is no such choice, or none is found in MOST_STEPS."""
        # A group without amounts leaves no trace in what is held.
        complete = all(resources for _, resources in self._parts) and _total(self._left.values()) == _total(
            [resources for _, resources in self._parts]
        )
        return self._places if complete and self._place(0) else None

    def _place(self, number: int) -> bool:
        """Find providers for the parts from this one on. As the totals agree, nothing is left after the last."""
        if number == len(self._parts):
            return True
        suffix, resources = self._parts[number]
        for uuid, left in self._left.items():
            self._steps += 1
            if self._steps > MOST_STEPS:
                return False
            if self._fits(uuid, suffix, resources):
                _add(left, resources, -1)
                self._places.append(uuid)
                if self._place(number + 1):
                    return True
                self._places.pop()
                _add(left, resources, 1)
        return False

    def _fits(self, uuid: str, suffix: str, resources: Resources) -> bool:
        left = self._left[uuid]
        if any(left.get(name, 0) < amount for name, amount in resources.items()):
            return False
        others = zip(self._parts, self._places, strict=False)
        return not (self._isolate and suffix and any(uuid == place and other for (other, _), place in others))


def _total(every: Collection[Resources]) -> Resources:
    total: Resources = {}
    for resources in every:
        _add(total, resources, 1)
    return total


def _add(to: Resources, resources: Resources, sign: int) -> None:
    for name, amount in resources.items():
        to[name] = to.get(name, 0) + sign * amount
