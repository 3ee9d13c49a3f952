"""A draft: the fleet, and on top of it what the commands before have decided."""

from __future__ import annotations

import pytest

from berth.ledger.write.draft import Draft
from berth.model.change import Facts, NameKind
from berth.model.errors import ClassNotFound, ProviderNotFound, TraitsNotFound
from berth.model.inventory import Inventory
from berth.model.token import Token
from tests.unit.ledger.write.memory_ledger import ABSENT, EMPTY, FIRST_ID, HOST, NEW, OLD, MemoryLedger, filled

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


@pytest.fixture
def ledger() -> MemoryLedger:
    return filled()


@pytest.fixture
def draft(ledger: MemoryLedger) -> Draft:
    return ledger.draft()


def test_a_provider_is_read_from_the_fleet_once(draft: Draft) -> None:
    host = draft.provider(HOST)
    assert (host.name, host.generation, host.seen, host.parent, host.root) == ("host", 2, 2, None, HOST)
    assert draft.provider(HOST) is host
    assert (draft.used(host, "VCPU"), draft.used(host, "MEMORY_MB"), draft.used(host, "DISK_GB")) == (4, 0, 0)
    assert draft.inventory(host, "DISK_GB") is None


def test_a_provider_that_is_not_there(draft: Draft) -> None:
    assert draft.find_provider(ABSENT) is None
    with pytest.raises(ProviderNotFound):
        draft.provider(ABSENT)


def test_a_deleted_provider_is_gone_for_the_commands_after(draft: Draft) -> None:
    draft.delete_provider(draft.provider(EMPTY))
    assert draft.find_provider(EMPTY) is None
    assert draft.provider_named("empty") is None
    facts, before = draft.pop_facts()
    assert facts == Facts(gone=[EMPTY])
    assert [fact.uuid for fact in before.providers] == [EMPTY]


def test_a_new_provider_has_an_id_and_nothing_else(draft: Draft) -> None:
    child = draft.add_provider(ABSENT, "child", draft.provider(HOST))
    assert (child.id, child.parent, child.root, child.seen) == (draft.next_id - 1, HOST, HOST, None)
    assert draft.provider_named("child") == ABSENT
    assert (draft.inventories(child), draft.traits(child), draft.aggregates(child)) == ({}, frozenset(), set())
    assert draft.used(child, "VCPU") == 0


def test_a_renamed_provider_leaves_its_name_to_others(draft: Draft) -> None:
    draft.place_provider(draft.provider(HOST), "renamed", None, HOST)
    assert (draft.provider_named("host"), draft.provider_named("renamed")) == (None, HOST)
    facts, before = draft.pop_facts()
    assert ([fact.name for fact in facts.providers], [fact.name for fact in before.providers]) == (
        ["renamed"],
        ["host"],
    )


def test_the_state_before_is_that_before_the_first_change(draft: Draft) -> None:
    host = draft.provider(HOST)
    had = draft.inventories(host)
    for total in (10, 20):
        draft.set_inventories(host, {"VCPU": Inventory(total=total)})
    facts, before = draft.pop_facts()
    assert before.inventories == {HOST: had}
    assert facts.inventories == {HOST: {"VCPU": Inventory(total=20)}}
    assert draft.pop_facts() == (Facts(), Facts())


@pytest.mark.parametrize(
    ("name", "number"), [("VCPU", 1), ("CUSTOM_NEW", FIRST_ID + 4), ("CUSTOM_ABSENT", None), ("HW_CPU_X86_AVX2", None)]
)
def test_ids_of_classes_are_kept(name: str, number: int | None, draft: Draft) -> None:
    draft.add_name(NameKind.CLASS, "CUSTOM_NEW")
    assert draft.class_id(name) == number
    assert draft.class_ids.get(name) == number
    if number is None:
        with pytest.raises(ClassNotFound):
            draft.need_class(name)


def test_inventories_that_are_kept_have_ids_of_classes(draft: Draft) -> None:
    """Rows are made of them as well, where a command replaces only one."""
    draft.inventories(draft.provider(HOST))
    assert draft.class_ids == {"VCPU": 1, "MEMORY_MB": 2}


def test_traits_that_are_missing_are_named(draft: Draft) -> None:
    draft.add_name(NameKind.TRAIT, "CUSTOM_NEW")
    with pytest.raises(TraitsNotFound, match="CUSTOM_ABSENT"):
        draft.need_traits(["HW_CPU_X86_AVX2", "CUSTOM_NEW", "CUSTOM_ABSENT"])
    draft.need_traits(["HW_CPU_X86_AVX2", "CUSTOM_NEW"])


def test_an_aggregate_gets_an_id_once(draft: Draft) -> None:
    for uuid in (HOST, EMPTY):
        draft.set_aggregates(draft.provider(uuid), (ABSENT,))
    facts, _ = draft.pop_facts()
    assert [(entry.kind, entry.name) for entry in facts.names] == [(NameKind.AGGREGATE, ABSENT)]
    assert draft.aggregates(draft.provider(HOST)) == {ABSENT}


def test_a_spelling_of_an_aggregate_has_an_id_beside_the_usual_one(draft: Draft) -> None:
    draft.set_aggregates(draft.provider(HOST), (ABSENT.upper(),))
    facts, _ = draft.pop_facts()
    assert [entry.name for entry in facts.names] == list(dict.fromkeys((ABSENT, ABSENT.upper())))
    assert facts.aggregates == {HOST: [ABSENT.upper()]}


def test_names_that_are_removed_or_renamed(ledger: MemoryLedger) -> None:
    draft = ledger.draft()
    draft.remove_name(NameKind.TRAIT, "HW_CPU_X86_AVX2")
    draft.rename(NameKind.CLASS, "DISK_GB", "CUSTOM_DISK")
    facts, before = draft.pop_facts()
    assert facts.unnamed == [4]
    assert [(entry.id, entry.name) for entry in facts.names] == [(3, "CUSTOM_DISK")]
    assert [entry.name for entry in before.names] == ["HW_CPU_X86_AVX2", "DISK_GB"]


def test_a_consumer_ends_and_begins_again_under_its_id(draft: Draft) -> None:
    consumer = draft.consumer(OLD)
    assert consumer is not None
    draft.hold(consumer, {})
    assert draft.consumer(OLD) is None
    assert draft.add_consumer(OLD) is consumer
    assert consumer.generation == 0
    assert draft.add_consumer(NEW).id == draft.next_id - 1


def test_only_the_last_state_of_a_token_is_stored(draft: Draft) -> None:
    draft.put_token(TOKEN)
    assert draft.new_tokens["ci"].stored is False
    draft.put_token(TOKEN)
    assert draft.new_tokens["ci"].stored is False
    assert draft.pop_facts()[0].tokens == ["ci", "ci"]


def test_a_stored_token_is_changed_in_place(ledger: MemoryLedger) -> None:
    ledger.tokens["ci"] = TOKEN
    draft = ledger.draft()
    draft.put_token(TOKEN)
    assert draft.new_tokens["ci"].stored is True
