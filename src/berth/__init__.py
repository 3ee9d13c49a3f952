"""Berth: an allocation ledger for computers.

It knows what every machine has, who holds it, and where the next request fits; it claims atomically.

    ledger = berth.open("sqlite:///fleet.db")
    host = ledger.create_provider("host-1")
    ledger.set_inventories(host.uuid, {"VCPU": berth.Inventory(total=64)})
    found = ledger.find(berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 4}),)))
"""

from typing import TYPE_CHECKING, Any

from berth.model import errors
from berth.model.audit import AuditRecord, RefusedRequest
from berth.model.caller import Caller
from berth.model.candidate import Candidate, Candidates, Grant, ProviderSummary, ResourceUsage
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.commands import KEEP, UNCHECKED, Claim, NewInventories
from berth.model.consumer import (
    Consumer,
    ConsumerAllocations,
    ConsumerDetails,
    ConsumerItem,
    ConsumerOrder,
    ConsumerPage,
    ConsumerQuery,
    Holder,
    ProjectItem,
    ProjectPage,
    ProviderAllocations,
    ProviderHolding,
    TypeTotals,
    TypeUsage,
)
from berth.model.funnel import Funnel
from berth.model.interface import LedgerInterface
from berth.model.inventory import Inventory
from berth.model.overview import (
    ClassOverview,
    FleetMap,
    GroupBy,
    MapCell,
    MapQuery,
    Overview,
    ProviderDetails,
    ProviderFilter,
    ProviderItem,
    ProviderPage,
)
from berth.model.pages import CallerInfo, HolderItem, HolderPage, NameItem, ServerInfo
from berth.model.provider import (
    InventoryUsage,
    Provider,
    ProviderAggregates,
    ProviderInventories,
    ProviderTraits,
    ProviderUsages,
)
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery
from berth.model.token import IssuedToken, TokenInfo, TokenSpec

if TYPE_CHECKING:
    from berth.client import Client, connect
    from berth.ledger import Ledger
    from berth.ledger import open_ledger as open

__version__ = "0.1.0"

__all__ = [
    "KEEP",
    "UNCHECKED",
    "ServerInfo",
    "RefusedRequest",
    "AuditRecord",
    "GroupBy",
    "Caller",
    "Candidate",
    "CandidateRequest",
    "Candidates",
    "MapCell",
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
    "Grant",
    "Group",
    "ProviderHolding",
    "Holder",
    "HolderItem",
    "HolderPage",
    "Inventory",
    "NameKind",
    "TokenInfo",
    "Ledger",
    "MapQuery",
    "CallerInfo",
    "IssuedToken",
    "NameItem",
    "CatalogueEntry",
    "NewInventories",
    "ConsumerOrder",
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
    "ResourceUsage",
    "TypeTotals",
    "InventoryUsage",
    "ProviderSummary",
    "TypeUsage",
    "LedgerInterface",
    "TokenSpec",
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
