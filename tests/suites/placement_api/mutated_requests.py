"""Requests made from the OpenAPI documents of both APIs, and mutated; and the answers, held to what they may not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlencode

import jsonschema_rs

from berth.api.auth import dev
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.app import PendingReply
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.api.v1.openapi import described
from berth.api.v1.routes import ROUTES
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.record import InventoryRecord, ProviderRecord
from tests.suites.placement_api.documents import Document, documented
from tests.suites.placement_api.mutation import encoded, mutated, mutated_text
from tests.suites.placement_api.schema_values import CONSUMERS, DISK, HOST, POOL, RACK, SPARE, SchemaValues
from tests.support.raw_http import RawReply

V1: Final = Document(described(ROUTES))
NEWEST: Final = 39
STREAMED: Final = frozenset({"GET /v1/changes", "GET /v1/changes/brief"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request. minor: the version of the Placement API, None for /v1; operation: as in the document."""

    minor: int | None
    operation: str
    method: str
    path: str
    query: str
    body: bytes | None = None

    @property
    def document(self) -> Document:
        """The document that it was made from."""
        return V1 if self.minor is None else documented(self.minor)


class Faces:
    """Both APIs over a ledger, without a server between."""

    def __init__(self, ledger: Ledger) -> None:
        gate = Gate(ledger, (dev,), POLICIES["default"])
        self.ledger = ledger
        self._apps: dict[bool, Any] = {True: V1App(gate, Feed(ledger), mints=True), False: PlacementApp(gate)}

    def ask(self, sent: Sent) -> RawReply:
        """Send a request as an administrator. What no server would answer but with 500 is raised."""
        headers = {"x-auth-token": "admin", "host": "berth.test"}
        if sent.minor is not None:
            headers["openstack-api-version"] = f"placement 1.{sent.minor}"
        if sent.body is not None:
            headers |= {"content-type": "application/json", "content-length": str(len(sent.body))}
        request = Request(sent.method, sent.path, sent.query, headers, sent.body or b"")
        reply = self._apps[sent.minor is None].handle(request)
        if isinstance(reply, PendingReply):
            self.ledger.work()
            reply.answer.exception()
            reply = reply.then()
        assert isinstance(reply, Reply)
        return RawReply(reply.status, tuple(reply.headers), b"".join((reply.body, *reply.rest)))


@contextmanager
def faces(url: str, secret: Path) -> Iterator[Faces]:
    """Open both APIs over a new ledger: a host with a disk, a pool that shares with it, and two consumers."""
    secret.touch(0o600)
    secret.write_bytes(b"k" * 32)
    with open_ledger(url, secret_file=str(secret)) as ledger:
        cpus = {"VCPU": InventoryRecord(total=8), "MEMORY_MB": InventoryRecord(total=4096, allocation_ratio=1.15)}
        shared, gpus = {"DISK_GB": InventoryRecord(total=1000, step_size=10)}, {"PGPU": InventoryRecord(total=2)}
        sharing = ("MISC_SHARES_VIA_AGGREGATE",)
        ledger.create_class("CUSTOM_SLOT")
        ledger.put_records([
            ProviderRecord(name="host", uuid=HOST, inventories=cpus, traits=("CUSTOM_FAST",), aggregates=(RACK,)),
            ProviderRecord(name="disk", uuid=DISK, parent=HOST, inventories=gpus),
            ProviderRecord(name="pool", uuid=POOL, inventories=shared, traits=sharing, aggregates=(RACK,)),
            ProviderRecord(name="spare", uuid=SPARE, inventories=cpus),
        ])  # fmt: skip
        for consumer in CONSUMERS[:2]:
            held = {HOST: {"VCPU": 1}, POOL: {"DISK_GB": 10}}
            ledger.claim(Claim(consumer=consumer, allocations=held, project="physics", user="ada", type="JOB"))
        yield Faces(ledger)


class RequestMaker:
    """Makes requests of the documents, and mutates them."""

    def __init__(self, dice: Random, ledger: Ledger) -> None:
        self._dice, self._ledger = dice, ledger

    def make(self) -> Sent:
        """Return a request: a quarter of them as they should be."""
        dice = self._dice
        minor = None if dice.random() < 0.5 else dice.choice((NEWEST, NEWEST, dice.randint(0, NEWEST)))
        document = V1 if minor is None else documented(minor)
        name = self._operation(minor, document)
        operation = document.operations[name]
        values = SchemaValues(document.value["components"].get("schemas", {}), dice)
        times = dice.choice((0, 1, 1, 2))
        spoils_body = "requestBody" in operation and dice.random() < 0.8
        method, _, template = name.partition(" ")
        parameters = [document.followed(each) for each in operation.get("parameters", ())]
        path = self._path(template, parameters, values, spoils=bool(times) and not spoils_body)
        query = self._query(parameters, values, spoils=bool(times) and not spoils_body)
        body = None
        if "requestBody" in operation:
            made = values.value(operation["requestBody"]["content"]["application/json"]["schema"])
            self._make_current(made, path)
            body = encoded(mutated(made, dice, times if spoils_body else 0), dice)
        return Sent(minor, name, method, path, urlencode(query, quote_via=quote, errors="replace"), body)

    def _operation(self, minor: int | None, document: Document) -> str:
        if self._dice.random() < 0.25:
            name = "POST /v1/find" if minor is None else "GET /allocation_candidates"
            if name in document.operations:
                return name
        return self._dice.choice([each for each in sorted(document.operations) if each not in STREAMED])

    def _path(self, template: str, parameters: list[Any], values: SchemaValues, *, spoils: bool) -> str:
        path = template
        for each in parameters:
            if each["in"] == "path":
                text = values.text(each["schema"], each["name"])
                if spoils and self._dice.random() < 0.5:
                    text = mutated_text(text, self._dice)
                path = path.replace(f"{{{each['name']}}}", text.replace("/", "-") or "-")
        return path.encode(errors="replace").decode()  # no server decodes a path to halves of surrogate pairs

    def _query(self, parameters: list[Any], values: SchemaValues, *, spoils: bool) -> list[tuple[str, str]]:
        query = [
            (each["name"], values.text(each["schema"], each["name"]))
            for each in parameters
            if each["in"] == "query" and (each.get("required") or self._dice.random() < 0.4)
        ]
        return self._spoiled(query) if query and spoils else query

    def _spoiled(self, query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        at = self._dice.randrange(len(query))
        name, text = query[at]
        kind = self._dice.random()
        if kind < 0.6:
            query[at] = name, mutated_text(text, self._dice)
        elif kind < 0.8:
            query.append((name, mutated_text(text, self._dice)))
        else:
            query[at] = name + self._dice.choice(("1", "_A", "_" * 70, "\u00e9", " ")), text
        return query

    def _make_current(self, body: Any, path: str) -> None:
        """Put the present generations into a body, mostly: with others nothing is carried out."""
        if not isinstance(body, dict) or self._dice.random() < 0.2:
            return
        uuid = next((each for each in (HOST, DISK, POOL, SPARE) if each in path or body.get("uuid") == each), None)
        for name in {"resource_provider_generation", "generation"} & body.keys():
            known = [each for each in self._ledger.providers() if each.uuid == uuid]
            body[name] = known[0].generation if known else 0


def request_faults(sent: Sent) -> list[str]:
    """Return what of a request's body the document forbids."""
    described_body = sent.document.operations[sent.operation].get("requestBody")
    if described_body is None or sent.body is None:
        return []
    schema = described_body["content"]["application/json"]["schema"]
    whole = {**schema, "components": sent.document.value["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=False)  # a uuid has several spellings
    return [f"{error.message[:200]} at {error.instance_path}" for error in validator.iter_errors(json.loads(sent.body))]
