"""Serve the real Placement, and nothing but it: a script for the interpreter that has openstack-placement.

    python placement_server.py --port 8778 --dir DIR [--fault NAME]
    python placement_server.py --words

The first serves it on a new SQLite file in DIR until it is killed.  ``DELETE /.everything`` empties the database behind
Placement's back, which takes a few milliseconds where forty requests would take a third of a second.  ``--fault``
lets one fault into the answers, for the tests of the comparer.  The second prints, as a JSON list, the texts that
Placement's own functional tests look for in answers.

It imports nothing of Berth and is not imported by it: the interpreter may be another one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref import simple_server

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Reply = tuple[str, Headers, bytes]
Fault = Callable[[str, str, Headers, bytes], Reply]
CONFIGURATION = """\
[DEFAULT]
log_options = False
[api]
auth_strategy = noauth2
[placement_database]
connection = sqlite:///{directory}/peer.db
sqlite_synchronous = False
sync_on_startup = True
[oslo_policy]
policy_file = {directory}/policy.yaml
enforce_new_defaults = False
"""
# In an order that the foreign keys allow.
EMPTYING = (
    "DELETE FROM allocations",
    "DELETE FROM inventories",
    "DELETE FROM resource_provider_aggregates",
    "DELETE FROM resource_provider_traits",
    "UPDATE resource_providers SET root_provider_id = NULL, parent_provider_id = NULL",
    "DELETE FROM resource_providers",
    "DELETE FROM placement_aggregates",
    "DELETE FROM consumers",
    "DELETE FROM consumer_types",
    "DELETE FROM projects",
    "DELETE FROM users",
    "DELETE FROM traits WHERE name LIKE 'CUSTOM#_%' ESCAPE '#'",
    "DELETE FROM resource_classes WHERE name LIKE 'CUSTOM#_%' ESCAPE '#'",
)


class Handler(simple_server.WSGIRequestHandler):
    """Hands every request on as it came: the base class invents a content type, and writes a log."""

    def get_environ(self) -> Environ:
        environ: Environ = dict(super().get_environ())
        if self.headers.get("content-type") is None:
            environ["CONTENT_TYPE"] = ""
        return environ

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _edit_json(change: Callable[[dict[str, Any]], None]) -> Fault:
    """A fault that applies ``change`` to every object in a JSON body."""

    def walk(data: Any) -> None:
        if isinstance(data, dict):
            change(data)
        for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
            walk(item)

    def fault(method: str, status: str, headers: Headers, body: bytes) -> Reply:
        if body[:1] == b"{":
            data = json.loads(body)
            walk(data)
            body = json.dumps(data).encode()
        return status, headers, body

    return fault


def _status(old: str, new: str, only: str = "") -> Fault:
    def fault(method: str, status: str, headers: Headers, body: bytes) -> Reply:
        hit = status.startswith(old) and only in ("", method)
        return new if hit else status, headers, body

    return fault


def _without_header(name: str) -> Fault:
    return lambda _, status, headers, body: (status, [h for h in headers if h[0].lower() != name], body)


def _raise(key: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        if isinstance(data.get(key), int):
            data[key] += 1

    return change


def _drop_last(key: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        if isinstance(data.get(key), list) and len(data[key]) > 1:
            data[key].pop()

    return change


def _lose(key: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data.pop(key, None)

    return change


def _swap_mapping(data: dict[str, Any]) -> None:
    """Exchange what two groups are mapped to."""
    mappings = data.get("mappings")
    if isinstance(mappings, dict) and len(mappings) > 1:
        first, second = list(mappings)[:2]
        mappings[first], mappings[second] = mappings[second], mappings[first]


def _reword(data: dict[str, Any]) -> None:
    if "detail" in data:
        data["detail"] = "Something is wrong."


FAULTS: dict[str, Fault] = {
    "204-is-200": _status("204", "200 OK"),
    "delete-409-is-400": _status("409", "400 Bad Request", "DELETE"),
    "no-last-modified": _without_header("last-modified"),
    "no-vary": _without_header("vary"),
    "no-location": _without_header("location"),
    "no-allow": _without_header("allow"),
    "no-error-code": _edit_json(_lose("code")),
    "generation-plus-one": _edit_json(_raise("resource_provider_generation")),
    "used-plus-one": _edit_json(_raise("used")),
    "candidate-lost": _edit_json(_drop_last("allocation_requests")),
    "summary-without-traits": _edit_json(_lose("traits")),
    "mapping-swapped": _edit_json(_swap_mapping),
    "other-words": _edit_json(_reword),
}


class Served:
    """The WSGI application: Placement, the emptying, and the fault if there is one."""

    def __init__(self, placement: Any, database: str, fault: Fault | None) -> None:
        self._placement = placement
        self._database = database
        self._fault = fault

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/.everything":
            self._empty()
            start_response("204 No Content", [])
            return []
        if self._fault is None:
            answer: Iterable[bytes] = self._placement(environ, start_response)
            return answer
        return self._faulty(environ, start_response, self._fault)

    def _faulty(self, environ: Environ, start_response: Any, fault: Fault) -> Iterator[bytes]:
        seen: list[Any] = []
        body = b"".join(self._placement(environ, lambda status, headers, _=None: seen.extend((status, headers))))
        status, headers, body = fault(environ["REQUEST_METHOD"], seen[0], seen[1], body)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        if not status.startswith("204"):
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers)
        yield body

    def _empty(self) -> None:
        with sqlite3.connect(self._database) as connection:
            for statement in EMPTYING:
                connection.execute(statement)
        connection.close()


def serve(port: int, directory: str, fault: Fault | None) -> None:
    """Serve until killed."""
    folder = Path(directory).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("placement.conf").write_text(CONFIGURATION.format(directory=folder))
    os.environ["OS_PLACEMENT_CONFIG_DIR"] = str(folder)
    wsgi = importlib.import_module("placement.wsgi")
    served = Served(wsgi.init_application(), str(folder / "peer.db"), fault)
    logging.disable(logging.CRITICAL)
    simple_server.make_server("127.0.0.1", port, served, handler_class=Handler).serve_forever()


def words() -> list[str]:
    """The texts that Placement's own tests look for in answers."""
    yaml = importlib.import_module("yaml")
    package = Path(importlib.import_module("placement").__file__ or "").parent
    found: set[str] = set()
    for source in package.glob("tests/functional/gabbits/*.yaml"):
        for test in yaml.safe_load(source.read_text()).get("tests", ()):
            found.update(test.get("response_strings") or ())
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=8778)
    parser.add_argument("--dir", default=".")
    parser.add_argument("--fault", choices=sorted(FAULTS))
    parser.add_argument("--words", action="store_true")
    args = parser.parse_args()
    if args.words:
        json.dump(words(), sys.stdout)
    else:
        serve(args.port, args.dir, FAULTS[args.fault] if args.fault else None)


if __name__ == "__main__":
    main()
