"""Results of reviews of code: kept for the same files, made again for others, and for whatever is not whole."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from berth.review import code_cache
from berth.review.code.parse import SourceTree
from berth.review.code_cache import CacheUnusable, CodeCache, CodeResult, default_folder, review_code_cached
from berth.review.model import CodePlace, Unseen

UNSAFE = b"import hashlib\n\n\ndef stored(password):\n    return hashlib.md5(password.encode()).hexdigest()\n"
TREE = SourceTree("shop", {"app.py": UNSAFE})


@pytest.fixture
def kept(tmp_path: Path) -> CodeCache:
    return CodeCache(tmp_path / "results")


def results(cache: CodeCache) -> list[Path]:
    return sorted(cache.folder.iterdir())


def test_the_same_files_are_reviewed_once(kept: CodeCache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = review_code_cached(TREE, (), kept)
    assert first == review_code_cached(TREE, (), None)
    monkeypatch.setattr(code_cache, "review_code_part", None)  # it would fail if it was called
    assert review_code_cached(TREE, (), kept) == first
    assert first[0].findings


@pytest.mark.parametrize(
    "other",
    [
        SourceTree("shop", {"app.py": UNSAFE + b"\n"}),
        SourceTree("shop", {"main.py": UNSAFE}),
        SourceTree("shop", {"app.py": UNSAFE, "more.py": b""}),
        SourceTree("shop", {"app.py": UNSAFE}, package="shop"),
        SourceTree("shop", {"app.py": UNSAFE}, (Unseen(CodePlace("b.py"), "too large"),)),
        SourceTree("other", {"app.py": UNSAFE}),
    ],
)
def test_another_tree_is_another_result(kept: CodeCache, other: SourceTree) -> None:
    review_code_cached(TREE, (), kept)
    review_code_cached(other, (), kept)
    assert len(results(kept)) == 2


def test_another_model_is_another_result(kept: CodeCache, tmp_path: Path) -> None:
    model = tmp_path / "own.toml"
    for text in ("", "# more\n"):
        model.write_text(text)
        review_code_cached(TREE, (model,), kept)
    assert len(results(kept)) == 2


def test_other_sources_of_the_review_are_another_result(
    kept: CodeCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review_code_cached(TREE, (), kept)
    (tmp_path / "engine.py").write_text("")
    monkeypatch.setattr(code_cache, "_SOURCES", tmp_path)
    code_cache._engine.cache_clear()
    review_code_cached(TREE, (), kept)
    code_cache._engine.cache_clear()
    assert len(results(kept)) == 2


def damaged(content: bytes) -> list[bytes]:
    head, _, payload = content.partition(b"\n")
    other = msgspec.json.encode({"part": {"part": "code"}, "verdicts": "none"})
    return [
        b"",
        content[:-1],
        content.replace(b"app.py", b"map.py"),
        head.replace(b"/1", b"/0") + b"\n" + payload,
        code_cache._head(other) + b"\n" + other,
        code_cache._head(b"\x80\x04.") + b"\n\x80\x04.",
        b"0" * (code_cache.LARGEST_RESULT + 1),
    ]


def test_what_is_not_whole_is_no_result(kept: CodeCache) -> None:
    first = review_code_cached(TREE, (), kept)
    (path,) = results(kept)
    whole = path.read_bytes()
    for content in damaged(whole):
        path.write_bytes(content)
        assert kept.get(path.stem) is None
    assert review_code_cached(TREE, (), kept) == first
    assert path.read_bytes() == whole


def test_the_results_longest_not_used_are_removed(kept: CodeCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_cache, "MOST_RESULTS", 2)
    result = CodeResult(*review_code_cached(TREE, (), None))
    for number, name in enumerate(("a", "b")):
        kept.put(name, result)
        os.utime(kept.folder / f"{name}.result", (number, number))
    assert kept.get("a") is not None  # and so used last
    kept.put("c", result)
    assert [each.stem for each in results(kept)] == ["a", "c"]
    monkeypatch.setattr(code_cache, "LARGEST_CACHE", 1)
    kept.put("d", result)
    assert results(kept) == []


def test_a_result_that_cannot_be_kept_is_only_not_kept(kept: CodeCache) -> None:
    part, verdicts = review_code_cached(TREE, (), None)
    kept.put("no-unicode", CodeResult(replace(part, facts={"name": "\udc80"}), verdicts))
    assert results(kept) == []
    kept.folder.rmdir()
    assert review_code_cached(TREE, (), kept) == (part, verdicts)
    assert not kept.folder.exists()


def test_a_result_is_for_its_user_alone(kept: CodeCache) -> None:
    review_code_cached(TREE, (), kept)
    assert [each.stat().st_mode & 0o777 for each in (kept.folder, *results(kept))] == [0o700, 0o600]


def test_a_folder_in_which_others_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(CacheUnusable, match="others may write"):
        CodeCache(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheUnusable, match="File exists"):
        CodeCache(tmp_path / "file")


def test_a_model_that_cannot_be_read_is_refused_as_without_a_cache(kept: CodeCache, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="a model cannot be read"):
        review_code_cached(TREE, (tmp_path / "none.toml",), kept)
    assert results(kept) == []


def test_the_usual_folder(tmp_path: Path) -> None:
    assert default_folder({"XDG_CACHE_HOME": "/x", "HOME": str(tmp_path)}) == Path("/x/berth/review")
    assert default_folder({"XDG_CACHE_HOME": "x", "HOME": str(tmp_path)}) == tmp_path / ".cache" / "berth" / "review"
    assert default_folder({"HOME": str(tmp_path / "none")}) is None
    assert default_folder({}) is None
