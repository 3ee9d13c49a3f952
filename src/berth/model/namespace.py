"""Namespaces: the verbs of one noun, such as `ledger.leases.renew`."""

from __future__ import annotations

from typing import Any

from berth.model.commands import Command
from berth.model.interface import LedgerInterface


class Namespace:
    """The verbs of one noun, an attribute of a ledger or a client.

    A new noun gets a namespace instead of more verbs on LedgerInterface. Its interface is a subclass in the noun's own
    file of the model: reading verbs are abstract, writing verbs pass a command to `_do`. The ledger implements the
    reading verbs with queries, the client with requests (berth.client.namespace). docs/embedding.md has an example.
    """

    def __init__(self, ledger: LedgerInterface) -> None:
        self._ledger = ledger

    def _do(self, command: Command) -> Any:
        """Validate a command and carry it out. Return its result. Raises a Refusal."""
        return self._ledger.do(command)
