"""The intended differences: where Placement is wrong, Berth is right instead of alike.

Each is a predicate over an exchange with its reason.  It lets pass what differs in *that* exchange; whether two states
have parted ways after it is for the caller to see (one success and one refusal of a write).  Candidates have three
more, in candidates.py, that are settled by brute force instead of being let pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import UUID

from tests.suites.peer import canonical
from tests.suites.peer.compare import Difference, Exchange
from tests.suites.peer.wire import Request

Predicate = Callable[[Exchange, Difference], bool]
CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANY_FORM = re.compile(r"(?i)(?:urn:|uuid:|\{)*[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?")
LOOSE_FORM = re.compile(r"(?i)(?<![0-9a-z-])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-z-])")
REFUSED = (400, 404)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A difference that is meant, and why."""

    name: str
    reason: str
    holds: Predicate


def _pairs(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.request.query, keep_blank_values=True, errors="replace")


def _failed_there(exchange: Exchange, _: Difference) -> bool:
    return exchange.placement.status == 500 and 200 <= exchange.berth.status < 500


def _odd_class_name(exchange: Exchange, _: Difference) -> bool:
    name = unquote(exchange.request.path.removeprefix("/resource_classes/"))
    put = exchange.request.method == "PUT" and exchange.request.path.startswith("/resource_classes/")
    return put and any(char in name for char in '"\\\n') and exchange.berth.status == 400


def _trailing_newline(exchange: Exchange, _: Difference) -> bool:
    text = unquote(exchange.request.target) + (exchange.request.body or "")
    return re.search(r"\n(&|/|,|$)|\\n\"", text) is not None and exchange.berth.status in REFUSED


def _doubled_parameter(exchange: Exchange, difference: Difference) -> bool:
    names = [name for name, _ in _pairs(exchange)]
    doubled = any(names.count(name) > 1 for name in ("limit", "group_policy"))
    return (
        doubled
        and difference.kind == "status"
        and {exchange.placement.status, exchange.berth.status} <= {200, 400, 500}
    )


def _odd_amount(exchange: Exchange, _: Difference) -> bool:
    values = [value for name, value in _pairs(exchange) if name.startswith("resources")]
    amounts = [part.rpartition(":")[2] for value in values for part in value.split(",")]
    odd = any(not amount.isascii() or not amount.isdecimal() or int(amount) >= 2**63 for amount in amounts)
    return odd and exchange.berth.status == 400


def _hostile_body(exchange: Exchange, _: Difference) -> bool:
    """NaN and its kind, negative ratios, numbers that no column holds, NUL, surrogates, deep nesting."""
    text = exchange.request.body or ""
    if exchange.berth.status != 400:
        return False
    if (
        re.search(r"NaN|Infinity|\\u0000|\x00|\\u[dD][89a-fA-F]|[\udc80-\udcff]|\d{19}|\de\+?\d{3}", text)
        or "[" * 900 in text
    ):
        return True
    return re.search(r'"allocation_ratio": *-', text) is not None


def _duplicate_key(exchange: Exchange, _: Difference) -> bool:
    return exchange.berth.status == 400 and "duplicate key" in exchange.berth.text


def _unauthenticated(exchange: Exchange, difference: Difference) -> bool:
    return exchange.placement.status == exchange.berth.status == 401 and difference.kind != "header"


def _malformed_escape(exchange: Exchange, _: Difference) -> bool:
    malformed = re.search(r"%(?![0-9a-fA-F]{2})", exchange.request.target) is not None
    return malformed and exchange.berth.status in REFUSED


def _unchanged(exchange: Exchange, difference: Difference) -> bool:
    provider = re.fullmatch(r"/resource_providers/[^/]+", exchange.request.path) is not None
    return provider and exchange.request.method == "PUT" and difference.where == "last-modified"


def _odd_limit(exchange: Exchange, _: Difference) -> bool:
    limits = [value for name, value in _pairs(exchange) if name == "limit"]
    beyond = any(not re.fullmatch(r"[1-9][0-9]*", limit) or int(limit) >= 2**63 for limit in limits)
    return beyond and exchange.berth.status == 400


def _nul(exchange: Exchange, _: Difference) -> bool:
    return "%00" in exchange.request.target and exchange.berth.status in REFUSED


def _prefix(exchange: Exchange, difference: Difference) -> bool:
    """``startswith:`` is SQL LIKE there: the plain prefix gives fewer."""
    prefixes = [value[11:] for name, value in _pairs(exchange) if name == "name" and value.startswith("startswith:")]
    if exchange.request.path != "/traits" or not prefixes or not difference.where.startswith(".traits"):
        return False
    theirs, ours = canonical.parsed(exchange.placement), canonical.parsed(exchange.berth)
    return sorted(ours["traits"]) == sorted(name for name in theirs["traits"] if name.startswith(prefixes[-1]))


def _other_uuid_form(exchange: Exchange, difference: Difference) -> bool:
    """A uuid that is written in another form or read in braces: compared as text there, normalised or refused here.

    Reads with capitals or without dashes are not let pass: they are compared with Placement's answer to the usual form.
    """
    request = exchange.request
    text = unquote(request.target) + (request.body or "")
    odd = [found for found in ANY_FORM.findall(text) if not CANONICAL.fullmatch(found)]
    if request.reads:
        odd = [found for found in odd if not LOOSE_FORM.fullmatch(found)]
    return bool(odd) and difference.kind != "no answer" and exchange.berth.status < 500


def _unnamed_class(exchange: Exchange, _: Difference) -> bool:
    """Inventories under a name that cannot be a class's are not looked at there; here they are refused."""
    if exchange.berth.status != 400 or exchange.request.body is None or exchange.request.method == "GET":
        return False
    return any(not re.fullmatch(r"[A-Z0-9_]+", name) for name in _inventory_names(exchange.request.body))


def _inventory_names(body: str) -> list[str]:
    try:
        data: Any = json.loads(body)
    except ValueError:
        return []
    tops = [data] if isinstance(data, dict) else []
    inner = data.get("inventories") if isinstance(data, dict) else None
    tops += [item for item in inner.values() if isinstance(item, dict)] if isinstance(inner, dict) else []
    names = [top["inventories"] for top in tops if isinstance(top.get("inventories"), dict)]
    return [name for found in names for name in found]


def _contradicts_itself(exchange: Exchange, _: Difference) -> bool:
    text = exchange.berth.text
    reserved = "The reserved value is greater than total" in text or "The min_unit is greater" in text
    return reserved and exchange.berth.status == 400


def _held_already(exchange: Exchange, difference: Difference) -> bool:
    """Units that were changed after a claim do not bind what is held."""
    refused = "would violate inventory constraints" in exchange.placement.text
    return refused and exchange.berth.status in (200, 204)


def _capacity_of_a_ratio(exchange: Exchange, _: Difference) -> bool:
    """Before 1.26 a ratio that rounds the capacity to zero counts as if all were reserved there.

    What would be refused next, such as a class that is there already or unknown, is refused here.
    """
    refused = "The reserved value is greater than or equal to total" in exchange.placement.text
    berth = exchange.berth
    return refused and (berth.status in (200, 201, 409) or "No such resource class" in berth.text)


def _no_body(exchange: Exchange, difference: Difference) -> bool:
    return exchange.request.method == "HEAD" and (difference.kind, difference.where) == ("header", "content-type")


def _no_text_in_path(exchange: Exchange, difference: Difference) -> bool:
    path = exchange.request.path
    unreadable = "\ufffd" in unquote(path)
    return unreadable and exchange.berth.status == 404 and difference.kind == "tested words"


def _vary_on_error(exchange: Exchange, difference: Difference) -> bool:
    return (difference.kind, difference.where) == ("header", "vary") and exchange.placement.status >= 400


def _allow_missing(exchange: Exchange, difference: Difference) -> bool:
    if (difference.kind, difference.where) != ("header", "allow") or exchange.placement.status != 405:
        return False
    return "allow" not in dict(exchange.placement.headers) and "allow" in dict(exchange.berth.headers)


ALLOWED: tuple[Allowed, ...] = (
    Allowed("form of nothing", "an answer to HEAD has no body, whatever its content-type says", _no_body),
    Allowed("path that is no text", "bytes that are not UTF-8 name nothing, and cannot be repeated", _no_text_in_path),
    Allowed("vary on errors", "some errors go out without it there; a cache must know it of all", _vary_on_error),
    Allowed("allow with 405", "RFC 9110 wants it; a method that a later version has lacks it there", _allow_missing),
    Allowed("placement fails", "a 500 of Placement is never right; any orderly answer is better", _failed_there),
    Allowed("class name pasted into JSON", "a name is a name: 400 if it is not a legal one", _odd_class_name),
    Allowed("newline after a pattern", "`$` lets a trailing newline through there", _trailing_newline),
    Allowed("doubled parameter", "the last is validated and the first used there", _doubled_parameter),
    Allowed("odd amount", "amounts go through int() there: 1_0, +1, blanks, other digits, beyond 2^63", _odd_amount),
    Allowed(
        "hostile number or text", "NaN, infinities, negative ratios, surrogates, NUL, long integers: 400", _hostile_body
    ),
    Allowed(
        "duplicate key",
        "the last of two equal keys counts there; a body that says two things is refused",
        _duplicate_key,
    ),
    Allowed(
        "the body of a 401",
        "Berth's has the form of every other error, Placement's that of its library",
        _unauthenticated,
    ),
    Allowed(
        "malformed escape", "a percent sign without two digits is refused, not taken as it stands", _malformed_escape
    ),
    Allowed(
        "last-modified of an unchanged provider", "absent there if it was never changed since it was made", _unchanged
    ),
    Allowed("odd limit", "numbers beyond 2^63 and with a newline after them", _odd_limit),
    Allowed("NUL", "no name and no value holds one", _nul),
    Allowed("startswith is LIKE", "a plain prefix here: no wildcards, and case counts", _prefix),
    Allowed(
        "uuid in another form", "normalised everywhere here, compared as text by some calls there", _other_uuid_form
    ),
    Allowed("inventory that contradicts itself", "reserved above total, min_unit above max_unit", _contradicts_itself),
    Allowed("units of what is held", "bind what changes here, so that a host can be drained", _held_already),
    Allowed("no capacity", "nothing is reserved, but the ratio rounds to nothing", _capacity_of_a_ratio),
    Allowed("inventory of no class", "such entries skip validation there", _unnamed_class),
)


def in_usual_form(request: Request) -> Request:
    """The request with every uuid in its target in the canonical form."""
    return replace(request, target=LOOSE_FORM.sub(lambda found: str(UUID(found[0])), request.target))


def allowance(exchange: Exchange, difference: Difference) -> Allowed | None:
    """The first entry of the table that lets a difference pass."""
    return next((entry for entry in ALLOWED if entry.holds(exchange, difference)), None)
