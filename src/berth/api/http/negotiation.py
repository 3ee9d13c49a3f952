"""Content negotiation: the media types that a client's Accept header allows (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_QUALITY: Final = re.compile(r"0(\.[0-9]*)?|1(\.0*)?")


def negotiate(header: str, offers: Iterable[str]) -> list[str]:
    """Return the offers that the header allows, the best first; equally good ones in the order offered.

    A header that is malformed allows everything, as one that is absent does.
    """
    return list(_negotiate(header, tuple(offers)))


@lru_cache(maxsize=1024)
def _negotiate(header: str, offers: tuple[str, ...]) -> tuple[str, ...]:
    ranges = [_parse(part) for part in header.split(",") if part.strip()]
    if not ranges or any(each is None for each in ranges):
        return offers
    known = [each for each in ranges if each is not None]
    weighed = [(_quality(offer, known), offer) for offer in offers]
    return tuple(offer for quality, offer in sorted(weighed, key=lambda pair: -pair[0]) if quality > 0)


def _parse(part: str) -> tuple[str, float] | None:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    if name.count("/") != 1 or name.startswith("/") or name.endswith("/"):
        return None
    quality, bare = 1.0, True
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            if _QUALITY.fullmatch(value.strip()) is None:
                return None
            quality = float(value)
        else:
            bare = False
    # A range with parameters takes only what has the same ones; what is offered here has none.
    return name.lower() if bare else "", quality


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that the offer falls into; 0 if none."""
    kind = offer.partition("/")[0]
    best: dict[str, float] = {}
    for name, quality in ranges:
        best[name] = max(quality, best.get(name, 0.0))
    for name in (offer, f"{kind}/*", "*/*"):
        if name in best:
            return best[name]
    return 0.0
