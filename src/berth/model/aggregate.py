"""Names of aggregates: what people call them, instead of a uuid, and of which kind they are."""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest
from itertools import takewhile
from typing import Final

import msgspec

from berth.model.errors import Invalid
from berth.model.names import NAME_LENGTH, parse_uuid
from berth.model.text import checked_text

MOST_COMPARED: Final = 500
"""How many names are compared letter by letter for a suggestion: those that begin most like the given one."""

_NAMESPACE: Final = uuids.UUID("6f3f1d5e-8a51-5e0b-9d9e-2b4b1d6f7c10")
_SEPARATORS: Final = re.compile(r"[,;:|]")
_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class AggregateName(msgspec.Struct, frozen=True, array_like=True):
    """The name of an aggregate ("": it has none), and its kind, such as rack, zone or network ("": none)."""

    name: str
    kind: str = ""


NO_NAME: Final = AggregateName("")


class AggregateRecord(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An aggregate that a record names. uuid: a new one is made from the name if omitted; kind: such as rack."""

    uuid: str | None = None
    kind: str = ""


def checked_aggregate_name(name: str) -> str:
    """Return the name of an aggregate: 1 to 255 printable characters, none of , ; : and |, and not a uuid.

    Those characters separate names where several are given. Raises Invalid.
    """
    if not name or name != name.strip():
        raise Invalid("the name of an aggregate is empty, or begins or ends with a space")
    checked_text(name, "the name of an aggregate", NAME_LENGTH)
    if (separator := _SEPARATORS.search(name)) is not None:
        raise Invalid(f"the name of an aggregate cannot contain {separator[0]!r}, which separates names: {name}")
    if parse_uuid(name) is not None:
        raise Invalid(f"the name of an aggregate cannot be a uuid: {name}")
    return name


def checked_aggregate_kind(kind: str) -> str:
    """Return the kind of an aggregate: "", or a short word of a-z, 0-9, _ and -. Raises Invalid."""
    if kind and _KIND.fullmatch(kind) is None:
        raise Invalid(f"{kind[:32]!r} is not a kind of aggregate: use a short word, such as rack, zone or network")
    return kind


def checked_aggregate(given: str) -> str:
    """Return an aggregate as it was given: a uuid in canonical form, or a name. Raises Invalid if it is neither."""
    return parse_uuid(given) or checked_aggregate_name(given)


def made_aggregate_uuid(name: str, number: int = 0) -> str:
    """Return a uuid made from a name, always the same one. number: which, where aggregates have had the first ones."""
    return str(uuids.uuid5(_NAMESPACE, f"{number}/{name}" if number else name))


def nearest_names(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return up to `most` names that are most like this one, ignoring case, the most similar first."""
    wanted = name.casefold()
    by_folded = {each.casefold(): each for each in names}
    compared = nlargest(MOST_COMPARED, by_folded, key=lambda each: _common_letters(wanted, each))
    return [by_folded[each] for each in get_close_matches(wanted, compared, most)]


def _common_letters(one: str, other: str) -> int:
    """Return with how many letters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
