"""The code's part of a review: where data flows, what is wrong in itself, and the verdicts on both."""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from berth.review.code.engine import review_code
from berth.review.code.library import Library, ModelError, load_library
from berth.review.code.parse import SourceTree
from berth.review.code.project import Module
from berth.review.facts.fact import Sources
from berth.review.facts.review import review_facts
from berth.review.facts.syntax import SourceFile
from berth.review.model import PartReview, ReviewFinding, ReviewPart, Severity, SinkCount, Verdict
from berth.review.subject import SubjectUnreadable
from berth.review.verdicts import code_verdicts, looked_at_as

FLOWS: Final = frozenset(
    {
        *(89, 943, 78, 22, 79, 94, 1336, 502, 918, 601, 113, 117, 611, 643, 90, 501),
    }
)
"""The weaknesses that only following data can judge; others are looked at as one of these."""


def review_code_part(tree: SourceTree, models: tuple[Path, ...]) -> tuple[PartReview, tuple[Verdict, ...]]:
    """Review the Python of a tree, and the templates and settings beside it.

    models: the user's files of entries, sinks and sanitizers. Raises SubjectUnreadable if one cannot be read.
    """
    library = _library(models)
    with _without_collections():
        return _reviewed(tree, library)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the collector of cycles from walking over syntax trees, in which there are none, again and again."""
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # What was made until here counts as old: it is not looked at all at once.
        gc.freeze()
        gc.unfreeze()
        gc.enable()


def _reviewed(tree: SourceTree, library: Library) -> tuple[PartReview, tuple[Verdict, ...]]:
    flows = review_code(tree, library)
    modules = [flows.project.modules[name] for name in sorted(flows.project.modules)]
    facts = review_facts(Sources(tuple(map(_source_file, modules)), dict(_texts(tree))))
    known = [SinkCount(cwe, 0) for cwe in sorted(library.judged())]
    covered = replace(flows.coverage, sinks=merged_sinks((*flows.coverage.sinks, *facts.sinks, *known)))
    findings = without_repeats((*flows.findings, *facts.findings))
    part = PartReview(ReviewPart.CODE, findings, (*flows.questions, *facts.questions), covered, facts.facts)
    return part, code_verdicts(part, FLOWS)


def _library(models: tuple[Path, ...]) -> Library:
    try:
        return load_library(models)
    except (ModelError, OSError, UnicodeDecodeError) as error:
        raise SubjectUnreadable(f"a model cannot be read: {error}") from None


def _source_file(module: Module) -> SourceFile:
    return SourceFile(module.path, module.name, module.tree, list(module.lines))


def _texts(tree: SourceTree) -> Iterator[tuple[str, str]]:
    for path, content in tree.files.items():
        if not path.endswith((".py", ".pyi")):
            yield path, content.decode("utf-8", "replace")


def without_repeats(findings: Iterable[ReviewFinding]) -> tuple[ReviewFinding, ...]:
    """Return the findings without those that repeat one of the same weakness, or of a wider one, in the same line.

    The most severe one is kept: a password that is hashed too fast (916) is also the use of a weak hash (328).
    """
    kept: dict[tuple[int, str, int], ReviewFinding] = {}
    for each in sorted(findings, key=lambda each: list(Severity).index(each.severity)):
        kept.setdefault((looked_at_as(each.cwe), each.place.path, each.place.line), each)
    return tuple(kept.values())


def merged_sinks(counts: Iterable[SinkCount]) -> tuple[SinkCount, ...]:
    """Return one count for each weakness: the sums of all that count it."""
    sinks: Counter[int] = Counter()
    reached: Counter[int] = Counter()
    safe: dict[int, Counter[str]] = {}
    for each in counts:
        sinks[each.cwe] += each.sinks
        reached[each.cwe] += each.entries_reached
        safe.setdefault(each.cwe, Counter()).update(each.safe)
    return tuple(SinkCount(cwe, sinks[cwe], dict(sorted(safe[cwe].items())), reached[cwe]) for cwe in sorted(safe))
