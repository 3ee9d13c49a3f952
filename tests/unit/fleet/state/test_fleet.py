"""Slots, trees, names and sharing, as providers come, move and go."""

from __future__ import annotations

import pytest

from berth.fleet.state import fleet as fleets
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.change import ProviderFact
from berth.model.errors import ProviderNotFound
from berth.model.names import SHARES_VIA_AGGREGATE
from tests.support.fleets import names_at, provider, sharing, small_fleet, uuid_of


def fact(name: str, parent: str | None = None, root: str = "", *, renamed: str = "") -> ProviderFact:
    above = None if parent is None else uuid_of(parent)
    return ProviderFact(2000, uuid_of(name), renamed or name, 1, above, uuid_of(root or name), 5, 6)


def tree(fleet: Fleet, name: str) -> list[str]:
    return names_at(fleet, fleet.tree(fleet.slot(uuid_of(name))))


@pytest.fixture
def fleet() -> Fleet:
    return small_fleet(
        provider("a", VCPU=1), provider("a1", "a"), provider("a11", "a1", VCPU=2), provider("b"), provider("b1", "b")
    )


def test_a_tree_has_its_members_children_and_root(fleet: Fleet) -> None:
    assert (tree(fleet, "a"), tree(fleet, "b")) == (["a", "a1", "a11"], ["b", "b1"])
    assert fleet.children == {0: (1,), 1: (2,), 3: (4,)}
    assert fleet.root.values.tolist() == [0, 0, 0, 3, 3]
    assert fleet.nested.values.tolist() == [True, False, False, True, False]


def test_an_unknown_provider_has_no_slot(fleet: Fleet) -> None:
    with pytest.raises(ProviderNotFound):
        fleet.slot(uuid_of("c"))


def test_a_provider_moves_to_another_tree(fleet: Fleet) -> None:
    fleet.put_provider(fact("b1", "a", "a"))
    assert (tree(fleet, "a"), tree(fleet, "b")) == (["a", "a1", "a11", "b1"], ["b"])
    assert fleet.children == {0: (1, 4), 1: (2,)}
    assert not fleet.nested.values[3]


def test_a_provider_becomes_a_root(fleet: Fleet) -> None:
    fleet.put_provider(fact("b1"))
    assert (tree(fleet, "b"), tree(fleet, "b1")) == (["b"], ["b1"])
    assert (int(fleet.parent.values[4]), int(fleet.root.values[4])) == (NO_SLOT, 4)


def test_a_renamed_provider_gives_its_name_back(fleet: Fleet) -> None:
    fleet.put_provider(fact("b", renamed="c"))
    assert (fleet.slot_of_name.get("b"), fleet.slot_of_name["c"], fleet.names[3]) == (None, 3, "c")


def test_names_may_be_exchanged(fleet: Fleet) -> None:
    fleet.put_provider(fact("a", renamed="b"))
    fleet.put_provider(fact("b", renamed="a"))
    assert (fleet.slot_of_name["b"], fleet.slot_of_name["a"]) == (0, 3)


def test_the_slot_of_a_deleted_provider_is_reused_without_anything_of_it(fleet: Fleet) -> None:
    fleet.drop_provider(uuid_of("a11"))
    fleet.drop_provider(uuid_of("a11"))
    assert (len(fleet), tree(fleet, "a"), int(fleet.root.values[2])) == (4, ["a", "a1"], NO_SLOT)
    fleet.put_provider(fact("c"))
    assert (fleet.slot(uuid_of("c")), fleet.classes[2], len(fleet.columns[1])) == (2, (), 1)
    assert (int(fleet.id.values[2]), int(fleet.generation.values[2]), int(fleet.created_at.values[2])) == (2000, 1, 5)


def test_sharing_begins_and_ends_with_the_trait_and_the_aggregate() -> None:
    fleet = small_fleet(
        sharing("pool", "rack"), provider("host", aggregates=["rack"]), provider("other"), sharing("x", "row")
    )
    rack, elsewhere = (int(fleet.aggregate_set.values[slot]) for slot in (1, 2))
    assert (fleet.shared_with_set(rack), fleet.shared_with_set(elsewhere)) == ((0,), ())
    shares = fleet.traits_of(0)
    fleet.set_traits(0, frozenset())
    assert fleet.shared_with_set(rack) == ()
    fleet.set_traits(0, shares)
    assert fleet.shared_with_set(rack) == (0,)
    fleet.set_aggregates(0, frozenset())
    assert (fleet.shared_with_set(rack), [*fleet.sharing.values()]) == ((), [{3}])
    fleet.set_aggregates(0, fleet.aggregates_of(1))
    fleet.drop_provider(uuid_of("pool"))
    assert (fleet.shared_with_set(rack), [*fleet.sharing.values()]) == ((), [{3}])


def test_several_share_with_one_set_of_aggregates() -> None:
    fleet = small_fleet(
        sharing("one", "rack"), sharing("two", "row"), provider("host", aggregates=["rack", "row"]), provider("x")
    )
    assert fleet.shared_with_set(int(fleet.aggregate_set.values[2])) == (0, 1)
    assert fleet.catalogue.name_of(next(iter(fleet.traits_of(0)))) == SHARES_VIA_AGGREGATE


def test_sets_and_tuples_that_no_provider_has_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider's owner may give it any number of sets in its time: finding costs what the sets in use cost."""
    monkeypatch.setattr(fleets, "MOST_INTERNED", 5)
    fleet = small_fleet(provider("a"), provider("b"))
    for number in range(50):
        fleet.set_traits(number % 2, frozenset({number, number + 1}))
        fleet.set_aggregates(number % 2, frozenset({number}))
        fleet.set_classes(number % 2, (number,))
    assert (len(fleet.trait_sets.sets), len(fleet.aggregate_sets.sets)) == (3, 3)
    assert len(fleet.trait_sets.having_any([49])) == 3
    assert len(fleet._interned) <= 6
    assert fleet.traits_of(1) == {49, 50}
