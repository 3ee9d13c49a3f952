"""Choosing providers within one tree: a lazy search that drops a branch as soon as it cannot end well.

Nothing is ever built to be thrown away: each solution is given out as it is found, and a search
that finds nothing for too long is ended (Budget).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from berth.fleet.find.compile import CompiledRequest
from berth.fleet.state.fleet import NO_SLOT, Fleet

FRUITLESS_STEPS = 30_000
"""How many steps a request may take since its last solution: a tenth of a second to a third, here."""

MOST_STEPS = 300_000
"""How many steps it may take in all, however much it finds: one to three seconds, here."""

LOOKS_A_STEP = 300
"""So many looks at a number are as much work as a step: one with many groups and providers counts as many."""

SHOWN_A_STEP = 2
"""So does showing so many of a solution's providers."""

STEPS_BEFORE_MEMORY = 64
"""After so many fruitless steps in a tree, states that failed are remembered: not before, as it costs time."""

Domains = list[list[int]]
Solution = tuple[int, ...]


@dataclass(slots=True)
class Budget:
    """How many steps are left until a request gives up: since its last solution, and in all."""

    steps: int = FRUITLESS_STEPS
    left: int = field(default=FRUITLESS_STEPS)
    in_all: int = field(default=MOST_STEPS)
    exceeded: bool = False

    def step(self) -> bool:
        """Take a step; False if there was none left."""
        self._take(1)
        return not self.exceeded

    def look(self, times: int) -> None:
        """Look at so many numbers."""
        self._take(times // LOOKS_A_STEP)

    def found(self, places: int) -> None:
        """A solution of so many providers: count anew what it takes to the next."""
        self._take(1 + places // SHOWN_A_STEP)
        self.left = self.steps

    def _take(self, steps: int) -> None:
        self.left -= steps
        self.in_all -= steps
        if self.left < 0 or self.in_all < 0:
            self.exceeded = True


def solutions(fleet: Fleet, ask: CompiledRequest, domains: Domains, budget: Budget) -> Iterator[Solution]:
    """Every way to choose one slot of each variable's domain so that the whole request is satisfied."""
    if ask.independent:
        yield from _all_ways(domains, budget)
        return
    for narrowed in _under_one_top(fleet, ask, domains, 0, budget):
        yield from _Search(fleet, ask, narrowed, budget).run()
        if budget.exceeded:
            return


def _all_ways(domains: Domains, budget: Budget) -> Iterator[Solution]:
    """Every way to choose, in the order in which a search would: whatever has few choices changes last."""
    order = _few_choices_first(domains)
    place = sorted(range(len(order)), key=order.__getitem__)
    for chosen in product(*(domains[index] for index in order)):
        budget.found(len(order))
        yield tuple([chosen[at] for at in place])
        if budget.exceeded:
            return


def _few_choices_first(domains: Domains) -> list[int]:
    return sorted(range(len(domains)), key=lambda index: (len(domains[index]), index))


def _under_one_top(fleet: Fleet, ask: CompiledRequest, domains: Domains, at: int, budget: Budget) -> Iterator[Domains]:
    """Domains narrowed so that each same_subtree holds whatever is chosen from them, without overlap.

    In a solution one of the subtree's providers is above all others: `top`. It is chosen by a first
    variable; the variables before that one choose something below it.
    """
    if at == len(ask.subtrees):
        yield domains
        return
    variables = ask.subtrees[at]
    if len(variables) == 1:
        yield from _under_one_top(fleet, ask, domains, at + 1, budget)
        return
    ancestors = {slot: _ancestors(fleet, slot) for index in variables for slot in domains[index]}
    for top in sorted(ancestors):
        budget.look(10 * len(ancestors))
        if not budget.step():
            return
        below = {index: [slot for slot in domains[index] if top in ancestors[slot]] for index in variables}
        if not all(below.values()):
            continue
        if ask.isolate and len({slot for slots in below.values() for slot in slots}) < len(variables):
            continue
        for narrowed in _with_top(domains, variables, below, top):
            yield from _under_one_top(fleet, ask, narrowed, at + 1, budget)


def _with_top(domains: Domains, variables: tuple[int, ...], below: dict[int, list[int]], top: int) -> Iterator[Domains]:
    """Domains in which one variable after the other is the first to choose the top."""
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
    """A provider and all above it."""
    parents = fleet.parent.values
    found = {slot}
    while (slot := int(parents[slot])) != NO_SLOT:
        found.add(slot)
    return found


class _Search:
    """One depth-first search: variables with few choices first."""

    def __init__(self, fleet: Fleet, ask: CompiledRequest, domains: Domains, budget: Budget) -> None:
        self.fleet, self.ask, self.domains, self.budget = fleet, ask, domains, budget
        self.order = _few_choices_first(domains)
        self.chosen: list[int] = [NO_SLOT] * len(domains)
        self.apart: set[int] = set()
        self.taken: dict[tuple[int, int], int] = {}
        self.tree_user: dict[int, int] = {}
        self.failed: set[object] = set()
        self.steps = 0
        self.room: dict[tuple[int, int], tuple[int, int]] = {}
        self.traits: dict[int, frozenset[int]] = {}
        if ask.spread:
            self.traits = {slot: fleet.traits_of(slot) for domain in domains for slot in domain}
        self.crowded = self._may_be_crowded()
        self.alike: dict[int, int] = {}

    def run(self) -> Iterator[Solution]:
        """Every solution."""
        return self._from(0)

    def _from(self, depth: int) -> Iterator[Solution]:
        if depth == len(self.order):
            if self.ask.spread and not self._traits_within_reach(()):
                return
            self.budget.found(len(self.chosen))
            yield tuple(self.chosen)
            return
        self.steps += 1
        if not self.budget.step() or not self._can_end_well(depth):
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
        """Choose a slot for a variable, if nothing chosen so far speaks against it."""
        ask, variable = self.ask, self.ask.variables[index]
        apart = ask.isolate and variable.one_provider
        if apart and slot in self.apart:
            return False
        if not self._alone_in_its_tree(index, slot) or not self._fits(index, slot):
            return False
        if apart:
            self.apart.add(slot)
        if ask.contested:
            for number, amount in variable.demands:
                self.taken[slot, number] = self.taken.get((slot, number), 0) + amount
        self.chosen[index] = slot
        if ask.one_provider_per_tree and variable.demands:
            self.tree_user[int(self.fleet.root.values[slot])] = slot
        return True

    def _undo(self, index: int, slot: int) -> None:
        variable = self.ask.variables[index]
        self.chosen[index] = NO_SLOT
        if self.ask.isolate and variable.one_provider:  # another variable may stand on the same slot
            self.apart.discard(slot)
        if self.ask.contested:
            for number, amount in variable.demands:
                self.taken[slot, number] -= amount
        if self.ask.one_provider_per_tree:
            self.tree_user = {
                int(self.fleet.root.values[other]): other
                for other, each in zip(self.chosen, self.ask.variables, strict=True)
                if other != NO_SLOT and each.demands
            }

    def _alone_in_its_tree(self, index: int, slot: int) -> bool:
        """Whether nothing else is taken from the same tree, where that is asked for."""
        if not self.ask.one_provider_per_tree or not self.ask.variables[index].demands:
            return True
        return self.tree_user.get(int(self.fleet.root.values[slot]), slot) == slot

    def _fits(self, index: int, slot: int) -> bool:
        """Whether there is room beside what is chosen; what a variable needs alone was checked before."""
        for number, amount in self.ask.variables[index].demands:
            taken = self.taken.get((slot, number), 0)
            if taken:
                free, most = self._room(slot, number)
                if taken + amount > free or taken + amount > most:
                    return False
        return True

    def _room(self, slot: int, number: int) -> tuple[int, int]:
        room = self.room.get((slot, number))
        if room is None:
            room = self.room[slot, number] = self.fleet.columns[number].left(slot)
        return room

    def _can_end_well(self, depth: int) -> bool:
        """A necessary condition on what is still to be chosen; each part is cheap beside what it saves."""
        rest = self.order[depth:]
        if self.ask.spread and not self._traits_within_reach(rest):
            return False
        if self.ask.isolate and not self._can_be_apart(rest):
            return False
        return not self.crowded or self._slots_enough(rest)

    def _traits_within_reach(self, rest: Sequence[int]) -> bool:
        mine = [index for index, each in enumerate(self.ask.variables) if not each.one_provider]
        have = [self.traits[self.chosen[index]] for index in mine if self.chosen[index] != NO_SLOT]
        open_ = [index for index in rest if index in mine]
        for any_of in self.ask.spread:
            if any(any_of & traits for traits in have):
                continue
            if not any(any_of & self.traits[slot] for index in open_ for slot in self.domains[index]):
                return False
        return True

    def _can_be_apart(self, rest: Sequence[int]) -> bool:
        grouped = [self.domains[index] for index in rest if self.ask.variables[index].one_provider]
        if all(len(domain) >= len(self.apart) + len(grouped) for domain in grouped):
            return True  # each has more choices than there are groups: no need to look
        self.budget.look(2 * sum(map(len, grouped)))
        return can_be_apart([[slot for slot in domain if slot not in self.apart] for domain in grouped])

    def _may_be_crowded(self) -> bool:
        """Whether variables that ask for the same class could stand on one slot: not if all must be apart."""
        if not self.ask.contested:
            return False
        asking = [
            each for each in self.ask.variables if any(number in self.ask.contested for number, _ in each.demands)
        ]
        return bool(asking) and not (self.ask.isolate and all(each.one_provider for each in asking))

    def _slots_enough(self, rest: Sequence[int]) -> bool:
        """Whether, class by class, what is still asked for could fit if only sizes counted.

        All of it within all the room; and of each size, and whatever is larger, no more pieces than
        could be cut of that size.
        """
        for number in self.ask.contested:
            open_ = [index for index in rest if self._demand(index, number)]
            amounts = sorted((self._demand(index, number) for index in open_), reverse=True)
            left = [self._left(slot, number) for slot in {slot for index in open_ for slot in self.domains[index]}]
            self.budget.look(40 * len(rest) + 30 * len(left) + len(amounts) * len(left))
            if sum(amounts) > sum(left):
                return False
            for count, amount in enumerate(amounts, 1):
                if count > sum(each // amount for each in left):
                    return False
        return True

    def _left(self, slot: int, number: int) -> int:
        """How much of a class can still be taken of a slot."""
        free, most = self._room(slot, number)
        return max(0, min(free, most) - self.taken.get((slot, number), 0))

    def _demand(self, index: int, number: int) -> int:
        """How much of a class a variable asks for."""
        return sum(amount for wanted, amount in self.ask.variables[index].demands if wanted == number)

    def _alike(self) -> dict[int, int]:
        """By slot: the number of its kind. Slots of one kind can be exchanged in any solution."""
        kinds: dict[int, list[int]] = {}
        for place, index in enumerate(self.order):
            for slot in self.domains[index]:
                kinds.setdefault(slot, []).append(place)
        contested = sorted(self.ask.contested)
        numbers: dict[object, int] = {}
        found: dict[int, int] = {}
        for slot, places in kinds.items():
            what = (
                tuple(places),
                tuple(self._free(slot, number) for number in contested),
                self.traits.get(slot),
                int(self.fleet.root.values[slot]) if self.ask.one_provider_per_tree else 0,
            )
            found[slot] = numbers.setdefault(what, len(numbers))
        return found

    def _free(self, slot: int, number: int) -> tuple[int, int] | None:
        return self._room(slot, number) if self.fleet.columns[number].row(slot) >= 0 else None

    def _state(self, depth: int) -> object:
        """All that decides whether the rest can succeed, the same for states that differ only in alike slots."""
        touched: dict[int, list[tuple[int, int]]] = {slot: [] for slot in self.apart}
        for (slot, number), amount in self.taken.items():
            if amount:
                touched.setdefault(slot, []).append((number, amount))
        for slot in self.tree_user.values():
            touched.setdefault(slot, [])
        self.alike = self.alike or self._alike()
        self.budget.look(20 * (len(touched) + len(self.taken)))
        used = sorted((self.alike[slot], tuple(sorted(taken)), slot in self.apart) for slot, taken in touched.items())
        met: tuple[bool, ...] = ()
        if self.ask.spread:
            have = [
                self.traits[slot]
                for slot, each in zip(self.chosen, self.ask.variables, strict=True)
                if slot != NO_SLOT and not each.one_provider
            ]
            met = tuple(any(any_of & traits for traits in have) for any_of in self.ask.spread)
        return depth, tuple(used), met


def can_be_apart(domains: Sequence[Sequence[int]]) -> bool:
    """Whether one element can be chosen of each domain so that no two are the same.

    Augmenting paths in a bipartite graph (Kuhn 1955): O(domains x choices).
    """
    owner: dict[int, int] = {}

    def settle(domain: int, tried: set[int]) -> bool:
        for choice in domains[domain]:
            if choice not in owner:
                owner[choice] = domain
                return True
        for choice in domains[domain]:
            if choice not in tried:
                tried.add(choice)
                if settle(owner[choice], tried):
                    owner[choice] = domain
                    return True
        return False

    return all(settle(domain, set()) for domain in range(len(domains)))
