"""The TLS front: who comes round it is nobody, and is not let in for being on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.api.http.forwarded import BYPASSED, ClientAddresses
from berth.api.http.messages import HttpError

ROUND_IT = ["127.0.0.2:4711", "127.0.0.1:4712", "127.0.0.1:", "[::1]:4711", "127.0.0.1:../4711"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "4711").write_text("192.0.2.7\nci")
    return tmp_path


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
