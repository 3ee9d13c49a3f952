"""What a member may write: claims and leases of its own project, as they are when the command is decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from berth.ledger.write.draft import Draft
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command, Confirm, Extend, ReleaseAllocations, SetAllocations
from berth.model.edits import EditConsumer
from berth.model.errors import Forbidden
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.releases import ReleaseMatching

CLAIMING: Final = (
    Allocate,
    Confirm,
    EditConsumer,
    EndLease,
    Extend,
    GrantLease,
    ReleaseAllocations,
    ReleaseMatching,
    RenewLeases,
    SetAllocations,
)
"""The commands of a member."""


def check_membership(draft: Draft, caller: Caller, command: Command) -> None:
    """Raise Forbidden if the command writes anything but claims and leases of the caller's project.

    What a hold is added to, or takes the place of, is of the hold's own project: `decide/holds.py` sees to that.
    """
    for project in _written_projects(draft, command):
        if project != caller.project:
            raise Forbidden(f"{caller.called} may write claims and leases of project {caller.project} only")


def _written_projects(draft: Draft, command: Command) -> Iterator[str | None]:
    """Yield the projects of the claims and leases that a command writes: as they are and become. None: of any.

    Raises Forbidden if it writes anything else.
    """
    if isinstance(command, SetAllocations):
        for claim in command.claims:
            yield claim.project
            yield from _present_project(draft, claim.consumer)
    elif isinstance(command, ReleaseMatching):
        yield command.project
    elif isinstance(command, Allocate | Confirm | EditConsumer | Extend | ReleaseAllocations):
        if isinstance(command, Allocate):
            yield command.project
        yield from _present_project(draft, command.consumer)
    elif isinstance(command, GrantLease | RenewLeases | EndLease):
        if isinstance(command, GrantLease):
            yield command.project
        for uuid in command.uuids if isinstance(command, RenewLeases) else (command.uuid,):
            lease = draft.leases.known.get(uuid)
            if lease is not None:
                yield lease.project
    else:
        raise Forbidden("a member may write claims and leases of its own project, and nothing else")


def _present_project(draft: Draft, uuid: str) -> Iterator[str]:
    """Yield the project of a consumer, if it holds something."""
    consumer = draft.consumer(uuid)
    if consumer is not None:
        yield consumer.project
