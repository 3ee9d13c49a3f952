"""Policy files: a TOML file that changes some rules of a named policy.

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
    """A policy file cannot be read, or names something that does not exist."""


def read_policy(file: Path) -> Policy:
    """Return the policy in a file; raise PolicyUnusable, which says what is wrong and where."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyUnusable(f"the policy {file} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyUnusable(f"the policy {file} is not TOML: {error}") from None
    try:
        return _policy(str(file), values)
    except (TypeError, ValueError) as error:
        raise PolicyUnusable(f"the policy {file}: {error}") from None


def _policy(name: str, values: dict[str, Any]) -> Policy:
    for key in values:
        _check_name(key, ("extends", "operations"), "a key")
    base = values.get("extends", "default")
    _check_name(base, POLICIES, "a policy to extend")
    operations = values.get("operations", {})
    if not isinstance(operations, dict):
        raise TypeError("operations must be a table")
    rules = dict(POLICIES[base].rules)
    for operation, roles in operations.items():
        _check_name(operation, DEFAULT, "an operation")
        if not isinstance(roles, list):
            raise TypeError(f"{operation} must be a list of roles")
        for role in roles:
            _check_name(role, (*ROLES, ANYONE), f"a role, of {operation}")
        rules[operation] = frozenset(roles)
    return Policy(name, rules)


def _check_name(given: Any, known: Iterable[str], what: str) -> None:
    if not isinstance(given, str) or given not in known:
        near = difflib.get_close_matches(str(given), list(known), 1)
        hint = f"; did you mean {near[0]}?" if near else f": choose one of {', '.join(known)}"
        raise ValueError(f"{given!r} is not {what}{hint}")
