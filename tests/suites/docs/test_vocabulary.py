"""One word for one thing: on the command line, in `/v1`, in Python and in the dashboard."""

from __future__ import annotations

import inspect
import re
from typing import Any, Final, NamedTuple

import msgspec
import pytest

import berth
from berth import ConsumerQuery
from berth.api.v1.routes import ROUTES
from berth.cli.main import command
from berth.model.drain import Drain
from berth.model.edits import EditConsumer
from berth.model.overview import ProviderFilter
from berth.model.releases import ReleaseMatching
from tests.support.document_blocks import ROOT

COMMON: Final = {
    "database",
    "url",
    "token",
    "token_file",
    "wait",
    "json",
    "csv",
    "limit",
    "uuids",
    "yes",
    "dry_run",
    "batch",
}
"""Options that say how a command answers or is carried out, not what it is about."""

SHOWN: Final = ROOT / "src/berth/web/static/js"
TEXTS: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(SHOWN.rglob("*.js"))]

AVOIDED: Final = {
    "good for ever": "never expires",
    "Touched": "Affected",
    "Look again": "Refresh",
    "Then it was so": "Result",
    "unsuffixed group": "main request",
    "Unnamed group": "main request",
    "Drawn as": "Group by",
    "lets in": "requires, accepts",
}
"""Words that readers stumbled over, and those that stand in their place."""


class List(NamedTuple):
    """A list: its command, its route, its query in Python, and those words of the command that differ in `/v1`.

    verb: in Python, if it has arguments that are words of the command.
    """

    words: str
    route: str
    query: type | None = None
    differ: dict[str, str] = {}  # noqa: RUF012 - not changed
    verb: str = ""


LISTS: Final = [
    List("consumers", "consumers.list", ConsumerQuery, {"text": "q"}),
    List("providers", "providers.list", ProviderFilter, {"tree": "root"}, "search"),
    List("lease list", "leases.list"),
    List("report", "reports.show"),
    List("audit list", "audit.list"),
    List("agenda", "agenda.list", None, {"within": "until"}),
]

VERBS: Final = {
    "claim": "claim",
    "release": "release",
    "hold": "holds.holding",
    "confirm": "holds.confirm",
    "extend": "holds.extend",
    "find": "find",
    "drain": "drain",
    "undrain": "undrain",
    "edit": "edit_consumer",
    "reconcile": "reconcile",
    "lease grant": "leases.grant",
    "lease renew": "leases.renew",
    "lease end": "leases.end",
    "agenda": "agenda",
    "report": "report",
    "consumers": "consumers",
    "providers": "providers",
}
"""The verb in Python of each command."""


def options(words: str) -> set[str]:
    """Return the options of a command that say what it is about, as names of Python."""
    found: Any = command()
    for word in words.split():
        found = found.commands[word]
    names = {text[2:].replace("-", "_") for each in found.params for text in each.opts if text.startswith("--")}
    return names - COMMON


def parameters(route: str) -> set[str]:
    """Return the parameters of a route."""
    query: Any = next(each.query for each in ROUTES if each.name == route)
    return set(query.__struct_encode_fields__)


@pytest.mark.parametrize("each", LISTS, ids=lambda each: each.words)
def test_a_list_is_filtered_by_the_same_words(each: List) -> None:
    given = {each.differ.get(name, name) for name in options(each.words)}
    assert given <= parameters(each.route)
    if each.query is not None:
        names = {field.name for field in msgspec.structs.fields(each.query)}
        names |= set(inspect.signature(getattr(berth.Ledger, each.verb)).parameters) if each.verb else set()
        in_python = {"class" if name == "resource_class" else name for name in names}
        assert given <= {each.differ.get(name, name) for name in in_python}


@pytest.mark.parametrize(
    ("words", "of"), [("drain", Drain), ("undrain", Drain), ("edit", EditConsumer), ("release", ReleaseMatching)]
)
def test_a_command_has_the_words_of_its_message(words: str, of: type) -> None:
    fields = {field.name for field in msgspec.structs.fields(of)} | {
        f.name for f in msgspec.structs.fields(ProviderFilter)
    }
    assert {name.removeprefix("no_") for name in options(words)} <= fields


@pytest.mark.parametrize(("words", "verb"), VERBS.items(), ids=str)
def test_a_verb_is_the_same_word(words: str, verb: str) -> None:
    options(words)
    holder: Any = berth.Ledger
    name = verb.rpartition(".")[2]
    if "." in verb:
        holder = {"holds": berth.model.holds.Holds, "leases": berth.model.leases.Leases}[verb.partition(".")[0]]
    assert callable(getattr(holder, name))
    assert name[:4] == words.rpartition(" ")[2][:4]


@pytest.mark.parametrize("page", ["consumers", "providers"])
def test_a_page_is_filtered_by_the_words_of_its_route(page: str) -> None:
    text = (SHOWN / f"pages/{page}.js").read_text(encoding="utf-8")
    filters = re.search(r"FILTERS = \[([^]]*)\]", text)
    assert filters is not None
    assert set(re.findall(r'"(\w+)"', filters[1])) <= parameters(f"{page}.list")


@pytest.mark.parametrize("words", AVOIDED)
def test_words_that_are_avoided(words: str) -> None:
    said = re.compile(rf"\b{re.escape(words)}\b")
    assert [str(each.relative_to(ROOT)) for each in TEXTS if said.search(each.read_text(encoding="utf-8"))] == []
