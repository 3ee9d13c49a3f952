"""Fields of format texts that take numbers only."""

import pytest

from berth.review.code.formats import numeric_fields


@pytest.mark.parametrize(
    ("text", "numeric"),
    [
        ("{:d} {} {:04x}", {0, 2}),
        ("{a:.2f} {b}", {"a"}),
        ("{0:d} {0}", set()),
        ("{:012} {:>8}", set()),
        ("{0.name:d}", set()),
        ("{:{width}d}", set()),
        ("{!r:d}", set()),
        ("{", set()),
    ],
)
def test_numbers_have_a_type_in_their_field(text: str, numeric: set[int | str]) -> None:
    assert numeric_fields(text) == numeric
