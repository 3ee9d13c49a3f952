"""Aggregates come back in the spelling in which they were given, and match in any: as rows, in memory, in exports."""

from __future__ import annotations

from contextlib import closing

import pytest

import berth
from berth.ledger.verify import verify
from berth.model.errors import Invalid
from berth.model.record import RecordStatus
from berth.store.engine import Database
from tests.support.empty_ledgers import EmptyLedgers

AGGREGATE = "0123456789ab4def8123456789abcdef"
USUAL = "01234567-89ab-4def-8123-456789abcdef"
CAPITALS = USUAL.upper()
OTHER = "fedcba98-7654-4210-8123-456789abcdef"
BRACES = f"{{{USUAL}}}"
"""Longer than the usual form: Placement cannot store it."""

SHARES = "MISC_SHARES_VIA_AGGREGATE"


def members(ledger: berth.Ledger, spelling: str) -> list[str]:
    found = ledger.providers(berth.ProviderQuery(member_of=(frozenset((spelling,)),)))
    return sorted(each.name for each in found)


def test_a_spelling_comes_back_everywhere(ledger_url: str, ledgers: EmptyLedgers) -> None:
    with berth.open(ledger_url) as ledger, berth.open(ledger_url) as replica:
        host, pool = (ledger.create_provider(name).uuid for name in ("host", "pool"))
        ledger.set_inventories(host, {"VCPU": berth.Inventory(total=8)})
        ledger.set_inventories(pool, {"DISK_GB": berth.Inventory(total=100)})
        ledger.set_traits(pool, [SHARES])
        given = ledger.set_aggregates(host, [AGGREGATE, OTHER, CAPITALS, OTHER]).aggregates
        assert sorted(given) == [AGGREGATE, OTHER], "each once, in its first spelling"
        ledger.set_aggregates(pool, [CAPITALS])
        for each in (ledger, replica):
            assert sorted(each.aggregates(host).aggregates) == [AGGREGATE, OTHER]
            assert each.aggregates(pool).aggregates == [CAPITALS]
            assert members(each, USUAL) == members(each, AGGREGATE) == ["host", "pool"]
            assert [name.name for name in each.names(berth.NameKind.AGGREGATE)] == [USUAL, OTHER]
            shared = each.find(berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 1, "DISK_GB": 1}),)))
            assert len(shared.candidates) == 1, "a pool shares with the members of its aggregate, however spelled"
        exported = list(ledger.records())
    with closing(Database(ledger_url)) as database:
        assert verify(database).findings == ()
    with berth.open(ledger_url) as again:
        assert sorted(again.aggregates(host).aggregates) == [AGGREGATE, OTHER]
        assert list(again.records()) == exported
    with berth.open(ledgers.new()) as copy:
        copy.put_records(exported)
        assert list(copy.records()) == exported
        assert [each.became for each in copy.put_records(exported)] == [RecordStatus.UNCHANGED] * 2


def test_a_spelling_changes(ledger_url: str) -> None:
    with berth.open(ledger_url) as ledger:
        host = ledger.create_provider("host").uuid
        for given, kept in ((AGGREGATE, AGGREGATE), (USUAL, USUAL), (CAPITALS, CAPITALS), (BRACES, USUAL)):
            assert ledger.set_aggregates(host, [given]).aggregates == [kept]
            assert members(ledger, USUAL) == ["host"]
        ledger.set_aggregates(host, [AGGREGATE])
        ledger.delete_provider(host)
        new = ledger.create_provider("host").uuid
        assert ledger.aggregates(new).aggregates == [], "of a provider in a slot that is used again"
        with pytest.raises(Invalid, match="cannot contain"):
            ledger.set_aggregates(new, ["rack,7"])
