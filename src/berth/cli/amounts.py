"""Amounts of resource classes, as typed: `VCPU=4,MEMORY_MB=8G`."""

from __future__ import annotations

import typer

from berth.model import amounts
from berth.model.consumer import Resources
from berth.model.errors import Invalid


def parse_amounts(text: str) -> Resources:
    """Return amounts by class, as `berth.model.amounts` reads them. Raises typer.BadParameter."""
    try:
        return amounts.parse_amounts(text)
    except Invalid as error:
        raise typer.BadParameter(str(error)) from None
