"""Query parameters of provider filters: from text to the values of berth.model.request."""

from __future__ import annotations

import re
from typing import Final

from berth.api.http.messages import BadRequest
from berth.model.names import parse_uuid

ActiveRules = frozenset[str]
Pairs = list[tuple[str, str]]

_AMOUNT: Final = re.compile(r"-?[0-9]+", re.ASCII)
LARGEST_AMOUNT: Final = 2**63 - 1


def values_of(pairs: Pairs, name: str) -> list[str]:
    """Return every value of a parameter, in order."""
    return [value for key, value in pairs if key == name]


def resources(value: str) -> dict[str, int]:
    """`VCPU:2,MEMORY_MB:512` as amounts by class; BadRequest."""
    expected = (
        "Badly formed resources parameter. Expected resources query string parameter in form: "
        "?resources=VCPU:2,MEMORY_MB:1024. Got: {}."
    )
    if not value.strip():
        raise BadRequest(expected.format("empty string"))
    found: dict[str, int] = {}
    for piece in value.rstrip().split(","):
        name, colon, amount = piece.partition(":")
        if not colon or ":" in amount:
            raise BadRequest(expected.format(piece))
        found[name] = _amount(name, amount)
    return found


def _amount(name: str, text: str) -> int:
    if _AMOUNT.fullmatch(text) is None:
        raise BadRequest(f"Requested resource {name} expected positive integer amount. Got: {text}.")
    if len(text) > 19 or int(text) > LARGEST_AMOUNT:
        raise BadRequest(f"Requested resource {name} expected an amount below 2^63. Got: {text[:40]}.")
    if int(text) < 1:
        raise BadRequest(f"Requested resource {name} requires amount >= 1. Got: {int(text)}.")
    return int(text)


def traits(values: list[str], rules: ActiveRules) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
    """Return the values of `required` as (required any-of sets, forbidden traits); raise BadRequest."""
    if "any_traits" not in rules:
        values = values[-1:]
    required: list[frozenset[str]] = []
    forbidden: set[str] = set()
    for value in values:
        if value.startswith("in:"):
            required.append(_any_traits(value, rules))
        else:
            wanted, unwanted = _all_traits(value, rules)
            required += (frozenset((name,)) for name in wanted)
            forbidden |= unwanted
    return tuple(required), frozenset(forbidden)


def _any_traits(value: str, rules: ActiveRules) -> frozenset[str]:
    form = "in:HW_CPU_X86_VMX,CUSTOM_MAGIC"
    if "any_traits" not in rules:
        raise _invalid(f"The format '{form}' only supported since microversion 1.39. Got: {value}")
    names = [name.strip() for name in value[3:].split(",")]
    if not all(names):
        raise _invalid(f"Expected 'required' parameter value of the form: {form}. Got an empty trait in: {value}")
    if any(name.startswith("!") for name in names):
        raise _invalid(f"The format '{form}' does not support forbidden traits. Got: {value}")
    return frozenset(names)


def _all_traits(value: str, rules: ActiveRules) -> tuple[list[str], set[str]]:
    may_forbid = "forbidden_traits" in rules
    form = "HW_CPU_X86_VMX,!CUSTOM_MAGIC" if may_forbid else "HW_CPU_X86_VMX,CUSTOM_MAGIC"
    names = [name.strip() for name in value.split(",")]
    forbidden = {name.lstrip("!") for name in names if name.startswith("!")}
    if not all(names) or not all(forbidden):
        raise _invalid(f"Expected 'required' parameter value of the form: {form}. Got an empty trait in: {value}")
    if forbidden and not may_forbid:
        raise _invalid(f"Expected 'required' parameter value of the form: {form}. Got: {value}")
    return [name for name in names if not name.startswith("!")], forbidden


def aggregates(values: list[str], suffix: str, rules: ActiveRules) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
    """Return the values of `member_of` as (any-of sets, forbidden aggregates); raise BadRequest."""
    if len(values) > 1 and "several_member_of" not in rules:
        raise BadRequest(f"Multiple member_of{suffix} parameters are not supported")
    required: list[frozenset[str]] = []
    forbidden: set[str] = set()
    for value in values:
        unwanted = value.startswith("!")
        uuids = _aggregate_uuids(value)
        if not unwanted:
            required.append(uuids)
        elif "forbidden_aggregates" in rules:
            forbidden |= uuids
        else:
            raise BadRequest(f"Forbidden member_of{suffix} parameters are not supported in the specified microversion")
    return tuple(required), frozenset(forbidden)


def _aggregate_uuids(value: str) -> frozenset[str]:
    bare = value.removeprefix("!")
    if "," in value and not bare.startswith("in:"):
        raise BadRequest(
            "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid "
            f"microversion. Got: {value}"
        )
    found = set()
    for text in bare.removeprefix("in:").split(","):
        uuid = parse_uuid(text)
        if uuid is None:
            raise _invalid(f"Expected 'member_of' parameter to contain valid UUID(s). Got: {text}")
        found.add(uuid)
    return frozenset(found)


def in_tree(value: str) -> str:
    """Return an `in_tree` parameter as a canonical uuid; raise BadRequest."""
    uuid = parse_uuid(value.strip())
    if uuid is None:
        raise _invalid(f"Expected 'in_tree' parameter to be a format of uuid. Got: {value}")
    return uuid


def _invalid(why: str) -> BadRequest:
    return BadRequest(f"Invalid query string parameters: {why}")
