"""What a client says when there is no server, no token, no Berth; and that it keeps its token to itself."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

import berth
from berth import errors
from tests.support.servers import Server

SECRET = "brth_sesame"


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

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        thread.join(5)


def message(status: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


ABOUT = message("200 OK", b'{"name":"berth","version":"0","head":7,"documentation":{}}')
AWAY = message("503 Service Unavailable", b'{"type":"/v1/problems/unavailable","detail":"away"}')


def test_nobody_answers() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with berth.connect(f"http://127.0.0.1:{port}", SECRET) as client:
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
def test_strange_answers(answer: bytes, kind: type[errors.BerthError], words: str) -> None:
    with answering(answer) as (url, _), berth.connect(url, SECRET) as client:
        with pytest.raises(kind, match=words) as caught:
            client.head()
        assert type(caught.value) is kind


def test_reading_is_tried_again() -> None:
    with answering(b"", AWAY, ABOUT) as (url, heard), berth.connect(url, SECRET) as client:
        assert client.head() == 7
    assert len(heard) == 3


@pytest.mark.parametrize(("answer", "words"), [(b"", "not known"), (AWAY, "away")])
def test_a_command_is_sent_once(answer: bytes, words: str) -> None:
    with (
        answering(answer) as (url, heard),
        berth.connect(url, SECRET) as client,
        pytest.raises(errors.Unavailable, match=words),
    ):
        client.create_provider("host")
    assert len(heard) == 1
    assert b"POST /v1/commands/CreateProvider" in heard[0]


def test_the_token_is_told_to_the_server_only() -> None:
    with (
        answering(b"", b"", b"", b"") as (url, heard),
        berth.connect(url, SECRET) as client,
        pytest.raises(errors.Unavailable) as caught,
    ):
        client.head()
    assert all(f"x-auth-token: {SECRET}".encode() in each.lower() for each in heard)
    shown = "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        shown += repr(error) + repr(vars(error))
        error = error.__context__ or error.__cause__
    assert SECRET not in shown + repr(client) + repr(vars(client))


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://user:secret@host"])
def test_no_address_of_a_server(url: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        berth.connect(url)
    assert "secret" not in str(caught.value)


def test_without_a_token(server: Server) -> None:
    with berth.connect(server.url) as client:
        assert client.about().name == "berth"
        with pytest.raises(errors.Unauthenticated):
            client.me()
        with pytest.raises(errors.Unauthenticated):
            list(client.follow(0))
        with pytest.raises(errors.Unauthenticated):
            client.create_provider("host")


def test_who_may_not(server: Server) -> None:
    with berth.connect(server.url, "ada:physics") as client:
        assert client.me() == berth.CallerInfo(
            name="ada", user="ada", project="physics", roles=[], via="dev", may=["me.show", "policy.show"]
        )
        with pytest.raises(errors.Forbidden):
            client.create_provider("host")
