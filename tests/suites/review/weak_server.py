"""A server that does wrong what a live review looks for: it answers everybody, with old TLS and telling errors."""

from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class WeakHandler(BaseHTTPRequestHandler):
    """Replies with 200 to what exists, and with a traceback to what does not."""

    server_version = "nginx/1.1.2"

    def do_GET(self) -> None:
        """Reply to one request."""
        if self.path == "/":
            self._reply(302, b"", location="http://elsewhere.example.com/")
        elif self.path.startswith("/ui"):
            self._reply(200, b"<p>", **{"content-type": "text/html", "set-cookie": "session=1"})
        elif "no-such" in self.path:
            self._reply(404, b'Traceback (most recent call last):\n  File "/srv/app.py", line 3')
        else:
            self._reply(200, b"{}", **{"access-control-allow-origin": self.headers["origin"]})

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class QuietServer(ThreadingHTTPServer):
    """A server that prints nothing about handshakes which fail: most of them are meant to."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def weak_server(certificate: Path, key: Path) -> Iterator[int]:
    """Run it until the block ends, and yield its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    server = QuietServer(("127.0.0.1", 0), WeakHandler)
    # The handshake is made by the thread of the connection: one that hangs delays no other.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
