"""A record of the audit log, as far as it can be unusual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import msgspec

from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MINUTE_US
from berth.model.change import CatalogueEntry
from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.store.audit import Stored

IPV4_NETWORK, IPV6_NETWORK = 24, 48
"""How much of an address is its network, in bits: what one site usually has, so that a new lease there is no news."""

PRIVATE_NETWORK: Final = 16
"""The same for addresses that are not of the Internet (RFC 1918): within a site a new rack is no news either."""

LEFT_OUT: Final = "left out"
"""The outcome of a record that stands for refusals that came faster than they could be written."""

DONE: Final = "done"


class EntryFacts(msgspec.Struct):
    """The part of facts that is looked at."""

    names: list[CatalogueEntry] = []
    claims: dict[str, dict[str, Resources]] = {}
    inventories: dict[str, dict[str, Inventory]] = {}


_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

_touched = msgspec.json.Decoder(EntryFacts).decode
_NOTHING: Final = EntryFacts()


@dataclass(slots=True)
class StockChange:
    """What became of a class: capacity that was gained (lost, if negative), and how many inventories shrank."""

    capacity: int = 0
    shrunk: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record.

    minute: since 1970 UTC; refusals: how many it stands for; held: consumers gained (or lost); stock: by class;
    renamed: names that became others.
    """

    number: int
    at: int
    minute: int
    actor: str
    via: str
    admin: bool
    address: str
    outcome: str
    why: str
    refusals: int
    held: int
    stock: Mapping[str, StockChange]
    renamed: Mapping[str, str]

    @property
    def day(self) -> int:
        """Since 1970, in UTC."""
        return self.minute // DAY_MINUTES

    @property
    def hour(self) -> int:
        """0 to 23, in UTC."""
        return self.minute % DAY_MINUTES // 60

    @property
    def known(self) -> bool:
        """Whether it was the actor, for sure: a token that has ended may be anybody's by now."""
        return self.outcome in (DONE, "403")

    @property
    def who(self) -> tuple[str, str]:
        """How the actor is known, and their name."""
        return self.via, self.actor

    @property
    def network(self) -> str:
        """Where it came from, roughly; "" if that is not known."""
        return network_of(self.address)


def entry_of(stored: Stored) -> LogEntry:
    """A stored record's entry."""
    row = stored.row
    after, before = _read(stored.facts), _read(row["before"])
    via, outcome = row["via"], row["outcome"]
    return LogEntry(
        number=row["number"],
        at=row["at"],
        minute=row["at"] // MINUTE_US,
        actor="" if outcome == LEFT_OUT else row["actor"],
        via=via,
        admin=via == "local" or "admin" in row["roles"].split(","),
        address=row["address"],
        outcome=outcome,
        why=row["why"],
        refusals=_refusals(row),
        held=_held(before.claims, after.claims),
        stock=_stock(before.inventories, after.inventories),
        renamed=_renamed(before.names, after.names),
    )


def _read(facts: str | None) -> EntryFacts:
    try:
        return _NOTHING if facts is None else _touched(facts)
    except msgspec.MsgspecError:  # somebody has altered them: the seal tells
        return _NOTHING


def _refusals(row: Mapping[str, Any]) -> int:
    if row["outcome"] == LEFT_OUT:
        number = row["why"].partition(" ")[0]
        return int(number) if number.isascii() and number.isdigit() else 1
    return int(row["outcome"] != DONE)


def _held(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    return sum(bool(claims) - bool(before.get(consumer)) for consumer, claims in after.items())


def _stock(
    before: Mapping[str, Mapping[str, Inventory]], after: Mapping[str, Mapping[str, Inventory]]
) -> Mapping[str, StockChange]:
    found: dict[str, StockChange] = {}
    for uuid in sorted(before.keys() | after.keys()):
        old, new = before.get(uuid, {}), after.get(uuid, {})
        for name in sorted(old.keys() | new.keys()):
            lost, gained = old.get(name), new.get(name)
            if lost != gained:
                _count(found.setdefault(name, StockChange()), lost, gained)
    return found


def _count(stock: StockChange, old: Inventory | None, new: Inventory | None) -> None:
    difference = (new.capacity if new else 0) - (old.capacity if old else 0)
    stock.capacity += difference
    stock.shrunk += difference < 0


def _renamed(before: Sequence[CatalogueEntry], after: Sequence[CatalogueEntry]) -> Mapping[str, str]:
    if not before or not after:
        return {}
    now = {(each.kind, each.id): each.name for each in after}
    return {each.name: now[each.kind, each.id] for each in before if (each.kind, each.id) in now}


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network that an address is in; "" if it is none, or this machine's own."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return ""
    bits = IPV6_NETWORK if found.version == 6 else PRIVATE_NETWORK if _inside(found) else IPV4_NETWORK
    return str(ip_network(f"{found}/{bits}", strict=False))


def _inside(address: IPv4Address) -> bool:
    return any(address in network for network in _PRIVATE)
