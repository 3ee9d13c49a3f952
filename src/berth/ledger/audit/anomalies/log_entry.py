"""Entries of the audit log, reduced to what the detectors need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import msgspec

from berth.ledger.audit.anomalies.rates import DAY_MINUTES, MINUTE_US
from berth.model.audit import parse_repeated
from berth.model.change import CatalogueEntry
from berth.model.commands import Lapse
from berth.model.consumer import Resources
from berth.model.inventory import Inventory
from berth.store.audit import Stored

IPV4_NETWORK, IPV6_NETWORK = 24, 48
"""The prefix length of an address's network, in bits: one site usually has that much, so a new lease is no news."""

PRIVATE_NETWORK: Final = 16
"""The prefix length for private addresses (RFC 1918): within a site, a new rack is no news either."""

MOST_CAPACITY: Final = 2**40
"""What an inventory counts at most: an allocation ratio may be so large that the capacity is no 64-bit number."""

LEFT_OUT: Final = "left out"
"""The outcome of a record that stands for refusals that arrived faster than they could be written."""

DONE: Final = "done"


class EntryFacts(msgspec.Struct):
    """The part of facts that detectors need."""

    names: list[CatalogueEntry] = []
    claims: dict[str, dict[str, Resources]] = {}
    inventories: dict[str, dict[str, Inventory]] = {}


_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

_decode = msgspec.json.Decoder(EntryFacts).decode
_NOTHING: Final = EntryFacts()


@dataclass(slots=True)
class StockChange:
    """The change of a class: capacity gained (lost, if negative), and how many inventories shrank."""

    capacity: int = 0
    shrunk: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record.

    minute: since 1970 UTC; refusals: how many it stands for; held: consumers gained (or lost); stock: by class;
    renamed: new names by old ones; swept: whether time ended those consumers, and no actor did.
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
    swept: bool = False

    @property
    def day(self) -> int:
        """Days since 1970, in UTC."""
        return self.minute // DAY_MINUTES

    @property
    def hour(self) -> int:
        """The hour of the day, 0 to 23, in UTC."""
        return self.minute % DAY_MINUTES // 60

    @property
    def authenticated(self) -> bool:
        """Whether it was certainly the actor: a token that has ended may be in other hands by now."""
        return self.outcome in (DONE, "403")

    @property
    def who(self) -> tuple[str, str]:
        """How the actor was authenticated, and the actor's name."""
        return self.via, self.actor

    @property
    def network(self) -> str:
        """The network that it came from; "" if unknown."""
        return network_of(self.address)


def entry_of(stored: Stored) -> LogEntry:
    """Return the entry of a stored record."""
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
        why=parse_repeated(row["why"])[1],
        refusals=_refusals(row),
        held=_held(before.claims, after.claims),
        stock=_stock(before.inventories, after.inventories),
        renamed=_renamed(before.names, after.names),
        swept=row["operation"] == Lapse.__name__,
    )


def _read(facts: str | None) -> EntryFacts:
    try:
        return _NOTHING if facts is None else _decode(facts)
    except msgspec.MsgspecError:  # altered in the database: the seal shows that
        return _NOTHING


def _refusals(row: Mapping[str, Any]) -> int:
    if row["outcome"] == LEFT_OUT:
        number = row["why"].partition(" ")[0]
        return int(number) if number.isascii() and number.isdigit() else 1
    return 0 if row["outcome"] == DONE else parse_repeated(row["why"])[0]


def _held(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    return sum(bool(claims) - bool(before.get(consumer)) for consumer, claims in after.items())


def _stock(
    before: Mapping[str, Mapping[str, Inventory]], after: Mapping[str, Mapping[str, Inventory]]
) -> Mapping[str, StockChange]:
    changes: dict[str, StockChange] = {}
    for uuid in sorted(before.keys() | after.keys()):
        old, new = before.get(uuid, {}), after.get(uuid, {})
        for name in sorted(old.keys() | new.keys()):
            lost, gained = old.get(name), new.get(name)
            if lost != gained:
                _count(changes.setdefault(name, StockChange()), lost, gained)
    return changes


def _count(stock: StockChange, old: Inventory | None, new: Inventory | None) -> None:
    difference = _capacity(new) - _capacity(old)
    stock.capacity += difference
    stock.shrunk += difference < 0


def _capacity(inventory: Inventory | None) -> int:
    """Return what can be claimed of an inventory, up to MOST_CAPACITY."""
    return min(inventory.capacity, MOST_CAPACITY) if inventory else 0


def _renamed(before: Sequence[CatalogueEntry], after: Sequence[CatalogueEntry]) -> Mapping[str, str]:
    if not before or not after:
        return {}
    now = {(each.kind, each.id): each.name for each in after}
    return {each.name: now[each.kind, each.id] for each in before if (each.kind, each.id) in now}


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network of an address; "" for a loopback address, or if it is not an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return ""
    bits = IPV6_NETWORK if parsed.version == 6 else PRIVATE_NETWORK if _is_private(parsed) else IPV4_NETWORK
    return str(ip_network(f"{parsed}/{bits}", strict=False))


def _is_private(address: IPv4Address) -> bool:
    return any(address in network for network in _PRIVATE)
