"""Completion of names for the shell: hosts, traits, classes, projects and aggregates, out of the ledger.

It never says anything but names, and ends after half a second: a shell shows what is printed as if it were typed.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import typer

MOST: Final = 50
"""How many names are offered."""

ASKED: Final = 1_000
"""How many names with the text in them a server is asked for: not all of them begin with it."""

PATIENCE_S: Final = 0.5
"""How long a shell waits for the ledger."""

_SEPARATORS: Final = ":,|!"
"""What may precede a name in a word: a group, other amounts, alternatives, a negation."""

Complete = Callable[[typer.Context, str], list[str]]
NameReader = Callable[[], Iterable[str]]


def completion_of(kind: str, end: str = "") -> Complete:
    """Return a function that completes names of a kind: provider, class, trait, aggregate or project.

    end: what follows a name, such as = after a class. Only the last name of a word is completed.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        start = max(map(incomplete.rfind, _SEPARATORS)) + 1
        before, prefix = incomplete[:start], incomplete[start:]
        return [f"{before}{name}{end}" for name in _names(ctx, kind, prefix)]

    return complete


def _names(context: typer.Context, kind: str, prefix: str) -> list[str]:
    """Return names that begin with a text; none if the ledger cannot be read in time."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        read = _reader(context, kind, prefix)
        thread = threading.Thread(target=_collect, args=(read, found), daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
    return found[:MOST]


def _collect(read: NameReader, found: list[str]) -> None:
    with contextlib.suppress(Exception):
        found.extend(read())


def _reader(context: typer.Context, kind: str, prefix: str) -> NameReader:
    """Return a function that reads the names. All that it needs is imported before."""
    url = context.params.get("url") or os.environ.get("BERTH_URL", "")
    if not url or _is_typed(context, "database"):
        return _of_database(context, kind, prefix)
    given = context.params.get("token_file") or os.environ.get("BERTH_TOKEN_FILE")
    token = Path(given).read_text(encoding="utf-8").strip() if given else os.environ.get("BERTH_TOKEN", "")
    return _of_server(url, token, kind, prefix)


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _of_database(context: typer.Context, kind: str, prefix: str) -> NameReader:
    from berth.settings import resolved
    from berth.store.completion import names_with_prefix, prepare

    typed = {"database": context.params["database"]} if _is_typed(context, "database") else {}
    url = resolved(typed, context.find_root().params.get("config")).settings.url
    prepare(url)
    return lambda: names_with_prefix(url, kind, prefix, MOST)


def _of_server(url: str, token: str, kind: str, prefix: str) -> NameReader:
    from berth.client import connect
    from berth.model.change import NameKind
    from berth.model.overview import ProviderFilter

    def providers(client: Any) -> Iterable[str]:
        return (each.name for each in client.search(ProviderFilter(name=prefix), limit=ASKED).items)

    def projects(client: Any) -> Iterable[str]:
        return (each.project for each in client.projects(name=prefix, totals=False, limit=ASKED).items)

    def aggregates(client: Any) -> Iterable[str]:
        return (each.label for each in client.names(NameKind.AGGREGATE, name=prefix) if each.label)

    reads = {"provider": providers, "project": projects, "aggregate": aggregates}
    read = reads.get(kind) or (lambda client: (each.name for each in client.names(NameKind(kind), name=prefix)))

    def names() -> Iterable[str]:
        with connect(url, token, timeout=PATIENCE_S) as client:
            return sorted(name for name in read(client) if name.startswith(prefix))

    return names
