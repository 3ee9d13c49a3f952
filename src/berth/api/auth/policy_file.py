"""A policy of one's own: a file that changes some rules of a named policy.

extends = "default"

[operations]
"providers.list" = ["admin", "service", "reader"]
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from berth.api.auth.policy import ANYONE, DEFAULT, POLICIES, Policy
from berth.model.caller import ROLES
from berth.model.errors import BerthError


class PolicyUnusable(BerthError):
    """A policy's file cannot be read, or speaks of what there is not."""


def read_policy(file: Path) -> Policy:
    """The policy in a file; PolicyUnusable says what is wrong with it, and where."""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyUnusable(f"the policy {file} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyUnusable(f"the policy {file} is no TOML: {error}") from None
    try:
        return _policy(str(file), told)
    except (TypeError, ValueError) as error:
        raise PolicyUnusable(f"the policy {file}: {error}") from None


def _policy(name: str, told: dict[str, Any]) -> Policy:
    for key in told:
        _known(key, ("extends", "operations"), "a key")
    base = told.get("extends", "default")
    _known(base, POLICIES, "a policy to extend")
    operations = told.get("operations", {})
    if not isinstance(operations, dict):
        raise TypeError("operations is to be a table")
    rules = dict(POLICIES[base].rules)
    for operation, roles in operations.items():
        _known(operation, DEFAULT, "an operation")
        if not isinstance(roles, list):
            raise TypeError(f"{operation} is to be a list of roles")
        for role in roles:
            _known(role, (*ROLES, ANYONE), f"a role, of {operation}")
        rules[operation] = frozenset(roles)
    return Policy(name, rules)


def _known(given: Any, known: Iterable[str], what: str) -> None:
    if not isinstance(given, str) or given not in known:
        near = difflib.get_close_matches(str(given), list(known), 1)
        hint = f"; do you mean {near[0]}?" if near else f": there are {', '.join(known)}"
        raise ValueError(f"{given!r} is not {what}{hint}")
