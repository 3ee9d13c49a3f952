"""Amounts, as people write and read them: `VCPU=4,MEMORY_MB=8G`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import typer

from berth.model.consumer import Resources
from berth.model.inventory import MAX_INT

_POWERS: Final = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_AMOUNT: Final = re.compile(r"(\d+)(?:([KMGTP])(?:i?B)?)?", re.IGNORECASE)
_UNIT: Final = re.compile(r"_([KMGT])B$|_(KILO|MEGA|GIGA)BIT_PER_SEC$")


def amounts(text: str) -> Resources:
    """Amounts by class; typer.BadParameter, with what is wrong.

    A number may end in K, M, G, T or P if its class has a unit: MEMORY_MB=8G is 8192, for a class in MB or GB
    counts in powers of 1024; NET_BW_EGR_KILOBIT_PER_SEC=10G is 10,000,000.
    """
    found: Resources = {}
    for part in text.split(","):
        name, equals, amount = part.strip().replace(":", "=", 1).partition("=")
        name = name.rstrip()
        if not equals or not name:
            raise typer.BadParameter(f"{part.strip()!r} is no amount of a class, such as VCPU=4 or MEMORY_MB=8G")
        if name in found:
            raise typer.BadParameter(f"{name} is there twice")
        found[name] = _amount(name, amount.strip())
    return found


def _amount(name: str, text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= MAX_INT:
        raise typer.BadParameter(f"{name}={text}: an amount is a whole number from 1, such as 4, or 8G for MEMORY_MB")
    amount = int(found[1])
    if found[2] is not None:
        amount = _converted(name, text, amount, _POWERS[found[2].upper()])
    if amount > MAX_INT:
        raise typer.BadParameter(f"{name}={text}: the largest amount is {MAX_INT}")
    return amount


def _converted(name: str, text: str, amount: int, power: int) -> int:
    """So many K, M ... in the unit that the class's name ends in."""
    unit = _UNIT.search(name)
    if unit is None:
        raise typer.BadParameter(f"{name}={text}: {name} has no unit that ends in B, so it takes plain numbers only")
    base, above = (1024, unit[1]) if unit[1] else (1000, unit[2][0])
    here, there = base**power, base ** _POWERS[above]
    if amount * here % there:
        raise typer.BadParameter(f"{name}={text} is no whole number of its unit")
    return int(amount * here // there)


def told(resources: Mapping[str, int]) -> str:
    """Amounts in one line, as people read them."""
    return ", ".join(f"{amount:,} {name}" for name, amount in resources.items())


def asked(resources: Mapping[str, int]) -> str:
    """Amounts in one word, as `amounts` takes them."""
    return ",".join(f"{name}={amount}" for name, amount in resources.items())
