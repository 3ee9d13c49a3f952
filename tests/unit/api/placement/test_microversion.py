"""Which version a header asks for."""

from __future__ import annotations

import pytest

from berth.api.http.messages import HttpError
from berth.api.placement.microversion import minor_of

GOOD: tuple[tuple[str | None, int], ...] = (
    (None, 0),
    ("", 0),
    ("placement", 0),
    ("placement ", 0),
    ("compute 2.1", 0),
    ("placements 1.3", 0),
    ("1.3", 0),
    ("placement 1.0", 0),
    ("placement 1.3", 3),
    ("placement 1.39", 39),
    ("placement latest", 39),
    ("placement  1.3", 3),
    ("placement 1.039", 39),
    ("PLACEMENT 1.3", 3),
    ("compute 2.1, placement 1.3", 3),
    ("placement 1.3,compute 2.1", 3),
    ("placement 1.3, placement 1.5", 5),
    ("placement nonsense, placement 1.5", 5),
    ("placement 1.5, placement ", 5),
)

BAD: tuple[tuple[str, int], ...] = (
    ("placement 1", 400),
    ("placement 1.", 400),
    ("placement .3", 400),
    ("placement 1.3.0", 400),
    ("placement 1.3 x", 400),
    ("placement LATEST", 400),
    ("placement one", 400),
    ("placement 1.1_0", 400),
    ("placement 1.+3", 400),
    ("placement 1. 3", 400),
    ("placement 1.٣", 400),
    ("placement 1.３", 400),
    ("placement 1.\n3", 400),
    ("placement 1." + "9" * 10, 400),
    ("placement 1." + "9" * 5_000, 400),
    ("placement 1.40", 406),
    ("placement 1.-1", 406),
    ("placement -1.3", 406),
    ("placement 0.9", 406),
    ("placement 2.0", 406),
    ("placement 1.999999999", 406),
)


@pytest.mark.parametrize(("header", "minor"), GOOD)
def test_a_version(header: str | None, minor: int) -> None:
    assert minor_of(header, 39) == minor


@pytest.mark.parametrize(("header", "status"), BAD)
def test_no_version(header: str, status: int) -> None:
    with pytest.raises(HttpError, match="Invalid microversion") as refused:
        minor_of(header, 39)
    assert refused.value.status == status
    assert header.partition(" ")[2].strip() in refused.value.detail


def test_the_newest_is_what_it_is_told_to_be() -> None:
    assert minor_of("placement latest", 7) == 7
    with pytest.raises(HttpError, match=r"1\.8"):
        minor_of("placement 1.8", 7)
