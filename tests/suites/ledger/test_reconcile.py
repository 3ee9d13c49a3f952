"""Reconciliation: which claims are orphans, what ends them, and that undoing it restores everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select, update

import berth
from berth import Claim, Inventory, ReconcileRequest, errors
from berth.ledger.verify import verify
from berth.model.reconciliation import MOST_ENDED, ReconcileFinding, SkipReason
from berth.store.tables import audit, consumers, endings
from tests.support.empty_ledgers import EmptyLedgers

LATER = 2**60
"""A deadline that does not pass while the tests run, in microseconds since 1970 UTC."""


@pytest.fixture(scope="module")
def ledger(ledgers: EmptyLedgers) -> Iterator[berth.Ledger]:
    """Return one ledger for all tests on a kind of database: each has hosts of its own."""
    with berth.open(ledgers.new()) as it:
        yield it


def host(ledger: berth.Ledger, total: int = 64, traits: tuple[str, ...] = ()) -> str:
    uuid = ledger.create_provider(f"host-{uuid4()}").uuid
    ledger.set_inventories(uuid, {"VCPU": Inventory(total), "DISK_GB": Inventory(100)})
    ledger.set_traits(uuid, traits)
    return uuid


def claimed(ledger: berth.Ledger, *places: str, consumer: str = "", amount: int = 1, **values: Any) -> str:
    """Claim on each of some hosts; return the consumer."""
    consumer = consumer or str(uuid4())
    fields = {"project": "physics", "user": "ada", **values}
    ledger.claim(Claim(consumer=consumer, allocations={each: {"VCPU": amount} for each in places}, **fields))
    return consumer


def asked(ledger: berth.Ledger, alive: list[str] | dict[str, Any], **values: Any) -> ReconcileRequest:
    listed = alive if isinstance(alive, dict) else dict.fromkeys(alive)
    return ReconcileRequest(**{"alive": listed, "as_of": ledger.head(), **values})


def applied(ledger: berth.Ledger, request: ReconcileRequest, **values: Any) -> berth.ReconcileReport:
    """Look at a dry run, then end the orphans that it has shown."""
    digest = ledger.reconcile(request).digest
    return ledger.reconcile(replace(request, dry_run=False, expect=digest, **values))


def logged(ledger: berth.Ledger) -> tuple[int, ...]:
    """Return the lengths of everything that a refused command must leave alone."""
    with ledger._writer.database.reading() as connection:
        return ledger.head(), *(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (audit, consumers, endings)
        )


def test_what_is_found(ledger: berth.Ledger) -> None:
    """Two hosts, a pool that shares, and a consumer of each kind that an operator meets."""
    one, two, pool = host(ledger), host(ledger), host(ledger, traits=("MISC_SHARES_VIA_AGGREGATE",))
    right, known, differs = (claimed(ledger, one) for _ in range(3))
    gone, pooled, moved = claimed(ledger, one), claimed(ledger, one, pool), claimed(ledger, one, two)
    held, elsewhere, unknown = claimed(ledger, one), claimed(ledger, two), str(uuid4())
    with ledger._writer.database.writing() as connection:
        connection.execute(update(consumers).where(consumers.c.uuid == held).values(deadline=LATER))
    as_of = ledger.head()
    new, changed = claimed(ledger, one), claimed(ledger, one, consumer=known, amount=2)
    alive: dict[str, Any] = {right: None, unknown: None, differs: {one: {"VCPU": 2}}, changed: {one: {"VCPU": 1}}}
    report = ledger.reconcile(ReconcileRequest(trees=(one,), alive=alive, as_of=as_of))
    found = {each.consumer: (each.finding, each.why) for each in report.items}
    assert found == {
        gone: (ReconcileFinding.ORPHAN, None),
        pooled: (ReconcileFinding.ORPHAN, None),
        differs: (ReconcileFinding.DIFFERING, None),
        unknown: (ReconcileFinding.UNKNOWN, None),
        moved: (ReconcileFinding.SKIPPED, SkipReason.ELSEWHERE),
        held: (ReconcileFinding.SKIPPED, SkipReason.PENDING),
        new: (ReconcileFinding.SKIPPED, SkipReason.WRITTEN_SINCE),
        changed: (ReconcileFinding.SKIPPED, SkipReason.WRITTEN_SINCE),
    }
    assert elsewhere not in found
    assert (report.orphans, report.differing, report.unknown, report.matching) == (2, 1, 1, 1)
    assert report.skipped == {SkipReason.ELSEWHERE: 1, SkipReason.PENDING: 1, SkipReason.WRITTEN_SINCE: 2}
    assert [each.consumer for each in report.items] == sorted(found)
    assert (report.change, report.head) == (None, ledger.head())


def test_only_what_it_is_about_ends_and_an_undo_restores_it(ledger: berth.Ledger) -> None:
    """Several hosts at random: what is alive, and what is elsewhere, keeps its claims; undone, all is as before."""
    chance = random.Random(7)
    places = [host(ledger) for _ in range(4)]
    made = [
        claimed(ledger, *chance.sample(places, chance.choice((1, 1, 2))), amount=chance.randint(1, 3), type=kind)
        for kind in ("VM", None, "JOB") * 6
    ]
    before = {uuid: ledger.allocations(uuid) for uuid in made}
    usages = [ledger.usages(place).usages for place in places]
    alive = chance.sample(made, 6)
    report = applied(ledger, asked(ledger, alive, trees=places), at_most=len(made))
    assert report.orphans == len(made) - len(alive)
    assert report.change == ledger.head()
    assert [uuid for uuid in made if ledger.allocations(uuid) is not None] == [uuid for uuid in made if uuid in alive]
    assert [each.operation for each in ledger.audit(most=1)] == ["Reconcile"]
    undone = ledger.undo(report.change)
    assert sorted(undone.restored) == sorted(set(made) - set(alive))
    for uuid, was in before.items():
        now = ledger.allocations(uuid)
        assert now is not None
        assert was is not None
        assert (now.consumer.project, now.consumer.user, now.consumer.type) == (
            was.consumer.project,
            was.consumer.user,
            was.consumer.type,
        )
        assert {each.provider: each.resources for each in now.held} == {
            each.provider: each.resources for each in was.held
        }
    assert [ledger.usages(place).usages for place in places] == usages
    with pytest.raises(errors.CannotUndo):
        ledger.undo(report.change)


@pytest.mark.parametrize("scope", ["project", "type", "project and tree"])
def test_scopes(scope: str, ledger: berth.Ledger) -> None:
    mine, kind = f"project-{uuid4()}", f"KIND_{uuid4().hex.upper()}"
    one, two = host(ledger), host(ledger)
    here = claimed(ledger, one, project=mine, type=kind)
    there = claimed(ledger, two, project=mine, type=kind)
    claimed(ledger, one)
    values: dict[str, dict[str, Any]] = {
        "project": {"project": mine},
        "type": {"type": kind},
        "project and tree": {"project": mine, "trees": (one,)},
    }
    report = ledger.reconcile(asked(ledger, [str(uuid4())], **values[scope]))
    orphans = {each.consumer for each in report.items if each.finding is ReconcileFinding.ORPHAN}
    assert orphans == ({here} if scope == "project and tree" else {here, there})


REFUSED: dict[str, tuple[dict[str, Any], type[errors.Refusal]]] = {
    "nobody is alive": ({"alive": {}}, errors.NothingAlive),
    "no scope": ({"trees": ()}, errors.Invalid),
    "no such tree": ({"trees": (str(UUID(int=1)),)}, errors.ProviderNotFound),
    "no uuid of a tree": ({"trees": ("host-1",)}, errors.Invalid),
    "no uuid of a consumer": ({"alive": {"vm-1": None}}, errors.Invalid),
    "a consumer in two spellings": ({"alive": {f"{UUID(int=2)}": None, UUID(int=2).hex: None}}, errors.Invalid),
    "a list of the future": ({"as_of": 2**40}, errors.Invalid),
    "a number below all": ({"as_of": -1}, errors.Invalid),
    "a limit of nothing": ({"limit": 0}, errors.Invalid),
    "more than may ever end": ({"at_most": MOST_ENDED + 1}, errors.Invalid),
    "no digest": ({"dry_run": False}, errors.Invalid),
    "the digest of another plan": ({"dry_run": False, "expect": "0" * 16}, errors.PlanOutdated),
    "more than was allowed": ({"dry_run": False, "expect": "<digest>", "at_most": 1}, errors.ReconcileTooLarge),
}


def test_refusals_change_nothing(ledger: berth.Ledger) -> None:
    place = host(ledger)
    for _ in range(2):
        claimed(ledger, place)
    good = asked(ledger, [str(uuid4())], trees=(place,))
    digest, before = ledger.reconcile(good).digest, logged(ledger)
    for what, (values, error) in REFUSED.items():
        given = {name: digest if value == "<digest>" else value for name, value in values.items()}
        with pytest.raises(error):
            ledger.reconcile(replace(good, **given))
        assert logged(ledger) == before, what


def test_claims_made_after_the_list_are_never_touched(ledger: berth.Ledger) -> None:
    """The race between listing and reconciling makes other audits delete live claims."""
    place = host(ledger)
    lost = claimed(ledger, place)
    request = asked(ledger, [str(uuid4())], trees=(place,))
    since = [claimed(ledger, place) for _ in range(50)]
    report = applied(ledger, request)
    assert (report.orphans, report.skipped) == (1, {SkipReason.WRITTEN_SINCE: 50})
    assert ledger.allocations(lost) is None
    assert all(ledger.allocations(uuid) is not None for uuid in since)


@pytest.mark.parametrize("what", ["written", "released", "claimed again"])
def test_what_moves_between_the_plan_and_the_lock(what: str, ledger: berth.Ledger) -> None:
    """Nothing of an outdated plan is carried out, also if a consumer of the same generation took the uuid."""
    place = host(ledger)
    one, two = claimed(ledger, place), claimed(ledger, place)
    request = asked(ledger, [str(uuid4())], trees=(place,))
    digest = ledger.reconcile(request).digest
    _, command = ledger.planned_reconcile(replace(request, dry_run=False, expect=digest))
    assert command is not None
    if what == "written":
        claimed(ledger, place, consumer=one, amount=2)
    else:
        ledger.release(one)
        if what == "claimed again":
            claimed(ledger, place, consumer=one)
    before = logged(ledger)
    with pytest.raises(errors.PlanOutdated):
        ledger.do(command)
    assert logged(ledger) == before
    assert ledger.allocations(two) is not None


def test_an_undo_that_is_refused_says_why_by_consumer_and_changes_nothing(ledger: berth.Ledger) -> None:
    small, large = host(ledger, total=2), host(ledger)
    first, second, third = claimed(ledger, small), claimed(ledger, small), claimed(ledger, large)
    change = applied(ledger, asked(ledger, [str(uuid4())], trees=(small, large))).change
    assert change is not None
    claimed(ledger, small)  # room for one of two is left
    again = claimed(ledger, large, consumer=third)
    before = logged(ledger)
    with pytest.raises(errors.CannotUndo) as caught:
        ledger.undo(change)
    assert caught.value.why == {again: "the consumer has a claim again"}
    ledger.release(again)
    before = logged(ledger)
    with pytest.raises(errors.CannotUndo) as caught:
        ledger.undo(change)
    assert caught.value.why.keys() == {first, second}
    assert "VCPU" in next(iter(caught.value.why.values()))
    assert logged(ledger) == before
    outcome = ledger.undo(change, partial=True)
    assert (len(outcome.restored), len(outcome.left)) == (2, 1)
    assert third in outcome.restored
    with pytest.raises(errors.CannotUndo):
        ledger.undo(change, partial=True)


@pytest.mark.parametrize("change", [0, 2**62])
def test_an_undo_of_no_change(change: int, ledger: berth.Ledger) -> None:
    with pytest.raises(errors.Invalid):
        ledger.undo(change)


def test_an_undo_of_a_change_that_ended_nothing(ledger: berth.Ledger) -> None:
    before = logged(ledger)
    for change in (ledger.head(), ledger.head() + 1):
        with pytest.raises(errors.CannotUndo):
            ledger.undo(change)
    assert logged(ledger) == before


def test_pages_of_a_long_report(ledger: berth.Ledger) -> None:
    place = host(ledger)
    made = {claimed(ledger, place) for _ in range(5)}
    request = asked(ledger, [str(UUID(int=number)) for number in range(1, 100_000)], trees=(place,), limit=40_000)
    with pytest.raises(errors.Invalid):
        ledger.reconcile(request)
    request, seen, pages = replace(request, limit=10_000), set(), 0
    while True:
        report = ledger.reconcile(request)
        assert (report.orphans, report.unknown) == (5, 99_999)
        seen |= {each.consumer for each in report.items if each.finding is ReconcileFinding.ORPHAN}
        pages += 1
        if report.next is None:
            break
        if report.next < str(UUID(int=90_000)):
            report = replace(report, next=str(UUID(int=90_000)))
        assert report.next is not None
        request = replace(request, after=report.next)
    assert (seen, pages) == (made, 3)


def test_the_books_agree_after_all(ledger: berth.Ledger) -> None:
    """Test last: the rows are what the log says."""
    assert verify(ledger._writer.database).findings == ()


def test_with_a_key_it_is_carried_out_once(ledger: berth.Ledger) -> None:
    place = host(ledger)
    one = claimed(ledger, place)
    request = asked(ledger, [str(uuid4())], trees=(place,))
    ending = replace(request, dry_run=False, expect=ledger.reconcile(request).digest)
    key = str(uuid4())
    report = ledger.reconcile(ending, key=key)
    assert report.change == ledger.head()
    assert ledger.undo(report.change, key=f"{key} back") == ledger.undo(report.change, key=f"{key} back")
    before = logged(ledger)
    assert ledger.reconcile(ending, key=key) == report  # the consumer is there again, and stays
    assert ledger.allocations(one) is not None
    with pytest.raises(errors.KeyReused):
        ledger.reconcile(replace(ending, at_most=1), key=key)
    with pytest.raises(errors.Invalid):
        ledger.reconcile(ending, key="")
    assert logged(ledger) == before
