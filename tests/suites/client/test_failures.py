"""What a client says when there is no server, no token, no Berth; and that it keeps its token to itself."""

from __future__ import annotations

import re
import socket
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest

import berth
from berth import errors
from tests.suites.client.conftest import Connect
from tests.support.servers import Server

SECRET = "brth_sesame"
ROOM = 4
ONE_GPU = berth.CandidateRequest(groups=(berth.Group(resources={"PGPU": 1}),))


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Something that answers with these bytes, one connection after the other; b"" closes without an answer."""
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(answer)
            listener.close()  # what is sent after that is refused, not waited for

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        thread.join(5)


def message(status: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


ABOUT = message("200 OK", b'{"name":"berth","version":"0","head":7,"documentation":{}}')
AWAY = message("503 Service Unavailable", b'{"type":"/v1/problems/unavailable","detail":"away"}')


def test_nobody_answers(connect: Connect) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with connect(f"http://127.0.0.1:{port}", SECRET) as client:
        with pytest.raises(errors.Unavailable, match="cannot be reached"):
            client.head()
        with pytest.raises(errors.Unavailable, match="cannot be reached"):
            client.create_provider("host")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (message("200 OK", b"<html>", "text/html"), errors.NotBerth, "does not understand"),
        (message("200 OK", b'{"head": "x"}'), errors.NotBerth, "does not understand"),
        (message("404 Not Found", b"nothing", "text/plain"), errors.NotBerth, "404"),
        (message("301 Moved", b""), errors.NotBerth, "does not understand"),
        (message("401 Unauthorized", b"no", "text/plain"), errors.Unauthenticated, "401"),
        (message("429 Too Many Requests", b""), errors.TooManyRequests, "429"),
        (message("500 Oh", b'{"type":"/v1/problems/failed","detail":"the log"}'), errors.Failed, "the log"),
        (message("409 Oh", b'{"type":"/v1/problems/of-tomorrow","detail":"new"}'), errors.Conflict, "new"),
        (message("409 Oh", b"[1]"), errors.Conflict, "409"),
    ],
)
def test_strange_answers(answer: bytes, kind: type[errors.BerthError], words: str, connect: Connect) -> None:
    with answering(answer) as (url, _), connect(url, SECRET) as client:
        with pytest.raises(kind, match=words) as caught:
            client.head()
        assert type(caught.value) is kind


def test_reading_is_tried_again(connect: Connect) -> None:
    with answering(b"", AWAY, ABOUT) as (url, heard), connect(url, SECRET) as client:
        assert client.head() == 7
    assert len(heard) == 3


@pytest.mark.parametrize(("answer", "words"), [(b"", "not known"), (AWAY, "away")])
def test_a_command_is_sent_once_if_the_server_keeps_no_answers(answer: bytes, words: str, connect: Connect) -> None:
    with (
        answering(answer) as (url, heard),
        connect(url, SECRET) as client,
        pytest.raises(errors.Unavailable, match=words),
    ):
        client.create_provider("host")
    assert len(heard) == 1
    assert b"POST /v1/commands/CreateProvider" in heard[0]


def test_the_token_is_told_to_the_server_only(connect: Connect) -> None:
    with (
        answering(b"", b"", b"", b"") as (url, heard),
        connect(url, SECRET) as client,
        pytest.raises(errors.Unavailable) as caught,
    ):
        client.head()
    assert all(f"x-auth-token: {SECRET}".encode() in each.lower() for each in heard)
    shown = "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        shown += repr(error) + repr(vars(error))
        error = error.__context__ or error.__cause__
    shown += repr(client) + repr(vars(getattr(client, "target", client)))
    assert SECRET not in shown


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://user:secret@host"])
def test_no_address_of_a_server(url: str, connect: Connect) -> None:
    with pytest.raises(errors.Invalid) as caught:
        connect(url)
    assert "secret" not in str(caught.value)


def test_without_a_token(server: Server, connect: Connect) -> None:
    with connect(server.url) as client:
        assert client.about().name == "berth"
        with pytest.raises(errors.Unauthenticated):
            client.me()
        with pytest.raises(errors.Unauthenticated):
            list(client.follow(0))
        with pytest.raises(errors.Unauthenticated):
            client.create_provider("host")


def test_who_may_not(server: Server, connect: Connect) -> None:
    with connect(server.url, "ada:physics") as client:
        assert client.me() == berth.CallerInfo(
            name="ada", user="ada", project="physics", roles=[], via="dev", may=["me.show", "policy.show"]
        )
        with pytest.raises(errors.Forbidden):
            client.create_provider("host")


@contextmanager
def losing_answers(port: int, each: int) -> Iterator[tuple[str, list[bytes]]]:
    """A relay to a server that loses so many answers to each command: it passes the command on, and closes then."""
    lost: list[bytes] = []
    tries: Counter[bytes] = Counter()

    def relay(near: socket.socket) -> None:
        with near, closing(socket.create_connection(("127.0.0.1", port))) as far:
            while request := _whole(near):
                far.sendall(request)
                answer = far.recv(65536)
                key = re.search(rb"idempotency-key: (\S+)", request.lower())
                tries.update([key[1]] if key else [])
                if key and tries[key[1]] <= each:
                    lost.append(answer)
                    return
                near.sendall(answer)

    def listen() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(near,), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lost
        listener.shutdown(socket.SHUT_RDWR)


def _whole(connection: socket.socket) -> bytes:
    """Return one request with its body, b"" at the end."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
        head, ended, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if ended and len(body) >= int(length[1] if length else 0):
            return data
    return b""


def test_a_claim_whose_answers_are_lost_is_made_once(server: Server, client: berth.Client, connect: Connect) -> None:
    host = client.create_provider(f"with-lost-answers-{uuid4()}").uuid
    client.set_inventories(host, {"PGPU": berth.Inventory(total=ROOM)})
    before = client.head()
    with losing_answers(server.port, 2) as (url, lost), connect(url, server.token) as far:
        grants = [far.allocate(ONE_GPU, project="p", user="u") for _ in range(ROOM)]
        assert [answer[:12] for answer in lost] == [b"HTTP/1.1 200"] * 2 * ROOM
    assert len({grant.consumer for grant in grants}) == ROOM
    assert client.head() == before + ROOM
    assert client.usages(host).usages == {"PGPU": ROOM}
