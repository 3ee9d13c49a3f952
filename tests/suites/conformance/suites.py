"""Placement's functional suite, from the installed ``openstack-placement``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from tests.suites.conformance.fixtures import FIXTURES, Fixture

FOLDER = Path(str(files("placement.tests.functional") / "gabbits"))

RELAXED: Mapping[tuple[str, str], str] = {
    # A content-length that is not a number makes the message itself malformed.  HTTP servers refuse it with a 400 of
    # their own, before any application can choose the words (so does Placement under gunicorn): the status is
    # asserted, the words are not.
    ("basic-http.yaml", "bad content length not int"): "response_strings",
}


CORE = (
    "allocations-1.28.yaml",
    "allocations-post.yaml",
    "consumer-types-1.38.yaml",
    "granular.yaml",
    "inventory.yaml",
    "reshaper.yaml",
    "resource-classes-1-7.yaml",
    "resource-provider-aggregates.yaml",
    "resource-provider-links.yaml",
    "resource-provider.yaml",
    "shared-resources.yaml",
    "traits.yaml",
    "unicode.yaml",
    "usage.yaml",
)
"""Files that together write and read everything a database keeps."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One file: its tests in the order in which they build on each other."""

    file: str
    fixture: Fixture
    document: dict[str, Any]
    """The file's content, less what is relaxed."""

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of its tests."""
        return tuple(test["name"] for test in self.document["tests"])


LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads YAML, where possible in C, which is ten times as fast."""


@cache
def suite(file: str) -> Suite:
    """Read one file of the suite."""
    document = yaml.load((FOLDER / file).read_text(encoding="utf-8"), Loader=LOADER)
    for test in document["tests"]:
        test.pop(RELAXED.get((file, test["name"])), None)
    (fixture,) = document["fixtures"]
    return Suite(file, FIXTURES[fixture], document)


def every_file() -> list[str]:
    """Return the names of all files of the suite."""
    return sorted(path.name for path in FOLDER.glob("*.yaml"))
