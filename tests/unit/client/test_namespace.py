"""Namespaces: one noun's verbs, the same on a ledger and on a client. `marks` exists only in this test."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import httpx
import msgspec
import pytest

import berth
from berth.client.namespace import ClientNamespace
from berth.model import errors
from berth.model.commands import CreateTrait, DeleteTrait
from berth.model.names import is_custom_name
from berth.model.namespace import Namespace
from berth.model.pages import NameItem, Page
from tests.unit.client.replies import as_json, problem, transport_to


class Marks(Namespace):
    """The interface of the noun: in the model."""

    @abstractmethod
    def all(self) -> list[str]:
        """Return every mark."""

    def create(self, name: str) -> bool:
        """Create a mark. Return whether it is new."""
        return bool(self._do(CreateTrait(name=name)))

    def delete(self, name: str) -> None:
        """Delete a mark."""
        self._do(DeleteTrait(name=name))


class LedgerMarks(Marks):
    """The noun in a ledger."""

    def all(self) -> list[str]:
        return [each.name for each in self._ledger.trait_names() if is_custom_name(each.name)]


class ClientMarks(ClientNamespace, Marks):
    """The noun behind a server."""

    def all(self) -> list[str]:
        page = self._transport.get("/v1/traits", Page[NameItem])
        return [each.name for each in page.items if is_custom_name(each.name)]


class MarkingLedger(berth.Ledger):
    @cached_property
    def marks(self) -> Marks:
        return LedgerMarks(self)


class MarkingClient(berth.Client):
    @cached_property
    def marks(self) -> Marks:
        return ClientMarks(self, self._transport)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[MarkingLedger]:
    with berth.open(f"sqlite:///{tmp_path}/berth.db") as opened:
        opened.__class__ = MarkingLedger
        assert isinstance(opened, MarkingLedger)
        yield opened


def served(ledger: berth.Ledger, request: httpx.Request) -> httpx.Response:
    """The part of /v1 that the noun uses."""
    if request.method == "GET":
        return as_json({"items": ledger.names(berth.NameKind.TRAIT)})
    kind = {"CreateTrait": CreateTrait, "DeleteTrait": DeleteTrait}[request.url.path.rpartition("/")[2]]
    try:
        return as_json({"result": ledger.do(kind(**msgspec.json.decode(request.content)))})
    except errors.NotFound as refusal:
        return problem(404, "traits-not-found", str(refusal), names=["CUSTOM_B"])


@pytest.fixture(params=["ledger", "client"])
def marks(request: pytest.FixtureRequest, ledger: MarkingLedger) -> Marks:
    if request.param == "ledger":
        return ledger.marks
    return MarkingClient(transport_to(lambda sent: served(ledger, sent))).marks


def test_a_noun_has_the_same_verbs_on_a_ledger_and_on_a_client(marks: Marks) -> None:
    assert marks.create("CUSTOM_A") is True
    assert marks.create("CUSTOM_A") is False
    assert marks.all() == ["CUSTOM_A"]
    marks.delete("CUSTOM_A")
    assert marks.all() == []


def test_its_refusals_are_those_of_the_ledger(marks: Marks) -> None:
    with pytest.raises(errors.TraitsNotFound):
        marks.delete("CUSTOM_B")


def test_its_commands_are_validated(ledger: MarkingLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[berth.model.commands.Command, str | None]] = []
    monkeypatch.setattr(ledger, "do", lambda command, key: done.append((command, key)))
    ledger.marks.delete("CUSTOM_A")
    assert done == [(DeleteTrait(name="CUSTOM_A"), None)]


def test_it_is_made_once(ledger: MarkingLedger) -> None:
    assert ledger.marks is ledger.marks
