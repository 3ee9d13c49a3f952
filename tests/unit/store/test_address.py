"""Hosts of a database, in the order to try."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from berth.store.address import HOST_S, Address

A, B = {"host": "a", "port": "5432"}, {"host": "b", "port": "5433"}


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({}, [{}]),
        ({"host": "a", "port": 5432}, [A]),
        ({"host": "a,b", "port": "5432,5433"}, [A, B]),
        ({"host": "a,b", "port": "5432"}, [A, {"host": "b", "port": "5432"}]),
        ({"hostaddr": "10.0.0.1,10.0.0.2"}, [{"hostaddr": "10.0.0.1"}, {"hostaddr": "10.0.0.2"}]),
    ],
)
def test_hosts_in_the_order_of_the_url(options: dict[str, object], hosts: list[dict[str, str]]) -> None:
    assert Address(make_url("postgresql://db/berth")).hosts(options) == hosts


def test_the_one_that_was_right_last_comes_first() -> None:
    address = Address(make_url("postgresql://db/berth"), answered=B)
    assert address.hosts({"host": "a,b", "port": "5432,5433"}) == [B, A]


def test_one_of_several_is_waited_for_less_and_never_longer_than_the_request_has() -> None:
    address = Address(make_url("postgresql://db/berth"))
    assert address.connect_s(1) > address.connect_s(2) == HOST_S
    address.remaining_s = lambda most: min(most, 0.3)
    assert address.connect_s(1) == 1
