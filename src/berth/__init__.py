"""Berth: an allocation ledger for computers.

It knows what every machine has, who holds it, and where the next request fits; it claims atomically.

    ledger = berth.open("sqlite:///fleet.db")
    host = ledger.create_provider("host-1")
    ledger.set_inventories(host.uuid, {"VCPU": berth.Inventory(total=64)})
    found = ledger.find(berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 4}),)))
"""

from typing import TYPE_CHECKING, Any

from berth.model import errors
from berth.model.audit import Attempt, AuditRecord
from berth.model.caller import Caller
from berth.model.candidate import Candidate, Candidates, Granted, Room, Summary
from berth.model.change import Change, Facts, Kind, Named
from berth.model.commands import KEEP, UNCHECKED, Claim, NewInventories
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerItem,
    ConsumerPage,
    ConsumerQuery,
    Held,
    Holder,
    Order,
    ProjectItem,
    ProjectPage,
    ProviderAllocations,
    Share,
    TypeUsage,
)
from berth.model.funnel import Funnel
from berth.model.interface import Verbs
from berth.model.inventory import Inventory
from berth.model.overview import (
    By,
    Cell,
    ClassOverview,
    FleetMap,
    MapQuery,
    Overview,
    ProviderDetails,
    ProviderFilter,
    ProviderItem,
    ProviderPage,
)
from berth.model.pages import About, HolderItem, HolderPage, Me, NameItem
from berth.model.provider import (
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
    Stocked,
)
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery
from berth.model.token import KnownToken, Minted, WantedToken

if TYPE_CHECKING:
    from berth.client import Client, connect
    from berth.ledger import Ledger
    from berth.ledger import open_ledger as open

__version__ = "0.1.0"

__all__ = [
    "KEEP",
    "UNCHECKED",
    "About",
    "Attempt",
    "AuditRecord",
    "By",
    "Caller",
    "Candidate",
    "CandidateRequest",
    "Candidates",
    "Cell",
    "Change",
    "Claim",
    "ClassOverview",
    "Client",
    "Consumer",
    "ConsumerAllocations",
    "ConsumerDetails",
    "ConsumerItem",
    "ConsumerPage",
    "ConsumerQuery",
    "Facts",
    "Filter",
    "FleetMap",
    "Funnel",
    "Granted",
    "Group",
    "Held",
    "Holder",
    "HolderItem",
    "HolderPage",
    "Inventory",
    "Kind",
    "KnownToken",
    "Ledger",
    "MapQuery",
    "Me",
    "Minted",
    "NameItem",
    "Named",
    "NewInventories",
    "Order",
    "Overview",
    "ProjectItem",
    "ProjectPage",
    "Provider",
    "ProviderAggregates",
    "ProviderAllocations",
    "ProviderDetails",
    "ProviderFilter",
    "ProviderInventories",
    "ProviderItem",
    "ProviderPage",
    "ProviderQuery",
    "ProviderTraits",
    "ProviderUsages",
    "Room",
    "Share",
    "Stocked",
    "Summary",
    "TypeUsage",
    "Verbs",
    "WantedToken",
    "connect",
    "errors",
    "open",
]


def __getattr__(name: str) -> Any:
    # SQL, columns and HTTP take longer to import than `berth --help` may take in all, and the model needs none.
    if name in ("Ledger", "open"):
        from berth import ledger

        globals().update(Ledger=ledger.Ledger, open=ledger.open_ledger)
    elif name in ("Client", "connect"):
        from berth import client

        globals().update(Client=client.Client, connect=client.connect)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]
