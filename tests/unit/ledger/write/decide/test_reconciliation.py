"""Ending orphans and undoing that, decided on a draft. See `berth.ledger.write.decide.reconciliation`."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from berth.ledger.write.decide import decide
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_endings import DraftEndings
from berth.model.commands import Undo
from berth.model.ended_consumer import EndedConsumer, EndReason, UndoOutcome
from berth.model.errors import CannotUndo, PlanOutdated, ReconcileTooLarge
from berth.model.reconciliation import Orphan, Reconcile, ReconcileReport
from tests.unit.ledger.write.memory_ledger import ABSENT, HOST, NEW, OLD, OTHER, filled

NOTHING_WRITTEN: tuple[object, ...] = ({}, {}, [])


def ended(consumer: str, **values: object) -> EndedConsumer:
    fields = {
        "consumer": consumer,
        "why": EndReason.RECONCILED,
        "at": 900,
        "project": "p",
        "user": "u",
        "type": None,
        "end": None,
        "deadline": None,
        "held": {HOST: {"VCPU": 1}},
    }
    return EndedConsumer(**(fields | values))  # type: ignore[arg-type]


def plan(*orphans: Orphan, expect: str = "d", at_most: int = 10) -> Reconcile:
    """Return the command that ends these orphans. Its report has the digest d."""
    report = ReconcileReport(
        head=8, orphans=len(orphans), differing=0, unknown=0, matching=0, skipped={}, digest="d", items=[]
    )
    return Reconcile(orphans=orphans, expect=expect, at_most=at_most, report=report)


def undoing(*consumers: EndedConsumer) -> Draft:
    """Return a draft at the instant 1,000 that knows which consumers change 5 ended."""
    draft = filled().draft()
    draft.endings = DraftEndings({5: consumers})
    return draft


def written(draft: Draft) -> tuple[object, ...]:
    return draft.facts.claims, draft.facts.used, draft.endings.pop()


def test_an_orphan_ends_and_what_it_had_is_kept() -> None:
    draft = filled().draft()
    draft.endings.number = 9
    orphan = Orphan(consumer=OLD, generation=1, id=draft.consumers[OLD].id)
    assert decide(draft, plan(orphan)) == replace(plan(orphan).report, change=9)
    assert (draft.facts.claims, draft.facts.used) == ({OLD: {}}, {HOST: {"VCPU": 0}})
    assert draft.endings.pop() == [ended(OLD, at=1_000, held={HOST: {"VCPU": 4}})]
    assert draft.endings.pop() == []


@pytest.mark.parametrize(
    "orphan",
    [
        Orphan(consumer=OLD, generation=2, id=0),
        Orphan(consumer=OLD, generation=1, id=1),
        Orphan(consumer=NEW, generation=1, id=0),
    ],
    ids=["of another generation", "another consumer of this uuid", "gone"],
)
def test_an_outdated_plan_ends_nothing(orphan: Orphan) -> None:
    draft = filled().draft()
    number = draft.consumers[OLD].id
    good = Orphan(consumer=OLD, generation=1, id=number)
    bad = orphan if orphan.id else Orphan(consumer=orphan.consumer, generation=orphan.generation, id=number)
    with pytest.raises(PlanOutdated):
        decide(draft, plan(good, bad))
    assert written(draft) == NOTHING_WRITTEN


@pytest.mark.parametrize(
    ("limits", "refusal"), [({"expect": "e"}, PlanOutdated), ({"at_most": 0}, ReconcileTooLarge)], ids=str
)
def test_a_plan_that_is_not_as_its_caller_wants_it_ends_nothing(
    limits: dict[str, Any], refusal: type[Exception]
) -> None:
    draft = filled().draft()
    with pytest.raises(refusal):
        decide(draft, plan(Orphan(consumer=OLD, generation=1, id=draft.consumers[OLD].id), **limits))
    assert written(draft) == NOTHING_WRITTEN


def test_a_plan_without_orphans_changes_nothing() -> None:
    draft = filled().draft()
    assert decide(draft, plan()).change is None
    assert written(draft) == NOTHING_WRITTEN


REFUSED: dict[str, tuple[EndedConsumer, str]] = {
    "it has a claim again": (ended(OLD), "has a claim again"),
    "its end has passed": (ended(NEW, end=1_000), "time of its claim is over"),
    "a hold that has lapsed": (ended(NEW, deadline=999, end=2_000), "time of its claim is over"),
    "no room": (ended(NEW, held={HOST: {"VCPU": 3}}), "VCPU"),
    "its provider is gone": (ended(NEW, held={ABSENT: {"VCPU": 1}}), ABSENT),
    "its class is gone": (ended(NEW, held={HOST: {"CUSTOM_GONE": 1}}), "CUSTOM_GONE"),
}


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_undone(case: str, partial: bool) -> None:
    """Alone it is refused in either way; beside one that can be restored, only partial restores that."""
    bad, why = REFUSED[case]
    draft = undoing(bad)
    with pytest.raises(CannotUndo) as caught:
        decide(draft, Undo(change=5, partial=partial))
    assert why in caught.value.why[bad.consumer]
    assert written(draft) == NOTHING_WRITTEN
    draft = undoing(ended(OTHER), bad)
    if partial:
        outcome = decide(draft, Undo(change=5, partial=True))
        assert (outcome.restored, set(outcome.left)) == ([OTHER], {bad.consumer})
        assert draft.facts.claims == {OTHER: {HOST: {"VCPU": 1}}}
        assert list(draft.endings.restored) == [(5, OTHER)]
    else:
        with pytest.raises(CannotUndo):
            decide(draft, Undo(change=5))
        assert written(draft) == NOTHING_WRITTEN


def test_all_or_nothing_where_each_would_fit_alone() -> None:
    draft = undoing(ended(NEW, held={HOST: {"VCPU": 2}}), ended(OTHER))
    with pytest.raises(CannotUndo) as caught:
        decide(draft, Undo(change=5))
    assert caught.value.why.keys() == {NEW, OTHER}
    assert written(draft) == NOTHING_WRITTEN


def test_an_end_that_lies_ahead_is_restored_with_the_claim() -> None:
    draft = undoing(ended(NEW, end=2_000, type="VM"))
    assert decide(draft, Undo(change=5)) == UndoOutcome(restored=[NEW])
    assert draft.facts.terms[NEW].end == 2_000
    assert draft.facts.owners[NEW].type == "VM"
    with pytest.raises(CannotUndo):
        decide(draft, Undo(change=5))
