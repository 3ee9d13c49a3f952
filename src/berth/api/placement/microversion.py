"""The OpenStack microversion header: a request's version of the Placement API."""

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
    """Return the number after "1." in a header; 0 without one.

    The header may name several services; the last version for this one counts. Raise HttpError 400 if it is
    not a version, 406 if the version does not exist.
    """
    version = _version(header)
    if version is None:
        return 0
    if version == "latest":
        return newest
    numbers = _NUMBERS.fullmatch(version)
    if numbers is None:
        raise HttpError(400, f"Invalid microversion: invalid version string: {version}")
    major, minor = int(numbers[1]), int(numbers[2])
    if major != 1 or not 0 <= minor <= newest:
        raise HttpError(406, f"Invalid microversion: Unacceptable version header: {version}")
    return minor


def _version(header: str | None) -> str | None:
    for word in reversed((header or "").split(",")):
        service, _, version = word.strip().partition(" ")
        if service.lower() == SERVICE and version.strip():
            return version.strip()
    return None
