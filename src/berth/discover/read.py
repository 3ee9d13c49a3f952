"""Reading a machine: this one, or a recorded one below another root."""

from __future__ import annotations

from berth.discover.cgroups import note_limits, read_container, read_limits
from berth.discover.cpus import read_cpus
from berth.discover.disks import read_filesystems
from berth.discover.identity import read_identity, read_name, read_virtual
from berth.discover.machine import Machine
from berth.discover.memory import read_nodes
from berth.discover.nvidia import read_cards
from berth.discover.pci import read_devices
from berth.discover.source import MachineSource


def read(source: MachineSource | None = None) -> Machine:
    """Return everything that can be read about a machine (None: the one this runs on).

    Never fails: what does not exist is left out, what cannot be read is in the machine's notes.
    """
    source = source or MachineSource()
    source.notes.clear()
    container = read_container(source)
    name = read_name(source)
    cpus = read_cpus(source)
    limits = read_limits(source)
    note_limits(source, limits, container)
    nodes = read_nodes(source, cpus.online)
    cards = read_cards(source)
    return Machine(
        name=name,
        identity=read_identity(source, name, container),
        cpus=cpus,
        nodes=nodes,
        filesystems=read_filesystems(source),
        devices=read_devices(source, cards, confined=container is not None),
        virtual=read_virtual(source, cpus),
        container=container,
        limits=limits,
        notes=tuple(source.notes),
    )
