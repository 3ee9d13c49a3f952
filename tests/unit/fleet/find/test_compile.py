"""A request looked up in the fleet: variables to choose, masks over distinct sets, and what can never be satisfied."""

from __future__ import annotations

import pytest

from berth.fleet.find.compile import compile_filter, compile_request
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.errors import ClassNotFound, TraitsNotFound
from berth.model.inventory import MAX_INT
from berth.model.request import CandidateRequest, Filter, Group
from tests.support.fleets import provider, small_fleet, uuid_of

VCPU, DISK, GOLD = 1, 2, 3
A, B = "CUSTOM_A", "CUSTOM_B"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return small_fleet(
        provider("host", VCPU=4, DISK_GB=4, traits=[A], aggregates=["rack"]),
        provider("below", "host", VCPU=1, traits=[A, B]),
        classes=["CUSTOM_GOLD"],
    )


def one(suffix: str = "", **amounts: int) -> Group:
    return Group(suffix=suffix, resources=amounts)


def any_of(*names: str) -> tuple[frozenset[str], ...]:
    return (frozenset(names),)


def test_a_suffixed_group_is_one_variable_and_the_unsuffixed_one_for_each_class(fleet: Fleet) -> None:
    request = CandidateRequest(groups=(one("1", VCPU=1, DISK_GB=2), one(VCPU=3, DISK_GB=4)), limit=5)
    compiled = compile_request(fleet, request)
    assert [(each.suffix, each.demands) for each in compiled.variables] == [
        ("1", ((VCPU, 1), (DISK, 2))),
        ("", ((VCPU, 3),)),
        ("", ((DISK, 4),)),
    ]
    assert (compiled.contested, compiled.limit, compiled.isolate) == (frozenset({VCPU, DISK}), 5, False)


def test_required_traits_of_the_unsuffixed_group_may_be_met_together(fleet: Fleet) -> None:
    groups = (Group(resources={"VCPU": 1}, required=any_of(A)), Group(suffix="1", required=any_of(B)))
    compiled = compile_request(fleet, CandidateRequest(groups=groups))
    masks = [each.filter.traits_ok for each in compiled.variables]
    assert compiled.joint_traits == (fleet.catalogue.trait_ids([A]),)
    assert masks[0] is None
    assert masks[1] is not None
    assert masks[1].tolist() == [B in names for names in ([], [A], [A, B])]


def test_subtrees_name_their_variables(fleet: Fleet) -> None:
    groups = (one("2", VCPU=1), one(VCPU=1, DISK_GB=1), one("1", VCPU=1))
    compiled = compile_request(fleet, CandidateRequest(groups=groups, same_subtrees=(frozenset({"1", "2"}),)))
    assert compiled.subtrees == ((0, 3),)


def test_traits_of_the_root_are_a_mask_over_sets(fleet: Fleet) -> None:
    request = CandidateRequest(groups=(one(VCPU=1),), root_required=frozenset({A}), root_forbidden=frozenset({B}))
    roots_ok = compile_request(fleet, request).roots_ok
    assert roots_ok is not None
    assert roots_ok.tolist() == [False, True, False]
    assert compile_request(fleet, CandidateRequest(groups=(one(VCPU=1),))).roots_ok is None


def test_the_tree_of_a_filter_is_the_root_of_the_provider_named(fleet: Fleet) -> None:
    trees = [
        compile_filter(fleet, Filter(in_tree=uuid_of(name)), joint_traits=False).tree
        for name in ("below", "host", "nobody")
    ]
    assert trees == [0, 0, NO_SLOT]


@pytest.mark.parametrize(
    ("group", "possible"),
    [
        pytest.param(Filter(), True, id="nothing"),
        pytest.param(Filter(resources={"VCPU": MAX_INT}), True, id="the largest amount"),
        pytest.param(Filter(resources={"VCPU": MAX_INT + 1}), False, id="beyond the largest amount"),
        pytest.param(Filter(resources={"CUSTOM_GOLD": 1}), False, id="a class that no provider has"),
        pytest.param(Filter(in_tree=uuid_of("below")), True, id="a tree"),
        pytest.param(Filter(in_tree=uuid_of("nobody")), False, id="no tree"),
        pytest.param(Filter(member_of=any_of("rack", uuid_of("row"))), True, id="an aggregate"),
        pytest.param(Filter(member_of=any_of(uuid_of("row"))), False, id="no aggregate"),
        pytest.param(Filter(not_member_of=frozenset({uuid_of("row")})), True, id="outside no aggregate"),
    ],
)
def test_what_can_never_be_satisfied(fleet: Fleet, group: Filter, possible: bool) -> None:
    assert compile_filter(fleet, group, joint_traits=False).possible is possible


@pytest.mark.parametrize(
    ("request_", "independent"),
    [
        pytest.param(CandidateRequest(groups=(one("1", VCPU=1), one(DISK_GB=1))), True, id="different classes"),
        pytest.param(CandidateRequest(groups=(one("1", VCPU=1), one(VCPU=1))), False, id="one class twice"),
        pytest.param(CandidateRequest(groups=(one("1", VCPU=1), one(DISK_GB=1)), isolate=True), True, id="one apart"),
        pytest.param(
            CandidateRequest(groups=(one("1", VCPU=1), one("2", DISK_GB=1)), isolate=True), False, id="two apart"
        ),
        pytest.param(
            CandidateRequest(groups=(Group(resources={"VCPU": 1}, required=any_of(A)),)), False, id="traits together"
        ),
        pytest.param(CandidateRequest(groups=(one(VCPU=1),), one_provider_per_tree=True), False, id="one a tree"),
        pytest.param(
            CandidateRequest(groups=(one("1", VCPU=1),), same_subtrees=(frozenset({"1"}),)), False, id="subtree"
        ),
    ],
)
def test_when_choices_do_not_depend_on_each_other(fleet: Fleet, request_: CandidateRequest, independent: bool) -> None:
    assert compile_request(fleet, request_).independent is independent


def test_unknown_names_are_refused(fleet: Fleet) -> None:
    with pytest.raises(ClassNotFound):
        compile_request(fleet, CandidateRequest(groups=(one(NO_SUCH=1),)))
    with pytest.raises(TraitsNotFound):
        compile_request(fleet, CandidateRequest(groups=(one(VCPU=1),), root_required=frozenset({"NO_SUCH"})))
    with pytest.raises(TraitsNotFound):
        compile_filter(fleet, Filter(forbidden=frozenset({"NO_SUCH"})), joint_traits=False)
