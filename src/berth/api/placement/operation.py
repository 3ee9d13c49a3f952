"""Operations of the route table, calls of them, and what endpoints share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from berth.api.http.messages import BadRequest, Request, parse_query
from berth.api.placement.schemas import Schema
from berth.api.placement.validation import Validator, load_json
from berth.api.placement.versions import VersionPlan
from berth.api.placement.versions.change import Answer, Asked
from berth.ledger import Ledger
from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import ProviderNotFound
from berth.model.inventory import Inventory
from berth.model.names import parse_uuid
from berth.settings import Limits

FIRST_COUNTS: Final = frozenset({"limit", "group_policy"})
"""Parameters of which the first value is used if there are several; of all others it is the last."""


@dataclass(slots=True)
class PendingAnswer:
    """A command, and how its result is answered."""

    command: Command
    finish: Callable[[Any], Answer]


@dataclass(frozen=True, slots=True)
class Wording:
    """How a refusal is answered: status, text with {error} and the call's terms filled in, error code."""

    status: int
    text: str = "{error}"
    code: str | None = None


@dataclass(slots=True)
class Call:
    """An authorized request.

    terms: values for the texts of refusals, at first the parameters in the path; limits: of one request.
    """

    request: Request
    caller: Caller
    ledger: Ledger
    plan: VersionPlan
    validator: Validator | None
    rules: frozenset[str]
    terms: dict[str, str]
    limits: Limits
    asked: Asked = field(default_factory=Asked)

    def provider_uuid(self) -> str:
        """Return the provider's uuid in the path; raise ProviderNotFound if it is not a uuid."""
        given = self.terms["uuid"]
        uuid = parse_uuid(given)
        if uuid is None:
            raise _provider_not_found(given)
        return uuid

    def existing_provider(self) -> str:
        """Return the provider's uuid in the path; raise ProviderNotFound, before an error in the body is reported.

        Verbs that read take names as well, which may look like uuids; Placement knows providers in paths by uuid only.
        """
        uuid = self.provider_uuid()
        self.ledger.need_provider(uuid)
        return uuid

    def body(self) -> Any:
        """Return the body, validated in its version and upgraded to the newest form; raise HttpError 400."""
        try:
            value = load_json(self.request.body)
            why = None if self.validator is None else self.validator.why_not(value, len(self.request.body))
        except RecursionError:
            raise BadRequest("Malformed JSON: it is nested too deeply") from None
        if why is not None:
            raise BadRequest(f"JSON does not validate: {why}")
        for upgrade in self.plan.upgrades:
            value = upgrade(value)
        return value

    def query(self) -> list[tuple[str, str]]:
        """Return the query parameters, validated in their version; raise HttpError 400."""
        pairs = parse_query(self.request.query)
        used: dict[str, str] = {}
        for name, value in pairs:
            if name not in FIRST_COUNTS or name not in used:
                used[name] = value
        if self.validator is not None:
            why = self.validator.why_not(used, len(self.request.query))
            if why is not None:
                raise BadRequest(f"Invalid query string parameters: {why}")
        return pairs


Endpoint = Callable[[Call], Answer | PendingAnswer]
Refusals = Mapping[type[Exception], Wording]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A row of the route table.

    schema: of the body, or of the query if there is no body, in the version that the operation began
    with; takes_json: needs a JSON body; gives_json: negotiates its answer; too_early: the status in
    versions before its first; refusals: how refusals are answered, by type; the first that matches counts.
    """

    name: str
    method: str
    path: str
    endpoint: Endpoint
    summary: str
    schema: Schema | None = None
    takes_json: bool = False
    gives_json: bool = False
    too_early: int = 404
    public: bool = False
    refusals: Refusals = field(default_factory=dict)


_WHOLE: Final = ("total", "reserved", "min_unit", "max_unit", "step_size")


def parse_inventories(body: dict[str, Any]) -> dict[str, Inventory]:
    """Return the inventories of a body, by class."""
    return {name: parse_inventory(fields) for name, fields in body["inventories"].items()}


def parse_inventory(fields: dict[str, Any]) -> Inventory:
    """Return one inventory of a body."""
    # JSON has one type of number, so that 4.0 is an integer to the schema: here it becomes one.
    whole = {name: int(fields[name]) for name in _WHOLE if name in fields}
    return Inventory(**whole, allocation_ratio=float(fields.get("allocation_ratio", 1.0)))


def now_us() -> int:
    """Return the time in microseconds since 1970 UTC: for answers that are as new as the request."""
    return time.time_ns() // 1000


def no_content(_result: object) -> Answer:
    """Return 204."""
    return Answer(status=204)


def _provider_not_found(given: str) -> ProviderNotFound:
    """Return the refusal for what is no uuid: to Placement every provider in a path is one."""
    refusal = ProviderNotFound(given)
    refusal.args = (f"No resource provider with uuid {given} found",)
    return refusal
