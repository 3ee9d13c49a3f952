"""The link from a search without candidates to the funnel that says why."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from berth.model.message import message
from berth.model.request import CandidateRequest

LINK: Final = "link"
"""The header (RFC 8288)."""

RELATION: Final = "describedby"
"""How the target relates to the answer, of the registered relations: it provides information about it."""

LONGEST: Final = 6_000
"""The longest link, in bytes: many clients and proxies take no more than 8 KiB of headers."""


def funnel_link(request: CandidateRequest) -> str | None:
    """Return the value of the Link header to the funnel of a request in /v1; None if it would be too long."""
    body = {**msgspec.to_builtins(message(request)), "limit": 1, "explain": True}
    link = f'</v1/find?request={quote(msgspec.json.encode(body), safe=":,")}>; rel="{RELATION}"'
    return link if len(link) <= LONGEST else None
