"""The audit log's entries: who did what, and who tried to."""

from __future__ import annotations

import msgspec

from berth.model.caller import Caller
from berth.model.change import Facts


class RefusedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was refused before the ledger saw it.

    operation: its name, where it is known; target: the method and path, or whatever was aimed at;
    outcome: an HTTP status, or a word.
    """

    caller: Caller
    request: str
    operation: str
    target: str
    outcome: str
    why: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log.

    number: its place, without gaps; at: microseconds since 1970 UTC; request: the id of the request;
    actor: who, as their way of authentication names them; via: that way; address: where they asked from;
    operation: the command's name, for an attempt that was refused the operation's; outcome: done, or the
    HTTP status of the refusal; change: the number in the change log, None for an attempt; before, after:
    what the change touched, as it was and as it is; hash: SHA-256 over this record and the hash before.
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
