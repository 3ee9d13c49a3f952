"""Namespaces: the verbs of one noun, such as `ledger.leases.renew`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from berth.model.commands import Command
from berth.model.steps import Steps, finish, in_steps

T = TypeVar("T")


class CommandLedger(Protocol):
    """Where commands are carried out: a ledger, or a client of one."""

    def do(self, command: Command, *, key: str | None = None) -> Any:
        """Validate a command and carry it out. Return its result. Raises a Refusal. key: its idempotency key."""

    @in_steps
    def _after(self, written: Any, read: Callable[[str], T], uuid: str) -> Steps[T]:
        """Return what is read after a command. written: what `do` returned."""
        yield written
        result: T = yield read(uuid)
        return result

    @in_steps
    def _done(self, written: Any) -> Steps[None]:
        """Return nothing, after a command. written: what `do` returned."""
        yield written

    def _run(self, steps: Steps[T]) -> Any:
        """Carry out steps whose calls are verbs. An asynchronous client returns an awaitable."""
        return finish(steps)


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

    def _run(self, steps: Steps[T]) -> Any:
        return self._ledger._run(steps)  # noqa: SLF001 - its verbs are the ledger's

    @in_steps
    def _done(self, written: Any) -> Steps[None]:
        """Return nothing, after a command. written: what `_do` returned."""
        yield written
