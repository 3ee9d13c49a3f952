"""Settings as commands get them: from all places, in one order, and shown without passwords."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import berth_command

FILE = """
database = "postgresql://u:file-password@file/d?sslpassword=file-other"
secret_file = "file-secret"

[keystone]
url = "https://me:file-keystone@keystone.example.com/v3"

[otel]
endpoint = "http://me:file-otel@collector:4318"

[log]
level = "debug"
"""


def berth(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    return subprocess.run(
        [*berth_command(), *words],
        cwd=folder,
        env={**kept, "COLUMNS": "300", "NO_COLOR": "1", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_where_each_value_comes_from_and_no_password(tmp_path: Path) -> None:
    (tmp_path / "berth.toml").write_text(FILE)
    done = berth(tmp_path, "config", "show", "--json", BERTH_LOG_LEVEL="error", BERTH_LOG_ACCESS="true")
    told = json.loads(done.stdout)
    assert told["database"] == {"value": "postgresql://u:***@file/d?sslpassword=***", "from": "berth.toml"}
    assert told["keystone.url"] == {"value": "https://me:***@keystone.example.com/v3", "from": "berth.toml"}
    assert told["otel.endpoint"] == {"value": "http://me:***@collector:4318", "from": "berth.toml"}
    assert told["log.level"] == {"value": "error", "from": "BERTH_LOG_LEVEL"}
    assert told["log.access"] == {"value": True, "from": "BERTH_LOG_ACCESS"}
    assert told["port"] == {"value": 8778, "from": "default"}
    assert "file-password" not in berth(tmp_path, "config", "show").stdout + done.stdout


def test_every_command_takes_its_database_and_the_tokens_secret_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "berth.toml").write_text('database = "sqlite:///set.db"\nsecret_file = "secret"\n')
    (tmp_path / "secret").write_bytes(os.urandom(32))
    (tmp_path / "secret").chmod(0o600)
    done = berth(tmp_path, "token", "create", "--name", "me", "--role", "admin")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix in ("", ".db")) == ["secret", "set.db"]
    (tmp_path / "secret").unlink()
    done = berth(tmp_path, "token", "create", "--name", "another", "--role", "admin")
    assert (done.returncode, "the secret secret cannot be read" in done.stderr) == (2, True)
    assert berth(tmp_path, "token", "list", "--database", "sqlite:///other.db").returncode == 2


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("--database", "postgresql://role@127.0.0.1:1/d"), {}),
        ((), {"BERTH_DATABASE": "postgresql://role@127.0.0.1:1/d"}),
    ],
)
def test_the_password_s_file_counts_wherever_the_url_comes_from(
    tmp_path: Path, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    variables = {**variables, "BERTH_DATABASE_PASSWORD_FILE": str(tmp_path / "nowhere")}
    done = berth(tmp_path, "db", "check", *words, **variables)
    assert (done.returncode, "nowhere" in done.stderr) == (2, True), done.stderr
    (tmp_path / "nowhere").write_text("a-password")
    done = berth(tmp_path, "db", "check", *words, **variables)
    assert (done.returncode, "the database at postgresql://role:***@127.0.0.1:1/d" in done.stderr) == (2, True)


def test_a_flag_goes_before_the_rest_also_of_serve(tmp_path: Path) -> None:
    (tmp_path / "berth.toml").write_text('policy = "file"')
    said = [
        berth(tmp_path, "serve").stderr,
        berth(tmp_path, "serve", BERTH_POLICY="variable").stderr,
        berth(tmp_path, "serve", "--set", "policy=set", BERTH_POLICY="variable").stderr,
        berth(tmp_path, "serve", "--set", "policy=set", "--policy", "flag", BERTH_POLICY="variable").stderr,
    ]
    assert [each.split("'")[1] for each in said] == ["file", "variable", "set", "flag"]
