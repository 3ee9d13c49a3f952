"""The TLS front: who comes round it is nobody, and is not let in for being on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.api.http.forwarded import ALIVE, BYPASSED, ClientAddresses
from berth.api.http.messages import HttpError
from berth.api.http.tls_proxy import marked_alive

ROUND_IT = ["127.0.0.2:4711", "127.0.0.1:4712", "127.0.0.1:", "[::1]:4711", "127.0.0.1:../4711"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "4711").write_text("192.0.2.7\nci")
    with marked_alive(tmp_path):
        yield tmp_path


def test_a_connection_of_the_front(folder: Path) -> None:
    assert ClientAddresses(proxy_folder=folder).address_of("127.0.0.1:4711", "http", {}) == ("192.0.2.7", "https", "ci")


@pytest.mark.parametrize("client", ROUND_IT)
def test_a_connection_of_anybody_else(folder: Path, client: str) -> None:
    """Ports belong to an address: the same one of another loopback address is another's connection."""
    with pytest.raises(HttpError) as refusal:
        ClientAddresses(["127.0.0.0/8"], proxy_folder=folder).address_of(
            client, "http", {"x-forwarded-for": "192.0.2.7"}
        )
    assert (refusal.value.status, refusal.value.detail) == (403, BYPASSED)


def test_a_connection_from_a_port_of_a_front_that_was_killed(folder: Path) -> None:
    """Its entries are still there, and anybody on this machine may take its ports."""
    folder.joinpath(ALIVE).unlink()
    os.mkfifo(folder / ALIVE)  # that nothing reads from
    with pytest.raises(HttpError) as refusal:
        ClientAddresses(proxy_folder=folder).address_of("127.0.0.1:4711", "http", {})
    assert refusal.value.status == 403
