"""Which trees could satisfy a request at all: necessary conditions, for many trees at once."""

from __future__ import annotations

import numpy as np
import pytest

from berth.fleet.find.compile import compile_request
from berth.fleet.find.prune import Trees, feasible_trees
from berth.model.inventory import Inventory
from berth.model.request import CandidateRequest, Group
from tests.support.fleets import provider, small_fleet

ONE, TWO, THREE = (Group(suffix=str(at), resources={"VGPU": 2}) for at in range(3))
OTHER = Group(suffix="4")
SPECS = (
    provider("a", VGPU=2),
    provider("b", VGPU=2),
    provider("b1", "b", VGPU=2),
    provider("c", VGPU=Inventory(9, max_unit=4)),
)
TREE_OF = np.array([0, 1, 1, 2])
ALL = (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("request_", "choices", "expected"),
    [
        pytest.param(CandidateRequest(groups=(ONE,)), [ALL], [True, True, True], id="all"),
        pytest.param(CandidateRequest(groups=(ONE,)), [(0, 0, 1, 0)], [False, True, False], id="one has a choice"),
        pytest.param(CandidateRequest(groups=(ONE, TWO)), [ALL, ALL], [False, True, True], id="the amounts in all"),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO, THREE)), [ALL] * 3, [False, False, False], id="max_unit bounds the sum"
        ),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO), isolate=True), [ALL, ALL], [False, True, False], id="one each"
        ),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO), isolate=True),
            [ALL, (1, 1, 0, 1)],
            [False, True, False],
            id="one each, of different choices",
        ),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO), isolate=True),
            [(1, 0, 1, 1), (1, 0, 1, 1)],
            [False, False, False],
            id="both choose the same one",
        ),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO)),
            [ALL, (1, 1, 1, 0)],
            [False, True, False],
            id="no choice for the second",
        ),
        pytest.param(
            CandidateRequest(groups=(ONE, TWO, OTHER), isolate=True),
            [(1, 1, 0, 1), (1, 1, 0, 1), ALL],
            [False, False, False],
            id="two of three choose the same one",
        ),
    ],
)
def test_feasible_trees(request_: CandidateRequest, choices: list[tuple[int, ...]], expected: list[bool]) -> None:
    fleet = small_fleet(*SPECS)
    masks = [np.array(each, dtype=np.bool_) for each in choices]
    trees = Trees(np.arange(4, dtype=np.int32), TREE_OF, 3)
    assert feasible_trees(fleet, compile_request(fleet, request_), trees, masks).tolist() == expected


def test_what_is_used_is_not_free() -> None:
    fleet = small_fleet(provider("a", VGPU=4, used={"VGPU": 1}), provider("b", VGPU=4))
    compiled = compile_request(fleet, CandidateRequest(groups=(ONE, TWO)))
    masks = [np.ones(2, dtype=np.bool_)] * 2
    trees = Trees(np.arange(2, dtype=np.int32), np.arange(2), 2)
    assert feasible_trees(fleet, compiled, trees, masks).tolist() == [False, True]
