"""Unclear English, counted for the ratchet of `test_tidy`.

The docstring of a function begins with a verb in the imperative or with *Whether*; no text has a word of `WORDS`.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

VERBS = frozenset(Path(__file__).with_name("verbs.txt").read_text(encoding="utf-8").split())
"""Verbs that a docstring may begin with. One that is missing belongs into `verbs.txt`."""
WORDS = {
    word: re.compile(rf"\b{word.replace(' ', chr(92) + 's+')}\b", re.IGNORECASE)
    for word in (
        *(
            "anew",
            "anybody",
            "as it is",
            "away",
            "by itself",
            "comes to",
            "in the way",
            "let in",
            "lets in",
            "meanwhile",
        ),
        *("nobody", "so many", "so much", "somebody", "told", "whatever", "whichever", "whoever", "wherever"),
    )
}
"""Words that stand for a term that exists, or for something that is named elsewhere."""
TEXT = {"COMMENT", "STRING", "FSTRING_MIDDLE"}


def without_verb(path: Path) -> Iterator[str]:
    """Yield each function whose docstring begins neither with a verb nor with *Whether*; properties may have nouns."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_property(node):
            text = ast.get_docstring(node)
            if text is not None and not begins_well(text):
                yield f"{path}:{node.lineno} {node.name}: {text.partition(chr(10))[0]}"


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def begins_well(text: str) -> bool:
    """Whether a docstring begins with a verb of `VERBS` or with *Whether*."""
    first = re.match(r"[A-Za-z]+\b", text)
    return first is not None and (first[0] == "Whether" or (first[0][0].isupper() and first[0].lower() in VERBS))


def words_used(paths: Iterable[Path]) -> dict[str, int]:
    """Count each of `WORDS` in the comments and strings of these files."""
    counts: Counter[str] = Counter(dict.fromkeys(WORDS, 0))
    for path in paths:
        for text in _texts(path):
            counts.update({word: len(pattern.findall(text)) for word, pattern in WORDS.items()})
    return dict(sorted(counts.items()))


def _texts(path: Path) -> Iterator[str]:
    """Yield comments and strings, docstrings among them."""
    with path.open("rb") as source:
        yield from (
            token.string for token in tokenize.tokenize(source.readline) if tokenize.tok_name[token.type] in TEXT
        )
