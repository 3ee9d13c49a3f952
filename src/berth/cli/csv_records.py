"""Rows of a spreadsheet, as records: a host with its GPUs in each row, below a header that names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from berth.model.aggregate import AggregateRecord
from berth.model.inventory import MAX_INT
from berth.model.names import parse_uuid
from berth.model.plural import plural
from berth.model.record import InventoryRecord, ProviderRecord

EXAMPLE: Final = """\
name,rack,gpus,gpu_model,vcpu,memory_gb
gpu-01,rack-a,8,A100,128,1024
gpu-02,rack-a,4,L40S,64,512
node-01,rack-b,,,64,256
"""
"""What `berth import --example` prints."""

COLUMNS: Final = ("name", "rack", "gpus", "gpu_model", "vcpu", "memory_gb", "disk_gb")
MIB_PER_GIB: Final = 1024
MOST_GPUS: Final = 64
LONGEST_PART: Final = 200
"""Of a name in a trait, in characters: a trait has 255."""

_AMOUNTS: Final = {"vcpu": ("VCPU", 1), "memory_gb": ("MEMORY_MB", MIB_PER_GIB), "disk_gb": ("DISK_GB", 1)}
"""The class of a column, and the factor of its amounts."""

_CLASS: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_UNFIT: Final = re.compile(r"[^A-Z0-9]+")


class NoRow(ValueError):
    """A row, or a header, that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The columns of a file, and what separates them."""

    columns: tuple[str, ...]
    separator: str

    def records(self, line: bytes) -> Iterator[ProviderRecord]:
        """Yield the records of a row: a host, then its GPUs. Raises NoRow."""
        cells = _cells(line, self.separator)
        if len(cells) > len(self.columns):
            raise NoRow(
                f"it has {plural(len(cells), 'cell')}, but the header has {plural(len(self.columns), 'column')}"
            )
        row = {name: cell for name, cell in zip(self.columns, cells, strict=False) if cell}
        if "name" not in row:
            raise NoRow("the name is missing")
        rack, gpus = row.get("rack", ""), _count(row)
        yield ProviderRecord(
            name=row["name"],
            inventories={name: InventoryRecord(total) for name, total in _totals(row).items()},
            traits=_traits("RACK", "" if parse_uuid(rack) else rack),
            aggregates=(parse_uuid(rack) or rack,) if rack else (),
            aggregate_names=_racks(rack),
        )
        for number in range(gpus):
            yield _gpu(row["name"], number, row.get("gpu_model", ""))


def header_of(line: bytes) -> CsvHeader:
    """Return the columns that a header names. Raises NoRow."""
    text = _text(line)
    separator = max(",;\t", key=text.count)
    columns = tuple(_column(cell) for cell in _cells(line, separator))
    if "name" not in columns:
        raise NoRow(f"the header has no column `name`: {text.strip()[:80]!r}; `berth import --example` prints one")
    if len(set(columns)) < len(columns):
        raise NoRow(f"the header has a column twice: {text.strip()[:80]!r}")
    return CsvHeader(columns, separator)


def _racks(name: str) -> dict[str, AggregateRecord]:
    """Return what a rack is that is given by its name, should it be new."""
    return {} if not name or parse_uuid(name) else {name: AggregateRecord(kind="rack")}


def custom_trait(kind: str, name: str) -> str:
    """Return the trait by which what is called so can be found, such as CUSTOM_RACK_A; "" if no letter of it is fit."""
    fit = _UNFIT.sub("_", name.upper()).strip("_").removeprefix(f"{kind}_")[:LONGEST_PART]
    return f"CUSTOM_{kind}_{fit}" if fit else ""


def _gpu(host: str, number: int, model: str) -> ProviderRecord:
    return ProviderRecord(
        name=f"{host}-gpu{number}", parent=host, inventories={"PGPU": InventoryRecord(1)}, traits=_traits("GPU", model)
    )


def _traits(kind: str, name: str) -> tuple[str, ...]:
    trait = custom_trait(kind, name)
    return (trait,) if trait else ()


def _count(row: dict[str, str]) -> int:
    gpus = _whole("gpus", row.get("gpus", "0"))
    if gpus > MOST_GPUS:
        raise NoRow(f"{gpus} GPUs are too many for one host: at most {MOST_GPUS}")
    if row.get("gpu_model") and not gpus:
        raise NoRow("it has a gpu_model, but no gpus")
    return gpus


def _totals(row: dict[str, str]) -> dict[str, int]:
    """Return the totals of a host, by class; what it has none of is left out."""
    found = {name: _whole(name, text) for name, text in row.items() if _CLASS.fullmatch(name)}
    for column, (name, factor) in _AMOUNTS.items():
        if column in row:
            found[name] = _whole(column, row[column], factor)
    return {name: total for name, total in found.items() if total}


def _whole(column: str, text: str, factor: int = 1) -> int:
    try:
        amount = Decimal(text) * factor
    except InvalidOperation:
        raise NoRow(f"{column}: {text[:40]!r} is not a number") from None
    if not amount.is_finite() or not 0 <= amount <= MAX_INT or amount != int(amount):
        raise NoRow(f"{column}: {text[:40]!r} is not a whole amount")
    return int(amount)


def _column(cell: str) -> str:
    name = cell if _CLASS.fullmatch(cell) and cell.lower() not in COLUMNS else cell.lower().replace(" ", "_")
    if name not in COLUMNS and not _CLASS.fullmatch(name):
        raise NoRow(f"unknown column {cell[:40]!r}: use {', '.join(COLUMNS)}, or a resource class such as VGPU")
    return name


def _cells(line: bytes, separator: str) -> list[str]:
    try:
        rows = list(csv.reader([_text(line)], delimiter=separator, strict=True))
    except csv.Error as error:
        raise NoRow(str(error)) from None
    return [cell.strip() for cell in rows[0]] if rows else []


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise NoRow(f"it is not UTF-8: {error}") from None
