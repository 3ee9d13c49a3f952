"""The search within one tree: depth first, lazy, pruning a branch as soon as it cannot succeed.

Each solution is yielded when it is found, and a search that finds nothing for too long is ended (Budget).
Within this module a solution is one slot per variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from berth.fleet.find.budget import Budget, Solution
from berth.fleet.find.compile import CompiledRequest
from berth.fleet.state.fleet import NO_SLOT, Fleet

STEPS_BEFORE_MEMORY = 64
"""Steps in a tree after which failed states are remembered; not earlier, because that costs time."""

Domains = list[list[int]]


def solutions(fleet: Fleet, compiled: CompiledRequest, domains: Domains, budget: Budget) -> Iterator[Solution]:
    """Yield every choice of one slot from each variable's domain that satisfies the whole request."""
    if compiled.independent:
        yield from _product(domains, budget)
        return
    for narrowed in _narrow_to_subtrees(fleet, compiled, domains, 0, budget):
        yield from _Search(fleet, compiled, narrowed, budget).run()
        if budget.exceeded:
            return


def _product(domains: Domains, budget: Budget) -> Iterator[Solution]:
    """Yield all combinations in the order of a search: the variable with the fewest choices changes last."""
    order = _few_choices_first(domains)
    place = sorted(range(len(order)), key=order.__getitem__)
    for chosen in product(*(domains[index] for index in order)):
        budget.count_solution(len(order))
        yield tuple([chosen[at] for at in place])
        if budget.exceeded:
            return


def _few_choices_first(domains: Domains) -> list[int]:
    return sorted(range(len(domains)), key=lambda index: (len(domains[index]), index))


def _narrow_to_subtrees(
    fleet: Fleet, compiled: CompiledRequest, domains: Domains, at: int, budget: Budget
) -> Iterator[Domains]:
    """Yield narrowed domains, without overlap, in which every choice satisfies each same_subtree.

    In a solution one of the subtree's providers, `top`, is above all the others. Let `first` be the first variable
    that chooses it; the variables before that one choose a provider below it.
    """
    if at == len(compiled.subtrees):
        yield domains
        return
    variables = compiled.subtrees[at]
    if len(variables) == 1:
        yield from _narrow_to_subtrees(fleet, compiled, domains, at + 1, budget)
        return
    ancestors = {slot: _ancestors(fleet, slot) for index in variables for slot in domains[index]}
    for top in sorted(ancestors):
        budget.count_looks(10 * len(ancestors))
        if not budget.take_step():
            return
        below = {index: [slot for slot in domains[index] if top in ancestors[slot]] for index in variables}
        if not all(below.values()):
            continue
        if compiled.isolate and len({slot for slots in below.values() for slot in slots}) < len(variables):
            continue
        for narrowed in _with_top(domains, variables, below, top):
            yield from _narrow_to_subtrees(fleet, compiled, narrowed, at + 1, budget)


def _with_top(domains: Domains, variables: tuple[int, ...], below: dict[int, list[int]], top: int) -> Iterator[Domains]:
    """Yield domains in which each variable in turn is the first to choose the top."""
    for place, first in enumerate(variables):
        if top not in below[first]:
            continue
        narrowed = list(domains)
        for index in variables:
            narrowed[index] = below[index]
        for index in variables[:place]:
            narrowed[index] = [slot for slot in below[index] if slot != top]
        narrowed[first] = [top]
        if all(narrowed):
            yield narrowed


def _ancestors(fleet: Fleet, slot: int) -> set[int]:
    """Return a provider and all its ancestors."""
    parents = fleet.parent.values
    found = {slot}
    while (slot := int(parents[slot])) != NO_SLOT:
        found.add(slot)
    return found


class _Search:
    """One depth-first search, over the variables with the fewest choices first."""

    def __init__(self, fleet: Fleet, compiled: CompiledRequest, domains: Domains, budget: Budget) -> None:
        self.fleet, self.compiled, self.domains, self.budget = fleet, compiled, domains, budget
        self.order = _few_choices_first(domains)
        self.chosen: list[int] = [NO_SLOT] * len(domains)
        self.in_use: set[int] = set()
        self.taken: dict[tuple[int, int], int] = {}
        self.tree_user: dict[int, int] = {}
        self.failed: set[object] = set()
        self.steps = 0
        self.free_and_max: dict[tuple[int, int], tuple[int, int]] = {}
        self.traits: dict[int, frozenset[int]] = {}
        if compiled.joint_traits:
            self.traits = {slot: fleet.traits_of(slot) for domain in domains for slot in domain}
        self.may_share = self._may_share_providers()
        self.kind_of: dict[int, int] = {}

    def run(self) -> Iterator[Solution]:
        """Return an iterator over all solutions."""
        return self._from(0)

    def _from(self, depth: int) -> Iterator[Solution]:
        if depth == len(self.order):
            if self.compiled.joint_traits and not self._traits_are_reachable(()):
                return
            self.budget.count_solution(len(self.chosen))
            yield tuple(self.chosen)
            return
        self.steps += 1
        if not self.budget.take_step() or not self._is_feasible(depth):
            return
        if self.failed and self._state(depth) in self.failed:
            return
        fruitless = True
        index = self.order[depth]
        for slot in self.domains[index]:
            if self._choose(index, slot):
                for solution in self._from(depth + 1):
                    fruitless = False
                    yield solution
                self._undo(index, slot)
                if self.budget.exceeded:
                    return
        if fruitless and self.steps > STEPS_BEFORE_MEMORY:
            self.failed.add(self._state(depth))

    def _choose(self, index: int, slot: int) -> bool:
        """Choose a slot for a variable, unless a choice made so far forbids it; return whether it was chosen."""
        compiled, variable = self.compiled, self.compiled.variables[index]
        isolated = compiled.isolate and variable.one_provider
        if isolated and slot in self.in_use:
            return False
        if not self._alone_in_its_tree(index, slot) or not self._has_room_left(index, slot):
            return False
        if isolated:
            self.in_use.add(slot)
        if compiled.contested:
            for number, amount in variable.demands:
                self.taken[slot, number] = self.taken.get((slot, number), 0) + amount
        self.chosen[index] = slot
        if compiled.one_provider_per_tree and variable.demands:
            self.tree_user[self.fleet.root.item(slot)] = slot
        return True

    def _undo(self, index: int, slot: int) -> None:
        variable = self.compiled.variables[index]
        self.chosen[index] = NO_SLOT
        if self.compiled.isolate and variable.one_provider:  # another variable may have chosen the same slot
            self.in_use.discard(slot)
        if self.compiled.contested:
            for number, amount in variable.demands:
                self.taken[slot, number] -= amount
        if self.compiled.one_provider_per_tree:
            self.tree_user = {
                self.fleet.root.item(other): other
                for other, each in zip(self.chosen, self.compiled.variables, strict=True)
                if other != NO_SLOT and each.demands
            }

    def _alone_in_its_tree(self, index: int, slot: int) -> bool:
        """Whether no other provider of the same tree is taken from, where the request demands that."""
        if not self.compiled.one_provider_per_tree or not self.compiled.variables[index].demands:
            return True
        return self.tree_user.get(self.fleet.root.item(slot), slot) == slot

    def _has_room_left(self, index: int, slot: int) -> bool:
        """Whether there is room beside the present choices; room for the variable alone was checked before."""
        for number, amount in self.compiled.variables[index].demands:
            taken = self.taken.get((slot, number), 0)
            if taken:
                free, max_unit = self._free_and_max_unit(slot, number)
                if taken + amount > free or taken + amount > max_unit:
                    return False
        return True

    def _free_and_max_unit(self, slot: int, number: int) -> tuple[int, int]:
        free_and_max = self.free_and_max.get((slot, number))
        if free_and_max is None:
            free_and_max = self.free_and_max[slot, number] = self.fleet.columns[number].free_and_max_unit(slot)
        return free_and_max

    def _is_feasible(self, depth: int) -> bool:
        """Whether the rest may succeed: a necessary condition, each part of it cheap beside what it saves."""
        rest = self.order[depth:]
        if self.compiled.joint_traits and not self._traits_are_reachable(rest):
            return False
        if self.compiled.isolate and not self._groups_can_be_distinct(rest):
            return False
        return not self.may_share or self._amounts_can_fit(rest)

    def _traits_are_reachable(self, rest: Sequence[int]) -> bool:
        mine = [index for index, each in enumerate(self.compiled.variables) if not each.one_provider]
        have = [self.traits[self.chosen[index]] for index in mine if self.chosen[index] != NO_SLOT]
        unchosen = [index for index in rest if index in mine]
        for any_of in self.compiled.joint_traits:
            if any(any_of & traits for traits in have):
                continue
            if not any(any_of & self.traits[slot] for index in unchosen for slot in self.domains[index]):
                return False
        return True

    def _groups_can_be_distinct(self, rest: Sequence[int]) -> bool:
        grouped = [self.domains[index] for index in rest if self.compiled.variables[index].one_provider]
        if all(len(domain) >= len(self.in_use) + len(grouped) for domain in grouped):
            return True  # each has more choices than there are groups: a matching always exists
        self.budget.count_looks(2 * sum(map(len, grouped)))
        return can_be_distinct([[slot for slot in domain if slot not in self.in_use] for domain in grouped])

    def _may_share_providers(self) -> bool:
        """Whether variables that request the same class could choose one slot: not if all must be isolated."""
        if not self.compiled.contested:
            return False
        asking = [
            each
            for each in self.compiled.variables
            if any(number in self.compiled.contested for number, _ in each.demands)
        ]
        return bool(asking) and not (self.compiled.isolate and all(each.one_provider for each in asking))

    def _amounts_can_fit(self, rest: Sequence[int]) -> bool:
        """Whether, class by class, the remaining amounts could fit if only sizes counted.

        Their sum must not exceed all that is free; and for each amount, there must not be more amounts of at least
        that size than pieces of that size that the free space can be cut into.
        """
        for number in self.compiled.contested:
            unchosen = [index for index in rest if self._demand(index, number)]
            amounts = sorted((self._demand(index, number) for index in unchosen), reverse=True)
            left = [self._left(slot, number) for slot in {slot for index in unchosen for slot in self.domains[index]}]
            self.budget.count_looks(40 * len(rest) + 30 * len(left) + len(amounts) * len(left))
            if sum(amounts) > sum(left):
                return False
            for count, amount in enumerate(amounts, 1):
                if count > sum(each // amount for each in left):
                    return False
        return True

    def _left(self, slot: int, number: int) -> int:
        """Return how much of a class can still be claimed from a slot."""
        free, max_unit = self._free_and_max_unit(slot, number)
        return max(0, min(free, max_unit) - self.taken.get((slot, number), 0))

    def _demand(self, index: int, number: int) -> int:
        """Return how much of a class a variable requests."""
        return sum(amount for class_id, amount in self.compiled.variables[index].demands if class_id == number)

    def _kinds_of_slots(self) -> dict[int, int]:
        """Return the number of each slot's kind. Slots of one kind are interchangeable in any solution."""
        places_of: dict[int, list[int]] = {}
        for place, index in enumerate(self.order):
            for slot in self.domains[index]:
                places_of.setdefault(slot, []).append(place)
        contested = sorted(self.compiled.contested)
        numbers: dict[object, int] = {}
        found: dict[int, int] = {}
        for slot, places in places_of.items():
            what = (
                tuple(places),
                tuple(self._room_at(slot, number) for number in contested),
                self.traits.get(slot),
                self.fleet.root.item(slot) if self.compiled.one_provider_per_tree else 0,
            )
            found[slot] = numbers.setdefault(what, len(numbers))
        return found

    def _room_at(self, slot: int, number: int) -> tuple[int, int] | None:
        return self._free_and_max_unit(slot, number) if self.fleet.columns[number].row(slot) >= 0 else None

    def _state(self, depth: int) -> object:
        """Return what decides whether the rest can succeed: equal for states that differ in slots of one kind only."""
        touched: dict[int, list[tuple[int, int]]] = {slot: [] for slot in self.in_use}
        for (slot, number), amount in self.taken.items():
            if amount:
                touched.setdefault(slot, []).append((number, amount))
        for slot in self.tree_user.values():
            touched.setdefault(slot, [])
        self.kind_of = self.kind_of or self._kinds_of_slots()
        self.budget.count_looks(20 * (len(touched) + len(self.taken)))
        used = sorted(
            (self.kind_of[slot], tuple(sorted(taken)), slot in self.in_use) for slot, taken in touched.items()
        )
        met: tuple[bool, ...] = ()
        if self.compiled.joint_traits:
            have = [
                self.traits[slot]
                for slot, each in zip(self.chosen, self.compiled.variables, strict=True)
                if slot != NO_SLOT and not each.one_provider
            ]
            met = tuple(any(any_of & traits for traits in have) for any_of in self.compiled.joint_traits)
        return depth, tuple(used), met


def can_be_distinct(domains: Sequence[Sequence[int]]) -> bool:
    """Whether one element can be chosen from each domain so that all are distinct.

    Augmenting paths in a bipartite graph (Kuhn 1955): O(domains x choices).
    """
    owner: dict[int, int] = {}

    def assign(domain: int, tried: set[int]) -> bool:
        for choice in domains[domain]:
            if choice not in owner:
                owner[choice] = domain
                return True
        for choice in domains[domain]:
            if choice not in tried:
                tried.add(choice)
                if assign(owner[choice], tried):
                    owner[choice] = domain
                    return True
        return False

    return all(assign(domain, set()) for domain in range(len(domains)))
