"""One sequence of requests, played on both servers, and the differences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.suites.peer import truth
from tests.suites.peer.allowed import allowance, in_usual_form
from tests.suites.peer.candidates import Comparison
from tests.suites.peer.compare import Difference, Exchange, differences
from tests.suites.peer.servers import Pair
from tests.suites.peer.steps import resolve
from tests.suites.peer.wire import Answer, Request

CONSUMER = re.compile(r"(?i)[0-9a-f]{8}-?0002-?4[0-9a-f]{3}-?8[0-9a-f]{3}-?[0-9a-f]{12}")


def plain_get(path: str, version: int = 39) -> Request:
    """An ordinary GET of an administrator."""
    headers = (("x-auth-token", "admin"), ("openstack-api-version", f"placement 1.{version}"))
    return Request("GET", quote(path, safe="/?=&:,%"), headers)


@dataclass(frozen=True, slots=True)
class Finding:
    """What differs in one exchange, and the number of the step: -1 for one that the play added."""

    step: int
    exchange: Exchange
    difference: Difference

    @property
    def signature(self) -> str:
        """Equal for findings that are the same but for names and numbers."""
        request, difference = self.exchange.request, self.difference
        parts = [difference.kind, _nameless(difference.where), str(self.exchange.placement.status)]
        if difference.kind not in ("header", "words"):
            parts += [request.method, _route(request.path)]
        if difference.kind != "tested words":
            parts += [_nameless(difference.placement)[:100], _nameless(difference.berth)[:100]]
        return " | ".join(parts)

    @property
    def likeness(self) -> tuple[str, str, str, str]:
        """What must remain while a sequence is shrunk."""
        request, difference = self.exchange.request, self.difference
        gists = f"{difference.placement[:3]} {difference.berth[:3]}" if difference.kind == "status" else ""
        return request.method, _route(request.path), f"{difference.kind} {gists}", _nameless(difference.where)


def _route(path: str) -> str:
    return re.sub(r"/(resource_providers|allocations|traits|resource_classes|inventories)/[^/]+", r"/\1/{}", path)


def _nameless(text: str) -> str:
    text = re.sub(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "U", text)
    text = re.sub(r"CUSTOM_\w+|VCPU|DISK_GB|MEMORY_MB|VGPU|SRIOV_NET_VF", "NAME", text)
    return re.sub(r"-?\d+(\.\d+)?", "0", re.sub(r"[0-9a-f]{8}-(host|project|user|renamed)-\w+", "NAME", text))


@dataclass
class Play:
    """One sequence on one pair of servers, from empty to parted or done.

    ``judge`` compares Berth with the brute force at every answer to a query for candidates.
    """

    pair: Pair
    tested: list[str]
    judge: bool = False
    findings: list[Finding] = field(default_factory=list)
    allowed: list[tuple[str, Exchange]] = field(default_factory=list)
    parted: bool = False
    """Whether the two states cannot be equal any more, so that nothing further is to be compared."""
    exchanges: int = 0
    _generations: dict[tuple[str, str], int | None] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _phantoms: set[str] = field(default_factory=set)
    _step: int = -1

    def do(self, request: Request, step: int) -> Exchange | None:
        """Send one request to both and compare; None if it is left out because it names a phantom.

        A phantom is a consumer that Placement has made but does not show: one of its faults.
        """
        self._step = step
        resolved = resolve(request, self._generation)
        named = _consumers(resolved)
        if named & self._phantoms:
            return None
        idle = {uuid for uuid in _emptied(resolved) if not self._holds(uuid)}
        exchange = self._compared(resolved)
        if not request.reads:
            self._after_write(exchange, named, idle)
        return exchange

    def audit(self) -> None:
        """Read everything that there is and compare it."""
        self._step = -1
        everything = self._compared(plain_get("/resource_providers"))
        rows = _json(everything.placement).get("resource_providers", ())
        for row in rows:
            for entry in ("inventories", "usages", "traits", "aggregates", "allocations"):
                self._compared(plain_get(f"/resource_providers/{row['uuid']}/{entry}"))
        held = [
            _json(self.pair.placement.send(plain_get(f"/resource_providers/{row['uuid']}/allocations"))) for row in rows
        ]
        for uuid in sorted({uuid for allocations in held for uuid in allocations.get("allocations", ())}):
            self._compared(plain_get(f"/allocations/{uuid}"))
        for path in ("/resource_classes", "/traits?name=startswith:CUSTOM_"):
            self._compared(plain_get(path))

    def _compared(self, request: Request) -> Exchange:
        exchange = self._exchange(request)
        found = self._differences(exchange)
        if found and request.reads and (usual := in_usual_form(request)) != request:
            found = self._differences(replace(exchange, placement=self.pair.placement.send(usual)))
            self.allowed += [] if found else [("uuid in another form", exchange)]
        for difference in found:
            if difference.fails and (entry := allowance(exchange, difference)) is not None:
                self.allowed.append((entry.name, exchange))
            else:
                self.findings.append(Finding(self._step, exchange, difference))
        return exchange

    def _differences(self, exchange: Exchange) -> list[Difference]:
        statuses = {exchange.placement.status, exchange.berth.status}
        if exchange.request.path != "/allocation_candidates" or statuses != {200} or exchange.request.method != "GET":
            return differences(exchange, self.tested)
        headers = replace(exchange.request, method="HEAD")  # the bodies are compared below
        found = differences(Exchange(headers, exchange.placement, exchange.berth), self.tested)
        comparison = Comparison(exchange, self._exchange, self.fleet)
        found += comparison.differences(self.judge)
        self.allowed += [(comparison.meant, exchange)] if comparison.meant else []
        return found

    def fleet(self) -> dict[str, truth.Node]:
        """The providers as Berth has them."""
        return truth.snapshot(lambda path: _json(self._ask_berth(plain_get(path))))

    def _exchange(self, request: Request) -> Exchange:
        self.exchanges += 1
        placement = self.pair.placement.send(request)
        berth = self._ask_berth(request)
        if request.path == "/resource_providers" and request.method == "POST":
            self._learn_alias(request, placement, berth)
        return Exchange(request, placement, self._translated(berth))

    # Names that the servers give by themselves

    def _ask_berth(self, request: Request) -> Answer:
        """Ask Berth, with names that the servers made themselves translated there and back."""
        for ours, theirs in self._aliases.items():
            body = None if request.body is None else request.body.replace(theirs, ours)
            request = replace(request, target=request.target.replace(theirs, ours), body=body)
        return self._translated(self.pair.berth.send(request))

    def _translated(self, answer: Answer) -> Answer:
        for ours, theirs in self._aliases.items():
            headers = tuple((name, value.replace(ours, theirs)) for name, value in answer.headers)
            answer = replace(answer, headers=headers, body=answer.body.replace(ours.encode(), theirs.encode()))
        return answer

    def _learn_alias(self, request: Request, placement: Answer, berth: Answer) -> None:
        """A provider made without a uuid has another one on each server."""
        theirs, ours = ((answer.header("location") or "").rpartition("/")[2] for answer in (placement, berth))
        if theirs and ours and theirs != ours and theirs not in (request.body or ""):
            self._aliases[ours] = theirs

    # Generations, and consumers that exist only for Placement

    def _generation(self, kind: str, uuid: str) -> int | None:
        """The present generation of a provider (0 if there is none) or of a consumer (None if there is none)."""
        if (kind, uuid) not in self._generations:
            path = f"/resource_providers/{uuid}" if kind == "G" else f"/allocations/{uuid}"
            found = _json(self.pair.placement.send(plain_get(path)))
            self._generations[kind, uuid] = (
                found.get("generation", 0) if kind == "G" else found.get("consumer_generation")
            )
        return self._generations[kind, uuid]

    def _holds(self, consumer: str) -> bool:
        return bool(_json(self.pair.placement.send(plain_get(f"/allocations/{consumer}"))).get("allocations"))

    def _after_write(self, exchange: Exchange, named: set[str], idle: set[str]) -> None:
        self._generations.clear()
        placement, berth = exchange.placement, exchange.berth
        failed = placement.status >= 500 or berth.status >= 500  # perhaps after it had written
        self.parted = self.parted or failed or placement.fine != berth.fine
        if placement.fine:
            self._phantoms |= idle
        elif placement.status >= 500 or (placement.status == 400 and "that does not exist" in placement.text):
            self._phantoms |= {uuid for uuid in named if not self._holds(uuid)}


def _json(answer: Answer) -> dict[str, Any]:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _consumers(request: Request) -> set[str]:
    """The consumers of the episode that a request names."""
    return set(CONSUMER.findall(request.target + (request.body or "")))


def _emptied(request: Request) -> Iterator[str]:
    """The consumers whose allocations a request would clear by giving none."""
    if request.reads or "allocations" not in (request.body or "") or "{}" not in (request.body or ""):
        return
    try:
        data = json.loads(request.body or "")
    except ValueError:
        return
    if not isinstance(data, dict):
        return
    if request.method == "PUT" and data.get("allocations") == {}:
        yield from CONSUMER.findall(request.path)
    claims = data.get("allocations") if request.path == "/reshaper" else data
    if request.method == "POST" and isinstance(claims, dict):
        yield from (
            uuid for uuid, claim in claims.items() if isinstance(claim, dict) and claim.get("allocations") == {}
        )
