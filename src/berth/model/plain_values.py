"""Plain dictionaries in place of values, where a program can mean only one thing: amounts by class, and inventories."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from berth.model.errors import Invalid
from berth.model.inventory import FIELDS, Inventory
from berth.model.request import CandidateRequest, Group
from berth.model.request_validation import pointer

_PLAIN: Final = "Give a CandidateRequest, or amounts by resource class, such as {'VCPU': 4}"


def as_request(given: CandidateRequest | Mapping[str, int]) -> CandidateRequest:
    """Return a request, or the one for these amounts by class, from one tree. Raises Invalid for anything else."""
    if isinstance(given, CandidateRequest):
        return given
    if not isinstance(given, Mapping):
        raise Invalid(f"{_PLAIN}, not {_kind(given)}", at="")
    for name, amount in given.items():
        if not isinstance(name, str):
            raise Invalid(f"{_PLAIN}: {name!r} is not the name of a class", at="")
        if type(amount) is not int:
            raise Invalid(f"{_PLAIN}: an amount is an int, not {_kind(amount)}", at=f"/{pointer(name)}")
    return CandidateRequest(groups=(Group(resources=dict(given)),))


def as_inventories(given: Mapping[str, Inventory | Mapping[str, Any]]) -> dict[str, Inventory]:
    """Return inventories by class, of which any may be given as its fields. Raises Invalid, with the place."""
    if not isinstance(given, Mapping):
        raise Invalid(
            f"Give inventories by resource class, such as {{'VCPU': {{'total': 4}}}}, not {_kind(given)}",
            at="/inventories",
        )
    return {name: _inventory(each, f"/inventories/{pointer(str(name))}") for name, each in given.items()}


def _inventory(given: Inventory | Mapping[str, Any], at: str) -> Inventory:
    if isinstance(given, Inventory):
        return given
    if not isinstance(given, Mapping):
        raise Invalid(f"Give an Inventory or its fields, such as {{'total': 4}}, not {_kind(given)}", at=at)
    for name, value in given.items():
        if name not in FIELDS:
            raise Invalid(f"an inventory has no {name!r}{_suggestion(name)}", at=f"{at}/{pointer(str(name))}")
        if type(value) is not int and (name != "allocation_ratio" or type(value) is not float):
            what = "a number" if name == "allocation_ratio" else "an int"
            raise Invalid(f"{name} is {what}, not {_kind(value)}", at=f"{at}/{name}")
    if "total" not in given:
        raise Invalid("an inventory needs a total", at=f"{at}/total")
    return Inventory(**given)


def _suggestion(name: object) -> str:
    close = get_close_matches(str(name), FIELDS, 1)
    return f": do you mean {close[0]!r}?" if close else f": its fields are {', '.join(FIELDS)}"


def _kind(value: object) -> str:
    """Return the type of a value, and a short value itself."""
    shown = repr(value)
    return type(value).__name__ if len(shown) > 40 else f"{type(value).__name__} {shown}"
