"""A real server to attack: what it answers, what its audit log says of that, and whether anything has changed."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import trustme

from berth.fleet.views.providers import snapshot
from berth.ledger import Ledger
from berth.model.audit import AuditRecord
from tests.suites.authentication.test_tls import prepare
from tests.suites.security.callers import LIMITS, ledger_in
from tests.support.raw_http import Headers, RawConnection, RawReply, request_bytes
from tests.support.servers import configured_server
from tests.unit.api.v1.conftest import fill

PATIENCE_S: Final = 20
NEWEST: Final = ("openstack-api-version", "placement 1.39")
REQUEST_ID: Final = "x-openstack-request-id"

TARGET: Final = "CUSTOM_ATTACKED"
WRITE: Final = f"/traits/{TARGET}"
"""What attacks try to make, by PUT: one request without a body, and everybody sees whether it was carried out."""


@dataclass(slots=True)
class Attacked:
    """A server, and somebody who watches its ledger from outside.

    context: what connections are made safe with, by the client certificate's name; None for plain HTTP.
    before, last: the ledger, and the last record of the audit log, as they were when the attack began.
    """

    port: int
    folder: Path
    ledger: Ledger
    context: Callable[[str], ssl.SSLContext] | None = None
    before: Any = None
    last: int = 0

    def begin(self) -> None:
        """Remember how everything is."""
        self.before, self.last = self.state(), self.newest()

    def state(self) -> Any:
        """All that the ledger holds."""
        with self.ledger._writer.read() as fleet:
            shown = snapshot(fleet)
        return shown, [each.number for each in self.ledger.changes(max(0, shown["head"] - 1))]

    def newest(self) -> int:
        """The number of the last record of the audit log."""
        return max((each.number for each in self.ledger.audit(most=1, facts=False)), default=0)

    def records(self) -> list[AuditRecord]:
        """What the audit log says of the attack."""
        return [each for each in self.ledger.audit(most=1000, facts=False) if each.number > self.last]

    def record(self, request: str) -> AuditRecord:
        """The record of one request, as soon as it is there."""
        return self.awaited(lambda each: each.request == request)

    def awaited(self, meant: Callable[[AuditRecord], bool]) -> AuditRecord:
        """The newest record that is meant, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for each in self.records():
                if meant(each):
                    return each
            time.sleep(0.02)
        raise AssertionError(f"there is no such record among {[each.request for each in self.records()]}")

    def wire(self, source: str = "127.0.0.1", certificate: str = "") -> RawConnection:
        """A connection, from one of the loopback addresses."""
        return RawConnection(self.port, source, None if self.context is None else self.context(certificate))

    def ask(
        self, method: str, target: str, headers: Headers = (), body: bytes | None = None, certificate: str = ""
    ) -> RawReply:
        """One request on a connection of its own."""
        with self.wire(certificate=certificate) as own:
            return own.ask(method, target, headers, body)

    def wait(self) -> None:
        """Until it serves: a TLS front is there before what stands behind it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with self.wire() as wire, suppress(OSError):
                if wire.send(request_bytes("GET", "/healthz")) is not None:
                    return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def refused(self, got: RawReply, status: int, words: str, **fields: Any) -> AuditRecord:
        """The record of a refusal: that it was one, in these words, and what its record says besides."""
        assert (got.status, words in said(got)) == (status, True), (got.status, got.body[:400])
        request = got.header(REQUEST_ID)
        assert request is not None
        record = self.record(request)
        told = {name: getattr(record, name) for name in fields}
        assert (record.outcome, told) == (str(status), fields)
        return record

    def check(self) -> None:
        """Nothing was carried out, nothing has failed, and the server goes on serving."""
        assert self.state() == self.before
        assert [each for each in self.records() if each.outcome in ("done", "500")] == []
        log = (self.folder / "log").read_text(encoding="utf-8")
        assert "Traceback" not in log, log
        assert self.ask("GET", "/healthz").status == 200


def said(got: RawReply) -> str:
    """What a refusal says, in whichever API's form."""
    try:
        told = json.loads(got.body)
    except ValueError:
        return got.body.decode(errors="replace")
    return str(told["errors"][0]["detail"] if "errors" in told else told.get("detail", told))


@contextmanager
def attacked(folder: Path, settings: str, *options: str) -> Iterator[Attacked]:
    """A server with these settings (TOML; its tables last) on a ledger with something in it."""
    with ledger_in(folder) as ledger:
        fill(ledger)
    taken = settings if "[limits]" in settings else unlimited(settings)
    with configured_server(folder, taken, *options) as port, ledger_in(folder) as ledger:
        yield Attacked(port, folder, ledger)


TLS: Final = '[tls]\ncert = "server.pem"\nkey = "server.key"\n'
WAYS: Final = {"plain": "", "tls": TLS, "front": f'{TLS}client_ca = "ca.pem"\n'}
"""Over HTTP, over TLS that Granian ends, and over TLS that the front ends."""


@contextmanager
def over(way: str, folder: Path, settings: str) -> Iterator[Attacked]:
    """The same, over one of the ways."""
    authority = trustme.CA()
    prepare(folder, authority)

    def context(_: str) -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        made.set_alpn_protocols(["http/1.1"])
        return made

    with attacked(folder, settings + WAYS[way]) as server:
        server.context = context if WAYS[way] else None
        server.wait()
        yield server


def unlimited(settings: str) -> str:
    """The same settings, with as many refusals as there are attacks."""
    top, table, rest = settings.partition("\n[")
    return f"{top}{LIMITS}{table}{rest}"
