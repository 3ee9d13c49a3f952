"""Berth: an allocation ledger for computers.

It knows what every machine has, who holds it, and where the next request fits; it claims atomically.

    ledger = berth.open("sqlite:///fleet.db")
    host = ledger.create_provider("host-1")
    ledger.set_inventories(host.uuid, {"VCPU": berth.Inventory(total=64)})
    found = ledger.find(berth.CandidateRequest(groups=(berth.Group(resources={"VCPU": 4}),)))
"""

from typing import TYPE_CHECKING, Any

from berth.model import errors
from berth.model.agenda import Agenda, AgendaEvent, AgendaHolding, AgendaItem
from berth.model.alive_list import AliveList
from berth.model.audit import AuditRecord, RefusedRequest
from berth.model.caller import Caller
from berth.model.candidate import Candidate, Candidates, Grant, ProviderSummary, ResourceUsage
from berth.model.change import CatalogueEntry, Change, Facts, NameKind
from berth.model.claim_life import ClaimState
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
    Owner,
    ProjectItem,
    ProjectPage,
    ProviderAllocations,
    ProviderHolding,
    TypeTotals,
    TypeUsage,
)
from berth.model.drain import DrainedProvider, DrainOutcome
from berth.model.drain_state import DrainState
from berth.model.edits import RenamedProvider
from berth.model.ended_consumer import ClaimEnd, EndReason, UndoOutcome
from berth.model.funnel import Funnel
from berth.model.interface import LedgerInterface
from berth.model.inventory import Inventory
from berth.model.inventory_edits import EditedInventories, InventoryFields, OverCommitment
from berth.model.lease import LeaseClaims, LeaseInfo, LeasePage, LeaseState, OnEnd, RenewalRefusal
from berth.model.leases import Lease
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
    ProviderOrder,
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
from berth.model.reconciliation import ReconcileFinding, ReconcileItem, ReconcileReport, ReconcileRequest, SkipReason
from berth.model.releases import ReleasedHoldings, ReleasedPage
from berth.model.report import ReportBy, ReportRow, ReportTotal, UsageReport
from berth.model.request import CandidateRequest, Filter, Group, ProviderQuery
from berth.model.term import Term
from berth.model.token import IssuedToken, TokenInfo, TokenSpec

if TYPE_CHECKING:
    from berth.client import AsyncClient, Client, aconnect, connect
    from berth.ledger import Ledger
    from berth.ledger import open_ledger as open

__version__ = "0.1.0"

__all__ = [
    "KEEP",
    "UNCHECKED",
    "Agenda",
    "AgendaEvent",
    "AgendaHolding",
    "AgendaItem",
    "AliveList",
    "AsyncClient",
    "AuditRecord",
    "Caller",
    "CallerInfo",
    "Candidate",
    "CandidateRequest",
    "Candidates",
    "CatalogueEntry",
    "Change",
    "Claim",
    "ClaimEnd",
    "ClaimState",
    "ClassOverview",
    "Client",
    "Consumer",
    "ConsumerAllocations",
    "ConsumerDetails",
    "ConsumerItem",
    "ConsumerOrder",
    "ConsumerPage",
    "ConsumerQuery",
    "DrainOutcome",
    "DrainState",
    "DrainedProvider",
    "EditedInventories",
    "EndReason",
    "Facts",
    "Filter",
    "FleetMap",
    "Funnel",
    "Grant",
    "Group",
    "GroupBy",
    "Holder",
    "HolderItem",
    "HolderPage",
    "Inventory",
    "InventoryFields",
    "InventoryUsage",
    "IssuedToken",
    "Lease",
    "LeaseClaims",
    "LeaseInfo",
    "LeasePage",
    "LeaseState",
    "Ledger",
    "LedgerInterface",
    "MapCell",
    "MapQuery",
    "NameItem",
    "NameKind",
    "NewInventories",
    "OnEnd",
    "OverCommitment",
    "Overview",
    "Owner",
    "ProjectItem",
    "ProjectPage",
    "Provider",
    "ProviderAggregates",
    "ProviderAllocations",
    "ProviderDetails",
    "ProviderFilter",
    "ProviderHolding",
    "ProviderInventories",
    "ProviderItem",
    "ProviderOrder",
    "ProviderPage",
    "ProviderQuery",
    "ProviderSummary",
    "ProviderTraits",
    "ProviderUsages",
    "ReconcileFinding",
    "ReconcileItem",
    "ReconcileReport",
    "ReconcileRequest",
    "RefusedRequest",
    "ReleasedHoldings",
    "ReleasedPage",
    "RenamedProvider",
    "RenewalRefusal",
    "ReportBy",
    "ReportRow",
    "ReportTotal",
    "ResourceUsage",
    "ServerInfo",
    "SkipReason",
    "Term",
    "TokenInfo",
    "TokenSpec",
    "TypeTotals",
    "TypeUsage",
    "UndoOutcome",
    "UsageReport",
    "aconnect",
    "connect",
    "errors",
    "open",
]


_OLD_NAMES = {
    "About": "ServerInfo",
    "Attempt": "RefusedRequest",
    "By": "GroupBy",
    "Cell": "MapCell",
    "Granted": "Grant",
    "Held": "ProviderHolding",
    "Kind": "NameKind",
    "KnownToken": "TokenInfo",
    "Me": "CallerInfo",
    "Minted": "IssuedToken",
    "Named": "CatalogueEntry",
    "Order": "ConsumerOrder",
    "Room": "ResourceUsage",
    "Share": "TypeTotals",
    "Stocked": "InventoryUsage",
    "Summary": "ProviderSummary",
    "Verbs": "LedgerInterface",
    "WantedToken": "TokenSpec",
}
"""The names of 0.1, which remain until 0.2."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # SQL, columns and HTTP take longer to import than `berth --help` may take in all, and the model needs none.
    if name in ("Ledger", "open"):
        from berth import ledger

        globals().update(Ledger=ledger.Ledger, open=ledger.open_ledger)
    elif name in ("AsyncClient", "Client", "aconnect", "connect"):
        from berth import client

        globals().update({each: getattr(client, each) for each in client.__all__})
    elif name in _OLD_NAMES:
        return globals()[_OLD_NAMES[name]]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]
