"""A request compiled to ids and masks: names are looked up once, predicates evaluated once per distinct set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.inventory import MAX_INT
from berth.model.request import CandidateRequest, Filter

Demands = tuple[tuple[int, int], ...]
"""Amounts by class id."""


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A filter compiled to ids and masks.

    traits_ok, in_aggregates, in_forbidden: by set number, None without such a filter;
    required: the any-of sets of trait ids (included in traits_ok where one provider must have them all);
    tree: the root's slot, None for any tree; possible: False if no provider can match.
    """

    demands: Demands
    required: tuple[frozenset[int], ...]
    traits_ok: Mask | None
    in_aggregates: Mask | None
    in_forbidden: Mask | None
    tree: int | None
    possible: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """One provider to choose: for a suffixed group, or for one class of the unsuffixed group."""

    suffix: str
    demands: Demands
    filter: CompiledFilter

    @property
    def one_provider(self) -> bool:
        """Whether this provider serves a whole group."""
        return self.suffix != ""


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """A request compiled to ids and masks.

    variables: the providers to choose; joint_traits: the any-of sets of traits that the providers of the
    unsuffixed group must have between them; contested: classes requested by several variables;
    subtrees: per same_subtree, the indices of its variables.
    """

    variables: tuple[Variable, ...]
    joint_traits: tuple[frozenset[int], ...]
    contested: frozenset[int]
    isolate: bool
    subtrees: tuple[tuple[int, ...], ...]
    roots_ok: Mask | None
    one_provider_per_tree: bool
    limit: int | None

    @property
    def possible(self) -> bool:
        """Whether each group could be satisfied by some provider."""
        return all(variable.filter.possible for variable in self.variables)

    @property
    def independent(self) -> bool:
        """Whether every choice for one variable is compatible with every choice for the others."""
        together = self.joint_traits or self.contested or self.subtrees or self.one_provider_per_tree
        return not together and (not self.isolate or sum(each.one_provider for each in self.variables) < 2)


def compile_request(fleet: Fleet, request: CandidateRequest) -> CompiledRequest:
    """Compile a request; raises ClassNotFound, TraitsNotFound."""
    roots_ok = _traits_ok(fleet, tuple(frozenset((trait,)) for trait in request.root_required), request.root_forbidden)
    variables: list[Variable] = []
    joint_traits: tuple[frozenset[int], ...] = ()
    for group in request.groups:
        compiled = compile_filter(fleet, group, joint_traits=not group.one_provider)
        if group.one_provider:
            variables.append(Variable(group.suffix, compiled.demands, compiled))
        else:
            joint_traits = compiled.required
            variables.extend(Variable("", (demand,), compiled) for demand in compiled.demands)
    place = {variable.suffix: index for index, variable in enumerate(variables) if variable.one_provider}
    return CompiledRequest(
        variables=tuple(variables),
        joint_traits=joint_traits,
        contested=_contested(variables),
        isolate=request.isolate,
        subtrees=tuple(tuple(sorted(place[suffix] for suffix in each)) for each in request.same_subtrees),
        roots_ok=roots_ok,
        one_provider_per_tree=request.one_provider_per_tree,
        limit=request.limit,
    )


def compile_filter(fleet: Fleet, group: Filter, *, joint_traits: bool) -> CompiledFilter:
    """Compile one filter. joint_traits: several providers may have the required traits between them."""
    demands = tuple((fleet.catalogue.class_id(name), amount) for name, amount in group.resources.items())
    required = tuple(fleet.catalogue.trait_ids(names) for names in group.required)
    tree = None if group.in_tree is None else _root_of(fleet, group.in_tree)
    in_aggregates = _in_aggregates(fleet, group.member_of)
    return CompiledFilter(
        demands=demands,
        required=required,
        traits_ok=_traits_ok(fleet, () if joint_traits else group.required, group.forbidden),
        in_aggregates=in_aggregates,
        in_forbidden=_in_aggregates(fleet, (group.not_member_of,)) if group.not_member_of else None,
        tree=tree,
        possible=tree != NO_SLOT
        and (in_aggregates is None or bool(in_aggregates.any()))
        and all(number in fleet.columns and amount <= MAX_INT for number, amount in demands),
    )


def _contested(variables: list[Variable]) -> frozenset[int]:
    classes = [number for variable in variables for number, _ in variable.demands]
    return frozenset(number for number in classes if classes.count(number) > 1)


def _root_of(fleet: Fleet, uuid: str) -> int:
    slot = fleet.slot_of.get(uuid)
    return NO_SLOT if slot is None else fleet.root.item(slot)


def _traits_ok(fleet: Fleet, required: tuple[frozenset[str], ...], forbidden: frozenset[str]) -> Mask | None:
    if not required and not forbidden:
        return None
    table = fleet.trait_sets
    ok: Mask = ~table.having_any(fleet.catalogue.trait_ids(forbidden))
    for names in required:
        ok &= table.having_any(fleet.catalogue.trait_ids(names))
    return ok


def _in_aggregates(fleet: Fleet, member_of: tuple[frozenset[str], ...]) -> Mask | None:
    if not member_of:
        return None
    table = fleet.aggregate_sets
    ok: Mask = np.ones(len(table.sets), dtype=np.bool_)
    for aggregates in member_of:
        ok &= table.having_any(fleet.catalogue.requested_aggregate_ids(aggregates))
    return ok
