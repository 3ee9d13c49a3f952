"""Records of the audit log as sentences, in the words of the dashboard: who did what, for whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from berth.cli.output.claim_text import owner_text
from berth.model.amounts import as_text
from berth.model.audit import AuditRecord, summary_of
from berth.model.change_summary import ChangeSummary
from berth.model.plural import plural

NameOf = Callable[[str], str]

MOST: Final = 3
"""Up to this many things are named one by one; of more only the number is given."""

DONE: Final = {
    "CreateProvider": "created",
    "UpdateProvider": "renamed or moved",
    "DeleteProvider": "deleted",
    "DeleteTree": "deleted",
    "RenameTree": "renamed",
    "PutRecords": "imported",
    "SetInventories": "set the inventories of",
    "AddInventory": "added an inventory to",
    "UpdateInventory": "set the inventories of",
    "DeleteInventory": "removed an inventory from",
    "EditInventories": "changed the inventories of",
    "Drain": "drained",
    "Undrain": "ended the drain of",
    "SetTraits": "set the traits of",
    "EditTraits": "changed the traits of",
    "SetAggregates": "set the aggregates of",
    "EditAggregates": "changed the aggregates of",
    "NameAggregate": "named",
    "CreateTrait": "created the trait",
    "DeleteTrait": "deleted the trait",
    "CreateClass": "created the class",
    "RenameClass": "renamed the class",
    "DeleteClass": "deleted the class",
    "CreateToken": "created the token",
    "RevokeToken": "revoked the token",
    "RotateToken": "replaced the secret of the token",
    "GrantLease": "granted the lease",
    "EndLease": "ended the lease",
    "Lapse": "ended claims that were due:",
    "Reshape": "moved inventories between",
    "ArchiveAudit": "archived the audit log up to record",
    "SealCheckpoint": "sealed the checkpoint of change",
    "add_standard_names": "added standard names:",
}
"""What is done to providers and names, by the command. The dashboard's sentences.js has the same."""

_LAPSE: Final = "Lapse"


def sentence(record: AuditRecord, name_of: NameOf) -> str:
    """Return a record as a sentence. name_of: returns the name of a provider."""
    by = record.actor or "an unknown caller"
    if record.outcome != "done":
        return f"{by} was refused {record.target or plain(record.operation)}"
    summary = summary_of(record)
    if summary is None or not (summary.providers.count or summary.consumers.count or summary.names.count):
        return f"{by} {plain(record.operation)} {record.target}".rstrip()
    count = summary.consumers.count
    if count == 0:
        return f"{by} {plain(record.operation)} {_things(summary, name_of)}".rstrip()
    if count > MOST:
        return f"{by} changed the claims of {plural(count, 'consumer')}{_where(summary, name_of)}"
    users = [summary.owners[uuid].user if uuid in summary.owners else None for uuid in summary.consumers.first]
    silent = record.operation == _LAPSE or all(user == by for user in users)
    return f"{', '.join(_claims(summary))}{_where(summary, name_of)}{'' if silent else f' · by {by}'}"


def outcome(record: AuditRecord) -> str:
    """Return how it ended: done, or refused with the status and the reason."""
    if record.outcome == "done":
        return "done"
    return f"refused {record.outcome}{f': {record.why}' if record.why else ''}"


def plain(operation: str) -> str:
    """Return an operation in words: SetInventories as `set the inventories of`, others split at capitals."""
    words = re.sub("([a-z])([A-Z])", r"\1 \2", operation).replace("_", " ").lower()
    return DONE.get(operation, words)


def _claims(summary: ChangeSummary) -> Iterator[str]:
    for uuid in summary.consumers.first:
        who = owner_text(summary.owners[uuid]) if uuid in summary.owners else f"consumer {uuid}"
        if uuid not in summary.held:
            yield f"the name or note of {uuid} was changed"
        elif summary.operation == _LAPSE:
            yield f"a claim of {who} ended"
        elif summary.held[uuid]:
            yield f"{who} holds {as_text(summary.held[uuid])}"
        else:
            yield f"{who} released a claim" if uuid in summary.owners else f"{who} was released"


def _where(summary: ChangeSummary, name_of: NameOf) -> str:
    """Return where a claim is: the shortest name, and how many others there are that are not called after it."""
    touched = summary.providers
    if not touched.count:
        return ""
    names = [name_of(uuid) for uuid in touched.first]
    host = min(names, key=len)
    others = touched.count - sum(name.startswith(host) for name in names)
    return f" on {host}" + (f" and {plural(others, 'more provider')}" if others else "")


def _things(summary: ChangeSummary, name_of: NameOf) -> str:
    touched = summary.providers if summary.providers.count else summary.names
    shown = touched.first[:MOST]
    named = [name_of(each) for each in shown] if summary.providers.count else shown
    rest = touched.count - len(shown)
    return ", ".join(named) + (f" and {rest:,} more" if rest > 0 else "")
