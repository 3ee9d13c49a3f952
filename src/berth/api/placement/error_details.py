"""The text of an error in Placement's form: what its status means, a blank line, and the reason in one line.

Programs depend on the form: the command-line client shows only the last line, and nova compares whole texts.
"""

from __future__ import annotations

from typing import Final

_MEANINGS: Final = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    409: "There was a conflict when trying to complete your request.",
}
"""The statuses that Placement explains, with its words."""


def detail_of(status: int, reason: str) -> str:
    """Return the detail of an error; the reason alone for a status that Placement does not explain."""
    meaning = _MEANINGS.get(status)
    return reason if meaning is None else f"{meaning}\n\n {' '.join(reason.splitlines())}  "
