"""The routes of summaries: what the pages of the dashboard need beyond lists."""

from __future__ import annotations

from typing import Final

from berth.api.v1 import parameters
from berth.api.v1.endpoints import consumers, summaries
from berth.api.v1.route import Route
from berth.model import errors
from berth.model.summaries import Attention, FreeHosts, HostHoldings, LargestUsers, RefusedClaimList, Trends

SUMMARIES: Final = (
    Route(
        "fleet.attention",
        "GET",
        "/v1/fleet/attention",
        summaries.attention,
        "What in the fleet needs attention: inventories over capacity, hosts that are reserved as a whole",
        "fleet.show",
        query=parameters.Few,
        reply=Attention,
    ),
    Route(
        "fleet.free_hosts",
        "GET",
        "/v1/fleet/free-hosts",
        summaries.free_hosts,
        "How many hosts have how much of a class free",
        "fleet.show",
        query=parameters.ClassQuery,
        reply=FreeHosts,
        refusals=(errors.ClassNotFound,),
    ),
    Route(
        "fleet.trends",
        "GET",
        "/v1/fleet/trends",
        summaries.trends,
        "How full the fleet was over the last day and the last thirty days, class by class",
        "fleet.show",
        reply=Trends,
        dated=False,
    ),
    Route(
        "claims.refused",
        "GET",
        "/v1/claims/refused",
        summaries.refused,
        "The claims that were refused lately, by any server of the ledger, and why",
        "consumers.list",
        query=parameters.RefusedQuery,
        reply=RefusedClaimList,
        project=consumers.asked_project,
        dated=False,
    ),
    Route(
        "users.list",
        "GET",
        "/v1/users",
        summaries.users,
        "The users who hold the most of a class, the largest first",
        "projects.list",
        query=parameters.UsersQuery,
        reply=LargestUsers,
        refusals=(errors.ClassNotFound,),
    ),
    Route(
        "providers.holdings",
        "GET",
        "/v1/providers/{uuid}/holdings",
        summaries.holdings,
        "What consumers hold of a provider and of those below it",
        "provider_allocations.show",
        query=parameters.Paging,
        reply=HostHoldings,
        timed=True,
        refusals=(errors.ProviderNotFound, errors.Invalid),
    ),
)
"""The routes of summaries."""
