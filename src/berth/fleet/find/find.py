"""Candidates for a request: filters over whole columns, then a lazy search in each tree that is left."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from berth.fleet.find.budget import Budget, Solution
from berth.fleet.find.compile import CompiledRequest, compile_request
from berth.fleet.find.filters import SlotList, SlotRange, has_room, provider_matches, tree_matches
from berth.fleet.find.prune import Trees, feasible_trees
from berth.fleet.find.search import Domains, solutions
from berth.fleet.find.summaries import summaries
from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import Fleet
from berth.model.candidate import Candidate, Candidates
from berth.model.errors import Invalid
from berth.model.request import CandidateRequest

FIRST_BLOCK, LAST_BLOCK = 64, 65_536
"""Slots are evaluated in blocks that double: a small limit needs few slots, a request without candidates few blocks."""

SLOTS_PER_CANDIDATE = 4
"""Slots in the first block per requested candidate."""


def find(fleet: Fleet, request: CandidateRequest, budget: Budget | None = None) -> Candidates:
    """Return up to request.limit candidates, block by block in the order of slots.

    Raises ClassNotFound and TraitsNotFound, and Invalid for a request without resources. Candidates hold for the
    present state of the fleet: a claim of one succeeds if nothing is written in between. budget: the usual one if None.
    """
    compiled = _compile(fleet, request)
    budget = Budget() if budget is None else budget
    chosen = budget.first_solutions(_solutions(fleet, compiled, budget), compiled.limit) if compiled.possible else []
    renderer = _Renderer(fleet, compiled)
    return Candidates(
        [renderer.candidate(solution) for solution in budget.taking_time(chosen)],
        dict(budget.taking_time(summaries(fleet, _slots_to_summarise(fleet, compiled, chosen)))),
        bounded=budget.exceeded,
    )


def iter_candidates(fleet: Fleet, request: CandidateRequest, budget: Budget) -> Iterator[Candidate]:
    """Return an iterator over all candidates, computed lazily. budget: `exceeded` afterwards if the search gave up."""
    compiled = _compile(fleet, replace(request, limit=1))
    renderer = _Renderer(fleet, compiled)
    return (
        (renderer.candidate(solution) for solution in _solutions(fleet, compiled, budget))
        if compiled.possible
        else iter(())
    )


def _compile(fleet: Fleet, request: CandidateRequest) -> CompiledRequest:
    if not any(group.resources for group in request.groups):
        raise Invalid("a request must ask for resources in at least one group")
    return compile_request(fleet, request)


def _solutions(fleet: Fleet, compiled: CompiledRequest, budget: Budget) -> Iterator[Solution]:
    """Yield each solution once; in each block, single-provider trees first, then the others in turn."""
    distinct = _Distinct(fleet)
    for first, last in _blocks(fleet, compiled):
        if first:
            budget.take_block()
        if budget.exceeded:
            return
        block = SlotRange(first, last)
        roots = _roots(fleet, compiled, block)
        joined = block.take(fleet.nested) | _in_shared_aggregate(fleet, block)
        places = len(compiled.variables)
        for slot in _single_provider_trees(fleet, compiled, block, roots & ~joined):
            yield (slot,) * places
        trees = (np.flatnonzero(roots & joined) + first).tolist()
        yield from _round_robin(
            [
                distinct.new(solutions(fleet, compiled, domains, budget))
                for domains in domains_of(fleet, compiled, trees)
            ]
        )


def _blocks(fleet: Fleet, compiled: CompiledRequest) -> Iterator[tuple[int, int]]:
    """Yield ranges of slots that contain every possible anchor once."""
    only = {
        each.filter.tree
        for each in compiled.variables
        if each.filter.tree is not None and (not fleet.sharing or not each.one_provider)
    }
    if only:
        if len(only) == 1:
            root = only.pop()
            yield root, root + 1
        return
    wanted = LAST_BLOCK if compiled.limit is None else compiled.limit * SLOTS_PER_CANDIDATE
    first, size, end = 0, max(FIRST_BLOCK, min(wanted, LAST_BLOCK)), len(fleet.uuids)
    while first < end:
        yield first, min(end, first + size)
        first, size = first + size, min(2 * size, LAST_BLOCK)


def _roots(fleet: Fleet, compiled: CompiledRequest, block: SlotRange) -> Mask:
    roots: Mask = block.take(fleet.root) == np.arange(block.first, block.last)
    if compiled.roots_ok is not None:
        roots &= compiled.roots_ok[block.take(fleet.trait_set)]
    return roots


def _in_shared_aggregate(fleet: Fleet, block: SlotRange) -> Mask | bool:
    """Return which of these providers are in an aggregate that a sharing provider shares with."""
    if not fleet.sharing:
        return False
    shared: Mask = fleet.aggregate_sets.having_any(fleet.sharing)[block.take(fleet.aggregate_set)]
    return shared


def _single_provider_trees(fleet: Fleet, compiled: CompiledRequest, block: SlotRange, ok: Mask) -> list[int]:
    """Return the trees of one provider that satisfy the whole request: that provider serves all variables."""
    if compiled.isolate and sum(each.one_provider for each in compiled.variables) > 1:
        return []
    filters = {id(each.filter): each for each in compiled.variables}.values()
    for each in filters:
        mask = (provider_matches if each.one_provider else tree_matches)(fleet, each.filter, block)
        ok = ok if mask is None else ok & mask
    if fleet.drains.by_slot:
        ok = ok & ~_drained(fleet)[block.first : block.last]
    for any_of in compiled.joint_traits:
        ok &= fleet.trait_sets.having_any(any_of)[block.take(fleet.trait_set)]
    for each in compiled.variables:
        if not ok.any():
            return []
        roomy = has_room(fleet, each.demands, block, ok)
        ok = ok if roomy is None else roomy
    for number in compiled.contested:
        total = sum(amount for each in compiled.variables for wanted, amount in each.demands if wanted == number)
        ok &= block.room(fleet.columns[number], total, together=True)
    slots: list[int] = (np.flatnonzero(ok) + block.first).tolist()
    return slots


def domains_of(fleet: Fleet, compiled: CompiledRequest, trees: list[int]) -> Iterator[Domains]:
    """Yield, for each of these trees that is feasible, the slots to choose from, by variable."""
    if not trees:
        return
    view, starts = _providers_of(fleet, trees)
    ids = view.slots
    masks = _choice_masks(fleet, compiled, view)
    tree_of = np.repeat(np.arange(len(trees)), np.diff(starts))
    feasible = feasible_trees(fleet, compiled, Trees(ids, tree_of, len(trees)), masks)
    for tree in np.flatnonzero(feasible).tolist():
        first, last = starts[tree], starts[tree + 1]
        slots = ids[first:last]
        yield [slots[mask[first:last]].tolist() for mask in masks]


def _choice_masks(fleet: Fleet, compiled: CompiledRequest, view: SlotList) -> list[Mask]:
    """Return, by variable, which of these providers it may choose."""
    undrained = None if not fleet.drains.by_slot else ~_drained(fleet)[view.slots]
    filtered: dict[int, Mask | None] = {}
    masks: list[Mask] = []
    for each in compiled.variables:
        key = id(each.filter)
        if key not in filtered:
            filtered[key] = (provider_matches if each.one_provider else tree_matches)(fleet, each.filter, view)
        mask = has_room(fleet, each.demands, view, filtered[key])
        if undrained is not None:
            mask = undrained if mask is None else mask & undrained
        masks.append(np.ones(len(view.slots), dtype=np.bool_) if mask is None else mask)
    return masks


def _drained(fleet: Fleet) -> Mask:
    """Return, by slot, whether a provider takes no new claims."""
    return fleet.drains.mask(fleet.parent.values)


def _providers_of(fleet: Fleet, trees: list[int]) -> tuple[SlotList, list[int]]:
    """Return the providers of these trees and those that share with them, tree by tree, and where each tree begins."""
    slots: list[int] = []
    anchors: list[int] = []
    starts = [0]
    foreign: list[int] = []
    for root in trees:
        members = fleet.tree(root)
        slots += members
        if fleet.sharing:
            sets = {fleet.aggregate_set.item(slot) for slot in members}
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
    """Removes duplicates: a solution that uses sharing providers only may be found from several trees."""

    def __init__(self, fleet: Fleet) -> None:
        self.sharers = frozenset().union(*fleet.sharing.values())
        self.seen: set[Solution] = set()

    def new(self, chosen: Iterator[Solution]) -> Iterator[Solution]:
        """Return the solutions that were not seen before."""
        return (each for each in chosen if self._is_new(each)) if self.sharers else chosen

    def _is_new(self, solution: Solution) -> bool:
        if self.sharers.isdisjoint(solution):
            return True
        if solution in self.seen:
            return False
        self.seen.add(solution)
        return True


def _round_robin(searches: list[Iterator[Solution]]) -> Iterator[Solution]:
    """Yield one solution of each search, then a second of each, until all have ended."""
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

    def __init__(self, fleet: Fleet, compiled: CompiledRequest) -> None:
        self.fleet, self.compiled = fleet, compiled
        self.named = [
            [(fleet.catalogue.name_of(number), amount) for number, amount in each.demands]
            for each in compiled.variables
        ]
        self.totals: dict[str, int] = {}
        for demands in self.named:
            _add(self.totals, demands)

    def candidate(self, solution: Solution) -> Candidate:
        """Return one solution as a candidate."""
        uuids, names = self.fleet.uuids, self.fleet.names
        if solution.count(solution[0]) == len(solution):
            uuid = uuids[solution[0]]
            mappings = {each.suffix: [uuid] for each in self.compiled.variables}
            return Candidate({uuid: self.totals}, mappings, {uuid: names[solution[0]]})
        allocations: dict[str, dict[str, int]] = {}
        mappings = {}
        for slot, each, demands in zip(solution, self.compiled.variables, self.named, strict=True):
            if demands:
                _add(allocations.setdefault(uuids[slot], {}), demands)
            serving = mappings.setdefault(each.suffix, [])
            if uuids[slot] not in serving:
                serving.append(uuids[slot])
        return Candidate(allocations, mappings, {uuids[slot]: names[slot] for slot in solution})


def _add(resources: dict[str, int], demands: list[tuple[str, int]]) -> None:
    for name, amount in demands:
        resources[name] = resources.get(name, 0) + amount


def _slots_to_summarise(fleet: Fleet, compiled: CompiledRequest, chosen: list[Solution]) -> list[int]:
    """Return the slots whose summaries the caller needs."""
    taken = [index for index, each in enumerate(compiled.variables) if each.demands]
    used = dict.fromkeys(solution[index] for solution in chosen for index in taken)
    if compiled.one_provider_per_tree or not fleet.members:
        return list(used)
    root = fleet.root.values
    return [slot for tree in dict.fromkeys(int(root[slot]) for slot in used) for slot in fleet.tree(tree)]
