"""How long runtimes and database servers are supported. The table has a date: later releases are not in it."""

import datetime
from dataclasses import dataclass
from typing import Final

AS_OF: Final = datetime.date(2026, 11, 1)
"""The day on which the table was last compared with what its sources publish."""

_ENDS: Final = {
    # https://devguide.python.org/versions/: the month in which security support ends
    "Python": {
        "3.8": "2024-10-07",
        "3.9": "2025-10-31",
        "3.10": "2026-10-31",
        "3.11": "2027-10-31",
        "3.12": "2028-10-31",
        "3.13": "2029-10-31",
        "3.14": "2030-10-31",
        "3.15": "2031-10-31",
    },
    # https://www.postgresql.org/support/versioning/
    "PostgreSQL": {
        "12": "2024-11-21",
        "13": "2025-11-13",
        "14": "2026-11-12",
        "15": "2027-11-11",
        "16": "2028-11-09",
        "17": "2029-11-08",
        "18": "2030-11-14",
    },
    # https://mariadb.org/about/#maintenance-policy
    "MariaDB": {
        "10.5": "2025-06-24",
        "10.6": "2026-07-06",
        "10.11": "2028-02-16",
        "11.4": "2029-05-29",
        "11.8": "2028-06-04",
    },
    # https://www.openssl.org/policies/releasestrat.html
    "OpenSSL": {
        "1.1": "2023-09-11",
        "3.0": "2026-09-07",
        "3.2": "2025-11-23",
        "3.3": "2026-04-09",
        "3.5": "2030-04-08",
    },
}


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A program's branch and the last day of its support; None: not in the table."""

    program: str
    version: str
    branch: str
    ends: datetime.date | None

    def is_over(self, today: datetime.date) -> bool:
        """Whether the support has ended."""
        return self.ends is not None and self.ends < today


def lifetime(program: str, version: str) -> Lifetime:
    """Return how long a version of a program is supported: `Python`, `PostgreSQL`, `MariaDB` or `OpenSSL`."""
    branches = _ENDS.get(program, {})
    parts = version.split(".")
    for length in (2, 1):
        branch = ".".join(parts[:length])
        if branch in branches:
            return Lifetime(program, version, branch, datetime.date.fromisoformat(branches[branch]))
    return Lifetime(program, version, ".".join(parts[:2]), None)
