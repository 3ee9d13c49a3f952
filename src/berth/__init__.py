"""Berth: an allocation ledger for computers.

It knows what every machine has, who holds it, and where the next request fits; it claims atomically.

    ledger = berth.open("sqlite:///fleet.db")
    host = ledger.create_provider("host-1")
    ledger.set_inventories(host.uuid, {"VCPU": berth.Inventory(total=64)})
    found = ledger.find(berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 4}),)))
"""

from berth.ledger import Ledger
from berth.ledger import open_ledger as open
from berth.model import errors
from berth.model.candidate import Candidate, Candidates, Room, Summary
from berth.model.change import Change, Facts, Kind, Named
from berth.model.commands import KEEP, UNCHECKED, Claim, NewInventories
from berth.model.consumer import Consumer, ConsumerAllocations, Held, Holder, ProviderAllocations, TypeUsage
from berth.model.inventory import Inventory
from berth.model.provider import (
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
    Stocked,
)
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery

__version__ = "0.1.0"

__all__ = [
    "KEEP",
    "UNCHECKED",
    "Candidate",
    "CandidateRequest",
    "Candidates",
    "Change",
    "Claim",
    "Consumer",
    "ConsumerAllocations",
    "Facts",
    "Filter",
    "Group",
    "Held",
    "Holder",
    "Inventory",
    "Kind",
    "Ledger",
    "Named",
    "NewInventories",
    "Provider",
    "ProviderAggregates",
    "ProviderAllocations",
    "ProviderInventories",
    "ProviderQuery",
    "ProviderTraits",
    "ProviderUsages",
    "Room",
    "Stocked",
    "Summary",
    "TypeUsage",
    "errors",
    "open",
]
