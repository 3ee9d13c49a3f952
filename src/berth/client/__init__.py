"""A ledger over HTTP: the same verbs as an open one has, asked of a server's /v1."""

from berth.client.async_client import AsyncClient, aconnect
from berth.client.client import Client, connect
from berth.client.readiness import wait_until_ready

__all__ = ["AsyncClient", "Client", "aconnect", "connect", "wait_until_ready"]
