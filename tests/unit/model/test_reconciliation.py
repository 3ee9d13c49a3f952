"""Digests of plans: the same for the same consumers in the same generations, in any order, and for nothing else."""

from __future__ import annotations

import pytest

from berth.model.reconciliation import Orphan, digest_of

ONE = Orphan(consumer="00000000-0000-4000-8000-000000000001", generation=1, id=7)
TWO = Orphan(consumer="00000000-0000-4000-8000-000000000002", generation=1, id=8)


@pytest.mark.parametrize(
    ("orphans", "same"),
    [
        ((ONE, TWO), True),
        ((TWO, ONE), True),
        ((ONE,), False),
        ((), False),
        ((ONE, Orphan(consumer=TWO.consumer, generation=2, id=8)), False),
    ],
)
def test_digests(orphans: tuple[Orphan, ...], same: bool) -> None:
    assert (digest_of(orphans) == digest_of((ONE, TWO))) is same
