"""Source text to `ast`: newer syntax on an older host, line numbers, and bounds."""

import ast
from pathlib import Path

import pytest

from berth.review.code.parse import LARGEST_FILE, ParsedFile, parse, parse_text, read_tree
from berth.review.model import Unseen

# Each line: source of Python 3.12 to 3.14, and the same for Python 3.11.
NEWER = (
    ("f'{a['b']}'", "'' f'{a[\"b\"]}'"),
    ("f'{x:{'>'}10}'", "'' f'{x:{\">\"}10}'"),
    ("f'{'\\n'.join(x)}'", None),
    ("f'a' 'b{' f'{c['d']}'", "f'ab{{{c[\"d\"]}'"),
    ("f'{x['y']=}'", "f\"x['y']={x['y']!r}\""),
    ("f'{x['y']!r:>3}{{}}'", "f\"{x['y']!r:>3}{{}}\""),
    ("rf'\\d{x['y']}'", "f'\\\\d{x[\"y\"]}'"),
    ("f'{f'{f'{x}'}'}'", None),
    ("type X = int", "X = int"),
    ("type X[T] = list[T]", "X = list[T]"),
    ("def f[T](x: T) -> T: return x", "def f(x: T) -> T: return x"),
    ("class A[T: (int, str)](B): pass", "class A(B): pass"),
    ("try:\n  pass\nexcept A, B:\n  pass", "try:\n  pass\nexcept (A, B):\n  pass"),
)


@pytest.mark.parametrize(("newer", "older"), NEWER)
def test_newer_syntax_is_read_on_every_host(newer: str, older: str | None) -> None:
    tree = parse_text(newer)
    if older is not None:
        assert ast.unparse(tree).replace("'", '"') == ast.unparse(ast.parse(older)).replace("'", '"')


def test_lines_keep_their_numbers() -> None:
    source = 'x = f"""a\n{y["z"]}\n{f"{q["r"]}"}\n"""\nz = (f"{a["b"]}"\n  # why\n  "c")\nlast = 1\n'
    tree = parse_text(source)
    assert [statement.lineno for statement in tree.body] == [1, 5, 8]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x = (", "does not parse"),
        (b"x = '\0'", "does not parse"),
        (b"# coding: nonsense\n", "does not parse"),
        (b"\xff\xfe", "does not parse"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "pars"),
        (b"x = " + b"-" * 900 + b"1", "nested"),
        (b"f'{" * 4000, "pars"),
        (b"#" * (LARGEST_FILE + 1), "larger than"),
    ],
)
def test_what_cannot_be_parsed_says_why(content: bytes, why: str) -> None:
    parsed = parse("x.py", content)
    assert isinstance(parsed, Unseen)
    assert why in parsed.why


def test_a_line_of_megabytes_is_read() -> None:
    assert isinstance(parse("x.py", b"x = '" + b"a" * 1_900_000 + b"'\n"), ParsedFile)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    assert list(read_tree(tmp_path).files) == ["a.py"]
