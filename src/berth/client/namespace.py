"""Namespaces of a client: the verbs of one noun over HTTP."""

from __future__ import annotations

from berth.client.transport import Transport
from berth.model.interface import LedgerInterface
from berth.model.namespace import Namespace


class ClientNamespace(Namespace):
    """The verbs of one noun behind a server. Reading verbs send requests with `_transport`."""

    def __init__(self, client: LedgerInterface, transport: Transport) -> None:
        super().__init__(client)
        self._transport = transport
