"""Finding out what a machine has, and registering it.

    machine = read()                           # this machine, from /proc and /sys; never fails
    planned = plan(found(machine), machine, ledger)
    for line in lines(planned): ...            # show it
    apply(planned, ledger)

See docs/discover.md for what becomes of what.
"""

from berth.discover.apply import apply
from berth.discover.cpus import ranges
from berth.discover.machine import Machine, Note
from berth.discover.plan import DiscoveryPlan, NameTaken, Renamed, plan
from berth.discover.read import read
from berth.discover.reconcile import Action, PlanStep
from berth.discover.render import PlanRow, lines, rows, summary
from berth.discover.source import MachineSource
from berth.discover.tree import FoundProvider, found

__all__ = [
    "Action",
    "DiscoveryPlan",
    "FoundProvider",
    "Machine",
    "MachineSource",
    "NameTaken",
    "Note",
    "PlanRow",
    "PlanStep",
    "Renamed",
    "apply",
    "found",
    "lines",
    "plan",
    "ranges",
    "read",
    "rows",
    "summary",
]
