"""A call of every route that is answered well, on the small ledger."""

from __future__ import annotations

from typing import Any

from berth.model.reconciliation import Orphan, digest_of
from tests.unit.api.v1.conftest import DISK, HOST, JOB, NOBODY, OTHER, RACK

CLAIM = {"consumer": NOBODY, "allocations": {HOST: {"VCPU": 1}}, "project": "physics", "user": "ada"}

AS_OF = 11
"""The last change of the small ledger."""

RECONCILE = {
    "trees": [HOST],
    "alive": {OTHER: None},
    "as_of": AS_OF,
    "dry_run": False,
    "expect": digest_of([Orphan(consumer=JOB, generation=1, id=0)]),
}

LEASE = {"uuid": NOBODY, "name": "node-1", "project": "physics", "ttl": 3600}

CALLS: dict[str, tuple[str, Any]] = {
    "root.about": ("/v1", None),
    "document.show": ("/v1/openapi.json", None),
    "me.show": ("/v1/me", None),
    "policy.show": ("/v1/policy", None),
    "fleet.show": ("/v1/fleet", None),
    "fleet.map": ("/v1/fleet/map?class=VCPU&class=DISK_GB&by=hosts&room=VCPU:1,DISK_GB:5&trait=CUSTOM_FAST", None),
    "fleet.attention": ("/v1/fleet/attention?limit=5", None),
    "fleet.free_hosts": ("/v1/fleet/free-hosts?class=VCPU", None),
    "fleet.trends": ("/v1/fleet/trends", None),
    "claims.refused": ("/v1/claims/refused?within=60&project=physics", None),
    "users.list": ("/v1/users?class=VCPU&limit=5", None),
    "providers.holdings": (f"/v1/providers/{HOST}/holdings?limit=1", None),
    "providers.list": ("/v1/providers?name=OST&class=VCPU&room=VCPU:1&trait=CUSTOM_FAST&drained=false&limit=1", None),
    "providers.show": (f"/v1/providers/{DISK}", None),
    "find": ("/v1/find", {"groups": [{"resources": {"VCPU": 1}}], "limit": 1, "explain": True}),
    "find.show": ("/v1/find?request=%7B%22groups%22:%5B%7B%22resources%22:%7B%22VCPU%22:1%7D%7D%5D%7D", None),
    "claims.create": (
        "/v1/claims",
        {"request": {"groups": [{"resources": {"VCPU": 3}}]}, "project": "physics", "user": "ada", "type": "JOB"},
    ),
    "holds.create": (
        "/v1/holds",
        {
            "request": {"groups": [{"resources": {"VCPU": 3}}]},
            "consumer": NOBODY,
            "project": "physics",
            "user": "ada",
            "confirm_within": 60,
        },
    ),
    "providers.names": (f"/v1/providers/names?uuid={HOST}&uuid={DISK}", None),
    "providers.query": ("/v1/providers/query", {"name": "host-1"}),
    "providers.inventories": (f"/v1/providers/{HOST}/inventories", None),
    "providers.usages": (f"/v1/providers/{HOST}/usages", None),
    "providers.traits": (f"/v1/providers/{HOST}/traits", None),
    "providers.aggregates": (f"/v1/providers/{HOST}/aggregates", None),
    "providers.holders": (f"/v1/providers/{HOST}/holders?limit=1", None),
    "providers.history": (f"/v1/providers/{HOST}/history", None),
    "records.list": ("/v1/records", None),
    "consumers.list": ("/v1/consumers?class=VCPU&order=largest&limit=1", None),
    "consumers.show": (f"/v1/consumers/{JOB}", None),
    "consumers.edit": (f"/v1/consumers/{JOB}", {"name": "train", "note": None}),
    "consumers.release": (f"/v1/consumers/{JOB}", None),
    "consumers.history": (f"/v1/consumers/{JOB}/history", None),
    "leases.list": ("/v1/leases?project=physics&state=live&limit=10", None),
    "leases.show": (f"/v1/leases/{NOBODY}", None),
    "leases.grant": ("/v1/leases", LEASE),
    "leases.renew": ("/v1/leases/renew", {"uuids": [NOBODY, OTHER]}),
    "leases.end": (f"/v1/leases/{NOBODY}?claims=detach", None),
    "agenda.list": ("/v1/agenda?project=physics&limit=10", None),
    "consumers.reconcile": ("/v1/reconcile", RECONCILE),
    "changes.undo": ("/v1/undo", {"change": AS_OF + 1}),
    "projects.list": ("/v1/projects", None),
    "projects.usages": ("/v1/usages?project=physics&user=ada", None),
    "classes.list": ("/v1/classes", None),
    "classes.show": ("/v1/classes/CUSTOM_SLOT", None),
    "traits.list": ("/v1/traits", None),
    "traits.show": ("/v1/traits/CUSTOM_FAST", None),
    "aggregates.list": ("/v1/aggregates", None),
    "aggregates.name": (f"/v1/aggregates/{RACK}", {"name": "rack-7", "kind": "rack"}),
    "changes.list": ("/v1/changes?after=1&limit=3", None),
    "audit.anomalies": ("/v1/audit/anomalies?since=0", None),
    "changes.brief": ("/v1/changes/brief?after=1&limit=3", None),
    "reports.show": ("/v1/report?by=user&since=0&until=1&class=VCPU&project=physics&limit=10", None),
    "audit.list": (f"/v1/audit?provider={HOST}&limit=2", None),
    "tokens.list": ("/v1/tokens", None),
    "tokens.create": ("/v1/tokens", {"name": "ci", "roles": ["service"], "lasts_seconds": 60}),
    "tokens.rotate": ("/v1/tokens/rotate", {"name": "ci", "grace_seconds": 60}),
    "tokens.revoke": ("/v1/tokens/revoke", {"name": "ci"}),
    "commands.CreateProvider": ("/v1/commands/CreateProvider", {"uuid": NOBODY, "name": "host-2"}),
    "commands.UpdateProvider": ("/v1/commands/UpdateProvider", {"uuid": DISK, "name": "disk-2", "parent": None}),
    "commands.DeleteProvider": ("/v1/commands/DeleteProvider", {"uuid": NOBODY}),
    "commands.RenameTree": ("/v1/commands/RenameTree", {"uuid": NOBODY, "name": "host-3", "dry_run": True}),
    "commands.DeleteTree": ("/v1/commands/DeleteTree", {"uuid": NOBODY}),
    "commands.Drain": ("/v1/commands/Drain", {"providers": [DISK], "why": "fan", "dry_run": True}),
    "commands.Undrain": ("/v1/commands/Undrain", {"where": {"name": "host"}}),
    "commands.EditInventories": (
        "/v1/commands/EditInventories",
        {"where": {"uuid": DISK}, "resource_class": "DISK_GB", "fields": {"allocation_ratio": 2}},
    ),
    "commands.SetInventories": (
        "/v1/commands/SetInventories",
        {"uuid": DISK, "inventories": {"DISK_GB": {"total": 200}}, "generation": "unchecked"},
    ),
    "commands.AddInventory": (
        "/v1/commands/AddInventory",
        {"uuid": DISK, "resource_class": "CUSTOM_SLOT", "inventory": {"total": 2}},
    ),
    "commands.UpdateInventory": (
        "/v1/commands/UpdateInventory",
        {"uuid": DISK, "resource_class": "DISK_GB", "inventory": {"total": 300}},
    ),
    "commands.DeleteInventory": (
        "/v1/commands/DeleteInventory",
        {"uuid": HOST, "resource_class": "MEMORY_MB"},
    ),
    "commands.SetTraits": ("/v1/commands/SetTraits", {"uuid": DISK, "traits": ["CUSTOM_FAST"]}),
    "commands.SetAggregates": ("/v1/commands/SetAggregates", {"uuid": DISK, "aggregates": [RACK]}),
    "commands.EditTraits": ("/v1/commands/EditTraits", {"uuid": DISK, "add": ["CUSTOM_FAST"]}),
    "commands.EditAggregates": ("/v1/commands/EditAggregates", {"uuid": DISK, "add": [RACK]}),
    "commands.CreateTrait": ("/v1/commands/CreateTrait", {"name": "CUSTOM_NEW"}),
    "commands.DeleteTrait": ("/v1/commands/DeleteTrait", {"name": "CUSTOM_NEW"}),
    "commands.CreateClass": ("/v1/commands/CreateClass", {"name": "CUSTOM_NEW"}),
    "commands.RenameClass": ("/v1/commands/RenameClass", {"name": "CUSTOM_SLOT", "new_name": "CUSTOM_PLACE"}),
    "commands.DeleteClass": ("/v1/commands/DeleteClass", {"name": "CUSTOM_SLOT"}),
    "commands.SetAllocations": ("/v1/commands/SetAllocations", {"claims": [CLAIM]}),
    "commands.Allocate": (
        "/v1/commands/Allocate",
        {"request": {"groups": [{"resources": {"VCPU": 3}}]}, "consumer": NOBODY, "project": "p", "user": "u"},
    ),
    "commands.ReleaseAllocations": ("/v1/commands/ReleaseAllocations", {"consumer": OTHER}),
    "commands.ReleaseMatching": ("/v1/commands/ReleaseMatching", {"consumers": [OTHER], "on": HOST}),
    "commands.Confirm": ("/v1/commands/Confirm", {"consumer": JOB}),
    "commands.Extend": ("/v1/commands/Extend", {"consumer": NOBODY, "seconds": 60}),
    "commands.Undo": ("/v1/commands/Undo", {"change": AS_OF + 1, "partial": True}),
    "commands.Reshape": (
        "/v1/commands/Reshape",
        {"inventories": [{"uuid": DISK, "inventories": {"DISK_GB": {"total": 500}}, "generation": 2}], "claims": []},
    ),
    "commands.PutRecords": ("/v1/commands/PutRecords", {"records": [{"name": "host-3"}]}),
    "commands.GrantLease": ("/v1/commands/GrantLease", LEASE),
    "commands.RenewLeases": ("/v1/commands/RenewLeases", {"uuids": [OTHER]}),
    "commands.EndLease": ("/v1/commands/EndLease", {"uuid": NOBODY}),
    "commands.EditConsumer": ("/v1/commands/EditConsumer", {"consumer": JOB, "note": "for the paper"}),
    "commands.NameAggregate": ("/v1/commands/NameAggregate", {"uuid": RACK, "name": "rack-8"}),
}
"""By the route's name: the target, and the body."""

FIRST: dict[str, tuple[str, Any]] = {
    "changes.undo": CALLS["consumers.reconcile"],
    "commands.Undo": CALLS["consumers.reconcile"],
    "leases.show": CALLS["leases.grant"],
    "leases.end": CALLS["leases.grant"],
    "commands.EndLease": CALLS["leases.grant"],
    "tokens.rotate": CALLS["tokens.create"],
    "tokens.revoke": CALLS["tokens.create"],
    "commands.DeleteProvider": CALLS["commands.CreateProvider"],
    "commands.RenameTree": CALLS["commands.CreateProvider"],
    "commands.DeleteTree": CALLS["commands.CreateProvider"],
    "commands.Extend": CALLS["holds.create"],
    "commands.DeleteTrait": CALLS["commands.CreateTrait"],
}
"""What has to be done before."""
