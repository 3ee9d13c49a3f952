"""Query parameters that say what a provider must be like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from berth.api.http.messages import BadRequest
from berth.api.placement import query_filters
from berth.api.placement.versions import rules

A, B = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
OLD, NEW = rules(0), rules(39)


def any_of(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("VCPU:1", {"VCPU": 1}),
        ("VCPU:2,MEMORY_MB:512", {"VCPU": 2, "MEMORY_MB": 512}),
        ("VCPU:01", {"VCPU": 1}),
        ("VCPU:1 ", {"VCPU": 1}),
        ("VCPU:9223372036854775807", {"VCPU": 2**63 - 1}),
        ("VCPU:1,VCPU:3", {"VCPU": 3}),
        ("anything at all:7", {"anything at all": 7}),
    ],
)
def test_resources(text: str, amounts: dict[str, int]) -> None:
    assert query_filters.resources(text) == amounts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Got: empty string"),
        (" ", "Got: empty string"),
        ("VCPU", "Got: VCPU."),
        ("VCPU:1,", "Got: ."),
        (",VCPU:1", "Got: ."),
        ("VCPU:1:2", "Got: VCPU:1:2."),
        ("VCPU:", "VCPU expected positive integer amount. Got: ."),
        ("VCPU:x", "Got: x."),
        ("VCPU:1.0", "Got: 1.0."),
        ("VCPU:+1", "Got: +1."),
        ("VCPU: 1", "Got:  1."),
        ("VCPU:1 ,MEMORY_MB:1", "Got: 1 ."),
        ("VCPU:1_0", "Got: 1_0."),
        ("VCPU:１", "Got: １."),
        ("VCPU:²", "Got: ²."),
        ("VCPU:0", "requires amount >= 1. Got: 0."),
        ("VCPU:-0", "requires amount >= 1. Got: 0."),
        ("VCPU:-3", "requires amount >= 1. Got: -3."),
        ("VCPU:9223372036854775808", "below 2^63"),
        ("VCPU:" + "9" * 5_000, "below 2^63"),
    ],
)
def test_no_resources(text: str, words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        query_filters.resources(text)
    assert words in refused.value.detail


@pytest.mark.parametrize(
    ("minor", "values", "required", "forbidden"),
    [
        (18, [], (), any_of()),
        (18, ["X"], (any_of("X"),), any_of()),
        (18, ["X,Y"], (any_of("X"), any_of("Y")), any_of()),
        (18, [" X , Y "], (any_of("X"), any_of("Y")), any_of()),
        (18, ["X", "Y"], (any_of("Y"),), any_of()),
        (22, ["X,!Y"], (any_of("X"),), any_of("Y")),
        (22, ["!X"], (), any_of("X")),
        (38, ["!X", "Y"], (any_of("Y"),), any_of()),
        (39, ["X", "!Y"], (any_of("X"),), any_of("Y")),
        (39, ["in:X,Y"], (any_of("X", "Y"),), any_of()),
        (39, ["in:X,Y", "Z,!W"], (any_of("X", "Y"), any_of("Z")), any_of("W")),
        (39, ["in: X , Y "], (any_of("X", "Y"),), any_of()),
    ],
)
def test_traits(minor: int, values: list[str], required: tuple[Any, ...], forbidden: frozenset[str]) -> None:
    found, unwanted = query_filters.traits(values, rules(minor))
    assert (set(found), unwanted) == (set(required), forbidden)


@pytest.mark.parametrize(
    ("minor", "value", "words"),
    [
        (18, "", "Got an empty trait"),
        (18, "X,", "Got an empty trait"),
        (18, "X,,Y", "Got an empty trait"),
        (18, "!X", "Expected 'required' parameter value of the form: HW_CPU_X86_VMX,CUSTOM_MAGIC."),
        (22, "!", "Got an empty trait"),
        (22, "X,!", "Got an empty trait"),
        (22, "in:X", "only supported since microversion 1.39"),
        (39, "in:", "Got an empty trait"),
        (39, "in:X,", "Got an empty trait"),
        (39, "in:X,!Y", "does not support forbidden traits"),
    ],
)
def test_no_traits(minor: int, value: str, words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        query_filters.traits([value], rules(minor))
    assert words in refused.value.detail


@pytest.mark.parametrize(
    ("minor", "values", "required", "forbidden"),
    [
        (3, [], (), any_of()),
        (3, [A], (any_of(A),), any_of()),
        (3, [A.upper()], (any_of(A),), any_of()),
        (3, [f"in:{A},{B}"], (any_of(A, B),), any_of()),
        (24, [A, f"in:{A},{B}"], (any_of(A), any_of(A, B)), any_of()),
        (32, [f"!{A}"], (), any_of(A)),
        (32, [f"!in:{A},{B}"], (), any_of(A, B)),
        (32, [A, f"!{B}"], (any_of(A),), any_of(B)),
    ],
)
def test_aggregates(minor: int, values: list[str], required: tuple[Any, ...], forbidden: frozenset[str]) -> None:
    assert query_filters.aggregates(values, "", rules(minor)) == (required, forbidden)


@pytest.mark.parametrize(
    ("minor", "values", "words"),
    [
        (3, [""], "valid UUID(s). Got: "),
        (3, ["x"], "valid UUID(s). Got: x"),
        (3, ["in:"], "valid UUID(s). Got: "),
        (3, [f"in:{A},"], "valid UUID(s). Got: "),
        (3, [f"{A},{B}"], "must be prefixed"),
        (3, [A, B], "Multiple member_of_X parameters are not supported"),
        (23, [A, B], "Multiple member_of_X parameters are not supported"),
        (31, [f"!{A}"], "Forbidden member_of_X parameters are not supported"),
        (32, [f"!!{A}"], "valid UUID(s)"),
        (32, [f"!{A},{B}"], "must be prefixed"),
        (32, [f"in:!{A}"], "valid UUID(s)"),
    ],
)
def test_no_aggregates(minor: int, values: list[str], words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        query_filters.aggregates(values, "_X", rules(minor))
    assert words in refused.value.detail


def test_a_tree() -> None:
    assert query_filters.in_tree(f" {A.upper()} ") == A


@pytest.mark.parametrize("text", ["", "x", f"in:{A}", f"!{A}", f"{A},{B}", A[:-1]])
def test_no_tree(text: str) -> None:
    with pytest.raises(BadRequest, match="to be a format of uuid"):
        query_filters.in_tree(text)


@pytest.mark.parametrize(
    "parse", [lambda: query_filters.traits(["X"], OLD), lambda: query_filters.aggregates([A], "", NEW)]
)
def test_values_can_be_kept(parse: Callable[[], Any]) -> None:
    """They go into requests that are hashed and compared."""
    assert hash(parse()) == hash(parse())


def test_values_of_a_name_keep_their_order() -> None:
    assert query_filters.values_of([("a", "1"), ("b", "2"), ("a", "3")], "a") == ["1", "3"]
