"""Live servers, asked over a socket: a real one as it should be, a real one for trials, and one that does all wrong."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest
import trustme

from berth.review.deployment.handshake import TlsHandshakes, review_handshakes, shake_hands
from berth.review.deployment.listeners import processes_on
from berth.review.deployment.live_routes import LiveAnswers, ask, paths, review_answers
from berth.review.deployment.live_server import LiveServer
from berth.review.deployment.process import read_process, review_process, review_sockets
from berth.review.model import OpenQuestion, ReviewFinding, Unseen
from berth.settings import Settings
from tests.suites.review.weak_server import weak_server
from tests.support.servers import configured_server

STRICT = """
host = "127.0.0.1"
auth = ["token"]
secret_file = "secret"
[tls]
cert = "server.pem"
key = "server.key"
"""


def rules(found: Iterable[ReviewFinding | Unseen | OpenQuestion]) -> set[str]:
    return {each.rule for each in found if isinstance(each, ReviewFinding)}


def prepare(folder: Path, name: str = "127.0.0.1") -> None:
    made = trustme.CA().issue_cert(name)
    made.private_key_pem.write_to_path(folder / "server.key")
    for each in made.cert_chain_pems:
        each.write_to_path(folder / "server.pem", append=True)
    (folder / "secret").write_text("0123456789abcdef" * 4)
    (folder / "secret").chmod(0o600)


def answers(url: str) -> LiveAnswers:
    with LiveServer(url) as server:
        return ask(server)


def handshakes(port: int) -> tuple[TlsHandshakes, list[ReviewFinding | Unseen | OpenQuestion]]:
    made = shake_hands("127.0.0.1", port)
    return made, list(review_handshakes(f"https://127.0.0.1:{port}", made))


def test_a_server_as_it_should_be(tmp_path: Path) -> None:
    prepare(tmp_path)
    with configured_server(tmp_path, STRICT, forked=False) as port:
        url = f"https://127.0.0.1:{port}"
        given = answers(url)
        made, found = handshakes(port)
        status = read_process(processes_on(port)[0])
    assert {each.status for each in (*given.anonymous, *given.stranger)} == {401}
    assert [each for each in review_answers(url, given) if isinstance(each, Unseen)] == []
    assert rules(review_answers(url, given)) == {"no-hsts"}
    assert (made.version, made.old) == ("TLSv1.3", ())
    assert rules(found) == set()
    assert [each for each in found if isinstance(each, OpenQuestion)] != [], "nobody here knows its authority"
    assert [(each.address, each.port) for each in status.sockets] == [("127.0.0.1", port)]
    assert rules(review_process(status, Settings(port=port))).isdisjoint({"socket-open", "secret-in-environment"})


def test_a_server_for_trials(tmp_path: Path) -> None:
    with configured_server(tmp_path, "") as port:
        url = f"http://127.0.0.1:{port}"
        given = answers(url)
    assert {each.status for each in given.anonymous} == {401}
    found = [each for each in review_answers(url, given) if isinstance(each, ReviewFinding)]
    assert [each.rule for each in found] == ["route-believes"]
    assert (found[0].place.path, f" of {len(paths()[0])} routes" in found[0].sentence) == ("GET /v1/me", True)


def test_a_socket_that_is_open_to_others() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        port = listening.getsockname()[1]
        assert os.getpid() in processes_on(port)
        sockets = [each for each in read_process(os.getpid()).sockets if each.port == port]
    assert rules(review_sockets(sockets, Settings(port=port))) == {"socket-open"}
    assert rules(review_sockets(sockets, Settings(port=port, host="10.0.0.1"))) == {"socket-open"}
    assert rules(review_sockets(sockets, Settings(port=port + 1, host="0.0.0.0"))) == {"socket-open"}
    assert rules(review_sockets(sockets, Settings(port=port, host="0.0.0.0"))) == set()


def test_a_server_that_does_all_wrong(tmp_path: Path) -> None:
    prepare(tmp_path, "elsewhere.example.com")
    with weak_server(tmp_path / "server.pem", tmp_path / "server.key") as port:
        url = f"https://127.0.0.1:{port}"
        given = answers(url)
        made, found = handshakes(port)
    assert rules(review_answers(url, given)) == {
        *("route-open", "route-believes", "redirect-elsewhere", "no-hsts", "cors-any-origin", "page-unprotected"),
        *("server-version", "cookie-weak", "error-tells", "file-served"),
    }
    assert made.old
    assert {"tls-version", "tls-cipher"} <= rules(found)


def test_a_server_that_is_not_there() -> None:
    (unseen,) = review_answers("http://127.0.0.1:9", answers("http://127.0.0.1:9"))
    assert isinstance(unseen, Unseen)
    with pytest.raises(OSError, match="refused"):
        shake_hands("127.0.0.1", 9)
