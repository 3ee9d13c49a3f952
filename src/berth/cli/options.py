"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.settings import Settings

DEFAULTS = Settings()

DatabaseUrl = Annotated[
    str, typer.Option("--database", metavar="URL", envvar="BERTH_DATABASE", help="The ledger's database.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of text.")]
