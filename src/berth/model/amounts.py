"""Amounts of resource classes as text: `VCPU=4,MEMORY_MB=8G`, in commands, addresses and the dashboard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.inventory import MAX_INT

_POWERS: Final = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_AMOUNT: Final = re.compile(r"(\d{1,18})(?:([KMGTP])(?:i?B)?)?", re.IGNORECASE | re.ASCII)
_UNIT: Final = re.compile(r"_([KMGT])B$|_(KILO|MEGA|GIGA)BIT_PER_SEC$")


MOST_QUOTED: Final = 64
"""How much of a wrong text an error quotes."""


def parse_amounts(text: str) -> Resources:
    """Return amounts by class. Raises Invalid.

    A number may end in K, M, G, T or P if its class has a unit: MEMORY_MB=8G is 8192, for a class in MB or GB
    counts in powers of 1024; NET_BW_EGR_KILOBIT_PER_SEC=10G is 10,000,000.
    """
    amounts: Resources = {}
    for part in text.split(","):
        name, equals, amount = part.strip().replace(":", "=", 1).partition("=")
        name = name.rstrip()
        if not equals or not name:
            raise Invalid(f"{part.strip()[:MOST_QUOTED]!r} is not an amount of a class, such as VCPU=4 or MEMORY_MB=8G")
        if name in amounts:
            raise Invalid(f"{name[:MOST_QUOTED]} is given twice")
        amounts[name] = _amount(name, amount.strip())
    return amounts


def _amount(name: str, text: str) -> int:
    match = _AMOUNT.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MAX_INT:
        raise Invalid(f"{_quoted(name, text)}: an amount is a whole number from 1, such as 4, or 8G for MEMORY_MB")
    amount = int(match[1])
    if match[2] is not None:
        amount = _converted(name, text, amount, _POWERS[match[2].upper()])
    if amount > MAX_INT:
        raise Invalid(f"{_quoted(name, text)}: the largest amount is {MAX_INT}")
    return amount


def _converted(name: str, text: str, amount: int, power: int) -> int:
    """Return an amount in K (power 1), M (2) ... in the unit that the class's name ends in."""
    unit = _UNIT.search(name)
    if unit is None:
        raise Invalid(
            f"{_quoted(name, text)}: {name[:MOST_QUOTED]} has no unit that ends in B, so it takes plain numbers only"
        )
    base, above = (1024, unit[1]) if unit[1] else (1000, unit[2][0])
    here, there = base**power, base ** _POWERS[above]
    if amount * here % there:
        raise Invalid(f"{_quoted(name, text)} is not a whole number in the unit of {name[:MOST_QUOTED]}")
    return int(amount * here // there)


def _quoted(name: str, text: str) -> str:
    return f"{name}={text}"[:MOST_QUOTED]


def as_text(resources: Mapping[str, int]) -> str:
    """Return amounts in one line, for people."""
    return ", ".join(f"{amount:,} {name}" for name, amount in resources.items())


def as_option(resources: Mapping[str, int]) -> str:
    """Return amounts in the form that `parse_amounts` reads."""
    return ",".join(f"{name}={amount}" for name, amount in resources.items())
