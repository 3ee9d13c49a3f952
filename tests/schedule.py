"""Which tests run in one process, where several processes share them."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

from tests.support.databases import KINDS

ONE_BY_ONE = (
    "tests/suites/torture/test_torture.py",
    "tests/suites/docs/test_tours.py",
    "tests/suites/peer/",
    "tests/suites/properties/",
)
"""Where each test stands for itself: any process may run it."""

TOGETHER = ("tests/suites/conformance/test_suite.py",)
"""Where all tests belong together, whichever database they are on: one process has them all run in the background."""

_WORD = re.compile(r"[a-z]+")


class GroupScheduling(LoadScopeScheduling):
    """Hands out groups of tests, each to one process, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(test: str) -> str:
    """Return the group of a test by its id: the tests of one file on one kind of database share servers."""
    file, _, name = test.partition("::")
    if test.startswith(ONE_BY_ONE):
        return test
    if file in TOGETHER:
        return file
    parameters = _WORD.findall(name.partition("[")[2])
    return " ".join([file, *(kind for kind in KINDS if kind in parameters)])
