"""Patroni with two PostgreSQL nodes, an etcd and a HAProxy, all on this machine: the long form only."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pytest

from tests.suites.torture.haproxy import PATH, balanced, program
from tests.suites.torture.instances import Postgresql, binary
from tests.suites.torture.kills import Blows, disturb_under_load
from tests.support.deadline import until
from tests.support.ports import free_port
from tests.support.servers import Server, children, token_servers_on

TTL_S: Final = 20
"""How long a leader that is gone keeps its key. Patroni takes no less."""

ROLE_S: Final = 120

_PATRONI: Final = """
scope: berth
name: {name}
restapi: {{listen: "127.0.0.1:{rest}", connect_address: "127.0.0.1:{rest}"}}
etcd3: {{hosts: "127.0.0.1:{etcd}"}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 5
    retry_timeout: 5
    synchronous_mode: true
    postgresql: {{use_pg_rewind: true, parameters: {{max_connections: 200}}}}
  initdb: [{{encoding: UTF8}}, {{auth: trust}}]
postgresql:
  listen: "127.0.0.1:{port}"
  connect_address: "127.0.0.1:{port}"
  data_dir: {folder}/data
  bin_dir: {programs}
  pgpass: {folder}/pgpass
  authentication: {{superuser: {{username: postgres}}, replication: {{username: postgres}}}}
  parameters: {{unix_socket_directories: "{folder}"}}
  pg_hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust", "local all all trust"]
"""


class Member(Postgresql):
    """A PostgreSQL that Patroni runs."""

    def __init__(self, folder: Path, etcd: int) -> None:
        super().__init__(folder)
        self.rest, self._etcd = free_port(), etcd

    def prepare(self) -> None:
        """See Instance: Patroni itself makes the data folder, and copies it from the leader if there is one."""
        programs = Path(binary("postgres", "/usr/lib/postgresql/*/bin")).parent
        text = _PATRONI.format(
            name=f"node{self.port}",
            rest=self.rest,
            etcd=self._etcd,
            ttl=TTL_S,
            port=self.port,
            folder=self.folder,
            programs=programs,
        )
        (self.folder / "patroni.yml").write_text(text)

    def command(self) -> list[str]:
        """See Instance."""
        return [binary("patroni", "/usr/bin"), f"{self.folder}/patroni.yml"]

    def has_role(self, path: str) -> bool:
        """Whether Patroni says that it is the primary, or the synchronous standby: /primary, /synchronous."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}{path}", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    @property
    def server(self) -> int:
        """The process of its PostgreSQL."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """Kill Patroni and its PostgreSQL."""
        with suppress(OSError, ValueError):
            process = self.server
            super().kill()
            os.kill(process, signal.SIGKILL)
        super().kill()

    def stop_for(self, seconds: float) -> None:
        """Stop all their processes (SIGSTOP), as a host does that hangs, and let them go on."""
        processes = [self.process, self.server, *children(self.server)]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, number)
            time.sleep(seconds if number == signal.SIGSTOP else 0)


class Members:
    """The nodes of Patroni's cluster. urls: with both hosts, and through HAProxy."""

    def __init__(self, each: Sequence[Member], proxy: int) -> None:
        self.each = each
        hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in each)
        self.urls = [f"postgresql://postgres@/berth?{hosts}", f"postgresql://postgres@127.0.0.1:{proxy}/berth"]

    @property
    def leader(self) -> Member:
        return next(one for one in self.each if one.has_role("/primary"))

    @property
    def follower(self) -> Member:
        return next(one for one in self.each if not one.has_role("/primary"))

    def settle(self) -> None:
        """Wait until there is a leader with a synchronous standby."""
        until(lambda: any(one.has_role("/primary") for one in self.each), "no leader", ROLE_S)
        until(lambda: any(one.has_role("/synchronous") for one in self.each), "no synchronous standby", ROLE_S)


def _kill_leader(members: Members) -> None:
    leader, follower = members.leader, members.follower
    leader.kill()
    until(lambda: follower.has_role("/primary"), "it is not promoted", ROLE_S)
    leader.start()


def _kill_server(members: Members) -> None:
    os.kill(members.leader.server, signal.SIGKILL)


def _stop_leader(members: Members) -> None:
    members.leader.stop_for(TTL_S + 15)


def _switch_over(members: Members) -> None:
    leader, follower = members.leader, members.follower
    wish = {"leader": f"node{leader.port}", "candidate": f"node{follower.port}"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{leader.rest}/switchover", json.dumps(wish).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).close()


BLOWS: Final[dict[str, Callable[[Members], None]]] = {
    "kill-leader": _kill_leader,
    "kill-server": _kill_server,
    "stop-leader": _stop_leader,
    "switch-over": _switch_over,
}


def fail_over(name: str, _kind: str, folder: Path, rounds: int) -> list[str]:
    """Strike the leader under load, through a URL with both hosts and through HAProxy. Return what was wrong."""
    with members() as cluster, token_servers_on(cluster.urls, folder) as servers:

        def blows(_servers: Sequence[Server]) -> Blows:
            for _ in range(rounds):
                time.sleep(5)
                BLOWS[name](cluster)
                cluster.settle()
                yield
            time.sleep(5)

        return disturb_under_load(cluster.urls[0], folder, servers, blows(servers))


@contextmanager
def members() -> Iterator[Members]:
    """Run etcd, two nodes of Patroni and HAProxy until the block ends, with an empty database `berth`."""
    for needed in ("etcd", "haproxy", "patroni"):
        if shutil.which(needed, path=PATH) is None:
            pytest.skip(f"{needed} is not installed here")
    folder = Path(mkdtemp(prefix="berth-patroni-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd, peer = free_port(), free_port()
        own = f"http://127.0.0.1:{etcd}"
        words = ["etcd", "--data-dir", f"{folder}/etcd", "--listen-client-urls", own, "--advertise-client-urls", own]
        stack.enter_context(program(folder, *words, "--listen-peer-urls", f"http://127.0.0.1:{peer}"))
        each = [Member(_made(folder / str(number)), etcd) for number in range(2)]
        for one in each:
            stack.callback(one.kill)
            one.prepare()
            one.start()
        servers = [f"127.0.0.1:{one.port} check port {one.rest}" for one in each]
        proxy = stack.enter_context(balanced(folder, servers, "option httpchk GET /primary"))
        cluster = Members(each, proxy)
        cluster.settle()
        cluster.leader.execute("CREATE DATABASE berth")
        yield cluster


def _made(folder: Path) -> Path:
    folder.mkdir()
    folder.chmod(0o755)
    return folder


FAILOVERS: Final = {name: partial(fail_over, name) for name in BLOWS}
