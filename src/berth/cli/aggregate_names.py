"""Aggregates by uuid, by name, or, for commands that only read, by a unique beginning of either."""

from __future__ import annotations

from berth.cli.provider_names import Ambiguous
from berth.cli.session import Session
from berth.model.names import parse_uuid


def resolve_prefix(session: Session, word: str) -> str:
    """Return the uuid of the aggregate with this uuid or name, or of the only one whose name or uuid begins with it.

    A word that fits none is returned unchanged: the ledger refuses it, with similar names. Raises Ambiguous.
    """
    if (uuid := parse_uuid(word)) is not None:
        return uuid
    named = session.aggregate_names
    for label, begins in ((word, False), (word.lower(), True)):
        found = {
            uuid: name or uuid
            for uuid, name in named.items()
            if name == label or (begins and (name.lower().startswith(label) or uuid.startswith(label)))
        }
        if len(found) > 1:
            raise Ambiguous(word, sorted(found.values()))
        if found:
            return next(iter(found))
    return word
