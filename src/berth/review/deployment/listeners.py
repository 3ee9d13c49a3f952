"""The sockets on which processes of this machine listen, out of Linux' `/proc`."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")

_LISTENS: Final = "0A"
"""The state of a listening socket in `/proc/net/tcp`."""

_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True, order=True)
class ListeningSocket:
    """An address and a port that connections are accepted on; inode: the kernel's number of the socket."""

    address: str
    port: int
    inode: int


def listening_sockets(proc: Path = PROC) -> list[ListeningSocket]:
    """Return the TCP sockets that listen in the network namespace of a folder like `/proc/self`. Raises OSError."""
    found = []
    for name in ("tcp", "tcp6"):
        path = proc / "net" / name
        if path.exists():
            found += [_socket(line.split()) for line in path.read_text().splitlines()[1:] if _is_listening(line)]
    return sorted(found)


def _is_listening(line: str) -> bool:
    return line.split()[3] == _LISTENS


def _socket(columns: list[str]) -> ListeningSocket:
    address, _, port = columns[1].partition(":")
    return ListeningSocket(_address(address), int(port, 16), int(columns[9]))


def _address(text: str) -> str:
    """Return an address that the kernel prints as hexadecimal words in the order of bytes of this machine."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def sockets_of(process: Path) -> frozenset[int]:
    """Return the inodes of the sockets that a process has open. Raises OSError if this user may not see them."""
    return frozenset(_inodes(process))


def _inodes(process: Path) -> Iterator[int]:
    for each in (process / "fd").iterdir():
        with suppress(OSError):  # it was closed just now
            if match := _SOCKET.fullmatch(str(each.readlink())):
                yield int(match[1])


def processes_on(port: int, proc: Path = PROC) -> list[int]:
    """Return the ids of the processes, of those that this user may look into, that listen on a port."""
    inodes = {each.inode for each in listening_sockets(proc / "self") if each.port == port}
    found = []
    for process in proc.glob("[0-9]*") if inodes else ():
        with suppress(OSError):
            if inodes & sockets_of(process):
                found.append(int(process.name))
    return sorted(found)
