"""Names: uuids in any spelling, and legal custom names."""

from __future__ import annotations

import pytest

from berth.model.names import STANDARD_CLASSES, STANDARD_TRAITS, is_custom_name, parse_uuid

UUID = "7a5c0000-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    "text",
    [UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", f"uuid:{UUID}"],
)
def test_every_spelling_becomes_canonical(text: str) -> None:
    assert parse_uuid(text) == UUID


@pytest.mark.parametrize("text", ["", "host-1", UUID[:-1], f"{UUID}0", UUID.replace("a", "g"), f"{UUID} "])
def test_other_texts_are_not_uuids(text: str) -> None:
    assert parse_uuid(text) is None


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("CUSTOM_A", True),
        ("CUSTOM_A_1", True),
        ("CUSTOM_" + "A" * 248, True),
        ("CUSTOM_" + "A" * 249, False),
        ("CUSTOM_", False),
        ("CUSTOM_a", False),
        ("CUSTOM_A-B", False),
        ("CUSTOM_A\n", False),
        ("VCPU", False),
        ("", False),
    ],
)
def test_custom_names(name: str, legal: bool) -> None:
    assert is_custom_name(name) is legal


def test_standard_names_are_not_custom() -> None:
    assert "VCPU" in STANDARD_CLASSES
    assert "HW_CPU_X86_AVX2" in STANDARD_TRAITS
    assert not any(map(is_custom_name, (*STANDARD_CLASSES, *STANDARD_TRAITS)))
