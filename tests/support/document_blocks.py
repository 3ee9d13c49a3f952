"""The fenced blocks of a document, and how a test runs them.

A ``bash`` or ``python`` block is run. A ``text`` or ``json`` block right after it is what it prints: ``...`` alone on a
line stands for any lines, within a line for any text. A comment, which is not shown on the page, adds a rule:

    <!-- test: skip, REASON -->      the next block is not run
    <!-- test: exit 2 -->            the next block ends with this status
    <!-- test: like RE ;; RE -->     the next output differs between machines: each of these is found in it
    <!-- test: demo -->              what `berth demo` prints, for a test of its own
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RUN = ("bash", "python")
PRINTED = ("text", "json")
_COMMENT = re.compile(r"<!-- test: (\w+),? ?(.*?) -->")
_FENCE = re.compile(r"```(\w*)\s*")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. line: of its first line of text; notes: words of the comment before it, by kind."""

    language: str
    text: str
    line: int
    notes: dict[str, str]
    adjacent: bool


NO_FENCE = Fence("", "", 0, {}, adjacent=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A block to run. shown: the output in the document, None if there is none; like: see above."""

    language: str
    text: str
    line: int
    status: int
    shown: str | None
    like: tuple[str, ...]

    def unlike(self, printed: str) -> str | None:
        """Return how the output differs from what the document shows; None if it does not."""
        if self.shown is None:
            return None
        both = f"shown:\n{self.shown}\nprinted:\n{printed}"
        if self.like:
            texts = {"the document": self.shown, "here": printed}
            missing = [
                f"{like!r} {where}" for like in self.like for where in texts if not re.search(like, texts[where])
            ]
            return f"not found: {', '.join(missing)}\n{both}" if missing else None
        return None if pattern(self.shown).fullmatch(_trimmed(printed)) else both


def pattern(shown: str) -> re.Pattern[str]:
    """Return the pattern of outputs that a shown one allows."""
    lines = [r"(.*\n)*?" if line.strip() == "..." else _line(line) + r"\n" for line in _trimmed(shown).splitlines()]
    return re.compile("".join(lines))


def fences(text: str) -> Iterator[Fence]:
    """Yield every fenced block of a document."""
    lines = iter(enumerate(text.splitlines(), 1))
    notes: dict[str, str] = {}
    adjacent = False
    for number, line in lines:
        fence, comment = _FENCE.fullmatch(line), _COMMENT.fullmatch(line)
        if fence is not None:
            inside = []
            for _, each in lines:
                if each.rstrip() == "```":
                    break
                inside.append(each)
            yield Fence(fence[1], "\n".join(inside) + "\n", number + 1, notes, adjacent)
            notes, adjacent = {}, True
        elif comment is not None:
            notes[comment[1]] = comment[2]
        elif line.strip():
            notes, adjacent = {}, False


def blocks(document: Path) -> list[Block]:
    """Return the blocks of a document that are run, in order."""
    found = []
    for fence, after in pairwise([*fences(document.read_text(encoding="utf-8")), NO_FENCE]):
        if fence.language not in RUN or "skip" in fence.notes:
            continue
        output = after if after.adjacent and after.language in PRINTED else None
        found.append(
            Block(
                fence.language,
                fence.text,
                fence.line,
                int(fence.notes.get("exit", 0)),
                None if output is None else output.text,
                () if output is None or "like" not in output.notes else tuple(output.notes["like"].split(" ;; ")),
            )
        )
    return found


def documents() -> list[Path]:
    """Return every document of the project that a person reads, README first."""
    return [
        *sorted(ROOT.glob("*.md"), key=lambda path: path.name != "README.md"),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "tests").rglob("README.md")),
    ]


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
