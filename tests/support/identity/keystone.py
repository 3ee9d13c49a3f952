"""A real Keystone on this machine: its own database and keys, users and projects, tokens of every kind."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import httpx
from cryptography.fernet import Fernet

from tests.support.ports import free_port
from tests.support.prerequisites import skip_or_fail

ROOT: Final = Path(__file__).resolve().parents[3]
BIN: Final = ROOT / ".venv-keystone/bin"
PATIENCE_S: Final = 90
PASSWORD: Final = "s3cret"

SERVE: Final = """
import sys
PORT = int(sys.argv.pop())  # what is left there, Keystone takes for options of its own
from werkzeug.serving import run_simple
from keystone.server.wsgi import initialize_public_application
run_simple("127.0.0.1", PORT, initialize_public_application(), threaded=True)
"""

CONFIGURATION: Final = """
[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.sqlite
[identity]
password_hash_rounds = 4
[token]
expiration = {expiration}
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/receipts
[credential]
key_repository = {folder}/credential
"""


def need() -> None:
    """Skip, or fail on CI, where there is no Keystone."""
    if not (BIN / "keystone-manage").exists():
        skip_or_fail(f"there is no Keystone in {BIN.parent}: `make .venv-keystone/.made`")


@dataclass(slots=True)
class Keystone:
    """Keystone, by its API. admin: a token of its administrator; ids: of projects, users and roles, by name."""

    folder: Path
    port: int
    admin: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    def start(self) -> None:
        """Begin to serve, on the same port each time."""
        with (self.folder / "served").open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "python", "-c", SERVE, str(self.port)], env=_environment(self.folder), stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        while not _listens(self.port):
            assert self._process.poll() is None, (self.folder / "served").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def stop(self) -> None:
        """End, as if it had crashed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def token(self, user: str, scope: Any = None, password: str = PASSWORD) -> str:
        """A new token of a user. scope: a project's name, a scope as Keystone has it, or none."""
        named = {"name": user, "domain": {"id": "default"}, "password": password}
        asked: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": named}}}
        if isinstance(scope, str):
            scope = {"project": {"name": scope, "domain": {"id": "default"}}}
        asked["scope"] = scope or "unscoped"
        reply = httpx.post(f"{self.url}/auth/tokens", json={"auth": asked}, timeout=PATIENCE_S)
        assert reply.status_code == 201, reply.text
        return str(reply.headers["x-subject-token"])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """As its administrator; the reply's JSON."""
        sent = {"x-auth-token": self.admin, **{name.replace("_", "-"): text for name, text in headers.items()}}
        reply = httpx.request(method, f"{self.url}{path}", json=body, headers=sent, timeout=PATIENCE_S)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    def revoke(self, token: str) -> None:
        self.ask("DELETE", "/auth/tokens", x_subject_token=token)

    def make_project(self, name: str) -> None:
        self.ids[name] = self.ask("POST", "/projects", {"project": {"name": name, "domain_id": "default"}})["project"][
            "id"
        ]

    def make_user(self, name: str, **roles: str) -> None:
        """A user with one role in each of these projects."""
        asked = {"user": {"name": name, "domain_id": "default", "password": PASSWORD}}
        self.ids[name] = self.ask("POST", "/users", asked)["user"]["id"]
        known = {each["name"]: each["id"] for each in self.ask("GET", "/roles")["roles"]}
        for project, role in roles.items():
            self.ask("PUT", f"/projects/{self.ids[project]}/users/{self.ids[name]}/roles/{known[role]}")

    def disable(self, user: str) -> None:
        self.ask("PATCH", f"/users/{self.ids[user]}", {"user": {"enabled": False}})

    @contextmanager
    def hurried(self) -> Iterator[Keystone]:
        """Another Keystone of the same users and keys, whose tokens end after two seconds."""
        folder = Path(mkdtemp(prefix="hurried-", dir=self.folder))
        (folder / "keystone.conf").write_text(CONFIGURATION.format(folder=self.folder, expiration=2))
        other = Keystone(folder, free_port())
        other.start()
        try:
            yield other
        finally:
            other.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environment(folder: Path) -> dict[str, str]:
    """Without what this run sets for Berth's processes, and with bytecode: else starting takes twice as long."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    return {**kept, "OS_KEYSTONE_CONFIG_FILES": str(folder / "keystone.conf"), "PYTHONWARNINGS": "ignore"}


def _manage(folder: Path, *words: str) -> None:
    command = [BIN / "keystone-manage", "--config-file", folder / "keystone.conf", *words]
    done = subprocess.run(command, env=_environment(folder), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@contextmanager
def running(folder: Path) -> Iterator[Keystone]:
    """A Keystone as its makers have it set up, with Berth's service user."""
    (folder / "keystone.conf").write_text(CONFIGURATION.format(folder=folder, expiration=3600))
    for keys in ("fernet", "receipts", "credential"):
        (folder / keys).mkdir(mode=0o700)
        for number in ("0", "1"):  # the next one and the present one, as `keystone-manage fernet_setup` has them
            (folder / keys / number).write_bytes(Fernet.generate_key())
    _manage(folder, "db_sync")
    keystone = Keystone(folder, free_port())
    _manage(folder, "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-public-url", keystone.url)
    keystone.start()
    try:
        keystone.admin = keystone.token("admin", "admin")
        keystone.make_project("service")
        keystone.make_user("placement", service="service")
        yield keystone
    finally:
        keystone.stop()
