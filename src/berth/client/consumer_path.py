"""The path of a consumer, which is called by its uuid or its name."""

from __future__ import annotations

from urllib.parse import quote

from berth.model.consumer_name import checked_consumer_name
from berth.model.names import parse_uuid


def consumer_path(given: str) -> str:
    """Return the path of the consumer with this uuid or name. Raises Invalid if it can be neither."""
    return f"/v1/consumers/{parse_uuid(given) or quote(checked_consumer_name(given, ''), safe='')}"
