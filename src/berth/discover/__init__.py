"""Discovery: the resources of a machine, registered as a provider tree.

    machine = read()                           # this machine, from /proc and /sys; never fails
    planned = plan(machine_tree(machine), machine, ledger)
    for line in lines(planned): ...            # print it
    apply(planned, ledger)

docs/discover.md describes the tree.
"""

from berth.discover.apply import apply
from berth.discover.cpus import ranges
from berth.discover.machine import Machine, Note
from berth.discover.plan import DiscoveryPlan, NameTaken, Renamed, plan
from berth.discover.read import read
from berth.discover.reconcile import Action, PlanStep
from berth.discover.render import PlanRow, lines, rows, summary
from berth.discover.source import MachineSource
from berth.discover.tree import FoundProvider, machine_tree

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
    "lines",
    "machine_tree",
    "plan",
    "ranges",
    "read",
    "rows",
    "summary",
]
