"""Names and numbers, both ways."""

from __future__ import annotations

import pytest

from berth.fleet.state.catalogue import Catalogue
from berth.model.change import CatalogueEntry, NameKind
from berth.model.errors import ClassNotFound, TraitsNotFound

ENTRIES = [
    CatalogueEntry(NameKind.CLASS, 1, "VCPU", 10),
    CatalogueEntry(NameKind.TRAIT, 2, "CUSTOM_B", 20),
    CatalogueEntry(NameKind.TRAIT, 3, "CUSTOM_A", 30),
    CatalogueEntry(NameKind.AGGREGATE, 4, "rack", 40),
]


@pytest.fixture
def catalogue() -> Catalogue:
    catalogue = Catalogue()
    for entry in ENTRIES:
        catalogue.add(entry)
    return catalogue


def test_a_name_is_found_by_its_kind_only(catalogue: Catalogue) -> None:
    assert (catalogue.id_of(NameKind.CLASS, "VCPU"), catalogue.id_of(NameKind.TRAIT, "VCPU")) == (1, None)
    assert (catalogue.name_of(3), catalogue.get(NameKind.AGGREGATE, "rack")) == ("CUSTOM_A", ENTRIES[3])
    assert catalogue.get(NameKind.AGGREGATE, "row") is None


def test_names_of_a_kind_come_in_the_order_of_their_numbers(catalogue: Catalogue) -> None:
    assert [entry.name for entry in catalogue.all(NameKind.TRAIT)] == ["CUSTOM_B", "CUSTOM_A"]
    assert catalogue.snapshot() == ENTRIES


def test_a_renamed_entry_is_not_found_by_its_old_name(catalogue: Catalogue) -> None:
    catalogue.add(CatalogueEntry(NameKind.CLASS, 1, "CUSTOM_CPU", 10))
    assert (catalogue.id_of(NameKind.CLASS, "VCPU"), catalogue.id_of(NameKind.CLASS, "CUSTOM_CPU")) == (None, 1)


def test_a_removed_entry_is_gone(catalogue: Catalogue) -> None:
    catalogue.remove(2)
    catalogue.remove(99)
    assert catalogue.id_of(NameKind.TRAIT, "CUSTOM_B") is None
    assert catalogue.snapshot() == [ENTRIES[0], *ENTRIES[2:]]


def test_unknown_classes_and_traits_are_refused_and_unknown_aggregates_skipped(catalogue: Catalogue) -> None:
    assert (catalogue.class_id("VCPU"), catalogue.trait_ids(["CUSTOM_A", "CUSTOM_B"])) == (1, frozenset({2, 3}))
    with pytest.raises(ClassNotFound, match="NO_SUCH"):
        catalogue.class_id("NO_SUCH")
    with pytest.raises(TraitsNotFound, match="NO_SUCH"):
        catalogue.trait_ids(["CUSTOM_A", "NO_SUCH"])
    assert catalogue.aggregate_ids(["rack", "row"]) == {4}


def test_an_aggregate_in_another_spelling_matches_as_the_usual_one() -> None:
    usual = "01234567-89ab-4def-8123-456789abcdef"
    catalogue = Catalogue()
    assert catalogue.usual_aggregates(frozenset({1})) == {1}
    for number, name in ((1, usual.upper()), (2, usual), (3, usual.replace("-", "")), (4, "rack")):
        catalogue.add(CatalogueEntry(NameKind.AGGREGATE, number, name, 0))
    assert catalogue.copy().usual_aggregates(frozenset({1, 3, 4})) == {2, 4}
    catalogue.remove(3)
    assert catalogue.usual_aggregates(frozenset({3})) == {3}
