"""A Galera cluster of three MariaDB nodes on this machine. Nodes are killed, stopped, and cut off from the others."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import pymysql
import pytest

from tests.suites.torture.instances import Mariadb
from tests.support.deadline import until
from tests.support.ports import free_port

LIBRARY: Final = "/usr/lib/galera/libgalera_smm.so"
NODES: Final = 3
JOIN_S: Final = 120


class Node(Mariadb):
    """One node. It holds the same as all others, and speaks to them through ports of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.group_port, self.transfer_port = free_port(), free_port()
        self.others: list[Node] = []
        self.bootstraps = False

    def command(self) -> list[str]:
        """See Instance. bootstraps: whether it begins a cluster instead of joining one."""
        peers = "" if self.bootstraps else ",".join(f"127.0.0.1:{node.group_port}" for node in self.others)
        options = {
            "wsrep_on": "ON",
            "wsrep_provider": LIBRARY,
            "wsrep_cluster_address": f"gcomm://{peers}",
            "wsrep_cluster_name": "berth",
            "wsrep_node_name": f"node-{self.port}",
            "wsrep_node_address": "127.0.0.1",
            "wsrep_provider_options": f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port}"
            f";ist.recv_addr=127.0.0.1:{self.transfer_port};gcache.size=64M",
            "binlog_format": "ROW",
            "innodb_autoinc_lock_mode": "2",
            "max_connections": "300",
        }
        return [*super().command(), *(f"--{name}={value}" for name, value in options.items())]

    def ask(self, statement: str) -> Any:
        """Return the first row of the result. A node that is cut off answers what is about itself, nothing else."""
        with (
            pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchone()

    def status(self, name: str) -> str:
        """Return a variable of its state."""
        return str(self.ask(f"SHOW GLOBAL STATUS LIKE '{name}'")[1])

    def join(self) -> None:
        """Start, and wait until it has all that the others have."""
        self.start()
        self.synced()

    def synced(self) -> None:
        """Wait until it has all that the others have."""
        until(lambda: self.status("wsrep_local_state_comment") == "Synced", "it does not join", JOIN_S)

    def cut_off(self) -> None:
        """Let nothing pass between it and the others; clients still reach it."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")

    def heal(self) -> None:
        """Let it speak to the others again."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        self.synced()

    @property
    def last(self) -> int:
        """The number of the last transaction of a node that is down."""
        known = re.search(r"seqno:\s*(-?\d+)", (self.folder / "data" / "grastate.dat").read_text())
        if known and int(known[1]) >= 0:
            return int(known[1])
        log = self.folder / "log"
        size = log.stat().st_size
        self.run(*self.command(), "--wsrep-recover")
        return int(re.findall(rb"Recovered position: [-0-9a-f]+:(-?\d+)", log.read_bytes()[size:])[-1])


class Cluster:
    """The nodes of a cluster, which all hold the database `berth`."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(_made(folder / str(number))) for number in range(NODES)]
        for node in self.nodes:
            node.others = [other for other in self.nodes if other is not node]

    def begin(self) -> None:
        """Begin with one node, of which the others are copies: so nothing needs to be sent to them."""
        first, *others = self.nodes
        first.prepare()
        self._bootstrap(first)
        first.ask("CREATE DATABASE berth")
        first.stop()
        for node in others:
            node.run("cp", "-r", f"{first.folder}/data", f"{node.folder}/data")
        self._bootstrap(first)
        for node in others:
            node.join()

    def revive(self) -> None:
        """Begin again after all nodes were killed, with the one that knows most."""
        most = max(self.nodes, key=lambda node: node.last)
        state = most.folder / "data" / "grastate.dat"
        state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        self._bootstrap(most)
        for node in self.nodes:
            if node is not most:
                node.join()

    def _bootstrap(self, node: Node) -> None:
        node.bootstraps = True
        node.join()
        node.bootstraps = False

    def kill(self) -> None:
        """Kill all nodes at once."""
        for node in self.nodes:
            node.kill()

    @property
    def urls(self) -> list[str]:
        """The database on each node."""
        return [node.url("berth") for node in self.nodes]


def _made(folder: Path) -> Path:
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@contextmanager
def galera() -> Iterator[Cluster]:
    """Run a cluster until the block ends."""
    if not Path(LIBRARY).exists():
        pytest.skip("Galera is not installed here")
    folder = Path(mkdtemp(prefix="berth-galera-"))
    folder.chmod(0o755)
    cluster = Cluster(folder)
    try:
        cluster.begin()
        yield cluster
    finally:
        cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)
