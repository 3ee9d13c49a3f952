"""Summaries of changes: what was touched, with the first few names."""

from __future__ import annotations

from berth.model.aggregate import NO_NAME, AggregateName
from berth.model.change import CatalogueEntry, Change, Facts, NameKind, ProviderFact, subjects_of
from berth.model.change_summary import FIRST, TouchedNames, brief_of
from berth.model.consumer import Owner
from berth.model.consumer_name import ConsumerName


def fact(uuid: str) -> ProviderFact:
    return ProviderFact(1, uuid, uuid, 1, None, uuid, 0, 0)


FACTS = Facts(
    names=[CatalogueEntry(NameKind.TRAIT, 1, "CUSTOM_A", 0)],
    providers=[fact("new")],
    traits={"b": ["CUSTOM_A"], "new": []},
    used={"c": {"VCPU": 1}},
    generations={"b": 2},
    claims={"job": {"c": {"VCPU": 1}, "d": {"VCPU": 2, "PGPU": 1}}},
    gone=["d"],
    tokens=["ci"],
    owners={"job": Owner("students", "ada", None)},
)


def test_each_touched_thing_is_counted_once() -> None:
    summary = brief_of(Change(7, 8, "X", "ada", "req-1", FACTS))
    assert (summary.number, summary.at, summary.operation, summary.actor, summary.request) == (
        7,
        8,
        "X",
        "ada",
        "req-1",
    )
    assert summary.providers == TouchedNames(4, ["new", "b", "c", "d"])
    assert summary.consumers == TouchedNames(1, ["job"])
    assert summary.names == TouchedNames(2, ["CUSTOM_A", "ci"])
    assert summary.owners == {"job": Owner("students", "ada", None)}
    assert summary.held == {"job": {"VCPU": 3, "PGPU": 1}}


def test_an_aggregate_is_called_by_the_name_that_it_has_now() -> None:
    facts = Facts(
        names=[CatalogueEntry(NameKind.AGGREGATE, 1, "rack", 0), CatalogueEntry(NameKind.AGGREGATE, 2, "row", 0)],
        aggregate_names={"rack": AggregateName("rack-7"), "zone": NO_NAME},
    )
    assert brief_of(Change(1, 0, "X", "", "", facts)).names == TouchedNames(3, ["row", "rack-7", "zone"])


def test_only_the_first_are_named() -> None:
    facts = Facts(gone=[str(number) for number in range(100)])
    touched = brief_of(Change(1, 0, "X", "", "", facts)).providers
    assert (touched.count, len(touched.first)) == (100, FIRST)


def test_the_subjects_are_providers_and_consumers() -> None:
    assert subjects_of(FACTS) == {"new", "b", "c", "d", "job"}


def test_a_consumer_that_is_only_named_holds_what_it_held() -> None:
    summary = brief_of(Change(1, 0, "X", "", "", Facts(consumer_names={"job": ConsumerName("thesis", "")})))
    assert (summary.consumers, summary.held) == (TouchedNames(1, ["job"]), {})
