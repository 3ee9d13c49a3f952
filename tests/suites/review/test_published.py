"""Published SQL injections in Python projects: each is found in the last version that has it, not in the mended one.

BERTH_TEST_PUBLISHED names a folder with the wheels of both, as `pip download --no-deps` brings them. A library's
finding may be an open question: who calls it, and with what, is not known there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from berth.review.code.engine import review_code
from berth.review.subject import read_subject

SETTING = "BERTH_TEST_PUBLISHED"
SQL = 89


@dataclass(frozen=True, slots=True)
class Published:
    """A defect: the wheels before and after, its lines there in one file, and how many other sinks that file keeps."""

    name: str
    before: str
    after: str
    path: str
    lines: frozenset[int]
    left: int = 0


PUBLISHED = (
    Published(
        "CVE-2019-10141",
        "ironic_inspector-8.2.0",
        "ironic_inspector-8.2.1",
        "ironic_inspector/node_cache.py",
        frozenset({849}),
    ),
    Published("CVE-2023-47128", "piccolo-1.1.0", "piccolo-1.1.1", "engine/postgres.py", frozenset({132, 239})),
    Published(
        "CVE-2024-11958",
        "llama_index_retrievers_duckdb_retriever-0.3.0",
        "llama_index_retrievers_duckdb_retriever-0.4.0",
        "retrievers/duckdb_retriever/base.py",
        frozenset({113}),
        left=1,
    ),
    Published(
        "CVE-2025-8709",
        "langgraph_checkpoint_sqlite-2.0.10",
        "langgraph_checkpoint_sqlite-2.0.11",
        "store/sqlite/base.py",
        frozenset({1333}),
        left=2,
    ),
    Published(
        "CVE-2025-55156",
        "pyload_ng-0.5.0b3.dev90",
        "pyload_ng-0.5.0b3.dev91",
        "core/database/file_database.py",
        frozenset({271}),
    ),
    Published(
        "CVE-2025-67644",
        "langgraph_checkpoint_sqlite-3.0.0",
        "langgraph_checkpoint_sqlite-3.0.1",
        "checkpoint/sqlite/__init__.py",
        frozenset({335}),
    ),
    Published("CVE-2025-69662", "geopandas-1.1.1", "geopandas-1.1.2", "geopandas/io/sql.py", frozenset({434}), left=3),
    # What is left runs the statements that its users write, which is what it is for.
    Published(
        "CVE-2026-11529",
        "mysql_mcp_server-0.2.2",
        "mysql_mcp_server-0.3.0",
        "mysql_mcp_server/server.py",
        frozenset({79}),
        left=2,
    ),
)


def _folder() -> Path:
    folder = os.environ.get(SETTING)
    if not folder:
        pytest.skip(f"{SETTING} names no folder with the wheels")
    return Path(folder)


def _sinks(folder: Path, wheel: str, path: str) -> set[int]:
    """Return the lines of a file of a wheel where a finding or an open question says that text reaches SQL."""
    (file,) = folder.glob(f"{wheel}-*.whl")
    review = review_code(read_subject(str(file)))
    places = [each.place for each in review.findings if each.cwe == SQL]
    places += [place for each in review.questions if SQL in each.cwes for place in each.places[1:]]
    return {each.line for each in places if each.path.endswith(path)}


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.name)
def test_it_is_found_before_and_not_after(published: Published) -> None:
    folder = _folder()
    assert _sinks(folder, published.before, published.path) >= published.lines
    assert len(_sinks(folder, published.after, published.path)) == published.left
