"""TLS of the connection to the database: of the one in use, and what its URL asks for."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from berth.review.deployment.configuration import is_loopback
from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, Severity

_VERIFYING: Final = ("verify-ca", "verify-full")
_CHECKED: Final = ("ssl_ca", "ssl_capath", "ssl_verify_cert", "ssl_verify_identity")
"""Options of MariaDB's driver with which it verifies the server's certificate."""

_CONNECTION: Final = text("SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl")
_REMEDY: Final = "Ask for it in the database's URL: sslmode=verify-full (PostgreSQL), ssl_ca=FILE (MariaDB)"


def database_encryption(connection: Connection) -> tuple[str, str]:
    """Return how this connection is encrypted: version of TLS and cipher, or two empty texts."""
    if connection.dialect.name == "postgresql":
        row = connection.execute(_CONNECTION).one_or_none()
        return ("", "") if row is None else (str(row[0]), str(row[1]))
    version, cipher = (
        connection.execute(text("SHOW SESSION STATUS LIKE :name"), {"name": name}).one_or_none()
        for name in ("Ssl_version", "Ssl_cipher")
    )
    return ("" if version is None else str(version[1])), ("" if cipher is None else str(cipher[1]))


def review_encryption(url: URL, version: str, cipher: str) -> Iterator[ReviewFinding]:
    """Yield what is weak about a connection. version, cipher: of TLS, empty without it; the same machine needs none."""
    if is_loopback(url.host or ""):
        return
    if not cipher:
        sentence = f"The connection to the database at {url.host} is not encrypted, and leaves this machine"
        yield _finding("database-clear-text", 311, Severity.HIGH, sentence)
        return
    if version in ("TLSv1", "TLSv1.1", "SSLv3"):
        sentence = f"The connection to the database at {url.host} is encrypted with {version}, which RFC 8996 forbids"
        yield _finding("database-tls-version", 327, Severity.MEDIUM, sentence, "Allow TLS 1.2 and 1.3 only there")
    if not _verifies(url):
        sentence = f"The certificate of the database at {url.host} is not verified: who is in between reads and alters"
        yield _finding("database-unverified", 295, Severity.MEDIUM, sentence)


def _verifies(url: URL) -> bool:
    if url.get_backend_name() == "postgresql":
        return url.query.get("sslmode") in _VERIFYING
    return any(name in url.query for name in _CHECKED)


def encryption_fact(version: str, cipher: str) -> str:
    """Return in words how a connection is encrypted."""
    return f"{version} with {cipher}" if cipher else "not encrypted"


def _finding(rule: str, cwe: int, severity: Severity, sentence: str, remedy: str = _REMEDY) -> ReviewFinding:
    return deployment_finding(rule, cwe, severity, "database", sentence, remedy)
