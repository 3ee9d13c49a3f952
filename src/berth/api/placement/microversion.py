"""Which version of the Placement API a request is in (the OpenStack microversion header)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from berth.api.http.messages import HttpError

HEADER: Final = "openstack-api-version"
SERVICE: Final = "placement"

_NUMBERS: Final = re.compile(r"(-?[0-9]{1,9})\.(-?[0-9]{1,9})")


@lru_cache(maxsize=256)
def minor_of(header: str | None, newest: int) -> int:
    """The number after "1." that a header asks for; 0 without one.

    The header may speak to several services; of several words to this one the last counts. HttpError
    400 if it is no version, 406 if there is no such version.
    """
    wanted = _wanted(header)
    if wanted is None:
        return 0
    if wanted == "latest":
        return newest
    numbers = _NUMBERS.fullmatch(wanted)
    if numbers is None:
        raise HttpError(400, f"Invalid microversion: invalid version string: {wanted}")
    major, minor = int(numbers[1]), int(numbers[2])
    if major != 1 or not 0 <= minor <= newest:
        raise HttpError(406, f"Invalid microversion: Unacceptable version header: {wanted}")
    return minor


def _wanted(header: str | None) -> str | None:
    for word in reversed((header or "").split(",")):
        service, _, version = word.strip().partition(" ")
        if service.lower() == SERVICE and version.strip():
            return version.strip()
    return None
