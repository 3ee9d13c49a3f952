"""`GET /`: which versions there are."""

from __future__ import annotations

from berth.api.placement.operation import Call, now_us
from berth.api.placement.versions import NEWEST
from berth.api.placement.versions.change import Answer


def show(_call: Call) -> Answer:
    """Return the version document."""
    version = {
        "id": "v1.0",
        "max_version": f"1.{NEWEST}",
        "min_version": "1.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return Answer(payload={"versions": [version]}, modified=now_us())
