"""Idempotency keys: by them a command that is sent again is recognised, and gets the answer that it had.

The header is that of the IETF's draft-ietf-httpapi-idempotency-key-header; its meaning here is in docs/v1.md.
"""

from __future__ import annotations

import re
import uuid as uuids
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from berth.model.caller import Caller
from berth.model.commands import Command, PutRecords
from berth.model.errors import Invalid

LONGEST_KEY: Final = 255
"""Of an idempotency key, in characters."""

_KEY: Final = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?")
_MADE: Final = uuids.UUID("5f0a4ed2-6c3b-4a54-9d5e-0a1c9f4f7f11")

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True, eq=False)
class CommandKey:
    """The idempotency key of one command.

    id: a hash of the key and of its caller's project and user; fingerprint: a hash of what was sent with it. replayed:
    whether the answer is one that was kept, known once there is an answer.
    """

    id: str
    fingerprint: str
    replayed: bool = False


def checked_key(key: object) -> str:
    """Return an idempotency key. Raises Invalid if it is empty, too long or not printable ASCII."""
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise Invalid(
            f"an idempotency key has 1 to {LONGEST_KEY} printable ASCII characters, with no space at either end"
        )
    return key


def command_key(key: str, caller: Caller, *sent: Any) -> CommandKey:
    """Return the key of a command. sent: all that must be the same if it is sent again. Raises Invalid.

    Keys of different projects or users are different. A caller without a user has its name in its place.
    """
    scope = caller.project, caller.user or caller.name
    return CommandKey(_hash(*scope, checked_key(key)), _hash(*sent))


def made_uuid(key: str | None, *parts: Any) -> str:
    """Return a uuid that the caller has not chosen: with a key always the same one for the same parts."""
    return str(uuids.uuid4() if key is None else uuids.uuid5(_MADE, _hash(key, *parts)))


def repeatable(command: Command, key: str) -> Command:
    """Return a command that is the same each time that it is made: uuids of new providers follow from the key."""
    if not isinstance(command, PutRecords) or command.new_uuids:
        return command
    new = tuple(made_uuid(key, number, record) for number, record in enumerate(command.records))
    return replace(command, new_uuids=new)


def _hash(*parts: Any) -> str:
    try:
        return sha256(_encode(parts)).hexdigest()
    except (TypeError, ValueError) as error:
        raise Invalid(f"a value has the wrong type: {error}") from None
