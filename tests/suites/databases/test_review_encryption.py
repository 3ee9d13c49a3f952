"""`berth review` on database servers with TLS: the connection in use is seen as encrypted, one without it is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest
import trustme

from berth.review.deployment.encryption import database_encryption, review_encryption
from berth.store.engine import Database
from tests.suites.torture.instances import Instance, Mariadb, Postgresql
from tests.support.databases import chosen_kinds


class TlsPostgresql(Postgresql):
    """PostgreSQL with a certificate."""

    def command(self) -> list[str]:
        """See Instance."""
        files = ("-c", f"ssl_cert_file={self.folder}/cert.pem", "-c", f"ssl_key_file={self.folder}/key.pem")
        return [*super().command(), "-c", "ssl=on", *files]


class TlsMariadb(Mariadb):
    """MariaDB with a certificate."""

    def command(self) -> list[str]:
        """See Instance."""
        return [*super().command(), f"--ssl-cert={self.folder}/cert.pem", f"--ssl-key={self.folder}/key.pem"]


KINDS: dict[str, tuple[Callable[[Path], Instance], str, str, str]] = {
    "postgresql": (TlsPostgresql, "postgres", "?sslmode=disable", "?sslmode=verify-full&sslrootcert={0}"),
    "mariadb": (TlsMariadb, "mysql", "?ssl_disabled=true", "?ssl_ca={0}"),
}
"""A server of each kind, a database of its own, and the options of a URL without and with TLS."""


@contextmanager
def tls_server(make: Callable[[Path], Instance]) -> Iterator[Instance]:
    """Run a server with a certificate for 127.0.0.1 until the block ends; `ca.pem` in its folder is its authority."""
    folder = Path(mkdtemp(prefix="berth-tls-"))
    folder.chmod(0o755)  # it runs as another user
    made = make(folder)
    try:
        made.prepare()
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(made.folder / "key.pem")
        issued.cert_chain_pems[0].write_to_path(made.folder / "cert.pem")
        authority.cert_pem.write_to_path(made.folder / "ca.pem")
        for name in ("key.pem", "cert.pem", "ca.pem"):
            (made.folder / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(made.folder / name, made.user)
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def encryption(url: str) -> tuple[tuple[str, str], list[str]]:
    """Return how a connection by this URL is encrypted, and what would be said of it to another machine."""
    database = Database(url)
    try:
        with database.reading() as connection:
            found = database_encryption(connection)
    finally:
        database.close()
    return found, [each.rule for each in review_encryption(database.url.set(host="db.example.com"), *found)]


@pytest.mark.parametrize("kind", chosen_kinds(KINDS))
def test_a_connection_in_use(kind: str) -> None:
    make, name, without, with_tls = KINDS[kind]
    with tls_server(make) as server:
        plain, weak = encryption(server.url(name) + without)
        (version, cipher), none = encryption(server.url(name) + with_tls.format(server.folder / "ca.pem"))
    assert (plain, weak) == (("", ""), ["database-clear-text"])
    assert (version, bool(cipher), none) == ("TLSv1.3", True, [])
