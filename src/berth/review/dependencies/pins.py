"""The distributions that a project pins, or that are installed: name, version, and where that is said."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from packaging.utils import canonicalize_name

from berth.review.model import CodePlace, Unseen

LOCK_FILES: Final = ("pylock.toml", "uv.lock", "poetry.lock", "pdm.lock")
"""Files in TOML with a table for each package."""

_PIN: Final = re.compile(r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;,\\#*]+)")
_HASH: Final = b"--hash=sha"
_OPTION: Final = re.compile(r"^\s*(-|$|#)")
_LOOSE: Final = re.compile(r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution of one version. hashed: whether a hash of its files is given as well."""

    name: str
    version: str
    place: CodePlace
    hashed: bool = True


@dataclass(frozen=True, slots=True)
class Pins:
    """The pins of a project, the requirements without a version, and what could not be read."""

    pins: tuple[Pin, ...] = ()
    loose: tuple[tuple[str, CodePlace], ...] = ()
    unseen: tuple[Unseen, ...] = ()


def is_pin_file(path: str) -> bool:
    """Whether a file's name says that it pins distributions."""
    pure = PurePosixPath(path)
    if pure.name in LOCK_FILES or re.fullmatch(r"pylock\.[\w-]+\.toml", pure.name):
        return True
    return pure.suffix == ".txt" and ("requirements" in pure.name or "requirements" in pure.parent.parts)


def read_pins(files: Mapping[str, bytes], folder: str = "") -> Pins:
    """Return what the lock files and requirements files among `files` (path to content) pin.

    folder: the name of the folder that they are in, which may say that each of them is one.
    """
    pins: list[Pin] = []
    loose: list[tuple[str, CodePlace]] = []
    unseen: list[Unseen] = []
    for path, content in sorted(files.items()):
        if not is_pin_file(f"{folder}/{path}") and not (path.endswith(".txt") and _HASH in content):
            continue
        try:
            text = content.decode("utf-8-sig")
            if path.endswith(".txt"):
                _read_requirements(path, text, pins, loose)
            else:
                pins += _locked(path, text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            unseen.append(Unseen(CodePlace(path), f"cannot be read: {error}"))
    return Pins(tuple(sorted(set(pins), key=_key)), tuple(loose), tuple(unseen))


def _key(pin: Pin) -> tuple[str, str, CodePlace]:
    return pin.name, pin.version, pin.place


def _read_requirements(path: str, text: str, pins: list[Pin], loose: list[tuple[str, CodePlace]]) -> None:
    lines = list(enumerate(text.splitlines(), 1))
    for index, (number, line) in enumerate(lines):
        place = CodePlace(path, number)
        if match := _PIN.match(line):
            pins.append(Pin(canonicalize_name(match["name"]), match["version"], place, _is_hashed(lines[index:])))
        elif not _OPTION.match(line) and "://" not in line and (match := _LOOSE.match(line)):
            loose.append((canonicalize_name(match["name"]), place))


def _is_hashed(lines: Iterable[tuple[int, str]]) -> bool:
    """Whether the requirement that begins here, with the lines that continue it, has a hash."""
    for _, line in lines:
        if "--hash=" in line:
            return True
        if not line.rstrip().endswith("\\"):
            return False
    return False


def _locked(path: str, text: str) -> Iterator[Pin]:
    document = tomllib.loads(text)
    packages = document.get("packages" if "packages" in document else "package", ())
    for package in packages if isinstance(packages, list) else ():
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str) and not _is_own(package):
            yield Pin(canonicalize_name(name), version, CodePlace(path, _line_of(text, name)))


def _is_own(package: Mapping[str, Any]) -> bool:
    """Whether a locked package is the project itself, or lies in a folder beside it."""
    source = package.get("source")
    return isinstance(source, dict) and any(key in source for key in ("editable", "virtual", "directory"))


def _line_of(text: str, name: str) -> int:
    position = text.find(f'name = "{name}"')
    return text.count("\n", 0, position) + 1 if position >= 0 else 0


def installed() -> Pins:
    """Return the distributions that this process can import."""
    pins = {}
    for each in importlib.metadata.distributions():
        name = each.metadata["Name"]
        if name:
            pins[canonicalize_name(name)] = Pin(canonicalize_name(name), each.version, CodePlace(f"installed {name}"))
    return Pins(tuple(pins[name] for name in sorted(pins)))
