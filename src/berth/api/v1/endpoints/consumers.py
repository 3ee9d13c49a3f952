"""Consumers, projects and their allocations."""

from __future__ import annotations

from berth.api.v1.route import Call, PendingResult
from berth.model.agenda import Agenda
from berth.model.claim_life import ClaimState
from berth.model.commands import ReleaseAllocations
from berth.model.consumer import ConsumerDetails, ConsumerPage, ConsumerQuery, ProjectPage, TypeUsage
from berth.model.errors import Invalid
from berth.model.pages import Page


def list_(call: Call) -> ConsumerPage:
    """Return the consumers that match the query."""
    parameters = call.query
    query = ConsumerQuery(
        project=parameters.project,
        user=parameters.user,
        type=parameters.type,
        provider=parameters.provider,
        resource_class=parameters.resource_class,
        order=parameters.order,
        state=ClaimState(parameters.state) if parameters.state else None,
        due=parameters.due,
    )
    return call.ledger.consumers(query, limit=parameters.limit, after=parameters.after or None)


def show(call: Call) -> ConsumerDetails:
    """Return a consumer with its allocations."""
    return call.ledger.consumer(call.items["uuid"])


def release(call: Call) -> PendingResult:
    """Release a consumer's allocations."""
    return PendingResult(ReleaseAllocations(consumer=call.items["uuid"]), lambda _: None)


def projects(call: Call) -> ProjectPage:
    """Return projects by name, with their usage."""
    return call.ledger.projects(limit=call.query.limit, after=call.query.after or None)


def agenda(call: Call) -> Agenda:
    """Return what ends next."""
    query = call.query
    return call.ledger.agenda(until=query.until, project=query.project, limit=query.limit, after=query.after or None)


def usages(call: Call) -> Page[TypeUsage]:
    """Return the usage of a project or of one of its users, by type of consumer."""
    return Page(call.ledger.project_usages(call.query.project, call.query.user or None))


def its_project(call: Call) -> str | None:
    """Return a consumer's project; None if it has no allocations, so that a reader learns nothing about it."""
    try:
        return call.ledger.project_of(call.items["uuid"])
    except Invalid:
        return None


def asked_project(call: Call) -> str | None:
    """Return the project that a list is restricted to."""
    project: str = call.query.project
    return project or None
