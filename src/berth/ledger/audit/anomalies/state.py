"""The state of an analysis as bytes: what one process keeps, and another continues from."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from berth.ledger.audit.anomalies.analysis import Analysis, AnalysisState

VERSION: Final = 1
"""The version of the form. Raise it if the form changes, or what a detector learns: the scan then begins again."""

_QUICK: Final = 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnalysisState).decode


def dump(analysis: Analysis) -> bytes:
    """Return an analysis as bytes."""
    return zlib.compress(_encode(analysis.state), _QUICK)


def load(version: int, content: bytes) -> Analysis | None:
    """Return the analysis of these bytes; None if it is of another version, or cannot be read."""
    if version != VERSION:
        return None
    try:
        return Analysis.restored(_decode(zlib.decompress(content)))
    except (msgspec.MsgspecError, zlib.error, LookupError):
        return None
