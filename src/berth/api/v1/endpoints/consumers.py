"""Who holds what."""

from __future__ import annotations

from berth.api.v1.route import Call, PendingResult
from berth.model.commands import ReleaseAllocations
from berth.model.consumer import ConsumerDetails, ConsumerPage, ConsumerQuery, ProjectPage, TypeUsage
from berth.model.errors import AllocationsNotFound, Invalid
from berth.model.pages import Page


def list_(call: Call) -> ConsumerPage:
    """Consumers that are like that."""
    asked = call.query
    query = ConsumerQuery(
        project=asked.project,
        user=asked.user,
        type=asked.type,
        provider=asked.provider,
        resource_class=asked.resource_class,
        order=asked.order,
    )
    return call.ledger.consumers(query, limit=asked.limit, after=asked.after or None)


def show(call: Call) -> ConsumerDetails:
    """One consumer with all that it holds."""
    return call.ledger.consumer(call.items["uuid"])


def release(call: Call) -> PendingResult:
    """It holds nothing any more."""
    return PendingResult(ReleaseAllocations(consumer=call.items["uuid"]), lambda _: None)


def projects(call: Call) -> ProjectPage:
    """Projects by name, with what they hold."""
    return call.ledger.projects(limit=call.query.limit, after=call.query.after or None)


def usages(call: Call) -> Page[TypeUsage]:
    """What a project, or one of its users, holds, by type of consumer."""
    return Page(call.ledger.project_usages(call.query.project, call.query.user or None))


def its_project(call: Call) -> str | None:
    """The project that a consumer belongs to; None if it holds nothing, so that a reader learns nothing of it."""
    try:
        return call.ledger.consumer(call.items["uuid"]).project
    except (AllocationsNotFound, Invalid):
        return None


def asked_project(call: Call) -> str | None:
    """The project that a list is restricted to."""
    project: str = call.query.project
    return project or None
