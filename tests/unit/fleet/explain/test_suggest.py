"""Spelling suggestions for names that do not exist."""

from __future__ import annotations

import pytest

from berth.fleet.explain import suggest
from berth.fleet.explain.suggest import closest_names, suggestions
from berth.model.change import NameKind
from tests.support.fleets import provider, small_fleet

NAMES = ["VCPU", "PCPU", "MEMORY_MB", "DISK_GB", "VGPU", "CUSTOM_GOLD"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VCPUS", ["VCPU", "VGPU", "PCPU"]),
        ("vcpu", ["VCPU", "VGPU", "PCPU"]),
        ("MEMORY", ["MEMORY_MB"]),
        ("CUSTOM_GOLDEN", ["CUSTOM_GOLD"]),
        ("SOMETHING_ELSE", []),
    ],
)
def test_most_alike(name: str, expected: list[str]) -> None:
    assert closest_names(name, NAMES) == expected


def test_only_names_of_the_kind_are_suggested() -> None:
    fleet = small_fleet(provider("a", CUSTOM_GOLD=1, traits=["CUSTOM_GOLDEN"]))
    assert suggestions(fleet, NameKind.CLASS, "CUSTOM_GOLDE") == ["CUSTOM_GOLD"]
    assert suggestions(fleet, NameKind.TRAIT, "CUSTOM_GOLDE") == ["CUSTOM_GOLDEN"]


def test_names_that_share_words_are_compared_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "MAX_COMPARED", 1)
    assert closest_names("HW_CPU_AXV", ["HW_GPU_AVX", "HW_CPU_AVX", "HW_NIC_AVX"]) == ["HW_CPU_AVX"]
