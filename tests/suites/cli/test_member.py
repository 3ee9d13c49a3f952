"""A member names no project: claims, holds and leases are of its own."""

from __future__ import annotations

from pathlib import Path

import berth
from tests.support.commands import run_berth
from tests.support.servers import Server, token_server_group


def test_what_a_member_makes_is_of_its_own_project(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'berth.db'}"
    with token_server_group(database, tmp_path, 1) as [server]:
        with berth.open(database) as ledger:
            ledger.create_provider("gpu-01")
            ledger.set_inventories("gpu-01", {"PGPU": berth.Inventory(8)})
        made = "--name", "ada", "--role", "member", "--project", "physics", "--secret-file", str(tmp_path / "secret")
        token = run_berth("token", "create", *made, "--database", database).stdout.strip()
        admin, member = (_as(each, server, tmp_path) for each in (server.token, token))
        for words in (("claim", "PGPU=1"), ("hold", "PGPU=1"), ("lease", "grant", "node-1")):
            assert "no project given" in run_berth(*words, *admin, status=2).stderr
            run_berth(*words, *member)
        with berth.open(database) as ledger:
            assert [each.project for each in ledger.consumers().items] == ["physics", "physics"]
            assert [each.project for each in ledger.leases.list().items] == ["physics"]


def _as(token: str, server: Server, folder: Path) -> tuple[str, ...]:
    """Return the options of a caller."""
    file = folder / f"{token[:12]}.token"
    file.write_text(token)
    file.chmod(0o600)
    return "--url", server.url, "--token-file", str(file)
