"""The chain of the audit log: each record is sealed with the hash of the one before."""

from __future__ import annotations

from typing import Any

import pytest

from berth.model.caller import Caller
from berth.store import audit, audit_index
from berth.store.audit import Chain, seal

ADA = Caller(user="ada", roles=frozenset({"member", "reader"}), address="192.0.2.7")


def _chain(**values: Any) -> Chain:
    chain = Chain(4, "before")
    chain.add(5, ADA, "req-1", "CreateTrait", "CUSTOM_X", **values)
    return chain


def test_a_record_is_numbered_and_sealed() -> None:
    chain = _chain(facts="{}", change=9)
    row = chain.rows[0]
    assert (row["number"], row["roles"], row["outcome"], row["change"]) == (5, "member,reader", "done", 9)
    assert (chain.number, chain.hash) == (5, row["hash"])
    assert row["hash"] == seal("before", row, "{}")


@pytest.mark.parametrize("column", audit._SEALED)
def test_no_sealed_column_can_be_altered(column: str) -> None:
    row = _chain(facts="{}").rows[0]
    assert seal("before", row | {column: "altered"}, "{}") != row["hash"]


@pytest.mark.parametrize(
    ("previous", "before", "facts"), [("x", None, "{}"), ("before", "x", "{}"), ("before", None, "x")]
)
def test_nor_what_is_beside_it(previous: str, before: str | None, facts: str) -> None:
    row = _chain(facts="{}").rows[0]
    assert seal(previous, row | {"before": before}, facts) != row["hash"]


def test_each_record_seals_the_one_before() -> None:
    chain = _chain()
    first = chain.hash
    chain.add(6, ADA, "req-2", "CreateTrait", "CUSTOM_Y")
    assert seal(first, chain.rows[1], None) == chain.hash


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [("target", "a\nb\x1b[0m", "a\\nb\\x1b[0m"), ("outcome", "x" * 20, "x" * 16), ("operation", "x" * 70, "x" * 64)],
)
def test_what_others_have_written_is_made_safe(column: str, value: str, kept: str) -> None:
    chain = Chain(0, "")
    given = {"operation": "x", "target": "y", "outcome": "403"} | {column: value}
    chain.add(5, ADA, "req-1", given["operation"], given["target"], outcome=given["outcome"])
    assert chain.rows[0][column] == kept


@pytest.mark.parametrize(("subjects", "indexed"), [(audit_index.MANY, 0), (audit_index.MANY + 1, audit_index.MANY + 1)])
def test_only_a_record_with_many_subjects_is_indexed_at_once(subjects: int, indexed: int) -> None:
    assert len(_chain(about=[str(number) for number in range(subjects)]).indexed) == indexed
