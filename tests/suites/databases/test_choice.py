"""A database that is missing is skipped with a word about it, but fails where all three are promised."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import require_database, why_missing
from tests.support.ports import free_port


@pytest.fixture(
    params=[("postgresql", "BERTH_TEST_POSTGRESQL"), ("mariadb", "BERTH_TEST_MARIADB")], ids=lambda each: each[0]
)
def absent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """A kind of database without a server, and the variable that names its address."""
    kind, variable = request.param
    why_missing.cache_clear()
    monkeypatch.setenv(variable, f"{kind}://nobody:secret@127.0.0.1:{free_port()}/nothing")
    yield kind, variable
    why_missing.cache_clear()


@pytest.mark.parametrize(("ci", "raised"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing(
    absent: tuple[str, str], monkeypatch: pytest.MonkeyPatch, ci: str, raised: type[BaseException]
) -> None:
    kind, variable = absent
    monkeypatch.setenv("CI", ci)
    with pytest.raises(raised) as told:
        require_database(kind)
    assert f"no {kind} at " in str(told.value)
    assert f"(set {variable})" in str(told.value)
    assert "secret" not in str(told.value)
