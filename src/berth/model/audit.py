"""Entries of the audit log: changes and refused requests, with their callers."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from berth.model.caller import Caller
from berth.model.change import Change, Facts
from berth.model.change_summary import ChangeSummary, brief_of


class RefusedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was refused before it reached the ledger.

    operation: its name, if known; target: the method and path, or another name for what was requested;
    outcome: an HTTP status, or a word.
    """

    caller: Caller
    request: str
    operation: str
    target: str
    outcome: str
    why: str


_REPEATED: Final = re.compile(r"([0-9]{1,18}) more: (.*)", re.DOTALL)


def repeated(number: int, why: str) -> str:
    """Return the reason of a record that stands for several refusals, after the first of their kind."""
    return f"{number} more: {why}"


def parse_repeated(why: str) -> tuple[int, str]:
    """Return how many refusals a record with this reason stands for, and the reason of each."""
    match = _REPEATED.fullmatch(why)
    return (1, why) if match is None else (int(match[1]), match[2])


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log.

    number: its place, without gaps; at: microseconds since 1970 UTC; request: the id of the request;
    actor: the caller, as the way of authentication names it; via: that way; address: the caller's;
    operation: the command's name, for a refused request the operation's; outcome: done, or the HTTP
    status of the refusal; change: the number in the change log, None for a refused request; before, after:
    the state of what the change touched; hash: SHA-256 over this record and the previous hash; summary: of the change,
    only in a list that was asked for summaries instead of states.
    """

    number: int
    at: int
    request: str
    actor: str
    via: str
    user: str
    project: str
    roles: tuple[str, ...]
    address: str
    operation: str
    target: str
    outcome: str
    why: str
    change: int | None
    before: Facts | None
    after: Facts | None
    hash: str
    summary: ChangeSummary | msgspec.UnsetType = msgspec.UNSET


def summary_of(record: AuditRecord) -> ChangeSummary | None:
    """Return the summary of a record's change; None for a refused request, and if the states were not read."""
    if record.summary is not msgspec.UNSET:
        return record.summary
    if record.change is None or record.after is None:
        return None
    return brief_of(Change(record.change, record.at, record.operation, record.actor, record.request, record.after))
