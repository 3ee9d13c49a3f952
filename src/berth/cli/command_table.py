"""The table of all commands: where each is listed, where it is, and what it is for."""

from __future__ import annotations

from typing import Final, NamedTuple


class CommandEntry(NamedTuple):
    """A command or a group of commands: the panel of the help that lists it, its name, where it is, and its summary.

    place: its module below `berth.cli.commands` and its name there; summary: the first paragraph of its own help.
    """

    panel: str
    name: str
    place: str
    summary: str


LOOK, CLAIM, CHANGE, FILL, SERVE, ADMINISTER = "Look", "Claim", "Change", "Fill", "Serve", "Administer"

COMMANDS: Final = (
    CommandEntry(LOOK, "providers", "list:providers", "List providers, and how much of them is used."),
    CommandEntry(
        LOOK,
        "show",
        "list:show",
        "Show a provider (tree, inventories, holders, history), or what a consumer holds or held.",
    ),
    CommandEntry(
        LOOK,
        "find",
        "find:find",
        "Find where a request fits. If it fits nowhere, show what each constraint removed, and exit with status 1.",
    ),
    CommandEntry(LOOK, "usage", "list:usage", "Show how much of the fleet is used, or what projects hold."),
    CommandEntry(
        LOOK,
        "consumers",
        "list:consumers",
        "List consumers: what they hold, and until when.",
    ),
    CommandEntry(
        LOOK,
        "agenda",
        "hold:agenda",
        "List which claims end and which holds lapse next, the earliest first. Overdue leases come before them.",
    ),
    CommandEntry(
        LOOK,
        "classes",
        "list:classes",
        "List the resource classes in use, with the number of providers that have an inventory of each.",
    ),
    CommandEntry(LOOK, "traits", "list:traits", "List the traits in use, with the number of providers that have each."),
    CommandEntry(
        LOOK,
        "aggregates",
        "list:aggregates",
        "List the aggregates by name, with the number of providers in each; those without a name last.",
    ),
    CommandEntry(LOOK, "changes", "changes:changes", "Show the change log: every change of the ledger, oldest first."),
    CommandEntry(
        LOOK,
        "history",
        "changes:history",
        "Show what was done to a provider or consumer and by whom, newest first, even if it no longer exists.",
    ),
    CommandEntry(
        LOOK,
        "watch",
        "changes:watch",
        "Follow the change log: print a line for each change as it happens, until Ctrl-C. With --json, JSON Lines.",
    ),
    CommandEntry(
        LOOK,
        "top",
        "top:top",
        "Watch the fleet: totals by class, the fullest hosts, the latest changes. Press q or Ctrl-C to quit.",
    ),
    CommandEntry(
        LOOK,
        "report",
        "report:report",
        "Report usage over time: amount x hours, such as GPU-hours, and its share of the capacity.",
    ),
    CommandEntry(
        CLAIM,
        "claim",
        "claim:claim",
        "Claim resources for a consumer, where they fit (as `berth find`) or from one provider (--on): all or nothing.",
    ),
    CommandEntry(
        CLAIM,
        "hold",
        "hold:hold",
        "Hold resources where they fit (as `berth find`). If the hold is not confirmed in time, it lapses.",
    ),
    CommandEntry(
        CLAIM,
        "confirm",
        "hold:confirm",
        "Confirm a hold: it becomes a claim. Until its deadline, the resources are guaranteed.",
    ),
    CommandEntry(
        CLAIM,
        "extend",
        "hold:extend",
        "Extend a claim that has an end, or a hold that is not confirmed yet.",
    ),
    CommandEntry(
        CLAIM,
        "release",
        "release:release",
        "Release the claims of consumers: all of them, or only those on one host (--on).",
    ),
    CommandEntry(
        CLAIM,
        "edit",
        "edit:edit",
        "Set or remove the name and the note of a consumer. Its claims and its uuid stay the same.",
    ),
    CommandEntry(
        CLAIM,
        "reconcile",
        "reconcile:reconcile",
        "Compare claims with a list of the consumers that exist, and release the claims of all others.",
    ),
    CommandEntry(
        CLAIM,
        "undo",
        "reconcile:undo",
        "Restore claims that Berth ended in a change, such as a reconciliation: all, or with --partial those that fit.",
    ),
    CommandEntry(
        CHANGE,
        "set",
        "set:set_",
        "Set fields of one class on all matching providers, in one commit: on all of them or on none.",
    ),
    CommandEntry(
        CHANGE,
        "drain",
        "drain:drain",
        "Stop new claims on hosts and everything below them. Existing claims stay.",
    ),
    CommandEntry(
        CHANGE,
        "undrain",
        "drain:undrain",
        "Allow new claims on drained hosts again. `berth providers --drained` lists them.",
    ),
    CommandEntry(CHANGE, "rename", "rename:rename", "Rename a provider. Its uuid and the claims on it stay the same."),
    CommandEntry(
        CHANGE,
        "delete",
        "delete:delete",
        "Delete a provider, or with --tree a provider and all below it: all of them, or none.",
    ),
    CommandEntry(
        CHANGE,
        "rm",
        "delete:rm",
        "Remove a provider, or with --tree a provider and all below it: all of them, or none. It asks "
        "for confirmation.",
    ),
    CommandEntry(
        FILL,
        "discover",
        "discover:discover",
        "Detect the resources of this machine and show them. With --apply, register them in the ledger.",
    ),
    CommandEntry(
        FILL,
        "import",
        "import_export:import_",
        "Import providers from JSON Lines, one provider per line, or from CSV, one host per line.",
    ),
    CommandEntry(
        FILL,
        "export",
        "import_export:export",
        "Export every provider as JSON Lines, parents first, as `berth import` reads them.",
    ),
    CommandEntry(
        SERVE,
        "serve",
        "serve:serve",
        "Serve the Placement API, /v1 and the dashboard. Ctrl-C or SIGTERM finishes running requests, then exits.",
    ),
    CommandEntry(
        SERVE,
        "demo",
        "demo:demo",
        "Discover this machine, claim a part of it, show what is left, and serve.",
    ),
    CommandEntry(
        ADMINISTER,
        "review",
        "review:review",
        "Review source code for weaknesses (CWE): what was found, what was checked, and what remains unknown.",
    ),
    CommandEntry(
        ADMINISTER,
        "backup",
        "backup:backup",
        "Back up an SQLite ledger and its token key. Servers can keep running.",
    ),
    CommandEntry(
        ADMINISTER,
        "doctor",
        "doctor:doctor",
        "Check this installation, and say how to fix what is wrong. Nothing is changed.",
    ),
    CommandEntry(
        CLAIM,
        "lease",
        "lease:app",
        "Grant, renew, end and list leases: a claim with a lease lasts while the lease is renewed.",
    ),
    CommandEntry(CHANGE, "trait", "trait:app", "Add traits to a provider, or remove them."),
    CommandEntry(CHANGE, "aggregate", "aggregate:app", "Name aggregates, such as racks, and put providers into them."),
    CommandEntry(ADMINISTER, "db", "db:app", "Set up, migrate, check and verify the database."),
    CommandEntry(ADMINISTER, "token", "token:app", "Create, list, rotate and revoke API tokens."),
    CommandEntry(ADMINISTER, "policy", "policy:app", "Show which roles may do what."),
    CommandEntry(
        ADMINISTER,
        "audit",
        "audit:app",
        "Show who did what, verify and archive the audit log, find unusual activity.",
    ),
    CommandEntry(ADMINISTER, "config", "config:app", "Show the settings and where each value comes from."),
)
"""All commands, then all groups of commands, each in the order of the help."""
