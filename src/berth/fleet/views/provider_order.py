"""The order in which providers are listed, and where a page of it ends."""

from __future__ import annotations

import heapq
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from berth.fleet.state.fleet import Fleet
from berth.model.errors import Invalid
from berth.model.overview import ProviderOrder

_MILLION: Final = 1_000_000
"""How exactly providers are ordered by how full they are: in millionths of their capacity."""


class Sorting(NamedTuple):
    """In which order, backwards or not. resource_class: of which providers are fullest, "" for any."""

    order: ProviderOrder = ProviderOrder.OLDEST
    reverse: bool = False
    resource_class: str = ""


OLDEST_FIRST: Final = Sorting()


class ListPlace(NamedTuple):
    """The last provider of a page: what it is ordered by, and its id, which decides between equal ones."""

    key: int | str
    id: int


def page_of(
    fleet: Fleet, slots: NDArray[Any], by: Sorting, after: str | None, limit: int
) -> tuple[list[int], str | None]:
    """Return the slots of a page, in their order, and the value of `after` for the next one (None: at the end).

    Raises Invalid for an `after` that is no page's `next` in this order.
    """
    mark = None if after is None else _parsed(by.order, after)
    if by.order is ProviderOrder.NAME:
        found = _by_name(fleet, slots, mark, limit + 1, reverse=by.reverse)
    else:
        sign = -1 if by.reverse else 1
        keys = _keys(fleet, slots, by)
        found = _by_number(fleet, slots, sign * keys, sign, mark, limit + 1)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _text(by.order, ListPlace(_key(fleet, last, by), int(fleet.id.values[last])))


def _key(fleet: Fleet, slot: int, by: Sorting) -> int | str:
    if by.order is ProviderOrder.NAME:
        return fleet.names[slot]
    return int(_keys(fleet, np.array([slot]), by)[0])


def _keys(fleet: Fleet, slots: NDArray[Any], by: Sorting) -> NDArray[np.int64]:
    """Return what each of these providers is ordered by, ascending."""
    if by.order is ProviderOrder.CHANGED:
        changed: NDArray[np.int64] = -fleet.updated_at.values[slots]
        return changed
    if by.order is ProviderOrder.FULLEST:
        fullest: NDArray[np.int64] = -_fullness(fleet, by.resource_class)[slots]
        return fullest
    return np.zeros(len(slots), np.int64)


def _fullness(fleet: Fleet, resource_class: str) -> NDArray[np.int64]:
    """Return, by slot, how full a provider is of a class ("": of its fullest), in millionths; -1 where it has none."""
    full = np.full(len(fleet.uuids), -1, np.int64)
    numbers = [fleet.catalogue.class_id(resource_class)] if resource_class else list(fleet.columns)
    for number in numbers:
        column = fleet.columns.get(number)
        if column is not None:
            share = column.used.values / np.maximum(column.capacity.values, 1) * _MILLION
            np.maximum.at(full, column.slots.values, share.astype(np.int64))
    return full


def _by_number(
    fleet: Fleet, slots: NDArray[Any], keys: NDArray[np.int64], sign: int, mark: ListPlace | None, most: int
) -> list[int]:
    """Return the first of these slots behind a mark, by key, then by id. sign: -1 if both run backwards."""
    ids = sign * fleet.id.values[slots]
    if mark is not None:
        key, at = sign * int(mark.key), sign * mark.id
        behind = (keys > key) | ((keys == key) & (ids > at))
        slots, keys, ids = slots[behind], keys[behind], ids[behind]
    if len(slots) > most:  # of many that are equal, only the first by id are put in order
        last = np.partition(keys, most - 1)[most - 1]
        before, same = np.flatnonzero(keys < last), np.flatnonzero(keys == last)
        missing = most - len(before)
        if missing < len(same):
            same = same[np.argpartition(ids[same], missing - 1)[:missing]]
        chosen = np.concatenate([before, same])
        slots, keys, ids = slots[chosen], keys[chosen], ids[chosen]
    found: list[int] = slots[np.lexsort((ids, keys))].tolist()
    return found


def _by_name(fleet: Fleet, slots: NDArray[Any], mark: ListPlace | None, most: int, *, reverse: bool) -> list[int]:
    names, ids = fleet.names, fleet.id.values
    behind = ((names[slot], int(ids[slot]), slot) for slot in slots.tolist())
    if mark is not None:
        place = (str(mark.key), mark.id)
        behind = (each for each in behind if (each[:2] < place if reverse else each[:2] > place))
    pick = heapq.nlargest if reverse else heapq.nsmallest
    return [slot for _, _, slot in pick(most, behind)]


def _text(order: ProviderOrder, mark: ListPlace) -> str:
    return str(mark.id) if order is ProviderOrder.OLDEST else f"{order}.{mark.id}.{mark.key}"


def _parsed(order: ProviderOrder, after: str) -> ListPlace:
    """Return the mark that a client sent back. Raises Invalid."""
    if order is ProviderOrder.OLDEST:
        return ListPlace(0, _number(after, after))
    name, _, rest = after.partition(".")
    number, _, key = rest.partition(".")
    if name != order:
        raise Invalid(f"{after} is not where a page of this order ends")
    place = _number(number, after)
    if order is ProviderOrder.NAME:
        return ListPlace(key, place)
    negative = key.startswith("-")
    return ListPlace(_number(key.removeprefix("-"), after) * (-1 if negative else 1), place)


def _number(text: str, after: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"{after} is not the cursor of a page")
    return int(text)
