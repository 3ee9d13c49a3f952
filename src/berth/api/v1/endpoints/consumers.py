"""Consumers, projects and their allocations."""

from __future__ import annotations

from berth.api.v1.endpoints.changes import history_of
from berth.api.v1.route import Call, PendingResult
from berth.model.agenda import Agenda
from berth.model.audit import AuditRecord
from berth.model.claim_life import ClaimState
from berth.model.commands import ReleaseAllocations
from berth.model.consumer import ConsumerDetails, ConsumerPage, ConsumerQuery, ProjectPage, TypeUsage
from berth.model.edits import EditConsumer
from berth.model.errors import AllocationsNotFound, ConsumerAmbiguous, Invalid
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
        name=parameters.name,
        uuid=parameters.uuid,
        text=parameters.text,
    )
    return call.ledger.consumers(query, limit=parameters.limit, after=parameters.after or None)


def show(call: Call) -> ConsumerDetails:
    """Return a consumer with its allocations."""
    return call.ledger.consumer(its_uuid(call))


def release(call: Call) -> PendingResult:
    """Release a consumer's allocations."""
    return PendingResult(ReleaseAllocations(consumer=its_uuid(call)), lambda _: None)


def edit(call: Call) -> PendingResult:
    """Give a consumer a name and a note, or remove them."""
    command = EditConsumer(consumer=its_uuid(call), name=call.body.name, note=call.body.note)
    return PendingResult(command, lambda _: None)


def history(call: Call) -> Page[AuditRecord]:
    """Return the audit records of a consumer, newest first, even if it holds nothing any more."""
    return history_of(call, its_uuid(call))


def projects(call: Call) -> ProjectPage:
    """Return projects by name, with their usage."""
    query = call.query
    return call.ledger.projects(name=query.name, totals=query.totals, limit=query.limit, after=query.after or None)


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
        return call.ledger.project_of(its_uuid(call))
    except ConsumerAmbiguous:  # the endpoint says so, of those that the caller may see
        return _visible_project(call)
    except (AllocationsNotFound, Invalid):
        return None


def its_uuid(call: Call) -> str:
    """Return the uuid of the consumer in the path, which may have its name; of those that the caller may list.

    Raises ConsumerNotFound, ConsumerAmbiguous, Invalid.
    """
    return call.ledger.consumer_uuid(call.items["uuid"], project=_visible_project(call))


def _visible_project(call: Call) -> str | None:
    """Return the project to which names are restricted for a caller; None: to none."""
    return None if call.policy.allows("consumers.list", call.caller) else call.caller.project


def asked_project(call: Call) -> str | None:
    """Return the project that a list is restricted to."""
    project: str = call.query.project
    return project or None
