"""No text of SQL is ever built from data: what is executed is the same, whatever anybody sends."""

from __future__ import annotations

import ast
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from sqlalchemy import TextClause

from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.app import App, PendingReply
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.api.v1.routes import ROUTES
from berth.ledger import Ledger, open_ledger
from berth.review.deployment import encryption, public_rights, rights
from berth.store.backend import Purpose
from berth.store.postgresql import limited_transaction
from tests.suites.security.statements import normal, recorded, with_data
from tests.support.cases.placement_calls import LINES
from tests.support.cases.placement_world import NEWEST, World
from tests.support.cases.placement_world import fill as fill_world
from tests.support.cases.v1_calls import CALLS
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.raw_http import Headers, RawReply
from tests.support.statement_recording import berth_statements
from tests.tidy import ROOT
from tests.unit.api.v1 import conftest as small

HOSTILE: Final = (
    "' OR '1'='1' -- {salt}",
    '"; DROP TABLE audit; -- {salt}',
    "\\'; SELECT pg_sleep(9) -- {salt}",
    "`{salt}`",
    "%s %({salt})s %% %",
    ":{salt} ? $1 @{salt}",
    "{{{salt}}}",
    "x'); DELETE FROM tokens WHERE ('{salt}'='{salt}",
    "é{salt}\u202eß\U0001f600",
    "{salt}' UNION SELECT hash FROM tokens --",
    "{salt}\x00",
    "0x{salt}",
    "CUSTOM_{salt}",
    "null",
)
"""Every way of leaving a text that databases and drivers know."""

SALTS: Final = ("Q7", "Z31", "0A0A")


class Asker:
    """Both faces over one ledger, asked without a server between, by callers with hostile names."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        gate = Gate(ledger, (auth.dev,), POLICIES["default"])
        self._v1, self._placement = V1App(gate, Feed(ledger)), PlacementApp(gate)

    def ask(self, method: str, target: str, headers: Headers = (), data: bytes | None = None) -> RawReply:
        path, _, query = target.partition("?")
        face: App = self._v1 if path.startswith("/v1") else self._placement
        reply = face.handle(Request(method, path, query, dict(headers), data or b"", address="192.0.2.1"))
        if isinstance(reply, PendingReply):
            self._ledger.work()
            reply.answer.exception(timeout=60)
            reply = reply.then()
        self._ledger.work()
        assert isinstance(reply, Reply)
        return RawReply(reply.status, tuple(reply.headers), reply.body)


class Salted(World):
    """A fleet whose uuids and names are others with each salt."""

    salt: str

    def uuid(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.salt}/{name}"))

    def named(self, text: str) -> str:
        return super().named(text.replace("{minor}", self.salt))


def leaves(value: Any, replaced: str) -> Iterator[Any]:
    """The same value with one text of it replaced, for each text in it, keys as well."""
    if isinstance(value, str):
        yield replaced
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {(replaced if each == key else each): kept for each, kept in value.items()}
            for changed in leaves(item, replaced):
                yield {**value, key: changed}
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for changed in leaves(item, replaced):
                yield [*value[:place], changed, *value[place + 1 :]]


def targets(target: str, replaced: str) -> Iterator[str]:
    """The same target with one part of its path or query replaced."""
    path, _, query = target.partition("?")
    start = 3 if path.startswith("/v1") else 2
    parts = path.split("/")
    raw = replaced.replace("/", "")
    for place in range(start, len(parts)):
        yield "/".join([*parts[:place], raw, *parts[place + 1 :]])
    pairs = query.split("&") if query else []
    for place, pair in enumerate(pairs):
        name = pair.partition("=")[0]
        yield f"{path}?{'&'.join([*pairs[:place], f'{name}={quote(replaced)}', *pairs[place + 1 :]])}"


def salted(value: Any, salt: str) -> Any:
    """A call of the small fleet, with other uuids and names."""
    text = json.dumps(value)
    for known in (small.HOST, small.DISK, small.RACK, small.JOB, small.OTHER, small.NOBODY):
        text = text.replace(known, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{salt}/{known}")))
    for name in ("host-", "disk-", "physics", "arts", "ada"):
        text = text.replace(name, f"{name}{salt}")
    return json.loads(text)


def throw(asker: Asker, salt: str) -> None:
    """Every route and every verb, asked well and then with something hostile in every place."""
    words = [each.format(salt=salt) for each in HOSTILE]
    count = 0
    for method, target, body, headers in calls(asker, salt):
        asker.ask(method, target, headers, _data(body))
        for place, word in enumerate(words):
            if (place + count) % 4:  # each place gets each fourth, the next one the next
                continue
            for hostile in targets(target, word):
                asker.ask(method, hostile, headers, _data(body))
            for hostile in leaves(body, word):
                asker.ask(method, target, headers, _data(hostile))
        count += 1
    for word in words:  # as whoever asks
        headers = (("x-auth-token", word), ("x-roles", word), ("x-project-id", word), ("user-agent", word))
        asker.ask("GET", "/v1/audit", headers)
        named = (("x-auth-token", word), ("x-roles", "admin"), ("content-type", "application/json"))
        asker.ask("POST", "/v1/commands/CreateTrait", named, b'{"name": "CUSTOM_%s_%d"}' % (salt.encode(), len(word)))


def calls(asker: Asker, salt: str) -> Iterator[tuple[str, str, Any, Headers]]:
    sent = (("x-auth-token", "admin"), ("content-type", "application/json"))
    world = Salted(asker, NEWEST)  # type: ignore[arg-type]
    newest = (*sent, ("openstack-api-version", f"placement 1.{NEWEST}"))
    for line in LINES:
        if line.since <= NEWEST <= line.until:
            method = line.operation.partition(" ")[0]
            body = line.body(world) if callable(line.body) else line.body
            yield method, world.named(line.path), body, newest
    for route in ROUTES:
        target, body = CALLS.get(route.name, (route.path, None))
        yield route.method, salted(target, salt), salted(body, salt), sent


def _data(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def executed(ledgers: EmptyLedgers, salt: str) -> set[str]:
    """The statements of one run, from an empty ledger on."""
    Salted.salt = salt
    with berth_statements.recorded_texts() as texts, open_ledger(ledgers.new()) as ledger:
        asker = Asker(ledger)
        fill_world(Salted(asker, NEWEST))  # type: ignore[arg-type]
        throw(asker, salt)
    return {normal(each) for each in texts}


@pytest.mark.timeout(900)
def test_what_is_executed_does_not_grow_with_what_is_sent(ledgers: EmptyLedgers) -> None:
    first, second, third = (executed(ledgers, salt) for salt in SALTS)
    assert len(first) > 40
    assert (second - first, third - first) == (set(), set())
    assert with_data(first) == {}


@pytest.mark.at_the_end
def review_statements() -> Iterator[str]:
    """Yield what `berth review` asks a database about rights: texts that stand in its modules."""
    for module in (encryption, public_rights, rights):
        yield from (normal(str(each)) for each in vars(module).values() if isinstance(each, TextClause))


def test_no_statement_of_this_run_has_data_in_it() -> None:
    """Of any process: each word is the language's, or the schema's, or one of a few constants."""
    own = set(map(limited_transaction, Purpose))  # limits of time, which are constants
    own |= set(review_statements())
    assert with_data([each for each in recorded() if each not in own]) == {}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT providers.uuid FROM providers WHERE providers.name = ?", []),
        ("SELECT providers.uuid FROM providers WHERE providers.name = 'host-1'", ["'host-1'"]),
        ("SELECT providers.uuid FROM providers WHERE providers.id = 4711", ["4711"]),
        ('SELECT providers.uuid FROM providers WHERE providers.name = "host"', ['"host"']),
        ("SELECT providers.uuid FROM providers ORDER BY mallory", ["mallory"]),
    ],
)
def test_data_in_a_statement_is_noticed(statement: str, found: list[str]) -> None:
    assert with_data([statement]) == ({statement: found} if found else {})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT a FROM t WHERE b IN (%(b_1_1)s::VARCHAR, %(b_1_2)s::VARCHAR)",
        "SELECT a FROM t WHERE b IN (?, ?, ?)",
        "SELECT a  FROM t WHERE b IN (%s)",
    ],
)
def test_only_the_number_of_values_may_differ(statement: str) -> None:
    assert normal(statement) == "SELECT a FROM t WHERE b IN (?)"


TEXTS: Final = {"text", "exec_driver_sql", "literal_column", "DDL", "executescript", "TextClause"}
BUILT: Final = {
    ("store/grants.py", "text"): "names of roles, quoted by the dialect",
    ("store/migrations/versions/0010_consumer_names.py", "text"): "a constant: the condition of a partial index",
    ("store/prepared.py", "exec_driver_sql"): "what SQLAlchemy compiled of a statement",
    ("store/postgresql.py", "exec_driver_sql"): "constants that begin a transaction",
    ("store/sqlite.py", "execute"): "one of a few constants",
    ("store/sqlite.py", "exec_driver_sql"): "one of two constants",
    ("store/mariadb.py", "execute"): "one of a few constants",
}
"""Where a text that is not written out is given to a database, and what it is."""


def built(path: Path) -> Iterator[tuple[str, str]]:
    """Calls that give a database a text that is not written out there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        text = node.args[0]
        if (name in TEXTS and not isinstance(text, ast.Constant)) or (
            name == "execute" and isinstance(text, ast.JoinedStr | ast.BinOp)
        ):
            yield str(path.relative_to(ROOT / "src/berth")), name


def test_no_text_is_put_together_in_the_source() -> None:
    assert {each for path in (ROOT / "src/berth/store").rglob("*.py") for each in built(path)} == set(BUILT)


def test_nobody_else_speaks_sql() -> None:
    """The store, and the review: it reads the catalogues of database servers, by constant texts with bound values."""
    speakers = {
        "/".join(path.relative_to(ROOT / "src/berth").parts[:-1])
        for path in (ROOT / "src/berth").rglob("*.py")
        if re.search(r"from sqlalchemy\S* import .*\btext\b", path.read_text(encoding="utf-8"))
    }
    assert speakers <= {"store", "review/deployment"}
