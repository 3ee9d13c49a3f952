"""What may be in use at a time: in all, and of one address or caller."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from berth.api.http.admission import Admission, Quota, Reservation
from berth.api.http.forwarded import site_of
from berth.api.http.messages import HttpError, Request
from berth.model.caller import Caller
from berth.settings import Limits
from tests.support.http_client import RETRY_AFTER

LIMITS = Limits(
    open_requests=4,
    open_requests_per_address=2,
    streams=4,
    streams_per_address=3,
    streams_per_caller=2,
    buffer_bytes=100,
    buffer_bytes_per_caller=60,
)


@pytest.fixture
def admission() -> Admission:
    return Admission(LIMITS)


def asking(address: str = "192.0.2.1", user: str = "ada") -> Request:
    request = Request("GET", "/", "", {}, address=address)
    request.info.caller = Caller(user=user, via="token")
    return request


def opened(admission: Admission, stack: ExitStack, request: Request) -> Reservation:
    reservation = stack.enter_context(admission.reservation())
    reservation.open(request)
    return reservation


def status_of(error: pytest.ExceptionInfo[HttpError]) -> int:
    ((name, seconds),) = error.value.headers
    assert (name, seconds in RETRY_AFTER) == ("retry-after", True)
    return error.value.status


def test_open_requests(admission: Admission) -> None:
    with ExitStack() as stack:
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
            opened(admission, stack, asking(address))
        with pytest.raises(HttpError) as each, admission.reservation() as refused:
            refused.open(asking("192.0.2.1"))
        assert status_of(each) == 429
        opened(admission, stack, asking("192.0.2.3"))
        with pytest.raises(HttpError) as total, admission.reservation() as refused:
            refused.open(asking("192.0.2.4"))
        assert status_of(total) == 503
    with ExitStack() as stack:  # all have been answered
        for number in range(4):
            opened(admission, stack, asking(f"192.0.2.{number}"))


def test_streams_are_no_open_requests(admission: Admission) -> None:
    with ExitStack() as stack:
        for user in ("ada", "ada", "bob"):
            opened(admission, stack, asking(user=user)).begin_stream(asking(user=user))
        for user in ("bob", "ada"):  # of the address, and of the caller, are as many as may be
            with pytest.raises(HttpError) as refused, admission.reservation() as reservation:
                reservation.begin_stream(asking(user=user))
            assert status_of(refused) == 429
        elsewhere = asking("192.0.2.2", "bob")
        opened(admission, stack, elsewhere).begin_stream(elsewhere)
        with pytest.raises(HttpError) as total, admission.reservation() as reservation:
            reservation.begin_stream(asking("192.0.2.3", "eve"))
        assert status_of(total) == 503


def test_bytes_of_bodies(admission: Admission) -> None:
    with ExitStack() as stack:
        first = opened(admission, stack, asking())
        first.hold(asking(), 40)
        first.hold(asking(), 20)
        for other in (asking(user="bob"), asking("192.0.2.2")):  # the same address, and the same caller
            with pytest.raises(HttpError) as refused, admission.reservation() as reservation:
                reservation.hold(other, 1)
            assert status_of(refused) == 429
        with pytest.raises(HttpError) as total, admission.reservation() as reservation:
            reservation.hold(asking("192.0.2.3", "eve"), 41)
        assert status_of(total) == 503
    with admission.reservation() as reservation:
        reservation.hold(asking(), 60)


def test_what_is_given_back_leaves_nothing() -> None:
    quota = Quota("things", 3, 2)
    for name in range(1_000):
        quota.reserve(name)
        quota.give_back(name, 1)
    assert (quota._total, len(quota._each)) == (0, 0)


def test_a_refusal_leaves_nothing_behind() -> None:
    quota = Quota("things", 1, 0)
    quota.reserve("a")
    for name in range(1_000):
        with pytest.raises(HttpError):
            quota.reserve(name)
    assert len(quota._each) == 1


def test_no_limit() -> None:
    quota = Quota("things", 0, 0)
    for _ in range(1_000):
        quota.reserve("a")


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/berth.sock", "/run/berth.sock"),
    ],
)
def test_what_an_address_counts_as(address: str, site: str) -> None:
    assert site_of(address) == site
