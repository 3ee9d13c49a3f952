"""A server for the real Placement: the control of this harness.

    python placement_server.py --profile NAME --folder FOLDER --port PORT [--fault NAME]

The configuration and a new SQLite file go to FOLDER.  The standard library's WSGI server refuses nothing itself, so
every request reaches Placement.  ``--fault`` changes the replies, which a useful harness must notice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from configparser import RawConfigParser
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

Headers = list[tuple[str, str]]
Answer = tuple[str, Headers, bytes]
PROFILES = ("default", "legacy-rbac", "secure-rbac", "open-policy", "cors")


def configure(folder: Path, profile: str) -> None:
    """Write the configuration for one profile."""
    policy = folder / "policy.yaml"
    configuration = RawConfigParser()
    configuration["DEFAULT"] = {"log_options": "false"}
    configuration["api"] = {"auth_strategy": "noauth2"}
    configuration["placement_database"] = {
        "connection": f"sqlite:///{folder}/peer.db",
        "sqlite_synchronous": "false",
        "sync_on_startup": "true",
    }
    configuration["oslo_policy"] = {
        "policy_file": str(policy),
        "enforce_new_defaults": str(profile == "secure-rbac").lower(),
    }
    if profile == "cors":
        configuration["cors"] = {
            "allowed_origin": "http://valid.example.com",
            "allow_headers": "openstack-api-version",
        }
    if profile == "open-policy":
        policy.write_text(json.dumps(_everything_allowed()))
    with (folder / "placement.conf").open("w") as out:
        configuration.write(out)


def _everything_allowed() -> dict[str, str]:
    from placement import policies

    return {rule.name: "@" for rule in policies.list_rules() if rule.name != "admin_api"}


class Handler(WSGIRequestHandler):
    """A handler that invents no content type where there is none, and writes no log."""

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        if "content-type" not in self.headers:
            environ["CONTENT_TYPE"] = ""
        return environ

    def log_message(self, *_: object) -> None:
        pass


class Threaded(ThreadingMixIn, WSGIServer):
    """A WSGI server with a thread for each request."""

    daemon_threads = True
    request_queue_size = 64


def _allowing(status: str, headers: Headers, body: bytes) -> Answer:
    return "200 OK" if status.startswith("403") else status, headers, body


def _without_location(status: str, headers: Headers, body: bytes) -> Answer:
    return status, [pair for pair in headers if pair[0].lower() != "location"], body


def _rewording(status: str, headers: Headers, body: bytes) -> Answer:
    return status, headers, body.replace(b"No such trait", b"Some trait does not exist")


def _losing(status: str, headers: Headers, body: bytes) -> Answer:
    document = json.loads(body) if body.startswith(b'{"allocation_requests"') else {}
    if document:
        body = json.dumps({**document, "allocation_requests": document["allocation_requests"][:-1]}).encode()
    return status, headers, body


FAULTS: dict[str, Callable[[str, Headers, bytes], Answer]] = {
    "allowing": _allowing,
    "without-location": _without_location,
    "rewording": _rewording,
    "losing-a-candidate": _losing,
}


def with_fault(placement: Any, fault: Callable[[str, Headers, bytes], Answer]) -> Any:
    """Return Placement with one fault in its replies."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen: list[Any] = []
        body = b"".join(placement(environ, lambda *given: seen.extend(given)))
        status, headers, body = fault(seen[0], seen[1], body)
        kept = [pair for pair in headers if pair[0].lower() != "content-length"]
        if not status.startswith("204"):
            kept.append(("Content-Length", str(len(body))))
        start_response(status, kept)
        return [body]

    return application


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--profile", choices=PROFILES, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fault", choices=FAULTS)
    args = parser.parse_args()
    configure(args.folder, args.profile)
    os.environ["OS_PLACEMENT_CONFIG_DIR"] = str(args.folder)
    from placement import wsgi

    application = wsgi.init_application()
    if args.fault:
        application = with_fault(application, FAULTS[args.fault])
    with make_server("127.0.0.1", args.port, application, Threaded, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    # This folder would shadow nothing today, but it has no business on the path of what it serves.
    sys.path.pop(0)
    main()
