"""Suggestions for misspelled names."""

from __future__ import annotations

import pytest

from berth.cli.output.suggest import did_you_mean, suggestions

NAMES = ["VCPU", "PCPU", "VGPU", "MEMORY_MB", "DISK_GB"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("VPCU", ["VGPU", "VCPU", "PCPU"]), ("memory_mb", ["MEMORY_MB"]), ("DISK", ["DISK_GB"]), ("nothing", [])],
)
def test_similar_names_are_suggested(name: str, found: list[str]) -> None:
    assert sorted(suggestions(name, NAMES)) == sorted(found)


@pytest.mark.parametrize(
    ("names", "question"),
    [
        ([], ""),
        (["A"], "did you mean A?"),
        (["A", "B"], "did you mean A or B?"),
        (["A", "B", "C"], "did you mean A, B or C?"),
    ],
)
def test_the_question(names: list[str], question: str) -> None:
    assert did_you_mean(names) == question
