"""Answers that are kept for commands with an idempotency key: read before a batch is decided, written with it.

All commands are decided under one lock, so that a key is never in progress: either its answer is stored, or its command
has had no effect. A twin in the same batch is decided second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from berth.ledger.write.pending_command import PendingCommand
from berth.model.commands import Command
from berth.model.errors import Conflict, KeyReused, NotFound
from berth.model.idempotency import CommandKey
from berth.model.message import KEPT_RESULTS
from berth.model.problems import KINDS, fields_of, kind_of, known, rebuilt
from berth.store import answers
from berth.store.answers import KeptAnswer

KEEP_S: Final = 24 * 3600
"""How long an answer is kept, if nothing else is set, in seconds."""

MOST_SWEPT: Final = 1_024
"""How many answers that are over one commit removes."""

SWEEP_S: Final = 60
"""How often a process looks for answers that are over, in seconds."""


@dataclass(slots=True)
class BatchAnswers:
    """The answers that a batch needs and makes.

    known: by the id of the key; new: to write; over: the keys of answers to remove.
    """

    known: dict[str, KeptAnswer] = field(default_factory=dict)
    new: list[KeptAnswer] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def keep(self, pending: PendingCommand, now: int, result: Any, refusal: Exception | None) -> int:
        """Keep the answer to a command that was decided, and return its length.

        A refusal is kept if the state of the ledger was its reason: a duplicate that comes late must not be carried out
        after its caller was refused. Any other is not, since the command has to be changed, or can be sent again.
        """
        key = pending.key
        if key is None or (refusal is not None and not isinstance(refusal, Conflict | NotFound)):
            return 0
        kind, value = "", result
        if refusal is not None:
            kind, value = kind_of(known(refusal)), (str(refusal), fields_of(refusal))
        body = msgspec.json.encode(value).decode()
        kept = self.known[key.id] = KeptAnswer(now, key.id, key.fingerprint, kind, body)
        self.new.append(kept)
        return len(body)


class AnswerShelf:
    """The kept answers of a ledger. keep_s: for how many seconds."""

    def __init__(self, keep_s: float = KEEP_S) -> None:
        self.keep_s = keep_s
        self._next_sweep = -math.inf

    def read(self, connection: Connection, pending: Iterable[PendingCommand], now: int) -> BatchAnswers:
        """Return the answers that these commands may have had, with one query. Now and then look for old ones as well.

        now: in microseconds since 1970 UTC. The head must be locked.
        """
        since = now - round(self.keep_s * 1_000_000)
        found = BatchAnswers()
        keys = dict.fromkeys(each.key.id for each in pending if each.key is not None)
        over = dict.fromkeys(self._swept(connection, since))
        for kept in answers.by_key(connection, list(keys)):
            if kept.at < since:
                over[kept.key] = None
            else:
                found.known[kept.key] = kept
        found.over = list(over)
        return found

    def _swept(self, connection: Connection, before: int) -> list[str]:
        """Return the keys of the oldest answers that are over; next time in a minute, unless there are more."""
        if time.monotonic() < self._next_sweep:
            return []
        oldest = answers.oldest(connection, before, MOST_SWEPT)
        if len(oldest) < MOST_SWEPT:
            self._next_sweep = time.monotonic() + SWEEP_S
        return oldest


def replayed(command: Command, key: CommandKey, kept: KeptAnswer) -> Any:
    """Return the result that a command had, or raise its refusal. Raises KeyReused if it was another command."""
    if kept.fingerprint != key.fingerprint:
        raise KeyReused
    if not kept.refusal:
        return msgspec.json.decode(kept.body, type=KEPT_RESULTS[type(command)])
    text, fields = msgspec.json.decode(kept.body, type=tuple[str, dict[str, Any]])
    raise rebuilt(KINDS.get(kept.refusal, Conflict), text, fields)
