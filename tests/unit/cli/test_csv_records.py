"""Rows of a spreadsheet: the records that they are, and what is said of those that are none."""

from __future__ import annotations

import pytest

from berth.cli.csv_records import COLUMNS, EXAMPLE, NoRow, header_of
from berth.cli.record_lines import NoRecord, RecordSource
from berth.model.aggregate import AggregateRecord
from berth.model.record import InventoryRecord, ProviderRecord

UUID = "aaaaaaaa-0000-4000-8000-000000000000"
HEADER = b"name,rack,gpus,gpu_model,vcpu,memory_gb\n"


def rows(*lines: bytes) -> list[ProviderRecord]:
    source = RecordSource.from_lines(lines)
    return [record for _, line in source.lines for record in source.read(line)]


def host(name: str = "n", **inventories: int) -> ProviderRecord:
    return ProviderRecord(name=name, inventories={each: InventoryRecord(total) for each, total in inventories.items()})


def test_a_host_with_its_gpus() -> None:
    first, *gpus = rows(HEADER, b"gpu-01,rack-a,2,A100 80GB,64,1.5\r\n")
    assert first == ProviderRecord(
        name="gpu-01",
        inventories={"VCPU": InventoryRecord(64), "MEMORY_MB": InventoryRecord(1536)},
        traits=("CUSTOM_RACK_A",),
        aggregates=("rack-a",),
        aggregate_names={"rack-a": AggregateRecord(kind="rack")},
    )
    assert [(each.name, each.parent, each.traits) for each in gpus] == [
        (f"gpu-01-gpu{number}", "gpu-01", ("CUSTOM_GPU_A100_80GB",)) for number in range(2)
    ]
    assert gpus[0].inventories == {"PGPU": InventoryRecord(1)}


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        ((b"name\n", b"n\n"), host()),
        ((b"\xef\xbb\xbfName;vCPU;Memory GB\n", b"n;4;8\n"), host(VCPU=4, MEMORY_MB=8192)),
        ((b"name\tVGPU\tCUSTOM_X\n", b"n\t2\t\n"), host(VGPU=2)),
        ((b"\n", b"vcpu,name\n", b'0,"a, b"\n'), host("a, b")),
        ((b"name,rack\n", f"n,{UUID.upper()}\n".encode()), ProviderRecord(name="n", aggregates=(UUID,))),
        ((b"name,gpus,vcpu\n", b"n,,\n"), host()),
    ],
)
def test_other_spellings(lines: tuple[bytes, ...], record: ProviderRecord) -> None:
    assert rows(*lines) == [record]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b",rack-a,1,A100,1,1", "the name is missing"),
        (b"n,,many,,,", "gpus: 'many' is not a number"),
        (b"n,,1.5,,,", "gpus: '1.5' is not a whole amount"),
        (b"n,,,,-1,", "vcpu: '-1' is not a whole amount"),
        (b"n,,,,nan,", "vcpu: 'nan' is not a whole amount"),
        (b"n,,,,,1e99999", "memory_gb: '1e99999' is not a whole amount"),
        (b"n,,1000,,,", "1000 GPUs are too many"),
        (b"n,,,A100,,", "it has a gpu_model, but no gpus"),
        (b"n,,,,1,1,1", "it has 7 cells, but the header has 6 columns"),
        (b'n,"rack', "unexpected end of data"),
        (b"n,\xff", "not UTF-8"),
    ],
)
def test_what_is_no_row(line: bytes, why: str) -> None:
    with pytest.raises(NoRow, match=why):
        list(header_of(HEADER).records(line))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"host,vcpu", "unknown column 'host'"),
        (b"vcpu", "no column `name`"),
        (b"name,vcpu,vcpu", "a column twice"),
        (b"name,ram", "unknown column 'ram': use name, rack"),
        (b"nonsense", "unknown column 'nonsense'"),
    ],
)
def test_what_is_no_header(line: bytes, why: str) -> None:
    with pytest.raises(NoRecord, match=f"line 1: .*{why}"):
        RecordSource.from_lines([line])


def test_json_lines_stay_what_they_are() -> None:
    assert rows(b'\xef\xbb\xbf{"name": "n"}\n', b'{"name": "m"}') == [host("n"), host("m")]
    assert rows() == []


def test_the_example_has_columns_that_are_known() -> None:
    lines = [line.encode() for line in EXAMPLE.splitlines()]
    assert set(header_of(lines[0]).columns) <= set(COLUMNS)
    assert len(rows(*lines)) == 15
