"""API tokens over HTTP: told once, kept by nobody, of use at once and until they are revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import berth
from berth import Client, TokenSpec
from berth.model import errors
from tests.suites.cli.conftest import berth as here
from tests.support.commands import output_of_berth as command
from tests.support.servers import configured_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def root(folder: Path) -> str:
    """The text of an administrator's token."""
    (folder / "berth.toml").write_text(f'database = "sqlite:///{folder}/ledger.db"')
    return command(folder, "token", "create", "--name", "root", "--role", "admin")


@pytest.fixture(scope="module")
def url(folder: Path, root: str) -> Iterator[str]:
    with configured_server(folder, 'auth = ["token"]\n') as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def admin(url: str, root: str) -> Iterator[Client]:
    with berth.connect(url, token=root) as client:
        yield client


def knows(url: str, text: str) -> bool:
    with berth.connect(url, token=text) as client:
        try:
            return bool(client.me().name)
        except errors.Unauthenticated:
            return False


def test_from_making_one_to_its_end(url: str, admin: Client) -> None:
    made = admin.create_token(TokenSpec(name="ci", roles=("service",), project="build", lasts_seconds=3600))
    assert made.token == next(token for token in admin.tokens() if token.name == "ci")
    assert knows(url, made.text)
    anew = admin.rotate_token("ci", grace_seconds=600)
    assert knows(url, made.text)
    assert knows(url, anew.text)
    last = admin.rotate_token("ci")
    assert [knows(url, each.text) for each in (made, anew, last)] == [False, False, True]
    admin.revoke_token("ci")
    assert not knows(url, last.text)
    for again in (admin.revoke_token, admin.rotate_token):
        with pytest.raises(errors.TokenNotFound):
            again("ci")
    with pytest.raises(errors.TokenExists):
        admin.create_token(TokenSpec(name="ci", roles=("service",)))


def test_no_hash_and_no_text_is_told_again(admin: Client, url: str, root: str) -> None:
    minted = admin.create_token(TokenSpec(name="quiet", roles=("reader",)))
    assert minted.text not in repr(minted)
    said = here("token", "list", "--json", "--url", url, env={"BERTH_TOKEN": root}).out
    assert '"quiet"' in said
    assert minted.text not in said
    assert "hash" not in said


def test_only_an_administrator_may(url: str, admin: Client) -> None:
    service = admin.create_token(TokenSpec(name="service", roles=("service",))).text
    before = admin.tokens()
    with berth.connect(url, token=service) as client:
        for attempt in (
            client.tokens,
            lambda: client.create_token(TokenSpec(name="more", roles=("admin",))),
            lambda: client.rotate_token("root"),
            lambda: client.revoke_token("root"),
        ):
            with pytest.raises(errors.Forbidden):
                attempt()
    assert [token.name for token in admin.tokens()] == [token.name for token in before]


def test_the_command_line_does_it_through_a_server(url: str, root: str) -> None:
    there, env = ("--url", url), {"BERTH_TOKEN": root}
    made = here("token", "create", "--name", "far", "--role", "service", "--expires", "1h", *there, env=env)
    assert (made.status, made.out.count("\n")) == (0, 1)
    assert "Token 'far' created, valid until" in made.err
    assert knows(url, made.out.strip())
    assert "far" in here("token", "list", *there, env=env).out
    anew = here("token", "rotate", "far", *there, env=env)
    assert knows(url, anew.out.strip())
    assert here("token", "revoke", "far", *there, env=env).out == "token far revoked\n"
    assert not knows(url, anew.out.strip())
    refused = here("token", "revoke", "far", *there, env=env)
    assert (refused.status, "`berth token list`" in refused.err) == (1, True)
