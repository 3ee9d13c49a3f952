"""The dotted names of the files of a source tree, and which of them are tests."""

import re

from berth.review.code.parse import SourceTree

_TEST_PARTS = frozenset({"tests", "test", "testing", "examples", "example", "docs", "doc", "fixtures"})
_TEST_FILE = re.compile(r"(test_.*|.*_test|conftest)\.py")


def is_test(path: str) -> bool:
    """Whether a file is a test, an example or a document, which nothing calls from outside."""
    parts = path.split("/")
    return not _TEST_PARTS.isdisjoint(parts[:-1]) or _TEST_FILE.fullmatch(parts[-1]) is not None


def module_name(path: str, tree: SourceTree) -> str:
    """Return the dotted name of a file: from the topmost folder that is a package, or from the root."""
    parts = path.removesuffix(".py").split("/")
    folders = parts[:-1]
    while folders and "/".join((*folders, "__init__.py")) in tree.files:
        folders.pop()
    if tree.package and not folders:
        parts = [tree.package, *parts]
    elif folders != parts[:-1]:
        parts = parts[len(folders) :]
    elif parts[0] in ("src", "lib") and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def module_names(tree: SourceTree) -> dict[str, str]:
    """Return the dotted name of each Python file by its path; where two folders have one name, by its whole path."""
    names: dict[str, str] = {}
    roots: dict[str, str] = {}
    for path in tree.files:
        if path.endswith(".py"):
            name = module_name(path, tree)
            inside = f"{tree.package}/{path}" if tree.package else path
            whole = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            root = whole.removesuffix(name)
            names[path] = name if roots.setdefault(name.partition(".")[0], root) == root else whole
    return names
