"""The policy table: nothing is served that it does not name, and a file may change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.api.auth.policy import ANYONE, DEFAULT, OF_A_PROJECT, POLICIES, PROJECT_ROLES, Policy
from berth.api.auth.policy_file import PolicyUnusable, read_policy
from berth.api.http.limits import Limiter
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.app import UnusableSettings, mounts_of
from berth.ledger import open_ledger
from berth.model.caller import ROLES, Caller
from berth.settings import Limits, Settings

FACES = (PlacementApp, V1App)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_route_has_a_rule(policy: Policy) -> None:
    assert [policy.lacks(face.operations()) for face in FACES] == [[], []]


def test_every_rule_names_roles_that_there_are() -> None:
    assert {role for roles in DEFAULT.values() for role in roles} <= {*ROLES, ANYONE}
    assert DEFAULT.keys() >= OF_A_PROJECT


def test_what_the_table_does_not_name_is_refused_to_everybody() -> None:
    everything = Caller(user="admin", roles=frozenset(ROLES))
    for policy in POLICIES.values():
        assert not policy.allows("providers.invent", everything)


@pytest.mark.parametrize("operation", DEFAULT)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("project", ["mine", "theirs", None])
def test_who_may(operation: str, role: str, project: str | None) -> None:
    caller = Caller(user="u", project="mine", roles=frozenset({role}))
    allowed = role in DEFAULT[operation] or ANYONE in DEFAULT[operation]
    if role in PROJECT_ROLES and operation in OF_A_PROJECT:
        allowed = project == "mine"
    assert POLICIES["default"].allows(operation, caller, project) == allowed


def test_a_route_without_a_rule_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "short", Policy("short", {"providers.list": frozenset({"admin"})}))
    with (
        open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger,
        pytest.raises(UnusableSettings, match=r"the policy short has no rule for .*providers\.create"),
    ):
        mounts_of(Settings(policy="short"), ledger, None, Limiter(Limits()), None)  # type: ignore[arg-type]


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text)
    return file


def test_a_file_changes_rules(tmp_path: Path) -> None:
    policy = read_policy(
        written(tmp_path, 'extends = "secure-rbac"\n[operations]\n"providers.list" = ["reader"]\n"reshape" = []\n')
    )
    reader, admin = (Caller(roles=frozenset({role})) for role in ("reader", "admin"))
    assert policy.allows("providers.list", reader)
    assert not policy.allows("providers.list", admin)
    assert policy.allows("providers.show", admin)
    assert policy.table()["reshape"] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[operations]\n"providers.lst" = []', "'providers.lst' is not an operation; did you mean providers.list?"),
        ('[operations]\n"reshape" = ["admn"]', "'admn' is not a role, of reshape; did you mean admin?"),
        ('[operations]\n"reshape" = "admin"', "reshape must be a list of roles"),
        ('extends = "defalt"', "did you mean default?"),
        ("extend = 1", "'extend' is not a key; did you mean extends?"),
        ("operations = 1", "operations must be a table"),
        ("[", "is not TOML"),
    ],
)
def test_a_file_that_makes_no_sense(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PolicyUnusable) as refusal:
        read_policy(written(tmp_path, text))
    assert why in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyUnusable, match="cannot be read"):
        read_policy(tmp_path / "none.toml")
