"""An owner of a tree writes that tree and no other, whichever way round it tries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from berth.api.auth.policy import DEFAULT
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.routes import ROUTES
from berth.ledger import Ledger, open_ledger
from berth.model.caller import OWNER
from berth.model.inventory import Inventory
from tests.suites.security.callers import LIMITS, OWN, Who, minted
from tests.suites.security.kept_connections import Connections, Got
from tests.support.servers import configured_server


def _uuid(number: int) -> str:
    return f"7a5c0000-0000-4000-8000-{number:012x}"


NAMES: Final = {
    "own": OWN,
    "own-child": _uuid(2),
    "own-idle": _uuid(3),
    "own-spare": _uuid(4),
    "other": _uuid(0x11),
    "other-child": _uuid(0x12),
    "other-idle": _uuid(0x13),
    "other-spare": _uuid(0x14),
    "new": _uuid(0x21),
    "new-2": _uuid(0x22),
    "rack": _uuid(0x31),
    "guest": _uuid(0x41),
}
"""Two trees, of four providers each; and what is not there yet."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request; names in angle brackets stand for uuids. rule: what the policy calls it."""

    rule: str
    call: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.call} {str(self.body)[:60]}"


def both(rule: str, call: str, body: Any = None) -> tuple[Line, Line]:
    """A request about the provider <x>: of the own tree, and of the other one."""
    return tuple(Line(rule, _put(call, name), _put(body, name)) for name in ("own", "other"))  # type: ignore[return-value]


def _put(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace("<x", f"<{name}")
    if isinstance(value, dict):
        return {_put(key, name): _put(item, name) for key, item in value.items()}
    return [_put(item, name) for item in value] if isinstance(value, list) else value


P, C = "/resource_providers", "/v1/commands"
ZERO: Final = {"resource_provider_generation": 0}
GEN: Final = {"resource_provider_generation": "<generation x-child>"}
STOCK: Final = {"VCPU": {"total": 5}}
PAIRS: Final = (
    both("providers.create", f"POST {P}", {"name": "n1", "uuid": "<new>", "parent_provider_uuid": "<x-child>"}),
    both("providers.update", f"PUT {P}/<x-child>", {"name": "n2", "parent_provider_uuid": "<x>"}),
    both("inventories.create", f"POST {P}/<x-idle>/inventories", {**ZERO, "resource_class": "VCPU", "total": 1}),
    both("providers.delete", f"DELETE {P}/<x-idle>"),
    both("inventories.replace", f"PUT {P}/<x-child>/inventories", {**GEN, "inventories": STOCK}),
    both("inventory.update", f"PUT {P}/<x-child>/inventories/VCPU", {**GEN, "total": 9}),
    both("inventory.delete", f"DELETE {P}/<x-child>/inventories/VCPU"),
    both("inventories.clear", f"DELETE {P}/<x-child>/inventories"),
    both("provider_traits.set", f"PUT {P}/<x-child>/traits", {**GEN, "traits": ["CUSTOM_FAST"]}),
    both("provider_traits.clear", f"DELETE {P}/<x-child>/traits"),
    both("aggregates.set", f"PUT {P}/<x-child>/aggregates", {**GEN, "aggregates": ["<rack>"]}),
    both("providers.create", f"POST {C}/CreateProvider", {"name": "n3", "uuid": "<new-2>", "parent": "<x>"}),
    both("providers.update", f"POST {C}/UpdateProvider", {"uuid": "<x-child>", "name": "n4"}),
    both("inventories.replace", f"POST {C}/SetInventories", {"uuid": "<x-child>", "inventories": STOCK}),
    both("inventory.update", f"POST {C}/UpdateInventory",
         {"uuid": "<x-child>", "resource_class": "VCPU", "inventory": {"total": 9}}),
    both("inventory.delete", f"POST {C}/DeleteInventory", {"uuid": "<x-child>", "resource_class": "VCPU"}),
    both("inventories.create", f"POST {C}/AddInventory",
         {"uuid": "<x-spare>", "resource_class": "VCPU", "inventory": {"total": 1}}),
    both("providers.delete", f"POST {C}/DeleteProvider", {"uuid": "<x-spare>"}),
    both("provider_traits.set", f"POST {C}/SetTraits", {"uuid": "<x-child>", "traits": ["CUSTOM_FAST"]}),
    both("aggregates.set", f"POST {C}/SetAggregates", {"uuid": "<x-child>", "aggregates": ["<rack>"]}),
    both("providers.rename_tree", f"POST {C}/RenameTree", {"uuid": "<x-child>", "name": "x2", "dry_run": True}),
    both("providers.delete_tree", f"POST {C}/DeleteTree", {"uuid": "<x-child>", "dry_run": True}),
    both("providers.drain", f"POST {C}/Drain", {"providers": ["<x-child>"]}),
    both("providers.undrain", f"POST {C}/Undrain", {"providers": ["<x-child>"]}),
    both("provider_traits.edit", f"POST {C}/EditTraits", {"uuid": "<x-child>", "add": ["CUSTOM_FAST"]}),
    both("aggregates.edit", f"POST {C}/EditAggregates", {"uuid": "<x-child>", "add": ["<rack>"]}),
    both("providers.import", f"POST {C}/PutRecords", {"records": [{"name": "n5", "parent": "<x>"}]}),
)  # fmt: skip
"""Every way of writing a provider, to the own tree and to the other."""

FOR: Final = {"project": "mine", "user": "u"}
ASK: Final = {"groups": [{"resources": {"VCPU": 1}}]}
HELD: Final = {"<own-child>": {"VCPU": 1}}
CLAIM: Final = {
    "allocations": {"<own-child>": {"resources": {"VCPU": 1}}},
    "project_id": "mine",
    "user_id": "u",
    "consumer_generation": None,
    "consumer_type": "JOB",
}


def records(*each: dict[str, Any]) -> Line:
    return Line("providers.import", f"POST {C}/PutRecords", {"records": list(each)})


def update(provider: str, **fields: Any) -> Line:
    return Line("providers.update", f"POST {C}/UpdateProvider", {"uuid": provider, **fields})


def moved(provider: str, parent: str | None) -> Line:
    return Line("providers.update", f"PUT {P}/{provider}", {"name": "n", "parent_provider_uuid": parent})


ROUND_ABOUT: Final = (
    # Into the other tree, out of it, or out of every tree
    moved("<own-child>", "<other>"),
    moved("<other-child>", "<own>"),
    moved("<own-child>", None),
    moved("<other>", "<own>"),
    moved("<own>", "<other>"),
    update("<own-child>", parent="<other-child>"),
    update("<other-child>", parent="<own-child>"),
    update("<own-child>", parent=None),
    update("{<other-child>}", name="n"),
    update("urn:uuid:<other-child>", name="n"),
    # A root of one's own making
    Line("providers.create", f"POST {P}", {"name": "n"}),
    Line("providers.create", f"POST {P}", {"name": "n", "uuid": "<new>"}),
    Line("providers.create", f"POST {C}/CreateProvider", {"name": "n", "uuid": "<new>"}),
    # Records that say one thing and mean another
    records({"name": "n"}),
    records({"name": "n", "uuid": "<new>"}),
    records({"name": "n", "uuid": "nonsense"}),
    records({"name": "other"}),
    records({"name": "other-child", "parent": "other"}),
    records({"name": "n", "parent": "other"}),
    records({"name": "n", "parent": "other-child"}),
    records({"name": "n", "parent": "{<other>}"}),
    records({"name": "n", "parent": "<OTHER>"}),
    records({"name": "other", "uuid": "<own>"}, {"name": "n", "parent": "other"}),
    records({"name": "other-child", "uuid": "<new>", "parent": "own"}, {"name": "n", "parent": "other-child"}),
    records({"name": "<other>", "uuid": "<new>", "parent": "own"}, {"name": "n", "parent": "<other>"}),
    records({"name": "m", "uuid": "<other-child>", "parent": "own"}, {"name": "n", "parent": "<other-child>"}),
    records({"name": "own"}, {"name": "other", "traits": ["CUSTOM_FAST"]}),
    {"records": [{"name": "n"}], "new_uuids": ["<new>"]},
    # What is everybody's
    records({"name": "n", "parent": "own", "traits": ["CUSTOM_MINE"]}),
    records({"name": "n", "parent": "own", "inventories": {"CUSTOM_MINE": {"total": 1}}}),
    records({"name": "n", "parent": "own", "aggregates": ["mine"]}),
    # What the policy does not let an owner do at all
    Line("", "PUT /traits/CUSTOM_MINE"),
    Line("", "DELETE /traits/CUSTOM_IDLE"),
    Line("", "PUT /resource_classes/CUSTOM_MINE"),
    Line("", "POST /resource_classes", {"name": "CUSTOM_MINE"}),
    Line("", "DELETE /resource_classes/CUSTOM_IDLE"),
    Line("", f"POST {C}/CreateTrait", {"name": "CUSTOM_MINE"}),
    Line("", f"POST {C}/NameAggregate", {"uuid": "<rack>", "name": "mine"}),
    Line("", f"POST {C}/CreateClass", {"name": "CUSTOM_MINE"}),
    Line("", f"POST {C}/RenameClass", {"name": "CUSTOM_IDLE", "new_name": "CUSTOM_MINE"}),
    Line("", f"POST {C}/DeleteClass", {"name": "CUSTOM_IDLE"}),
    Line("", f"POST {C}/DeleteTrait", {"name": "CUSTOM_IDLE"}),
    Line("", "POST /allocations", {"<guest>": CLAIM}),
    Line("", "PUT /allocations/<guest>", CLAIM),
    Line("", "DELETE /allocations/<guest>"),
    Line("", "DELETE /v1/consumers/<guest>"),
    Line("", "POST /reshaper", {"inventories": {"<own-child>": {**GEN, "inventories": STOCK}}, "allocations": {}}),
    Line("", f"POST {C}/Reshape", {"inventories": [{"uuid": "<own-child>", "inventories": STOCK}], "claims": []}),
    Line("", f"POST {C}/SetAllocations", {"claims": [{"consumer": "<guest>", "allocations": HELD, **FOR}]}),
    Line("", f"POST {C}/Allocate", {"request": ASK, "consumer": "<guest>", **FOR}),
    Line("", f"POST {C}/ReleaseAllocations", {"consumer": "<guest>"}),
    Line("", f"POST {C}/EditInventories",
         {"where": {"uuid": "<own-child>"}, "resource_class": "VCPU", "fields": {"total": 5}}),
    Line("", f"POST {C}/Drain", {"where": {"uuid": "<own-child>"}}),
    Line("", f"POST {C}/Drain", {"providers": ["<own-child>"], "where": {"uuid": "<own-child>"}}),
    Line("", f"POST {C}/ReleaseMatching", {"on": "<own-child>"}),
    Line("", f"POST {C}/ReleaseMatching", {"consumers": ["<guest>"], "dry_run": True}),
    Line("", f"POST {C}/Undo", {"change": 1}),
    Line("", "POST /v1/undo", {"change": 1}),
    Line("", "POST /v1/reconcile", {"trees": ["<own>"], "alive": {"<guest>": None}, "as_of": 0}),
    Line("", "POST /v1/claims", {"request": ASK, **FOR}),
    Line("", "POST /v1/leases", {"name": "n", "project": "p", "ttl": 60}),
    Line("", "POST /v1/leases/renew", {"uuids": ["<guest>"]}),
    Line("", "DELETE /v1/leases/<guest>"),
    Line("", f"POST {C}/GrantLease", {"uuid": "<guest>", "name": "n", "project": "p", "ttl": 60}),
    Line("", f"POST {C}/RenewLeases", {"uuids": ["<guest>"]}),
    Line("", f"POST {C}/EndLease", {"uuid": "<guest>"}),
)  # fmt: skip


def fill(ledger: Ledger) -> None:
    """Both trees."""
    for name in ("CUSTOM_FAST", "CUSTOM_IDLE"):
        ledger.create_trait(name)
    for name in ("CUSTOM_SLOT", "CUSTOM_IDLE"):
        ledger.create_class(name)
    for tree in ("own", "other"):
        ledger.create_provider(tree, uuid=NAMES[tree])
        for child in (f"{tree}-child", f"{tree}-idle", f"{tree}-spare"):
            ledger.create_provider(child, uuid=NAMES[child], parent=NAMES[tree])
        ledger.set_inventories(NAMES[f"{tree}-child"], {"VCPU": Inventory(8)})


@dataclass(frozen=True, slots=True)
class Stand:
    """A server on those trees, and whoever owns one of them."""

    connections: Connections
    ledger: Ledger
    token: str

    def ask(self, line: Line) -> Got:
        method, _, path = line.call.partition(" ")
        headers = {"x-auth-token": self.token, "openstack-api-version": "placement 1.39"}
        return self.connections.ask(method, self._named(path), headers, self._named(line.body))

    def _named(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._named(key): self._named(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._named(item) for item in value]
        if not isinstance(value, str):
            return value
        if value.startswith("<generation "):
            name = value.removeprefix("<generation ").removesuffix(">").replace("x-", "own-")
            return self.ledger.provider(NAMES[name]).generation
        for name, uuid in NAMES.items():
            value = value.replace(f"<{name}>", uuid).replace(f"<{name.upper()}>", uuid.upper())
        return value

    def head(self) -> int:
        return self.ledger.overview().head


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("owners")
    token = minted(folder, Who(OWNER))
    with open_ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        fill(ledger)
        with configured_server(folder, f'auth = ["token"]{LIMITS}') as port:
            connections = Connections(port)
            yield Stand(connections, ledger, token)
            connections.close_all()


def test_not_one_way_of_writing_is_missing() -> None:
    """Each rule that lets owners write is tried in each API that has a route for it."""
    tried = {(pair[0].rule, pair[0].call.partition(" ")[2].startswith("/v1")) for pair in PAIRS}
    routes = {(each.name, False) for each in OPERATIONS if each.method != "GET"}
    routes |= {(each.operation, True) for each in ROUTES if each.method != "GET"}
    reading = {("providers.list", True), ("me.show", True), ("policy.show", True)}  # asked for with a body
    assert {each for each in routes if OWNER in DEFAULT.get(each[0], ())} - reading == tried


@pytest.mark.parametrize("line", [pair[1] for pair in PAIRS], ids=str)
def test_the_other_tree(stand: Stand, line: Line) -> None:
    refused(stand, line)


@pytest.mark.parametrize("line", ROUND_ABOUT, ids=str)
def test_round_about(stand: Stand, line: Line | dict[str, Any]) -> None:
    refused(stand, line if isinstance(line, Line) else Line("", f"POST {C}/PutRecords", line))


def refused(stand: Stand, line: Line) -> None:
    """403, nothing has changed, and the audit log has it."""
    before = stand.head()
    got = stand.ask(line)
    assert (got.status, stand.head()) == (403, before), got.body
    request = got.headers["x-openstack-request-id"]
    deadline = time.monotonic() + 10
    while not [each for each in stand.ledger.audit(outcome="403", most=5) if each.request == request]:
        assert time.monotonic() < deadline, "the audit log does not have it"
        time.sleep(0.02)


def test_the_own_tree(stand: Stand) -> None:
    """After all others: what was refused there is done here, with the same calls."""
    told = [(str(line), stand.ask(line)) for line in (pair[0] for pair in PAIRS)]
    wrong = [(line, got.status, got.body) for line, got in told if got.status >= 400]
    assert wrong == []
