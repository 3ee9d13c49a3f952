"""The comparer detects each fault, and reports nothing between two correct replies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.suites.peer.compare import Exchange, checkable, differences
from tests.suites.peer.fuzz import Fuzzer, Report
from tests.suites.peer.placement_server import FAULTS
from tests.suites.peer.play import plain_get
from tests.suites.peer.servers import pair
from tests.suites.peer.wire import Answer, Request

HEADERS = (
    ("openstack-api-version", "placement 1.39"),
    ("vary", "openstack-api-version"),
    ("cache-control", "no-cache"),
    ("last-modified", "Mon, 23 Nov 2026 14:15:15 GMT"),
    ("content-type", "application/json"),
    ("allow", "GET, PUT"),
    ("location", "http://localhost/resource_providers/x"),
)
REQUEST = plain_get("/resource_providers/x/inventories")
TESTED = ["would exceed the capacity"]


def answer(status: int = 200, **body: Any) -> Answer:
    return Answer(status, HEADERS, json.dumps(body).encode() if body else b"")


def refusal(status: int) -> Answer:
    words = f"The requested amount {TESTED[0]}."
    return answer(status, errors=[{"status": status, "title": "T", "detail": words, "code": "c", "request_id": "r"}])


ALLOCATIONS = [{"allocations": {}, "mappings": {"": ["a"], "1": ["b"]}}, {"allocations": {}, "mappings": {"": ["c"]}}]
# fault, the sound answer that it spoils, the kind and place of the difference
SPOILT = [
    ("204-is-200", answer(204), "status", ""),
    ("delete-409-is-400", refusal(409), "status", ""),
    ("no-last-modified", answer(), "header", "last-modified"),
    ("no-vary", answer(), "header", "vary"),
    ("no-location", answer(), "header", "location"),
    ("no-allow", answer(), "header", "allow"),
    ("no-error-code", refusal(409), "body", ".errors[0].code"),
    ("generation-plus-one", answer(resource_provider_generation=3), "body", ".resource_provider_generation"),
    ("used-plus-one", answer(a={"used": 1}), "body", ".a.used"),
    ("candidate-lost", answer(allocation_requests=ALLOCATIONS), "body", ".allocation_requests"),
    ("summary-without-traits", answer(a={"traits": []}), "body", ".a.traits"),
    ("mapping-swapped", answer(allocation_requests=ALLOCATIONS), "body", ".allocation_requests"),
    ("other-words", refusal(409), "tested words", TESTED[0]),
]


@pytest.mark.parametrize(("fault", "sound", "kind", "where"), SPOILT)
def test_a_fault_is_found(fault: str, sound: Answer, kind: str, where: str) -> None:
    status, headers, body = FAULTS[fault]("DELETE", f"{sound.status} X", list(sound.headers), sound.body)
    spoilt = Answer(int(status[:3]), tuple(headers), body)
    found = differences(Exchange(REQUEST, sound, spoilt), TESTED)
    assert (kind, where) in [(difference.kind, difference.where) for difference in found]


def test_every_fault_is_tried() -> None:
    assert {fault for fault, *_ in SPOILT} == set(FAULTS)


# two answers that mean the same
ALIKE = [
    (answer(traits=["A", "B"]), answer(traits=["B", "A"])),
    (answer(total=1), answer(total=1.0)),
    (answer(allocation_requests=ALLOCATIONS), answer(allocation_requests=ALLOCATIONS[::-1])),
    (answer(x={"mappings": {"": ["a", "b"]}}), answer(x={"mappings": {"": ["b", "a"]}})),
    (refusal(409), replace(refusal(409), headers=(*HEADERS, ("server", "x"), ("date", "now")))),
    (refusal(409), replace(refusal(409), body=refusal(409).body.replace(b"The requested", b"requested The"))),
]  # fmt: skip
# two answers that do not
UNLIKE = [
    (answer(traits=["A"]), answer(traits=["A", "A"])),
    (answer(total=1), answer(total=True)),
    (answer(total=1), answer(total="1")),
    (answer(allocation_requests=ALLOCATIONS), answer(allocation_requests=[ALLOCATIONS[0]] * 2)),
    (answer(), Answer(0, (), b"refused")),
]


@pytest.mark.parametrize(("placement", "berth"), ALIKE)
def test_what_means_the_same_is_no_difference(placement: Answer, berth: Answer) -> None:
    assert differences(Exchange(REQUEST, placement, berth), TESTED) == []


@pytest.mark.parametrize(("placement", "berth"), UNLIKE)
def test_what_does_not_is_one(placement: Answer, berth: Answer) -> None:
    assert [found.fails for found in differences(Exchange(REQUEST, placement, berth), TESTED)] == [True]


def test_aggregates_that_were_put_come_back_in_order() -> None:
    request = Request("PUT", "/resource_providers/x/aggregates")
    assert differences(Exchange(request, answer(aggregates=["a", "b"]), answer(aggregates=["b", "a"])), [])


def test_aggregates_come_back_in_the_spelling_in_which_they_were_put() -> None:
    dashless, usual = "0123456789ab4def8123456789abcdef", "01234567-89ab-4def-8123-456789abcdef"
    request = Request("GET", "/resource_providers/x/aggregates")
    assert differences(Exchange(request, answer(aggregates=[dashless]), answer(aggregates=[usual])), [])
    assert not differences(Exchange(request, answer(aggregates=[dashless]), answer(aggregates=[dashless])), [])


def test_texts_of_the_tests_are_cut_to_what_can_stand_in_any_answer() -> None:
    texts = ["/a pattern/", "Resource provider $ENVIRON['RP_UUID'] not found", "short"]
    assert checkable(texts) == ["Resource provider ", " not found"]


@pytest.mark.peer
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("fault", "finds"), [("none", False), ("candidate-lost", True), ("delete-409-is-400", True)])
def test_two_placements(peer: str, tested: list[str], fault: str, finds: bool) -> None:
    """Two sound ones agree; a faulty one is found out within a few episodes."""
    with pair(fault=fault) as both:
        fuzzer = Fuzzer(both, tested, seed=3, shrink_s=0.0, say=lambda _: None)
        for number in range(12 if finds else 3):
            fuzzer.episode(number)
            if finds and _unmeant(fuzzer):
                break
    assert bool(_unmeant(fuzzer)) == finds, "\n".join(map(str, _unmeant(fuzzer)))


def _unmeant(fuzzer: Fuzzer) -> list[Report]:
    """What it reports but for what any Placement does."""
    return [each for each in fuzzer.reports.values() if "brute force" not in each.finding.difference.where]
