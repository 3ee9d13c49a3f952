"""Makes the advisories that Berth ships from PyPA's database: identifiers, ranges and modules, without their texts.

    python -m tests.advisory_snapshot FOLDER DAY

FOLDER: `vulns/` of a checkout of github.com/pypa/advisory-database; DAY: that of its last commit. The database is
published under CC BY 4.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from berth.review.dependencies.advisories import SNAPSHOT, Advisory, applies, parse_osv

TARGET = Path(__file__).parent.parent / "src/berth/review/dependencies" / SNAPSHOT
SOURCE = "PyPA Advisory Database, https://github.com/pypa/advisory-database, CC BY 4.0; reduced to ids and ranges"


def snapshot(folder: Path, day: str) -> str:
    """Return the document: a line for each distribution, in order."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for advisory in parse_osv(yaml.load(path.read_text(encoding="utf-8"), loader)):
            found.setdefault(advisory.package, []).append(_reduced(advisory))
    lines = [f"{json.dumps(name)}: {json.dumps(found[name], separators=(',', ':'))}" for name in sorted(found)]
    head = f'"as_of": {json.dumps(day)},\n"source": {json.dumps(SOURCE)}'
    return "{" + head + ',\n"packages": {\n' + ",\n".join(lines) + "\n}}\n"


def _reduced(advisory: Advisory) -> dict[str, Any]:
    bounds = [[each.introduced, each.fixed, each.last_affected] for each in advisory.ranges]
    ranged = Advisory(advisory.id, advisory.package, ranges=advisory.ranges)
    outside = sorted(each for each in advisory.versions if not applies(ranged, each))
    fields = {"aliases": advisory.aliases, "ranges": bounds, "versions": outside, "imports": advisory.imports}
    return {"id": advisory.id, **{name: value for name, value in fields.items() if value}}


if __name__ == "__main__":
    TARGET.write_text(snapshot(Path(sys.argv[1]), sys.argv[2]), encoding="utf-8")
