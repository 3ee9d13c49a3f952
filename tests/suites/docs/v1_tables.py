"""The tables of docs/v1.md, from the code. `python -m tests.suites.docs.v1_tables` writes them into the page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Final

from berth.api.v1.problems import OF_HTTP, status_of
from berth.api.v1.routes import ROUTES
from berth.model.errors import BerthError, DatabaseUnusable, LedgerClosed, NotBerth, Refusal
from berth.model.problems import KINDS, kind_of
from tests.support.document_blocks import ROOT

PAGE: Final = ROOT / "docs/v1.md"
NEVER_TOLD: Final = (BerthError, Refusal, LedgerClosed, NotBerth, DatabaseUnusable)


def routes() -> list[str]:
    """Return a row for every route except the commands'."""
    rows = ["| route | what it is | parameters |", "|---|---|---|"]
    for route in ROUTES:
        if not route.name.startswith("commands."):
            names = ", ".join(f"`{name}`" for name in route.query.__struct_encode_fields__)
            rows.append(f"| `{route.method} {route.path}` | {route.summary} | {names} |")
    return rows


def commands() -> list[str]:
    """Return a row for every command, with its own refusals."""
    rows = ["| command | what it does | refused with |", "|---|---|---|"]
    for route in ROUTES:
        kind, _, name = route.name.partition(".")
        if kind == "commands":
            refused = (kind_of(each) for each in route.refusals)
            refusals = ", ".join(f"`{each}`" for each in refused if each not in ("invalid", "forbidden", "key-reused"))
            rows.append(f"| `{name}` | {route.summary} | {refusals} |")
    return rows


def problems() -> list[str]:
    """Return a row for every type of problem."""
    problems = {
        kind: (status_of(error), " ".join(str(inspect.getdoc(error)).split()))
        for kind, error in KINDS.items()
        if error not in NEVER_TOLD
    }
    for status, kind in OF_HTTP.items():
        problems.setdefault(kind, (status, f"{kind.replace('-', ' ').capitalize()}."))
    rows = [f"| `{kind}` | {status} | {why} |" for kind, (status, why) in sorted(problems.items())]
    return ["| type | status | means |", "|---|---|---|", *rows]


TABLES: Final[dict[str, Callable[[], list[str]]]] = {"routes": routes, "commands": commands, "problems": problems}


def filled(text: str) -> str:
    """Return the page with its tables up to date."""
    for name, table in TABLES.items():
        rows = "\n".join(table())
        text, count = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)",
            lambda found, rows=rows: f"{found[1]}\n{rows}\n\n{found[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
        assert count == 1, f"the page has no place for the {name}"
    return text


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
