"""Namespaces: the verbs of one noun, such as `ledger.leases.renew`."""

from __future__ import annotations

from typing import Any, Protocol

from berth.model.commands import Command


class CommandLedger(Protocol):
    """Where commands are carried out: a ledger, or a client of one."""

    def do(self, command: Command, *, key: str | None = None) -> Any:
        """Validate a command and carry it out. Return its result. Raises a Refusal. key: its idempotency key."""


class Namespace:
    """The verbs of one noun, an attribute of a ledger or a client.

    A new noun gets a namespace instead of more verbs on LedgerInterface. Its interface is a subclass in the noun's own
    file of the model: reading verbs are abstract, writing verbs pass a command to `_do`. The ledger implements the
    reading verbs with queries, the client with requests (berth.client.namespace). docs/embedding.md has an example.
    """

    def __init__(self, ledger: CommandLedger) -> None:
        self._ledger = ledger

    def _do(self, command: Command, *, key: str | None = None) -> Any:
        """Validate a command and carry it out. Return its result. Raises a Refusal. key: its idempotency key."""
        return self._ledger.do(command, key=key)
