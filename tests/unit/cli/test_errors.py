"""Error messages of commands: the reason, the next step, and the exit status."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from berth.cli.errors import REFUSED, UNUSABLE, error_name, report
from berth.cli.output.output import Output
from berth.cli.session import NoLedger, Session
from berth.model import errors
from berth.model.errors import BerthError


def session(*, url: str = "", token: str = "", names: tuple[str, ...] = (), broken: bool = False) -> Session:
    """A session of which only this is needed."""

    def all_names(_: object) -> list[Any]:
        if broken:
            raise errors.Unavailable("unreachable")
        return [SimpleNamespace(name=name) for name in names]

    ledger = SimpleNamespace(names=all_names)
    location = SimpleNamespace(url=url)
    fake = SimpleNamespace(output=Output(), location=location, remote=bool(url), token=token, ledger=ledger)
    return cast("Session", fake)


@pytest.mark.parametrize(
    ("error", "where", "status", "next_step"),
    [
        (NoLedger("there is no ledger at x"), {}, UNUSABLE, "`berth discover --apply`"),
        (errors.ClassNotFound("VPCU"), {"names": ("VCPU",)}, REFUSED, "did you mean VCPU?"),
        (errors.ClassNotFound("XYZ"), {"names": ("VCPU",)}, REFUSED, "`berth classes` lists them"),
        (errors.ClassNotFound("XYZ"), {"broken": True}, REFUSED, ""),
        (errors.TraitsNotFound(["HW_A"]), {"names": ("HW_AA",)}, REFUSED, "did you mean HW_AA?"),
        (errors.Unauthenticated("no"), {}, REFUSED, "set BERTH_TOKEN"),
        (errors.Forbidden("no"), {"url": "http://x"}, REFUSED, "set BERTH_TOKEN"),
        (errors.Forbidden("no"), {"url": "http://x", "token": "t"}, REFUSED, "`berth policy show`"),
        (errors.TooManyRequests("no"), {}, REFUSED, "try again"),
        (errors.Unavailable("no"), {"url": "http://x"}, UNUSABLE, "is `berth serve` running at http://x?"),
        (errors.Unavailable("no"), {}, UNUSABLE, "is the database running"),
        (errors.Invalid("no"), {}, REFUSED, ""),
    ],
)
def test_a_refusal_has_a_reason_and_a_next_step(
    error: BerthError, where: dict[str, Any], status: int, next_step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(error, session(**where)) == status
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("berth: ")
    assert (next_step in lines[1]) if next_step else len(lines) == 1


@pytest.mark.parametrize(
    ("error", "name"), [(errors.ClassNotFound("X"), "class-not-found"), (errors.Invalid("x"), "invalid")]
)
def test_programs_get_a_name(error: BerthError, name: str) -> None:
    assert error_name(error) == name
