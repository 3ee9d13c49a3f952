"""Amounts, as people write them."""

from __future__ import annotations

import pytest
import typer

from berth.cli.amounts import amounts, asked, told


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("VCPU=4", {"VCPU": 4}),
        ("VCPU:4", {"VCPU": 4}),
        (" VCPU = 4 , MEMORY_MB=512", {"VCPU": 4, "MEMORY_MB": 512}),
        ("MEMORY_MB=8G", {"MEMORY_MB": 8192}),
        ("MEMORY_MB=8GiB", {"MEMORY_MB": 8192}),
        ("MEMORY_MB=8g", {"MEMORY_MB": 8192}),
        ("MEMORY_MB=2048K", {"MEMORY_MB": 2}),
        ("DISK_GB=2T", {"DISK_GB": 2048}),
        ("DISK_GB=2048M", {"DISK_GB": 2}),
        ("NET_BW_EGR_KILOBIT_PER_SEC=10G", {"NET_BW_EGR_KILOBIT_PER_SEC": 10_000_000}),
        ("CUSTOM_CACHE_KB=1M", {"CUSTOM_CACHE_KB": 1024}),
    ],
)
def test_amounts_are_read(text: str, found: dict[str, int]) -> None:
    assert amounts(text) == found
    assert amounts(asked(found)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no amount of a class"),
        ("VCPU", "no amount of a class"),
        ("=4", "no amount of a class"),
        ("VCPU=4,", "no amount of a class"),
        ("VCPU=4,VCPU=5", "twice"),
        ("VCPU=four", "whole number"),
        ("VCPU=0", "whole number"),
        ("VCPU=-1", "whole number"),
        ("VCPU=1.5", "whole number"),
        ("VCPU=4G", "no unit"),
        ("DISK_GB=100M", "no whole number"),
        ("MEMORY_MB=9999999T", "largest"),
        ("VCPU=99999999999999999999", "whole number"),
    ],
)
def test_what_is_no_amount_is_said(text: str, why: str) -> None:
    with pytest.raises(typer.BadParameter, match=why):
        amounts(text)


def test_amounts_are_told() -> None:
    assert told({"VCPU": 4, "MEMORY_MB": 8192}) == "4 VCPU, 8,192 MEMORY_MB"
