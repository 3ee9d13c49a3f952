"""`GET /`: which versions there are."""

from __future__ import annotations

import time

from berth.api.placement.operation import Call
from berth.api.placement.versions import NEWEST
from berth.api.placement.versions.change import Answer


def now_us() -> int:
    """The time, in microseconds since 1970 UTC: for answers that are as new as the question."""
    return time.time_ns() // 1000


def show(_call: Call) -> Answer:
    """The version document."""
    version = {
        "id": "v1.0",
        "max_version": f"1.{NEWEST}",
        "min_version": "1.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return Answer(payload={"versions": [version]}, modified=now_us())
