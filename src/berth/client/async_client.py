"""The asynchronous client: the verbs of a client, for the tasks of an event loop.

The verbs themselves are those of `Client`: on an asynchronous transport each of them returns an awaitable. Here they
only get the signatures of coroutines.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from berth.client.async_leases import AsyncLeases
from berth.client.async_transport import AsyncTransport
from berth.client.awaited import awaited
from berth.client.client import Client
from berth.client.follow import follow_awaiting
from berth.model.candidate import Grant
from berth.model.change import Change
from berth.model.holds import Holding, Holds
from berth.model.page_verbs import PageT
from berth.model.record import ProviderRecord
from berth.model.steps import Steps, finish_awaiting

P = ParamSpec("P")
T = TypeVar("T")


def aconnect(
    url: str,
    token: str | None = None,
    *,
    timeout: float = 30.0,
    ca: str | None = None,
    cert: tuple[str, str] | None = None,
) -> AsyncClient:
    """Return an asynchronous client of a server; the arguments are those of `connect`. No request is sent yet."""
    return AsyncClient(AsyncTransport(url, token, timeout_s=timeout, ca=ca, cert=cert))


class _AwaitedVerbs(Client):
    """The verbs of a client, each of which returns an awaitable."""

    _transport: AsyncTransport

    def _run(self, steps: Steps[T]) -> Any:
        return finish_awaiting(steps)


class AsyncClient:
    """A ledger behind a server, for the tasks of one event loop.

    Verbs, arguments, answers, refusals, retries and idempotency keys are those of a `Client`. A call that is cancelled
    leaves the client sound. Its command may have been carried out: with the same key, again, it is not a second time.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._verbs = _AwaitedVerbs(transport)

    def __repr__(self) -> str:
        return f"<AsyncClient of {self._transport.url}>"

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    do = awaited(Client.do)

    about = awaited(Client.about)
    me = awaited(Client.me)
    head = awaited(Client.head)

    find = awaited(Client.find)
    explain = awaited(Client.explain)

    overview = awaited(Client.overview)
    map = awaited(Client.map)
    search = awaited(Client.search)
    details = awaited(Client.details)

    providers = awaited(Client.providers)
    provider = awaited(Client.provider)
    create_provider = awaited(Client.create_provider)
    update_provider = awaited(Client.update_provider)
    delete_provider = awaited(Client.delete_provider)
    delete_tree = awaited(Client.delete_tree)
    rename_tree = awaited(Client.rename_tree)
    drain = awaited(Client.drain)
    undrain = awaited(Client.undrain)
    put_records = awaited(Client.put_records)

    inventories = awaited(Client.inventories)
    inventory = awaited(Client.inventory)
    set_inventories = awaited(Client.set_inventories)
    edit_inventories = awaited(Client.edit_inventories)
    delete_inventory = awaited(Client.delete_inventory)
    usages = awaited(Client.usages)
    traits = awaited(Client.traits)
    set_traits = awaited(Client.set_traits)
    edit_traits = awaited(Client.edit_traits)
    aggregates = awaited(Client.aggregates)
    set_aggregates = awaited(Client.set_aggregates)
    edit_aggregates = awaited(Client.edit_aggregates)
    name_aggregate = awaited(Client.name_aggregate)
    edit_consumer = awaited(Client.edit_consumer)

    names = awaited(Client.names)
    classes = awaited(Client.classes)
    resource_class = awaited(Client.resource_class)
    create_class = awaited(Client.create_class)
    delete_class = awaited(Client.delete_class)
    trait_names = awaited(Client.trait_names)
    trait = awaited(Client.trait)
    create_trait = awaited(Client.create_trait)
    delete_trait = awaited(Client.delete_trait)

    claim = awaited(Client.claim)
    allocate = awaited(Client.allocate)
    release = awaited(Client.release)
    release_matching = awaited(Client.release_matching)
    reshape = awaited(Client.reshape)
    reconcile = awaited(Client.reconcile)
    undo = awaited(Client.undo)

    allocations = awaited(Client.allocations)
    allocations_of = awaited(Client.allocations_of)
    holders = awaited(Client.holders)
    project_usages = awaited(Client.project_usages)
    consumers = awaited(Client.consumers)
    consumer = awaited(Client.consumer)
    projects = awaited(Client.projects)
    agenda = awaited(Client.agenda)
    report = awaited(Client.report)

    changes = awaited(Client.changes)
    audit = awaited(Client.audit)
    history = awaited(Client.history)
    anomalies = awaited(Client.anomalies)

    tokens = awaited(Client.tokens)
    create_token = awaited(Client.create_token)
    rotate_token = awaited(Client.rotate_token)
    revoke_token = awaited(Client.revoke_token)

    @property
    def holds(self) -> AsyncHolds:
        """The verbs of holds."""
        return AsyncHolds(self._verbs.holds)

    @property
    def leases(self) -> AsyncLeases:
        """The verbs of leases."""
        return AsyncLeases(self._verbs.leases)

    async def records(self) -> AsyncIterator[ProviderRecord]:
        """Yield every provider as a record, parents before their children."""
        for record in await awaited(Client.records)(self):
            yield record

    async def follow(self, after: int | None = None) -> AsyncIterator[Change]:
        """Yield every change after this number (None: from now on), reconnecting if necessary, without end."""
        async for change in follow_awaiting(self._transport, await self.head() if after is None else after):
            yield change

    async def pages(
        self, verb: Callable[..., Coroutine[Any, Any, PageT]], *args: Any, **kwargs: Any
    ) -> AsyncIterator[PageT]:
        """Yield every page of a verb, such as `client.consumers`, with these arguments."""
        page = await verb(*args, **kwargs)
        yield page
        while page.next is not None:
            page = await verb(*args, **{**kwargs, "after": page.next})
            yield page


class AsyncHolds:
    """The verbs of holds."""

    def __init__(self, verbs: Holds) -> None:
        self._verbs = verbs

    confirm = awaited(Holds.confirm)
    extend = awaited(Holds.extend)

    @staticmethod
    def _context(
        verb: Callable[Concatenate[Holds, P], Holding],
    ) -> Callable[Concatenate[AsyncHolds, P], AsyncHolding]:
        @wraps(verb)
        def begun(self: AsyncHolds, /, *args: P.args, **kwargs: P.kwargs) -> AsyncHolding:
            return AsyncHolding(verb(self._verbs, *args, **kwargs))

        return begun

    holding = _context(Holds.holding)


class AsyncHolding:
    """The context of `holding`, for `async with`."""

    def __init__(self, verbs: Holding) -> None:
        self._verbs = verbs

    _start = awaited(Holding.start)
    _end = awaited(Holding.end)

    async def __aenter__(self) -> Grant:
        return await self._start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end(error)
