"""`berth review` as a user runs it: reports, exit statuses, baselines, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from berth.cli.main import app

UNSAFE = "import hashlib\n\n\ndef stored(password):\n    return hashlib.md5(password.encode()).hexdigest()\n"
SAFE = "def add(first, second):\n    return first + second\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(UNSAFE)
    (tmp_path / "requirements.txt").write_text("pyjwt==2.3.0\n")
    return tmp_path


def berth(*words: object) -> Result:
    return CliRunner().invoke(app, ["review", *map(str, words)])


def test_findings_are_status_1_and_none_is_0(project: Path) -> None:
    found = berth(project, "--only", "code")
    assert (found.exit_code, "app.py:5" in found.stdout) == (1, True)
    (project / "app.py").write_text(SAFE)
    assert berth(project, "--only", "code").exit_code == 0


def test_the_threshold_of_the_status(project: Path) -> None:
    (project / "app.py").write_text(SAFE)
    (project / "requirements.txt").write_text("pyjwt==2.10.1\n")
    assert berth(project).exit_code == 0
    assert berth(project, "--fail-on", "question").exit_code == 1


def test_only_one_part_or_one_weakness(project: Path) -> None:
    dependencies = json.loads(berth(project, "--only", "deps", "--format", "json").stdout)
    assert {each["cwe"] for each in dependencies["findings"]} == {1395}
    one = json.loads(berth(project, "--cwe", "CWE-1395,89", "--format", "json").stdout)
    assert {each["cwe"] for each in one["findings"]} == {1395}


@pytest.mark.parametrize("path", ["requirements.txt", "requirements/prod.txt", "requirements"])
def test_pins_without_code_may_be_used_by_any(path: str, tmp_path: Path) -> None:
    file = tmp_path / (path if path.endswith(".txt") else f"{path}/prod.txt")
    file.parent.mkdir(exist_ok=True)
    file.write_text("pyjwt==2.3.0\n" if path != "requirements/prod.txt" else f"pyjwt==2.3.0 --hash=sha256:{'0' * 64}\n")
    found = berth(tmp_path / path)
    assert (found.exit_code, "HIGH  CWE-1395" in found.stdout) == (1, True)
    assert "Use pyjwt 2.4.0 or newer" in found.stdout


def test_what_cannot_be_read_is_named_and_the_rest_is_reviewed(tmp_path: Path) -> None:
    hostile = {
        "deep.py": b"x = " + b"(" * 5000 + b")" * 5000,
        "line.py": b"x = '" + b"a" * 10_000_000 + b"'\n",
        "nul.py": b"x = '\0'",
        "cycle.py": b"from other import *\nimport cycle\n",
        "other.py": b"from cycle import *\n",
        "app.py": UNSAFE.encode(),
    }
    for name, content in hostile.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "loop").symlink_to(tmp_path)
    found = berth(tmp_path, "--only", "code")
    assert (found.exit_code, "app.py:5" in found.stdout) == (1, True)
    unseen = found.stdout.partition("NOT SEEN")[2].partition("RECOMMENDATIONS")[0]
    lines = unseen.strip().splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["deep.py", "line.py", "nul.py"]
    assert "larger than 2048 KiB" in lines[1]


@pytest.mark.parametrize(
    ("form", "begins"), [("json", "{"), ("sarif", "{"), ("html", "<!doctype"), ("text", "SUMMARY")]
)
def test_every_form_goes_to_a_file(project: Path, form: str, begins: str) -> None:
    target = project.parent / "report"
    assert berth(project, "--format", form, "--output", target).stdout == ""
    assert target.read_text().startswith(begins)


def test_a_baseline_hides_what_is_known(project: Path) -> None:
    baseline = project.parent / "baseline.json"
    assert berth(project, "--write-baseline", baseline).exit_code == 0
    assert berth(project, "--baseline", baseline).exit_code == 0
    (project / "more.py").write_text(UNSAFE)
    assert berth(project, "--baseline", baseline).exit_code == 1


def test_a_suppression_without_use_is_status_2(project: Path) -> None:
    (project / "app.py").write_text(f"{SAFE}# berth: allow CWE-89 because of nothing\n")
    result = berth(project, "--only", "code")
    assert (result.exit_code, "matches no finding" in result.stderr) == (2, True)


def test_a_suppression_with_a_reason_counts_as_checked(project: Path) -> None:
    marked = UNSAFE.replace("hexdigest()", "hexdigest()  # berth: allow CWE-916 because it is a test")
    cwe = json.loads(berth(project, "--only", "code", "--format", "json").stdout)["findings"][0]["cwe"]
    (project / "app.py").write_text(marked.replace("916", str(cwe)))
    result = berth(project, "--only", "code")
    assert (result.exit_code, "it is a test" in result.stdout) == (0, True)


WRONG = [
    (["/nowhere"], "does not exist"),
    (["--only", "sources"], "--only takes"),
    (["--cwe", "x"], "--cwe takes"),
    (["--format", "pdf"], "Invalid value"),
    (["a", "b"], "give one PATH"),
    (["explain"], "give one weakness"),
    (["explain", "CWE-1"], "no rule looks for CWE-1"),
    (["--database", "postgresql://u:secret@h/d"], "password"),
    (["--url", "https://berth.example.com"], "--yes-this-is-mine"),
    (["--url", "127.0.0.1"], "not an address"),
    (["--url", "https://u:secret@127.0.0.1"], "password"),
    (["--yes-this-is-mine"], "needs --url"),
    ([".", "--url", "http://127.0.0.1:9"], "need the part deployment"),
    (["--only", "log", "--pid", "1"], "need the part deployment"),
    (["--only", "deployment", "--seal", "1:ab"], "needs the part log"),
    (["--seal", "x"], "is not a seal"),
    (["--pid", "-1"], "Invalid value"),
]


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_wrong_usage_is_status_2(words: list[str], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = berth(*words)
    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("option", ["--baseline", "--advisories", "--model"])
def test_a_file_that_is_none_is_status_2(project: Path, option: str) -> None:
    wrong = project.parent / "wrong.json"
    wrong.write_text("{")
    words = ("models", option, wrong) if option == "--model" else (project, option, wrong)
    assert berth(*words).exit_code == 2


def test_a_weakness_is_explained() -> None:
    text = berth("explain", "CWE-89").stdout
    assert "SQL Injection" in text
    assert "Number 2 of the Top 25" in text


def test_the_deployment_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "berth.toml").write_text('host = "0.0.0.0"\nauth = ["dev"]\n')
    words = ("--only", "deployment,log", "--url", "http://127.0.0.1:9", "--format", "json")
    result = json.loads(berth(*words).stdout)
    assert "auth-dev" in {each["rule"] for each in result["findings"]}
    assert any("berth.db" in each["needs"] for each in result["questions"])
    assert any("http://127.0.0.1:9: does not answer" in each["needs"] for each in result["questions"])


def test_results_are_kept_where_it_is_said(project: Path) -> None:
    folder = project.parent / "kept"
    words = ("--only", "code", "--cache", folder)
    first = berth(project, *words)
    (result,) = folder.iterdir()
    result.write_bytes(b"")
    assert berth(project, *words).stdout == first.stdout
    assert result.stat().st_size > 0
    assert berth(project, *words).stdout == first.stdout
    usual = Path(os.environ["XDG_CACHE_HOME"], "berth", "review")
    assert not usual.exists()
    berth(project, "--only", "code", "--no-cache")
    assert not usual.exists()
    berth(project, "--only", "code")
    assert len(list(usual.iterdir())) == 1


def test_a_cache_that_cannot_be_used_is_refused_if_it_was_asked_for(project: Path) -> None:
    file = project / "app.py"
    asked = berth(project, "--only", "code", "--cache", file)
    assert (asked.exit_code, "cannot be used: File exists" in asked.stderr) == (2, True)
    assert berth(project, "--cache", project.parent / "kept", "--no-cache").exit_code == 2
    usual = Path(os.environ["XDG_CACHE_HOME"], "berth", "review")
    usual.mkdir(parents=True)
    usual.chmod(0o777)
    assert berth(project, "--only", "code").exit_code == 1
    assert list(usual.iterdir()) == []
