"""How many connections a server process keeps open."""

from __future__ import annotations

import resource
from typing import Final

OWN_FILES: Final = 256
"""How many descriptors a process needs for itself: the database, logs, metrics, the event loop."""


def connection_limit(most: int) -> int:
    """Return how many connections a process may have: `most`, or fewer if the system allows fewer open files.

    Raises this process's soft limit on open files as far as needed; processes that it starts inherit that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft - OWN_FILES))
