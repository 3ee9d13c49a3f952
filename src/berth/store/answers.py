"""The answers to commands with an idempotency key, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from berth.store.consumers import IN_ONE_STATEMENT
from berth.store.tables import answers


class KeptAnswer(NamedTuple):
    """An answer as stored.

    at: when it was decided, in microseconds since 1970 UTC; key, fingerprint: the id and fingerprint of a CommandKey;
    refusal: the kind of a refusal, "" for a result; body: in JSON.
    """

    at: int
    key: str
    fingerprint: str
    refusal: str
    body: str

    @property
    def row(self) -> dict[str, Any]:
        """The answer as a row to write."""
        return self._asdict()


_ALL: Final = select(*(answers.c[name] for name in KeptAnswer._fields))
_ONE: Final = _ALL.where(answers.c.key == bindparam("key"))
_SEVERAL: Final = _ALL.where(answers.c.key.in_(bindparam("keys", expanding=True)))
_OLDEST: Final = (
    select(answers.c.key)
    .where(answers.c.at < bindparam("before"))
    .order_by(answers.c.at, answers.c.key)
    .limit(bindparam("most"))
)


def by_key(connection: Connection, keys: Sequence[str]) -> list[KeptAnswer]:
    """Return those of these keys' answers that are stored."""
    if len(keys) == 1:
        return list(map(KeptAnswer._make, connection.execute(_ONE, {"key": keys[0]})))
    rest, found = iter(keys), list[KeptAnswer]()
    while some := list(islice(rest, IN_ONE_STATEMENT)):
        found += map(KeptAnswer._make, connection.execute(_SEVERAL, {"keys": some}))
    return found


def oldest(connection: Connection, before: int, most: int) -> list[str]:
    """Return the keys of the oldest answers, at most `most`, of those that are older than `before`."""
    return list(connection.execute(_OLDEST, {"before": before, "most": most}).scalars())
