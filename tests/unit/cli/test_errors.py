"""Error messages of commands: the reason, the next step, and the exit status."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from berth.cli.errors import REFUSED, UNUSABLE, error_name, report
from berth.cli.output.output import Output
from berth.cli.session import NoLedger, Session
from berth.model import errors
from berth.model.consumer import Consumer, Holder
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


HELD = Holder(Consumer("c1", 1, "p", "u", None), {"VCPU": 4})


def with_holders(error: errors.InUse | errors.CapacityExceeded) -> BerthError:
    """Return the refusal with one holder of two."""
    error.holders, error.holder_count = (HELD,), 2
    return error


@pytest.mark.parametrize(
    ("error", "next_step"),
    [
        (errors.ConsumerGenerationConflict("c", 4, None, {"host": {"VCPU": 4}}), "it holds 4 VCPU of host: --replace"),
        (errors.ConsumerGenerationConflict("c", None, 4), "it holds nothing now"),
        (with_holders(errors.ProviderInUse("host", {"VCPU": 5})), "holds it: c1 (4 VCPU) and 1 more; `berth release"),
        (errors.ProviderInUse("host", {"VCPU": 5}), "`berth show host` lists who holds it; `berth release"),
        (with_holders(errors.CapacityExceeded("host", "VCPU", amount=5)), "`berth show host` lists who holds it: c1"),
        (errors.ClassInUse("CUSTOM_X", ["a", "b"], 3), "used by: a, b and 1 more"),
        (errors.TraitInUse("CUSTOM_X", ["a"], 1), "used by: a"),
        (errors.ProviderHasChildren("host", ["a"], 1), "its children: a"),
        (errors.ProviderExists("name", "host", "uuid-1", "host"), "`berth show uuid-1`"),
        (errors.UnitsViolated("host", "VCPU", "max_unit", 4, 5), "`berth show`"),
        (errors.GenerationConflict("host", 2, 1), "read it again"),
    ],
)
def test_the_next_step_uses_the_fields(error: BerthError, next_step: str, capsys: pytest.CaptureFixture[str]) -> None:
    fake = session()
    fake.name_of = lambda uuid: uuid  # type: ignore[method-assign]
    assert report(error, fake) == REFUSED
    reason, step = capsys.readouterr().err.splitlines()
    assert "None" not in reason
    assert next_step in step


def test_a_claim_that_may_have_been_made_says_how_to_try_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.Unavailable("no answer")
    error.consumer = "c1"
    assert report(error, session(url="http://x")) == UNUSABLE
    assert "--consumer c1" in capsys.readouterr().err
