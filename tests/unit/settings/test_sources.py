"""Where settings come from, and what is said of those that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.settings import Settings, SettingsWrong, flags_of, resolved
from berth.settings.sources import names


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "berth.toml"


def test_nothing_set() -> None:
    found = resolved(environment={})
    assert found.settings == Settings()
    assert set(found.origins.values()) == {"default"}


def test_flags_before_the_environment_before_the_file_before_the_defaults(file: Path) -> None:
    file.write_text('port = 1\nhost = "file"\nworkers = 2\n[limits]\nburst = 7\n')
    found = resolved({"port": 3, "host": None}, str(file), {"BERTH_PORT": "2", "BERTH_HOST": "variable"})
    settings = found.settings
    assert (settings.port, settings.host, settings.workers, settings.limits.burst) == (3, "variable", 2, 7)
    origins = {name: found.origins[name] for name in ("port", "host", "workers", "limits.burst", "policy")}
    assert origins == {
        "port": "command line",
        "host": "BERTH_HOST",
        "workers": str(file),
        "limits.burst": str(file),
        "policy": "default",
    }


def test_the_file_that_a_variable_names(file: Path) -> None:
    file.write_text("port = 1")
    assert resolved(environment={"BERTH_CONFIG": str(file)}).settings.port == 1


def test_the_file_that_is_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 1")
    monkeypatch.chdir(file.parent)
    assert resolved(environment={}).settings.port == 1


def test_variables_of_every_kind() -> None:
    settings = resolved(
        environment={
            "BERTH_AUTH": "token, oidc",
            "BERTH_METRICS_PUBLIC": "true",
            "BERTH_LIMITS_BURST": "2.5",
            "BERTH_OIDC_ROLE_MAP": '{"boss": "admin"}',
            "BERTH_TEST_POSTGRESQL": "postgresql://",
            "BERTH_TOKEN": "x",
        }
    ).settings
    assert settings.auth == ("token", "oidc")
    assert (settings.metrics_public, settings.limits.burst, settings.oidc.role_map) == (True, 2.5, {"boss": "admin"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("prt = 1", "line 1: there is no setting prt: did you mean port?"),
        ("\n\n[limits]\n\nbrst = 1", "line 5: there is no setting limits.brst: did you mean limits.burst?"),
        ("[limit]\ngroups = 1", "line 1: there is no setting limit"),
        ('\nport = "x"', "line 2: port is invalid: Expected int, got str"),
        ("auth = [1]", "line 1: auth is invalid"),
        ("port = ", "is not valid TOML"),
    ],
)
def test_a_file_that_makes_no_sense(file: Path, text: str, why: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsWrong) as refusal:
        resolved(file=str(file), environment={})
    assert str(file) in str(refusal.value)
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("BERTH_PRT", "1", "the variable BERTH_PRT is not a setting: did you mean BERTH_PORT?"),
        ("BERTH_PORT", "x", "BERTH_PORT: port is invalid"),
        ("BERTH_OIDC_ROLE_MAP", "x", "BERTH_OIDC_ROLE_MAP must be a table in JSON"),
        ("BERTH_CONFIG", "/nowhere/berth.toml", "/nowhere/berth.toml cannot be read"),
    ],
)
def test_a_variable_that_makes_no_sense(variable: str, value: str, why: str) -> None:
    with pytest.raises(SettingsWrong) as refusal:
        resolved(environment={variable: value})
    assert why in str(refusal.value)


def test_a_database_s_password_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@ss/word\n")
    settings = Settings(database="postgresql://berth@db:5432/berth", database_password_file=str(secret))
    assert settings.url == "postgresql://berth:p%40ss%2Fword@db:5432/berth"
    assert Settings().url == "sqlite:///berth.db"


def test_every_setting_can_be_set_by_a_variable_and_no_two_by_the_same() -> None:
    variables = [name.replace(".", "_") for name in names()]
    assert len(variables) == len(set(variables))


def test_any_setting_can_be_a_flag() -> None:
    pairs = ["limits.burst=2.5", "auth=token, oidc", "metrics_public=true", 'mtls.roles={"a": ["admin"]}', "policy=a=b"]
    found = resolved(flags_of(pairs), environment={"BERTH_LIMITS_BURST": "7"})
    settings = found.settings
    assert (settings.limits.burst, settings.auth, settings.metrics_public) == (2.5, ("token", "oidc"), True)
    assert (settings.mtls.roles, settings.policy) == ({"a": ("admin",)}, "a=b")
    assert found.origins["limits.burst"] == found.origins["mtls.roles"] == "command line"


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("limits.burst", "--set limits.burst: write NAME=VALUE"),
        ("limits.brst=1", "--set limits.brst: there is no setting limits.brst: did you mean limits.burst?"),
        ("prt=1", "--set prt: there is no setting prt: did you mean port?"),
        ("port=x", "--set port: port is invalid"),
        ("mtls.roles=x", "--set mtls.roles must be a table in JSON"),
        (
            "log.level=warn",
            "--set log.level: log.level must be one of debug, info, warning, error: did you mean warning?",
        ),
    ],
)
def test_a_flag_that_makes_no_sense(pair: str, why: str) -> None:
    with pytest.raises(SettingsWrong) as refusal:
        flags_of([pair])
    assert str(refusal.value).startswith(why)


@pytest.mark.parametrize(
    ("flags", "text", "variables", "where"),
    [
        (
            {"log.format": "jsn"},
            "",
            {},
            "the command line: log.format must be one of auto, console, json: did you mean json?",
        ),
        ({}, '[log]\nformat = "jsn"', {}, "line 2: log.format must be one of auto, console, json: did you mean json?"),
        ({}, "", {"BERTH_LOG_FORMAT": "jsn"}, "BERTH_LOG_FORMAT: log.format must be one of auto, console, json"),
    ],
)
def test_one_of_several_words(
    file: Path, flags: dict[str, str], text: str, variables: dict[str, str], where: str
) -> None:
    file.write_text(text)
    with pytest.raises(SettingsWrong) as refusal:
        resolved(flags, str(file), variables)
    assert where in str(refusal.value)


@pytest.mark.parametrize("where", ["flag", "variable", "file"])
def test_a_query_longer_than_the_server_takes_cannot_be_allowed(where: str, file: Path) -> None:
    file.write_text(f"[limits]\nquery_bytes = {65_001 if where == 'file' else 65_000}\n")
    environment = {"BERTH_LIMITS_QUERY_BYTES": "65001"} if where == "variable" else {}
    with pytest.raises(SettingsWrong, match=r"limits\.query_bytes is invalid: Expected int <= 65000"):
        resolved(flags_of(["limits.query_bytes=65001"] if where == "flag" else []), str(file), environment)


def test_headers_larger_than_the_server_takes_cannot_be_allowed() -> None:
    assert resolved(flags_of(["limits.header_bytes=400000"]), environment={}).settings.limits.header_bytes == 400_000
    with pytest.raises(SettingsWrong, match=r"limits\.header_bytes is invalid: Expected int <= 400000"):
        flags_of(["limits.header_bytes=400001"])
