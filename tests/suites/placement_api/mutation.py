"""Mutations of values, texts and bytes of requests: what clients send by mistake, and attackers on purpose."""

from __future__ import annotations

import copy
import json
import math
from random import Random
from typing import Any, Final

from tests.suites.placement_api.schema_values import HOST

ODD: Final[tuple[Any, ...]] = (
    None, True, False, -1, 0, 0.5, 1.0, 1e308, -0.0, math.nan, math.inf, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1,
    "", " ", "a" * 256, "A" * 65, "\0", "\ud800", "\u202e", "é", "\uff11", "1", "1_0", "+1", "VCPU", "vcpu", "VCPU\n",
    "CUSTOM_", "CUSTOM_É", HOST.upper(), HOST.replace("-", ""), f"{{{HOST}}}", f"urn:uuid:{HOST}", HOST[:-1],
    f" {HOST}", "00000000-0000-0000-0000-000000000000", "null", "true", "in:", "!", "!in:", "in:,", ",", ":", "A:",
    ":1", "%00", [], {}, [[]], [None], {"": {}}, {"": 1}, ["CUSTOM_FAST", "CUSTOM_FAST"], [HOST, HOST.upper()],
)  # fmt: skip


def mutated(value: Any, dice: Random, times: int) -> Any:
    """Return a copy of a JSON value with that many places changed."""
    held = [copy.deepcopy(value)]
    for _ in range(times):
        _mutate(held, dice)
    return held[0]


def mutated_text(text: str, dice: Random) -> str:
    """Return a changed text of a query or a path."""
    odd = [str(each) for each in ODD if not isinstance(each, list | dict)]
    at = dice.randint(0, len(text))
    return dice.choice([
        dice.choice(odd), text + dice.choice(odd), text[:at] + dice.choice(",:!_ -\t") + text[at:], text[:at],
        text.lower(),        text.upper(), f"{text},{text}", text.replace("-", ""),
    ])  # fmt: skip


def encoded(value: Any, dice: Random) -> bytes:
    """Return a JSON body; rarely one that is not quite JSON."""
    text = json.dumps(value).encode()
    if dice.random() > 0.04:
        return text
    at = dice.randint(0, len(text))
    return dice.choice([
        b"", text[:at], text + b"}", text + text, b"\xef\xbb\xbf" + text, text.decode().encode("utf-16"),
        text[:at] + b"\xff" + text[at:], text.replace(b"{", b'{"uuid": 1, "uuid": 2, ', 1), b"[" * 200,
    ])  # fmt: skip


def _mutate(held: list[Any], dice: Random) -> None:
    container, key = dice.choice(list(_places(held)))
    kind = dice.randrange(6)
    if kind == 0 and container is not held:
        del container[key]
    elif kind == 1 and isinstance(container, dict):
        container[dice.choice(("", "extra", "VCPU", "uuid", HOST.upper(), str(key) + " "))] = container[key]
    elif kind == 2 and isinstance(container, list) and container is not held:
        container.append(copy.deepcopy(container[key]))
    elif kind == 3 and isinstance(container[key], str):
        container[key] = mutated_text(container[key], dice)
    elif kind == 4 and isinstance(container[key], int | float):
        container[key] = dice.choice((-1, 0, 1, 2**31, 2**63, 0.5, 10**30, -container[key], float(container[key])))
    else:
        container[key] = copy.deepcopy(dice.choice(ODD))


def _places(container: Any) -> Any:
    """Yield every place in a value, as a container and the key in it."""
    keys = list(container) if isinstance(container, dict) else range(len(container))
    for key in keys:
        yield container, key
        if isinstance(container[key], dict | list):
            yield from _places(container[key])
