"""Format texts: how what they make begins, and which of their values are text of it."""

import pytest

from berth.review.code.formats import Key, brace_format, percent_format


@pytest.mark.parametrize(
    ("text", "head", "taken"),
    [
        ("a{:d} {} {:04x}", "a", (1,)),
        ("{a:.2f} {b}", "", ("b",)),
        ("{0:d} {0}", "", (0,)),
        ("{:012} {:>8}", "", (0, 1)),
        ("{0.name:d}", "", (0,)),
        ("{:{width}d}", "", (0, "width")),
        ("{:{}} {}", "", (0, 1, 2)),
        ("{!r:d}", "", (0,)),
        ("/a{{b", "/a{", ()),
    ],
)
def test_what_format_takes_as_text(text: str, head: str, taken: tuple[Key, ...]) -> None:
    made = brace_format(text)
    assert made is not None
    assert (made.head, made.taken) == (head, taken)


@pytest.mark.parametrize(
    ("text", "head", "taken"),
    [
        ("ls %s", "ls ", (0,)),
        ("a%% %d %5.1f %-3s", "a% ", (2,)),
        ("%(a)s %(b)d %(a)r", "", ("a",)),
        ("%d", "", ()),
    ],
)
def test_what_percent_takes_as_text(text: str, head: str, taken: tuple[Key, ...]) -> None:
    made = percent_format(text)
    assert made is not None
    assert (made.head, made.taken) == (head, taken)


def test_what_is_no_format_says_nothing_of_its_values() -> None:
    assert brace_format("{") is None
    assert percent_format("%*d %s") is None
    assert percent_format("100 %") is None
