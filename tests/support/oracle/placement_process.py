"""The real Placement in a child process, given the same commands and requests as the oracle."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlencode

from berth.model import errors
from berth.model.candidate import Candidate
from berth.model.request import CandidateRequest, Group
from tests.support.oracle.candidates import Found, found
from tests.support.oracle.placement_requests import NEWEST, Call
from tests.support.oracle.rows import Rows, in_order

PYTHON: Final = "BERTH_TEST_PEER_PYTHON"
"""The environment variable that names the interpreter with openstack-placement, if it is not this one."""

UNNESTED: Final = 28
"""The last version in which a candidate takes from one provider of a tree at most."""

PLACEMENT_WORDING: Final[dict[type[errors.Refusal], tuple[int, str]]] = {
    errors.ProviderNotFound: (404, "No resource provider with uuid"),
    errors.ProviderExists: (409, "Conflicting resource provider"),
    errors.ParentIsSelf: (400, "cannot be same as UUID"),
    errors.ParentNotFound: (400, "parent provider UUID does not exist"),
    errors.ReparentingForbidden: (400, "re-parenting a provider is not"),
    errors.UnparentingForbidden: (400, "un-parenting a provider is not"),
    errors.TreeLoop: (400, "creating loop"),
    errors.ProviderHasChildren: (409, "It has child"),
    errors.ProviderInUse: (409, "has allocations"),
    errors.GenerationConflict: (409, "generation"),
    errors.ReservedExceedsTotal: (400, "reserved value is greater than"),
    errors.ClassNotFound: (0, "No such resource class|Unknown resource class"),
    errors.InventoryExists: (409, "Update conflict"),
    errors.InventoryNotFound: (0, "No inventory"),
    errors.InventoryInUse: (409, "in use"),
    errors.TraitsNotFound: (0, "No such trait"),
    errors.InvalidName: (400, "does not match|is invalid"),
    errors.StandardName: (400, "Cannot (delete|update) standard"),
    errors.TraitInUse: (409, "in use by a resource provider"),
    errors.ClassExists: (409, "already exists"),
    errors.ClassInUse: (409, "Class is in use in inventory"),
    errors.AllocationsNotFound: (404, "No allocations for consumer"),
    errors.ConsumerGenerationConflict: (409, "consumer generation conflict"),
    errors.AllocationProviderNotFound: (400, "that does not exist"),
    errors.ReshapedProviderNotFound: (400, "in inventories not found"),
    errors.InventoryMissing: (409, "Inventory for .* invalid"),
    errors.UnitsViolated: (409, "would violate inventory constraints"),
    errors.CapacityExceeded: (409, "would exceed the capacity"),
}
"""Placement's reply for each refusal: the status (0: 400 or 404, by the path) and a pattern of the body."""


class Placement:
    """A child process with Placement in it."""

    def __init__(self, to: IO[str], answers: IO[str]) -> None:
        self._to, self._answers = to, answers

    def send(self, verb: str, *arguments: Any) -> Any:
        """One line there, one line back; see placement_worker.py."""
        self._to.write(json.dumps([verb, *arguments]) + "\n")
        self._to.flush()
        return json.loads(self._answers.readline())

    def try_call(self, call: Call) -> tuple[int, str] | None:
        """Make a request; the status and the body if it is refused."""
        status, body = self.send("call", *call)
        return None if status < 400 else (status, json.dumps(body))

    def state(self) -> Rows:
        """All that its database holds."""
        return in_order(self.send("state"))

    def candidates(self, request: CandidateRequest) -> tuple[set[Found], dict[str, Any]]:
        """Ask for candidates; with the summaries, as they come."""
        minor = UNNESTED if request.one_provider_per_tree else NEWEST
        status, body = self.send("call", "GET", f"/allocation_candidates?{query(request)}", minor, None)
        assert status == 200, body
        return {candidate_found(each) for each in body["allocation_requests"]}, body["provider_summaries"]


@contextmanager
def running(*, corrected: bool) -> Iterator[Placement]:
    """Start the real Placement for as long as the block lasts."""
    command = [os.environ.get(PYTHON, sys.executable), str(Path(__file__).with_name("placement_worker.py"))]
    command += ["--corrected"] if corrected else []
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin:
        yield Placement(process.stdin, process.stdout)


def means_refusal(refusal: type[errors.Refusal] | None, answer: tuple[int, str] | None) -> bool:
    """Whether Placement's answer means this refusal (None: it was done)."""
    if refusal is None or answer is None:
        return refusal is None and answer is None
    status, words = PLACEMENT_WORDING[refusal]
    return answer[0] in ((status,) if status else (400, 404)) and re.search(words, answer[1]) is not None


def candidate_found(candidate: dict[str, Any]) -> Found:
    allocations = {uuid: held["resources"] for uuid, held in candidate["allocations"].items()}
    return found(Candidate(allocations, candidate.get("mappings", {})))


def query(request: CandidateRequest) -> str:
    """The query string of a request."""
    pairs = [pair for group in request.groups for pair in group_pairs(group)]
    pairs.append(("group_policy", "isolate" if request.isolate else "none"))
    pairs += [("same_subtree", ",".join(f"{suffix}" for suffix in sorted(each))) for each in request.same_subtrees]
    roots = [*sorted(request.root_required), *(f"!{name}" for name in sorted(request.root_forbidden))]
    pairs += [("root_required", ",".join(roots))] if roots else []
    return urlencode(pairs)


def group_pairs(group: Group) -> Iterator[tuple[str, str]]:
    if group.resources:
        yield f"resources{group.suffix}", ",".join(f"{name}:{amount}" for name, amount in group.resources.items())
    plain = [name for names in group.required if len(names) == 1 for name in names]
    if plain or group.forbidden:
        yield f"required{group.suffix}", ",".join([*plain, *(f"!{name}" for name in sorted(group.forbidden))])
    for names in group.required:
        if len(names) > 1:
            yield f"required{group.suffix}", any_of(names)
    for names in group.member_of:
        yield f"member_of{group.suffix}", any_of(names)
    if group.not_member_of:
        yield f"member_of{group.suffix}", f"!{any_of(group.not_member_of)}"
    if group.in_tree is not None:
        yield f"in_tree{group.suffix}", group.in_tree


def any_of(names: frozenset[str]) -> str:
    return next(iter(names)) if len(names) == 1 else f"in:{','.join(sorted(names))}"
