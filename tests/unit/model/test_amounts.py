"""Amounts, as typed and as printed."""

from __future__ import annotations

import pytest

from berth.model.amounts import as_option, as_text, parse_amounts
from berth.model.errors import Invalid

READ = [
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
]
"""Texts with their amounts. The dashboard reads them in the same way."""


@pytest.mark.parametrize(("text", "found"), READ)
def test_amounts_are_read(text: str, found: dict[str, int]) -> None:
    assert parse_amounts(text) == found
    assert parse_amounts(as_option(found)) == found


WRONG = [
    ("", "not an amount of a class"),
    ("VCPU", "not an amount of a class"),
    ("=4", "not an amount of a class"),
    ("VCPU=4,", "not an amount of a class"),
    ("VCPU=4,VCPU=5", "twice"),
    ("VCPU=four", "whole number"),
    ("VCPU=\uff14", "whole number"),
    ("VCPU=0", "whole number"),
    ("VCPU=-1", "whole number"),
    ("VCPU=1.5", "whole number"),
    ("VCPU=4G", "no unit"),
    ("DISK_GB=100M", "not a whole number"),
    ("MEMORY_MB=9999999T", "largest"),
    ("VCPU=99999999999999999999", "whole number"),
    (f"VCPU={'9' * 5000}", "whole number"),
]
"""Texts that are no amounts, with what is said of them."""


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_an_illegal_amount_is_rejected(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        parse_amounts(text)
    assert len(str(refused.value)) < 200


def test_amounts_are_printed() -> None:
    assert as_text({"VCPU": 4, "MEMORY_MB": 8192}) == "4 VCPU, 8,192 MEMORY_MB"
