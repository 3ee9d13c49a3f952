"""The engine's figures on corpora that others made: they are not part of this repository, and may only get better.

`BERTH_TEST_BENCHMARK_PYTHON` names a checkout of OWASP-Benchmark/BenchmarkPython, `BERTH_TEST_PYSASTBENCH` one of
Victor725/PySASTBench.
"""

import csv
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from berth.review.code.parse import SourceTree, read_tree
from berth.review.code_part import review_code_part

SAME = {328: {328, 327, 916}, 330: {330, 338}, 77: {77, 78}, 94: {94, 95, 96, 1336}, 22: {22, 23, 36, 73}}
"""Other numbers of a weakness, by the number that a corpus gives it."""


def corpus(setting: str) -> Path:
    path = os.environ.get(setting)
    if not path:
        pytest.skip(f"{setting} names no folder with the corpus")
    return Path(path)


def youden(counts: Counter[tuple[bool, bool]]) -> float:
    """Return the true-positive rate less the false-positive rate; keys are (is a defect, was reported)."""
    defects, others = counts[True, True] + counts[True, False], counts[False, True] + counts[False, False]
    return counts[True, True] / defects - counts[False, True] / others


def test_benchmark_python() -> None:
    root = corpus("BERTH_TEST_BENCHMARK_PYTHON")
    part, _ = review_code_part(read_tree(root), ())
    reported: dict[str, set[int]] = defaultdict(set)
    for finding in part.findings:
        for place in (finding.place, *finding.others):
            reported[Path(place.path).stem].add(finding.cwe)
    categories: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    (table,) = root.glob("expectedresults-*.csv")
    with table.open(newline="") as rows:
        for name, category, is_defect, cwe, *_ in csv.reader(rows):
            if not name.startswith("#"):
                found = bool(reported[name] & SAME.get(int(cwe), {int(cwe)}))
                categories[category][is_defect == "true", found] += 1
    pooled = sum(categories.values(), Counter())
    assert {name: youden(each) for name, each in categories.items() if youden(each) < 0.85} == {}
    assert youden(pooled) >= 0.96
    assert pooled[False, True] / (pooled[False, True] + pooled[False, False]) <= 0.005


def test_pysastbench() -> None:
    pooled: Counter[tuple[bool, bool]] = Counter()
    pairs: dict[str, list[bool]] = defaultdict(list)
    for path in sorted(corpus("BERTH_TEST_PYSASTBENCH").glob("SyntheticDataset/*/*.py")):
        cwe, is_defect = int(path.parent.name), path.stem.endswith("_vul")
        part, _ = review_code_part(SourceTree(path.stem, {path.name: path.read_bytes()}), ())
        found = any(each.cwe in SAME.get(cwe, {cwe}) for each in part.findings)
        pooled[is_defect, found] += 1
        pairs[path.stem.rpartition("_")[0]].append(found is is_defect)
    right, wrong = pooled[True, True], pooled[True, False] + pooled[False, True]
    assert 2 * right / (2 * right + wrong) >= 0.85
    assert youden(pooled) >= 0.70
    assert sum(map(all, pairs.values())) >= 90
