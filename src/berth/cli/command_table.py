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
    CommandEntry(LOOK, "providers", "list:providers", "List providers with their use."),
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
        "Find where a request fits. If it fits nowhere, show what each constraint removed; exit status 1.",
    ),
    CommandEntry(LOOK, "usage", "list:usage", "Show the use of the fleet, or what projects hold of it."),
    CommandEntry(
        LOOK,
        "consumers",
        "list:consumers",
        "List consumers with what they hold, and how long their claims still count.",
    ),
    CommandEntry(
        LOOK,
        "agenda",
        "hold:agenda",
        "List the claims that end and the holds that lapse next, the earliest first; before them leases that "
        "are overdue.",
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
        "Report how much was held for how long: amount x time in hours, such as GPU-hours, and its share of "
        "the capacity.",
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
        "Hold resources where they fit (as `berth find`), until they are confirmed. What is not confirmed in "
        "time is free.",
    ),
    CommandEntry(
        CLAIM,
        "confirm",
        "hold:confirm",
        "Confirm a hold: it becomes a claim. In time this is never refused for room.",
    ),
    CommandEntry(
        CLAIM,
        "extend",
        "hold:extend",
        "Give a claim that ends more time; or a hold, to be confirmed, at most 24 hours after it was made.",
    ),
    CommandEntry(
        CLAIM,
        "release",
        "release:release",
        "Release what consumers hold: all of it, or only what they hold of one host (--on).",
    ),
    CommandEntry(
        CLAIM,
        "edit",
        "edit:edit",
        "Give a consumer a name or a note, or remove them. What it holds stays, and so does its uuid.",
    ),
    CommandEntry(
        CLAIM,
        "reconcile",
        "reconcile:reconcile",
        "Compare claims with a list of the consumers that exist, and end those of consumers that do not.",
    ),
    CommandEntry(
        CLAIM,
        "undo",
        "reconcile:undo",
        "Claim again for the consumers that a change ended, not their owners: all, or with --partial those that fit.",
    ),
    CommandEntry(
        CHANGE,
        "set",
        "set:set_",
        "Set fields of one class on all providers that match, in one commit: on all of them, or on none.",
    ),
    CommandEntry(
        CHANGE,
        "drain",
        "drain:drain",
        "Let hosts take no new claims, with all that is below them. What is held of them stays.",
    ),
    CommandEntry(
        CHANGE,
        "undrain",
        "drain:undrain",
        "Let drained hosts take claims again. One that is not drained is no error. `berth providers "
        "--drained` lists them.",
    ),
    CommandEntry(CHANGE, "rename", "rename:rename", "Rename a provider. Its uuid stays, and all that is held of it."),
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
        "Remove a provider, or with --tree a provider and all below it: all of them, or none. It asks first.",
    ),
    CommandEntry(
        FILL,
        "discover",
        "discover:discover",
        "Read the resources of this machine and show them (with --apply: register them) as a provider tree.",
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
        "Discover this machine, find room on it, claim it, show what is left, and serve.",
    ),
    CommandEntry(
        ADMINISTER,
        "review",
        "review:review",
        "Review source for weaknesses (CWE): what was found, what was looked at, and what cannot be known.",
    ),
    CommandEntry(
        ADMINISTER,
        "backup",
        "backup:backup",
        "Copy an SQLite ledger, as of one moment, and the key of its tokens. Servers may go on.",
    ),
    CommandEntry(
        ADMINISTER,
        "doctor",
        "doctor:doctor",
        "Look for what is wrong with this installation, and say what to do. It changes nothing.",
    ),
    CommandEntry(CLAIM, "lease", "lease:app", "Grant, renew, end and list leases, with which claims go on."),
    CommandEntry(CHANGE, "trait", "trait:app", "Add traits to a provider, or remove them."),
    CommandEntry(CHANGE, "aggregate", "aggregate:app", "Name aggregates, such as racks; put providers into them."),
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
