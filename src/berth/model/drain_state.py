"""The state of a drained provider: as the log has it, and as it is shown."""

from __future__ import annotations

import msgspec


class DrainFact(msgspec.Struct, frozen=True, array_like=True):
    """A drain. since: microseconds since 1970 UTC; by: the caller; why: "" if no reason was given."""

    since: int
    by: str
    why: str = ""


class DrainState(msgspec.Struct, frozen=True):
    """Why a provider takes no new claims. since: microseconds since 1970 UTC; by: the caller; why: "" if not given.

    provider, name: the provider that was drained, itself or one above it.
    """

    provider: str
    name: str
    since: int
    by: str
    why: str
