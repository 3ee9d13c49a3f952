"""The independent checker: it knows the rules of an allocation ledger, and nothing of how Berth keeps one.

1. What was acknowledged is there: a consumer's last acknowledged write, unless a later one without an answer took
   effect instead. No write is there in part.
2. A read that began after a write was acknowledged shows it, whichever process is asked.
3. What is used of a provider is the sum of what consumers hold of it, and never more than its capacity.
4. A write is refused for its generation only if the client could not know the present one: none is applied twice.
5. A write is refused for want of room only if, at some moment while it was under way, there may have been none.
6. Nothing is answered that no server may answer (a 500), and nobody is let in who is not known.
7. What a claim is given without naming a place is what it asked for, at one of the places that have such things.

Each consumer belongs to one client, which asks one thing at a time. A write without an answer may still take effect
later, but not after the acknowledgement of a later write of the same consumer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.suites.torture.history import Event, Final, Held

State = tuple[tuple[str, str, int], ...]
NOTHING: State = ()


def broken_rules(events: Iterable[Event], final: Final) -> list[str]:
    """Yield every way in which a history and its end break the rules."""
    ordered = sorted(events, key=lambda event: event.began)
    return [
        *_consumers(ordered, final),
        *_sums(final),
        *_needless_refusals(ordered, final),
        *(f"an answer that may not be: {event.told}" for event in ordered if event.outcome == "wrong"),
    ]


def _state(held: Held) -> State:
    return tuple(sorted((place, name, amount) for place, of in held.items() for name, amount in of.items()))


def _consumers(events: list[Event], final: Final) -> Iterator[str]:
    possible: dict[str, set[State]] = defaultdict(lambda: {NOTHING})
    for event in events:
        states = possible[event.consumer]
        if not event.writes:
            if event.operation == "read" and event.outcome == "done" and _state(event.held) not in states:
                yield f"{event.client} reads {_state(event.held)} of {event.consumer}, which can only be {states}"
        elif event.outcome == "done":
            possible[event.consumer] = {_state(event.held)}
            if event.ways and _state(event.held) not in map(_state, event.ways):
                yield f"{event.consumer} was given {_state(event.held)}, which is not what was asked for"
        elif event.outcome == "unknown":
            states.update(map(_state, event.possible))
        elif event.outcome == "stale" and len(states) == 1:
            yield f"{event.consumer} was refused for its generation, though nobody else wrote: {event.told}"
    for consumer in possible.keys() | final.held.keys():
        is_held = _state(final.held.get(consumer, {}))
        if is_held not in possible[consumer]:
            yield f"{consumer} holds {is_held} in the end, but was promised {possible[consumer]}"


def _sums(final: Final) -> Iterator[str]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for held in final.held.values():
        for place, of in held.items():
            for name, amount in of.items():
                sums[place, name] += amount
    for place, of in final.capacity.items():
        for name, capacity in of.items():
            held_in_all, used = sums.pop((place, name), 0), final.used.get(place, {}).get(name, 0)
            if held_in_all != used:
                yield f"{used} {name} of {place} are said to be used, but consumers hold {held_in_all}"
            if held_in_all > capacity:
                yield f"{name} of {place} is oversold: {held_in_all} of {capacity}"
    yield from (f"{amount} {name} are held of {place}, which has none" for (place, name), amount in sums.items())


class _Writes:
    """The writes of one consumer that were done, or may have been, in the order in which they began."""

    def __init__(self) -> None:
        self._all: list[Event] = []
        self._done_ended: list[float] = []
        self._done_place: list[int] = []

    def add(self, write: Event) -> None:
        if write.outcome == "done":
            self._done_ended.append(write.ended)
            self._done_place.append(len(self._all))
        self._all.append(write)

    def most(self, began: float, ended: float, place: str, name: str) -> int:
        """Return the most that the consumer may have held at any moment between these."""
        settled = bisect_left(self._done_ended, began) - 1
        amounts = [0]
        for number in range(0 if settled < 0 else self._done_place[settled], len(self._all)):
            write = self._all[number]
            if write.began > ended:
                break
            amounts += [held.get(place, {}).get(name, 0) for held in write.possible]
        return max(amounts)


def _needless_refusals(events: list[Event], final: Final) -> Iterator[str]:
    """Yield refusals without a reason, by upper bounds: all that may have been held during the write."""
    writes: dict[str, _Writes] = defaultdict(_Writes)
    for event in events:
        if event.writes and event.outcome in ("done", "unknown"):
            writes[event.consumer].add(event)
    for event in events:
        if event.writes and event.outcome == "refused":
            others = [of for consumer, of in writes.items() if consumer != event.consumer]
            if not all(_may_be_full(event, held, others, final) for held in event.possible):
                yield f"{event.consumer} was refused {_state(event.possible[0])} while there was room: {event.told}"


def _may_be_full(refused: Event, held: Held, others: list[_Writes], final: Final) -> bool:
    return any(
        sum(of.most(refused.began, refused.ended, place, name) for of in others) + amount
        > final.capacity.get(place, {}).get(name, 0)
        for place, amounts in held.items()
        for name, amount in amounts.items()
    )
