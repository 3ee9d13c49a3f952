"""Whose claim it is, if no project is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import typer

from berth.cli.claimant import new_claimant
from berth.cli.session import Session
from berth.model.pages import CallerInfo


def session(*roles: str, remote: bool = True, project: str = "physics") -> Session:
    """A session of which only the caller is needed."""
    me = CallerInfo(name="token/ci", user="ada", project=project, roles=list(roles), via="token")
    return cast("Session", SimpleNamespace(remote=remote, client=SimpleNamespace(me=lambda: me)))


@pytest.mark.parametrize(
    ("project", "user", "expected"),
    [("", "", ("physics", "ada")), ("", "ben", ("physics", "ben")), ("maths", "ben", ("maths", "ben"))],
)
def test_the_server_knows_the_project_of_a_member(project: str, user: str, expected: tuple[str, str]) -> None:
    claimant = new_claimant(session("member", "reader"), consumer="", project=project, user=user, kind="")
    assert (claimant.project, claimant.user) == expected


@pytest.mark.parametrize(
    "caller",
    [
        session("admin", "member"),
        session("service"),
        session("reader"),
        session("member", project=""),
        session("member", remote=False),
    ],
)
def test_anyone_else_has_to_name_it(caller: Session) -> None:
    with pytest.raises(typer.BadParameter, match="no project given: add --project NAME"):
        new_claimant(caller, consumer="", project="", user="", kind="")
