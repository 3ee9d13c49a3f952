"""No page installs what a registry calls berth: that is another program. Berth is installed from a wheel."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.document_blocks import ROOT

TEXTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*", "src/berth/**/*.py", "src/berth/**/*.js")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
NAMED = re.compile(
    r"""\b(pip|pipx|uv)\b[^\n]*\binstall\b[^\n]*[\s'"](berth|berth-ledger)(\[\w+\])?(?![\w./@-])(?! @ file:)"""
)
"""An installation that names the distribution, not a file."""


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("pip install berth", True),
        ("pip install 'berth[otel]'", True),
        ("/opt/berth/bin/pip install berth", True),
        ("- run: pip install berth-ledger", True),
        ("uv pip install --quiet berth", True),
        ("pip install --no-deps dist/berth_ledger-*.whl", False),
        ("/opt/berth/bin/pip install -r requirements/run.txt", False),
        ("pip install ./berth", False),
        ("install -m 0640 -g berth deploy/berth.toml /etc/berth/berth.toml", False),
    ],
)
def test_the_rule(line: str, *, named: bool) -> None:
    assert bool(NAMED.search(line)) == named


def test_no_text_installs_another_program() -> None:
    assert [str(path.relative_to(ROOT)) for path in TEXTS if NAMED.search(path.read_text("utf-8"))] == []


def test_the_distribution_has_a_name_of_its_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], list(project["scripts"])) == ("berth-ledger", ["berth"])
