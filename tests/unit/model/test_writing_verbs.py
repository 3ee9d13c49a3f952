"""Every verb that writes takes an idempotency key, in one way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from berth.client import Client
from berth.ledger import Ledger
from berth.model.holds import Holds

NOT_KEPT = {"create_token", "rotate_token", "revoke_token"}
"""An answer with a secret is not stored."""


def writing_verbs(kind: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class that carry out commands."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: inspect.unwrap(verb)
        for name, verb in found
        if not name.startswith("_") and ("._do(" in inspect.getsource(verb) or "self.do(" in inspect.getsource(verb))
    }


@pytest.mark.parametrize("kind", [Ledger, Client, Holds])
def test_every_writing_verb_takes_a_key(kind: type) -> None:
    verbs = writing_verbs(kind) | ({} if kind is Holds else {"reconcile": kind.reconcile})  # type: ignore[attr-defined]
    assert {"confirm", "extend"} <= verbs.keys() if kind is Holds else {"undo", "edit_traits", "claim"} <= verbs.keys()
    keys = {name: inspect.signature(verb).parameters.get("key") for name, verb in verbs.items() if name not in NOT_KEPT}
    assert [name for name, key in keys.items() if key is None] == []
    assert {(key.kind, key.default) for name, key in keys.items() if key} == {(inspect.Parameter.KEYWORD_ONLY, None)}
