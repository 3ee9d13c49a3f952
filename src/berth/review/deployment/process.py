"""The process that serves: its user, its privileges, the secrets in its environment, and where it listens."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from berth.logs.redaction import secrets_in
from berth.review.deployment.configuration import is_loopback
from berth.review.deployment.listeners import PROC, ListeningSocket, listening_sockets, sockets_of
from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, Severity
from berth.settings import Settings

THING: Final = "server process"
"""What findings name: without the id of the process, so that the next start has the same fingerprints."""

_NAMED: Final = re.compile(r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential)s?$")
_OTHERS: Final = 0o007


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What the kernel says of a process.

    user: the effective user id; capabilities: the effective ones, a bit each; umask: None if the kernel does not say;
    secrets: names of variables with a secret in them; words: whether its command line has a password.
    """

    pid: int
    user: int = 0
    no_new_privileges: bool = False
    seccomp: bool = False
    capabilities: int = 0
    umask: int | None = None
    secrets: tuple[str, ...] = ()
    words: bool = False
    sockets: tuple[ListeningSocket, ...] = ()

    @property
    def secret_names(self) -> str:
        """The names of the variables with secrets, as a text."""
        return ", ".join(self.secrets)


def read_process(pid: int, proc: Path = PROC) -> ProcessStatus:
    """Return the status of a process. Raises OSError if there is none, or this user may not look into it."""
    folder = proc / str(pid)
    lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    fields = {name: value.split() for name, value in lines.items()}
    return ProcessStatus(
        pid=pid,
        user=int(fields["Uid"][1]),
        no_new_privileges=fields.get("NoNewPrivs", ["0"]) == ["1"],
        seccomp=fields.get("Seccomp", ["0"]) != ["0"],
        capabilities=int(fields["CapEff"][0], 16),
        umask=int(fields["Umask"][0], 8) if "Umask" in fields else None,
        secrets=tuple(variables_with_secrets(_words(folder / "environ"))),
        words=any(map(secrets_in, _words(folder / "cmdline"))),
        sockets=tuple(_sockets(folder)),
    )


def _sockets(process: Path) -> Iterator[ListeningSocket]:
    here = sockets_of(process)
    return (each for each in listening_sockets(process) if each.inode in here)


def _words(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "replace").split("\0")


def variables_with_secrets(variables: Iterable[str]) -> Iterator[str]:
    """Yield the names of the variables (`NAME=value`) that hold a secret, not the name of a file with one."""
    for name, _, value in sorted(each.partition("=") for each in variables):
        if secrets_in(value) or (_NAMED.search(name) and value and not value.startswith("/")):
            yield name


def review_process(status: ProcessStatus, settings: Settings) -> Iterator[ReviewFinding]:
    """Yield what is weak about a process that serves with these settings."""
    for each in _RULES:
        if each.is_broken(status):
            yield _finding(each.name, each.cwe, each.severity, each.sentence.format(status), each.remedy)
    yield from review_sockets(status.sockets, settings)


class _Rule(NamedTuple):
    """What a process must not be like; sentence: with fields of the status."""

    name: str
    cwe: int
    severity: Severity
    is_broken: Callable[[ProcessStatus], bool]
    sentence: str
    remedy: str


_RULES: Final = (
    _Rule(
        "process-root",
        250,
        Severity.HIGH,
        lambda status: status.user == 0,
        "The server runs as root: who takes it over has the machine",
        "Run it as a user of its own: deploy/systemd/berth.service, or USER in the container",
    ),
    _Rule(
        "process-capabilities",
        250,
        Severity.MEDIUM,
        lambda status: status.user != 0 and status.capabilities != 0,
        "The server has capabilities of root ({0.capabilities:#x}), and needs none",
        "Set CapabilityBoundingSet= and AmbientCapabilities= to nothing in its unit",
    ),
    _Rule(
        "process-privileges",
        250,
        Severity.LOW,
        lambda status: not status.no_new_privileges,
        "Programs that the server starts may gain privileges (setuid)",
        "Set NoNewPrivileges=yes in its unit, no-new-privileges for its container",
    ),
    _Rule(
        "process-calls",
        250,
        Severity.LOW,
        lambda status: not status.seccomp,
        "The server may make every system call",
        "Set SystemCallFilter=@system-service in its unit, a seccomp profile for its container",
    ),
    _Rule(
        "process-umask",
        276,
        Severity.LOW,
        lambda status: status.umask is not None and status.umask & _OTHERS != _OTHERS,
        "Other users may read or write files that the server makes: its umask is {0.umask:04o}",
        "Set UMask=0077 in its unit",
    ),
    _Rule(
        "secret-in-environment",
        16,
        Severity.MEDIUM,
        lambda status: bool(status.secrets),
        "Secrets are in the server's environment, which its children inherit: {0.secret_names}",
        "Put each into a file of mode 0400: database_password_file, secret_file, keystone.password_file",
    ),
    _Rule(
        "secret-in-command-line",
        16,
        Severity.HIGH,
        lambda status: status.words,
        "A password is in the server's command line, which every user of the machine reads",
        "Put it into a file of mode 0400, and name that as database_password_file",
    ),
)


def review_sockets(sockets: Iterable[ListeningSocket], settings: Settings) -> Iterator[ReviewFinding]:
    """Yield where a process accepts connections from other machines that the settings do not name."""
    for each in sorted({(each.address, each.port) for each in sockets}):
        address, port = each
        shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        if is_loopback(address):
            continue  # also of the server behind the TLS proxy
        if port != settings.port:
            yield _socket_finding(shown, "its settings name no such port")
        elif is_loopback(settings.host) or (_is_any(address) and not _is_any(settings.host)):
            yield _socket_finding(shown, f"its settings say {settings.host}")


def _is_any(host: str) -> bool:
    """Whether a host stands for all addresses of this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def _socket_finding(shown: str, why: str) -> ReviewFinding:
    return _finding(
        "socket-open",
        16,
        Severity.HIGH,
        f"The server listens on {shown}, where {why}: it runs with other settings than those reviewed",
        "Review with the server's own settings (--config), or restart it",
    )


def _finding(rule: str, cwe: int, severity: Severity, sentence: str, remedy: str) -> ReviewFinding:
    return deployment_finding(rule, cwe, severity, THING, sentence, remedy)


def process_fact(status: ProcessStatus) -> str:
    """Return in words as whom a process runs, and where it listens."""
    sockets = sorted({f"{each.address} port {each.port}" for each in status.sockets})
    return f"PID {status.pid}, user {status.user}, listens on {', '.join(sockets) or 'nothing'}"
