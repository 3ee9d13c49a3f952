"""Where does this fit? A funnel over whole columns, then a lazy search in each tree that is left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from msgspec.structs import replace

from berth.fleet.find.compile import CompiledRequest, compile_request
from berth.fleet.find.filters import SlotList, SlotRange, has_room, provider_matches, tree_matches
from berth.fleet.find.prune import Trees
from berth.fleet.find.search import Budget, Domains, Solution, solutions
from berth.fleet.find.summaries import summaries
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.candidate import Candidate, Candidates
from berth.model.errors import Invalid
from berth.model.request import CandidateRequest

FIRST_BLOCK, LAST_BLOCK = 64, 65_536
"""Slots are looked at in blocks that double: a small limit is met after a few, a hopeless request in few steps."""

SLOTS_A_CANDIDATE = 4
"""How many slots the first block has for each candidate that is asked for."""


def find(fleet: Fleet, request: CandidateRequest) -> Candidates:
    """Up to request.limit ways to satisfy a request, in the order of the fleet's slots.

    Raises ClassNotFound and TraitsNotFound, and Invalid for a request without resources. What is found
    is true of the fleet as it stands: a claim of it succeeds if nothing was written in between.
    """
    ask = _asked(fleet, request)
    budget = Budget()
    found = list(islice(_solutions(fleet, ask, budget), ask.limit)) if ask.possible else []
    shown = _Renderer(fleet, ask)
    return Candidates(
        [shown.candidate(solution) for solution in found],
        summaries(fleet, _summarised(fleet, ask, found)),
        bounded=budget.exceeded,
    )


def iter_candidates(fleet: Fleet, request: CandidateRequest, budget: Budget) -> Iterator[Candidate]:
    """All that `find` would find, each worked out when it is asked for. budget: exceeded, if the search gave up."""
    ask = _asked(fleet, replace(request, limit=1))
    shown = _Renderer(fleet, ask)
    return (shown.candidate(solution) for solution in _solutions(fleet, ask, budget)) if ask.possible else iter(())


def _asked(fleet: Fleet, request: CandidateRequest) -> CompiledRequest:
    if not any(group.resources for group in request.groups):
        raise Invalid("a request asks for resources in at least one group")
    return compile_request(fleet, request)


def _solutions(fleet: Fleet, ask: CompiledRequest, budget: Budget) -> Iterator[Solution]:
    """Slots for each variable; every solution once, trees taking turns within a block."""
    once = _Distinct(fleet)
    for first, last in _blocks(fleet, ask):
        block = SlotRange(first, last)
        roots = _roots(fleet, ask, block)
        joined = block.take(fleet.nested) | _shared_with(fleet, block)
        places = len(ask.variables)
        for slot in _single(fleet, ask, block, roots & ~joined):
            yield (slot,) * places
        trees = (np.flatnonzero(roots & joined) + first).tolist()
        yield from _round_robin(
            [once.only_new(solutions(fleet, ask, domains, budget)) for domains in domains_of(fleet, ask, trees)]
        )
        if budget.exceeded:
            return


def _blocks(fleet: Fleet, ask: CompiledRequest) -> Iterator[tuple[int, int]]:
    """Ranges of slots, in which every root that could be an anchor is found once."""
    only = {
        each.wanted.tree
        for each in ask.variables
        if each.wanted.tree is not None and (not fleet.sharing or not each.one_provider)
    }
    if only:
        if len(only) == 1:
            root = only.pop()
            yield root, root + 1
        return
    wanted = LAST_BLOCK if ask.limit is None else ask.limit * SLOTS_A_CANDIDATE
    first, size, end = 0, max(FIRST_BLOCK, min(wanted, LAST_BLOCK)), len(fleet.uuids)
    while first < end:
        yield first, min(end, first + size)
        first, size = first + size, min(2 * size, LAST_BLOCK)


def _roots(fleet: Fleet, ask: CompiledRequest, block: SlotRange) -> Mask:
    roots: Mask = block.take(fleet.root) == np.arange(block.first, block.last)
    if ask.roots_ok is not None:
        roots &= ask.roots_ok[block.take(fleet.trait_set)]
    return roots


def _shared_with(fleet: Fleet, block: SlotRange) -> Mask | bool:
    """Which of these are in an aggregate that somebody shares with."""
    if not fleet.sharing:
        return False
    shared: Mask = fleet.aggregate_sets.having_any(fleet.sharing)[block.take(fleet.aggregate_set)]
    return shared


def _single(fleet: Fleet, ask: CompiledRequest, block: SlotRange, ok: Mask) -> list[int]:
    """Of these trees of one provider each, which satisfy the whole request: one provider for all variables."""
    if ask.isolate and sum(each.one_provider for each in ask.variables) > 1:
        return []
    filters = {id(each.wanted): each for each in ask.variables}.values()
    for each in filters:
        mine = (provider_matches if each.one_provider else tree_matches)(fleet, each.wanted, block)
        ok = ok if mine is None else ok & mine
    for any_of in ask.spread:
        ok &= fleet.trait_sets.having_any(any_of)[block.take(fleet.trait_set)]
    for each in ask.variables:
        if not ok.any():
            return []
        with_it = has_room(fleet, each.demands, block, ok)
        ok = ok if with_it is None else with_it
    for number in ask.contested:
        total = sum(amount for each in ask.variables for wanted, amount in each.demands if wanted == number)
        ok &= block.room(fleet.columns[number], total, together=True)
    slots: list[int] = (np.flatnonzero(ok) + block.first).tolist()
    return slots


def domains_of(fleet: Fleet, ask: CompiledRequest, trees: list[int]) -> Iterator[Domains]:
    """For each of these trees in which every variable has a choice: the slots to choose from, by variable."""
    if not trees:
        return
    view, starts = _with_shared(fleet, trees)
    ids = view.slots
    masks = _choices(fleet, ask, view)
    tree_of = np.repeat(np.arange(len(trees)), np.diff(starts))
    enough = Trees(fleet, ids, tree_of, len(trees)).having(ask, masks)
    for tree in np.flatnonzero(enough).tolist():
        first, last = starts[tree], starts[tree + 1]
        slots = ids[first:last]
        yield [slots[mask[first:last]].tolist() for mask in masks]


def _choices(fleet: Fleet, ask: CompiledRequest, view: SlotList) -> list[Mask]:
    """By variable: which of these providers it may choose."""
    filtered: dict[int, Mask | None] = {}
    masks: list[Mask] = []
    for each in ask.variables:
        key = id(each.wanted)
        if key not in filtered:
            filtered[key] = (provider_matches if each.one_provider else tree_matches)(fleet, each.wanted, view)
        mask = has_room(fleet, each.demands, view, filtered[key])
        masks.append(np.ones(len(view.slots), dtype=np.bool_) if mask is None else mask)
    return masks


def _with_shared(fleet: Fleet, trees: list[int]) -> tuple[SlotList, list[int]]:
    """Every provider of these trees and every one that shares with them, tree by tree, and where each begins."""
    slots: list[int] = []
    anchors: list[int] = []
    starts = [0]
    foreign: list[int] = []
    for root in trees:
        members = fleet.tree(root)
        slots += members
        if fleet.sharing:
            sets = {int(fleet.aggregate_set.values[slot]) for slot in members}
            inside = set(members)
            outside = sorted({slot for each in sets for slot in fleet.shared_with_set(each)} - inside)
            foreign += range(len(slots), len(slots) + len(outside))
            slots += outside
        anchors += [root] * (len(slots) - starts[-1])
        starts.append(len(slots))
    is_foreign: Mask | None = None
    if foreign:
        is_foreign = np.zeros(len(slots), dtype=np.bool_)
        is_foreign[foreign] = True
    return SlotList(np.array(slots, dtype=np.int32), np.array(anchors, dtype=np.int32), is_foreign), starts


class _Distinct:
    """Lets every solution through once: one that uses sharing providers may be found from several trees."""

    def __init__(self, fleet: Fleet) -> None:
        self.sharers = frozenset().union(*fleet.sharing.values())
        self.seen: set[Solution] = set()

    def only_new(self, found: Iterator[Solution]) -> Iterator[Solution]:
        """Those that did not come before."""
        return (each for each in found if self._is_new(each)) if self.sharers else found

    def _is_new(self, solution: Solution) -> bool:
        if self.sharers.isdisjoint(solution):
            return True
        if solution in self.seen:
            return False
        self.seen.add(solution)
        return True


def _round_robin(searches: list[Iterator[Solution]]) -> Iterator[Solution]:
    """One solution of each, then a second of each, until all have ended."""
    while searches:
        going_on = []
        for search in searches:
            for solution in search:
                yield solution
                going_on.append(search)
                break
        searches = going_on


class _Renderer:
    """Solutions as candidates, in names and uuids."""

    def __init__(self, fleet: Fleet, ask: CompiledRequest) -> None:
        self.fleet, self.ask = fleet, ask
        self.named = [
            [(fleet.catalogue.name_of(number), amount) for number, amount in each.demands] for each in ask.variables
        ]
        self.in_all: dict[str, int] = {}
        for demands in self.named:
            _add(self.in_all, demands)

    def candidate(self, solution: Solution) -> Candidate:
        """One solution."""
        uuids = self.fleet.uuids
        if solution.count(solution[0]) == len(solution):
            uuid = uuids[solution[0]]
            return Candidate({uuid: self.in_all}, {each.suffix: [uuid] for each in self.ask.variables})
        allocations: dict[str, dict[str, int]] = {}
        mappings: dict[str, list[str]] = {}
        for slot, each, demands in zip(solution, self.ask.variables, self.named, strict=True):
            if demands:
                _add(allocations.setdefault(uuids[slot], {}), demands)
            serving = mappings.setdefault(each.suffix, [])
            if uuids[slot] not in serving:
                serving.append(uuids[slot])
        return Candidate(allocations, mappings)


def _add(resources: dict[str, int], demands: list[tuple[str, int]]) -> None:
    for name, amount in demands:
        resources[name] = resources.get(name, 0) + amount


def _summarised(fleet: Fleet, ask: CompiledRequest, found: list[Solution]) -> list[int]:
    """The slots whose summaries the caller needs."""
    taken = [index for index, each in enumerate(ask.variables) if each.demands]
    used = dict.fromkeys(solution[index] for solution in found for index in taken)
    if ask.one_provider_per_tree or not fleet.members:
        return list(used)
    root = fleet.root.values
    return [slot for tree in dict.fromkeys(int(root[slot]) for slot in used) for slot in fleet.tree(tree)]
