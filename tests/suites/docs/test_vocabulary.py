"""One word for one thing: on the command line, in `/v1`, in Python and in the dashboard."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from typer.testing import CliRunner

import berth
from berth import ConsumerQuery
from berth.api.v1.routes import ROUTES
from berth.cli.main import app, command
from berth.model.drain import Drain
from berth.model.edits import EditConsumer
from berth.model.overview import ProviderFilter
from berth.model.releases import ReleaseMatching
from tests.suites.docs.sentences import Sentence, everything, texts
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
AVOIDED: Final = {
    "good for (ever|nothing)|for ever": "never expires, revoked, without end",
    "Touched|Look again|Then it was so|Drawn as": "Affected, Refresh, Result, Group by",
    "([Uu]nsuffixed|[Uu]nnamed) group": "main request",
    "[Ll]ets? in": "requires, accepts",
    "[Ww]ho(m)?ever|[Nn]obody|[Aa]s whom": "any caller, no caller, as which user",
    "(is|are|was|were) told": "gets, returns, is reported",
    "anew|any more": "again, no longer",
    "so many": "the maximum number of",
    "unique beginnings?": "unique prefix",
    "(?<![Tt]here )(is|are) no (?!longer|such)[a-z]+": "is not a",
    "span of time": "duration",
    "(trees?|one) would do|in one claim|has room for": "hosts would fit, per claim, has free",
    "goes? on with": "is kept by, lasts with",
    "by ear": "screen reader",
    "all the same|what hurts|is away": "anyway, what excludes most, is unavailable",
    "of [0-9,]+ trees": "of N hosts",
}
"""Patterns of words that readers stumbled over, and the words that stand in their place."""

NOUNS: Final = (
    "addresses|aggregates|allocations|candidates|cells|changes|claims|columns|consumers|entries|findings|groups|hosts|"
    "leases|lines|orphans|owners|projects|providers|records|rows|tokens|traits|trees|users"
)
ONE_OF_MANY: Final = re.compile(rf"(?<![\w.,:-])1 (more |other )?({NOUNS})\b")
"""A count of one with a plural."""

COUNTED: Final = re.compile(rf"\{{\{{(?!['A-Z_.a-z]*[A-Z]{{3}})[^{{}}]*\}}\}} (more |other )?({NOUNS})\b")
"""A value before a plural, in the text of a program: model.plural makes it right for one. A limit is a constant."""


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


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return everything()


@pytest.mark.parametrize("words", AVOIDED)
def test_words_that_are_avoided(words: str, sentences: list[Sentence]) -> None:
    said = re.compile(rf"\b({words})\b")
    assert [each for each in sentences if said.search(each.text)] == []


def test_a_plural_follows_no_count_of_one(sentences: list[Sentence]) -> None:
    assert [each for each in sentences if ONE_OF_MANY.search(each.text)] == []
    assert [each for each in texts() if COUNTED.search(each.text)] == []


def test_one_of_everything_is_said_in_the_singular(tmp_path: Path) -> None:
    """What is printed of a ledger with one host, one consumer, one aggregate and one of whatever is counted."""
    lines, said = tmp_path / "one.jsonl", list[str]()
    lines.write_text('{"name": "only", "inventories": {"VCPU": {"total": 4}}}\n', encoding="utf-8")
    for words in (
        f"import {lines}",
        "claim VCPU=2 --on only --project p --user u --name job",
        "find VCPU=9",
        "find VCPU=1",
        "set VCPU.total=1 --all",
        "set VCPU.total=1 --all --over-capacity",
        "drain only",
        "usage",
        "top --once",
        "release --project p --dry-run",
        "release --project p",
        "history only",
        "audit verify",
        "db verify",
    ):
        done = CliRunner().invoke(app, [*words.split(), "--database", f"sqlite:///{tmp_path}/berth.db"])
        said += [f"{words}: {line}" for line in done.output.splitlines()]
    assert any(": 1 provider: 1 created" in line for line in said)
    assert any("1 host, 1 provider, " in line for line in said)
    assert any("less VCPU than consumers hold" in line for line in said)
    assert [line for line in said if ONE_OF_MANY.search(line)] == []
