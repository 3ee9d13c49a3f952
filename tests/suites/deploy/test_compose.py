"""The compose file: everything that it names exists, and its steps, run here with a real PostgreSQL, give a ledger."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from sqlalchemy import text

from berth.settings import Settings
from berth.settings.sources import names, resolved
from tests.support.commands import berth_command
from tests.support.databases import admin_connection, require_database, server_url
from tests.support.deadline import until
from tests.support.document_blocks import ROOT
from tests.support.http_client import ADMIN
from tests.support.servers import observed_server

FOLDER = ROOT / "deploy/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("upgrade", "berth")

TOP = {"name", "services", "volumes", "secrets", "x-berth"}
OF_SERVICES = {
    "build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "ports",
    "read_only", "restart", "secrets", "security_opt", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
VARIABLES = {f"BERTH_{name.replace('.', '_').upper()}": name for name in names()}


def test_it_is_written_in_words_of_the_specification() -> None:
    assert set(COMPOSE) == TOP
    for name, service in SERVICES.items():
        assert set(service) <= OF_SERVICES, name
        assert isinstance(service["restart"], str)
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name


def test_all_that_it_names_is_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (FOLDER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        for variable, value in service.get("environment", {}).items():
            assert not value.startswith("/run/secrets/") or Path(value).name in service["secrets"], variable
    build = SERVICES["berth"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_no_secret_stands_in_it() -> None:
    assert all(each["file"].startswith("secrets/") for each in COMPOSE["secrets"].values())
    assert "secrets/" in (FOLDER / ".gitignore").read_text().split()
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or variable.endswith("_FILE"), name
            assert "@" not in value or ":" not in value.partition("://")[2].partition("@")[0]


@pytest.mark.parametrize("name", OURS)
def test_its_variables_are_settings_that_make_sense(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert set(environment) <= set(VARIABLES)
    found = resolved(environment=environment)
    assert {found.origins[VARIABLES[variable]] for variable in environment} == set(environment)


def test_berth_can_do_nothing_but_serve() -> None:
    for name in OURS:
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES["berth"]["ports"] == ["127.0.0.1:8778:8778"], "open to others only by configuration"


class Composed:
    """The steps of the services, in order, with a local PostgreSQL and names of its own."""

    def __init__(self, folder: Path) -> None:
        mark = uuid4().hex[:8]
        self.folder, self.owner, self.server, self.name = folder, f"o{mark}", f"s{mark}", f"berth_{mark}"
        self.secrets = folder / "secrets"
        self.at = server_url("postgresql")

    def environment(self, service: str) -> dict[str, str]:
        """Return a service's environment, with the names and places of this test."""
        given = {**SERVICES[service]["environment"]}
        where = f"{self.at.host or '127.0.0.1'}:{self.at.port or 5432}"
        url = given["BERTH_DATABASE"].replace("berth_owner@", f"{self.owner}@").replace("//berth@", f"//{self.server}@")
        given["BERTH_DATABASE"] = url.replace("@database/berth", f"@{where}/{self.name}")
        return {key: value.replace("/run/secrets", str(self.secrets)) for key, value in given.items()}

    def make_secrets(self) -> None:
        shutil.copy(FOLDER / "secrets.sh", self.folder)
        subprocess.run(["sh", str(self.folder / "secrets.sh")], check=True, capture_output=True)

    def make_roles(self) -> None:
        at = self.at
        given = {
            "SECRETS": str(self.secrets),
            "BERTH_OWNER": self.owner,
            "BERTH_SERVER": self.server,
            "BERTH_NAME": self.name,
            "POSTGRES_USER": at.username or "postgres",
            "PGHOST": at.host or "127.0.0.1",
            "PGPORT": str(at.port or 5432),
            "PGPASSWORD": at.password or "",
        }
        words = ["sh", str(FOLDER / "roles.sh")]
        done = subprocess.run(words, env={**os.environ, **given}, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def upgrade(self) -> str:
        service = SERVICES["upgrade"]
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "berth").write_text(f'#!/bin/sh\nexec {shlex.join(berth_command())} "$@"\n')
        (bin_folder / "berth").chmod(0o755)
        environment = {**os.environ, **self.environment("upgrade"), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        (script,) = service["command"]
        named = script.replace("db grant", f"db grant --owner {self.owner} --server {self.server}")
        words = [*service["entrypoint"], named]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def drop(self) -> None:
        with admin_connection(self.at) as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)"))
            for role in (self.owner, self.server):
                connection.execute(text(f"DROP ROLE IF EXISTS {role}"))


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    require_database("postgresql")
    if shutil.which("psql") is None:
        pytest.skip("there is no psql here")
    made = Composed(tmp_path)
    try:
        yield made
    finally:
        made.drop()


def test_its_steps_lead_to_a_ledger_that_serves(composed: Composed) -> None:
    composed.make_secrets()
    (composed.secrets / "owner_password").chmod(0o600)
    (composed.secrets / "owner_password").write_text('it\'s a \\ "password" $HOME `id` :x\n')
    composed.make_roles()
    assert f"{composed.server}" in composed.upgrade()
    environment = {**composed.environment("berth"), "BERTH_AUTH": "dev"}
    with observed_server(composed.folder, environment=environment) as serving:
        assert serving.ask("POST", "/resource_providers", headers=ADMIN, json={"name": "x"}).status_code == 200
        until(lambda: serving.ask("GET", "/readyz").status_code == 200, "it is not ready")
    said = serving.output
    assert "has more rights than serving needs" not in said
    assert (composed.secrets / "server_password").read_text() not in said
    with admin_connection(composed.at.set(database=composed.name)) as connection:
        grants = connection.execute(text(f"SELECT has_table_privilege('{composed.server}', 'changes', 'DELETE')"))
        assert grants.scalar_one() is False


def test_secrets_are_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "secrets.sh", tmp_path)
    for _ in range(2):
        subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=True, capture_output=True)
        found = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
        assert set(found) == set(COMPOSE["secrets"])
        assert len(set(found.values())) == len(found)
        assert all(len(each) == 64 for each in found.values())
    subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=True, capture_output=True)
    assert found == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets/token_secret").stat().st_mode) == 0o400


def test_a_request_may_take_as_long_as_berth_lets_it() -> None:
    assert SERVICES["berth"]["stop_grace_period"] == "45s"
    assert Settings().limits.slow_seconds < 45
