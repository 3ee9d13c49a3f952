"""Edits of traits and aggregates: what a provider has afterwards, and what changes nothing."""

from __future__ import annotations

import pytest

from berth.ledger.write.decide import decide
from berth.ledger.write.draft import Draft
from berth.model.change import Facts
from berth.model.commands import Command, CreateTrait, SetAggregates, SetTraits
from berth.model.edits import EditAggregates, EditTraits
from berth.model.errors import ProviderNotFound, Refusal, TraitsNotFound
from tests.unit.ledger.write.memory_ledger import ABSENT, HOST, filled

AVX, SHARES, FAST = "HW_CPU_X86_AVX2", "MISC_SHARES_VIA_AGGREGATE", "CUSTOM_FAST"
RACK, ROW = (f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in (1, 2))


def traits(**names: set[str]) -> EditTraits:
    return EditTraits(uuid=HOST, **{verb: frozenset(each) for verb, each in names.items()})


def aggregates(**uuids: tuple[str, ...]) -> EditAggregates:
    return EditAggregates(uuid=HOST, **uuids)


@pytest.fixture
def draft() -> Draft:
    """A host with one trait, in one aggregate that was given in capitals; its generation is 4."""
    ledger = filled()
    ledger.carry_out(
        CreateTrait(name=FAST),
        SetTraits(uuid=HOST, traits=frozenset({AVX})),
        SetAggregates(uuid=HOST, aggregates=(RACK.upper(),)),
    )
    draft = ledger.draft()
    assert draft.provider(HOST).generation == 4
    return draft


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (traits(add={FAST}), {AVX, FAST}),
        (traits(add={AVX}), {AVX}),
        (traits(remove={AVX}), set()),
        (traits(remove={FAST}), {AVX}),
        (traits(add={FAST, SHARES}, remove={AVX}), {FAST, SHARES}),
        (aggregates(add=(ROW,)), {RACK.upper(), ROW}),
        (aggregates(add=(RACK,)), {RACK.upper()}),
        (aggregates(remove=(RACK,)), set()),
        (aggregates(remove=(ROW,)), {RACK.upper()}),
        (aggregates(add=(ROW,), remove=(RACK,)), {ROW}),
    ],
)
def test_what_a_provider_has_afterwards(draft: Draft, command: EditTraits | EditAggregates, left: set[str]) -> None:
    """The generation rises by one if that changes anything; if not, there is nothing to log."""
    read = draft.traits if isinstance(command, EditTraits) else draft.aggregates
    unchanged = set(read(draft.provider(HOST))) == left
    assert decide(draft, command) == 5 - unchanged
    assert set(read(draft.provider(HOST))) == left
    assert (draft.pop_facts() == (Facts(), Facts())) is unchanged


def test_one_sees_what_those_before_it_in_a_batch_have_changed(draft: Draft) -> None:
    for command in (traits(add={FAST}), SetTraits(uuid=HOST, traits=frozenset()), traits(add={SHARES})):
        decide(draft, command)
    assert draft.traits(draft.provider(HOST)) == {SHARES}


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (EditTraits(uuid=ABSENT, add=frozenset({AVX})), ProviderNotFound),
        (EditAggregates(uuid=ABSENT, add=(RACK,)), ProviderNotFound),
        (traits(add={"CUSTOM_NONE"}), TraitsNotFound),
        (traits(remove={"CUSTOM_NONE"}, add={FAST}), TraitsNotFound),
    ],
)
def test_a_refused_one_changes_nothing(draft: Draft, command: Command, error: type[Refusal]) -> None:
    with pytest.raises(error):
        decide(draft, command)
    assert draft.pop_facts() == (Facts(), Facts())
