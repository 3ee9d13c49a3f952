"""Names of aggregates: suggestions, and the uuids that imports make."""

from __future__ import annotations

import pytest

from berth.model.aggregate import MOST_COMPARED, made_aggregate_uuid, nearest_names


@pytest.mark.parametrize(
    ("given", "names", "nearest"),
    [
        ("rakc-7", ["rack-7", "zone"], ["rack-7"]),
        ("RACK-7", ["Rack-7"], ["Rack-7"]),
        ("rack-7", [], []),
        ("rack-7", [f"{number:06}" for number in range(MOST_COMPARED)] + ["rack-70"], ["rack-70"]),
    ],
)
def test_similar_names(given: str, names: list[str], nearest: list[str]) -> None:
    assert nearest_names(given, names) == nearest


def test_a_name_always_makes_the_same_uuid() -> None:
    """Imports of every later Berth must find the aggregates that an earlier one has made."""
    assert made_aggregate_uuid("rack-a") == "299a1d17-3c21-50c6-8dbf-a2fe4be7edb7"
    assert len({made_aggregate_uuid("rack-a", number) for number in range(3)}) == 3
