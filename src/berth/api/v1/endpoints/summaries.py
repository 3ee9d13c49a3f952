"""Summaries of the fleet, for people."""

from __future__ import annotations

from berth.api.v1.route import Call
from berth.model.summaries import Attention, FreeHosts, HostHoldings, LargestUsers, RefusedClaimList, Trends


def attention(call: Call) -> Attention:
    """Return what in the fleet needs a person."""
    return call.ledger.summaries.attention(limit=call.query.limit)


def free_hosts(call: Call) -> FreeHosts:
    """Return how many hosts have how much of a class free."""
    return call.ledger.summaries.free_hosts(call.query.resource_class)


def trends(call: Call) -> Trends:
    """Return how full the fleet was."""
    return call.ledger.summaries.trends()


def refused(call: Call) -> RefusedClaimList:
    """Return the claims that were refused lately."""
    query = call.query
    return call.ledger.summaries.refused_claims(within_s=query.within, project=query.project, limit=query.limit)


def users(call: Call) -> LargestUsers:
    """Return the users who hold the most of a class."""
    return call.ledger.summaries.largest_users(call.query.resource_class, limit=call.query.limit)


def holdings(call: Call) -> HostHoldings:
    """Return a page of what consumers hold of a provider and of those below it."""
    query = call.query
    return call.ledger.summaries.host_holdings(call.items["uuid"], limit=query.limit, after=query.after or None)
