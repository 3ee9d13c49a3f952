"""A comparison of two replies to ``GET /allocation_candidates``: as sets, fair under ``limit``, or by brute force.

With ``limit`` either server may choose which candidates to give.  So both are asked again without it, those answers
are compared whole, and each limited answer must then be a part of its whole: as many as there may be, each of them a
member, and the summaries of just the trees that are used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tests.suites.peer import canonical, truth
from tests.suites.peer.compare import Difference, Exchange, unequal
from tests.suites.peer.wire import Answer, Request

WHERE = ".allocation_requests"


def in_two_groups(ask: truth.Asked) -> bool:
    """Whether Placement inflates and drops: some class is asked for in two groups and they need not be apart."""
    classes = Counter(name for group in ask.groups.values() for name in group.resources)
    return ask.policy != "none" and any(count > 1 for count in classes.values())


def unfilled_group(ask: truth.Asked) -> bool:
    """Whether Placement ignores a group: one without resources that has a tree, or only what is forbidden."""
    empty = [group for group in ask.groups.values() if not group.resources]
    return any(group.in_tree is not None or not (group.required or group.member_of) for group in empty)


@dataclass
class Comparison:
    """One comparison; ``ask_again`` sends a request to both, ``fleet`` reads the providers from Berth."""

    exchange: Exchange
    ask_again: Callable[[Request], Exchange]
    fleet: Callable[[], dict[str, truth.Node]]
    meant: str = ""
    """The name of a meant difference, if one was found."""

    @cached_property
    def ask(self) -> truth.Asked:
        return truth.asked(self.exchange.request.query, self.exchange.version)

    @cached_property
    def nodes(self) -> dict[str, truth.Node]:
        return self.fleet()

    @cached_property
    def true_set(self) -> Counter[truth.Candidate]:
        version = self.exchange.version
        found = truth.candidates(self.nodes, self.ask, nested=version >= (1, 29))
        return found if version >= (1, 34) else truth.without_mappings(found)

    @cached_property
    def whole(self) -> Exchange:
        """The exchange without ``limit``."""
        request = self.exchange.request
        pairs = [pair for pair in request.query.split("&") if not pair.startswith("limit=")]
        if self.ask.limit is None:
            return self.exchange
        return self.ask_again(replace(request, target=f"{request.path}?{'&'.join(pairs)}"))

    @property
    def doubtful(self) -> bool:
        """Whether Placement's answer is known to be wrong for queries like this."""
        return in_two_groups(self.ask) or unfilled_group(self.ask)

    def differences(self, judge: bool = False) -> list[Difference]:
        """All differences; with ``judge`` Berth is compared with the brute force in every case."""
        found: list[Difference] = []
        if not self.doubtful:
            found += self._unlike(self.whole)
        if found and self.shared_alone():
            self.meant, found = "shared alone", []
        if judge or self.doubtful or found:
            found += self._judged()
        if self.ask.limit is not None and not found:
            alone = self.doubtful or self.meant
            limited = (self.exchange.berth,) if alone else (self.exchange.placement, self.exchange.berth)
            found += [fault for answer in limited for fault in self._part(answer)]
        return found

    def _unlike(self, whole: Exchange) -> Iterator[Difference]:
        theirs, ours = (canonical.body(whole.request, canonical.parsed(a)) for a in (whole.placement, whole.berth))
        yield from unequal(theirs, ours)

    def _judged(self) -> Iterator[Difference]:
        """Berth's whole answer against the brute force; if they differ, whether Placement agrees with it."""
        ours = truth.offered(canonical.parsed(self.whole.berth), self.exchange.version)
        if ours != self.true_set:
            missing, extra = self.true_set - ours, ours - self.true_set
            yield Difference("body", f"{WHERE} (brute force)", _some(missing, "missing"), _some(extra, "not in it"))

    def shared_alone(self) -> bool:
        """Whether Placement only lost candidates whose group without suffix sharing providers fill alone.

        Such a fill is equal for every tree that it can be given to, and Placement keeps it for one tree only: fills of
        several groups that would meet in another tree are not combined.
        """
        ours, theirs = (
            truth.offered(canonical.parsed(answer), self.exchange.version)
            for answer in (self.whole.berth, self.whole.placement)
        )
        sharing = {uuid for uuid, node in self.nodes.items() if truth.SHARES in node.traits}
        lost = (self.true_set - theirs) if ours == self.true_set and not theirs - ours else Counter()
        classes = set(self.ask.groups[""].resources) if "" in self.ask.groups else set()
        alone = [{rc for uuid, rc, _ in parts if uuid in sharing} >= classes for parts, _ in lost]
        return bool(alone) and all(alone) and bool(classes) and len(self.ask.groups) > 1

    def _part(self, answer: Answer) -> Iterator[Difference]:
        """A limited answer against the whole one of Berth."""
        assert self.ask.limit is not None
        version, got, whole = (
            self.exchange.version,
            canonical.parsed(answer),
            canonical.parsed(self.whole.berth),
        )
        part, everything = truth.offered(got, version), truth.offered(whole, version)
        expected = min(self.ask.limit, everything.total())
        if part.total() != expected:
            yield Difference("body", f"{WHERE} (limit)", f"{expected} of {everything.total()}", str(part.total()))
        if part - everything:
            yield Difference(
                "body", f"{WHERE} (limit)", "only what is offered without limit", _some(part - everything, "")
            )
        summaries = _in_order(canonical.plain(got["provider_summaries"]))
        if version >= (1, 29):
            yield from unequal(self._summaries_of(part, whole), summaries, ".provider_summaries (limit)")
        elif not self._used_in(part) <= summaries.keys() <= self._summaries_of(part, whole).keys():
            yield Difference("body", ".provider_summaries (limit)", str(self._used_in(part)), str(list(summaries)))

    def _used_in(self, part: Counter[truth.Candidate]) -> set[str]:
        return {uuid for parts, _ in part for uuid, _, _ in parts}

    def _summaries_of(self, part: Counter[truth.Candidate], whole: Any) -> Any:
        """The summaries that go with some of the candidates: of all providers in the trees that they use."""
        roots = {self.nodes[uuid].root for uuid in self._used_in(part)}
        rows = canonical.plain(whole["provider_summaries"])
        return _in_order({uuid: row for uuid, row in rows.items() if self.nodes[uuid].root in roots})


def _in_order(summaries: dict[str, Any]) -> dict[str, Any]:
    return {
        uuid: {**row, **({"traits": sorted(row["traits"])} if "traits" in row else {})}
        for uuid, row in summaries.items()
    }


def _some(found: Counter[truth.Candidate], what: str) -> str:
    shown = [f"{sorted(parts)} {sorted((s, sorted(u)) for s, u in mappings)}" for parts, mappings in found]
    return f"{found.total()} {what}: {'; '.join(sorted(shown)[:4])}"[:900]
