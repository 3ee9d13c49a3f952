"""Local filesystems, from /proc/self/mountinfo (proc(5))."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from berth.discover.machine import Filesystem
from berth.discover.source import MachineSource

LOCAL_KINDS: Final = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "reiserfs", "xfs", "zfs"})
"""Writable filesystems on this machine's own disks. No memory, images, networks or FUSE."""

ROOT_KINDS: Final = LOCAL_KINDS | {"overlay"}
"""The same for `/`, which in a container is laid over the host's filesystem."""

NOT_FOR_DATA: Final = ("/boot", "/efi", "/media", "/run", "/var/lib/kubelet")
"""Folders with boot files, removable media, and storage that is already claimed."""


class Mount(msgspec.Struct, frozen=True):
    """One line of mountinfo. device: major:minor; inside: the mounted part of it; source: the mounted device."""

    device: str
    inside: str
    path: str
    kind: str
    source: str
    read_only: bool


def read_filesystems(source: MachineSource) -> tuple[Filesystem, ...]:
    """Return each local filesystem once, the one at `/` first, then by path."""
    found = []
    for mount in own_filesystems(parse_mountinfo(source.text("proc/self/mountinfo") or "")):
        size = source.size_bytes(mount.path)
        if size:
            found.append(Filesystem(mount.path, mount.kind, size, rotational(source, mount)))
    if not any(filesystem.path == "/" for filesystem in found):
        source.note("/", "no writable local filesystem: no DISK_GB for the machine itself")
    return tuple(found)


def parse_mountinfo(mountinfo: str) -> list[Mount]:
    """Return the mounts in a mountinfo file; lines of another form are left out."""
    mounts = []
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if dash and len(fields) >= 6 and len(rest) >= 3:
            read_only = "ro" in fields[5].split(",") or "ro" in rest[2].split(",")
            mounts.append(Mount(fields[2], unescaped(fields[3]), unescaped(fields[4]), rest[0], rest[1], read_only))
    return mounts


def unescaped(text: str) -> str:
    """Return a path with mountinfo's octal escapes (040 for a space) decoded."""
    return re.sub(r"\\(040|011|012|043|134)", lambda match: chr(int(match[1], 8)), text)


def own_filesystems(mounts: list[Mount]) -> list[Mount]:
    """Return the writable local mounts, each filesystem (or ZFS pool) once, by path."""
    found: dict[str, Mount] = {}
    for mount in sorted(mounts, key=lambda mount: mount.path):
        if counts(mount):
            pool = mount.source.partition("/")[0] if mount.kind == "zfs" else mount.device
            found.setdefault(pool, mount)
    return list(found.values())


def counts(mount: Mount) -> bool:
    """Whether a mount is a whole local filesystem for data."""
    if mount.read_only or any(f"{mount.path}/".startswith(f"{folder}/") for folder in NOT_FOR_DATA):
        return False
    if mount.path == "/":
        return mount.kind in ROOT_KINDS
    whole = mount.inside == "/" or mount.kind in ("btrfs", "zfs")
    return whole and mount.kind in LOCAL_KINDS


def rotational(source: MachineSource, mount: Mount) -> bool | None:
    """Return whether the disk below a mount rotates; None if unknown. A partition's queue is its disk's."""
    device = f"sys/dev/block/{mount.device}"
    if mount.source.startswith("/dev/") and not source.has(device):
        device = f"sys/class/block/{mount.source.removeprefix('/dev/')}"
    for folder in (device, f"{device}/.."):
        rotates = source.number(f"{folder}/queue/rotational")
        if rotates is not None:
            return rotates != 0
    return None
