"""The container's file: what it copies exists, and its steps, run here, end in a Berth that serves."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from berth.settings.sources import names
from tests.support.commands import berth_command
from tests.support.document_blocks import ROOT
from tests.support.http_client import ADMIN
from tests.support.servers import observed_server

FILE = ROOT / "deploy/Containerfile"
KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER", "VOLUME",
    "WORKDIR",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """Return every instruction with its words, with lines joined."""
    lines = [line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def of(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def test_it_is_written_in_known_instructions() -> None:
    assert {name for name, _ in instructions()} == KNOWN


def copied() -> list[str]:
    """Return what is copied from this folder."""
    return [source for rest in of("COPY") if "--from" not in rest for source in rest.split()[:-1]]


@pytest.mark.parametrize("source", copied())
def test_what_it_copies_is_there_and_not_left_out(source: str) -> None:
    assert (ROOT / source).exists()
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert source in let_in


def test_what_is_let_in_is_copied_and_the_rest_is_not() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(copied())


def test_its_stages() -> None:
    build, last = stages()
    assert build[0][1].endswith(" AS build")
    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /opt/berth /opt/berth"]
    base = build[0][1].partition(" ")[0]
    assert last[0][1] == base == "python:${PYTHON}-slim", "an environment works with the Python that it was made by"


def test_it_does_not_run_as_root() -> None:
    last = stages()[-1]
    user = max(place for place, (name, _) in enumerate(last) if name == "USER")
    assert last[user][1] == "10001:10001"
    assert user < [name for name, _ in last].index("ENTRYPOINT")
    assert not [rest for name, rest in last[user:] if name == "RUN"]


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for rest in of("ENV") for word in shlex.split(rest))


def test_its_variables_are_settings() -> None:
    variables = {f"BERTH_{name.replace('.', '_').upper()}" for name in names()}
    assert {name for name in environment() if name.startswith("BERTH_")} <= variables


def test_its_packages_are_pinned_and_are_those_of_the_tests() -> None:
    (install,) = (rest for rest in of("RUN") if "-r requirements" in rest)
    pins = _pins(ROOT / install.rpartition("-r ")[2].split()[0])
    known = _pins(ROOT / "requirements/test.txt") | _pins(ROOT / "requirements/run.txt")
    assert pins >= _pins(ROOT / "requirements/run.txt")
    assert any(pin.startswith("opentelemetry-sdk==") for pin in pins)
    assert pins <= known


def _pins(path: Path) -> set[str]:
    lines = [line.partition(" ")[0] for line in path.read_text().splitlines() if re.match(r"[a-z0-9]", line)]
    assert all("==" in line for line in lines)
    return set(lines)


def test_what_is_installed_serves_and_is_healthy(tmp_path: Path) -> None:
    """The steps of the first stage, with the packages of this environment instead of those of an index."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    _install(_wheel(tmp_path), venv)
    _compile(venv)
    words = (str(venv / "bin/berth"),)
    with observed_server(tmp_path, "--database", "sqlite:///ledger.db", command=words) as server:
        assert server.ask("GET", "/v1/providers", headers=ADMIN).status_code == 200
        assert server.ask("GET", "/ui/").text.lower().startswith("<!doctype html>")
        check = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
        assert check[0] == "/opt/berth/bin/python"
        here = [str(venv / "bin/python"), *(word.replace("8778", str(server.port)) for word in check[1:])]
        assert subprocess.run(here, check=False, capture_output=True).returncode == 0
    assert subprocess.run(here, check=False, capture_output=True).returncode != 0


def _wheel(folder: Path) -> Path:
    """Build Berth from just the files that the container gets."""
    source = folder / "source"
    for each in copied():
        (source / each).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / each).is_dir():
            shutil.copytree(ROOT / each, source / each, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / each, source / each)
    code = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True)
    return folder / done.stdout.strip().splitlines()[-1]


def _install(wheel: Path, venv: Path) -> None:
    """Install Berth, and a path to its dependencies, which must not bring a Berth of their own."""
    python = venv / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "-q", str(wheel)]
    subprocess.run(pip, check=True)
    (packages,) = (venv / "lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    where = subprocess.run(
        [python, "-c", "import berth; print(berth.__file__)"], capture_output=True, text=True, check=True
    )
    assert Path(where.stdout).is_relative_to(venv)


def _compile(venv: Path) -> None:
    """Compile what is installed, as the last step of the first stage: in the container nothing can be written there."""
    (step,) = (rest for name, rest in stages()[0][-1:] if name == "RUN")
    subprocess.run(shlex.split(step.replace("/opt/berth", str(venv))), check=True)
    sources = [*venv.glob("lib/python*/site-packages/berth/**/*.py")]
    assert len(sources) > 100
    for path in sources:
        flags = Path(importlib.util.cache_from_source(str(path))).read_bytes()[4:8]
        assert int.from_bytes(flags, "little") == 1, "a hash that is not checked (PEP 552)"


def test_its_command_is_a_command() -> None:
    words = [word for name in ("ENTRYPOINT", "CMD") for rest in of(name)[-1:] for word in json.loads(rest)]
    assert words[0] == "berth"
    done = subprocess.run([*berth_command(), *words[1:], "--help"], capture_output=True, check=False)
    assert done.returncode == 0
