"""Trials on a Galera cluster, with a server of Berth's on each of its three nodes: the long form only."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import pymysql
import pytest
from sqlalchemy import make_url

from tests.suites.torture.clients import Client, claim_body, make_provider
from tests.suites.torture.galera import Cluster, galera
from tests.suites.torture.haproxy import PATH, balanced
from tests.suites.torture.kills import Blows, disturb_under_load
from tests.suites.torture.load import make_load, running
from tests.suites.torture.racers import race
from tests.support.commands import run_berth
from tests.support.deadline import until
from tests.support.servers import Server, token_servers_on

MOST_UNANSWERED: Final = 0.001
"""What share of the requests may be answered with 503 while nothing is wrong: the servers conflict with each other."""

OUTAGE_S: Final = 20
"""How long a node is cut off or stopped: longer than the others need to go on without it."""


@contextmanager
def _served(folder: Path) -> Iterator[tuple[Cluster, list[Server]]]:
    with galera() as cluster, token_servers_on(cluster.urls, folder) as servers:
        yield cluster, servers


_CHECK: Final = """#!/bin/sh
exec 2>/dev/null
asked="SHOW STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state')"
state=$(mariadb -h127.0.0.1 -P"$4" -uroot -NBe "$asked")
test "$(echo "$state" | cut -f2 | sort | tr -d '\\n')" = 4ON
"""
"""Whether a node may be asked: HAProxy calls it with the address of the proxy and of the node."""


@contextmanager
def _served_by_proxy(folder: Path) -> Iterator[tuple[Cluster, list[Server]]]:
    """Run three servers that reach the nodes through HAProxy, each connection another one."""
    if shutil.which("haproxy", path=PATH) is None:
        pytest.skip("haproxy is not installed here")
    check = folder / "check.sh"
    check.write_text(_CHECK)
    check.chmod(0o755)
    chosen, checked = ("balance roundrobin",), ("option external-check", f"external-check command {check}")
    options = (*chosen, *checked, f"external-check path {PATH}")
    with galera() as cluster:
        addresses = [f"127.0.0.1:{node.port} check" for node in cluster.nodes]
        with balanced(folder, addresses, *options) as port:
            url = make_url(cluster.urls[0]).set(port=port).render_as_string(hide_password=False)
            until(lambda: _lets_in(port), "no node behind the proxy")
            with token_servers_on([url] * 3, folder) as servers:
                yield cluster, servers


def read_causally(_kind: str, folder: Path, rounds: int) -> list[str]:
    """Claim through one server and read twice through another, 50 times a round. Return what was missed."""
    with _served(folder) as (_cluster, servers):
        clients = [Client([server], number) for number, server in enumerate(servers)]
        host = make_provider(clients[0], {"VCPU": 10**6})
        missed = [
            f"read {number}: {missing}"
            for number in range(rounds * 50)
            for missing in _missing(clients[number % 3], clients[(number + 1) % 3], host)
        ]
        for client in clients:
            client.close()
        print(f"{len(missed)} of {rounds * 100} reads missed what had been acknowledged")
        return missed


def _missing(writer: Client, reader: Client, host: str) -> Iterator[str]:
    consumer, used = str(uuid4()), f"/resource_providers/{host}/usages"
    before = writer.sure("GET", used)["usages"]["VCPU"]
    writer.sure("PUT", f"/allocations/{consumer}", claim_body({host: {"VCPU": 1}}, None))
    if not reader.sure("GET", f"/allocations/{consumer}")["allocations"]:
        yield "what a consumer holds"
    if reader.sure("GET", used)["usages"]["VCPU"] != before + 1:
        yield "what is used"


def race_on_nodes(_kind: str, folder: Path, rounds: int) -> list[str]:
    """Let racers claim through all nodes."""
    with _served(folder) as (_cluster, servers):
        return race(servers, 48, rounds)


def race_behind_proxy(_kind: str, folder: Path, rounds: int) -> list[str]:
    """Let racers claim through HAProxy, which gives each connection another node."""
    with _served_by_proxy(folder) as (_cluster, servers):
        return race(servers, 48, rounds)


def crowd(_kind: str, folder: Path, rounds: int) -> list[str]:
    """Claim through all nodes for this many seconds while nothing is wrong. Return it if too many were not answered."""
    with _served(folder) as (_cluster, servers):
        load = make_load(servers)
        with running(load, 24):
            time.sleep(rounds)
        events = load.history.events
        refused = sum(event.told.startswith("503") for event in events)
        print(f"{len(events)} requests in {rounds} s, {refused} answered with 503")
        found = load.check()
        return [*found, "too many 503"] if refused > MOST_UNANSWERED * len(events) else found


def _kill(cluster: Cluster) -> None:
    victim = cluster.nodes[2]
    victim.kill()
    time.sleep(12)
    victim.join()


def _cut_off(cluster: Cluster) -> None:
    victim = cluster.nodes[2]
    victim.cut_off()
    time.sleep(OUTAGE_S)
    victim.heal()


def _stop(cluster: Cluster) -> None:
    victim = cluster.nodes[2]
    victim.signal(signal.SIGSTOP)
    time.sleep(OUTAGE_S)
    victim.signal(signal.SIGCONT)
    victim.synced()


def _kill_all(cluster: Cluster) -> None:
    cluster.kill()
    cluster.revive()


BLOWS: Final[dict[str, Callable[[Cluster], None]]] = {
    "kill": _kill,
    "cut-off": _cut_off,
    "stop": _stop,
    "kill-all": _kill_all,
}


def _lets_in(port: int) -> bool:
    """Whether there is a database server behind a port."""
    with suppress(pymysql.Error), pymysql.connect(host="127.0.0.1", port=port, user="root"):
        return True
    return False


Served = Callable[[Path], AbstractContextManager[tuple[Cluster, list[Server]]]]


def strike(name: str, served: Served, _kind: str, folder: Path, rounds: int) -> list[str]:
    """Strike a node, or all, under load through all nodes. Return what was wrong, on any node."""
    with served(folder) as (cluster, servers):

        def blows(_servers: Sequence[Server]) -> Blows:
            for _ in range(rounds):
                time.sleep(5)
                BLOWS[name](cluster)
                yield
            time.sleep(5)

        found = disturb_under_load(cluster.urls[0], folder, servers, blows(servers))
        return [*found, *_differences(cluster), *_tracebacks(servers)]


def _differences(cluster: Cluster) -> Iterator[str]:
    """Yield what is not the same on all nodes, or does not add up on one."""
    for url in cluster.urls:
        for words in (("db", "verify"), ("audit", "verify")):
            done = run_berth(*words, "--database", url, status=None)
            if done.returncode:
                yield f"{url}: {done.stdout}{done.stderr}"
    ends = {str(node.ask("SELECT number, audit_number, audit_hash FROM berth.head")) for node in cluster.nodes}
    if len(ends) > 1:
        yield f"the nodes differ: {ends}"


def _tracebacks(servers: Sequence[Server]) -> Iterator[str]:
    """Yield what a server logged of the inside of its libraries instead of a sentence."""
    for server in servers:
        count = server.output.count("Traceback")
        if count:
            at = server.output.index("Traceback")
            yield f"{count} tracebacks in a log: {server.output[max(0, at - 300) : at + 1500]}"


STRIKES: Final = {
    **{name: partial(strike, name, _served) for name in BLOWS},
    **{f"haproxy-{name}": partial(strike, name, _served_by_proxy) for name in BLOWS},
}
