"""Code that is made to be reviewed, with marks: `# finding: CWE-89`, of flows `# finding: CWE-89 from line 12`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MARK: Final = re.compile(r"\s*# finding: (CWE-\d+(?:, CWE-\d+)*)(?: from line \d+)?")

Case = dict[str, str]
"""The text of each file by its path."""


def cases_of(folder: Path) -> dict[str, Case]:
    """Return the cases of a folder's files by name: `=== name`, then files after `--- path`."""
    found: dict[str, Case] = {}
    for path in sorted(folder.glob("*.txt")):
        for text in path.read_text(encoding="utf-8").split("=== ")[1:]:
            name, _, rest = text.partition("\n")
            parts = [part.partition("\n") for part in rest.split("--- ")[1:]]
            found[f"{path.stem}: {name}"] = {file: content for file, _, content in parts}
    return found


def marked(case: Mapping[str, str]) -> set[tuple[str, int, int]]:
    """Return the marks in files as (path, line, CWE)."""
    return {
        (path, number, int(cwe.removeprefix("CWE-")))
        for path, text in case.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := MARK.search(line))
        for cwe in mark[1].split(", ")
    }
