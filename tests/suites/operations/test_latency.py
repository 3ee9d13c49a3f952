"""Claims and health checks are answered soon while others ask for much."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.latency import ALL, fill, measure, served
from tests.support.databases import chosen_kinds, empty_database, is_long, require_database
from tests.support.ports import free_port

HOSTS = 40_000 if is_long() else 20_000
SECONDS = 8.0 if is_long() else 2.0
FACTOR, MORE_S = (3, 0.05) if is_long() else (5, 0.2)
"""How many times as long as alone, and by how much more, claims may take at the 99th percentile."""
HEALTH_S = 0.02 if is_long() else 0.1
"""How long health checks may take at the 99th percentile. The short form has too few requests to be exact."""


@pytest.mark.alone
@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", [1, 2] if is_long() else [1])
@pytest.mark.parametrize("kind", [kind for kind in chosen_kinds() if kind != "mariadb"])
def test_claims_beside_long_reads(kind: str, workers: int, tmp_path: Path) -> None:
    require_database(kind)
    port = free_port()
    with empty_database(kind, tmp_path) as database:
        hosts = fill(database, HOSTS)
        with served(database, port, workers):
            idle = measure(port, hosts, SECONDS)
            loaded = measure(port, hosts, SECONDS, ALL)
    alone, beside = idle["claim"].quantile(0.99), loaded["claim"].quantile(0.99)
    assert beside <= max(FACTOR * alone, alone + MORE_S), f"{idle} alone, {loaded} beside {', '.join(ALL)}"
    assert loaded["health"].quantile(0.99) <= HEALTH_S, f"{loaded} beside {', '.join(ALL)}"
