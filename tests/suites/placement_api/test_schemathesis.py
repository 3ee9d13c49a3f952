"""What schemathesis makes of the documents, sent to a live server: no failure, and no answer that is not documented."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.suites.placement_api.conftest import Live
from tests.suites.placement_api.documents import documented
from tests.suites.placement_api.plausible import Plausible
from tests.support.cases.placement_world import NEWEST, World, fill
from tests.support.databases import chosen_kinds, is_long, runs_whole

VERSIONS = {NEWEST: 100, 28: 50, 11: 50, 6: 50} if is_long() else {NEWEST: 12, 28: 4, 11: 4, 6: 4}
"""How many requests of each kind are made of each operation, by version."""

NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
load_all_checks()
HELD_TO: list[Any] = [check for check in CHECKS.get_all() if check.__name__ in NAMES]


@cache
def operations(minor: int) -> dict[str, Any]:
    """Schemathesis's view of each operation of a version."""
    schema = schemathesis.openapi.from_dict(dict(documented(minor).value))
    found: list[Any] = [cast("Any", result).ok() for result in schema.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in found}


EVERY = [
    (kind, minor, name)
    for kind in filter(runs_whole, chosen_kinds())  # requests and replies are the same on all
    for minor in VERSIONS
    for name in documented(minor).operations
]


@pytest.fixture(scope="module")
def session() -> requests.Session:
    opened = requests.Session()
    opened.trust_env = False
    return opened


@pytest.fixture(scope="module")
def worlds(live: Live) -> dict[int, World]:
    made = {minor: World(live.wire, minor) for minor in VERSIONS}
    for world in made.values():
        fill(world)
    return made


def test_there_is_something_to_hold_answers_to() -> None:
    assert {check.__name__ for check in HELD_TO} == set(NAMES)


@pytest.mark.parametrize(
    ("database_kind", "minor", "name"),
    EVERY,
    ids=[f"{kind} 1.{minor} {name}" for kind, minor, name in EVERY],
    scope="module",
)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_operation(
    mode: GenerationMode,
    database_kind: str,
    minor: int,
    name: str,
    live: Live,
    session: requests.Session,
    worlds: dict[int, World],
) -> None:
    operation = operations(minor)[name]
    if mode is GenerationMode.NEGATIVE and not _can_be_bad(operation):
        return
    headers = {"X-Auth-Token": "admin", "OpenStack-API-Version": f"placement 1.{minor}"}

    @settings(
        max_examples=VERSIONS[minor],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 2**32))
    def run(case: Case[Any], seed: int) -> None:
        likely = Plausible(worlds[minor], seed)
        case.headers = CaseInsensitiveDict(headers)
        case.path_parameters = likely.path(operation.path, dict(case.path_parameters or {}))
        if mode is GenerationMode.POSITIVE:
            case.query = likely.query(operation.path, dict(case.query or {}))
            case.body = likely.body(case.body)
        response = case.call(base_url=f"http://127.0.0.1:{live.port}", session=session, timeout=20)
        case.validate_response(response, checks=HELD_TO)

    run()
    assert "Traceback" not in live.log.read_text()


def _can_be_bad(operation: Any) -> bool:
    """Whether there is anything but a path to spoil; spoilt paths lead elsewhere."""
    return bool(operation.query or operation.body)
