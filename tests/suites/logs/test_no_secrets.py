"""Secrets are planted wherever a server could meet one; then all that it says, anywhere, is searched for them."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest
from sqlalchemy import make_url

from tests.support.commands import berth_command
from tests.support.databases import SERVER_KINDS, admin_connection, chosen_kinds, ledger_database, require_database
from tests.support.ports import free_port
from tests.support.servers import Server, observed_server

DATABASE, IDENTITY = "planted.Database/pass@word", "planted.Keystone.password"

SETTINGS = """
auth = ["token", "oidc", "keystone"]
secret_file = "secret"
database_password_file = "password"
policy = "default"

[log]
access = true
level = "debug"

[oidc]
issuer = "http://127.0.0.1:{away}/planted"
audience = "berth"

[keystone]
url = "http://127.0.0.1:{away}/v3"
password_file = "keystone"
"""


@dataclass(slots=True)
class Planted:
    """A server that was shown every secret, and what it said. secrets: by where each was planted."""

    server: Server
    secrets: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)


def unknown() -> dict[str, str]:
    """Credentials that are good for nothing, as people send them by mistake."""
    claims = {"iss": "planted", "sub": "planted", "aud": "berth"}
    return {
        "berth token": "berth_abcdefghij_" + "plantedplantedplantedplanted1234567890",
        "jwt": jwt.encode(claims, "planted-key-of-many-letters-0123456789", algorithm="HS256", headers={"kid": "x"}),
        "broken jwt": "eyJplanted0.eyJplanted1.planted2",
        "fernet": "gAAAAABplanted" + "A" * 60,
        "plain": "planted-plain-credential-0",
    }


def asks(port: int, secrets: dict[str, str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Every channel: method, path and the rest of a request, with a secret somewhere in it."""
    yield "GET", "/traits", {"headers": {"x-auth-token": secrets["valid"], "openstack-api-version": "placement 1.39"}}
    for credential in unknown().values():
        for path in ("/traits", "/v1/providers", "/metrics"):
            yield "GET", path, {"headers": {"x-auth-token": credential}}
            yield "GET", path, {"headers": {"authorization": f"Bearer {credential}"}}
    basic = base64.b64encode(b"me:planted-basic-password").decode()
    known = {"x-auth-token": secrets["valid"], "openstack-api-version": "placement 1.39"}
    yield "GET", "/traits", {"headers": {"authorization": f"Basic {basic}"}}
    for headers in (
        {"cookie": "session=planted-cookie"},
        {"x-api-key": "planted-api-key"},
        {"proxy-authorization": "Basic planted-proxy"},
        {"openstack-api-version": "planted-version"},
        {"x-roles": "planted-roles"},
        {"accept": "planted/accept"},
        {"content-type": "planted/type"},
        {"traceparent": "planted-parent"},
        {"user-agent": "planted-agent"},
        {"x-service-token": "planted-service"},
    ):
        yield "GET", "/traits", {"headers": {**known, **headers}}
        yield "PUT", "/allocations/x", {"headers": {**known, **headers}, "content": b"planted-body"}
    for query in ("access_token=planted-query", "planted-name=1", "name=planted-value", "resources=planted-resource:1"):
        for path in ("/traits", "/resource_providers", "/allocation_candidates", "/v1/providers", "/nowhere"):
            yield "GET", f"{path}?{query}", {"headers": known}
    for body in (b'{"password": "planted-json"}', b"{planted-broken", b'["planted-list"]', b'{"name": {"planted": 1}}'):
        for method, path in (
            ("POST", "/resource_providers"),
            ("PUT", "/v1/commands/create_trait"),
            ("POST", "/v1/claims"),
        ):
            yield method, path, {"headers": {**known, "content-type": "application/json"}, "content": body}


@pytest.fixture(scope="module", params=chosen_kinds(SERVER_KINDS))
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A server on a database with a password, which it was shown all secrets, and then lost."""
    kind = request.param
    require_database(kind)
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "temporary").mkdir()
    with ledger_database(kind, folder) as admin:
        role, url = _role(kind, admin)
        try:
            _settings(folder, kind)
            environment = {"BERTH_DATABASE": url, "TMPDIR": str(folder / "temporary")}
            made = _berth(folder, environment, "token", "create", "--name", "me", "--role", "admin")
            assert made.returncode == 0, made.stderr
            valid = made.stdout.strip()
            secrets = {"database": DATABASE, "keystone": IDENTITY, "valid": valid, **unknown()}
            secrets["token secret"] = (folder / "secret").read_text()
            with observed_server(folder, "--workers", "2", environment=environment, forked=False) as server:
                yield _played(Planted(server, secrets), environment, kind, role)
        finally:
            _drop(kind, admin, role)


def _role(kind: str, admin: str) -> tuple[str, str]:
    """A role with the planted password; the ledger's URL for it, without."""
    name = make_url(admin).database
    role = f"r{str(name)[-8:]}"
    made = {
        "postgresql": [
            f"CREATE ROLE {role} LOGIN PASSWORD '{DATABASE}'",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        ],
        "mariadb": [
            f"CREATE USER {role}@'%' IDENTIFIED BY '{DATABASE}'",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {role}@'%'",
        ],
    }[kind]
    with admin_connection(make_url(admin).set(drivername=_driver(kind))) as connection:
        for statement in made:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    return role, make_url(admin).set(username=role, password=None).render_as_string(hide_password=False)


def _driver(kind: str) -> str:
    return {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}[kind]


def _drop(kind: str, admin: str, role: str) -> None:
    gone = {"postgresql": f"DROP OWNED BY {role}; DROP ROLE {role}", "mariadb": f"DROP USER {role}@'%%'"}[kind]
    with admin_connection(make_url(admin).set(drivername=_driver(kind))) as connection:
        for statement in gone.split("; "):
            connection.exec_driver_sql(statement)


def _settings(folder: Path, kind: str) -> None:
    (folder / "berth.toml").write_text(SETTINGS.format(away=free_port()))
    for name, text in (
        ("password", DATABASE),
        ("keystone", IDENTITY),
        ("secret", "planted-token-secret-" + "0123456789abcdef"),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    assert kind


def _berth(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*berth_command(), *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _played(planted: Planted, environment: dict[str, str], kind: str, role: str) -> Planted:
    """Show the server all of them, take its database away, ask everything again, and note all that it says."""
    server, said = planted.server, planted.said
    said["replies"] = _replies(planted)
    _lock(kind, environment["BERTH_DATABASE"], role, locked=True)
    said["replies without a database"] = _replies(planted)
    _lock(kind, environment["BERTH_DATABASE"], role, locked=False)
    pids = [server.process.pid, *server.workers()]
    said["words of processes"] = "".join(_of(pid, "cmdline") for pid in pids)
    said["environments"] = "".join(_of(pid, "environ") for pid in pids)
    said["temporary files"] = "".join(map(_kept, (server.folder / "temporary").rglob("*")))
    for name, words in COMMANDS.items():
        done = _berth(server.folder, environment, *words)
        said[name] = done.stdout + done.stderr
    server.stop()
    said["log"] = server.output
    return planted


COMMANDS = {
    "audit list": ("audit", "list", "--json", "--limit", "10000"),
    "token list": ("token", "list", "--json"),
    "config show": ("config", "show", "--json"),
    "db check": ("db", "check"),
    "export": ("export",),
    "changes": ("changes", "--json"),
}


def _lock(kind: str, url: str, role: str, *, locked: bool) -> None:
    """Let the role in no more, and end its connections; or let it in again."""
    from tests.support.databases import server_url as place

    name = make_url(url).database
    with admin_connection(place(kind)) as connection:
        if kind == "postgresql":
            connection.exec_driver_sql(f"ALTER ROLE {role} {'NOLOGIN' if locked else 'LOGIN'}")
            mine = f"datname = '{name}' AND usename = '{role}'"
            ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"
        else:
            connection.exec_driver_sql(f"ALTER USER {role}@'%%' ACCOUNT {'LOCK' if locked else 'UNLOCK'}")
            ended = f"SELECT 1 FROM information_schema.processlist WHERE user = '{role}'"
        connection.exec_driver_sql(ended)
        if kind == "mariadb" and locked:
            connection.exec_driver_sql(f"KILL USER {role}")


def _replies(planted: Planted) -> str:
    """Every reply, headers and all, without what whoever asked has just sent (some refusals repeat it to them)."""
    told = []
    for method, path, more in asks(planted.server.port, planted.secrets):
        reply = planted.server.ask(method, path, **more)
        told.append(f"{reply.status_code} {reply.headers} {reply.text}")
    metrics = planted.server.ask("GET", "/metrics", headers={"x-auth-token": planted.secrets["valid"]})
    ready = planted.server.ask("GET", "/readyz")
    return "\n".join([*told, metrics.text, ready.text])


PLACES = [
    "replies",
    "replies without a database",
    "words of processes",
    "environments",
    "temporary files",
    *COMMANDS,
    "log",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_there(planted: Planted, place: str) -> None:
    said = planted.said[place]
    assert [name for name, secret in planted.secrets.items() if secret in said] == []


@pytest.mark.parametrize("place", [place for place in PLACES if not place.startswith("replies")])
def test_nothing_that_was_sent_is_there(planted: Planted, place: str) -> None:
    """Not even what only looks like nothing in particular. Whom to refuse what is told to nobody else."""
    assert "planted" not in planted.said[place].replace("/planted", "")


def test_every_place_was_searched(planted: Planted) -> None:
    said = planted.said
    assert said["log"].count('"event":"request"') > 150
    assert '"status":503' in said["log"]
    assert "503" in said["replies without a database"]
    assert "200" in said["replies"]
    assert "BERTH_DATABASE" in said["environments"]
    assert "serve" in said["words of processes"]
    assert '"outcome":"401"' in said["audit list"].replace(" ", "")
    assert "me" in said["token list"]
    assert "database_password_file" in said["config show"]
    assert "berth_requests_total" in said["replies"]


def test_clients_are_not_told_which_database_it_is(planted: Planted) -> None:
    for line in planted.said["replies without a database"].splitlines():
        assert not line.startswith("500 ")
        for word in ("postgresql", "mariadb", "psycopg", "pymysql", "NOLOGIN"):
            assert word not in line.lower() or line.startswith("#"), line


def test_nobody_else_reads_a_process_s_environment(planted: Planted) -> None:
    assert planted
    mode = Path("/proc/self/environ").stat().st_mode
    assert stat.S_IMODE(mode) == 0o400


def _of(pid: int, name: str) -> str:
    return _read(Path(f"/proc/{pid}/{name}"))


def _kept(path: Path) -> str:
    """What is in a file; nothing if it is none, or is gone since it was listed."""
    with suppress(FileNotFoundError, IsADirectoryError):
        return _read(path)
    return ""


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (("serve", "--database", "postgresql://u:planted-1@h/d"), "planted-1"),
        (("serve", "--database", "postgresql://u@h/d?password=planted-2"), "planted-2"),
        (("serve", "--set", "database=postgresql://u:planted-3@h/d"), "planted-3"),
        (("serve", "--otel-endpoint", "http://u:planted-4@h"), "planted-4"),
        (("demo", "--database", "postgresql://u:planted-5@h/d"), "planted-5"),
        (("db", "check", "--database", "mariadb://u:planted-6@h/d"), "planted-6"),
        (("providers", "--database", "mariadb://u:planted-7@h/d"), "planted-7"),
        (("token", "list", "--database", "mysql://u@h/d?passwd=planted-8"), "planted-8"),
        (("providers", "--url", "http://u:planted-9@h"), "planted-9"),
    ],
)
def test_a_command_takes_no_secret_among_its_words(tmp_path: Path, words: tuple[str, ...], secret: str) -> None:
    done = _berth(tmp_path, {"COLUMNS": "400"}, *words)
    assert done.returncode == 2, done.stderr
    assert secret not in done.stdout + done.stderr
    assert "password" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:planted-1@127.0.0.1:{port}/d",
        "postgresql://u@127.0.0.1:{port}/d?password=planted-1",
        "mariadb://u:planted-1@127.0.0.1:{port}/d",
        "postgresql://u:planted-1@127.0.0.1:{port}",
        "oracle://u:planted-1@h/d",
        "u:planted-1@h/d",
        "postgresql://u:planted-1@h:port/d",
        "postgresql://u:planted-1@[::1/d",
    ],
)
@pytest.mark.parametrize("words", [("serve",), ("providers",)])
def test_what_is_wrong_with_a_database_is_told_without_its_password(
    tmp_path: Path, url: str, words: tuple[str, ...]
) -> None:
    done = _berth(tmp_path, {"BERTH_DATABASE": url.format(port=free_port())}, *words)
    assert done.returncode == 2, done.stderr
    assert "planted" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


RAISING = """
from berth.cli import main
from berth.ledger import Ledger

def fail(self):
    text = "connecting to postgresql://u:planted-1@db/x with password='planted-2' and Bearer planted-3-0123456789"
    try:
        raise OSError(text)
    except OSError as error:
        raise RuntimeError(f"X-Auth-Token: planted-4 {error}") from error

Ledger.classes = fail
main()
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_error_that_tells_secrets_tells_none(tmp_path: Path, form: str) -> None:
    words = (sys.executable, "-c", RAISING)
    options = ("--database", "sqlite:///ledger.db", "--log-format", form)
    with observed_server(tmp_path, *options, command=words) as server:
        headers = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}
        reply = server.ask("GET", "/resource_classes", headers=headers)
        assert (reply.status_code, "planted" in reply.text) == (500, False)
        server.stop()
        assert "RuntimeError: X-Auth-Token: ***" in server.output
        assert "planted" not in server.output.replace(RAISING, "")
